"""Scores of a detective: does it name the planted cause, and is it as sure as it is right?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

ACCUSED = 0.5
"""Probability from which a cause counts as accused: more likely than not."""
BINS = 10
"""Of the calibration error, as in Guo et al. 2017, of equal width."""


@dataclass(frozen=True)
class Case:
    """A recording with known truth, and what was said of it.

    Attributes:
        name: Of the run.
        fault: Planted, "" in a healthy run.
        truth: Causes of which any one is a right answer; empty in a healthy run.
        ranking: Causes with their probability, the first the likeliest.
        outcome: Mean distance of the last evaluation, metres; NaN: none.
        error: Why it could not be run or read, else "".
        seed: Of the run.
        delay: Steps from the moment at which the right cause can act to its first sign that has
            a place in time; NaN if it is not named or no sign has one.
        rival: What RLDebugger's rules say of the same recording.
        start: Mean distance of the evaluation before the first update, metres; NaN: none.
        silent: Checks that the fault names and that accuse nothing in this run.
    """

    name: str
    fault: str
    truth: tuple[str, ...]
    ranking: tuple[tuple[str, float], ...]
    outcome: float = float("nan")
    error: str = ""
    seed: int = 0
    delay: float = float("nan")
    rival: tuple[tuple[str, float], ...] = ()
    start: float = float("nan")
    silent: tuple[str, ...] = ()

    @property
    def rank(self) -> int | None:
        """The place of the first right cause, from 1; None if it is not named."""
        places = [n for n, (cause, _) in enumerate(self.ranking, 1) if cause in self.truth]
        return places[0] if places else None


@dataclass(frozen=True)
class Scores:
    """Shares in [0, 1]; NaN where nothing was there to score.

    Attributes:
        top_1: Faulty runs whose first cause is right.
        top_3: Faulty runs with a right cause among the first three.
        precision: Accused faulty and healthy runs whose first cause is right.
        accused_rightly: Faulty runs whose first cause is right and at least ACCUSED.
        false_alarms: Healthy runs that are accused.
        brier: Mean squared error of the probabilities, over every cause named in every run.
        calibration_error: Expected calibration error of the same (Guo et al. 2017).
    """

    top_1: float
    top_3: float
    precision: float
    accused_rightly: float
    false_alarms: float
    brier: float
    calibration_error: float


def score(cases: Sequence[Case]) -> Scores:
    """Returns the scores of readable cases."""
    read = [case for case in cases if not case.error]
    faulty = [case for case in read if case.fault]
    healthy = [case for case in read if not case.fault]
    accused = [case for case in read if _accused(case)]
    said = [(p, cause in case.truth) for case in read for cause, p in case.ranking]
    probabilities = np.array([p for p, _ in said])
    right = np.array([is_right for _, is_right in said], dtype=float)
    return Scores(
        top_1=_share([case.rank == 1 for case in faulty]),
        top_3=_share([case.rank is not None and case.rank <= 3 for case in faulty]),
        precision=_share([case.rank == 1 for case in accused]),
        accused_rightly=_share([case.rank == 1 and _accused(case) for case in faulty]),
        false_alarms=_share([_accused(case) for case in healthy]),
        brier=float(np.mean((probabilities - right) ** 2)) if said else float("nan"),
        calibration_error=calibration_error(probabilities, right),
    )


def _accused(case: Case) -> bool:
    return bool(case.ranking) and case.ranking[0][1] >= ACCUSED


def _share(hits: Sequence[bool]) -> float:
    return float(np.mean(hits)) if hits else float("nan")


def calibration_error(probabilities: np.ndarray, right: np.ndarray) -> float:
    """Returns the mean distance of stated probability and share of hits, weighted by bin size.

    Args:
        probabilities: Stated, in [0, 1]. [n]
        right: 1 where what was stated is so, else 0. [n]
    """
    if not len(probabilities):
        return float("nan")
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    distances = [
        np.abs(probabilities[bins == b].mean() - right[bins == b].mean()) * np.mean(bins == b)
        for b in np.unique(bins)
    ]
    return float(np.sum(distances))


def always(cases: Sequence[Case], ranking: Sequence[str]) -> list[Case]:
    """Returns the cases as a detective sees them who says the same of every run."""
    said = tuple((cause, 1.0) for cause in ranking)
    return [replace(case, ranking=said) for case in cases]


def rivals(cases: Sequence[Case]) -> list[Case]:
    """Returns the cases as RLDebugger's rules see them."""
    return [replace(case, ranking=case.rival) for case in cases]


def most_frequent(cases: Sequence[Case]) -> list[str]:
    """Returns causes by the number of faults that plant them; at equal numbers by name."""
    counts: dict[str, int] = {}
    for case in cases:
        for cause in case.truth:
            counts[cause] = counts.get(cause, 0) + 1
    return sorted(counts, key=lambda cause: (-counts[cause], cause))


def at_random(
    cases: Sequence[Case], causes: Sequence[str], rng: np.random.Generator, draws: int = 200
) -> Mapping[str, float]:
    """Returns the mean top-1 and top-3 recall of random rankings; empty without a fault."""
    scores = [
        score(always([case], [causes[i] for i in rng.permutation(len(causes))]))
        for _ in range(draws)
        for case in cases
        if case.fault and not case.error
    ]
    if not scores:
        return {}
    return {
        "top_1": float(np.mean([s.top_1 for s in scores])),
        "top_3": float(np.mean([s.top_3 for s in scores])),
    }


def intervals(
    cases: Sequence[Case], rng: np.random.Generator, draws: int = 1000
) -> dict[str, tuple[float, float]]:
    """Returns the 95% bootstrap interval of every score by its name (percentiles).

    Faults and healthy configurations are drawn with all their seeds. The seeds of one fault are
    alike, and drawn as if each were a fault of its own they would make the interval too narrow;
    drawn once more within each fault, their scatter would count twice.
    """
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.name.rsplit("-", 1)[0], []).append(case)
    members = list(groups.values())
    picks = rng.integers(len(members), size=(draws, len(members)))
    scores = [score([c for i in pick for c in members[i]]) for pick in picks]
    return {
        field.name: _middle(np.array([getattr(one, field.name) for one in scores]))
        for field in fields(Scores)
    }


def _middle(values: NDArray[np.float64]) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
    return float(low), float(high)


def calibration_curve(cases: Sequence[Case]) -> list[tuple[float, float, int]]:
    """Returns mean stated probability, share of hits and number, of each bin that is not empty."""
    said = [(p, c in case.truth) for case in cases if not case.error for c, p in case.ranking]
    probabilities = np.array([p for p, _ in said])
    right = np.array([is_right for _, is_right in said], float)
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    return [
        (float(probabilities[bins == b].mean()), float(right[bins == b].mean()), int(n))
        for b, n in zip(*np.unique(bins, return_counts=True), strict=True)
    ]
