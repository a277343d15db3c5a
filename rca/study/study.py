"""A study: arms x seeds from a failing to a fixed configuration, and what each factor did."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from rca.errors import RcaError
from rca.runs.load import load_run
from rca.runs.record import RunRecord
from rca.study.attribution import Attribution, attribute
from rca.study.design import label
from rca.study.factors import Arm, End, Factor, end_of
from rca.study.trials import (
    Engine,
    OnResult,
    Trial,
    TrialResult,
    alone_in,
    lasted,
    standing_in,
)


@dataclass(frozen=True)
class Measure:
    """An outcome of a run.

    Attributes:
        name: Column of the table.
        unit: For tables.
        sign: +1 if more is better, -1 if less is.
        read: Takes it from a run; NaN if it was not measured.
        margin: Size of an effect too small to matter, in its unit.
    """

    name: str
    unit: str
    sign: int
    read: Callable[[RunRecord], float]
    margin: float


LATE = 0.8
"""Share of the steps up to the last evaluation from which evaluations count: a policy that learns
gets worse and better again between two (147, 60, 145 m, 250 updates apart, in a healthy run of
`quick`). `budget.eval_every` and `eval_from` decide how many these are."""


def _late(column: str) -> Callable[[RunRecord], float]:
    def read(run: RunRecord) -> float:
        steps = run.evaluations["step"]
        return float(run.evaluations.loc[steps >= LATE * steps.max(), column].mean())

    return read


def _signal(name: str) -> Callable[[RunRecord], float]:
    def read(run: RunRecord) -> float:
        found = run.signals.get(name)
        return abs(found.tail(0.1).median()) if found is not None and len(found) else math.nan

    return read


MEASURES = (
    Measure("distance", "m", 1, _late("mean_distance"), 15.0),
    Measure("success", "share", 1, _late("success_rate"), 0.1),
    Measure("return", "reward", 1, _late("mean_return"), 1.5),
    Measure("length", "steps", 1, _late("mean_length"), 30.0),
    Measure("value_bias", "1", -1, _signal("critic/value_bias"), 0.25),
    Measure("saturation", "share", -1, _signal("actor/saturation"), 0.1),
)
"""Means of the evaluations in the last fifth of a run, without exploration noise, on held-out
routes; the first decides.

Margins: a tenth of a route (150 m, its reward of 15, the 300 steps that it takes at 10 m/s; success
and saturation are shares), a quarter of the return for the bias. Distance decides because it means
the same whatever the reward is; the return does not where the reward is a factor."""
COLUMNS = tuple(measure.name for measure in MEASURES)
SECONDS = "seconds"
"""Column of the time from the start of a run's process to its end."""
LONGEST = 100
"""Characters of an arm's name in its folder's; file systems allow 255 with all that is added."""
ITSELF = " itself"
"""Behind a context's name: the effect of removing that defect."""


@dataclass(frozen=True)
class Study:
    """What is to be found out.

    Attributes:
        name: For titles and folders.
        before: The failing end.
        factors: In which the fixed end differs.
        arms: Sets of factors that are fixed together, each run on every seed.
        seeds: The same in every arm.
        contexts: Further starting points by name: factors fixed from the start, while the rest
            is studied; the unnamed one is every run with nothing fixed. One named after a factor
            has every such factor fixed but that.
        question: One line for the report.
        looks: Numbers of seeds at which it is judged, rising, planned before the first run; empty:
            once, at all seeds.
    """

    name: str
    before: End
    factors: tuple[Factor, ...]
    arms: tuple[Arm, ...]
    seeds: tuple[int, ...]
    contexts: Mapping[str, Arm] = field(default_factory=lambda: {"": Arm()})
    question: str = ""
    looks: tuple[int, ...] = ()

    @property
    def names(self) -> list[str]:
        """The factors' names."""
        return [factor.name for factor in self.factors]

    @property
    def times(self) -> int:
        """How often it is judged, at most."""
        return max(1, len(self.looks))

    def studied(self, context: str) -> list[str]:
        """Returns the factors that vary inside a context: those in none of the contexts' sets."""
        fixed = frozenset().union(*self.contexts.values())
        return [name for name in self.names if name not in fixed] if context else self.names

    def trials(self) -> list[Trial]:
        """Returns the runs, seed by seed: stopped early, a study has whole seeds."""
        return [self.trial(arm, seed) for seed in self.seeds for arm in self.arms]

    def trial(self, arm: Arm, seed: int) -> Trial:
        """Returns the run of an arm on a seed."""
        end = end_of(self.before, self.factors, arm)
        budget = end.config.budget.model_copy(update={"seed": seed})
        config = end.config.model_copy(update={"budget": budget})
        return Trial(f"{_short(label(arm, self.names))}-s{seed}", config, end.faults)


