"""What a trainer should log next: what most questions went without."""

import re
from collections import Counter

from rca.checking import Verdict
from rca.report.answers import Judged
from rca.runs.phases import is_learner

MOST = 3
"""Named; a longer list is not read."""
LOGGABLE = ("/", "episodes.", "evaluations.")
"""Marks of what a trainer can log; the others are settings or what the audit of wiring sees."""


def to_log(judged: Judged) -> list[str]:
    """Returns the names of ours that most checks which could not be run went without.

    Columns of tables are spelt as in a table of tags: `episode/return`.
    """
    run, answers = judged.run, zip(judged.checks, judged.findings, strict=True)
    learned = run.first_update_step() is not None
    missing = Counter(
        need
        for check, finding in answers
        if finding.verdict is Verdict.NOT_RUN
        for need in check.needs
        if any(mark in need for mark in LOGGABLE) and not run.has(need)
        if learned or not is_learner(need)
    )
    return [
        re.sub(r"^(episode|evaluation)s\.", r"\1/", name) for name, _ in missing.most_common(MOST)
    ]
