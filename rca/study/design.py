"""Designs: which combinations of factors are run. Nothing here runs anything."""

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, pairwise

from rca.errors import UsageError
from rca.study.factors import Arm

MAX_ARMS = 1024
"""Arms above which a full design is refused: ten factors."""


def one_at_a_time(factors: Sequence[str]) -> list[Arm]:
    """Both ends, and one factor changed from each: 2 + 2k arms.

    The smallest design that can tell a root cause: removing it from the failing run helps and
    planting it in the fixed run hurts. With one factor the two are the same pair of arms.
    """
    every = frozenset(factors)
    singles = [frozenset({f}) for f in factors] + [every - {f} for f in factors]
    return unique([frozenset(), every, *singles])


def leave_one_out(factors: Sequence[str]) -> list[Arm]:
    """Both ends, and the fixed end with one factor reverted: 2 + k arms."""
    every = frozenset(factors)
    return unique([frozenset(), every, *(every - {f} for f in factors)])


def full(factors: Sequence[str]) -> list[Arm]:
    """Every combination: 2^k arms.

    Raises:
        UsageError: There are more than MAX_ARMS.
    """
    if 2 ** len(factors) > MAX_ARMS:
        raise UsageError(f"--design full: {len(factors)} factors make {2 ** len(factors):,} arms")
    sizes = range(len(factors) + 1)
    return [frozenset(chosen) for size in sizes for chosen in combinations(factors, size)]


def fractional(factors: Sequence[str]) -> list[Arm]:
    """A two-level fraction of resolution IV and both ends.

    Main effects are not mixed with each other or with interactions of two (Box, Hunter, Hunter
    2005, chapter 6; generators by pyDOE3). Below five factors the full design is as small.
    """
    if len(factors) < 5:
        return full(factors)
    import pyDOE3

    rows = pyDOE3.fracfact_by_res(len(factors), 4)
    arms = [
        frozenset(f for f, level in zip(factors, row, strict=True) if level > 0) for row in rows
    ]
    return unique([frozenset(), frozenset(factors), *arms])


def balanced(arms: Sequence[Arm], factor: str, others: Sequence[str]) -> list[Arm]:
    """Returns arms over which a factor's main effect is clear, none if there are no such.

    Clear of the other factors and of interactions of two of them: as often fixed as not at every
    level of theirs, and of their products. Both ends may stand beside a fraction that lacks them.
    """
    inner = [arm for arm in arms if arm and not arm >= {factor, *others}]
    for chosen in (list(arms), inner):
        levels = {f: [1 if f in arm else -1 for arm in chosen] for f in (factor, *others)}
        rest = [[1] * len(chosen), *(levels[f] for f in others)]
        rest += [
            [a * b for a, b in zip(levels[f], levels[g], strict=True)]
            for f, g in combinations(others, 2)
        ]
        if chosen and all(
            sum(a * b for a, b in zip(levels[factor], column, strict=True)) == 0 for column in rest
        ):
            return chosen
    return []


DESIGNS: Mapping[str, Callable[[Sequence[str]], list[Arm]]] = {
    "one-at-a-time": one_at_a_time,
    "leave-one-out": leave_one_out,
    "fractional": fractional,
    "full": full,
}


def unique(arms: Sequence[Arm]) -> list[Arm]:
    """Returns the arms without repetition, in order."""
    return list(dict.fromkeys(arms))


def label(arm: Arm, factors: Sequence[str]) -> str:
    """Returns a short name for an arm: `none`, `all`, `only_x`, `without_x` or `x+y`."""
    off = [f for f in factors if f not in arm]
    on = [f for f in factors if f in arm]
    if not on:
        return "none"
    if not off:
        return "all"
    if len(on) == 1:
        return f"only_{on[0]}"
    return f"without_{off[0]}" if len(off) == 1 else "+".join(on)


def minimal_fix(factors: Sequence[str], fixes: Callable[[Arm], bool]) -> Arm:
    """Returns a smallest set of factors that fixes the run: delta debugging's ddmin.

    No factor of what it returns can be left out (1-minimal); that needs a clear-cut outcome, for
    each answer is taken as certain. From k factors it asks at most k^2 + 3k times, about
    2 log2(k) times if one factor is to blame (Zeller, Hildebrandt 2002, section 3).

    Args:
        factors: All of them; the run with all of them fixed is taken to be fixed.
        fixes: Whether a run with these factors fixed is well.
    """
    current, pieces = list(factors), 2
    while len(current) >= 2:
        parts = _split(current, pieces)
        candidates = parts + [[f for f in current if f not in part] for part in parts]
        found = next((c for c in candidates if len(c) < len(current) and fixes(Arm(c))), None)
        if found is not None:
            pieces = 2 if found in parts else max(pieces - 1, 2)
            current = found
        elif pieces >= len(current):
            break
        else:
            pieces = min(len(current), 2 * pieces)
    return frozenset(current)


def _split(items: Sequence[str], pieces: int) -> list[list[str]]:
    ends = [round(len(items) * n / pieces) for n in range(pieces + 1)]
    return [list(items[low:high]) for low, high in pairwise(ends) if low < high]
