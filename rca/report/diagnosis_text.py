"""A diagnosis for the terminal: what happened, what caused it, what did not, what to do next."""

from collections.abc import Sequence
from dataclasses import replace

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rca.diagnosis.claims import IssueVerdict, judge_issues
from rca.diagnosis.diagnose import LIKELY, Diagnosis, Evidence, Ranked, Refuted
from rca.errors import printable
from rca.report.answers import Judged, not_understood
from rca.report.claims_text import issues_table
from rca.report.logged import to_log
from rca.report.wording import listing, plural
from rca.runs.record import RunRecord

EVIDENCE_SHOWN = 2
"""Findings printed per cause; JSON holds all."""
LONGEST = 240
"""Characters of a finding; `rca check` prints it whole."""
NEXT = 3
"""Steps to take that are printed."""
CALIBRATION = (
    "Probabilities come from weights set by hand (rca/diagnosis/weights.yaml). How often they are "
    "right was measured on faults planted in rca's own trainer (reports/benchmark) and nowhere "
    "else: read them as an order, not as frequencies."
)
UNLIKELY = 0.1
"""Causes below this probability are counted in the table, not listed; JSON holds them."""


def page(judged: Judged, found: Diagnosis) -> RenderableType:
    """Returns one page: what happened in order of time, causes, refutations, what to do next."""
    likely = [item for item in found.ranked if item.probability >= LIKELY]
    parts: list[tuple[str, Sequence[RenderableType]]] = [
        ("What happened", _story(found)),
        ("Why it does not learn", _causes([i for i in likely if not i.cause.misleads])),
        ("Wrong too, but it only misleads", _causes([i for i in likely if i.cause.misleads])),
        ("Less likely", _doubts(found.ranked)),
        ("What it is not", _refuted(found.refuted)),
        ("The failed project's six issues on this run", [issues_table(_issues(found))]),
        ("What to do next", _next(judged, found)),
    ]
    lines: list[RenderableType] = [_head(judged.run)]
    for title, content in parts:
        if content:
            lines += ["", Text(title, style="bold"), *(Padding(x, (0, 0, 0, 2)) for x in content)]
    return Group(*lines, "", Text(CALIBRATION, style="dim"))


def _head(run: RunRecord) -> Text:
    steps, first = run.outcome.executed_steps, run.first_update_step()
    facts = [
        "steps unknown" if steps is None else f"{steps:,} steps",
        plural(len(run.episodes), "episode"),
        plural(len(run.evaluations), "evaluation"),
    ]
    if first is not None:
        facts.append(f"first update at step {first:,}")
    elif run.phases:
        facts.append("no update")
    return Text(printable(run.id), style="bold").append(f": {', '.join(facts)}", style="not bold")


def _story(found: Diagnosis) -> list[RenderableType]:
    if not found.story:
        return [Text("No cause is likely from what was recorded.")]
    lines = [f"{n}. {line}" for n, line in enumerate(found.story, start=1)]
    if found.refuted:
        lines.append(f"It is not: {', '.join(item.cause.id for item in found.refuted)}.")
    return [Text(printable(line)) for line in lines]


def _causes(likely: Sequence[Ranked]) -> list[RenderableType]:
    if not likely:
        return []
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    told: set[str] = set()
    for item in likely:
        since = "" if item.onset is None else f", since step {item.onset:,}"
        head = Text(item.cause.id, style="bold").append(since, style="not bold")
        grid.add_row(Text(f"{item.probability:.0%}", style="bold red"), head)
        grid.add_row("", Text(f"{item.cause.title}. {item.cause.mechanism}"))
        for evidence in item.evidence[:EVIDENCE_SHOWN]:
            grid.add_row("", Text(printable(_evidence(evidence, told))))
        grid.add_row("", Text(f"do: {item.cause.remedy}", style="green"))
    return [grid]


def _evidence(item: Evidence, told: set[str]) -> str:
    """Returns a finding in words, by its check's name alone where it was told before."""
    side = "for" if item.weight > 0 else "against"
    check = item.finding.check
    text = "see above" if check in told else brief(item.finding.message)
    told.add(check)
    return f"{side}: {check}: {text}"


def brief(message: str) -> str:
    """Returns a finding's message without the criteria that were met, cut to a few lines."""
    missed = message.partition("; met: ")[0]
    return missed if len(missed) <= LONGEST else f"{missed[: LONGEST - 3]}..."


def _doubts(ranked: Sequence[Ranked]) -> list[RenderableType]:
    doubted = [item for item in ranked if item.probability < LIKELY]
    shown = [f"{i.cause.id} {i.probability:.0%}" for i in doubted if i.probability >= UNLIKELY]
    hidden = len(doubted) - len(shown)
    words = [*shown, *([f"{hidden} more below {UNLIKELY:.0%}"] if hidden else [])]
    return [Text(", ".join(words), style="dim")] if words else []


def _refuted(refuted: Sequence[Refuted]) -> list[RenderableType]:
    """Returns what is cleared, causes that one observation clears on one line."""
    by_reason: dict[str, list[str]] = {}
    for item in refuted:
        by_reason.setdefault(item.reason, []).append(item.cause.id)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(overflow="fold", ratio=1)
    grid.add_column(overflow="fold", ratio=2)
    for reason, names in sorted(by_reason.items(), key=lambda item: -len(item[1])):
        grid.add_row(Text(", ".join(names), style="green"), Text(printable(brief(reason))))
    return [grid] if refuted else []


def _issues(found: Diagnosis) -> list[IssueVerdict]:
    """Returns the verdicts on the seed's issues; what was told above is not told again."""
    told = {item.reason for item in found.refuted}
    return [
        replace(item, reason="see above" if item.reason in told else brief(item.reason))
        for item in judge_issues(found)
    ]


def _next(judged: Judged, found: Diagnosis) -> list[RenderableType]:
    return [Text(f"{n}. {line}") for n, line in enumerate(next_steps(judged, found), start=1)]


def next_steps(judged: Judged, found: Diagnosis) -> list[str]:
    """Returns what to mend and how to prove it, then what to log to learn more."""
    likely = [item for item in found.ranked if item.probability >= LIKELY]
    roots = [item for item in likely if not item.cause.misleads and not item.follows]
    steps = [f"{item.cause.remedy} To prove it: {item.cause.change}" for item in roots[:NEXT]]
    wanted = to_log(judged)
    if found.untested and (unknown := not_understood(judged.run)):
        steps.append(f"Not understood: {unknown}. Say what of ours they mean by --tags.")
    if found.untested:
        steps.append(
            f"{plural(len(found.untested), 'cause')} could be neither supported nor cleared"
            + (f". Log {listing(wanted)} to judge most of them" if wanted else "")
            + "; rca diagnose --format json says what each needs."
        )
    return steps
