"""A diagnosis for the terminal and as JSON: the story, the ranked causes, what it is not."""

import json
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rca.diagnosis.claims import IssueVerdict, judge_issues
from rca.diagnosis.diagnose import LIKELY, Diagnosis, Evidence, Ranked
from rca.errors import printable
from rca.report.claims_text import issues_table

EVIDENCE_SHOWN = 2
"""Findings printed per cause; JSON holds all."""
CALIBRATION = (
    "Probabilities come from weights set by hand (rca/diagnosis/weights.yaml), not yet calibrated "
    "on planted faults: read them as an order, not as frequencies."
)
UNLIKELY = 0.1
"""Causes below this probability are counted in the table, not listed; JSON holds them."""


def page(found: Diagnosis) -> RenderableType:
    """Returns one page: what happened in order of time, then causes, remedies, refutations."""
    return Group(
        Text(printable(found.run), style="bold"),
        *_story(found.story),
        *_causes(found.ranked),
        "",
        _refuted(found),
        *_untested(found),
        "",
        issues_table(judge_issues(found)),
        "",
        Text(CALIBRATION, style="dim"),
    )


def _story(lines: Sequence[str]) -> list[RenderableType]:
    if not lines:
        return [Text("No cause is likely from what was recorded.")]
    return [Text(f"{n}. {printable(line)}") for n, line in enumerate(lines, start=1)]


def _causes(ranked: Sequence[Ranked]) -> list[RenderableType]:
    if not ranked:
        return []
    shown = [item for item in ranked if item.probability >= UNLIKELY]
    grid = Table(box=None, pad_edge=False, header_style="bold")
    grid.add_column("probability", justify="right")
    grid.add_column("cause", no_wrap=True)
    grid.add_column("since", no_wrap=True)
    grid.add_column("evidence and what to do", overflow="fold")
    for item in shown:
        likely = item.probability >= LIKELY
        since = "-" if item.onset is None else f"step {item.onset:,}"
        share = Text(f"{item.probability:.0%}", style="bold red" if likely else "dim")
        remedy = [f"do: {item.cause.remedy}"] if likely else []
        lines = [*(_evidence(e) for e in item.evidence[:EVIDENCE_SHOWN]), *remedy]
        grid.add_row(share, item.cause.id, since, Text(printable_lines(lines)))
    hidden = len(ranked) - len(shown)
    note = [Text(f"{hidden} more below {UNLIKELY:.0%}", style="dim")] if hidden else []
    return ["", grid, *note]


def printable_lines(lines: Sequence[str]) -> str:
    """Joins lines, each with its control characters escaped."""
    return "\n".join(printable(line) for line in lines)


def _evidence(item: Evidence) -> str:
    side = "for" if item.weight > 0 else "against"
    return f"{side}: {item.finding.check}: {item.finding.message}"


def _refuted(found: Diagnosis) -> RenderableType:
    grid = Table(box=None, pad_edge=False, header_style="bold")
    grid.add_column("refuted", no_wrap=True, style="green")
    grid.add_column("what clears it", overflow="fold")
    for item in found.refuted:
        grid.add_row(item.cause.id, Text(printable(item.reason)))
    return grid if found.refuted else Text("Nothing could be refuted.")


def _untested(found: Diagnosis) -> list[RenderableType]:
    if not found.untested:
        return []
    names = ", ".join(item.cause.id for item in found.untested)
    return ["", Text(f"cannot tell from this recording: {names}", style="dim")]


def to_json(found: Diagnosis, damage: Sequence[str] = ()) -> str:
    """Returns everything in the diagnosis as JSON.

    Args:
        found: Written out.
        damage: What of the evidence is damaged, a line each.
    """
    tree = {
        "run": found.run,
        "damage": list(damage),
        "calibration": CALIBRATION,
        "story": found.story,
        "causes": [_cause_row(item) for item in found.ranked],
        "refuted": [{"cause": i.cause.id, "reason": i.reason} for i in found.refuted],
        "seed_issues": [_issue_row(item) for item in judge_issues(found)],
        "untested": [{"cause": i.cause.id, "advice": i.advice} for i in found.untested],
    }
    return json.dumps(tree, indent=2)


def _issue_row(item: IssueVerdict) -> dict[str, object]:
    return {
        "issue": item.issue,
        "cause": item.cause,
        "standing": item.standing.value,
        "reason": item.reason,
    }


def _cause_row(item: Ranked) -> dict[str, object]:
    evidence = [
        {"check": e.finding.check, "message": e.finding.message, "log_odds": e.weight}
        for e in item.evidence
    ]
    return {
        "cause": item.cause.id,
        "title": item.cause.title,
        "probability": item.probability,
        "onset": item.onset,
        "acts_from": item.cause.acts_from.value,
        "mechanism": item.cause.mechanism,
        "remedy": item.cause.remedy,
        "change_that_would_prove_it": item.cause.change,
        "references": item.cause.references,
        "evidence": evidence,
    }
