"""Pure numpy and scipy: modes, change points, tests and effect sizes; arrays in, numbers out.

scipy.stats takes a second to import: it is where it is used.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MODE_WIDTH = 0.25
"""Bandwidth of the density that separates modes, in log units: lengths within 28% are alike."""
MODE_SHARE = 0.01
"""Smallest share of the values that makes a mode; less is called a stray value."""
CHANGE_PENALTY = 4.0
"""Times log(n) per change point. Calibrated on white noise: about 1 series of 100 values in 500
is cut where nothing changed (tests/test_stats.py measures it)."""
MAX_POINTS = 2_000
"""Longer series are reduced to medians of blocks first; the search is quadratic at worst."""
FEW = 8
"""Values on one side below which the rank sum's normal approximation is too coarse."""


@dataclass(frozen=True)
class Mode:
    """A cluster of values.

    Attributes:
        median: Of its values.
        count: Number of values in it.
        share: Of all values, in (0, 1].
    """

    median: float
    count: int
    share: float


def modes(values: Floats) -> list[Mode]:
    """Returns the modes of positive values (episode lengths), the largest first.

    The density of the logarithms is cut at its valleys, so 3 and 1,000 steps are told apart
    whatever the numbers of either.
    """
    usable = values[np.isfinite(values) & (values > 0)]
    if not len(usable):
        return []
    edges = [0.0, *np.exp(_valleys(np.log(usable))), math.inf]
    parts = [usable[(usable > a) & (usable <= b)] for a, b in itertools.pairwise(edges)]
    found = [
        Mode(float(np.median(part)), len(part), len(part) / len(usable))
        for part in parts
        if len(part) >= max(1, MODE_SHARE * len(usable))
    ]
    return sorted(found, key=lambda mode: -mode.count)


def _valleys(logs: Floats) -> Floats:
    """Returns the local minima of the values' density."""
    grid = np.arange(logs.min() - 1, logs.max() + 1, MODE_WIDTH / 5)
    centres, counts = np.unique(logs, return_counts=True)
    if len(centres) > MAX_POINTS:
        counts, borders = np.histogram(logs, bins=MAX_POINTS)
        centres = (borders[1:] + borders[:-1]) / 2
    weight = np.exp(-0.5 * ((grid[:, None] - centres[None, :]) / MODE_WIDTH) ** 2)
    density = weight @ counts
    # A valley must be real: at most half as high as the lower of the peaks beside it.
    inner = np.flatnonzero((density[1:-1] <= density[:-2]) & (density[1:-1] < density[2:])) + 1
    deep = [i for i in inner if density[i] <= 0.5 * min(density[: i + 1].max(), density[i:].max())]
    return np.asarray(grid[deep], dtype=np.float64)


def change_points(values: Floats, min_size: int = 2) -> list[int]:
    """Returns the indices at which the level of a series changes, in order.

    Args:
        values: In order of time; NaN and infinities are left out of the levels. [n]
        min_size: Smallest number of values between two changes.
    """
    if len(values) > MAX_POINTS:
        return _coarse_change_points(values, min_size)
    kept = np.flatnonzero(np.isfinite(values))
    series = values[kept]
    noise = _noise(series)
    if len(series) < 2 * min_size or noise == 0:
        return []
    # Imported here: ruptures pulls in scipy (about a second), and most checks do without.
    from ruptures import KernelCPD

    reach = np.float64(1e6) * noise  # keeps squares finite; so far out one cut is as good as ten
    scaled = (np.clip(series - np.median(series), -reach, reach) / noise).reshape(-1, 1)
    search = KernelCPD(kernel="linear", min_size=min_size).fit(scaled)
    ends: list[int] = search.predict(pen=CHANGE_PENALTY * math.log(len(series)))
    return [int(kept[end]) for end in ends[:-1]]


def _coarse_change_points(values: Floats, min_size: int) -> list[int]:
    size = math.ceil(len(values) / MAX_POINTS)
    blocks = [values[i : i + size] for i in range(0, len(values), size)]
    medians = np.array([_median(block) for block in blocks])
    return [point * size for point in change_points(medians, min_size)]


