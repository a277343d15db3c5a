"""One run's diagnosis as tables: causes with what speaks for and against them, cleared causes."""

from collections.abc import Sequence

from rca.diagnosis.diagnose import LIKELY, Diagnosis, Evidence, Ranked
from rca.report.diagnosis_text import CALIBRATION, UNLIKELY, brief
from rca.report.model import Cell, Table
from rca.report.wording import plural

SHOWN = 2
"""Findings for, and findings against, that are shown at once; the others open on demand."""


def sentence(found: Diagnosis) -> str:
    """Returns the diagnosis in one sentence: the first cause, since when, and what it is not."""
    likely = [item for item in found.ranked if item.probability >= LIKELY]
    cleared = f"{plural(len(found.refuted), 'cause')} refuted"
    if not likely:
        return f"No cause is likely from what was recorded; {cleared}."
    first = likely[0]
    since = "" if first.onset is None else f", since step {first.onset:,}"
    more = f"; {plural(len(likely) - 1, 'more likely cause')}" if len(likely) > 1 else ""
    return f"{first.cause.title}{since} ({first.probability:.0%}){more}; {cleared}."


def ranked_table(found: Diagnosis) -> Table:
    """Returns the causes that may be active in the order of the diagnosis."""
    shown = [item for item in found.ranked if item.probability >= UNLIKELY]
    left = len(found.ranked) - len(shown)
    note = f"{CALIBRATION} Causes do not exclude each other: several can be active at once."
    note += f" {plural(left, 'cause')} below {UNLIKELY:.0%} left out." if left else ""
    return Table(
        id="causes",
        caption="What may be the cause",
        columns=("cause", "speaks for it", "speaks against it"),
        rows=tuple(_row(item) for item in shown),
        note=note,
        filters=True,
    )


def _row(item: Ranked) -> tuple[Cell, ...]:
    cause = item.cause
    more = (
        ("How it works", cause.mechanism),
        ("What to do", cause.remedy),
        ("To prove it", cause.change),
        ("Brought about by", ", ".join(item.follows)),
        ("Source", "; ".join(cause.references)),
        ("Id", f"{cause.id}, acts from {cause.acts_from.value.replace('_', ' ')}"),
    )
    since = "" if item.onset is None else f", since step {item.onset:,}"
    return (
        Cell(
            cause.title + since,
            f"{item.probability:.0%}",
            "bad" if item.probability >= LIKELY else "muted",
            tuple((label, text) for label, text in more if text),
            item.probability,
        ),
        _evidence([e for e in item.evidence if e.weight > 0]),
        _evidence([e for e in item.evidence if e.weight < 0]),
    )


def _evidence(items: Sequence[Evidence]) -> Cell:
    if not items:
        return Cell("nothing", tone="muted")
    told = [f"{e.finding.check}: {brief(e.finding.message)}" for e in items]
    more = tuple((e.finding.check, e.finding.message) for e in items[SHOWN:])
    return Cell("; ".join(told[:SHOWN]), more=more, sort=sum(abs(e.weight) for e in items))


def refuted_table(found: Diagnosis) -> Table:
    """Returns cleared causes, those that one observation clears in one row."""
    by_reason: dict[str, list[str]] = {}
    for item in found.refuted:
        by_reason.setdefault(item.reason, []).append(item.cause.title)
    rows = [
        (Cell("; ".join(titles), "REFUTED", "good"), Cell(reason))
        for reason, titles in sorted(by_reason.items(), key=lambda pair: -len(pair[1]))
    ]
    note = "" if rows else "Nothing recorded clears any cause."
    return Table("refuted", "What it is not, and why", ("cause", "because"), tuple(rows), note)
