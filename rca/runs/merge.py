"""One RunRecord out of what several files say about one run."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rca.runs.declared import Declared, declared
from rca.runs.part import Part
from rca.runs.phases import NOISE, UPDATES, FirstUpdate, first_update, is_learner, split
from rca.runs.record import (
    EPISODE_COLUMNS,
    Outcome,
    Phase,
    RunRecord,
    Signal,
    empty_episodes,
    empty_evaluations,
)
from rca.runs.tags import EPISODE, TagTable
from rca.runs.telemetry import STEP_SECONDS, Telemetry, interpret

SAME = 1e-4
"""Relative difference up to which two files agree; TensorBoard keeps 24 bits of a number."""
RUNNING = "env/episode_steps"


def merge(
    name: str, parts: Sequence[Part], table: TagTable, problems: Sequence[str] = ()
) -> RunRecord:
    """Returns the record of a recorded run.

    Args:
        name: Its id.
        parts: What its files say, event files in the order in which they were written.
        table: Meaning of foreign tags.
        problems: Files that could not be read.
    """
    gaps = [*problems, *(gap for part in parts for gap in part.gaps)]
    notes = [note for part in parts for note in part.notes]
    telemetry = interpret([part.series for part in parts if part.series], table)
    gaps += telemetry.gaps
    known = declared({key: value for part in parts for key, value in part.config.items()})
    columns = _columns(parts, telemetry, gaps)
    episodes = _episode_table(columns, telemetry.episode_ends)
    signals = {**telemetry.signals, **{s.name: s for part in parts for s in part.signals}}
    executed = _executed(parts, signals, telemetry, episodes, gaps, notes)
    first = first_update(signals, known.config)
    updates, phases = _updates(first, telemetry.signals, table, known, executed, notes)
    evaluations = _evaluations(parts, telemetry, gaps)
    _count_updates(evaluations, first, updates, signals)
    signals.update(_episode_signals(columns, episodes))
    results = next((part.results for part in parts if part.results), {})
    planned = [p.outcome.planned_steps for p in parts if p.outcome and p.outcome.planned_steps]
    return RunRecord(
        id=name,
        kind="recording",
        config=known.config,
        provenance=_provenance(parts, telemetry, known, first, notes),
        outcome=Outcome("unknown", executed, planned[0] if planned else None, updates),
        phases=phases,
        signals=dict(sorted(signals.items())),
        episodes=episodes,
        evaluations=evaluations,
        results=results,
        gaps=tuple(gaps),
    )


def _columns(
    parts: Sequence[Part], telemetry: Telemetry, gaps: list[str]
) -> dict[str, NDArray[np.generic]]:
    """Returns per-episode arrays by column or `episode/...` name; telemetry goes before files."""
    columns: dict[str, NDArray[np.generic]] = {}
    for name, values in telemetry.episodes.items():
        short = name.removeprefix(EPISODE)
        columns[short if short in EPISODE_COLUMNS else name] = values
    for part in parts:
        for name, other in part.episodes.items():
            if name in columns:
                _compare(part, name, columns[name], other, gaps)
            else:
                columns[name] = other
    return columns


def _compare(
    part: Part,
    name: str,
    kept: NDArray[np.generic],
    other: NDArray[np.generic],
    gaps: list[str],
) -> None:
    where = f"{part.source.name}: {name}"
    if len(kept) != len(other):
        gaps.append(
            f"{where}: {len(other):,} episodes, elsewhere {len(kept):,}; the latter is used"
        )
    both = min(len(kept), len(other))
    a, b = kept[:both].astype(np.float64), other[:both].astype(np.float64)
    differs = np.flatnonzero(~np.isclose(a, b, rtol=SAME, atol=SAME, equal_nan=True))
    if len(differs):
        at = int(differs[0])
        gaps.append(
            f"{where}: differs from other telemetry in {len(differs):,} of {both:,} episodes, "
            f"first in episode {at} ({b[at]:g}, elsewhere {a[at]:g}); the latter is used"
        )


def _episode_table(
    columns: Mapping[str, NDArray[np.generic]], ends: NDArray[np.int64] | None
) -> pd.DataFrame:
    """Returns the episodes; without logged ends they follow from adding up the lengths."""
    known = {name: values for name, values in columns.items() if name in EPISODE_COLUMNS}
    rows = max((len(values) for values in known.values()), default=0)
    if not rows:
        return empty_episodes()
    table = empty_episodes().reindex(range(rows))
    table["end_reason"] = None
    for name, values in known.items():
        table.loc[: len(values) - 1, name] = values
    if ends is not None and len(ends) == rows:
        table["end_step"] = ends.astype(np.float64)
    elif "end_step" not in known:
        # A missing length leaves the place of everything behind it unknown.
        table["end_step"] = np.cumsum(table["length"].to_numpy())
    if "start_step" not in known:
        table["start_step"] = table["end_step"] - table["length"]
    return table


def _executed(
    parts: Sequence[Part],
    signals: Mapping[str, Signal],
    telemetry: Telemetry,
    episodes: pd.DataFrame,
    gaps: list[str],
    notes: list[str],
) -> int | None:
    """Returns the steps that took place; compares lengths of episodes with the logged steps."""
    said = [p.outcome.executed_steps for p in parts if p.outcome and p.outcome.executed_steps]
    logged = max((int(s.steps[-1]) for s in signals.values() if len(s)), default=0)
    if telemetry.evaluations is not None:
        logged = max(logged, int(telemetry.evaluations["step"].max()))
    ended = episodes["end_step"].max() if len(episodes) else np.nan
    summed = int(ended) if np.isfinite(ended) else 0
    _check_running(signals.get(RUNNING), episodes, gaps)
    if 0 < summed < logged:
        notes.append(
            f"episodes that ended hold {summed:,} of {logged:,} logged steps; the last "
            f"{logged - summed:,} belong to an episode that was not ended"
        )
    executed = max([logged, summed, *said])
    return executed or None


def _check_running(running: Signal | None, episodes: pd.DataFrame, gaps: list[str]) -> None:
    """Compares the logged steps of the running episode with the ends that lengths add up to."""
    if running is None or not len(episodes):
        return
    ends = np.append(0, episodes["end_step"].to_numpy())
    began = running.steps - running.values
    checked = began <= np.nanmax(ends)
    wrong = np.flatnonzero(checked & ~np.isin(began, ends) & ~np.isin(running.steps, ends))
    if len(wrong):
        gaps.append(
            f"episode lengths do not add up to the steps logged: {len(wrong)} of "
            f"{int(checked.sum())} records of {running.tag} lie elsewhere, first at step "
            f"{int(running.steps[wrong[0]]):,}; places of episodes are uncertain from there on"
        )


def _updates(
    first: FirstUpdate | None,
    signals: Mapping[str, Signal],
    table: TagTable,
    known: Declared,
    executed: int | None,
    notes: list[str],
) -> tuple[int | None, tuple[Phase, ...]]:
    """Returns the critic updates and the phases, saying what is an inference."""
    counter = signals.get(UPDATES)
    if first is not None:
        notes.append(
            f"first update at step {first.step:,}, from {first.rule}; certain is that it lies "
            f"in steps {first.earliest:,}-{first.latest:,}"
        )
        counted = counter.finite() if counter is not None else np.empty(0)
        return (int(counted[-1]) if len(counted) else None), split(first, executed)
    ours = {tag.signal for tag in table.values()}
    training = [n for n in signals if n in ours and n != STEP_SECONDS and not is_learner(n)]
    if not training or NOISE in signals:
        return None, ()
    notes.append(
        f"no update took place: inferred, since no learner value (loss, Q, gradient) was logged "
        f"while {', '.join(sorted(training)[:3])} were{_against(known, executed)}"
    )
    return 0, split(None, executed)


def _against(known: Declared, executed: int | None) -> str:
    starts = known.config.get("agent.learning_starts")
    if isinstance(starts, int) and executed is not None and starts < executed:
        origin = known.origin["agent.learning_starts"]
        return f"; {origin} declares {starts:,}, which then was not in force"
    return ""


def _evaluations(parts: Sequence[Part], telemetry: Telemetry, gaps: list[str]) -> pd.DataFrame:
    """Returns the evaluations; files without steps are only compared with telemetry."""
    others = [part for part in parts if part.evaluations is not None]
    if telemetry.evaluations is None:
        return others[0].evaluations.copy() if others else empty_evaluations()  # type: ignore[union-attr]
    table = telemetry.evaluations.copy()
    for part in others:
        assert part.evaluations is not None
        for name in part.evaluations.columns:
            values = part.evaluations[name].to_numpy()
            if np.isfinite(values).any() and np.isfinite(table[name]).any():
                _compare(part, f"evaluations.{name}", table[name].to_numpy(), values, gaps)
    return table


def _count_updates(
    evaluations: pd.DataFrame,
    first: FirstUpdate | None,
    updates: int | None,
    signals: Mapping[str, Signal],
) -> None:
    """Fills in the updates before each evaluation where they are known."""
    if not len(evaluations):
        return
    steps = evaluations["step"].to_numpy()
    before = np.full(len(steps), np.nan)
    counter = signals.get(UPDATES)
    if counter is not None and len(counter):
        before = np.interp(steps, counter.steps, counter.values, left=np.nan, right=np.nan)
    if first is not None:
        before = np.where(steps < first.earliest, 0.0, before)
    elif updates == 0:
        before = np.zeros(len(steps))
    evaluations["updates"] = np.where(
        evaluations["updates"].notna(), evaluations["updates"], before
    )


def _episode_signals(
    columns: Mapping[str, NDArray[np.generic]], episodes: pd.DataFrame
) -> dict[str, Signal]:
    """Returns what was logged per episode as signals over the steps at which episodes ended."""
    found = {}
    for name, values in columns.items():
        if name in ("start_step", "end_step", "end_reason"):
            continue
        ends = episodes["end_step"].to_numpy()[: len(values)]
        placed = np.isfinite(ends)
        full = name if name.startswith(EPISODE) else f"{EPISODE}{name}"
        unit = "steps" if name == "length" else ""
        if placed.any():
            steps = ends[placed].astype(np.int64)
            found[full] = Signal(full, unit, steps, values[: len(ends)][placed].astype(np.float64))
    return found


def _provenance(
    parts: Sequence[Part],
    telemetry: Telemetry,
    known: Declared,
    first: FirstUpdate | None,
    notes: Sequence[str],
) -> dict[str, object]:
    found: dict[str, object] = {}
    for part in parts:
        found.update(part.provenance)
    found["files"] = [part.source.name for part in parts]
    found["notes"] = list(notes)
    found["unknown_tags"] = list(telemetry.unknown)
    found["declared_in"] = dict(known.origin)
    found["declared_again"] = {key: dict(places) for key, places in known.others.items()}
    if first is not None:
        found["first_update"] = {
            "step": first.step,
            "earliest": first.earliest,
            "latest": first.latest,
            "rule": first.rule,
        }
    return found


def own(name: str, part: Part) -> RunRecord:
    """Returns the record of one of our own run folders."""
    assert part.outcome is not None
    assert part.evaluations is not None
    kind: Literal["rca"] = "rca"
    return RunRecord(
        id=name,
        kind=kind,
        config=part.config,
        provenance=part.provenance,
        outcome=part.outcome,
        phases=part.phases,
        signals={signal.name: signal for signal in part.signals},
        episodes=_episode_table(part.episodes, None),
        evaluations=part.evaluations,
        results=part.results,
        gaps=part.gaps,
    )
