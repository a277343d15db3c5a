"""The benchmark's runs: every fault and every healthy configuration, trained and diagnosed."""

import fnmatch
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from rca.bench import rldebugger
from rca.bench.delay import delay
from rca.bench.healthy import PREFIX, configurations
from rca.bench.score import Case
from rca.build import default_build
from rca.checking import Check, Verdict, builtin_checks, load_checks, run_checks
from rca.config import RunConfig, load_config
from rca.diagnosis.diagnose import diagnose
from rca.errors import RcaError, UsageError
from rca.faults import Fault, load_faults
from rca.runs.load import load_run
from rca.runs.manifest import machine
from rca.runs.record import RunRecord
from rca.study.trials import Trial, TrialResult, is_over, lasted

SMOKE = (
    "encoders_swapped",
    "encoder_frozen",
    "target_frozen",
    "reward_sign",
    "image_unscaled",
    "healthy_plain",
)
"""What the smoke set holds: faults that show within a few hundred updates, and a healthy run."""
SMOKE_SETTINGS = (
    "agent.learning_starts=300",
    "agent.critic_warmup=50",
    "budget.eval_every=300",
    "budget.eval_episodes=2",
)
SMOKE_STEPS = 600
EVAL_EPISODES = 4
"""Of the standard set: the preset's ten would take half of a run, and three seeds are to be done in
an hour on two cores."""
RANDOM_STEPS = 2_000
"""Of the runs that show what random actions reach."""


def smoke(seed: int = 1) -> list[Trial]:
    """Returns the trials of the smoke set: seconds each, for continuous integration."""
    settings = [*SMOKE_SETTINGS, f"budget.steps={SMOKE_STEPS}", f"budget.seed={seed}"]
    config = load_config("quick", settings)
    return [
        Trial(f"{name}-{seed}", config, () if name.startswith("healthy_") else (name,))
        for name in SMOKE
    ]


def planned(seeds: Sequence[int], only: str = "*", steps: int | None = None) -> list[Trial]:
    """Returns the trials: faults x seeds, then healthy configurations x seeds.

    Args:
        seeds: Of the runs.
        only: Pattern of names, as in `encoder_*`; healthy ones are called `healthy_NAME`.
        steps: Environment steps instead of the preset's.

    Raises:
        UsageError: Nothing is of that name.
    """
    # A fault that makes NaN is to be diagnosed from what follows, not stopped at.
    shorter = ["budget.on_nan=continue", f"budget.eval_episodes={EVAL_EPISODES}"]
    shorter += [] if steps is None else [f"budget.steps={steps}"]
    trials = []
    for seed in seeds:
        base = load_config("quick", [*shorter, f"budget.seed={seed}"])
        trials += [Trial(f"{fault}-{seed}", base, (fault,)) for fault in load_faults()]
        for name, settings in configurations().items():
            changed = [*shorter, f"budget.seed={seed}", *settings]
            trials.append(Trial(f"{PREFIX}{name}-{seed}", load_config("quick", changed)))
    chosen = [trial for trial in trials if fnmatch.fnmatch(trial.name.rsplit("-", 1)[0], only)]
    if not chosen:
        raise UsageError(f"--only {only}: no fault or healthy configuration is called so")
    return chosen


def described(trials: Sequence[Trial]) -> str:
    """Returns a sentence on what a run of the benchmark is, from the first that has a fault."""
    config = next((trial for trial in trials if trial.faults), trials[0]).config
    env, agent, budget = config.env, config.agent, config.budget
    return (
        f"A run is preset quick for {budget.steps:,} steps: map {env.map}, {env.frame_stack} grey "
        f"frames of {env.image_size}x{env.image_size}, batches of {agent.batch_size}, updates from "
        f"step {agent.learning_starts + 1:,} on, evaluations of {budget.eval_episodes} episodes on "
        f"held-out routes every {budget.eval_every:,} steps and at the end."
    )


def spent(results: Sequence[TrialResult]) -> str:
    """Returns a sentence on how long the runs took, with which versions and on what machine.

    From the runs' own folders, so that a benchmark that was stopped, or is scored again, says it.
    """
    minutes = float(np.nansum([lasted(result.folder) for result in results])) / 60
    versions = sorted({_version(result.folder) for result in results} - {""})
    made, where = " and ".join(versions) or "unknown versions", machine()
    return (
        f"The {len(results)} runs took {minutes:,.0f} minutes, each on one core: "
        f"{minutes / 2:,.0f} on two. Made with {made}; "
        f"scored on {where['cpus']} cores ({where['cpu']}, {where['os']})."
    )


