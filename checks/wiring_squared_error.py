"""Whether the critics learn by a squared error, each row from its own target."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord

MIN_BATCHES = 10
FITTED = 0.9
"""Share of batches; the loss of a trainer is the same in all of them."""
SINGLE = 0.5
"""Share of batches: two rows with one target happen, a whole batch with one does not."""


@check(
    "wiring.squared_error",
    title="Squared error of the critics",
    needs=["wiring.loss"],
    severity=Severity.CRITICAL,
)
def squared_error(run: RunRecord) -> Finding:
    """Are both critics regressed by a squared error, each row on a target of its own?

    Why: a value that is compared with every target of the batch learns their mean; an output that
        is squashed behind the values cannot reach them. Both look like noise in the memory.
    Remedy: print the shapes of value, target and loss, `[batch]` each; leave the critics' last
        layer linear.
    Reference: TD3 paper, algorithm 1: N^-1 sum (y - Q)^2 for both critics, one y. The gradients of
        both by their values show it without knowing y (rca/wiring/loss.py). A Huber loss or weights
        of rows are no squared error either: only our own trainer is accused of having none.
    """
    assert run.wiring is not None
    assert run.wiring.loss is not None
    seen = run.wiring.loss
    if seen.tried < MIN_BATCHES:
        return Finding(Verdict.NOT_RUN, f"{seen.tried} batches of twins, {MIN_BATCHES} needed")
    message = f"{seen.fitted} of {seen.tried} batches show a squared error from a common target"
    if seen.fitted < FITTED * seen.tried:
        if run.kind != "rca":
            return Finding(Verdict.NOT_RUN, f"{message}: another loss, or rows with weights")
        return Finding(Verdict.FAIL, f"{message}: no squared error", suspects=("loss_wrong",))
    if seen.single > SINGLE * seen.fitted:
        message += f"; in {seen.single} of them all rows have one target"
        return Finding(Verdict.FAIL, message, suspects=("loss_wrong",))
    return Finding(Verdict.PASS, message)
