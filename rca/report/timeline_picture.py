"""A timeline as a PNG or SVG: phases, evaluations, first update, onsets, likely causes."""

from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from rca.report.chart import Lane, Timeline
from rca.report.figures import GRID, INK, LEARNING, MUTED, PALETTE, style
from rca.report.wording import plain

WIDTH = 11.0
"""Inches; at 150 dots per inch 1,650 pixels, the width of a page on a screen."""
ROW = 0.42
"""Inches per lane."""
LINE = 0.19
"""Inches per line of the list below the lanes."""
DOTS = 150
DATA = 1.5
"""Inches for the lengths of the episodes above the lanes."""
LISTED = 10
"""Happenings that are put into words; the HTML page lists all."""
CHARS = 190
"""Characters of a line of them, as many as the width holds."""
NEAR = 0.025
"""Share of the axis below which two numbers would stand on one another."""
BAD, WARN, VOID, LIKELY, CLEARED = PALETTE[1], PALETTE[3], INK, "#f6d9c4", "#cfe8dd"
LATE = 0.6
"""Share of the axis behind which a row's text stands before its bar."""
COLORS = {"bad": BAD, "warn": WARN, "void": VOID}


def timeline_picture(timeline: Timeline, name: str, format_: str = "png") -> bytes:
    """Returns the picture.

    Args:
        timeline: Drawn; its texts may come from a recording.
        name: Of the run, its heading.
        format_: "png" or "svg".
    """
    listed = timeline.happenings[:LISTED]
    rows, lines = len(timeline.lanes), len(listed) + (len(timeline.happenings) > LISTED) + 1
    data = DATA if timeline.lengths is not None else 0.0
    height = 1.3 + data + ROW * rows + 0.2 + LINE * lines
    with style():
        canvas = Canvas(figsize=(WIDTH, height))
        bottom = 0.55 + LINE * lines
        axes = canvas.add_axes((0.24, bottom / height, 0.74, ROW * rows / height))
        _axes(axes, timeline)
        for number, lane in enumerate(timeline.lanes):
            _lane(axes, number, lane, timeline.last)
        if timeline.lengths is not None:
            top = (bottom + ROW * rows + 0.3) / height
            _data(canvas.add_axes((0.24, top, 0.74, (DATA - 0.3) / height)), timeline)
        _happenings(axes, timeline)
        canvas.text(0.01, 1 - 0.22 / height, plain(name, 80), fontsize=12, weight="bold")
        canvas.text(0.01, 1 - 0.44 / height, plain(timeline.title, 160), color=MUTED)
        _legend(canvas, height)
        _words(canvas, timeline, height)
        out = BytesIO()
        metadata = {"Software": None} if format_ == "png" else {"Date": None, "Creator": None}
        canvas.savefig(out, format=format_, dpi=DOTS, metadata=metadata)
    return out.getvalue()


def _axes(axes: Axes, timeline: Timeline) -> None:
    axes.set_xlim(0, timeline.last)
    axes.set_ylim(len(timeline.lanes) - 0.5, -0.5)
    axes.set_yticks(range(len(timeline.lanes)), [plain(x.label, 44) for x in timeline.lanes])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.set_xlabel("environment steps")
    axes.grid(axis="x", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)


def _data(axes: Axes, timeline: Timeline) -> None:
    """Draws how long episodes are, over the phases, with a line at each evaluation."""
    assert timeline.lengths is not None
    run = timeline.lanes[0]
    axes.set_xlim(0, timeline.last)
    axes.set_yscale("log")
    low, high = np.log10([timeline.lengths.y.min(), timeline.lengths.y.max()])
    axes.set_ylim(10 ** (np.floor(low) - 0.1), 10 ** (np.ceil(high) + 0.1))  # whole decades
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel("steps of\nan episode")
    axes.tick_params(axis="x", labelbottom=False, length=0)
    for span in run.spans:
        axes.axvspan(span.first, span.last, color=LEARNING if span.dark else GRID, lw=0)
    for step in run.ticks:
        axes.axvline(step, color=MUTED, lw=0.6, ls=":")
    for item in timeline.happenings:
        if item.tone == "void":
            axes.axvline(item.step, color=VOID, lw=2)
    axes.plot(timeline.lengths.x, timeline.lengths.y, ".", color=PALETTE[0], markersize=3)


