"""Whether updates are those that an independent implementation makes of the same settings."""

from collections.abc import Sequence

from rca.checking import Finding, Severity, Verdict, check
from rca.runs.record import RunRecord
from rca.wiring.recomputed import PartFacts

MIN_SEEN = 3
"""Readings of a part from which it is judged; a delayed actor has one in half of the updates."""
OFTEN = 1 / 3
"""Share of a part's readings that are off from which it is another one, and not a slip."""
LIMITS = {
    "weights": 0.0,
    "input": 1e-3,
    "value": 1e-3,
    "policy": 1e-3,
    "target": 1e-3,
    "gradient": 0.05,
    "step": 0.1,
    "others": 0.0,
    "move": 0.3,
}
"""By the part's first word. Float32 on a CPU leaves 3e-7 in values, 2e-7 in gradients, 1e-5 in
Adam's steps and, of targets that hardly move, 0.04: measured on our own trainer with each of its
switches (tests/test_runs_recomputing.py)."""
CAUSES = {
    "weights": "optimizer_wrong",
    "input": "frames_wrong",
    "value": "network_altered",
    "policy": "network_altered",
    "target": "target_value_wrong",
    "gradient of critic": "loss_wrong",
    "gradient of actor": "policy_loss_wrong",
    "step": "optimizer_wrong",
    "others": "optimizer_wrong",
    "move": "target_wrong",
}
"""By how a part's name begins."""
MULTIPLE = 0.01
"""Of the difference that a factor alone makes, up to which it is one."""
NOTHING = {"gradient": 1e-6, "step": 0.01}
"""Share of the recomputed one below which there is none: of a gradient what float32 resolves, of a
step also where a rate has decayed away."""


@check(
    "wiring.recomputed",
    title="Updates recomputed",
    needs=["wiring.recomputed"],
    severity=Severity.CRITICAL,
)
def recomputed(run: RunRecord) -> Finding:
    """Does an independent TD3, given the same weights, batch, noise and settings, do the same?

    Why: whatever is wrong with an update makes it another one, known mistake or not.
    Remedy: compare the named part with the paper's algorithm line by line: overridden methods,
        hooks, what changes weights, optimizers or gradients from outside.
    Reference: TD3 paper, algorithm 1, written out in rca/td3/plain.py; differential testing
        (McKeeman 1998). Only our own trainer on a CPU can be recomputed. What lies before the
        update, in the memory or the environment, is the same for both and not judged here.
    """
    assert run.wiring is not None
    assert run.wiring.recomputed is not None
    seen = run.wiring.recomputed
    parts = {name: part for name, part in seen.parts.items() if _limit(name) is not None}
    off = {name: text for name, part in parts.items() if (text := _off(name, part))}
    ended = f"; ended early: {seen.error}" if seen.error else ""
    numbers = {number for part in parts.values() for number in part.updates}
    if off:
        named = _first(off)
        message = f"{len(numbers)} updates recomputed: {'; '.join(off[name] for name in named)}"
        is_slip = all("a slip" in off[name] for name in named)
        verdict = Verdict.WARN if is_slip else Verdict.FAIL
        suspects = tuple(dict.fromkeys(_cause(name, off[name]) for name in named))
        return Finding(verdict, message + ended, suspects=suspects)
    judged = [name for name, part in parts.items() if len(_known(name, part)) >= MIN_SEEN]
    if seen.error:
        return Finding(Verdict.NOT_RUN, f"{len(numbers)} updates recomputed{ended}")
    if not {"value", "target value", "gradient of critic"} <= set(judged):
        few = f"{len(numbers)} updates recomputed, {MIN_SEEN} with numbers in them needed"
        return Finding(Verdict.VACUOUS, few)
    too = "too" if "gradient of actor" in judged else "not judged: too few"
    # A target that hardly moves is known to a thousandth only; the rest is what tells.
    apart = [d for name in judged if name[:4] != "move" for d, _ in _known(name, parts[name])]
    same = f"{len(judged)} parts the same (to {max(apart):.0e}), the actor's {too}"
    return Finding(Verdict.PASS, f"{len(numbers)} updates recomputed, {same}")


