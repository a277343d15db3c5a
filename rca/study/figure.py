"""The figure of a study: what each fix did, by starting point, with the finding as its title."""

import math
from collections.abc import Mapping
from pathlib import Path
from textwrap import fill

import matplotlib
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from rca.study.attribution import Answer, Attribution
from rca.study.study import ITSELF, MEASURES, Measure

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
    titles: Mapping[str, str],
) -> None:
    """Draws the effect of each fix in the failing end with its interval, a panel per context.

    Args:
        answers: By context.
        measure: What decides.
        path: PNG to write.
        titles: Of the panels, by context.
    """
    with matplotlib.rc_context({"font.size": 8}):
        most = max(len(found) for found in answers.values())
        columns = min(len(answers), 4)
        rows = -(-len(answers) // columns)
        size = (2.8 + 2.4 * columns, max(2.4, rows * (1.1 + 0.28 * most) + 0.4))
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=len(answers) > 1)
        for panel, (context, found) in zip(panels.flat, answers.items(), strict=False):
            panel.axvspan(-measure.margin, measure.margin, color="#f0f0f0", zorder=0)
            panel.axvline(0, color="#888888", linewidth=0.8)
            for place, item in enumerate(found):
                _bar(panel, place, item)
            panel.set_yticks(range(len(found)), [_row(item.factor) for item in found])
            panel.set_title(fill(titles[context], 36), fontsize=8)
        for panel in panels.flat[len(answers) :]:
            panel.set_visible(False)
        panels.flat[0].invert_yaxis()
        _legend(figure, answers)
        words = (
            f"{measure.name} gained, {measure.unit} (filled: fixing it in the failing run; hollow: "
            "keeping it in the fixed one; band: too small to matter)"
        )
        figure.supxlabel(fill(words, 20 + 40 * columns), fontsize=8)
        figure.suptitle(fill(finding(answers), 12 + 22 * columns), fontsize=10)
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
    for effect, shift, style in ((item.rescue, -0.15, "full"), (item.keep, 0.15, "none")):
        if math.isnan(effect.mean):
            continue
        colour = COLOURS[item.answer]
        if not math.isnan(effect.low):
            panel.plot([effect.low, effect.high], [place + shift] * 2, color=colour, linewidth=1.5)
        panel.plot(effect.mean, place + shift, "o", color=colour, fillstyle=style, markersize=5)


def finding(answers: dict[str, list[Attribution]]) -> str:
    """Returns what the study found, in a sentence without its full stop."""
    items = [(context, item) for context, found in answers.items() for item in found]
    causes = [_named(*one) for one in items if one[1].answer == Answer.CAUSE]
    helpful = [_named(*one) for one in items if one[1].answer == Answer.CONTRIBUTES]
    worse = [_named(*one) for one in items if one[1].answer == Answer.WORSENS]
    unknown = sum(item.answer == Answer.INCONCLUSIVE for _, item in items)
    words = ["Root cause: " + ", ".join(causes)] if causes else [_no_cause(answers)]
    words += ["what helps: " + ", ".join(helpful)] if helpful else []
    words += ["what makes it worse: " + ", ".join(worse)] if worse else []
    words += ["these seeds cannot tell more"] if unknown and not causes + helpful + worse else []
    return "; ".join(words)


def _no_cause(answers: dict[str, list[Attribution]]) -> str:
    fixes = [
        item for found in answers.values() for item in found if not item.factor.endswith(ITSELF)
    ]
    if len(answers) == 1 or any(item.answer == Answer.CONTRIBUTES for item in fixes):
        return "No factor is shown to be the root cause"
    each = len({item.factor for item in fixes})
    return f"None of the {each} fixes is shown to help from any of {len(answers)} starting points"


def _named(context: str, item: Attribution) -> str:
    """Returns a factor with the starting point, where that is not plain, and its gain."""
    if item.factor.endswith(ITSELF):
        name = f"removing {context}"
    else:
        name = f"{item.factor} from {context}" if context else item.factor
    gain = item.main if math.isnan(item.rescue.mean) else item.rescue
    return f"{name} ({gain.mean:+.0f} {MEASURES[0].unit})"
