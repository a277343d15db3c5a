"""Report -> Markdown that a code host renders, with pictures beside it."""

from pathlib import Path
from typing import Never

from rca.report.chart import Figure, Timeline
from rca.report.figures import Pictures, side_by_side
from rca.report.model import Block, Cell, Code, Gallery, Report, Table, Text, Tiles

FIGURES = "figures"
"""Folder of the pictures, beside the Markdown file."""


def write_markdown(report: Report, drawn: Pictures, folder: Path) -> Path:
    """Writes report.md and its pictures and returns its path.

    Args:
        report: Its texts are escaped here; they must have gone through `wording.tidy`.
        drawn: Its panels.
        folder: Exists.
    """
    figures = [b for s in report.sections for b in s.blocks if isinstance(b, Figure)]
    (folder / FIGURES).mkdir(exist_ok=True)
    for figure in figures:
        if figure.empty:
            continue
        picture = side_by_side(drawn[figure.id])
        (folder / FIGURES / f"{figure.id}.svg").write_text(picture, encoding="utf-8")
    for gallery in (b for s in report.sections for b in s.blocks if isinstance(b, Gallery)):
        for name, content in gallery.files.items():
            (folder / FIGURES / name).write_bytes(content)
    path = folder / "report.md"
    path.write_text(to_markdown(report), encoding="utf-8")
    return path


def to_markdown(report: Report) -> str:
    """Returns the text; it refers to the pictures by `figures/<id>.svg`."""
    lines = [f"# {escape(report.title)}", "", f"**{escape(report.verdict)}**", ""]
    for tally in report.tallies:
        counts = ", ".join(f"{count} {word}" for word, _, count in tally.counts)
        lines += [f"Checks, {escape(tally.side)}: {counts or 'none was asked'}", ""]
    for text in report.lead:
        lines += [escape(text), ""]
    lines += [f"- **{escape(side)}**: {escape(line)}" for side, line in report.subjects]
    lines += ["", *_block(report.tiles)]
    for section in report.sections:
        lines += [f"## {escape(section.title)}", ""]
        for block in section.blocks:
            lines += _block(block)
    return "\n".join(lines).rstrip() + "\n"


def _block(block: Block) -> list[str]:
    match block:
        case Text():
            return [line for text in block.paragraphs for line in (escape(text), "")]
        case Code():
            return _code(block)
        case Tiles():
            return _tiles(block)
        case Table():
            return _table(block)
        case Figure():
            return _figure(block)
        case Timeline():
            return _timeline(block)
        case Gallery():
            return _gallery(block)
    return _unknown(block)


def _unknown(block: Never) -> list[str]:
    raise TypeError(f"no Markdown for {type(block).__name__}")


def _code(code: Code) -> list[str]:
    fence = "```"
    while any(fence in line for line in code.lines):
        fence += "`"
    return [f"{fence}sh", *code.lines, fence, ""]


def _tiles(tiles: Tiles) -> list[str]:
    if not tiles.tiles:
        return []
    names = [side for side, _ in tiles.tiles[0].values]
    compared = len(names) > 1
    head = ["outcome", *names, *(["difference"] if compared else []), "measured as"]
    lines = [_row(head), _row(["---"] * len(head))]
    for tile in tiles.tiles:
        values = [escape(value) for _, value in tile.values]
        direction = f" ({tile.direction})" if tile.direction else ""
        difference = [escape(tile.difference + direction)] if compared else []
        lines.append(_row([escape(tile.label), *values, *difference, escape(tile.note)]))
    return [*lines, ""]


def _table(table: Table) -> list[str]:
    lines = [f"**{escape(table.caption)}**", ""]
    if table.rows:
        lines += [_row([escape(c) or " " for c in table.columns])]
        lines += [_row(["---"] * len(table.columns))]
        lines += [_row([_cell(cell) for cell in row]) for row in table.rows]
        lines.append("")
    lines += [escape(table.note), ""] if table.note else []
    for row in table.rows:
        if row[0].more and any(cell.badge and cell.tone == "bad" for cell in row):
            lines += [f"- **{escape(row[0].text)}**"]
            lines += [f"  - {escape(label)}: {escape(text)}" for label, text in row[0].more]
            lines.append("")
    return lines


def _cell(cell: Cell) -> str:
    badge = f"**{escape(cell.badge)}** " if cell.badge else ""
    return f"{badge}{escape(cell.text)}".strip()


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _figure(figure: Figure) -> list[str]:
    if figure.empty:
        reasons = [f"- {escape(panel.title)}: {escape(panel.empty)}" for panel in figure.panels]
        return [f"### {escape(figure.title)}", "", *reasons, ""]
    link = f"![{escape(figure.alt)}]({FIGURES}/{figure.id}.svg)"
    return [f"### {escape(figure.title)}", "", link, "", escape(figure.caption), ""]


def _timeline(timeline: Timeline) -> list[str]:
    lines = [f"**{escape(timeline.title)}**", ""]
    lines += [_row(["step", "side", "what began"]), _row(["---"] * 3)]
    for item in timeline.happenings:
        side = timeline.lanes[item.lane].label
        lines.append(_row([f"{item.step:,.0f}", escape(side), escape(item.text)]))
    return [*lines, ""]


def _gallery(gallery: Gallery) -> list[str]:
    lines, names = [], iter(gallery.files)
    for shelf in gallery.shelves:
        lines += [f"### {escape(shelf.title)}", ""]
        for picture in shelf.pictures:
            side = gallery.sides[picture.side]
            link = f"![{escape(picture.alt)}]({FIGURES}/{next(names)})"
            lines += [f"{escape(side)}, {escape(picture.caption)}:", "", link, ""]
    return [*lines, escape(gallery.caption), ""]


def escape(text: str) -> str:
    """Returns text that Markdown shows as it is: no HTML, link, table cell or formula opens."""
    for char in "\\`*_[]~$#|":
        text = text.replace(char, "\\" + char)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
