"""Whether a parameter is stepped by two optimizers."""

from collections.abc import Mapping

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord
from rca.wiring.facts import ModuleFacts


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
        SAC-AE's own encoder is stepped for the critic's loss and for its reconstruction: of another
        trainer, only what the actor's optimizer steps too is accused.
    """
    assert run.wiring is not None
    found = {name: p for name, p in run.wiring.trained().items() if p.in_several.count}
    if not found:
        held = sum(p.parameters for p in run.wiring.trained().values())
        return Finding(Verdict.PASS, f"none of {held} parameters is in two optimizers")
    if run.kind != "rca":
        others = _others(run, found)
        if others:
            return others
        found = {name: p for name, p in found.items() if _by_actors(run, p)}
    listed = "; ".join(
        f"{name}: {p.in_several.count} in {' and '.join(p.held_by)}" for name, p in found.items()
    )
    if any(name.endswith("encoder") for name in found):
        return Finding(
            Verdict.FAIL, f"stepped twice: {listed}", suspects=("encoder_stepped_twice",)
        )
    message = f"stepped twice, and no encoder: {listed}"
    return Finding(Verdict.FAIL, message, suspects=("optimizer_wrong",))


def _others(run: RunRecord, found: Mapping[str, ModuleFacts]) -> Finding | None:
    """Returns what is to be said where the actor's optimizer is not known to step any of it."""
    by_actor = [_by_actors(run, part) for part in found.values()]
    if True in by_actor:
        return None
    listed = ", ".join(f"{name}: {part.in_several.count}" for name, part in found.items())
    if None in by_actor:
        message = f"two optimizers step {listed}; which of three or more is not recorded"
        return Finding(Verdict.NOT_RUN, message)
    return Finding(Verdict.PASS, f"two optimizers step {listed}, and neither is the actor's")


def _by_actors(run: RunRecord, part: ModuleFacts) -> bool | None:
    """Tells whether the actor's optimizer steps what two of them step; None: it is not known."""
    assert run.wiring is not None
    held = run.wiring.optimizers
    holders = part.held_by if part.stepped_by is None else part.stepped_by
    actors = [name for name in holders if name in held and held[name].holds.get("actor")]
    if not actors:
        return False
    is_certain = part.stepped_by is not None or len(holders) - len(actors) < 2
    return True if is_certain else None
