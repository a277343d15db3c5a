"""Whether target networks follow by Polyak averaging."""

import math

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import number
from rca.runs.record import RunRecord
from rca.wiring.facts import MIN_LOOKS, TargetFacts

PERIODS = (
    *("target_update_interval", "target_update_freq", "target_update_frequency"),
    *("target_update_period", "target_network_frequency", "target_network_update_freq"),
)
"""Ends of keys under which trainers declare how rarely a target is copied."""
PERIOD = 1000
"""Updates: SAC with hard updates copies as rarely (Haarnoja et al. 2018, appendix D). Sooner, only
who declares a tau or moves other targets is known not to copy."""
RARE = 10
"""Updates between two moves from which a whole copy is one that waits; a policy delay is 2 or 3."""
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
        Running statistics are buffers and no parameters (Stable-Baselines3, issue 996). Another
        trainer may copy its target now and then, at 10 updates or more, follow an encoder at a pace
        of its own, or step it again after the target followed (SAC-AE).
    """
    assert run.wiring is not None
    seen = {n: t for n, t in run.wiring.targets.items() if t.comparable and t.looked >= MIN_LOOKS}
    if not seen:
        looked = max((t.looked for t in run.wiring.targets.values()), default=0)
        return Finding(Verdict.VACUOUS, f"{looked} updates compared, {MIN_LOOKS} needed")
    judged = {name: _judged(run, name, target) for name, target in seen.items()}
    for verdict in (Verdict.FAIL, Verdict.WARN, Verdict.NOT_RUN, Verdict.VACUOUS):
        said = [f"{name} {text}" for name, (found, text) in judged.items() if found is verdict]
        if said:
            accused = verdict in (Verdict.FAIL, Verdict.WARN)
            suspects = ("target_wrong",) if accused else ()
            return Finding(verdict, "; ".join(said), suspects=suspects)
    idle = [f"{name} in {t.calls}" for name, t in seen.items() if _is_idle(t)]
    if idle:
        looked = max(target.looked for target in seen.values())
        message = f"called in {looked} updates: {', '.join(idle)}; is it what the loss uses?"
        return Finding(Verdict.WARN, message, suspects=("target_wrong",))
    taus = ", ".join(
        f"{name} {t.tau:.3g}{judged[name][1]}" for name, t in seen.items() if t.tau is not None
    )
    return Finding(Verdict.PASS, f"share taken over per move: {taus or 'no online network moved'}")


def _judged(run: RunRecord, name: str, target: TargetFacts) -> tuple[Verdict, str]:
    """Returns what is to be said of a target; nothing is wrong with one that is not in use."""
    if _is_idle(target):
        return Verdict.PASS, ""
    if target.left and (target.moved or run.kind == "rca"):
        left = f"keeps its first {target.left[0]}, {target.online} has moved on"
        return Verdict.FAIL, left
    if target.moved and target.residual is None:
        return Verdict.NOT_RUN, f"moved {target.moved} times, not by finite numbers"
    if not target.moved:
        return _still(run, name, target) if target.online_moved else (Verdict.PASS, "")
    return _astray(run, target) or _copied(run, target)


def _astray(run: RunRecord, target: TargetFacts) -> tuple[Verdict, str] | None:
    """Returns what is to be said of moves that lead elsewhere, None if they do not.

    The online network of another trainer may have been there between two looks.
    """
    if target.residual is None or target.residual <= UNEXPLAINED:
        return None
    message = f"moves by {target.residual:.0%} to where {target.online} is not"
    if run.kind != "rca" and target.beyond is None:
        return Verdict.WARN, f"{message} in any of {target.looked} looks"
    if run.kind != "rca" and (target.beyond or 0.0) <= UNEXPLAINED:
        return None
    return Verdict.FAIL, message


def _copied(run: RunRecord, target: TargetFacts) -> tuple[Verdict, str]:
    """Returns what is to be said of the share that a target takes over."""
    if target.tau is None or target.tau <= COPIED:
        return Verdict.PASS, ""
    every = target.looked / target.moved
    if run.kind != "rca" and every >= RARE:
        often = f"about every {every:.0f}" if target.moved > 1 else f"once in {target.looked}"
        return Verdict.PASS, f" (copied {often} updates)"
    share = f"takes over {target.tau:.3g} of {target.online} per move"
    return Verdict.FAIL, f"{share}, limit {COPIED}"


def _still(run: RunRecord, name: str, target: TargetFacts) -> tuple[Verdict, str]:
    """Returns what is to be said of a target that no look saw move, though it should follow."""
    assert run.wiring is not None
    message = f"stood still in {target.looked} updates, {target.online} moved"
    if run.kind == "rca":
        return Verdict.FAIL, message
    if _declared_period(run) > target.looked:
        return Verdict.VACUOUS, f"{message}; it is declared to every {_declared_period(run):,.0f}"
    whole = run.wiring.modules.get(name.partition("[")[0])
    if whole is not None and not whole.not_changed.count:
        return Verdict.VACUOUS, f"{message}; it has moved since, where no look was"
    is_alone = not any(other.moved for other in run.wiring.targets.values())
    is_soft = number(run, "agent.tau") < COPIED
    steps = max((o.steps for o in run.wiring.optimizers.values()), default=0)
    if is_alone and not is_soft and steps < PERIOD:
        return Verdict.VACUOUS, f"{message}: copied more rarely than that, or never"
    return Verdict.FAIL, message


def _declared_period(run: RunRecord) -> float:
    """Returns the updates between two copies that a config declares, NaN if none does."""
    found = (number(run, key) for key in run.config if key.lower().endswith(PERIODS))
    return next(found, math.nan)


def _is_idle(target: TargetFacts) -> bool:
    """Tells whether a target was called in less than half of the updates: it is not in use."""
    return target.calls is not None and target.calls < target.looked / 2