def _lane(axes: Axes, number: int, lane: Lane, last: float) -> None:
    colors = {"likely": LIKELY, "cleared": CLEARED}
    for span in lane.spans:
        color = colors.get(span.label, LEARNING if span.dark else GRID)
        width = span.last - span.first
        axes.barh(number, width, left=span.first, height=0.55, color=color)
    begin = max((span.first for span in lane.spans), default=0.0)
    is_late = begin > LATE * last
    axes.text(
        begin - 0.005 * last if is_late else begin + 0.005 * last,
        number,
        plain(lane.text, 90),
        va="center",
        ha="right" if is_late else "left",
        fontsize=7.5,
        color=INK,
    )
    axes.plot(lane.ticks, [number + 0.36] * len(lane.ticks), "|", color=MUTED, markersize=6)


def _happenings(axes: Axes, timeline: Timeline) -> None:
    """Marks what began, with the number that it has in the list below."""
    for item in timeline.happenings:
        if item.tone == "void":
            axes.plot([item.step] * 2, [item.lane - 0.36, item.lane + 0.36], color=VOID, lw=2)
            continue
        color = COLORS.get(item.tone, MUTED)
        axes.plot(item.step, item.lane, "o", color=color, markersize=8, clip_on=False)
    for step, label in _labels(timeline):
        axes.annotate(
            label,
            (step, 0),
            xytext=(0, 11),
            textcoords="offset points",
            color=INK,
            fontsize=7,
            ha="center",
            va="bottom",
            annotation_clip=False,
        )


def _moments(timeline: Timeline) -> list[float]:
    """Returns the steps at which something began, each once."""
    return list(dict.fromkeys(item.step for item in timeline.happenings))


def _labels(timeline: Timeline) -> list[tuple[float, str]]:
    """Returns where the numbers of moments stand; those of neighbours are joined, as in 2-3."""
    groups: list[list[tuple[int, float]]] = []
    for item in enumerate(_moments(timeline), start=1):
        if groups and item[1] - groups[-1][-1][1] < NEAR * timeline.last:
            groups[-1].append(item)
        else:
            groups.append([item])
    return [
        (group[0][1], "-".join(dict.fromkeys(str(n) for n, _ in (group[0], group[-1]))))
        for group in groups
    ]


def _legend(canvas: Canvas, height: float) -> None:
    entries = [("random phase", GRID), ("learning phase", LEARNING), ("likely cause", LIKELY),
               ("cleared", CLEARED), ("failure began", BAD), ("warning began", WARN),
               ("first update", VOID), ("evaluation, sign of a cause (ticks)", MUTED)]  # fmt: skip
    canvas.legend(
        handles=[Patch(color=color, label=label) for label, color in entries],
        loc="upper left",
        bbox_to_anchor=(0.005, 1 - 0.5 / height),
        ncols=len(entries),
        frameon=False,
        fontsize=7.5,
        handlelength=1.2,
        columnspacing=1.4,
    )


def _words(canvas: Canvas, timeline: Timeline, height: float) -> None:
    number = {step: n for n, step in enumerate(_moments(timeline), start=1)}
    lines = [
        f"{number[item.step]:>2}  step {item.step:,.0f}: {item.text}"
        for item in timeline.happenings[:LISTED]
    ]
    more = len(timeline.happenings) - LISTED
    lines += [f"{more} more; the HTML page lists all"] if more > 0 else []
    for row, line in enumerate(reversed(lines)):
        shown = line if len(line) <= CHARS else f"{line[: CHARS - 3]}..."
        canvas.text(0.01, (0.12 + LINE * row) / height, plain(shown), fontsize=7.5, color=INK)
