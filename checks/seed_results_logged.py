"""The seed's checklist: results logged."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord

KEYS = (
    "total_timesteps",
    "total_episodes",
    "training_rewards",
    "eval_rewards",
    "eval_success_rates",
    "final_eval_mean_reward",
    "final_eval_success_rate",
)


@check(
    "seed.results_logged",
    title="Seed: results.json saved",
    severity=Severity.MINOR,
    driving=True,
)
def results_logged(run: RunRecord) -> Finding:
    """Is there a results.json with the keys needed to compare runs?

    Why: the last item of the seed's checklist.
    Remedy: let the trainer write results.json at the end, also when it is interrupted.
    Reference: seed.md, "Verification Checklist"; keys: those of the recorded run's results.json.
    """
    missing = [key for key in KEYS if key not in run.results]
    if run.kind == "recording" and not run.phases and len(missing) == len(KEYS):
        return Finding(
            Verdict.NOT_RUN, "not recorded: phases, so no training run to log results of"
        )
    if not run.results and run.outcome.executed_steps is None and not len(run.episodes):
        return Finding(Verdict.NOT_RUN, "not recorded: any step, episode or result of the run")
    if not run.results:
        return Finding(
            Verdict.FAIL, f"no results.json was found, 0 of {len(KEYS)} keys", 0, len(KEYS)
        )
    found = len(KEYS) - len(missing)
    verdict = Verdict.FAIL if missing else Verdict.PASS
    listed = f"; missing: {', '.join(missing)}" if missing else ""
    return Finding(
        verdict, f"results.json holds {found} of {len(KEYS)} keys{listed}", found, len(KEYS)
    )
