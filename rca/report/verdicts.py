"""Answers as a terminal table and as JSON."""

import json
import math
from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from rca.checking import Verdict
from rca.errors import printable
from rca.report.answers import Answer, Answers

STYLES = {
    Verdict.FAIL: "bold red",
    Verdict.ERROR: "bold magenta",
    Verdict.WARN: "yellow",
    Verdict.VACUOUS: "cyan",
    Verdict.NOT_RUN: "dim",
    Verdict.PASS: "green",
}
SHOWN = 12
"""Answers of one rule that the terminal lists; every format but this holds all."""


def table(answers: Answers) -> RenderableType:
    """Returns the verdicts for a terminal, worst first, with remedies of what failed."""
    grid = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    grid.add_column("verdict", no_wrap=True)
    grid.add_column("check", no_wrap=True)
    grid.add_column("what was found", overflow="fold")
    for row in _listed(answers.rows):
        verdict = Text(row.finding.verdict.value, style=STYLES[row.finding.verdict])
        grid.add_row(verdict, row.id, Text(printable(place(row) + row.finding.message)))
    folded = [Text(line, style="dim") for line in _folded(answers.rows)]
    return Group(_head(answers), "", grid, *folded, "", *_remedies(answers.rows), _totals(answers))


def _listed(rows: Sequence[Answer]) -> Iterable[Answer]:
    seen: dict[str, int] = {}
    for row in rows:
        seen[row.id] = seen.get(row.id, 0) + 1
        if seen[row.id] <= SHOWN:
            yield row


def _folded(rows: Sequence[Answer]) -> Iterable[str]:
    for name in dict.fromkeys(row.id for row in rows):
        more = sum(row.id == name for row in rows) - SHOWN
        if more > 0:
            yield f"{more} more of {name}; --format json lists all"


def place(row: Answer) -> str:
    """Returns the file and line that an answer is about, "" if it is about the run."""
    if not row.finding.file:
        return ""
    name = row.finding.file.replace("\\", "/").rpartition("/")[2]
    return f"{name}:{row.finding.line}: " if row.finding.line else f"{name}: "


def _head(answers: Answers) -> Text:
    head = Text(printable(answers.name), style="bold")
    for number, line in enumerate(answers.head):
        style = "yellow" if line.startswith("damage:") else "dim" if number else ""
        head.append("  " if number == 0 else "\n")
        head.append(printable(line), style=f"not bold {style}".strip())
    return head


def _remedies(rows: Iterable[Answer]) -> list[RenderableType]:
    failed = {row.id: row.remedy for row in rows if row.finding.verdict is Verdict.FAIL}
    if not failed:
        return []
    grid = Table(box=None, pad_edge=False, header_style="bold")
    grid.add_column("what to do about the failures", no_wrap=True)
    grid.add_column("", overflow="fold")
    for name, remedy in failed.items():
        grid.add_row(name, escape(remedy))
    return [grid, ""]


def _totals(answers: Answers) -> Text:
    line = Text(f"{len(answers.rows)} {answers.noun}: ")
    counts = [(v, answers.count(v)) for v in STYLES]
    parts = [Text(f"{count} {v.value}", style=STYLES[v]) for v, count in counts if count]
    return line + Text(", ").join(parts)


def to_json(answers: Answers) -> str:
    """Returns the answers as JSON; a number that is not finite becomes null."""
    rows = [_row(row) for row in answers.rows]
    tree = {**answers.facts, "exit_code": answers.exit_code, "findings": rows}
    return json.dumps(tree, indent=2)


def _row(row: Answer) -> dict[str, object]:
    finding = row.finding
    about = {"file": finding.file, "line": finding.line} if finding.file else {}
    return {
        "check": row.id,
        "title": row.title,
        "severity": row.severity,
        "verdict": finding.verdict.value,
        "message": finding.message,
        **about,
        "value": _finite(finding.value),
        "limit": _finite(finding.limit),
        "unit": finding.unit,
        "steps": finding.steps,
        "onset": finding.onset,
        "suspects": finding.suspects,
        "remedy": row.remedy,
        "reference": row.reference,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
