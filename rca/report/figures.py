"""Panels -> SVG with matplotlib; the same panel always gives the same bytes."""

import re
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter, NullLocator

from rca.report.chart import Bars, Figure, Panel, Series, Values
from rca.report.model import Report
from rca.report.ticks import ticks
from rca.report.wording import MINUS, plain

PALETTE = ("#0072b2", "#d55e00", "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#8a94a0", "#b8a800")
"""Okabe and Ito's colour-blind safe colours (jfly.uni-koeln.de/color, 2008), grey for dots; their
yellow is darkened to be seen on white. HTML replaces these by its own variables."""
INK, MUTED, GRID, PAPER = "#1b1f24", "#5b6570", "#e3e7eb", "#ffffff"
LEARNING, EXPECTED = "#eaf1f8", "#009e73"
PANEL_INCHES = (5.6, 2.8)
AXES = (0.115, 0.17, 0.865, 0.7)
"""Left, bottom, width and height of the axes as shares of the panel."""
LEGEND_CHARS = 48
"""Longer legends stand in two rows beside the title."""
MAX_LABEL = 60
"""Characters; a longer name would leave no room for the curves."""
NARROW = 0.12
"""Share of the axis below which a phase has no room for its name."""
STYLE: Any = {
    "axes.edgecolor": MUTED,
    "axes.facecolor": "none",
    "axes.labelcolor": MUTED,
    "axes.labelsize": 8.5,
    "axes.spines.left": False,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.unicode_minus": True,
    "figure.facecolor": PAPER,
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "path.simplify": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "rca",
    "text.color": INK,
    "text.parse_math": False,  # a label of a recording may hold dollar signs
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "ytick.left": False,
}


Pictures = Mapping[str, tuple[str, ...]]
"""By figure id an SVG per panel, in order."""


def pictures(report: Report) -> Pictures:
    """Returns every figure's panels, each drawn once for all formats."""
    figures = [b for s in report.sections for b in s.blocks if isinstance(b, Figure)]
    return {figure.id: tuple(map(panel_picture, figure.panels)) for figure in figures}


def panel_picture(panel: Panel) -> str:
    """Returns a panel as an SVG whose text stays text."""
    with style():
        canvas = Canvas(figsize=PANEL_INCHES)
        _panel(canvas.add_axes(AXES), panel)
        out = StringIO()
        canvas.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return _shortened(out.getvalue())


