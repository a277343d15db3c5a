"""The page of a study: README.md, effects.png, outcomes.csv and study.json."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rca.stats import iqm, stratified_interval
from rca.study.attribution import Answer, Attribution
from rca.study.combined import ablation_path, arm_means, interactions, shapley
from rca.study.design import label
from rca.study.effects import LEVEL, Effect
from rca.study.figure import draw, finding
from rca.study.glance import matrix, signed, titles, without_trace
from rca.study.saved import save
from rca.study.search import Searched
from rca.study.study import COLUMNS, MEASURES, SECONDS, Study, analysed, nothing_to_explain

MEANING = {
    Answer.CAUSE: "fixed alone it helps the failing run, broken alone it hurts the fixed one",
    Answer.CONTRIBUTES: "it helps at one of the two ends, or on average",
    Answer.WORSENS: "the fix makes it worse",
    Answer.NO_EFFECT: "every interval lies within the margin",
    Answer.INCONCLUSIVE: "these seeds cannot tell",
}
DIGITS = (1, 2, 1, 0, 2, 2)
"""After the point, by outcome."""
MOST_ARMS = 20
"""Arms up to which each has a row on the page."""
ENOUGH_SEEDS = 20
"""Runs of an arm from which on bootstrap intervals hold (Agarwal et al. 2021, section 4.1)."""


def write_study(found: Searched, folder: Path, how: str) -> Path:
    """Writes the study's page and data; returns the page.

    Args:
        found: What was run (`run_auto`, `run_until_fixed`, `saved`).
        folder: Made if it is not there.
        how: The command that made the runs, for the page.
    """
    study, table = found.study, found.table
    folder.mkdir(parents=True, exist_ok=True)
    answers = {name: analysed(study, table, MEASURES[0], name) for name in study.contexts}
    save(found, answers, folder, how)
    draw(answers, MEASURES[0], folder / "effects.png", titles(study))
    lines = [
        *_head(found, answers),
        *matrix(study, table, answers),
        "![What each fix did to the distance driven, by starting point](effects.png)",
        "",
        *_verdicts(study, answers),
        *_every_outcome(study, table),
        *_factors(study),
        *_arms(study, table),
        *_structure(study, table),
        *_data(table, how),
    ]
    page = folder / "README.md"
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return page


def _head(found: Searched, answers: dict[str, list[Attribution]]) -> list[str]:
    """The verdict first, then what it rests on."""
    study, table = found.study, found.table
    given = Counter(item.answer for items in answers.values() for item in items)
    counts = ", ".join(f"{given[answer]} {answer}" for answer in Answer if given[answer])
    steps = study.before.config.budget.steps
    lines = [f"# Study: {study.name}", "", f"**{finding(answers)}.**", ""]
    hollow = nothing_to_explain(study, table)
    lines += [f"**{hollow}**", ""] if hollow else []
    lines += [study.question, ""] if study.question else []
    lines += [
        f"It rests on {len(table)} runs of {steps:,} steps: {len(study.arms)} arms, each on seeds "
        f"{', '.join(map(str, study.seeds))}. Verdicts: {counts}.",
        "",
    ]
    for name, items in answers.items():
        none = [item.factor for item in items if item.answer == Answer.NO_EFFECT]
        where = f" from {name}" if name else ""
        if none:
            lines += [f"Shown to have no effect{where}: {', '.join(none)}.", ""]
    lines += [found.said, ""] if found.said else []
    failed = table[table["error"] != ""]
    if len(failed):
        names = "; ".join(f"{row.folder}: {row.error}" for row in failed.itertuples())
        lines += [f"**Not finished, left out: {names}**", ""]
    for name in without_trace(study, table):
        lines += [f"Runs with {name} came out exactly as without: it changes nothing here.", ""]
    return lines


def _gain(effect: Effect, digits: int) -> str:
    if math.isnan(effect.mean):
        return "-"
    words = signed(effect.mean, digits)
    half = effect.high - effect.mean
    words += "" if math.isnan(half) else f" ± {half:.{digits}f}"
    return f"**{words}**" if effect.stands else words


def _verdicts(study: Study, answers: dict[str, list[Attribution]]) -> list[str]:
    measure, looks = MEASURES[0], study.times
    lines = [
        "## What each factor did",
        "",
        f"To the mean {measure.name} of the evaluations in the last fifth of a run, "
        f"{measure.unit}; positive helps. "
        f"Intervals at {100 * (1 - LEVEL / looks):.3g}%, verdicts after Holm's correction"
        f"{f' and that for {looks} looks' if study.looks else ''}; equivalent means within "
        f"{measure.margin:g} {measure.unit}.",
        "",
        *(f"- **{answer}**: {meaning}." for answer, meaning in MEANING.items()),
        "",
    ]
    for context, found in answers.items():
        if context:
            lines += [f"### Starting from {titles(study)[context]}", ""]
        lines += [
            "| factor | verdict | fixing it alone in the failing run | keeping it in the fixed run "
            "| on average |",
            "|---|---|---:|---:|---:|",
        ]
        for item in found:
            effects = (_shown(effect) for effect in (item.rescue, item.keep, item.main))
            lines.append(f"| {item.factor} | {_answer(item)} | {' | '.join(effects)} |")
        lines.append("")
    return lines


def _answer(item: Attribution) -> str:
    if item.answer != Answer.INCONCLUSIVE:
        return f"**{item.answer}**"
    return f"{item.answer}" + (f"; {item.seeds} seeds would decide" if item.seeds else "")


def _shown(effect: Effect) -> str:
    if math.isnan(effect.mean) or math.isnan(effect.low):
        return signed(effect.mean) + ", no interval" * (not math.isnan(effect.mean))
    return f"{signed(effect.mean)} ({signed(effect.low)} to {signed(effect.high)})"


def _factors(study: Study) -> list[str]:
    lines = [
        "## The factors",
        "",
        "| factor | failing end | fixed end | note |",
        "|---|---|---|---|",
    ]
    for factor in study.factors:
        before, after = factor.levels()
        lines.append(f"| {factor.name} | {before} | {after} | {factor.note} |")
    return [*lines, ""]


def _every_outcome(study: Study, table: pd.DataFrame) -> list[str]:
    """What fixing each factor alone did to each outcome, a table per starting point."""
    lines = [
        "## Every outcome",
        "",
        "What fixing it alone did in the failing run (on average over the design where that was "
        f"not run), ± half of its interval at {100 * (1 - LEVEL / study.times):.3g}%; positive "
        "helps, so less bias and less saturation are positive. In bold what is "
        "more than chance within its outcome; six outcomes give chance six tries, and "
        f"{MEASURES[0].name} alone decides.",
        "",
    ]
    heads = " | ".join(f"{m.name} [{m.unit}]" for m in MEASURES)
    for context in study.contexts:
        lines += [f"| {f'from {context}' if context else 'factor'} | {heads} |"]
        lines += ["|---|" + "---:|" * len(MEASURES)]
        columns = [analysed(study, table, measure, context) for measure in MEASURES]
        for items in zip(*columns, strict=True):
            cells = [
                _gain(item.main if math.isnan(item.rescue.mean) else item.rescue, digits)
                for item, digits in zip(items, DIGITS, strict=True)
            ]
            lines.append(f"| {items[0].factor} | {' | '.join(cells)} |")
        lines.append("")
    return lines


def _arms(study: Study, table: pd.DataFrame) -> list[str]:
    """The outcomes of every arm, where these are few; outcomes.csv has them all."""
    if len(study.arms) > MOST_ARMS:
        return []
    is_many = len(study.seeds) >= ENOUGH_SEEDS
    words = (
        "Interquartile means over seeds, with their interval at 95% by bootstrap"
        if is_many
        else "Means over seeds, smallest and largest run in brackets"
    )
    lines = [
        "## Outcomes of every arm",
        "",
        f"{words}.",
        "",
        f"| arm (what is fixed) | {' | '.join(f'{m.name} [{m.unit}]' for m in MEASURES)} |",
        "|---|" + "---:|" * len(MEASURES),
    ]
    for arm in study.arms:
        part = table[table["arm"] == arm]
        spread = _bootstrapped if is_many else _spread
        cells = " | ".join(spread(part[name].to_numpy(float)) for name in COLUMNS)
        lines.append(f"| {label(arm, study.names)} | {cells} |")
    return [*lines, ""]


def _bootstrapped(values: NDArray[np.float64]) -> str:
    found = values[np.isfinite(values)]
    if len(found) < ENOUGH_SEEDS:
        return _spread(values)
    low, high = stratified_interval(found[:, None], np.random.default_rng(0))
    return f"{iqm(found):.2f} [{low:.2f}, {high:.2f}]"


def _spread(values: NDArray[np.float64]) -> str:
    found = values[np.isfinite(values)]
    if not len(found):
        return "-"
    return f"{found.mean():.2f} [{found.min():.2f}, {found.max():.2f}]"


def _structure(study: Study, table: pd.DataFrame) -> list[str]:
    """Interactions, Shapley values and the ablation path, as far as the arms allow."""
    means = arm_means(table, COLUMNS[0])
    shares = shapley(means, study.names) if len(study.names) <= 10 else {}
    lines: list[str] = []
    if shares:
        lines += ["## Shapley values", "", "Exact shares of the difference between the ends.", ""]
        lines += [f"- {name}: {signed(share)} m" for name, share in shares.items()] + [""]
    else:
        path = ablation_path(means, study.names)
        if len(path) > 1:
            lines += ["## Greedy ablation path", ""]
            lines += [
                f"{n}. {name}: {signed(gain)} m" for n, (name, gain) in enumerate(path, 1)
            ] + [""]
    return [*lines, *_pairs(interactions(means, study.names))]


def _pairs(found: pd.DataFrame) -> list[str]:
    """The interaction table, each pair once."""
    upper = found.where(np.triu(np.ones(found.shape, bool), 1))
    shown = upper.dropna(axis=0, how="all").dropna(axis=1, how="all")
    if shown.empty:
        return []
    lines = [
        "## Interactions",
        "",
        "How much more two fixes give together than apart, m. Means of few runs, without an "
        "interval: twice as uncertain as an effect above.",
        "",
        "| | " + " | ".join(shown.columns) + " |",
        "|---|" + "---:|" * len(shown.columns),
    ]
    for name, row in shown.iterrows():
        cells = ["-" if math.isnan(value) else signed(value) for value in row]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return [*lines, ""]


def _taken(table: pd.DataFrame) -> str:
    """Returns how long the runs took, one after the other; "" where that is not known."""
    seconds = table[SECONDS].sum(min_count=1) if SECONDS in table else math.nan
    return "" if math.isnan(seconds) else f", which took {seconds / 60:,.0f} minutes in all"


def _data(table: pd.DataFrame, how: str) -> list[str]:
    return [
        "## Data",
        "",
        f"Made by `{how}`. [outcomes.csv](outcomes.csv) has a row for each of the {len(table)} "
        f"runs{_taken(table)}, [study.json](study.json) every setting and effect; `rca study "
        "FOLDER` makes this page from the two again. Each run is an ordinary run folder: `rca "
        "check`, `rca diagnose` and `rca run --config` take it.",
    ]
