"""Check, Verdict, Finding and the engine that runs checks on a RunRecord."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np

from rca.collect import collect
from rca.errors import UsageError
from rca.runs.record import RunRecord
from rca.runs.task import drives

Judge = Callable[[RunRecord], "Finding"]

NO_DRIVING = (
    "a question about driving; nothing recorded names a road or a car (if it drives, say so: "
    "config={'task': 'driving'})"
)


class Verdict(StrEnum):
    """What a check found; only PASS is a pass."""

    PASS = "PASS"
    WARN = "WARN"
    FAIL = "FAIL"
    VACUOUS = "VACUOUS"
    """Evidence is there, but what it could show did not happen (no update took place), or the
    question is about driving and the run's task is another."""
    NOT_RUN = "NOT_RUN"
    """A signal that the check needs is absent."""
    ERROR = "ERROR"
    """The check itself broke."""


class Severity(IntEnum):
    """How much a FAIL of the check matters; tables show the worst first."""

    MINOR = 1
    MAJOR = 2
    CRITICAL = 3


@dataclass(frozen=True)
class Finding:
    """A check's answer about one run.

    Attributes:
        verdict: See Verdict.
        message: One line with number, limit and place.
        value: The number judged; NaN if there is none.
        limit: What it was held against; NaN if there is none.
        unit: Of value and limit.
        steps: First and last environment step of the evidence; None if it has no place.
        onset: Environment step at which the symptom began; None if unknown or no symptom.
        suspects: Ids of causes that this finding speaks for.
        check: The check's id, filled in by the engine.
        file: That the finding is about, "" if it is about the run.
        line: In that file, counted from 1; None without a file.
    """

    verdict: Verdict
    message: str
    value: float = math.nan
    limit: float = math.nan
    unit: str = ""
    steps: tuple[int, int] | None = None
    onset: int | None = None
    suspects: tuple[str, ...] = ()
    check: str = ""
    file: str = ""
    line: int | None = None


def exit_code(findings: Iterable[Finding]) -> int:
    """Returns 0 if all passed, 1 if something failed or warns, 3 if something was not seen."""
    verdicts = {finding.verdict for finding in findings}
    if verdicts & {Verdict.FAIL, Verdict.WARN}:
        return 1
    return 0 if verdicts == {Verdict.PASS} else 3


@dataclass(frozen=True)
class Check:
    """One question about a run.

    Attributes:
        id: `<topic>.<name>`, as in `episodes.modes`.
        title: What a table shows.
        question: The first line of the judge's docstring.
        needs: What must be there (RunRecord.has); NOT_RUN otherwise.
        judge: Answers with a Finding.
        severity: Of a FAIL.
        why: The docstring's `Why:` paragraph: why a FAIL matters.
        remedy: Its `Remedy:` paragraph: what to do about a FAIL.
        reference: Its `Reference:` paragraph: where the rule and its limit come from.
        driving: Whether the question is about driving; VACUOUS for runs of another task.
    """

    id: str
    title: str
    question: str
    needs: tuple[str, ...]
    judge: Judge
    severity: Severity
    why: str
    remedy: str
    reference: str
    driving: bool = False


def check(
    id: str,
    *,
    title: str,
    needs: Sequence[str] = (),
    severity: Severity = Severity.MAJOR,
    driving: bool = False,
) -> Callable[[Judge], Check]:
    """Marks a function as a check; its docstring holds question, Why, Remedy and Reference.

    What else is given stands in Check.

    Raises:
        ValueError: The docstring lacks one of these parts.
    """

    def mark(judge: Judge) -> Check:
        parts = _paragraphs(judge.__doc__ or "")
        missing = {"question", "why", "remedy", "reference"} - parts.keys()
        if missing:
            raise ValueError(f"check {id}: its docstring lacks {', '.join(sorted(missing))}")
        return Check(
            id=id,
            title=title,
            needs=tuple(needs),
            judge=judge,
            severity=severity,
            driving=driving,
            **parts,
        )

    return mark