def _short(name: str) -> str:
    """Returns a name that a folder can bear, still its own: long labels begin alike."""
    if len(name) <= LONGEST:
        return name
    return f"{name[:LONGEST]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def nothing_to_explain(study: Study, table: pd.DataFrame) -> str:
    """Returns a sentence if the fixed end drives no farther than the failing one, else "".

    By the means of the first measure and its margin; not asked of a study with starting points of
    its own, where that is an answer.
    """
    measure, known = MEASURES[0], table[table["error"] == ""]
    ends = (Arm(), Arm(study.names))
    runs = [known.loc[known["arm"] == arm, measure.name].dropna() for arm in ends]
    if len(study.contexts) > 1 or not all(map(len, runs)):
        return ""
    failing, fixed = (float(values.mean()) for values in runs)
    if measure.sign * (fixed - failing) >= measure.margin:
        return ""
    return (
        f"The two ends do not part: mean {measure.name} {fixed:,.1f} {measure.unit} fixed against "
        f"{failing:,.1f} failing, where a gain below {measure.margin:g} counts as none. So the "
        "whole set of fixes mends nothing here; longer runs or more seeds may part the ends."
    )


def run_study(
    study: Study, root: Path, engine: Engine, on_result: OnResult = lambda result: None
) -> pd.DataFrame:
    """Runs what is not finished in the folder and returns the table of all runs.

    Finished runs are kept whatever becomes of the rest: run again with more seeds, arms or factors,
    only the new ones take time, for a run is known by its settings and faults, not by its name.

    Raises:
        UsageError: Another study runs in the folder.
    """
    trials = study.trials()
    with alone_in(root):
        standing = standing_in(trials, root)
        there = {n: standing[t.key] for n, t in enumerate(trials) if t.key in standing}
        results = {n: TrialResult(trials[n], folder) for n, folder in there.items()}
        for result in results.values():
            on_result(result)
        missing = [n for n in range(len(trials)) if n not in there]
        found = engine([trials[n] for n in missing], root, on_result)
        results.update(zip(missing, found, strict=True))
    return table_of(study, [results[n] for n in range(len(trials))])


def table_of(study: Study, results: Sequence[TrialResult]) -> pd.DataFrame:
    """Returns a row per run: arm, label, seed, outcomes, seconds, error, folder; NaN: unknown."""
    keys = [(arm, seed) for seed in study.seeds for arm in study.arms]
    rows = [
        {"arm": arm, "label": label(arm, study.names), "seed": seed, **_measured(result)}
        for (arm, seed), result in zip(keys, results, strict=True)
    ]
    return pd.DataFrame(rows)


def _measured(result: TrialResult) -> dict[str, object]:
    missing = dict.fromkeys((*COLUMNS, SECONDS), math.nan)
    if result.error:
        return {**missing, "error": result.error, "folder": result.folder.name}
    try:
        run = load_run(result.folder)
    except RcaError as error:
        return {**missing, "error": str(error), "folder": result.folder.name}
    values = {measure.name: measure.read(run) for measure in MEASURES}
    return {**values, SECONDS: lasted(result.folder), "error": "", "folder": result.folder.name}


def analysed(
    study: Study, table: pd.DataFrame, measure: Measure, context: str = ""
) -> list[Attribution]:
    """Returns what each factor did to one outcome, starting from a context.

    Last, where the context is a defect, what removing the defect itself does there.
    """

    def over(factors: Sequence[str]) -> list[Attribution]:
        found = study.contexts[context]
        return attribute(
            table,
            factors,
            measure.name,
            measure.margin,
            sign=measure.sign,
            context=found,
            looks=study.times,
        )

    factors = study.studied(context)
    if context not in study.names or context in factors:
        return over(factors)
    itself = over([*factors, context])[-1]
    return [*over(factors), replace(itself, factor=f"{context}{ITSELF}")]
