"""Report and its parts: plain data that every renderer reads; no run, no pandas, no markup.

All text is what its source says, untrusted text of recordings included; `rca.report.wording.tidy`
makes it printable, and each renderer escapes it for its own format.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rca.report.wording import number

Values = NDArray[np.float64]
Tone = Literal["", "good", "bad", "warn", "void", "muted"]
"""How a text is coloured; words carry the meaning, never colour alone."""
Scale = Literal["linear", "log", "symlog"]
"""Of an axis."""


@dataclass(frozen=True)
class Text:
    """Paragraphs.

    Attributes:
        paragraphs: One text each.
        tone: "" for plain text, else a note that stands out.
    """

    kind: ClassVar[str] = "text"
    paragraphs: tuple[str, ...]
    tone: Tone = ""


@dataclass(frozen=True)
class Code:
    """Lines to type or copy, shown as they are."""

    kind: ClassVar[str] = "code"
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Tile:
    """One outcome at a glance.

    Attributes:
        label: What is measured, with its unit.
        values: Side and formatted value, in order of the sides.
        difference: Formatted, "" if there is only one side or one was not measured.
        note: Where the values come from, or why there is none.
    """

    label: str
    values: tuple[tuple[str, str], ...]
    difference: str
    note: str


@dataclass(frozen=True)
class Tiles:
    """A row of outcomes."""

    kind: ClassVar[str] = "tiles"
    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Cell:
    """One field of a table.

    Attributes:
        text: What it says.
        badge: A word set off before the text, such as a verdict.
        tone: Of the badge, or of the text where there is no badge.
        more: Label and text of details that a reader may open.
        sort: What the column is sorted by where the text will not do.
    """

    text: str
    badge: str = ""
    tone: Tone = ""
    more: tuple[tuple[str, str], ...] = ()
    sort: float | None = None


@dataclass(frozen=True)
class Table:
    """Rows of cells.

    Attributes:
        id: Unique in the report; names exported files.
        caption: What the rows are.
        columns: Headings.
        rows: As many cells each as there are columns.
        note: A line below, "" for none.
        filters: Whether the reader gets a search field and sortable columns.
    """

    kind: ClassVar[str] = "table"
    id: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    filters: bool = False

    def __post_init__(self) -> None:
        """Refuses ragged rows."""
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.id}: {len(row)} cells in {len(self.columns)} columns")


@dataclass(frozen=True)
class Series:
    """A curve or a cloud of points.

    Attributes:
        label: For the legend; series of one label share a legend entry.
        x: Finite, not decreasing. [n]
        y: NaN where nothing was measured. [n]
        color: Index into the palette.
        style: How it is drawn.
        low: Lower edge of a ribbon around the curve, None for none. [n]
        high: Upper edge. [n]
    """

    label: str
    x: Values
    y: Values
    color: int = 0
    style: Literal["line", "dashed", "points"] = "line"
    low: Values | None = None
    high: Values | None = None


@dataclass(frozen=True)
class Bars:
    """A histogram or a stack of them.

    Attributes:
        label: For the legend.
        edges: Bin edges. [n + 1]
        heights: Of this part alone; bars of one panel stand on one another if it says so. [n]
        color: Index into the palette.
    """

    label: str
    edges: Values
    heights: Values
    color: int = 0


@dataclass(frozen=True)
class Shade:
    """A stretch of the x axis with a name, such as a phase."""

    label: str
    first: float
    last: float
    dark: bool = False


@dataclass(frozen=True)
class Band:
    """A range expected of y over a stretch of x."""

    label: str
    first: float
    last: float
    low: float
    high: float


@dataclass(frozen=True)
class Mark:
    """A point in time that matters, such as an evaluation or the onset of a symptom."""

    label: str
    x: float


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes:
        title: Whose data it shows.
        x_label: With unit.
        y_label: With unit.
        marks: What is drawn.
        shades: Phases, behind it.
        bands: Expected ranges, behind it.
        events: Vertical lines.
        x_range: Shared by the panels of a figure.
        y_range: Shared by the panels of a figure.
        x_scale: Of the axis.
        y_scale: Of the axis.
        stacked: Bars stand on one another.
        empty: Why nothing is drawn; "" if something is.
    """

    title: str
    x_label: str
    y_label: str
    marks: tuple[Series | Bars, ...] = ()
    shades: tuple[Shade, ...] = ()
    bands: tuple[Band, ...] = ()
    events: tuple[Mark, ...] = ()
    x_range: tuple[float, float] = (0.0, 1.0)
    y_range: tuple[float, float] = (0.0, 1.0)
    x_scale: Scale = "linear"
    y_scale: Scale = "linear"
    stacked: bool = False
    empty: str = ""

    @property
    def alt(self) -> str:
        """What the panel spans, for a reader who cannot see it."""
        if self.empty:
            return f"{self.title}: nothing drawn, {self.empty}."
        spans: dict[str, list[Values]] = {}
        for mark in self.marks:
            values = mark.heights if isinstance(mark, Bars) else mark.y
            spans.setdefault(mark.label, []).append(values[np.isfinite(values)])
        joined = {label: np.concatenate(parts) for label, parts in spans.items()}
        parts = [
            f"{label} from {number(values.min())} to {number(values.max())}"
            for label, values in joined.items()
            if len(values)
        ]
        return f"{self.title}: {self.y_label} over {self.x_label}; {', '.join(parts)}."


@dataclass(frozen=True)
class Figure:
    """Panels that are read together.

    Attributes:
        id: Unique in the report, a plain word: names the picture's file.
        title: The finding, in words.
        caption: How it was made: smoothing, thinning, units.
        panels: In reading order.
        shared_steps: The panels' x axes are environment steps.
    """

    kind: ClassVar[str] = "figure"
    id: str
    title: str
    caption: str
    panels: tuple[Panel, ...]
    shared_steps: bool = True

    @property
    def empty(self) -> bool:
        """Whether no panel has anything to draw: words say so better than a picture."""
        return all(panel.empty for panel in self.panels)

    @property
    def alt(self) -> str:
        """The finding and what each panel spans, for a reader who cannot see the picture."""
        return " ".join([f"{self.title}.", *(panel.alt for panel in self.panels)])


Block = Text | Code | Tiles | Table | Figure


@dataclass(frozen=True)
class Section:
    """A part of the report with a heading.

    Attributes:
        id: Unique, a plain word: the link target.
        title: Heading.
        blocks: In reading order.
    """

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Report:
    """What a renderer needs.

    Attributes:
        title: Names the runs.
        verdict: One sentence.
        tone: Of the verdict.
        lead: Below the verdict: what it rests on and what it does not show.
        subjects: Side and one line about its runs.
        tiles: The first screen's outcomes.
        sections: In reading order.
    """

    title: str
    verdict: str
    tone: Tone
    lead: tuple[str, ...]
    subjects: tuple[tuple[str, str], ...]
    tiles: Tiles
    sections: tuple[Section, ...] = field(default=())
