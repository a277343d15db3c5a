"""Whether the optimizers step down their losses, from gradients of this update alone."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord

MIN_STEPS = 10
"""Compared steps of an optimizer that are judged: a delayed actor makes half of the critic's."""
UPHILL = 2 / 3
"""Share of steps up the loss. A step turned round goes up where a sound one goes down."""
PILED = 0.5
"""Share of updates that begin with a gradient: a sound one never does."""


@check(
    "wiring.steps",
    title="Steps down, from fresh gradients",
    needs=["wiring.optimizers"],
    severity=Severity.CRITICAL,
)
def steps(run: RunRecord) -> Finding:
    """Do the optimizers step down their losses, each time from the gradients of one update?

    Why: an optimizer that was told to maximise a loss which already has its minus learns the
        opposite; gradients that are never zeroed pile up, and each step follows all updates so far.
    Remedy: turn one of the two signs round; call `zero_grad` before each backward pass.
    Reference: a step of Adam has a negative product with its gradient unless the momentum of older
        ones outweighs it; of sound trainers 0 to 26% go up in their first 50 updates (calibrated on
        tests/foreign_trainers.py and the healthy preset). PyTorch's tutorials: gradients add up
        until they are zeroed.
    """
    assert run.wiring is not None
    found = {n: o for n, o in run.wiring.optimizers.items() if o.compared >= MIN_STEPS}
    if not found:
        most = max((o.compared for o in run.wiring.optimizers.values()), default=0)
        return Finding(Verdict.VACUOUS, f"{most} steps compared, {MIN_STEPS} needed")
    up = {name: o for name, o in found.items() if o.uphill > UPHILL * o.compared}
    piled = {name: o for name, o in found.items() if o.piled > PILED * max(o.begun, MIN_STEPS)}
    listed = ", ".join(f"{name} {o.uphill} of {o.compared}" for name, o in found.items())
    message = f"steps up the loss: {listed}"
    message += f"; turned round: {', '.join(up)}" if up else ""
    if piled:
        name, worst = next(iter(piled.items()))
        message += f"; piled up: before {worst.piled} of {worst.begun} updates of {name}"
    if not up and not piled:
        return Finding(Verdict.PASS, message)
    suspects = (("steps_uphill",) if up else ()) + (("gradients_pile_up",) if piled else ())
    return Finding(Verdict.FAIL, message, suspects=suspects)