def _finite(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def _median(values: Floats) -> float:
    finite = _finite(values)
    return float(np.median(finite)) if len(finite) else math.nan


def _noise(series: Floats) -> float:
    """Returns the spread around a level that may jump: from differences of neighbours."""
    if len(series) < 2:
        return 0.0
    steps = np.abs(np.diff(series))
    robust = float(np.median(steps)) / 0.9539  # median abs(difference) of two standard normals
    # Where most neighbours are equal the median is 0; the mean still sees the others.
    return robust or float(np.mean(steps)) / 1.1284


@dataclass(frozen=True)
class Shift:
    """A change of level in a series.

    Attributes:
        index: Of the first value after it.
        before: Median of the values since the change before.
        after: Median of the values until the next change.
        p: Of the two stretches being alike, at most 1; corrected for the number of places to cut
            at.
        fewest: Number of values in the shorter of the two stretches.
    """

    index: int
    before: float
    after: float
    p: float
    fewest: int


def possible_shifts(values: Floats, min_size: int = 2) -> list[Shift]:
    """Returns the changes of level as they look, whether or not chance explains them, in order."""
    cuts = change_points(values, min_size)
    return [_shift(values, cuts, place) for place in range(len(cuts))]


def shifts(values: Floats, min_size: int = 2, level: float = 0.01) -> list[Shift]:
    """Returns the changes of level that chance does not explain, in order.

    Args:
        values: In order of time; NaN is left out. [n]
        min_size: Smallest number of values between two changes.
        level: Largest corrected p value (rank-sum test of neighbouring stretches).
    """
    cuts = change_points(values, min_size)
    found = [_shift(values, cuts, place) for place in range(len(cuts))]
    while found:
        weakest = max(range(len(found)), key=lambda place: found[place].p)
        if found[weakest].p <= level:
            break
        # Its two stretches are one from here on, so its neighbours are judged anew.
        del cuts[weakest], found[weakest]
        for place in range(max(0, weakest - 1), min(weakest + 1, len(cuts))):
            found[place] = _shift(values, cuts, place)
    return found


def _shift(values: Floats, cuts: list[int], place: int) -> Shift:
    start, middle, end = [0, *cuts, len(values)][place : place + 3]
    before, after = _finite(values[start:middle]), _finite(values[middle:end])
    p = 2 * smaller_p(*sorted((before, after), key=_median)) * len(values)
    p = 1.0 if math.isnan(p) else min(1.0, p)
    return Shift(middle, _median(before), _median(after), p, min(len(before), len(after)))


def smaller_p(a: Floats, b: Floats) -> float:
    """Returns the p value of "a tends to be smaller than b", one-sided (Mann-Whitney U)."""
    if not len(a) or not len(b):
        return math.nan
    if min(len(a), len(b)) < FEW:
        return _extreme_p(a, b)
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(a, b, alternative="less", method="asymptotic").pvalue)


def _extreme_p(a: Floats, b: Floats) -> float:
    """Returns the chance that the smaller sample lies as far at its end as it does.

    Exact with ties too, where the rank sum's normal approximation cannot reach small p values.
    """
    every, small = np.concatenate([a, b]), min(len(a), len(b))
    beside = np.sum(every <= a.max()) if len(a) == small else np.sum(every >= b.min())
    return math.comb(int(beside), small) / math.comb(len(every), small)


def mean_ratio_p(
    ratio: float, num: int, values: Floats, rng: np.random.Generator, draws: int = 10_000
) -> float:
    """Returns the p value of two means of positive values being a factor apart by chance.

    The null is a bootstrap: pairs of means, each of `num` values drawn from `values` with
    replacement. Only their ratio is compared, so the spread counts and the level does not.

    Args:
        ratio: The larger mean over the smaller one, at least 1; NaN gives NaN.
        num: Values in each mean.
        values: What such values look like where nothing changed; empty gives NaN. [n]
        rng: Source of the draws.
        draws: Pairs drawn; the smallest p is 1 / (draws + 1).
    """
    if math.isnan(ratio) or not len(values) or num < 1:
        return math.nan
    sums = np.zeros((draws, 2))
    for _ in range(num):
        sums += rng.choice(values, size=(draws, 2))
    beyond = int(np.sum(sums.max(axis=1) >= ratio * sums.min(axis=1)))
    return (1 + beyond) / (1 + draws)


def trend_p(values: Floats) -> float:
    """Returns the p value of "the series rises" (Kendall's tau against time, one-sided)."""
    if len(values) < 3 or np.ptp(values) == 0:
        return math.nan
    from scipy.stats import kendalltau

    return float(kendalltau(np.arange(len(values)), values, alternative="greater").pvalue)


def at_least_p(hits: int, draws: int, share: float) -> float:
    """Returns the p value of "more than a share of draws are hits" (binomial, one-sided)."""
    from scipy.stats import binom

    return float(binom.sf(hits - 1, draws, share))


def iqm(values: Floats) -> float:
    """Returns the interquartile mean (Agarwal et al. 2021): of the middle half of all values."""
    from scipy.stats import trim_mean

    return float(trim_mean(np.asarray(values, float).ravel(), 0.25))


def stratified_interval(
    values: Floats, rng: np.random.Generator, draws: int = 2000
) -> tuple[float, float]:
    """Returns the 95% interval of the IQM by stratified bootstrap (Agarwal et al. 2021).

    Args:
        values: Runs in rows, tasks or arms in columns; runs are drawn anew within each column.
        rng: Decides the draws.
        draws: How many.
    """
    picks = rng.integers(len(values), size=(draws, *values.shape))
    found = [iqm(np.take_along_axis(values, pick, axis=0)) for pick in picks]
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)
