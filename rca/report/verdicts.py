"""Findings as a terminal table, JSON, JUnit XML or Markdown."""

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from rca.checking import Check, Finding, Verdict
from rca.errors import printable
from rca.runs.record import RunRecord

STYLES = {
    Verdict.FAIL: "bold red",
    Verdict.ERROR: "bold magenta",
    Verdict.WARN: "yellow",
    Verdict.VACUOUS: "cyan",
    Verdict.NOT_RUN: "dim",
    Verdict.PASS: "green",
}
"""Worst first; the order is that of the tables."""


@dataclass(frozen=True)
class Judged:
    """A run with the answers of its checks, in the same order."""

    run: RunRecord
    checks: Sequence[Check]
    findings: Sequence[Finding]

    def worst_first(self) -> list[tuple[Check, Finding]]:
        """Returns the pairs by verdict, then severity, then id."""
        order = list(STYLES)
        pairs = zip(self.checks, self.findings, strict=True)
        return sorted(pairs, key=lambda p: (order.index(p[1].verdict), -p[0].severity, p[0].id))


def exit_code(judged: Judged) -> int:
    """Returns 0 if all passed, 1 if something failed or warns, 3 if something could not be seen.

    Damage in the evidence outranks what the rest of it shows: 3.
    """
    if judged.run.gaps:
        return 3
    verdicts = {finding.verdict for finding in judged.findings}
    if verdicts & {Verdict.FAIL, Verdict.WARN}:
        return 1
    return 0 if verdicts == {Verdict.PASS} else 3


def table(judged: Judged) -> RenderableType:
    """Returns the verdicts for a terminal, worst first, with remedies of what failed."""
    grid = Table(box=None, pad_edge=False, header_style="bold", expand=False)
    grid.add_column("verdict", no_wrap=True)
    grid.add_column("check", no_wrap=True)
    grid.add_column("what was found", overflow="fold")
    for item, finding in judged.worst_first():
        verdict = Text(finding.verdict.value, style=STYLES[finding.verdict])
        grid.add_row(verdict, item.id, Text(printable(finding.message)))
    return Group(_head(judged.run), "", grid, "", *_remedies(judged), _totals(judged.findings))


def _head(run: RunRecord) -> Text:
    steps = run.outcome.executed_steps
    updates = run.outcome.critic_updates
    parts = [
        "steps unknown" if steps is None else f"{steps:,} steps",
        f"{len(run.episodes):,} episodes",
        f"{len(run.evaluations):,} evaluations",
        "updates unknown" if updates is None else f"{updates:,} critic updates",
        f"{len(run.signals):,} signals",
    ]
    head = Text(printable(run.id), style="bold")
    head.append(f"  {run.kind}, {run.outcome.status}; {', '.join(parts)}", style="not bold")
    for gap in run.gaps:
        head.append(f"\ndamage: {printable(gap)}", style="not bold yellow")
    notes = run.provenance.get("notes")
    for note in notes if isinstance(notes, list | tuple) else ():
        head.append(f"\ninferred: {printable(str(note))}", style="not bold dim")
    return head


def _remedies(judged: Judged) -> list[RenderableType]:
    failed = [item for item, finding in judged.worst_first() if finding.verdict is Verdict.FAIL]
    if not failed:
        return []
    grid = Table(box=None, pad_edge=False, header_style="bold")
    grid.add_column("what to do about the failures", no_wrap=True)
    grid.add_column("", overflow="fold")
    for item in failed:
        grid.add_row(item.id, escape(item.remedy))
    return [grid, ""]


def _totals(findings: Sequence[Finding]) -> Text:
    count = Counter(finding.verdict for finding in findings)
    line = Text(f"{len(findings)} checks: ")
    parts = [Text(f"{count[v]} {v.value}", style=s) for v, s in STYLES.items() if count[v]]
    return line + Text(", ").join(parts)


def to_json(judged: Judged) -> str:
    """Returns the findings as JSON; a number that is not finite becomes null."""
    rows = [
        {
            "check": item.id,
            "title": item.title,
            "severity": item.severity.name.lower(),
            "verdict": finding.verdict.value,
            "message": finding.message,
            "value": _finite(finding.value),
            "limit": _finite(finding.limit),
            "unit": finding.unit,
            "steps": finding.steps,
            "onset": finding.onset,
            "suspects": finding.suspects,
            "remedy": item.remedy,
            "reference": item.reference,
        }
        for item, finding in judged.worst_first()
    ]
    head = {"run": judged.run.id, "kind": judged.run.kind, "gaps": judged.run.gaps}
    return json.dumps({**head, "exit_code": exit_code(judged), "findings": rows}, indent=2)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def to_junit(judged: Judged) -> str:
    """Returns JUnit XML: FAIL and WARN as failures, ERROR as error, the unseen as skipped."""
    suite = TestSuite(f"rca check {printable(judged.run.id)}")
    for item, finding in judged.worst_first():
        case = TestCase(item.id, classname=f"checks.{item.id.partition('.')[0]}")
        message = printable(finding.message)
        if finding.verdict in (Verdict.FAIL, Verdict.WARN):
            case.result = [Failure(message, finding.verdict.value)]
        elif finding.verdict is Verdict.ERROR:
            case.result = [Error(message, finding.verdict.value)]
        elif finding.verdict is not Verdict.PASS:
            case.result = [Skipped(f"{finding.verdict.value}: {message}")]
        suite.add_testcase(case)
    xml = JUnitXml()
    xml.add_testsuite(suite)
    return str(xml.tostring().decode())  # type: ignore[no-untyped-call]  # not annotated upstream


def to_markdown(judged: Judged) -> str:
    """Returns a Markdown table, worst first."""
    lines = [f"# Checks of {_cell(judged.run.id)}", "", _cell(_head(judged.run).plain), ""]
    lines += ["| verdict | check | what was found |", "| --- | --- | --- |"]
    lines += [
        f"| {finding.verdict.value} | {item.id} | {_cell(finding.message)} |"
        for item, finding in judged.worst_first()
    ]
    return "\n".join([*lines, "", _totals(judged.findings).plain, ""])


def _cell(text: str) -> str:
    """Makes a recording's text safe in a Markdown table cell: no HTML, no pipes, one line."""
    text = printable(" ".join(text.split()))
    for char in "\\`*_[]":
        text = text.replace(char, "\\" + char)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")


FORMATS = {"json": to_json, "junit": to_junit, "markdown": to_markdown}
"""Formats that are plain text; `table` is the terminal's."""