def _paragraphs(doc: str) -> dict[str, str]:
    """Splits a docstring into its question and the texts behind `Why:`, `Remedy:`, `Reference:`."""
    parts: dict[str, str] = {}
    name = "question"
    for line in doc.strip().splitlines():
        head, colon, rest = line.strip().partition(":")
        if colon and head in ("Why", "Remedy", "Reference"):
            name, text = head.lower(), rest
        else:
            text = line
        parts[name] = f"{parts.get(name, '')} {text.strip()}".strip()
    return {key: text for key, text in parts.items() if text}


def load_checks(folders: Iterable[Path]) -> list[Check]:
    """Returns the checks of some folders.

    Raises:
        UsageError: Two checks have one id.
    """
    found = [item for folder in folders for item in collect(folder, Check)]
    ids = [item.id for item in found]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise UsageError(f"check ids used twice: {', '.join(twice)}; rename one of each")
    return found


def builtin_checks() -> Path:
    """Returns the folder of the checks that come with rca: in the wheel, else in the checkout."""
    packaged = Path(__file__).parent / "_checks"
    return packaged if packaged.is_dir() else Path(__file__).parents[1] / "checks"


def select(checks: Iterable[Check], patterns: Sequence[str]) -> list[Check]:
    """Returns the checks whose id matches one of some shell patterns, such as `seed.*`.

    Raises:
        UsageError: A pattern matches no check.
    """
    found = list(checks)
    for pattern in patterns:
        if not any(fnmatchcase(item.id, pattern) for item in found):
            topics = ", ".join(sorted({item.id.partition(".")[0] for item in found}))
            raise UsageError(f"--only {pattern}: matches no check; topics are {topics}")
    return [item for item in found if any(fnmatchcase(item.id, p) for p in patterns)]


def run_checks(checks: Iterable[Check], run: RunRecord) -> list[Finding]:
    """Returns one finding per check, in the order given."""
    return [_judge(item, run) for item in checks]


def _judge(item: Check, run: RunRecord) -> Finding:
    try:
        # Recordings hold infinities and 1e308; arithmetic on them is judged, not warned about.
        with np.errstate(all="ignore"):
            return replace(_answer(item, run), check=item.id)
    except Exception as error:  # noqa: BLE001  a broken check is a result, not a crash
        return Finding(Verdict.ERROR, f"the check broke: {error!r}", check=item.id)


def _answer(item: Check, run: RunRecord) -> Finding:
    missing = [need for need in item.needs if not run.has(need)]
    if missing:
        said = [f"not recorded: {', '.join(missing)}", *filter(None, map(run.why_absent, missing))]
        return Finding(Verdict.NOT_RUN, "; ".join(said))
    if item.driving and not drives(run):
        return Finding(Verdict.VACUOUS, NO_DRIVING)
    return item.judge(run)


def fail_above(
    value: float,
    limit: float,
    message: str,
    *,
    unit: str = "",
    steps: tuple[int, int] | None = None,
    onset: int | None = None,
    suspects: tuple[str, ...] = (),
) -> Finding:
    """Returns FAIL if value > limit, PASS if not, NOT_RUN if the value is NaN."""
    return _judged(value > limit, value, limit, message, unit, steps, onset, suspects)


def fail_below(
    value: float,
    limit: float,
    message: str,
    *,
    unit: str = "",
    steps: tuple[int, int] | None = None,
    onset: int | None = None,
    suspects: tuple[str, ...] = (),
) -> Finding:
    """Returns FAIL if value < limit, PASS if not, NOT_RUN if the value is NaN."""
    return _judged(value < limit, value, limit, message, unit, steps, onset, suspects)


def _judged(
    failed: bool,
    value: float,
    limit: float,
    message: str,
    unit: str,
    steps: tuple[int, int] | None,
    onset: int | None,
    suspects: tuple[str, ...],
) -> Finding:
    verdict = Verdict.FAIL if failed else Verdict.PASS
    if math.isnan(value):
        verdict, message = Verdict.NOT_RUN, f"no finite value: {message}"
    if verdict is not Verdict.FAIL:
        onset, suspects = None, ()
    return Finding(verdict, message, value, limit, unit, steps, onset, suspects)
