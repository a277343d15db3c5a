"""Every table of a report as a file that other tools read: CSV, JSON or Parquet."""

from pathlib import Path

import pandas as pd

from rca.report.chart import Timeline
from rca.report.model import Cell, Report, Table
from rca.runs.export import write_table

FOLDER = "tables"
"""Beside the report."""


def write_tables(report: Report, folder: Path, format: str) -> list[Path]:
    """Writes a file per table of a report into `tables/` and returns their paths.

    Args:
        report: Its texts must have gone through `wording.tidy`.
        folder: Of the report; exists.
        format: csv, json or parquet.

    Raises:
        OSError: The folder cannot be written.
        UsageError: Parquet is not installed.
    """
    (folder / FOLDER).mkdir(exist_ok=True)
    return [
        write_table(table, folder / FOLDER / f"{name}.{format}")
        for name, table in tables(report).items()
    ]


def tables(report: Report) -> dict[str, pd.DataFrame]:
    """Returns the tables by id: outcomes, what happened when, and every table of a section."""
    found = {"outcomes": _outcomes(report)} if report.tiles.tiles else {}
    blocks = [block for section in report.sections for block in section.blocks]
    for block in blocks:
        if isinstance(block, Timeline):
            found["timeline"] = _timeline(block)
        elif isinstance(block, Table):
            found[block.id] = _table(block)
    return found


def _outcomes(report: Report) -> pd.DataFrame:
    rows = [
        {
            "outcome": t.label,
            **dict(t.values),
            "difference": t.difference,
            "direction": t.direction,
            "measured as": t.note,
        }
        for t in report.tiles.tiles
    ]
    return pd.DataFrame(rows)


def _timeline(timeline: Timeline) -> pd.DataFrame:
    rows = [(i.step, timeline.lanes[i.lane].label, i.text) for i in timeline.happenings]
    return pd.DataFrame(rows, columns=["step", "side", "what began"])


def _table(table: Table) -> pd.DataFrame:
    """Returns a column for the text of each, one for its badges, and one per kind of detail."""
    rows = [dict(_fields(table.columns, row)) for row in table.rows]
    return pd.DataFrame(rows) if rows else pd.DataFrame(columns=list(table.columns))


def _fields(columns: tuple[str, ...], row: tuple[Cell, ...]) -> list[tuple[str, str]]:
    fields = []
    for column, cell in zip(columns, row, strict=True):
        fields += [(f"{column}: verdict", cell.badge)] if cell.badge else []
        fields.append((column, cell.text))
        fields += cell.more
    return fields
