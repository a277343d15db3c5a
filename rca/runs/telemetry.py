"""From scalar tags as logged to signals over environment steps, episodes and evaluations.

Which axis counts episodes is told by `rca.runs.axis`. Further rules, by content:

- Records that go back in step (a resumed run, two writers) are sorted; the one logged last wins.
- A tag over steps that the clock contradicts is placed by the clock (`rca.runs.clock`).
- `env/step_seconds` is the wall clock between consecutive records of the tag with most records,
  divided by the steps between them: everything the training loop does, not the environment alone.
  It is NaN where an evaluation was logged in between or where the clock went back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rca.runs.axis import over_episodes
from rca.runs.clock import STEP_SECONDS, by_clock, step_seconds
from rca.runs.part import Floats, Series
from rca.runs.record import EVALUATION_COLUMNS, Signal
from rca.runs.tags import EPISODE, EVALUATION, Tag, TagTable

MAX_STEP = 10**12
"""No training is longer; a record beyond it is damaged."""
RUNNING = "env/episode_steps"
"""Steps taken so far in the running episode."""


@dataclass(frozen=True)
class Telemetry:
    """What scalar tags say.

    Attributes:
        signals: Over environment steps, by our name (unknown tags keep theirs).
        episodes: By our name (`episode/length`), one value per episode, in order.
        episode_ends: Environment step of each episode's end if logged over steps, else None. [n]
        along_episodes: Signals of ours that were logged once per episode: the number of the
            episode (from 0) and the value of each record.
        evaluations: By step.
        unknown: Tags without a name of ours.
        gaps: Repairs.
    """

    signals: Mapping[str, Signal]
    episodes: Mapping[str, Floats]
    episode_ends: NDArray[np.int64] | None
    along_episodes: Mapping[str, tuple[NDArray[np.int64], Floats]]
    evaluations: pd.DataFrame | None
    unknown: tuple[str, ...]
    gaps: tuple[str, ...]


def interpret(files: Sequence[Sequence[Series]], table: TagTable) -> Telemetry:
    """Returns what the scalar tags of a recording mean.

    Args:
        files: The tags of each file, files in the order in which they were written.
        table: Meaning of known tags.
    """
    gaps: list[str] = []
    files = [[_possible(series, gaps) for series in file] for file in files]
    raw = join(files)
    ended = {series.tag for series in raw if _is_of_episodes(series.tag, table)}
    are_many = any(_are_many(series) for series in raw if series.tag in ended)
    ordered = [_in_order(s, gaps, keeps_equal=are_many and s.tag in ended) for s in raw]
    joined = [series for series in ordered if len(series.steps)]
    known = {series.tag: table.get(series.tag, Tag(series.tag)) for series in joined}
    episodic = over_episodes(joined, known)
    over_steps = [series for series in joined if series.tag not in episodic]
    placed = by_clock(over_steps, known, gaps)
    on_steps = {new.tag for new, old in zip(placed, over_steps, strict=True) if new is old}
    signals: dict[str, Signal] = {}
    for series in placed:
        _add(signals, _signal(series, known[series.tag]), gaps)
    counted = [series for series in joined if series.tag in episodic]
    episodes, ends = _episodes(counted, signals, known)
    evaluations = _evaluations(signals)
    seconds = step_seconds(files, on_steps, known, gaps)
    if seconds is not None and STEP_SECONDS not in signals:
        signals[STEP_SECONDS] = seconds
    unknown = tuple(sorted(series.tag for series in joined if series.tag not in table))
    along = _along_episodes(counted, known)
    return Telemetry(signals, episodes, ends, along, evaluations, unknown, tuple(gaps))


def join(files: Sequence[Sequence[Series]]) -> list[Series]:
    """Returns one series per tag, the records of later files behind those of earlier ones."""
    by_tag: dict[str, list[Series]] = {}
    for series in (series for file in files for series in file):
        by_tag.setdefault(series.tag, []).append(series)
    return [parts[0] if len(parts) == 1 else _joined(parts) for parts in by_tag.values()]


def _joined(parts: Sequence[Series]) -> Series:
    return Series(
        parts[0].tag,
        np.concatenate([part.steps for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.walls for part in parts]),
    )


def _possible(series: Series, gaps: list[str]) -> Series:
    """Leaves out records at steps that no training has."""
    usable = (series.steps >= 0) & (series.steps <= MAX_STEP)
    if usable.all():
        return series
    gaps.append(f"{series.tag}: {int((~usable).sum())} records at impossible steps; left out")
    return _picked(series, np.flatnonzero(usable))


def _is_of_episodes(tag: str, table: TagTable) -> bool:
    return tag in table and table[tag].signal.startswith(EPISODE)


def _in_order(series: Series, gaps: list[str], *, keeps_equal: bool) -> Series:
    """Sorts by step and keeps the record logged last where a step occurs twice.

    Several episodes may end at one step, of environments side by side: these are all kept.
    """
    between = np.diff(series.steps)
    jumps = int(np.count_nonzero(between <= 0))
    if not jumps or (keeps_equal and (between >= 0).all()):
        return series
    order = np.argsort(series.steps, kind="stable")
    last = np.append(np.diff(series.steps[order]) > 0, True)
    kept = order[last]
    gaps.append(
        f"{series.tag}: {jumps} records go back in step or repeat one (a resumed run or two "
        f"writers); the last of each step was kept, {len(order) - len(kept)} dropped"
    )
    return _picked(series, kept)


def _are_many(series: Series) -> bool:
    """Tells whether records at equal steps are several episodes, not one that was written again."""
    steps, counts = np.unique(series.steps, return_counts=True)
    if (np.diff(series.steps) < 0).any() or len(steps) == 1:
        return False
    first = np.searchsorted(series.steps, series.steps, side="left")
    is_again = bool((series.values == series.values[first]).all())
    return not is_again or len(set(counts.tolist())) > 1


def _picked(series: Series, index: NDArray[np.int64]) -> Series:
    return Series(series.tag, series.steps[index], series.values[index], series.walls[index])


def _signal(series: Series, tag: Tag) -> Signal:
    source = series.tag if series.tag != tag.signal else ""
    with np.errstate(over="ignore"):
        return Signal(tag.signal, tag.unit, series.steps, series.values * tag.factor, source)


def _add(signals: dict[str, Signal], signal: Signal, gaps: list[str]) -> None:
    there = signals.get(signal.name)
    if there is not None and not signal.tag:  # its own name goes before one that means the same
        signals[signal.name], signal = signal, there
    if there is not None:
        first = signals[signal.name].tag or signal.name
        gaps.append(
            f"{signal.tag}: means {signal.name}, as {first} does, which was kept; {signal.tag} "
            "stays under its own name"
        )
        signal = replace(signal, name=signal.tag, tag="")
    signals[signal.name] = signal


def _along_episodes(
    counted: Sequence[Series], known: Mapping[str, Tag]
) -> dict[str, tuple[NDArray[np.int64], Floats]]:
    begin = min((int(series.steps[0]) for series in counted), default=0)
    return {
        known[series.tag].signal: (series.steps - begin, series.values * known[series.tag].factor)
        for series in counted
        if not _is_column(series.tag, known)
    }


def _is_column(tag: str, known: Mapping[str, Tag]) -> bool:
    """Tells whether a per-episode tag describes episodes; unknown ones may."""
    return known[tag].signal.startswith(EPISODE) or known[tag].signal == tag


def _episodes(
    counted: Sequence[Series], signals: dict[str, Signal], known: Mapping[str, Tag]
) -> tuple[dict[str, Floats], NDArray[np.int64] | None]:
    """Returns per-episode arrays; episode tags logged over steps leave the signals."""
    found = {}
    for series in counted:
        tag = known[series.tag]
        name = tag.signal if tag.signal.startswith(EPISODE) else f"{EPISODE}{tag.signal}"
        if _is_column(series.tag, known):
            found[name] = (series.steps - series.steps[0], series.values * tag.factor)
    if found:
        length = 1 + max(int(index[-1]) for index, _ in found.values())
        return {
            name: _spread(index, values, length) for name, (index, values) in found.items()
        }, None
    ended = {name: signals.pop(name) for name in list(signals) if name.startswith(EPISODE)}
    if not ended:
        return {}, None
    # A step and a number among the episodes that end there tell them apart.
    numbers = {name: _repetition(signal.steps) for name, signal in ended.items()}
    most = 1 + max(int(number.max(initial=0)) for number in numbers.values())
    keys = {name: signal.steps * most + numbers[name] for name, signal in ended.items()}
    ends = np.unique(np.concatenate(list(keys.values())))
    return {
        name: _spread(np.searchsorted(ends, keys[name]), signal.values, len(ends))
        for name, signal in ended.items()
    }, ends // most


def _repetition(steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """Returns how many equal steps stand before each, of steps in order."""
    first = np.searchsorted(steps, steps, side="left")
    return np.arange(len(steps)) - first


def _spread(index: NDArray[np.int64], values: Floats, length: int) -> Floats:
    """Returns an array with the values at their places and NaN elsewhere."""
    array = np.full(length, np.nan)
    array[index] = values
    return array


def _evaluations(signals: dict[str, Signal]) -> pd.DataFrame | None:
    """Returns the evaluation table; its columns leave the signals."""
    known = {f"{EVALUATION}{column}" for column in EVALUATION_COLUMNS}
    names = [name for name in signals if name in known]
    columns = {name.removeprefix(EVALUATION): signals.pop(name) for name in names}
    if not columns:
        return None
    steps = np.unique(np.concatenate([signal.steps for signal in columns.values()]))
    table = {
        name: _spread(np.searchsorted(steps, signal.steps), signal.values, len(steps))
        for name, signal in columns.items()
    }
    table["step"] = steps.astype(np.float64)
    return pd.DataFrame(table).reindex(columns=list(EVALUATION_COLUMNS)).astype("float64")
