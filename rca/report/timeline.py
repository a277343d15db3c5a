"""The story in order of time: phases, evaluations, first update, onsets of what failed."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from rca.checking import Finding, Verdict
from rca.diagnosis.cause import Moment
from rca.diagnosis.diagnose import LIKELY, Diagnosis, Ranked
from rca.report.answers import Judged
from rca.report.chart import Happening, Lane, Series, Shade, Timeline
from rca.report.panels import last_step, phases
from rca.report.sides import Side, checks_of, sides_of
from rca.report.wording import Tone, listing, plural
from rca.runs.record import RunRecord

SEED_BLAMED = "learning_rate_imbalance"
"""What the failed project blamed; named first where it is cleared."""


def timeline(sides: Sequence[Side]) -> Timeline:
    """Returns what happened when, on each side."""
    lanes = tuple(Lane(side.name, phases(side), _evaluations(side)) for side in sides)
    happenings = sorted(
        (item for index, side in enumerate(sides) for item in _happenings(index, side, sides)),
        key=lambda item: (item.step, item.lane),
    )
    return Timeline(
        title=_title(sides), lanes=lanes, happenings=tuple(happenings), last=last_step(sides)
    )


def causal_timeline(judged: Judged, found: Diagnosis) -> Timeline:
    """Returns what happened when in one run, with a row for each likely cause below it.

    A cause's row begins at its earliest sign; one without a sign that has a place, at step 0. The
    last row shows from when on those causes could act that an older symptom clears.
    """
    sides = sides_of([judged])
    plain, last = timeline(sides), last_step(sides)
    likely = sorted((item for item in found.ranked if item.probability >= LIKELY), key=_onset)
    rows = [_cause_lane(item, last) for item in likely]
    rows += _cleared_lane(judged.run, found, last)
    return replace(plain, lanes=(*plain.lanes, *rows), lengths=_lengths(judged.run))


def _onset(item: Ranked) -> float:
    """Returns where a cause's signs begin, what has no place last."""
    return math.inf if item.onset is None else item.onset


def _lengths(run: RunRecord) -> Series | None:
    table = run.episodes[["end_step", "length"]].dropna()
    table = table[table["length"] > 0]
    if not len(table):
        return None
    return Series("episode length", table["end_step"].to_numpy(), table["length"].to_numpy())


def _cleared_lane(run: RunRecord, found: Diagnosis, last: float) -> list[Lane]:
    """Returns the row of causes that act through updates and came too late, if there is one."""
    first = run.first_update_step()
    if first is None:
        return []
    late = [i.cause.id for i in found.refuted
            if i.cause.acts_from is Moment.FIRST_UPDATE and i.is_by_order]  # fmt: skip
    if not late:
        return []
    more = f" +{len(late) - 1}" if len(late) > 1 else ""
    named = SEED_BLAMED if SEED_BLAMED in late else late[0]
    text = "NOT these: what they would explain is older"
    return [Lane(f"{named}{more}", (Shade("cleared", float(first), last),), (), text)]


def _cause_lane(item: Ranked, last: float) -> Lane:
    """Returns a cause's row, with a tick at each sign for it."""
    signs = {e.finding.onset for e in item.evidence if e.weight > 0}
    return Lane(
        f"{item.cause.id} {item.probability:.0%}",
        (Shade("likely", float(item.onset or 0), last),),
        tuple(sorted(float(step) for step in signs if step is not None)),
        item.cause.title,
    )


def _evaluations(side: Side) -> tuple[float, ...]:
    return tuple(float(step) for r in side.records for step in r.evaluations["step"].dropna())


def _happenings(index: int, side: Side, sides: Sequence[Side]) -> Iterable[Happening]:
    updates = _first_update(side)
    if updates is not None:
        yield Happening(float(updates), index, "first update", "void")
    for check in checks_of(sides):
        begun = _begun(side.findings(check.id))
        if begun is not None and begun.onset is not None:
            tone: Tone = "bad" if begun.verdict is Verdict.FAIL else "warn"
            text = f"{check.title}: {begun.message}"
            yield Happening(float(begun.onset), index, text, tone)


def _begun(findings: Iterable[Finding]) -> Finding | None:
    """Returns the earliest onset of a symptom over the seeds."""
    begun = [f for f in findings if f.onset is not None and f.verdict in _SYMPTOMS]
    return min(begun, key=lambda f: f.onset or 0, default=None)


_SYMPTOMS = (Verdict.FAIL, Verdict.WARN)


def _first_update(side: Side) -> int | None:
    steps = [step for r in side.records if (step := r.first_update_step()) is not None]
    return min(steps, default=None)


def _title(sides: Sequence[Side]) -> str:
    """Returns what the order of time refutes: a cause cannot act before it exists."""
    parts = []
    for side in sides:
        first = _first_update(side)
        onsets = [f.onset for judged in side.runs for f in judged.findings
                  if f.verdict is Verdict.FAIL and f.onset is not None]  # fmt: skip
        early = [onset for onset in onsets if first is not None and onset < first]
        if early and first is not None:
            parts.append(
                f"{side.name}: {plural(len(early), 'symptom')} began before the first update "
                f"(step {first:,})"
            )
    if not parts and not any(_first_update(side) for side in sides):
        return "No update took place, or none can be placed"
    if not parts:
        return "No failure is known to have begun before the first update"
    return f"{listing(parts)}; nothing that acts through updates can have caused them"
