"""The figure of a study: what each fix did, by starting point, with the finding as its title."""

import math
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rca.study.attribution import Answer, Attribution
from rca.study.study import ITSELF, Measure

COLOURS = {
    Answer.CAUSE: "#b2182b",
    Answer.CONTRIBUTES: "#ef8a62",
    Answer.WORSENS: "#542788",
    Answer.NO_EFFECT: "#4d4d4d",
    Answer.INCONCLUSIVE: "#bababa",
}


def draw(
    answers: dict[str, list[Attribution]],
    measure: Measure,
    path: Path,
) -> None:
    """Draws the effect of each fix in the failing end with its interval, a panel per context."""
    with matplotlib.rc_context({"font.size": 8}):
        most = max(len(found) for found in answers.values())
        columns = min(len(answers), 4)
        rows = -(-len(answers) // columns)
        size = (2.8 + 2.4 * columns, rows * (0.9 + 0.28 * most))
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=len(answers) > 1)
        for panel, (context, found) in zip(panels.flat, answers.items(), strict=False):
            panel.axvspan(-measure.margin, measure.margin, color="#f0f0f0", zorder=0)
            panel.axvline(0, color="#888888", linewidth=0.8)
            for place, item in enumerate(found):
                _bar(panel, place, item)
            panel.set_yticks(range(len(found)), [_row(item.factor) for item in found])
            panel.set_title(context or "each fix", fontsize=9)
        for panel in panels.flat[len(answers) :]:
            panel.set_visible(False)
        panels.flat[0].invert_yaxis()
        _legend(figure, answers)
        figure.supxlabel(
            f"{measure.name} gained, {measure.unit} (filled: fixing it in the failing run; hollow: "
            "keeping it in the fixed one; band: too small to matter)",
            fontsize=8,
        )
        figure.suptitle(finding(answers), fontsize=10)
        figure.savefig(path, dpi=120)


def _row(factor: str) -> str:
    """Returns a row's label; panels share their rows, whichever defect each has."""
    return "the defect itself" if factor.endswith(ITSELF) else factor


def _legend(figure: Figure, answers: dict[str, list[Attribution]]) -> None:
    seen = {item.answer for found in answers.values() for item in found}
    shown = [answer for answer in COLOURS if answer in seen]
    marks = [Line2D([], [], color=COLOURS[answer], marker="o") for answer in shown]
    figure.legend(marks, shown, loc="outside right upper", frameon=False)


def _bar(panel: matplotlib.axes.Axes, place: int, item: Attribution) -> None:
    for effect, shift, fill in ((item.rescue, -0.15, "full"), (item.keep, 0.15, "none")):
        if math.isnan(effect.mean):
            continue
        colour = COLOURS[item.answer]
        if not math.isnan(effect.low):
            panel.plot([effect.low, effect.high], [place + shift] * 2, color=colour, linewidth=1.5)
        panel.plot(effect.mean, place + shift, "o", color=colour, fillstyle=fill, markersize=5)


def finding(answers: dict[str, list[Attribution]]) -> str:
    """Returns what the study found, in a sentence without its full stop."""
    causes = _named(answers, Answer.CAUSE)
    if causes:
        return "Root cause: " + ", ".join(causes)
    helpful = _named(answers, Answer.CONTRIBUTES)
    return (
        "No factor alone is the root cause" + "; what helps: " * bool(helpful) + ", ".join(helpful)
    )


def _named(answers: dict[str, list[Attribution]], answer: Answer) -> list[str]:
    """Returns the factors of an answer, with the starting point where that is not plain."""
    return [
        f"removing {context}"
        if item.factor.endswith(ITSELF)
        else f"{item.factor} ({context})" * bool(context) or item.factor
        for context, found in answers.items()
        for item in found
        if item.answer == answer
    ]
