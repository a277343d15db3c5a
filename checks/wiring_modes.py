"""Whether networks learn in train mode."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord

MOSTLY = 0.5
"""Share of updates in eval mode from which it is no accident of a single evaluation."""


@check("wiring.modes", title="Train mode", needs=["wiring.modules"], severity=Severity.MAJOR)
def modes(run: RunRecord) -> Finding:
    """Are the networks in train mode while they learn?

    Why: in eval mode batch norm uses old statistics and never renews them, dropout is off: what
        learns is not what was designed. Without such layers the mode changes nothing (WARN).
    Remedy: call .train() on the networks after each evaluation.
    Reference: PyTorch docs, Module.eval; the limit is half of the updates seen.
    """
    assert run.wiring is not None
    parts = run.wiring.trained()
    looks = {name: sum(part.modes.values()) for name, part in parts.items()}
    if not any(looks.values()):
        return Finding(Verdict.VACUOUS, "0 updates seen, so no mode was")
    resting = {
        name: part
        for name, part in parts.items()
        if looks[name] and part.modes.get("eval", 0) > MOSTLY * looks[name]
    }
    if not resting:
        return Finding(
            Verdict.PASS, f"{len(parts)} parts in train mode in {max(looks.values()):,} updates"
        )
    matters = any(part.mode_layers for part in resting.values())
    listed = "; ".join(
        f"{name} ({', '.join(part.mode_layers) or 'no layer that minds'})"
        for name, part in resting.items()
    )
    return Finding(
        Verdict.FAIL if matters else Verdict.WARN,
        f"in eval mode in {max(part.modes['eval'] for part in resting.values()):,} of "
        f"{max(looks.values()):,} updates: {listed}",
    )
