"""Whether gradients reach every parameter that should learn."""

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import frozen_suspects, not_due
from rca.runs.record import RunRecord
from rca.wiring.facts import MIN_LOOKS


@check(
    "wiring.gradients",
    title="Gradients arrive",
    needs=["wiring.modules"],
    severity=Severity.CRITICAL,
)
def judge(run: RunRecord) -> Finding:
    """Does some backward pass reach every trained parameter?

    Why: features under `no_grad` or `detach` cut the loss off from what is before them, silently.
    Remedy: follow the loss back: which call stands under no_grad, which tensor was detached or
        replaced.
    Reference: signals.md, faults: encoder detached by mistake; found by hooks on the parameters
        (torch, `register_post_accumulate_grad_hook`).
    """
    assert run.wiring is not None
    if run.wiring.updates < MIN_LOOKS:
        seen = run.wiring.updates
        return Finding(Verdict.VACUOUS, f"{seen} updates seen, {MIN_LOOKS} needed")
    late = not_due(run)
    trained = {n: p for n, p in run.wiring.trained().items() if n not in late}
    found = {n: p.not_reached for n, p in trained.items() if p.not_reached.count}
    total = sum(part.parameters for part in trained.values())
    if not found:
        return Finding(Verdict.PASS, f"backward passes reached all {total} parameters")
    listed = "; ".join(f"{n}: {names.count} ({names})" for n, names in found.items())
    return Finding(
        Verdict.FAIL, f"no backward pass reached {listed}", suspects=frozen_suspects(found)
    )
