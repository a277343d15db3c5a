"""Which planted faults do harm: a fault whose runs drive like healthy ones is no miss to miss."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from rca.bench.healthy import drives_elsewhere
from rca.bench.score import Case

P = 0.05
EFFECT = 0.5
"""p < 0.05 and |Cohen's d| >= 0.5 make a mutant count (muPRL; signals.md)."""


@dataclass(frozen=True)
class Harm:
    """What a fault does to the distance driven at the last evaluation.

    Attributes:
        difference: Of the means, fault minus healthy, metres; NaN: nothing to compare.
        effect: Cohen's d, pooled standard deviation.
        p: Of Welch's t-test, two-sided.
    """

    difference: float
    effect: float
    p: float

    @property
    def counts(self) -> bool:
        """Whether the fault does harm beyond chance."""
        return self.p < P and self.effect <= -EFFECT


def harms(cases: Sequence[Case]) -> dict[str, Harm]:
    """Returns what each fault does, against the healthy runs of the same task.

    Broken runs and NaN are left out, and so are healthy runs on other maps, among other cars, with
    other pictures or shorter episodes.
    """
    sound = [case for case in cases if not case.fault and not drives_elsewhere(case.name)]
    healthy = _outcomes(sound)
    faults = dict.fromkeys(case.fault for case in cases if case.fault)
    return {
        fault: _harm(_outcomes([case for case in cases if case.fault == fault]), healthy)
        for fault in faults
    }


def _outcomes(cases: Sequence[Case]) -> np.ndarray:
    values = np.array([case.outcome for case in cases if not case.error], float)
    return np.asarray(values[np.isfinite(values)])


def _harm(planted: np.ndarray, healthy: np.ndarray) -> Harm:
    if not len(planted) or len(healthy) < 2:
        return Harm(float("nan"), float("nan"), float("nan"))
    difference = float(planted.mean() - healthy.mean())
    spreads = [
        values.var(ddof=1) * (len(values) - 1) for values in (planted, healthy) if len(values) > 1
    ]
    pooled = float(np.sqrt(sum(spreads) / max(1, len(planted) + len(healthy) - 2)))
    effect = difference / pooled if pooled else float(np.sign(difference)) * np.inf
    return Harm(difference, effect, _p(planted, healthy))


def _p(planted: np.ndarray, healthy: np.ndarray) -> float:
    if len(planted) > 1 and planted.var() > 0:
        return float(stats.ttest_ind(planted, healthy, equal_var=False).pvalue)
    # one run, or runs that are all alike: is it an outlier among the healthy ones (Student's t)?
    n = len(healthy)
    error = float(healthy.std(ddof=1)) * float(np.sqrt(1 + 1 / n))
    if not error:
        return float(planted.mean() == healthy.mean())
    return float(2 * stats.t.sf(abs(planted.mean() - healthy.mean()) / error, n - 1))
