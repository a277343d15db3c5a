"""Cause: what can go wrong, from when on it can act, and what speaks for and against it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from rca.checking import Finding, Verdict
from rca.collect import collect
from rca.errors import UsageError

CAUSES = Path(__file__).parent / "causes"


ANY = "*"
"""Follows whatever else is likely."""


class Moment(StrEnum):
    """When a cause begins to act; a symptom that is older clears it."""

    LOAD = "load"
    RESET = "reset"
    FIRST_STEP = "first_step"
    FIRST_UPDATE = "first_update"
    FIRST_EVALUATION = "first_evaluation"


class Grade(StrEnum):
    """How much a sign weighs; weights.yaml holds the log-odds."""

    FACT = "fact"
    PROOF = "proof"
    STRONG = "strong"
    WEAK = "weak"


@dataclass(frozen=True)
class Sign:
    """A check's answer that speaks for or against a cause.

    Attributes:
        check: Its id.
        grade: How much it weighs.
        when: Verdicts that count.
        says: A word that the message must hold, "" for any; tells criteria of one check apart.
    """

    check: str
    grade: Grade
    when: tuple[Verdict, ...] = (Verdict.FAIL, Verdict.WARN)
    says: str = ""

    def seen_in(self, findings: Iterable[Finding]) -> Finding | None:
        """Returns the finding that shows the sign, None if none does."""
        for finding in findings:
            if finding.check == self.check and finding.verdict in self.when:
                return finding if self.says in finding.message else None
        return None


def passes(check: str, grade: Grade) -> Sign:
    """Returns the sign "this check passed", which speaks against a cause."""
    return Sign(check, grade, when=(Verdict.PASS,))


@dataclass(frozen=True)
class Cause:
    """Something that can make a run fail.

    Attributes:
        id: Its file's name.
        title: One line for tables.
        mechanism: How it leads to what is seen.
        acts_from: When it begins to act.
        supports: Signs for it.
        contradicts: Signs against it.
        rules_out: Signs that clear it, whatever speaks for it.
        because: Why they do, in a few words.
        explains: Checks whose FAIL would be its doing; an older one refutes it.
        follows: Ids of causes that bring it about; it is ranked below them. ANY: a state that every
            defect may bring about, unless a fact shows that it is the defect itself.
        misleads: Whether it deceives readers of the run without keeping the agent from learning;
            ranked below every likely cause that does.
        driving: Whether it is one of driving; not thought of in a run of another task.
        ours: Whether our own trainer alone can show it; not thought of in a foreign run.
        to_decide: What to log or run where nothing can be told.
        change: What to plant or remove in a study to prove it.
        remedy: What to do about it.
        references: Where it is described.
    """

    id: str
    title: str
    mechanism: str
    acts_from: Moment
    supports: tuple[Sign, ...]
    change: str
    remedy: str
    references: tuple[str, ...]
    contradicts: tuple[Sign, ...] = ()
    rules_out: tuple[Sign, ...] = ()
    because: str = ""
    explains: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    misleads: bool = False
    driving: bool = False
    ours: bool = False
    to_decide: str = ""


def load_causes(folder: Path = CAUSES) -> list[Cause]:
    """Returns the causes of a folder, by id.

    Raises:
        UsageError: Two causes have one id.
    """
    found = sorted(collect(folder, Cause), key=lambda cause: cause.id)
    ids = [cause.id for cause in found]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise UsageError(f"{folder}: cause ids used twice: {', '.join(twice)}; rename one of each")
    return found
