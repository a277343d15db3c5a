"""Whether every parameter that should learn is in an optimizer."""

from rca.checking import Finding, Severity, Verdict, check
from rca.foreign import frozen_on_purpose, kept_frozen
from rca.judging import frozen_suspects
from rca.runs.record import RunRecord
from rca.wiring.facts import MIN_LOOKS


@check(
    "wiring.optimizers",
    title="Parameters in optimizers",
    needs=["wiring.modules"],
    severity=Severity.CRITICAL,
)
def judge(run: RunRecord) -> Finding:
    """Is every trained parameter held by an optimizer?

    Why: what no optimizer holds stays as it was drawn: a random encoder, or half a critic.
    Remedy: hand the module's parameters to the optimizer, after the module has its final form.
    Reference: signals.md, faults: encoder missing from the optimizer; PyTorch's docs: modules
        replaced after the optimizer was made are not in it. An encoder of another trainer that
        requires no gradient either may be a pretrained one: WARN.
    """
    assert run.wiring is not None
    if run.wiring.updates < MIN_LOOKS:
        seen = run.wiring.updates
        return Finding(Verdict.VACUOUS, f"{seen} updates seen, {MIN_LOOKS} needed")
    kept = frozen_on_purpose(run)
    trained = {n: p for n, p in run.wiring.trained().items() if n not in kept}
    found = {n: p.in_no_optimizer for n, p in trained.items() if p.in_no_optimizer.count}
    if not found:
        total = sum(part.parameters for part in trained.values())
        message = f"all {total} parameters are in an optimizer"
        return kept_frozen(kept) or Finding(Verdict.PASS, message)
    listed = "; ".join(f"{n}: {names.count} ({names})" for n, names in found.items())
    return Finding(Verdict.FAIL, f"no optimizer holds {listed}", suspects=frozen_suspects(found))
