"""Whether a parameter is stepped by two optimizers."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord


@check(
    "wiring.stepped_twice",
    title="One optimizer each",
    needs=["wiring.modules"],
    severity=Severity.MAJOR,
)
def stepped_twice(run: RunRecord) -> Finding:
    """Is every parameter stepped by one optimizer only?

    Why: two optimizers pull a shared encoder towards two losses with momenta of their own; the
        actor's gradient then spoils the features that the critic needs. Critics that the actor's
        optimizer steps too learn that its actions are good.
    Remedy: leave a shared encoder to the critic's optimizer and detach it in the actor's loss; give
        the actor's optimizer the actor alone.
    Reference: SAC-AE (Yarats et al. 2021, section 4.2) and DrQ-v2 stop the actor's gradient there.
    """
    assert run.wiring is not None
    found = {name: p for name, p in run.wiring.trained().items() if p.in_several.count}
    if not found:
        held = sum(p.parameters for p in run.wiring.trained().values())
        return Finding(Verdict.PASS, f"none of {held} parameters is in two optimizers")
    listed = "; ".join(
        f"{name}: {p.in_several.count} in {' and '.join(p.held_by)}" for name, p in found.items()
    )
    if any(name.endswith("encoder") for name in found):
        return Finding(
            Verdict.FAIL, f"stepped twice: {listed}", suspects=("encoder_stepped_twice",)
        )
    message = f"stepped twice, and no encoder: {listed}"
    return Finding(Verdict.FAIL, message, suspects=("optimizer_wrong",))
