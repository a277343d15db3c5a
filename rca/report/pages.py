"""Answers and diagnoses -> Report, for the formats that are read as a page: markdown and html."""

from collections.abc import Sequence
from dataclasses import replace

from rca.diagnosis.claims import Standing, judge_issues
from rca.diagnosis.diagnose import LIKELY, Diagnosis
from rca.report.answers import WORST_FIRST, Answer, Answers, Judged
from rca.report.cause_tables import ranked_table, refuted_table, sentence
from rca.report.diagnosis_text import next_steps
from rca.report.html import to_html
from rca.report.markdown import to_markdown
from rca.report.model import Cell, Report, Section, Table, Tally, Text, Tiles
from rca.report.sides import TONES, badge
from rca.report.timeline import causal_timeline
from rca.report.verdicts import place
from rca.report.wording import Tone, plural, tidy
from rca.runs.record import RunRecord

STANDINGS: dict[Standing, Tone] = {
    Standing.SUPPORTED: "bad",
    Standing.DOUBTED: "warn",
    Standing.REFUTED: "good",
    Standing.UNTESTED: "muted",
}


def html(page: Report) -> str:
    """Returns a page without pictures as HTML that asks no network; all text is escaped."""
    return to_html(tidy(page), {})


def markdown(page: Report) -> str:
    """Returns a page without pictures as Markdown; all text is escaped."""
    return to_markdown(tidy(page))


def checks_page(answers: Answers) -> Report:
    """Returns the page of a checklist's answers."""
    accused = sum(answers.count(v) for v in WORST_FIRST[:3])
    unseen = sum(answers.count(v) for v in WORST_FIRST[3:5])
    sentence = f"{accused} of {plural(len(answers.rows), 'answer')} fail or warn"
    tone: Tone = "bad" if accused else "void" if unseen else "good"
    return Report(
        title=answers.name,
        verdict=f"{sentence}; {plural(unseen, 'question')} could not be looked at.",
        tone=tone,
        lead=answers.head,
        subjects=(),
        tiles=Tiles(()),
        tallies=(_tally(answers),),
        sections=(Section("checks", "Checks", (_table(answers),)),),
    )


def _tally(answers: Answers) -> Tally:
    counts = [(badge(v), TONES[v], answers.count(v)) for v in WORST_FIRST]
    return Tally(answers.noun, tuple(item for item in counts if item[2]))


def _table(answers: Answers) -> Table:
    return Table(
        id="checks",
        caption="What was asked and what was found",
        columns=("check", "what was found"),
        rows=tuple(_row(row) for row in answers.rows),
        note="Only PASS is a pass. VACUOUS: what the check looks for did not take place. "
        "NOT RUN: what it needs was not there.",
        filters=True,
    )


def _row(row: Answer) -> tuple[Cell, ...]:
    more = (
        ("Why it matters", row.why),
        ("What to do", row.remedy),
        ("Source", row.reference),
        ("Id", f"{row.id}, {row.severity}"),
    )
    verdict = row.finding.verdict
    found = Cell(
        place(row) + row.finding.message,
        badge(verdict),
        TONES[verdict],
        sort=float(WORST_FIRST.index(verdict)),
    )
    return Cell(row.title, more=more), found


def diagnosis_page(judged: Judged, found: Diagnosis) -> Report:
    """Returns the page of a diagnosis: story, timeline, causes, cleared ones, what to do next."""
    likely = sum(item.probability >= LIKELY for item in found.ranked)
    sections = [
        Section("story", "What happened, in order of time", _story(found)),
        Section("timeline", "Since when", (causal_timeline(judged, found),)),
        Section("causes", "Causes, for and against", (ranked_table(found),)),
        Section("refuted", "What it is not", (refuted_table(found),)),
        Section("next", "What to do next", (_numbered(next_steps(judged, found)),)),
        Section("issues", "The failed project's six issues on this run", (_issues(found),)),
        Section("untested", "What this record cannot tell", (_untested(found),)),
    ]
    return Report(
        title=found.run,
        verdict=sentence(found),
        tone="bad" if likely else "void",
        lead=_damage(judged.run),
        subjects=(),
        tiles=Tiles(()),
        sections=tuple(sections),
    )


def _damage(run: RunRecord) -> tuple[str, ...]:
    return tuple(f"The evidence is damaged: {gap}" for gap in run.gaps)


def _story(found: Diagnosis) -> tuple[Text, ...]:
    return (_numbered(found.story or ("No cause is likely from what was recorded.",)),)


def _numbered(lines: Sequence[str]) -> Text:
    return Text(tuple(f"{n}. {line}" for n, line in enumerate(lines, start=1)))


def _issues(found: Diagnosis) -> Table:
    rows = [
        (
            Cell(f"{item.issue} {item.cause}"),
            Cell(item.reason, item.standing.value.upper(), STANDINGS[item.standing]),
        )
        for item in judge_issues(found)
    ]
    return Table("issues", "What this run says of each", ("issue", "verdict"), tuple(rows))


def _untested(found: Diagnosis) -> Table:
    rows: Sequence[tuple[Cell, ...]] = [
        (Cell(item.cause.title), Cell(item.advice)) for item in found.untested
    ]
    note = "" if rows else "Of every known cause something could be told."
    return Table("untested", "What to log or run", ("cause", "to decide"), tuple(rows), note)


def timeline_page(judged: Judged, found: Diagnosis) -> Report:
    """Returns the part of a diagnosis's page that says when what began."""
    page = diagnosis_page(judged, found)
    return replace(page, sections=tuple(s for s in page.sections if s.id in ("story", "timeline")))
