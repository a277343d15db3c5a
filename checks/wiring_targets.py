"""Whether target networks follow by Polyak averaging."""

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord
from rca.wiring.facts import MIN_LOOKS, TargetFacts

COPIED = 0.5
"""Share taken over per move from which a target is no slow copy; TD3 has 0.005, DrQ-v2 0.01."""
UNEXPLAINED = 0.3
"""Part of a move that the online network does not explain; float32 leaves up to 0.05."""


@check(
    "wiring.targets", title="Targets follow", needs=["wiring.targets"], severity=Severity.CRITICAL
)
def targets(run: RunRecord) -> Finding:
    """Does every target network move slowly towards its online network, and nowhere else?

    Why: a target that stands still freezes the values, one that is copied lets them chase
        themselves, one that follows something else makes them mean nothing.
    Remedy: look at the Polyak loop: which pairs, which tau, after which updates; buffers too.
    Reference: signals.md, target lag (RLDebugger). tau and residual are fitted to the weights
        before and after; a target may stand still between delayed updates, not through all of them.
        Running statistics are buffers and no parameters (Stable-Baselines3, issue 996).
    """
    assert run.wiring is not None
    seen = {n: t for n, t in run.wiring.targets.items() if t.comparable and t.looked >= MIN_LOOKS}
    if not seen:
        looked = max((t.looked for t in run.wiring.targets.values()), default=0)
        return Finding(Verdict.VACUOUS, f"{looked} updates compared, {MIN_LOOKS} needed")
    wrong = [f"{name} {said}" for name, target in seen.items() if (said := _wrong(target))]
    if wrong:
        return Finding(Verdict.FAIL, "; ".join(wrong), suspects=("target_wrong",))
    idle = [f"{name} in {t.calls}" for name, t in seen.items() if _is_idle(t)]
    if idle:
        looked = max(target.looked for target in seen.values())
        message = f"called in {looked} updates: {', '.join(idle)}; is it what the loss uses?"
        return Finding(Verdict.WARN, message, suspects=("target_wrong",))
    taus = ", ".join(f"{name} {t.tau:.3g}" for name, t in seen.items() if t.tau is not None)
    return Finding(Verdict.PASS, f"share taken over per move: {taus or 'no online network moved'}")


def _wrong(target: TargetFacts) -> str:
    """Returns what is wrong with a target, "" if nothing is or it is not in use."""
    if _is_idle(target):
        return ""
    if target.left:
        return f"keeps its first {target.left[0]}, {target.online} has moved on"
    if not target.moved:
        moved = target.online_moved
        return f"stood still in {target.looked} updates, {target.online} moved" if moved else ""
    if target.residual is not None and target.residual > UNEXPLAINED:
        return f"moves by {target.residual:.0%} to where {target.online} is not"
    if target.tau is not None and target.tau > COPIED:
        return f"takes over {target.tau:.3g} of {target.online} per move, limit {COPIED}"
    return ""


def _is_idle(target: TargetFacts) -> bool:
    """Tells whether a target was called in less than half of the updates: it is not in use."""
    return target.calls is not None and target.calls < target.looked / 2
