"""Checks side by side, configuration difference, expected ranges, gaps: records -> tables."""

import math
from collections import defaultdict
from collections.abc import Iterable
from itertools import groupby

import pandas as pd

from rca.checking import Check, Finding, Verdict
from rca.config import flatten
from rca.report.expected import PROGRESSION, SOURCE, Expected
from rca.report.model import Cell, Table
from rca.report.sides import ORDER, TONES, Side, badge, checks_of
from rca.report.wording import Tone, number, plural, setting

UNSEEN = (Verdict.ERROR, Verdict.VACUOUS, Verdict.NOT_RUN)
JUDGED = (Verdict.PASS, Verdict.WARN, Verdict.FAIL)
ABSENT = Cell("not set", tone="muted")


def checks_table(sides: tuple[Side, ...]) -> Table:
    """Returns every check with its verdict on each side, worst first, changes marked."""
    names = tuple(side.name for side in sides)
    columns = ("check", *names) + (("change",) if len(sides) == 2 else ())
    return Table(
        id="checks",
        caption="What was asked and what was found",
        columns=columns,
        rows=tuple(_check_row(check, sides) for check in checks_of(sides)),
        note="Only PASS is a pass. VACUOUS: what the check looks for did not take place. "
        "NOT RUN: what it needs was not recorded.",
        filters=True,
    )


def _check_row(check: Check, sides: tuple[Side, ...]) -> tuple[Cell, ...]:
    more = (
        ("Question", check.question),
        ("Why it matters", check.why),
        ("What to do", check.remedy),
        ("Source", check.reference),
        ("Id", f"{check.id}, {check.severity.name.lower()}"),
    )
    cells = [Cell(check.title, more=more), *(_verdict_cell(side, check) for side in sides)]
    if len(sides) == 2:
        cells.append(_change(*(side.worst(check.id) for side in sides)))
    return tuple(cells)


def _verdict_cell(side: Side, check: Check) -> Cell:
    found = side.findings(check.id)
    if not found:
        return Cell("not asked", tone="muted", sort=float(len(ORDER)))
    worst = found[0]
    word = badge(worst.verdict)
    if len(side.runs) > 1:
        same = sum(f.verdict is worst.verdict for f in found)
        word = f"{word} {same}/{len(side.runs)}"
    order = float(ORDER.index(worst.verdict))
    return Cell(worst.message, word, TONES[worst.verdict], sort=order)


def _change(before: Verdict | None, after: Verdict | None) -> Cell:
    if before is after or before is None or after is None:
        return Cell("", sort=1.0)
    if before in JUDGED and after in JUDGED:
        worse = JUDGED.index(after) > JUDGED.index(before)
        return Cell("worse", tone="bad", sort=0.0) if worse else Cell("better", tone="good", sort=0)
    return Cell("judged now" if after in JUDGED else "no longer judged", tone="warn", sort=0.5)


def config_table(sides: tuple[Side, ...]) -> Table:
    """Returns the settings: those that differ between two sides, or all of a single side."""
    keys = sorted(
        {key for side in sides for record in side.records for key in record.config}, key=_own_last
    )
    rows = [(key, [_settings(side, key) for side in sides]) for key in keys]
    if len(sides) == 2:
        rows = [(key, cells) for key, cells in rows if cells[0] != cells[1]]
    equal = len(keys) - len(rows)
    note = f"{plural(equal, 'setting')} equal on both sides left out. " if len(sides) == 2 else ""
    if any(record.kind == "recording" for side in sides for record in side.records):
        note += "A recording's values are the declared ones; whether its code read them is open."
    return Table(
        id="configuration",
        caption="Effective settings" + (" that differ" if len(sides) == 2 else ""),
        columns=("setting", *(side.name for side in sides)),
        rows=tuple((Cell(key), *cells) for key, cells in rows),
        note=note.strip(),
        filters=len(rows) > 12,
    )


def _own_last(key: str) -> tuple[bool, str]:
    """Sorts a recording's own keys, `file:their.key`, behind those that have one of our names."""
    return ":" in key, key


def _settings(side: Side, key: str) -> Cell:
    values = [setting(r.config[key]) for r in side.records if key in r.config]
    return Cell(", ".join(dict.fromkeys(values))) if values else ABSENT


