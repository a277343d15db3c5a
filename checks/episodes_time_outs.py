"""Whether time-outs are told apart from endings."""

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import too_few
from rca.runs.record import RunRecord

MIN_TIME_OUTS = 3
LIMIT = 0.5
"""Share; what a time-out counts as does not change from episode to episode."""


@check(
    "episodes.time_outs",
    title="Time-outs as truncations",
    needs=["episode/time_out_terminal"],
    severity=Severity.CRITICAL,
)
def time_outs(run: RunRecord) -> Finding:
    """Are episodes that ran out of time reported as truncated, not as terminated?

    Why: what is terminal is worth nothing afterwards; a critic that learns this of the clock learns
        that a good state is worth little, the less the later.
    Remedy: return truncated=True and terminated=False at the time limit; store terminated alone.
    Reference: Pardo et al. 2018; Gymnasium's docs on terminated and truncated. The reason that the
        environment gives against the flag that it returns; wiring.time_outs sees what becomes of
        the flag in the learner.
    """
    signal = run.signals["episode/time_out_terminal"]
    values = signal.finite()
    few = too_few(len(values), MIN_TIME_OUTS, "episodes that ran out of time")
    if few:
        return few
    return fail_above(
        float(values.mean()),
        LIMIT,
        f"{values.sum():,.0f} of {len(values):,} episodes that ran out of time count as terminated",
        unit="1",
        steps=(int(signal.steps[0]), int(signal.steps[-1])),
        suspects=("time_outs_terminal",),
    )
