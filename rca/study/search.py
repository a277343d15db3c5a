"""Searching the smallest set of factors that fixes a run, where the outcome is clear-cut."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from rca.study.combined import arm_means
from rca.study.design import minimal_fix, unique
from rca.study.factors import Arm
from rca.study.study import COLUMNS, MEASURES, Study, run_study
from rca.study.trials import Engine, OnResult

FEWEST = 3
"""Factors from which on a search can be shorter than a design."""
DECIDES = MEASURES[0]


@dataclass(frozen=True)
class Searched:
    """What came of a search.

    Attributes:
        study: With the arms that were run.
        table: Of all its runs.
        said: Sentence on the search for the page; "" where none took place.
    """

    study: Study
    table: pd.DataFrame
    said: str = ""


@dataclass
class _Runs:
    """The arms that were run so far, each once."""

    study: Study
    root: Path
    engine: Engine
    on_result: OnResult
    tables: list[pd.DataFrame] = field(default_factory=list)
    arms: list[Arm] = field(default_factory=list)

    def means(self, wanted: Sequence[Arm]) -> dict[Arm, float]:
        """Returns the mean of what decides by arm, after running those that are new."""
        new = [arm for arm in unique(wanted) if arm not in self.arms]
        if new:
            part = replace(self.study, arms=tuple(new))
            self.tables.append(run_study(part, self.root, self.engine, self.on_result))
            self.arms += new
        return arm_means(self.table(), DECIDES.name)

    def table(self) -> pd.DataFrame:
        return pd.concat(self.tables, ignore_index=True)

    def over(self, said: str = "") -> Searched:
        return Searched(replace(self.study, arms=tuple(self.arms)), self.table(), said)


class _TooManyError(Exception):
    """The search asked for more arms than it may."""


def run_until_fixed(
    study: Study, root: Path, engine: Engine, on_result: OnResult = lambda result: None
) -> Searched:
    """Searches the smallest set of factors that fixes the run, by delta debugging.

    An arm counts as fixed if its mean distance is nearer to the fixed end's than to the failing
    one's. It is tried only where the outcome is clear-cut: on every seed, the fixed end is better
    by more than the margin.
    """
    runs = _Runs(study, root, engine, on_result)
    if not _clear_cut(runs):
        return runs.over(_unclear())
    found = _smallest(runs, math.inf)
    return runs.over(_found(found))


def run_auto(
    study: Study, root: Path, engine: Engine, on_result: OnResult = lambda result: None
) -> Searched:
    """Searches by delta debugging where the outcome is clear-cut, else runs the study's design.

    What the search finds is then fixed and broken alone, each factor of it, so that the verdict
    on it is that of the design. A search that comes to more arms than the design is given up.
    """
    runs = _Runs(study, root, engine, on_result)
    if len(study.names) < FEWEST:
        said = ""
    elif not _clear_cut(runs):
        said = _unclear()
    else:
        try:
            found = _smallest(runs, len(study.arms))
        except _TooManyError:
            said = "Delta debugging came to as many arms as the design has, and was given up."
        else:
            every = frozenset(study.names)
            runs.means([arm for f in sorted(found) for arm in (Arm({f}), every - {f})])
            return runs.over(_found(found))
    runs.means(study.arms)
    return runs.over(said)


def _unclear() -> str:
    return (
        f"The outcome is not clear-cut (the fixed end is not {DECIDES.margin:g} {DECIDES.unit} "
        "better on every seed), so no smallest set was searched."
    )


def _found(found: Arm) -> str:
    return f"Smallest set that fixes the run, by delta debugging: {', '.join(sorted(found))}."


def _smallest(runs: _Runs, most: float) -> Arm:
    """Returns a smallest set that fixes the run.

    Raises:
        _TooManyError: More than `most` arms were needed.
    """
    nothing, everything = Arm(), frozenset(runs.study.names)
    means = runs.means([nothing, everything])
    middle = (means[nothing] + means[everything]) / 2

    def fixes(arm: Arm) -> bool:
        if arm not in runs.arms and len(runs.arms) >= most:
            raise _TooManyError
        return runs.means([arm]).get(arm, -math.inf) > middle

    return minimal_fix(runs.study.names, fixes)


def _clear_cut(runs: _Runs) -> bool:
    """Whether, on every seed, the fixed end is better by more than the margin."""
    nothing, everything = Arm(), frozenset(runs.study.names)
    runs.means([nothing, everything])
    table = runs.table()
    gains = [
        table.loc[table["arm"] == arm].set_index("seed")[COLUMNS[0]]
        for arm in (nothing, everything)
    ]
    apart = (gains[1] - gains[0]).to_numpy(float)
    return bool(np.all(apart > DECIDES.margin))  # a NaN is not above it
