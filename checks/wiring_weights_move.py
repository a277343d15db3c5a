"""Whether every trained parameter changed."""

from rca.checking import Finding, Severity, Verdict, check
from rca.foreign import frozen_on_purpose, kept_frozen
from rca.judging import frozen_suspects, not_due
from rca.runs.record import RunRecord
from rca.wiring.facts import MIN_LOOKS


@check(
    "wiring.weights_move",
    title="Weights move",
    needs=["wiring.modules"],
    severity=Severity.CRITICAL,
)
def judge(run: RunRecord) -> Finding:
    """Has every trained parameter changed since the start?

    Why: weights that are bit for bit those of the start have learned nothing, whatever the loss
        does.
    Remedy: look for a learning rate of 0, a clip near 0, a missing step(), or a copy that is
        trained in place of the network that acts.
    Reference: signals.md, weights that never change (RLDebugger: unchanged after 10 updates). An
        encoder that another trainer froze on purpose, in no optimizer and without gradients: WARN.
    """
    assert run.wiring is not None
    if run.wiring.updates < MIN_LOOKS:
        seen = run.wiring.updates
        return Finding(Verdict.VACUOUS, f"{seen} updates seen, {MIN_LOOKS} needed")
    kept = frozen_on_purpose(run)
    left_out = not_due(run) | kept
    trained = {n: p for n, p in run.wiring.trained().items() if n not in left_out}
    found = {n: p.not_changed for n, p in trained.items() if p.not_changed.count}
    if not found:
        total = sum(part.parameters for part in trained.values())
        message = f"all {total} parameters changed in {run.wiring.updates:,} updates seen"
        return kept_frozen(kept) or Finding(Verdict.PASS, message)
    listed = "; ".join(f"{n}: {names.count} ({names})" for n, names in found.items())
    return Finding(Verdict.FAIL, f"as at the start: {listed}", suspects=frozen_suspects(found))