def expected_table(sides: tuple[Side, ...]) -> Table:
    """Returns the seed's expected ranges beside the median (success: share) of each side."""
    rows = []
    for expected in PROGRESSION:
        unit = {"length": "steps", "return": "", "success": "%"}[expected.quantity]
        low, high = number(expected.low, unit), number(expected.high, unit)
        name = {"success": "success"}.get(expected.quantity, f"median {expected.quantity}")
        span = f"{expected.first:,} to {expected.last:,}"
        cells = [_held(side, expected, unit) for side in sides]
        rows.append((Cell(span, sort=expected.first), Cell(name), Cell(f"{low} to {high}"), *cells))
    return Table(
        id="expected",
        caption="Expected of training episodes, and measured",
        columns=("steps", "quantity", "expected", *(side.name for side in sides)),
        rows=tuple(rows),
        note=f"Expectation: {SOURCE}; its returns are in the units of its own reward function. "
        "An episode belongs to the stretch in which it ended.",
    )


def _held(side: Side, expected: Expected, unit: str) -> Cell:
    """Returns the measured value and where it lies."""
    if not expected.comparable(side.first):
        return Cell("not comparable: our rewards have other units", tone="muted")
    tables = [r.episodes for r in side.records if len(r.episodes)]
    if not tables:
        return Cell("no episode recorded", tone="muted")
    episodes = pd.concat(tables)
    end = episodes["end_step"]
    inside = episodes[(end >= expected.first) & (end <= expected.last)]
    values = inside[expected.quantity].dropna()
    if not len(values):
        return Cell("no episode ended here" if not len(inside) else "not recorded", tone="muted")
    value = float(values.mean() if expected.quantity == "success" else values.median())
    text = f"{number(value, unit)} of {plural(len(values), 'episode')}"
    return Cell(text, *_where(value, expected), sort=value)


def _where(value: float, expected: Expected) -> tuple[str, Tone]:
    if value < expected.low:
        return "below", "warn"
    return ("above", "warn") if value > expected.high else ("inside", "good")


def unseen_table(sides: tuple[Side, ...]) -> Table:
    """Returns what was not judged and why: vacuous, not run and broken checks, gaps, crashes."""
    rows = [row for side in sides for row in (*_unjudged(side), *_gaps(side))]
    return Table(
        id="unseen",
        caption="What did not run, and why",
        columns=("side", "what", "why"),
        rows=tuple(rows),
        note="" if rows else "Every check was judged and nothing was missing.",
    )


def _unjudged(side: Side) -> Iterable[tuple[Cell, ...]]:
    reasons: dict[tuple[Verdict, str], list[str]] = defaultdict(list)
    for finding in _findings(side):
        if finding.verdict in UNSEEN and finding.check not in reasons[_key(finding)]:
            reasons[_key(finding)].append(finding.check)
    ordered = sorted(reasons.items(), key=lambda item: (ORDER.index(item[0][0]), item[0][1]))
    for (verdict, message), ids in ordered:
        what = Cell(", ".join(ids), badge(verdict), TONES[verdict])
        yield Cell(side.name), what, Cell(message)


def _findings(side: Side) -> Iterable[Finding]:
    return (finding for judged in side.runs for finding in judged.findings)


def _key(finding: Finding) -> tuple[Verdict, str]:
    return finding.verdict, finding.message


def _gaps(side: Side) -> Iterable[tuple[Cell, ...]]:
    for record in side.records:
        if record.outcome.status in ("running", "interrupted", "crashed"):
            why = record.outcome.error or "it ended before its planned steps"
            yield Cell(side.name), Cell(record.id, record.outcome.status, "bad"), Cell(why)
        for gap in record.gaps:
            yield Cell(side.name), Cell(record.id, "gap", "muted"), Cell(gap)


def provenance_table(sides: tuple[Side, ...]) -> Table:
    """Returns where the runs come from: digest, versions, machine, files read."""
    columns = [_provenance(side) for side in sides]
    keys = list(dict.fromkeys(key for column in columns for key in column))
    return Table(
        id="provenance",
        caption="Where the runs come from",
        columns=("what", *(side.name for side in sides)),
        rows=tuple((Cell(k), *(Cell(c[k]) if k in c else ABSENT for c in columns)) for k in keys),
    )


def _provenance(side: Side) -> dict[str, str]:
    """Returns a text per key; seeds of one side are listed where they differ."""
    pairs = [
        (key, _text(value))
        for record in side.records
        for key, value in flatten(record.provenance).items()
        if value not in (None, "", [], {})
    ]
    pairs.sort(key=lambda pair: pair[0])
    return {
        key: ", ".join(dict.fromkeys(text for _, text in group))
        for key, group in groupby(pairs, key=lambda pair: pair[0])
    }


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, float) and math.isfinite(value):
        return number(value)
    return str(value)
