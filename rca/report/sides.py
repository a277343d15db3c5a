"""Who is compared: a side is a configuration with one judged run per seed."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rca.checking import Check, Finding, Verdict
from rca.report.answers import WORST_FIRST, Judged
from rca.report.wording import Tone
from rca.runs.record import RunRecord

ORDER = WORST_FIRST
"""Verdicts, worst first."""
TONES: Mapping[Verdict, Tone] = {
    Verdict.PASS: "good",
    Verdict.WARN: "warn",
    Verdict.FAIL: "bad",
    Verdict.ERROR: "bad",
    Verdict.VACUOUS: "void",
    Verdict.NOT_RUN: "muted",
}


@dataclass(frozen=True)
class Side:
    """Runs of one configuration that differ in their seed alone.

    Attributes:
        name: "baseline" or "fixed"; "run" where nothing is compared.
        runs: At least one.
        color: Index into the palette.
    """

    name: str
    runs: tuple[Judged, ...]
    color: int

    @property
    def records(self) -> tuple[RunRecord, ...]:
        """The runs' records."""
        return tuple(judged.run for judged in self.runs)

    @property
    def first(self) -> RunRecord:
        """The record that speaks for what all seeds share."""
        return self.runs[0].run

    def findings(self, check_id: str) -> list[Finding]:
        """Returns each run's finding of a check, worst first; empty if none was asked it."""
        found = [f for judged in self.runs for f in judged.findings if f.check == check_id]
        return sorted(found, key=lambda f: ORDER.index(f.verdict))

    def worst(self, check_id: str) -> Verdict | None:
        """Returns the worst verdict of a check over the seeds, None if it was not asked."""
        found = self.findings(check_id)
        return found[0].verdict if found else None

    def count(self) -> Counter[Verdict]:
        """Returns how many checks have which worst verdict."""
        ids = {f.check for judged in self.runs for f in judged.findings}
        return Counter(f for name in ids if (f := self.worst(name)) is not None)

    def updates(self) -> int | None:
        """Returns the fewest critic updates of a run; None if one does not tell."""
        known = [record.outcome.critic_updates for record in self.records]
        return None if None in known else min(n for n in known if n is not None)

    def last_step(self) -> float:
        """Returns the last environment step that anything is known of, 1 at least."""
        return max(_last_step(record) for record in self.records)


def _last_step(record: RunRecord) -> float:
    ends = [float(s.steps[-1]) for s in record.signals.values() if len(s)]
    ends += [float(record.episodes["end_step"].max())] if len(record.episodes) else []
    ends += [float(phase.last_step) for phase in record.phases]
    ends += [float(record.outcome.executed_steps or 1)]
    return max([1.0, *(end for end in ends if math.isfinite(end))])


def sides_of(baseline: Sequence[Judged], fixed: Sequence[Judged] = ()) -> tuple[Side, ...]:
    """Returns one side, or two that are compared.

    Raises:
        ValueError: The baseline has no run.
    """
    if not baseline:
        raise ValueError("a report needs at least one run")
    if not fixed:
        return (Side("run", tuple(baseline), 0),)
    return (Side("baseline", tuple(baseline), 1), Side("fixed", tuple(fixed), 0))


def badge(verdict: Verdict) -> str:
    """Returns a verdict as it is shown."""
    return verdict.value.replace("_", " ")


def checks_of(sides: Sequence[Side]) -> list[Check]:
    """Returns every check asked on any side, worst verdict first, then by severity and id."""
    asked = {c.id: c for side in sides for judged in side.runs for c in judged.checks}

    def rank(check: Check) -> tuple[int, int, str]:
        verdicts = [v for side in sides if (v := side.worst(check.id)) is not None]
        return min(map(ORDER.index, verdicts), default=len(ORDER)), -check.severity, check.id

    return sorted(asked.values(), key=rank)
