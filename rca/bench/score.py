"""Scores of a detective: does it name the planted cause, and is it as sure as it is right?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from rca.bench.case import ACCUSED, Case

Floats = NDArray[np.float64]

BINS = 10
"""Of the calibration error, as in Guo et al. 2017, of equal width."""
DRAWS = 1000
"""Of a bootstrap."""


@dataclass(frozen=True)
class Scores:
    """Shares in [0, 1]; NaN where nothing was there to score. MEANING says what each is."""

    top_1: float
    top_1_strict: float
    top_3: float
    accused_rightly: float
    precision: float
    precision_of_all: float
    precision_unexcused: float
    false_alarms: float
    brier: float
    brier_skill: float
    calibration_error: float
    calibration_error_first: float


MEANING = {
    "top_1": "faulty runs whose first cause is a right answer, however sure it is",
    "top_1_strict": "the same, if only the first of several right answers counts",
    "top_3": "faulty runs with a right answer among the first three",
    "accused_rightly": "faulty runs whose first cause is a right answer *and* stated as more "
    "likely than not",
    "precision": "runs with an accusation, faulty and healthy, whose first cause is right",
    "precision_of_all": "accusations, all of all runs, that are right; what follows from a fault, "
    "such as a saturated actor, counts as wrong unless the diagnosis says that it follows from "
    "another cause and accuses a right one beside it",
    "precision_unexcused": "the same if nothing is excused, as every other tool is scored",
    "false_alarms": "healthy runs that are accused of anything",
    "brier": "mean squared error of the probabilities of every cause named in every run",
    "brier_skill": "1 less the squared error over every cause and run, one that is not named at a "
    "probability of 0, over that of stating each cause's share of these runs: 100% is perfect, 0% "
    "no better than the shares; of several right answers the first is the planted one and the "
    "others are left out",
    "calibration_error": "expected calibration error of the same (Guo et al. 2017, ten bins); most "
    "of them are small and right",
    "calibration_error_first": "the same of the first cause of each run alone",
}
"""What each score is; "accused" is stated as more likely than not."""
OF_PROBABILITIES = (
    *("precision_of_all", "precision_unexcused", "brier", "brier_skill"),
    *("calibration_error", "calibration_error_first"),
)
"""Scores that a detective who states no probabilities has not: it names alternatives, and which of
them it would accuse is not known."""


def score(cases: Sequence[Case]) -> Scores:
    """Returns the scores of readable cases."""
    read = [case for case in cases if not case.error]
    faulty = [case for case in read if case.fault]
    healthy = [case for case in read if not case.fault]
    accused = [case for case in read if _accused(case)]
    probabilities, right = _stated(read)
    first, first_right = _stated(read, 1)
    return Scores(
        top_1=_share([case.rank == 1 for case in faulty]),
        top_1_strict=_share([_first(case) == case.truth[0] for case in faulty]),
        top_3=_share([case.rank is not None and case.rank <= 3 for case in faulty]),
        accused_rightly=_share([case.rank == 1 and _accused(case) for case in faulty]),
        precision=_share([case.rank == 1 for case in accused]),
        precision_of_all=_share([c in case.truth for case in accused for c in case.accused]),
        precision_unexcused=_share([c in case.truth for case in accused for c in case.likely]),
        false_alarms=_share([_accused(case) for case in healthy]),
        brier=float(np.mean((probabilities - right) ** 2)) if len(right) else float("nan"),
        brier_skill=_skill(read),
        calibration_error=calibration_error(probabilities, right),
        calibration_error_first=calibration_error(first, first_right),
    )


def _skill(cases: Sequence[Case]) -> float:
    planted = Counter(case.truth[0] for case in cases if case.truth)
    shares = [count / len(cases) for count in planted.values()]
    plain = sum(share * (1 - share) for share in shares) * len(cases)
    return 1 - sum(map(_squares, cases)) / plain if plain else float("nan")


def _squares(case: Case) -> float:
    """Returns the squared error over all causes, without the right answers behind the first."""
    planted, others = case.truth[:1], case.truth[1:]
    said = dict(case.ranking)
    found = sum((p - (cause in planted)) ** 2 for cause, p in said.items() if cause not in others)
    return found + sum(cause not in said for cause in planted)


def _first(case: Case) -> str | None:
    return case.ranking[0][0] if case.ranking else None


def _stated(cases: Sequence[Case], most: int | None = None) -> tuple[Floats, Floats]:
    """Returns the stated probabilities, the first of each case, and 1 where the cause is right."""
    said = [(p, cause in case.truth) for case in cases for cause, p in case.ranking[:most]]
    return np.array([p for p, _ in said]), np.array([is_right for _, is_right in said], float)


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
    return [replace(case, ranking=said, follows=()) for case in cases]


def rivals(cases: Sequence[Case]) -> list[Case]:
    """Returns the cases as RLDebugger's rules see them."""
    return [replace(case, ranking=case.rival, follows=()) for case in cases]


def settings_alone(cases: Sequence[Case]) -> list[Case]:
    """Returns the cases as they are seen by who reads nothing but their settings."""
    return [replace(case, ranking=case.by_settings, follows=()) for case in cases]


def watched(cases: Sequence[Case]) -> list[Case]:
    """Returns the cases as they would be seen in somebody else's trainer that is watched."""
    return [replace(case, ranking=case.watched, follows=()) for case in cases]


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
    cases: Sequence[Case], rng: np.random.Generator, draws: int = DRAWS
) -> dict[str, tuple[float, float]]:
    """Returns the 95% bootstrap interval of every score by its name (percentiles).

    Faults and healthy configurations are drawn with all their seeds. The seeds of one fault are
    alike, and drawn as if each were a fault of its own they would make the interval too narrow;
    drawn once more within each fault, their scatter would count twice.
    """
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
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


def calibration_curve(
    cases: Sequence[Case], most: int | None = None
) -> list[tuple[float, float, int]]:
    """Returns mean stated probability, share of hits and number, of each bin that is not empty.

    Args:
        cases: Broken ones are left out.
        most: Causes of each case that count, from the first on; all if None.
    """
    probabilities, right = _stated([case for case in cases if not case.error], most)
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    return [
        (float(probabilities[bins == b].mean()), float(right[bins == b].mean()), int(n))
        for b, n in zip(*np.unique(bins, return_counts=True), strict=True)
    ]
