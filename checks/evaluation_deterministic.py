"""Whether evaluation takes the policy's own actions."""

from rca.checking import Finding, Severity, check, fail_above
from rca.runs.record import RunRecord

LIMIT = 1e-5
"""Of an action in [-1, 1]; a deterministic policy repeats itself to the bit."""


@check(
    "evaluation.deterministic",
    title="Quiet evaluation",
    needs=["evaluation/action_gap"],
    severity=Severity.MAJOR,
)
def deterministic(run: RunRecord) -> Finding:
    """Does the evaluated policy give one action for one observation?

    Why: with noise left on, evaluation measures the noise.
    Remedy: act without exploration noise in evaluation, and with dropout off.
    Reference: Henderson et al. 2018; TD3 paper, section 6.1 evaluates without noise.
    """
    signal = run.signals["evaluation/action_gap"]
    largest = float(signal.finite().max())
    return fail_above(
        largest,
        LIMIT,
        f"two actions for one observation differ by up to {largest:.3g}, limit {LIMIT:g}",
        unit="1",
        steps=(int(signal.steps[0]), int(signal.steps[-1])),
        onset=signal.first_crossing(LIMIT),
        suspects=("evaluation_noisy",),
    )
