"""The page of a study: README.md, effects.png, outcomes.csv and study.json."""

import json
import math
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from rca.study.attribution import (
    LEVEL,
    Answer,
    Attribution,
    Effect,
    ablation_path,
    arm_means,
    interactions,
    shapley,
)
from rca.study.figure import draw, finding
from rca.study.study import COLUMNS, ITSELF, MEASURES, Study, analysed

MEANING = {
    Answer.CAUSE: "fixed alone it helps the failing run, broken alone it hurts the fixed one",
    Answer.CONTRIBUTES: "it helps at one of the two ends, or on average",
    Answer.WORSENS: "the fix makes it worse",
    Answer.NO_EFFECT: "every interval lies within the margin",
    Answer.INCONCLUSIVE: "these seeds cannot tell",
}


def write_study(study: Study, table: pd.DataFrame, folder: Path, how: str) -> Path:
    """Writes the study's page and data; returns the page.

    Args:
        study: What was asked.
        table: Of its runs (`table_of`).
        folder: Made if it is not there.
        how: The command that made the runs, for the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    answers = {name: analysed(study, table, MEASURES[0], name) for name in study.contexts}
    table.drop(columns="arm").to_csv(folder / "outcomes.csv", index=False)
    (folder / "study.json").write_text(_json(study, answers), encoding="utf-8")
    draw(answers, MEASURES[0], folder / "effects.png")
    lines = [
        *_head(study, table, how, finding(answers)),
        *_matrix(study, answers),
        *_verdicts(study, answers),
        *_factors(study),
        *_outcomes(study, table),
        *_structure(study, table),
        *_runs(study, table),
    ]
    page = folder / "README.md"
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return page


def _json(study: Study, answers: dict[str, list[Attribution]]) -> str:
    data = {
        "name": study.name,
        "seeds": list(study.seeds),
        "arms": [sorted(arm) for arm in study.arms],
        "before": study.before.config.model_dump(),
        "faults": list(study.before.faults),
        "factors": [asdict(factor) for factor in study.factors],
        "answers": {name: [asdict(item) for item in found] for name, found in answers.items()},
    }
    return json.dumps(_finite(data), indent=1, allow_nan=False) + "\n"


def _finite(value: object) -> object:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _head(study: Study, table: pd.DataFrame, how: str, verdict: str) -> list[str]:
    failed = table[table["error"] != ""]
    steps = study.before.config.budget.steps
    lines = [
        f"# Study: {study.name}",
        "",
        f"**{verdict}.**",
        "",
        *([study.question, ""] if study.question else []),
        f"{len(table)} runs ({len(study.arms)} arms on seeds "
        f"{', '.join(map(str, study.seeds))}) of {steps:,} steps each, made by `{how}`.",
        "",
    ]
    if len(failed):
        names = "; ".join(f"{row.folder}: {row.error}" for row in failed.itertuples())
        lines += [f"**Not finished, left out: {names}**", ""]
    return lines


def _matrix(study: Study, answers: dict[str, list[Attribution]]) -> list[str]:
    """A row per factor, a column per starting point: what fixing it alone gave there."""
    if len(answers) < 2:
        return []
    lines = [
        "## At a glance",
        "",
        f"{MEASURES[0].name.capitalize()} gained by one fix alone, {MEASURES[0].unit}, by starting "
        "point; in bold where it is more than chance (after Holm's correction).",
        "",
        f"| fix | note | {' | '.join(answers)} |",
        "|---|---|" + "---:|" * len(answers),
    ]
    notes = {factor.name: factor.note for factor in study.factors}
    by_name = [{item.factor: item.rescue for item in found} for found in answers.values()]
    for name in next(iter(by_name)):
        cells = " | ".join(_gain(effects.get(name, Effect())) for effects in by_name)
        lines.append(f"| {name} | {notes.get(name, '')} | {cells} |")
    removed = [
        _gain(effects.get(f"{context}{ITSELF}", Effect()))
        for context, effects in zip(answers, by_name, strict=True)
    ]
    return [*lines, f"| removing the defect itself | | {' | '.join(removed)} |", ""]


def _gain(effect: Effect) -> str:
    if math.isnan(effect.mean):
        return "-"
    return f"**{effect.mean:+.1f}**" if effect.p_holm < LEVEL else f"{effect.mean:+.1f}"


def _verdicts(study: Study, answers: dict[str, list[Attribution]]) -> list[str]:
    measure = MEASURES[0]
    lines = [
        "## What each factor did",
        "",
        f"To the mean {measure.name} of the last evaluation, {measure.unit}; positive helps. "
        f"Intervals at 95%, verdicts after Holm's correction; equivalent means within "
        f"{measure.margin:g} {measure.unit}.",
        "",
        "![What each fix did to the distance driven, by starting point](effects.png)",
        "",
    ]
    for context, found in answers.items():
        if context:
            lines += [f"### Starting from: {context}{_notes(study, context)}", ""]
        lines += [
            "| factor | verdict | fixing it alone in the failing run | keeping it in the fixed run "
            "| on average |",
            "|---|---|---:|---:|---:|",
        ]
        for item in found:
            effects = (_shown(effect) for effect in (item.rescue, item.keep, item.main))
            lines.append(f"| {item.factor} | {_answer(item)} | {' | '.join(effects)} |")
        lines.append("")
    lines += [f"- **{answer}**: {meaning}." for answer, meaning in MEANING.items()]
    return [*lines, ""]


def _notes(study: Study, context: str) -> str:
    ending = " (fixed: not planted)"
    notes = {factor.name: factor.note.removesuffix(ending) for factor in study.factors}
    return f" ({notes[context]})" if context in notes else ""


def _answer(item: Attribution) -> str:
    if item.answer != Answer.INCONCLUSIVE:
        return f"**{item.answer}**"
    return f"{item.answer}" + (f"; {item.seeds} seeds would decide" if item.seeds else "")


def _shown(effect: Effect) -> str:
    if math.isnan(effect.mean):
        return "not run"
    if math.isnan(effect.low):
        return f"{effect.mean:+.1f}, no interval"
    return f"{effect.mean:+.1f} ({effect.low:+.1f} to {effect.high:+.1f})"


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


def _outcomes(study: Study, table: pd.DataFrame) -> list[str]:
    heads = [f"{m.name} [{m.unit}]" for m in MEASURES]
    lines = [
        "## Outcomes of every arm",
        "",
        "Means over seeds; smallest and largest run in brackets.",
        "",
        f"| arm (what is fixed) | {' | '.join(heads)} |",
        "|---|" + "---:|" * len(heads),
    ]
    for arm in study.arms:
        part = table[table["arm"] == arm]
        cells = " | ".join(_spread(part[name].to_numpy(float)) for name in COLUMNS)
        lines.append(f"| {part['label'].iloc[0]} | {cells} |")
    return [*lines, ""]


def _spread(values: object) -> str:
    found = pd.Series(values).dropna()
    if found.empty:
        return "-"
    return f"{found.mean():.2f} [{found.min():.2f}, {found.max():.2f}]"


def _structure(study: Study, table: pd.DataFrame) -> list[str]:
    """Interactions, Shapley values and the ablation path, as far as the arms allow."""
    means = arm_means(table, COLUMNS[0])
    shares = shapley(means, study.names) if len(study.names) <= 10 else {}
    lines: list[str] = []
    if shares:
        lines += ["## Shapley values", "", "Exact shares of the difference between the ends.", ""]
        lines += [f"- {name}: {share:+.1f} m" for name, share in shares.items()] + [""]
    else:
        path = ablation_path(means, study.names)
        if len(path) > 1:
            lines += ["## Greedy ablation path", ""]
            lines += [f"{n}. {name}: {gain:+.1f} m" for n, (name, gain) in enumerate(path, 1)] + [
                ""
            ]
    pairs = interactions(means, study.names)
    if pairs.notna().any(axis=None):
        lines += ["## Interactions", "", "How much more two fixes give together than apart, m.", ""]
        lines += ["| | " + " | ".join(pairs.columns) + " |", "|---|" + "---:|" * len(pairs.columns)]
        for name, row in pairs.iterrows():
            cells = ["-" if math.isnan(value) else f"{value:+.1f}" for value in row]
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        lines.append("")
    return lines


def _runs(study: Study, table: pd.DataFrame) -> list[str]:
    return [
        "## Data",
        "",
        f"[outcomes.csv](outcomes.csv) has a row for each of the {len(table)} runs, "
        "[study.json](study.json) every setting and effect. Each run is an ordinary run folder: "
        "`rca check`, `rca diagnose` and `rca run --config` take it.",
    ]
