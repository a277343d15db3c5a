"""A study with several starting points at a glance: a row per fix, a column per starting point."""

import math

import pandas as pd

from rca.study.attribution import Answer, Attribution
from rca.study.combined import arm_means
from rca.study.factors import Arm
from rca.study.known import NOT_PLANTED
from rca.study.study import COLUMNS, ITSELF, MEASURES, Study, analysed

SUCCESS = next(measure for measure in MEASURES if measure.name == "success")


def titles(study: Study) -> dict[str, str]:
    """Returns what each starting point is, in words."""
    notes = {f.name: f.note.removesuffix(NOT_PLANTED) for f in study.factors}
    return {
        name: f"{name}: {notes[name]}" if notes.get(name) else name or "each fix alone"
        for name in study.contexts
    }


def matrix(study: Study, table: pd.DataFrame, answers: dict[str, list[Attribution]]) -> list[str]:
    """A row per factor, a column per starting point: what fixing it alone gave there."""
    if len(answers) < 2:
        return []
    first = next(iter(answers))
    success = analysed(study, table, SUCCESS, first)
    lines = [
        "## At a glance",
        "",
        f"{MEASURES[0].name.capitalize()} gained by one fix alone, {MEASURES[0].unit}, by starting "
        f"point; before it the change of the success rate from {first}, in percentage points. In "
        "bold what the verdicts below call more than chance.",
        "",
        f"| fix | what was said of it | success, {first} | {' | '.join(answers)} |",
        "|---|---|---:|" + "---:|" * len(answers),
    ]
    notes = {factor.name: factor.note for factor in study.factors}
    by_name = [{item.factor: _judged_gain(item) for item in found} for found in answers.values()]
    means = arm_means(table, MEASURES[0].name)
    for words, every in (("none of them", False), ("all of them", True)):
        driven = [
            means.get(start | (frozenset(study.studied(name)) if every else Arm()), math.nan)
            for name, start in study.contexts.items()
        ]
        cells = " | ".join("-" if math.isnan(m) else f"{m:.1f}" for m in driven)
        lines.append(f"| *{words}: mean {MEASURES[0].name}* | | | {cells} |")
    for item in success:
        points = _judged_gain(item, 100.0)
        cells = " | ".join(gains.get(item.factor, "-") for gains in by_name)
        lines.append(f"| {item.factor} | {notes.get(item.factor, '')} | {points} | {cells} |")
    removed = [
        gains.get(f"{context}{ITSELF}", "-")
        for context, gains in zip(answers, by_name, strict=True)
    ]
    lines += [f"| removing the defect itself | | - | {' | '.join(removed)} |", ""]
    return [*lines, *(f"- {words}" for name, words in titles(study).items() if words != name), ""]


def _judged_gain(item: Attribution, factor: float = 1.0) -> str:
    """Returns what fixing it alone gave, in bold where the verdict on it says something."""
    words = signed(factor * item.rescue.mean)
    is_told = item.answer in (Answer.CAUSE, Answer.CONTRIBUTES, Answer.WORSENS)
    return f"**{words}**" if is_told else words


def signed(value: float, digits: int = 1) -> str:
    """Returns a number with its sign, and "not run" for NaN; what rounds to nothing is +0."""
    if math.isnan(value):
        return "not run"
    return f"{round(value, digits) + 0.0:+.{digits}f}"  # -0.0 + 0.0 is 0.0


def without_trace(study: Study, table: pd.DataFrame) -> list[str]:
    """Returns the starting points whose defect leaves every outcome of every run as it is."""
    known = {
        (row["arm"], row["seed"]): row[list(COLUMNS)]
        for _, row in table[table["error"] == ""].iterrows()
    }
    found = []
    for name in study.contexts:
        pairs = [
            (known[arm, seed], known[arm - {name}, seed])
            for arm, seed in known
            if name in arm and (arm - {name}, seed) in known
        ]
        if pairs and all(a.equals(b) for a, b in pairs):
            found.append(name)
    return found
