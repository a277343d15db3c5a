"""What the diagnosis says of each side: likely causes, and causes that are refuted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rca.diagnosis.cause import Cause
from rca.diagnosis.diagnose import LIKELY, Diagnosis, Ranked, Refuted, diagnose
from rca.report.diagnosis_text import CALIBRATION, UNLIKELY
from rca.report.model import Cell, Table
from rca.report.sides import Side
from rca.report.wording import Tone, listing, plural

SILENT = Cell("no evidence", tone="muted", sort=-1.0)


@dataclass(frozen=True)
class Diagnosed:
    """A side with the diagnosis of each of its seeds."""

    side: Side
    diagnoses: tuple[Diagnosis, ...]

    @cached_property
    def ranked(self) -> Mapping[str, list[Ranked]]:
        """Causes that may be active, by id, an entry per seed that speaks of them."""
        found: dict[str, list[Ranked]] = {}
        for diagnosis in self.diagnoses:
            for item in diagnosis.ranked:
                found.setdefault(item.cause.id, []).append(item)
        return found

    @cached_property
    def refuted(self) -> Mapping[str, Refuted]:
        """Causes that every seed refutes, by id, with the reason of the first."""
        common = [{item.cause.id for item in d.refuted} for d in self.diagnoses]
        kept = set.intersection(*common)
        return {i.cause.id: i for i in self.diagnoses[0].refuted if i.cause.id in kept}

    def probability(self, cause_id: str) -> float:
        """Returns the median over the seeds that speak of a cause, 0 if none does."""
        found = self.ranked.get(cause_id, [])
        return float(np.median([item.probability for item in found])) if found else 0.0


def diagnosed(sides: Sequence[Side]) -> tuple[Diagnosed, ...]:
    """Diagnoses every run of every side."""
    return tuple(
        Diagnosed(side, tuple(diagnose(judged.run, judged.findings) for judged in side.runs))
        for side in sides
    )


def summary(sides: Sequence[Diagnosed]) -> str:
    """Returns the most likely causes of each side, in the order of time, in one sentence."""
    parts = []
    for item in sides:
        titles = [found[0].cause.title for found in _likely(item)]
        shown = [title[0].lower() + title[1:] for title in titles[:3]]
        more = f" and {len(titles) - 3} more" if len(titles) > 3 else ""
        words = f"{listing(shown) if not more else ', '.join(shown)}{more}"
        parts.append(f"{item.side.name}: {words or 'none'}")
    return f"Likely causes. {'; '.join(parts)}."


def _likely(item: Diagnosed) -> list[list[Ranked]]:
    """Returns the causes as likely as not, the earliest first."""
    likely = [f for name, f in item.ranked.items() if item.probability(name) >= LIKELY]
    return sorted(likely, key=lambda found: float("inf") if (s := _since(found)) is None else s)


def _since(found: Sequence[Ranked]) -> int | None:
    return min((item.onset for item in found if item.onset is not None), default=None)


def causes_table(sides: Sequence[Diagnosed]) -> Table:
    """Returns causes that may be active on any side, then those that are refuted."""
    known = _causes(sides)
    rows = [
        (_cause(cause), *(_cell(item, cause) for item in sides))
        for cause in sorted(known.values(), key=lambda cause: _order(sides, cause))
    ]
    untested = {i.cause.id for item in sides for d in item.diagnoses for i in d.untested}
    left = len(untested - known.keys())
    note = "" if rows else "No cause has anything for or against it. "
    note += f"{CALIBRATION} Causes do not exclude each other: several can be active at once."
    note += f" These records can tell nothing of {plural(left, 'more cause')}." if left else ""
    return Table(
        id="causes",
        caption="What may be the cause, and what cannot be",
        columns=("cause", *(item.side.name for item in sides)),
        rows=tuple(rows),
        note=note,
        filters=True,
    )


def _causes(sides: Sequence[Diagnosed]) -> dict[str, Cause]:
    """Returns by id the causes that some side has something to say of."""
    known: dict[str, Cause] = {}
    for item in sides:
        for name, found in item.ranked.items():
            if item.probability(name) >= UNLIKELY:
                known[name] = found[0].cause
        known.update({name: refuted.cause for name, refuted in item.refuted.items()})
    return known


def _order(sides: Sequence[Diagnosed], cause: Cause) -> tuple[float, str]:
    return -max(item.probability(cause.id) for item in sides), cause.id


def _cause(cause: Cause) -> Cell:
    more = (
        ("How it works", cause.mechanism),
        ("What to do", cause.remedy),
        ("Source", "; ".join(cause.references)),
        ("Id", f"{cause.id}, acts from {cause.acts_from.value.replace('_', ' ')}"),
    )
    return Cell(cause.title, more=tuple((label, text) for label, text in more if text))


def _cell(item: Diagnosed, cause: Cause) -> Cell:
    if cause.id in item.refuted:
        return Cell(item.refuted[cause.id].reason, "REFUTED", "good", sort=0.0)
    found = item.ranked.get(cause.id)
    if not found:
        return SILENT
    share = item.probability(cause.id)
    since = _since(found)
    place = "" if since is None else f"since step {since:,}: "
    reasons = [e.finding.message for e in found[0].evidence[:2] if e.weight > 0]
    seeds = len(item.side.runs)
    badge = f"{share:.0%}" + (f" {len(found)}/{seeds}" if seeds > 1 else "")
    tone: Tone = "bad" if share >= LIKELY else "muted"
    return Cell(f"{place}{'; '.join(reasons)}", badge, tone, sort=share)
