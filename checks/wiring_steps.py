"""Whether the optimizers step down their losses, from gradients of this update alone."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord

MIN_STEPS = 20
"""Compared steps of an optimizer that are judged; the audit hears 24 of a delayed actor."""
UPHILL = 2 / 3
"""Share of steps up the loss. A step turned round goes up where a sound one goes down."""
PILED = 0.5
"""Share of updates that begin with a gradient: none of our trainer's does."""


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
        ones outweighs it: tests/test_wiring_foreign.py holds that in sound trainers at most 30% of
        the steps go up. PyTorch's tutorials: gradients add up until they are zeroed. Only our own
        trainer is judged, whose losses have their minus and whose gradients come from `backward`.
    """
    assert run.wiring is not None
    if run.kind != "rca":
        return Finding(
            Verdict.NOT_RUN,
            "another trainer may maximise a value, set gradients by hand or step by a closure",
        )
    found = {n: o for n, o in run.wiring.optimizers.items() if o.compared >= MIN_STEPS}
    if not found:
        most = max((o.compared for o in run.wiring.optimizers.values()), default=0)
        return Finding(Verdict.VACUOUS, f"{most} steps compared, {MIN_STEPS} needed")
    up = {name: o for name, o in found.items() if o.uphill > UPHILL * o.compared}
    heard = {name: o for name, o in found.items() if o.begun >= MIN_STEPS}
    piled = [name for name, o in heard.items() if o.piled > PILED * o.begun]
    parts = [f"{name} {o.uphill} of {o.compared} up" for name, o in found.items()]
    parts += [f"{name} {o.piled} of {o.begun} from old gradients" for name, o in heard.items()]
    message = f"steps: {', '.join(parts)}"
    message += f"; turned round: {', '.join(up)}" if up else ""
    message += f"; piled up: {', '.join(piled)}" if piled else ""
    if not up and not piled:
        return Finding(Verdict.PASS, message)
    suspects = (("steps_uphill",) if up else ()) + (("gradients_pile_up",) if piled else ())
    return Finding(Verdict.FAIL, message, suspects=suspects)
