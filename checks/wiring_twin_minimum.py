"""Whether targets take the smaller of both critics' values."""

from rca.checking import Finding, Severity, Verdict, check
from rca.foreign import not_explained
from rca.runs.record import RunRecord


@check(
    "wiring.twin_minimum",
    title="Clipped double Q",
    needs=["wiring.equation"],
    severity=Severity.CRITICAL,
)
def twin_minimum(run: RunRecord) -> Finding:
    """Is the target the smaller of the two target critics' values?

    Why: a maximum, a mean or one critic alone overestimates, and the actor climbs the error.
    Remedy: take torch.min of both target critics.
    Reference: TD3 paper, section 4.2; which one it is, is fitted to the critic's gradients.
    """
    assert run.wiring is not None
    seen = run.wiring.equation.reductions
    if not seen:
        return Finding(Verdict.NOT_RUN, "0 batches show how two target critics are joined")
    unknown = not_explained(run)
    if unknown:
        return unknown
    found = max(seen, key=lambda name: seen[name])
    message = f"{found} in {seen[found]} of {sum(seen.values())} batches"
    if found == "min":
        return Finding(Verdict.PASS, message)
    return Finding(Verdict.FAIL, message, suspects=("critic_overestimates",))
