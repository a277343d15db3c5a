"""Report and its parts: plain data that every renderer reads; no run, no pandas, no markup.

All text is what its source says, untrusted text of recordings included; `rca.report.wording.tidy`
makes it printable, and each renderer escapes it for its own format.
"""

from dataclasses import dataclass
from typing import ClassVar

from rca.report.chart import Figure, Timeline
from rca.report.wording import Tone


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
        direction: Which way the difference goes and whether it is more than chance.
        tone: Of the direction.
    """

    label: str
    values: tuple[tuple[str, str], ...]
    difference: str
    note: str
    direction: str = ""
    tone: Tone = ""


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
class Picture:
    """A photograph of a side.

    Attributes:
        side: Index of the side.
        caption: What it is.
        alt: What it shows, for a reader who cannot see it.
        png: The file.
        width: To be shown with, CSS pixels.
    """

    side: int
    caption: str
    alt: str
    png: bytes
    width: int


@dataclass(frozen=True)
class Shelf:
    """Pictures that are looked at together."""

    title: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Gallery:
    """Shelves of photographs, a column per side.

    Attributes:
        id: Unique in the report, a plain word: names the pictures' files.
        sides: Names.
        shelves: In reading order.
        caption: How they were made.
    """

    kind: ClassVar[str] = "gallery"
    id: str
    sides: tuple[str, ...]
    shelves: tuple[Shelf, ...]
    caption: str

    @property
    def files(self) -> dict[str, bytes]:
        """Names and contents of the pictures as files, in reading order."""
        pictures = [picture for shelf in self.shelves for picture in shelf.pictures]
        return {f"{self.id}-{n:02}.png": item.png for n, item in enumerate(pictures, start=1)}


@dataclass(frozen=True)
class Tally:
    """How many checks of a side have which verdict; verdict, tone and count, worst first."""

    side: str
    counts: tuple[tuple[str, Tone, int], ...]


Block = Text | Code | Tiles | Table | Figure | Timeline | Gallery


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
        tiles: The first screen's outcomes; empty where the page is not about outcomes.
        tallies: Verdicts per side.
        sections: In reading order.
    """

    title: str
    verdict: str
    tone: Tone
    lead: tuple[str, ...]
    subjects: tuple[tuple[str, str], ...]
    tiles: Tiles
    tallies: tuple[Tally, ...] = ()
    sections: tuple[Section, ...] = ()