def _limit(name: str) -> float | None:
    return LIMITS.get(name.split()[0]) if name else None


def _known(name: str, part: PartFacts) -> list[tuple[float, float | None]]:
    """Returns difference and share where there is something to see.

    Where nothing moves and nothing should, as in a delayed actor, there is not; except for what is
    to stand still.
    """
    stands = name.startswith(("others", "weights"))
    pairs = zip(part.differences, part.shares, strict=True)
    return [(d, s) for d, s in pairs if d is not None and (stands or d or s is not None)]


def _off(name: str, part: PartFacts) -> str:
    """Returns how a part differs, "" if it is the same or too little of it was seen."""
    limit, known = _limit(name), _known(name, part)
    assert limit is not None
    beyond = [one for one, _ in known if one > limit]
    if len(known) < MIN_SEEN or not beyond:
        return ""
    is_late = all(one > limit for one, _ in known[-MIN_SEEN:])
    if len(beyond) <= OFTEN * len(known) and not is_late:
        return f"{name} off in {len(beyond)} of {len(known)}, a slip"
    if name == "input":
        return _pictures(known)
    of = name.split(" of ")[-1]
    least = NOTHING.get(name.split()[0], 0.0)
    if all(share is not None and abs(share) < least for _, share in known[-MIN_SEEN:]):
        return (
            f"{of} gets no gradient" if name.startswith("grad") else f"step of {of} does not move"
        )
    return f"{name} off by {sorted(beyond)[len(beyond) // 2]:.1%}{_scaled(name, known)}"


def _pictures(known: Sequence[tuple[float, float | None]]) -> str:
    """Returns what is wrong with what the critics' encoder is fed: its scale, or all of it."""
    difference, share = known[-1]
    if share is not None and abs(abs(1 - share) / max(1, abs(share)) - difference) < MULTIPLE:
        return f"pixels are {share:.2g} times what they should be"
    return f"pictures fed are not the batch's: off by {difference:.0%}"


def _scaled(name: str, known: Sequence[tuple[float, float | None]]) -> str:
    """Returns by which factor a gradient or step is too long, "" if it is no multiple."""
    difference, share = known[-1]
    if share is None or not name.startswith(("gradient", "step")):
        return ""
    is_multiple = abs(abs(1 - share) / max(1, abs(share)) - difference) < MULTIPLE
    return f", at last {share:.2g} times what it should be" if is_multiple else ""


def _first(off: dict[str, str]) -> list[str]:
    """Returns the parts that do not follow from another one.

    Pictures that are others and critics that compute something else spoil values, gradients and
    steps, an actor that does the targets and what it is trained with itself, a gradient the step
    behind it.
    """
    for spoils in ("input", "value"):
        if spoils in off and "a slip" not in off[spoils]:
            return [spoils, *(name for name in off if name.startswith(("weights", "move")))]
    if "policy" in off and "a slip" not in off["policy"]:
        spoilt = ("target value", *(f"{what} of actor" for what in ("gradient", "step")))
        off = {name: said for name, said in off.items() if not name.startswith(spoilt)}
    gradients = {name.removeprefix("gradient of ") for name in off if name.startswith("gradient")}
    return [
        name
        for name, said in off.items()
        if name.removeprefix("step of ") not in gradients or "does not move" in said
    ]


def _cause(name: str, said: str) -> str:
    """Returns the cause of a part that is off."""
    if "gets no gradient" in said or "does not move" in said:
        of = name.split(" of ")[-1]
        return "encoder_frozen" if of.endswith("encoder") else f"{of}_frozen"
    if "pixels are" in said:
        return "image_unscaled"
    return next(cause for begin, cause in CAUSES.items() if name.startswith(begin))
