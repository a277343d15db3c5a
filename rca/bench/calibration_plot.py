"""The picture of how sure the diagnosis is against how often it is right."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from rca.bench.case import Case
from rca.bench.score import calibration_curve, score


def draw(cases: Sequence[Case], path: Path) -> None:
    """Draws the share of hits over the stated probability, a point per bin with its number."""
    found = score(cases)
    with mpl.rc_context({"font.size": 9}):
        figure = Figure(figsize=(4.6, 4.2), layout="constrained")
        panel = figure.subplots()
        panel.plot([0, 1], [0, 1], color="#888888", linestyle="--", label="as sure as right")
        series = (("every cause", None, "#2166ac", (6, -11)), ("the first", 1, "#b2182b", (-15, 6)))
        for label, most, colour, beside in series:
            curve = calibration_curve(cases, most)
            panel.plot(
                [x for x, _, _ in curve], [y for _, y, _ in curve], "o-", color=colour, label=label
            )
            for x, y, n in curve:
                panel.annotate(
                    f"{n:,}",
                    (x, y),
                    textcoords="offset points",
                    xytext=beside,
                    fontsize=7,
                    color=colour,
                )
        panel.set(
            xlabel="stated probability of a cause",
            ylabel="share of them that were planted",
            xlim=(-0.06, 1.08),
            ylim=(-0.06, 1.08),
            title=f"Stated and true differ by {found.calibration_error:.0%} on average,\n"
            f"by {found.calibration_error_first:.0%} for the first cause of a run",
        )
        panel.legend(loc="lower right", frameon=False)
        figure.savefig(path, dpi=120)
