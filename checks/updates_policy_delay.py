"""How often the actor is updated."""

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import number
from rca.runs.record import RunRecord

HIGH = 10.0
"""Critic updates per actor update; the TD3 paper tries 1 to 4 and takes 2."""
MIN_UPDATES = 100


@check(
    "updates.policy_delay",
    title="Policy delay",
    needs=["outcome.critic_updates", "outcome.actor_updates"],
    severity=Severity.MAJOR,
)
def policy_delay(run: RunRecord) -> Finding:
    """Is the actor updated once in a few critic updates?

    Why: an actor that is hardly ever updated learns nothing in a run's time; without delay it
        follows errors that the critic has not yet corrected.
    Remedy: set the policy delay to 2 and look for a counter that is reset.
    Reference: TD3 paper, section 5.2, and its appendix on delays.
    """
    critic, actor = run.outcome.critic_updates, run.outcome.actor_updates
    assert critic is not None
    assert actor is not None
    warmup = number(run, "agent.critic_warmup")
    followed = critic - (int(warmup) if warmup == warmup else 0)  # NaN: no warm-up
    if followed < MIN_UPDATES:
        return Finding(Verdict.VACUOUS, f"{max(followed, 0)} updates, {MIN_UPDATES} needed")
    ratio = followed / actor if actor else float("inf")
    message = f"{followed:,} critic updates, {actor:,} actor updates, limit {HIGH:.0f} to 1"
    if ratio > HIGH:
        suspects = ("update_ratio_wrong",) if actor else ("actor_frozen", "update_ratio_wrong")
        return Finding(Verdict.FAIL, message, ratio, HIGH, suspects=suspects)
    if ratio < 1.5 and run.wiring is not None and (run.wiring.smoothing.largest or 0) > 0:
        return Finding(
            Verdict.WARN,
            f"{message}; TD3 delays by 2",
            ratio,
            HIGH,
            suspects=("update_ratio_wrong",),
        )
    return Finding(Verdict.PASS, message, ratio, HIGH)
