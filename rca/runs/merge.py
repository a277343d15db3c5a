"""One RunRecord out of what several files say about one run."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from rca.runs import episodes as episode_parts
from rca.runs.clock import STEP_SECONDS
from rca.runs.declared import Declared, declared
from rca.runs.observed import observed
from rca.runs.part import Part
from rca.runs.phases import NOISE, UPDATES, FirstUpdate, first_update, is_learner, split
from rca.runs.record import Observed, Outcome, Phase, RunRecord, Signal, empty_evaluations
from rca.runs.sessions import File, one_training
from rca.runs.tags import TagTable
from rca.runs.telemetry import RUNNING, Telemetry, interpret


def merge(
    name: str, parts: Sequence[Part], tags: TagTable, problems: Sequence[str] = ()
) -> RunRecord:
    """Returns the record of a recorded run.

    Args:
        name: Its id.
        parts: What its files say, event files in the order in which they were begun.
        tags: Meaning of foreign tags.
        problems: Files that could not be read.
    """
    gaps = [*problems, *(gap for part in parts for gap in part.gaps)]
    notes = [note for part in parts for note in part.notes]
    files = one_training(_without_copies(parts, notes), tags, gaps)
    telemetry = interpret([file.series for file in files], tags)
    gaps += telemetry.gaps
    known = declared({key: value for part in parts for key, value in part.config.items()})
    found = episode_parts.columns(parts, telemetry, gaps)
    envs = known.config.get("env.side_by_side")
    episodes = episode_parts.table(
        found, telemetry.episode_ends, envs if isinstance(envs, int) and envs > 0 else 1
    )
    logged = episode_parts.placed(telemetry, episodes, gaps) | dict(telemetry.signals)
    signals = {s.name: s for part in parts for s in part.signals} | logged
    episode_parts.check_running(signals.get(RUNNING), episodes, gaps)
    evaluations = _evaluations(parts, telemetry, gaps)
    executed = _executed(parts, signals, evaluations, episodes, notes)
    ended = episode_parts.as_signals(found, episodes)
    # Files of episodes alone (monitor.csv) have no row at which a learner value would stand.
    timed = {n: s for n, s in signals.items() if n != STEP_SECONDS or n in telemetry.signals}
    first = first_update(timed, known.config, ended if telemetry.episodes else None)
    is_whole = not any(part.cut_off or _holds_more(part, len(episodes)) for part in parts)
    doubt = _doubt(parts, telemetry.unknown)
    updates, phases = _updates(first, logged, tags, doubt, known, executed, is_whole, notes)
    _count_updates(evaluations, first, phases, signals)
    in_force = observed(signals, evaluations, first, known.config)
    if first is None and phases and executed:
        in_force["agent.learning_starts"] = _never_started(executed, known)
    signals |= ended
    planned = [p.outcome.planned_steps for p in parts if p.outcome and p.outcome.planned_steps]
    return RunRecord(
        id=name,
        kind="recording",
        config=known.config,
        provenance=_provenance(parts, telemetry, known, first, notes, problems),
        outcome=Outcome("unknown", executed, planned[0] if planned else None, updates),
        phases=phases,
        signals=dict(sorted(signals.items())),
        episodes=episodes,
        evaluations=evaluations,
        results=next((part.results for part in parts if part.results), {}),
        gaps=tuple(" ".join(gap.split()) for gap in gaps),
        observed=in_force,
    )


def own(name: str, part: Part) -> RunRecord:
    """Returns the record of one of our own run folders."""
    assert part.outcome is not None
    assert part.evaluations is not None
    return RunRecord(
        id=name,
        kind="recording" if part.provenance.get("watched") else "rca",
        config=part.config,
        provenance=part.provenance,
        outcome=part.outcome,
        phases=part.phases,
        signals={signal.name: signal for signal in part.signals},
        episodes=episode_parts.table(part.episodes, None),
        evaluations=part.evaluations,
        results=part.results,
        gaps=part.gaps,
        wiring=part.wiring,
        strips=part.strips,
        histograms=part.histograms,
    )


def _without_copies(parts: Sequence[Part], notes: list[str]) -> list[File]:
    """Returns the files with scalar tags, without tags that a file with a clock holds as well.

    Stable-Baselines3 writes the same values to TensorBoard and to progress.csv.
    """
    clocked = {s.tag for part in parts for s in part.series if np.isfinite(s.walls).any()}
    files = []
    for part in parts:
        series = [s for s in part.series if s.tag not in clocked or np.isfinite(s.walls).any()]
        if len(series) < len(part.series):
            notes.append(
                f"{part.source.name}: {len(part.series) - len(series)} tags are in a file with a "
                "clock too, which was read"
            )
        files.append(File(part.source.name, tuple(series)))
    return [file for file in files if file.series]


def _holds_more(part: Part, episodes: int) -> bool:
    """Tells whether a file knows of more episodes than telemetry: then telemetry ends early."""
    return any(len(values) > episodes for values in part.episodes.values())


def _executed(
    parts: Sequence[Part],
    signals: Mapping[str, Signal],
    evaluations: pd.DataFrame,
    episodes: pd.DataFrame,
    notes: list[str],
) -> int | None:
    """Returns the steps that took place: the furthest that any record reaches."""
    said = [p.outcome.executed_steps for p in parts if p.outcome and p.outcome.executed_steps]
    logged = [int(signal.steps[-1]) for signal in signals.values() if len(signal)]
    logged += [int(step) for step in evaluations["step"].dropna()]
    ended = episodes["end_step"].max() if len(episodes) else math.nan
    summed = int(ended) if math.isfinite(ended) else 0
    rest = max(logged, default=0) - summed
    if summed and rest > 0:
        notes.append(
            f"episodes that ended hold {summed:,} of {summed + rest:,} logged steps; the last "
            f"{rest:,} belong to an episode that was not ended"
        )
    return max([*logged, summed, *said], default=0) or None


def _updates(
    first: FirstUpdate | None,
    signals: Mapping[str, Signal],
    tags: TagTable,
    doubt: str,
    known: Declared,
    executed: int | None,
    is_whole: bool,
    notes: list[str],
) -> tuple[int | None, tuple[Phase, ...]]:
    """Returns the critic updates and the phases, saying what is an inference."""
    if first is not None:
        notes.append(
            f"first update at step {first.step:,}, from {first.rule}; certain is that it lies "
            f"in steps {first.earliest:,}-{first.latest:,}"
        )
        counter = signals.get(UPDATES)
        last = counter.values[-1] if counter is not None and len(counter) else math.nan
        updates = int(last) if math.isfinite(last) and is_whole else None
        return updates, split(first, executed)
    ours = {tag.signal for tag in tags.values()}
    training = [n for n in signals if n in ours and n != STEP_SECONDS and not is_learner(n)]
    if not training or NOISE in signals:
        return None, ()
    if doubt:
        notes.append(f"whether updates took place is unknown: {doubt}")
        return None, ()
    what = "no update took place" if is_whole else "no update took place before the record ends"
    notes.append(
        f"{what}: inferred, since no learner value (loss, Q, gradient) was logged "
        f"while {', '.join(sorted(training)[:3])} were{_against(known, executed)}"
    )
    return (0 if is_whole else None), split(None, executed)


def _doubt(parts: Sequence[Part], unknown: Sequence[str]) -> str:
    """Returns why nothing follows from there being no learner value, "" if something does."""
    if unknown:
        some = ", ".join(unknown[:3]) + (" and others" if len(unknown) > 3 else "")
        return f"{some} may be learner values; name them by --tags"
    chosen = [part.source.name for part in parts if part.selected]
    return f"{chosen[0]} holds the columns that were asked for" if chosen else ""


def _against(known: Declared, executed: int | None) -> str:
    starts = known.config.get("agent.learning_starts")
    if isinstance(starts, int) and executed is not None and starts < executed:
        origin = known.origin["agent.learning_starts"]
        return f"; {origin} declares {starts:,}, which then was not in force"
    return ""


def _never_started(executed: int, known: Declared) -> Observed:
    starts = known.config.get("agent.learning_starts")
    stated = float(starts) if isinstance(starts, int) else None
    return Observed(executed, executed, executed, math.inf, "no update was logged", stated)


def _evaluations(parts: Sequence[Part], telemetry: Telemetry, gaps: list[str]) -> pd.DataFrame:
    """Returns the evaluations: telemetry, completed by files with steps, compared with the rest."""
    table = telemetry.evaluations
    tables = [(part, part.evaluations) for part in parts if part.evaluations is not None]
    for part, other in sorted(tables, key=lambda item: item[1]["step"].isna().all()):
        if table is None:
            table = other.copy()
        elif other["step"].notna().all():
            both = table.set_index("step"), other.set_index("step")
            shared = both[0].index.intersection(both[1].index)
            _compare_columns(part, both[0].loc[shared], both[1].loc[shared], gaps)
            table = both[0].combine_first(both[1]).sort_index().reset_index()[list(table.columns)]
        else:
            _compare_columns(part, table, other, gaps)
    return empty_evaluations() if table is None else table.astype("float64")


def _compare_columns(part: Part, kept: pd.DataFrame, other: pd.DataFrame, gaps: list[str]) -> None:
    for name in other.columns:
        if kept.get(name, other[name]).notna().any() and other[name].notna().any():
            ours, theirs = kept[name].to_numpy(), other[name].to_numpy()
            episode_parts.compare(part, f"evaluations.{name}", ours, theirs, gaps)


def _count_updates(
    evaluations: pd.DataFrame,
    first: FirstUpdate | None,
    phases: tuple[Phase, ...],
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
    elif phases:
        before = np.zeros(len(steps))
    evaluations["updates"] = evaluations["updates"].fillna(pd.Series(before))


def _provenance(
    parts: Sequence[Part],
    telemetry: Telemetry,
    known: Declared,
    first: FirstUpdate | None,
    notes: Sequence[str],
    problems: Sequence[str],
) -> dict[str, object]:
    found: dict[str, object] = {}
    for part in parts:
        found.update(part.provenance)
    found["files"] = [part.source.name for part in parts]
    found["notes"] = list(notes)
    found["cut_off"] = [part.source.name for part in parts if part.cut_off]
    found["unreadable"] = list(problems)
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