def _version(folder: Path) -> str:
    """Returns what made a run: versions, commit, machine; "" if that cannot be read."""
    try:
        made = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        versions, git, where = made["versions"], made["git"], made["machine"]
        state = f"{git['commit'] or 'no commit'}"[:9] + (" with changes" if git["dirty"] else "")
        return (
            f"rca {versions['td3-rca']} ({state}), torch {versions['torch']} and carla "
            f"{versions['carla']} on {where['cpus']} cores ({where['cpu']})"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def standing(trials: Sequence[Trial], root: Path, least: int = 1) -> list[TrialResult]:
    """Returns the runs of a folder as they are, whichever version of rca made them.

    A run counts by its name and its planted fault if it has ended, by a crash too, which is what
    some faults do; missing ones are left out.

    Raises:
        UsageError: There are fewer than `least`.
    """
    found = [
        TrialResult(trial, root / trial.name)
        for trial in trials
        if is_over(trial, root / trial.name)
    ]
    if len(found) < least:
        raise UsageError(f"{root}: no finished run of the benchmark; run it there first")
    return found


def judged(results: Sequence[TrialResult]) -> list[Case]:
    """Diagnoses runs and returns the cases in order."""
    checks = load_checks([builtin_checks()])
    faults = load_faults()

    return [_judged(result, checks, faults) for result in results]


def _judged(result: TrialResult, checks: Sequence[Check], faults: Mapping[str, Fault]) -> Case:
    name, seed = result.trial.name, result.trial.config.budget.seed
    planted = result.trial.faults[0] if result.trial.faults else ""
    truth = faults[planted].causes if planted else ()
    try:
        run = load_run(result.folder)
        findings = run_checks(checks, run)
        found = diagnose(run, findings)
    except RcaError as error:
        return Case(name, planted, truth, (), error=result.error or str(error), seed=seed)
    distances = run.evaluations["mean_distance"]
    accused = {f.check for f in findings if f.verdict in (Verdict.FAIL, Verdict.WARN)}
    # That no update took place is VACUOUS, and the sign of what prevented it.
    right = [item for item in found.ranked if item.cause.id in truth]
    seen = [e.finding for item in right for e in item.evidence]
    accused |= {f.check for f in seen if f.verdict is Verdict.VACUOUS}
    wanted = faults[planted].caught_by if planted else ()
    return Case(
        name,
        planted,
        truth,
        tuple((item.cause.id, item.probability) for item in found.ranked),
        float(distances.iloc[-1]) if len(distances) else math.nan,
        seed=seed,
        delay=delay(run, checks, faults[planted]) if planted else math.nan,
        rival=rldebugger.ranking(run),
        start=_untrained(run),
        silent=tuple(check for check in wanted if check not in accused),
        in_settings=bool(planted) and shows_in_settings(faults[planted], result.trial.config),
        weights=str(run.provenance.get("weights_digest", "")),
    )


def shows_in_settings(fault: Fault, config: RunConfig) -> bool:
    """Whether a fault is a changed setting, which the recorded configuration shows."""
    build = default_build(config)
    return fault.apply(build).config != build.config


def _untrained(run: RunRecord) -> float:
    """Returns the mean distance of the evaluation before the first update, metres."""
    first = run.evaluations[run.evaluations["updates"] == 0]["mean_distance"]
    return float(first.iloc[0]) if len(first) else math.nan


def random_trials(seeds: Sequence[int]) -> list[Trial]:
    """Returns runs of uniformly random actions in the quick preset's world and nothing else."""
    steps = f"budget.steps={RANDOM_STEPS}"
    alone = ["agent.random_phase=uniform", f"agent.learning_starts={RANDOM_STEPS}", steps]
    alone += ["budget.eval_every=0"]
    return [
        Trial(f"random-{seed}", load_config("quick", [*alone, f"budget.seed={seed}"]))
        for seed in seeds
    ]


def mean_distance(results: Sequence[TrialResult]) -> float:
    """Returns how far the training episodes of runs go on average, metres; NaN: none is known."""
    driven = [load_run(r.folder).episodes["distance"] for r in results if not r.error]
    known = [float(metres) for table in driven for metres in table.dropna()]
    return float(np.mean(known)) if known else math.nan
