"""A diagnosis as JSON: everything that the page leaves out too."""

import json
from collections.abc import Sequence

from rca.diagnosis.claims import IssueVerdict, judge_issues
from rca.diagnosis.diagnose import Diagnosis, Ranked
from rca.report.diagnosis_text import CALIBRATION


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
        "follows": item.follows,
        "mechanism": item.cause.mechanism,
        "remedy": item.cause.remedy,
        "change_that_would_prove_it": item.cause.change,
        "references": item.cause.references,
        "evidence": evidence,
    }
