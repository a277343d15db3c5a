"""Whether the policy acts on what was observed."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord

MIN_ACTIONS = 20
OTHERWISE = 0.1
"""Share of actions: the numbers are compared bit for bit, and our own trainer has none."""


@check(
    "wiring.acting",
    title="Acting on what is observed",
    needs=["wiring.exploration"],
    severity=Severity.CRITICAL,
)
def acting(run: RunRecord) -> Finding:
    """Is the policy that drives asked with the numbers that the environment gave?

    Why: a policy that drives on normalised, clipped or older numbers and learns from others is two
        policies; the one that is trained never drives.
    Remedy: normalise in one place, in front of acting and memory alike.
    Reference: Stable-Baselines3's VecNormalize stores what was observed and normalises batches as
        it does what the policy acts on. The vector at the end of the actor's input is compared, not
        pictures, and in our own trainer alone; an episode's first action is left out.
    """
    assert run.wiring is not None
    seen = run.wiring.exploration
    if seen.observed < MIN_ACTIONS:
        few = f"{seen.observed} actions with a known observation, {MIN_ACTIONS} needed"
        return Finding(Verdict.NOT_RUN, few)
    message = f"{seen.otherwise} of {seen.observed} actions were asked for with other numbers"
    if seen.otherwise > OTHERWISE * seen.observed:
        return Finding(Verdict.FAIL, message, suspects=("acts_on_another_input",))
    return Finding(Verdict.PASS, message)
