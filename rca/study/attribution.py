"""What each factor did: its effects at both ends and on average, and the verdict on it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import pandas as pd
from scipy import stats

from rca.study.effects import LEVEL, Effect, fitted
from rca.study.factors import Arm

POWER = 0.8
"""Of the number of seeds that a verdict says would decide it (Cohen 1988)."""
MAX_SEEDS = 10_000
"""Number of seeds beyond which "more seeds" is no advice."""


class Answer(StrEnum):
    """What the study says of a factor."""

    CAUSE = "CAUSE"
    """Fixing it in the failing run helps, and breaking it in the fixed run hurts."""
    CONTRIBUTES = "CONTRIBUTES"
    """One of the two, or helps on average over the design."""
    WORSENS = "WORSENS"
    """The fix makes the outcome worse somewhere, and better nowhere."""
    NO_EFFECT = "NO EFFECT"
    """Every interval lies within the margin of equivalence."""
    INCONCLUSIVE = "INCONCLUSIVE"


@dataclass(frozen=True)
class Attribution:
    """What is known of one factor.

    Attributes:
        factor: Its name.
        rescue: Of fixing it alone in the failing end.
        keep: Of keeping it fixed in the fixed end: positive if breaking it hurts.
        main: Averaged over all pairs of arms that differ in it alone, or, where there are none,
            over a balanced fraction.
        answer: The verdict.
        seeds: Of every arm, that would decide it; None if decided, or beyond MAX_SEEDS.
    """

    factor: str
    rescue: Effect
    keep: Effect
    main: Effect
    answer: Answer
    seeds: int | None = None


def attribute(
    table: pd.DataFrame,
    factors: Sequence[str],
    outcome: str,
    margin: float,
    *,
    sign: int = 1,
    context: Arm = frozenset(),
    looks: int = 1,
) -> list[Attribution]:
    """Returns what each factor did, in the order given.

    Args:
        table: See rca/study/effects.py.
        factors: Their names.
        outcome: Column of the table.
        margin: Size of an effect too small to matter, in the outcome's unit.
        sign: +1 if more of the outcome is better, -1 if less is.
        context: Factors besides these that are fixed in every arm looked at; the error is pooled
            over the arms of this context alone.
        looks: Times that the study is judged, this one among them. Each has its share of LEVEL
            (Bonferroni; Jennison and Turnbull 1999, chapter 2), so that all of them together name
            something by chance no oftener than a study that is judged once.
    """
    every = context | set(factors)
    # Only arms of this context: where a defect holds every run at nothing, errors are small.
    model = fitted(table[[context <= arm <= every for arm in table["arm"]]], outcome, sign, looks)
    if model is None:
        return [_judged(f, Effect(), Effect(), Effect(), margin, LEVEL) for f in factors]

    raw = [
        (
            model.difference([(context | {factor}, context)]),
            model.difference([(every, every - {factor})]),
            model.averaged(factor, [f for f in factors if f != factor]),
        )
        for factor in factors
    ]
    ends = _corrected([effect for rescue, keep, _ in raw for effect in (rescue, keep)], looks)
    mains = _corrected([main for _, _, main in raw], looks)
    level = LEVEL / looks / max(1, sum(not math.isnan(effect.p) for effect in ends))
    return [
        _judged(factor, ends[2 * n], ends[2 * n + 1], mains[n], margin, level)
        for n, factor in enumerate(factors)
    ]


def _corrected(effects: Sequence[Effect], looks: int) -> list[Effect]:
    pooled = holm([effect.p for effect in effects], looks)
    own = holm([effect.p_own for effect in effects], looks)
    return [
        replace(effect, p_holm=p_holm, p_own=p_own)
        for effect, p_holm, p_own in zip(effects, pooled, own, strict=True)
    ]


def holm(p: Sequence[float], looks: int = 1) -> list[float]:
    """Returns p values corrected for their number (Holm 1979) and for how often they are looked at.

    NaN stay and do not count.
    """
    order = sorted((n for n, value in enumerate(p) if not math.isnan(value)), key=lambda n: p[n])
    adjusted, largest = [math.nan] * len(p), 0.0
    for rank, n in enumerate(order):
        largest = max(largest, min(1.0, looks * (len(order) - rank) * p[n]))
        adjusted[n] = largest
    return adjusted


def _judged(
    factor: str, rescue: Effect, keep: Effect, main: Effect, margin: float, level: float
) -> Attribution:
    known = [e for e in (rescue, keep) if not math.isnan(e.mean)] or [main]
    if rescue.helps and keep.helps:
        return Attribution(factor, rescue, keep, main, Answer.CAUSE)
    alone = [effect for effect in (rescue, keep, main) if effect.stands]
    if any(effect.mean > 0 for effect in alone):
        return Attribution(factor, rescue, keep, main, Answer.CONTRIBUTES)
    if alone:
        return Attribution(factor, rescue, keep, main, Answer.WORSENS)
    if all(effect.within(margin) for effect in known):
        return Attribution(factor, rescue, keep, main, Answer.NO_EFFECT)
    needed = [seeds_needed(effect, margin, level) for effect in known if not effect.within(margin)]
    decided = max((n for n in needed if n is not None), default=None)
    seeds = None if None in needed else decided
    return Attribution(factor, rescue, keep, main, Answer.INCONCLUSIVE, seeds)


def seeds_needed(effect: Effect, margin: float, level: float = LEVEL) -> int | None:
    """Returns the seeds per arm that would tell this effect from none, or none from the margin.

    With the error measured here, as for two groups of that many (Cohen 1988, section 2.5), at
    POWER: for an effect as large as the margin or larger its own size counts, else the margin.

    Args:
        effect: So far.
        margin: In its unit.
        level: Of the test that is to decide, corrected for the others.

    Returns:
        At least one more than there are; None if nothing is known or it is beyond MAX_SEEDS.
    """
    if not effect.n or math.isnan(effect.error) or not margin:
        return None
    noise = effect.n * (effect.error / max(abs(effect.mean), margin)) ** 2

    def needed(freedom: float) -> float:
        t = stats.t.ppf(1 - level / 2, freedom) + stats.t.ppf(POWER, freedom)
        return noise * float(t) ** 2

    seeds = max(2, math.ceil(needed(math.inf)))
    while seeds <= MAX_SEEDS and seeds < needed(2 * (seeds - 1)):
        seeds += 1
    return max(effect.n + 1, seeds) if seeds <= MAX_SEEDS else None