def side_by_side(panels: Sequence[str]) -> str:
    """Returns panels, two in a row, as one SVG."""
    width, height = (72 * inches for inches in PANEL_INCHES)
    columns = min(2, len(panels))
    rows = -(-len(panels) // columns)
    parts = [
        _placed(svg, width * (i % columns), height * (i // columns)) for i, svg in enumerate(panels)
    ]
    wide, high = width * columns, height * rows
    size = f'width="{wide:g}pt" height="{high:g}pt" viewBox="0 0 {wide:g} {high:g}"'
    namespace = "http://www.w3.org/2000/svg"
    return f'<svg xmlns="{namespace}" {size}>\n{"".join(parts)}</svg>\n'


def _placed(svg: str, x: float, y: float) -> str:
    """Returns a panel as a part of a picture; a point would be a third larger than its units."""
    start = svg.index("<svg")
    end = svg.index(">", start)
    tag = svg[start:end].replace('pt"', '"').replace("<svg", f'<svg x="{x:g}" y="{y:g}"')
    return tag + svg[end:]


@contextmanager
def style() -> Iterator[None]:
    """Sets matplotlib up for our pictures while it is open."""
    with mpl.rc_context(STYLE), warnings.catch_warnings():
        # A recording's label may use letters that the font lacks; they become boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        yield


def _shortened(svg: str) -> str:
    """Drops digits below a hundredth, in places below a tenth of a point: half of the file."""
    svg = re.sub(r"(\d\.\d\d)\d+", r"\1", svg)
    places = re.compile(r' (?:d|x|y)="[^"]*"')
    return places.sub(lambda found: re.sub(r"(\d\.\d)\d", r"\1", found[0]), svg)


def _panel(ax: Axes, panel: Panel) -> None:
    ax.set_title(_label(panel.title), loc="left", fontsize=9.5, fontweight="bold", color=INK)
    ax.set_xlabel(_label(panel.x_label))
    ax.set_ylabel(_label(panel.y_label))
    if panel.empty:
        _empty(ax, panel)
        return
    _axes(ax, panel)
    _background(ax, panel)
    for mark, base in zip(panel.marks, _bases(panel), strict=True):
        if isinstance(mark, Series):
            _curve(ax, mark, panel.ribbon_opacity)
        else:
            _bars(ax, mark, base)
    _legend(ax)


def _bases(panel: Panel) -> list[Values]:
    """Returns what each mark's bars stand on: gains on gains, costs below costs."""
    above, below = np.zeros(1), np.zeros(1)
    bases = []
    for mark in panel.marks:
        heights = mark.heights if isinstance(mark, Bars) and panel.stacked else np.zeros(1)
        bases.append(np.where(heights < 0, below, above))
        above, below = above + np.maximum(heights, 0), below + np.minimum(heights, 0)
    return bases


def _label(text: str) -> str:
    return plain(text, MAX_LABEL)


def _empty(ax: Axes, panel: Panel) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_facecolor("none")
    words = textwrap.fill(panel.empty, 46)
    ax.text(0.5, 0.5, words, ha="center", va="center", color=MUTED, transform=ax.transAxes)


def _axes(ax: Axes, panel: Panel) -> None:
    if panel.x_scale != "linear":
        ax.set_xscale("log")
    if panel.y_scale == "symlog":
        ax.set_yscale("symlog", linthresh=panel.linear_below)
    else:
        ax.set_yscale(panel.y_scale)
    ax.set_xlim(*panel.x_range)
    ax.set_ylim(*panel.y_range)
    axes = ((ax.xaxis, panel.x_scale, panel.x_range), (ax.yaxis, panel.y_scale, panel.y_range))
    for axis, scale, span in axes:
        axis.set_major_formatter(FuncFormatter(lambda value, _: compact(value)))
        axis.set_minor_formatter(NullFormatter())
        if scale == "linear":
            axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        else:
            axis.set_major_locator(FixedLocator(ticks(span, scale, panel.linear_below)))
            axis.set_minor_locator(NullLocator())
    ax.grid(axis="y", color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)


def _background(ax: Axes, panel: Panel) -> None:
    for shade in panel.shades:
        if shade.dark:
            ax.axvspan(shade.first, shade.last, color=LEARNING, linewidth=0, zorder=0)
        if shade.last - shade.first < NARROW * (panel.x_range[1] - panel.x_range[0]):
            continue
        left = max(shade.first, panel.x_range[0])
        ax.annotate(
            shade.label,
            (left, 1),
            xycoords=("data", "axes fraction"),
            xytext=(3, -3),
            textcoords="offset points",
            va="top",
            fontsize=7.5,
            color=MUTED,
            bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.7, "pad": 0.8},
            zorder=5,
            annotation_clip=True,
        )
    label = "expected (seed)"
    for band in panel.bands:
        corners = [band.first, band.last, band.last, band.first]
        heights = [band.low, band.low, band.high, band.high]
        ax.fill(corners, heights, color=EXPECTED, alpha=0.18, linewidth=0, label=label, zorder=1)
        label = "_"
    for event in panel.events:
        ax.axvline(event.x, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label=event.label)


def _curve(ax: Axes, series: Series, opacity: float) -> None:
    color = PALETTE[series.color]
    if series.style == "points":
        ax.plot(series.x, series.y, ".", color=color, markersize=3.5, alpha=0.6, label=series.label)
        return
    if series.low is not None and series.high is not None:
        ax.fill_between(series.x, series.low, series.high, color=color, alpha=opacity, linewidth=0)
    dashes = (0, (5, 1.5)) if series.style == "dashed" else "solid"
    ax.plot(series.x, series.y, color=color, linewidth=1.5, linestyle=dashes, label=series.label)


def _bars(ax: Axes, bars: Bars, base: Values) -> None:
    base = np.broadcast_to(base, bars.heights.shape)
    top, color = base + bars.heights, PALETTE[bars.color]
    ax.stairs(top, bars.edges, baseline=base, fill=True, color=color, alpha=0.85, label=bars.label)


def _legend(ax: Axes) -> None:
    """Writes a legend above the axes if there is more than one thing to tell apart."""
    drawn, labels = ax.get_legend_handles_labels()
    handles = {_label(label): handle for handle, label in zip(drawn, labels, strict=True)}
    if len(handles) < 2:
        return
    ax.legend(
        list(handles.values()),
        list(handles),
        loc="lower right",
        bbox_to_anchor=(1.0, 0.99),
        ncols=len(handles) if len("".join(handles)) <= LEGEND_CHARS else -(-len(handles) // 2),
        frameon=False,
        fontsize=7,
        handlelength=1.4,
        columnspacing=1.0,
        borderaxespad=0.2,
    )


def compact(value: float) -> str:
    """Returns an axis label such as 30k, 1.5M or 1e-5."""
    size = abs(value)
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if unit <= size < 1e12:
            return f"{value / unit:g}{letter}".replace("-", MINUS)
    if size >= 1e12 or 0 < size < 1e-3:
        mantissa, exponent = f"{value:.0e}".split("e")
        return f"{mantissa}e{int(exponent)}".replace("-", MINUS)
    return f"{value:g}".replace("-", MINUS)
