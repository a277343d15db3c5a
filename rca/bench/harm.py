"""Which planted faults do harm: a fault whose runs drive like healthy ones is no miss to miss."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from rca.bench.case import Case
from rca.bench.healthy import PLAIN

P = 0.05
EFFECT = 0.5
"""p < 0.05 and |Cohen's d| >= 0.5 make a mutant count (muPRL; signals.md)."""


@dataclass(frozen=True)
class Harm:
    """What a fault does to the distance driven at the last evaluation.

    Attributes:
        difference: Of the means, fault minus healthy, metres; NaN: nothing to compare.
        effect: Cohen's d, pooled standard deviation.
        p: Of the rank sum test, two-sided and exact: distances end at 0 and at the goal, where
            means and their variance say little. NaN: fewer than two runs on a side.
        same: The plain configuration, if its runs of the same seeds end with the very weights, or
            "": what is learned is then not harmed, however far the last evaluation drove.
    """

    difference: float
    effect: float
    p: float
    same: str = ""

    @property
    def counts(self) -> bool:
        """Whether the fault does harm beyond chance."""
        return not self.same and self.p < P and self.effect <= -EFFECT

    @property
    def words(self) -> str:
        """What the outcome says of the fault's harm."""
        if self.same:
            return "none"
        return "unknown" if np.isnan(self.p) else "shown" if self.counts else "not shown"


def harms(cases: Sequence[Case]) -> dict[str, Harm]:
    """Returns what each fault does, against the plain configuration that it is planted in.

    Broken runs and NaN are left out, and so are the other healthy configurations: some drive better
    than the plain one, and a fault without any effect would be worse than their mean.
    """
    sound = [case for case in cases if case.group == PLAIN]
    healthy = _outcomes(sound)
    learned = {(case.seed, case.weights): case.group for case in sound if case.weights}
    faults = dict.fromkeys(case.fault for case in cases if case.fault)
    found = {}
    for fault in faults:
        runs = [case for case in cases if case.fault == fault]
        twins = {learned.get((case.seed, case.weights), "") for case in runs}
        same = twins.pop() if len(twins) == 1 else ""
        found[fault] = replace(_harm(_outcomes(runs), healthy), same=same)
    return found


def hold_for_all(found: Iterable[Harm]) -> tuple[int, int]:
    """Returns how many faults were tested, and how many do harm if that is corrected for.

    By Benjamini and Hochberg (1995), false discovery rate P; the effect must be large as well.
    """
    tested = [harm for harm in found if not harm.same and np.isfinite(harm.p)]
    corrected = stats.false_discovery_control([harm.p for harm in tested]) if tested else ()
    kept = [p < P and harm.effect <= -EFFECT for p, harm in zip(corrected, tested, strict=True)]
    return len(tested), sum(kept)


def _outcomes(cases: Sequence[Case]) -> np.ndarray:
    values = np.array([case.outcome for case in cases if not case.error], float)
    return np.asarray(values[np.isfinite(values)])


def _harm(planted: np.ndarray, healthy: np.ndarray) -> Harm:
    if len(planted) < 2 or len(healthy) < 2:
        return Harm(float("nan"), float("nan"), float("nan"))
    difference = float(planted.mean() - healthy.mean())
    spreads = [
        values.var(ddof=1) * (len(values) - 1) for values in (planted, healthy) if len(values) > 1
    ]
    pooled = float(np.sqrt(sum(spreads) / max(1, len(planted) + len(healthy) - 2)))
    effect = difference / pooled if pooled else float(np.sign(difference)) * np.inf
    return Harm(difference, effect, _p(planted, healthy))


def _p(planted: np.ndarray, healthy: np.ndarray) -> float:
    every = stats.PermutationMethod(rng=np.random.default_rng(0))  # all of them, where few enough
    return float(stats.mannwhitneyu(planted, healthy, method=every).pvalue)
