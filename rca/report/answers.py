"""What every format of a verdict is made of, whoever answered: checks, the audit, the diagnosis."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rca.audit.audit import Audit
from rca.audit.rules import Rule
from rca.checking import Check, Finding, Verdict, exit_code
from rca.diagnosis.cause import Cause
from rca.diagnosis.diagnose import LIKELY, Diagnosis, Ranked
from rca.errors import printable
from rca.report.wording import plural
from rca.runs.record import RunRecord

WORST_FIRST = (
    Verdict.FAIL,
    Verdict.ERROR,
    Verdict.WARN,
    Verdict.VACUOUS,
    Verdict.NOT_RUN,
    Verdict.PASS,
)
"""The order of tables."""
SHOWN_TAGS = 5
"""Tags without a known meaning that a page names; the rest is counted."""


@dataclass(frozen=True)
class Judged:
    """A run with the answers of its checks, in the same order."""

    run: RunRecord
    checks: Sequence[Check]
    findings: Sequence[Finding]


@dataclass(frozen=True)
class Answer:
    """What was asked, and one answer to it.

    Attributes:
        id: Of the check, rule or cause.
        title: What a table shows.
        severity: Of a FAIL: critical, major or minor.
        why: Why a FAIL matters.
        remedy: What to do about it.
        reference: Where rule and limit come from.
        finding: The answer.
        also: Further plain values for JSON, by name.
    """

    id: str
    title: str
    severity: str
    why: str
    remedy: str
    reference: str
    finding: Finding
    also: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Answers:
    """All answers about one thing, worst first.

    Attributes:
        name: Of the run or the file.
        noun: What the rows are: "checks" or "causes".
        head: What is known of the thing itself, a line each.
        facts: The same for JSON.
        rows: Worst first.
        damaged: Whether the evidence is; it outranks what the rest of it shows.
    """

    name: str
    noun: str
    head: tuple[str, ...]
    facts: Mapping[str, object]
    rows: tuple[Answer, ...]
    damaged: bool = False

    @property
    def exit_code(self) -> int:
        """0 if all passed, 1 if something failed or warns, 3 if something could not be seen."""
        if self.damaged:
            return 3
        return exit_code(row.finding for row in self.rows)

    def count(self, verdict: Verdict) -> int:
        """Returns how many answers have a verdict."""
        return sum(row.finding.verdict is verdict for row in self.rows)


def of_run(judged: Judged) -> Answers:
    """Returns the answers of a run's checks."""
    run = judged.run
    rows = [_answer(*pair) for pair in zip(judged.checks, judged.findings, strict=True)]
    facts = {"run": run.id, "kind": run.kind, "gaps": run.gaps}
    return Answers(run.id, "checks", _head(run), facts, _sorted(rows), bool(run.gaps))


def of_audit(found: Audit) -> Answers:
    """Returns the answers about config files."""
    name = ", ".join(path.name for path in found.files)
    code = f"{found.code:,} Python files" if found.code else "no code"
    head = (f"{found.settings:,} settings, {code}",)
    facts = {
        "config": [str(path) for path in found.files],
        "settings": found.settings,
        "python_files": found.code,
    }
    return Answers(name, "checks", head, facts, _sorted(_answer(*pair) for pair in found.answers))


def together(run: Answers, config: Answers) -> Answers:
    """Returns the answers about a run and about the config files behind it as one list."""
    return replace(
        run,
        head=(*run.head, *config.head),
        facts={**run.facts, **config.facts},
        rows=_sorted((*run.rows, *config.rows)),
    )


def of_diagnosis(found: Diagnosis, run: RunRecord) -> Answers:
    """Returns each cause as an answer: likely ones fail, cleared ones pass, the rest is open."""
    rows = [_ranked(item) for item in found.ranked]
    rows += [
        _cause(item.cause, Finding(Verdict.PASS, f"refuted: {item.reason}"))
        for item in found.refuted
    ]
    rows += [
        _cause(item.cause, Finding(Verdict.NOT_RUN, f"cannot tell: {item.advice}"))
        for item in found.untested
    ]
    facts = {"run": found.run, "gaps": run.gaps}
    return Answers(found.run, "causes", _head(run), facts, _sorted(rows), bool(run.gaps))


def _ranked(item: Ranked) -> Answer:
    verdict = Verdict.FAIL if item.probability >= LIKELY else Verdict.VACUOUS
    since = "" if item.onset is None else f", since step {item.onset:,}"
    seen = "; ".join(f"{e.finding.check}: {e.finding.message}" for e in item.evidence[:2])
    finding = Finding(
        verdict,
        f"{item.probability:.0%}{since}: {seen}",
        item.probability,
        LIKELY,
        "1",
        onset=item.onset,
    )
    return _cause(item.cause, finding)


def _cause(cause: Cause, finding: Finding) -> Answer:
    return Answer(
        id=cause.id,
        title=cause.title,
        severity="minor" if cause.misleads else "major",
        why=cause.mechanism,
        remedy=cause.remedy,
        reference="; ".join(cause.references),
        finding=replace(finding, check=cause.id),
    )


def _answer(asked: Check | Rule, finding: Finding) -> Answer:
    return Answer(
        id=asked.id,
        title=asked.title,
        severity=asked.severity.name.lower(),
        why=asked.why,
        remedy=asked.remedy,
        reference=asked.reference,
        finding=finding,
    )


def _sorted(rows: Iterable[Answer]) -> tuple[Answer, ...]:
    """Returns rows by verdict, then severity, then id; causes of one verdict keep their rank."""
    severities = ("critical", "major", "minor")

    def place(row: Answer) -> tuple[int, int, str]:
        is_cause = not row.finding.check or "." not in row.id
        order = WORST_FIRST.index(row.finding.verdict)
        return (order, 0, "") if is_cause else (order, severities.index(row.severity), row.id)

    return tuple(sorted(rows, key=place))


def _head(run: RunRecord) -> tuple[str, ...]:
    steps, updates = run.outcome.executed_steps, run.outcome.critic_updates
    parts = [
        "steps unknown" if steps is None else plural(steps, "step"),
        plural(len(run.episodes), "episode"),
        plural(len(run.evaluations), "evaluation"),
        "updates unknown" if updates is None else plural(updates, "critic update"),
        plural(len(run.signals), "signal"),
    ]
    lines = [f"{run.kind}, {run.outcome.status}; {', '.join(parts)}"]
    lines += [f"damage: {printable(gap)}" for gap in run.gaps]
    notes = run.provenance.get("notes")
    lines += [f"note: {n}" for n in notes] if isinstance(notes, list | tuple) else []
    if unknown := not_understood(run):
        lines.append(f"not understood: {unknown}; see --tags")
    return tuple(lines)


def not_understood(run: RunRecord) -> str:
    """Returns how many tags of a recording have no known meaning, and some of them; "" if none."""
    unknown = run.provenance.get("unknown_tags")
    if not isinstance(unknown, list) or not unknown:
        return ""
    named = ", ".join(printable(str(tag)) for tag in unknown[:SHOWN_TAGS])
    return f"{plural(len(unknown), 'tag')} ({named}{', ...' if len(unknown) > SHOWN_TAGS else ''})"
