"""The seed's claims: what their sources say, and what a run says about its six issues."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path

import yaml

from rca.diagnosis.diagnose import LIKELY, Diagnosis

CLAIMS = Path(__file__).with_name("claims.yaml")


@dataclass(frozen=True)
class Claim:
    """A sentence of the seed document and what is known of it.

    Attributes:
        issue: Number of the seed's issue, 1 to 6.
        cause: Id of the cause that tests the issue on a run.
        claim: What the seed says.
        source: Where it says so.
        found: What the sources named, or measurement, say.
        verdict: On the claim, in a few words.
    """

    issue: int
    cause: str
    claim: str
    source: str
    found: str
    verdict: str


class Standing(StrEnum):
    """What one run says about one of the seed's issues."""

    SUPPORTED = "supported"
    DOUBTED = "doubted"
    """There is evidence, but other causes explain more."""
    REFUTED = "refuted"
    UNTESTED = "untested"


@dataclass(frozen=True)
class IssueVerdict:
    """A seed issue judged on a run.

    Attributes:
        issue: Number, 1 to 6.
        cause: Id of its cause.
        standing: Supported, doubted, refuted or untested.
        reason: One sentence with the evidence, or what would be needed.
    """

    issue: int
    cause: str
    standing: Standing
    reason: str


def load_claims() -> list[Claim]:
    """Returns the seed's claims in the order of its issues."""
    names = {field.name for field in fields(Claim)}
    rows = yaml.safe_load(CLAIMS.read_text(encoding="utf-8"))
    return [Claim(**{name: row[name] for name in names}) for row in rows]


def judge_issues(diagnosis: Diagnosis) -> list[IssueVerdict]:
    """Returns what a run's diagnosis says about each of the seed's six issues."""
    causes = {claim.issue: claim.cause for claim in load_claims()}
    return [_judge(issue, cause, diagnosis) for issue, cause in sorted(causes.items())]


def _judge(issue: int, cause: str, diagnosis: Diagnosis) -> IssueVerdict:
    for refuted in diagnosis.refuted:
        if refuted.cause.id == cause:
            return IssueVerdict(issue, cause, Standing.REFUTED, refuted.reason)
    for ranked in diagnosis.ranked:
        if ranked.cause.id == cause:
            standing = Standing.SUPPORTED if ranked.probability >= LIKELY else Standing.DOUBTED
            heaviest = ranked.evidence[0].finding
            reason = f"{ranked.probability:.0%}: {heaviest.check}: {heaviest.message}"
            return IssueVerdict(issue, cause, standing, reason)
    return IssueVerdict(issue, cause, Standing.UNTESTED, _advice(cause, diagnosis))


def _advice(cause: str, diagnosis: Diagnosis) -> str:
    advice: Sequence[str] = [u.advice for u in diagnosis.untested if u.cause.id == cause]
    return advice[0] if advice else "its cause is not among those asked about"
