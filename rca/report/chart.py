"""Figures as plain data: what is drawn, over which axes, before which ground."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from rca.report.wording import Tone, number

Values = NDArray[np.float64]
Scale = Literal["linear", "log", "symlog"]
"""Of an axis."""


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
        linear_below: Size below which a symmetric logarithmic y axis is linear.
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
    linear_below: float = 1.0
    stacked: bool = False
    empty: str = ""

    @property
    def ribbon_opacity(self) -> float:
        """How dense ribbons are: many that lie on one another must not hide the curves."""
        ribbons = sum(isinstance(mark, Series) and mark.low is not None for mark in self.marks)
        return max(0.04, 0.3 / max(1, ribbons))

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


@dataclass(frozen=True)
class Lane:
    """One side's row of a timeline.

    Attributes:
        label: The side.
        spans: Phases.
        ticks: Steps of evaluations.
        text: Written on the row.
    """

    label: str
    spans: tuple[Shade, ...]
    ticks: tuple[float, ...]
    text: str = ""


@dataclass(frozen=True)
class Happening:
    """Something that began at a step.

    Attributes:
        step: Environment step.
        lane: Index of the side.
        text: What began.
        tone: Of its mark.
    """

    step: float
    lane: int
    text: str
    tone: Tone


@dataclass(frozen=True)
class Timeline:
    """What happened when.

    Attributes:
        title: What follows from the order.
        lanes: A row per side.
        happenings: In order of time.
        last: Environment step at which the rows end.
        lengths: Of the episodes at their ends, for pictures; None if not recorded.
    """

    kind: ClassVar[str] = "timeline"
    title: str
    lanes: tuple[Lane, ...]
    happenings: tuple[Happening, ...]
    last: float
    lengths: Series | None = None

    @property
    def has_causes(self) -> bool:
        """Whether a row shows a likely cause."""
        return any(span.label == "likely" for lane in self.lanes for span in lane.spans)

    @property
    def has_cleared(self) -> bool:
        """Whether a row shows causes that came too late."""
        return any(span.label == "cleared" for lane in self.lanes for span in lane.spans)

    def share(self, step: float) -> float:
        """Returns where a step lies between start and end, in percent."""
        return round(100 * min(1.0, max(0.0, step / self.last)), 2)
