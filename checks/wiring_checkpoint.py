"""Whether a checkpoint holds everything that learns."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord


@check(
    "wiring.checkpoint",
    title="Checkpoint",
    needs=["wiring.checkpoint"],
    severity=Severity.MAJOR,
)
def checkpoint(run: RunRecord) -> Finding:
    """Does the checkpoint hold every network, every target and every optimizer's state?

    Why: a run that goes on from half a checkpoint starts its encoder, its targets or Adam anew,
        which looks like forgetting.
    Remedy: save state_dict() of all networks, targets and optimizers.
    Reference: PyTorch docs, saving a general checkpoint. Weights are compared bit for bit.
    """
    assert run.wiring is not None
    seen = run.wiring.checkpoint
    assert seen is not None
    wanted = len(run.wiring.optimizers)
    missing = [f"{count} parameters of {part}" for part, count in seen.absent.items()]
    if seen.optimizer_states < wanted:
        missing.append(f"{wanted - seen.optimizer_states} of {wanted} optimizers' states")
    if missing:
        return Finding(Verdict.FAIL, f"{seen.name} lacks {', '.join(missing)}")
    parts = len(run.wiring.modules)
    return Finding(Verdict.PASS, f"{seen.name} holds {parts} parts and {wanted} optimizers")
