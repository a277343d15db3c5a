"""The episode table of a recording, and whether its parts agree with each other."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rca.runs.part import Part
from rca.runs.record import EPISODE_COLUMNS, Signal, empty_episodes
from rca.runs.tags import EPISODE
from rca.runs.telemetry import Telemetry

SAME = 1e-4
"""Relative difference up to which two files agree; TensorBoard keeps 24 bits of a number."""
LONGEST = 1e9
"""Steps; an episode said to be longer is a damaged record."""
Columns = Mapping[str, NDArray[np.generic]]


def columns(parts: Sequence[Part], telemetry: Telemetry, gaps: list[str]) -> Columns:
    """Returns per-episode arrays by column or `episode/...` name; telemetry goes before files."""
    found: dict[str, NDArray[Any]] = {}
    for name, values in telemetry.episodes.items():
        short = name.removeprefix(EPISODE)
        found[short if short in EPISODE_COLUMNS else name] = values
    for part in parts:
        for name, other in part.episodes.items():
            if name in found:
                compare(part, name, found[name], other, gaps)
            else:
                found[name] = other
    if "length" in found:
        found["length"] = _checked(found["length"], gaps)
    return found


def compare(
    part: Part,
    name: str,
    kept: NDArray[np.generic],
    other: NDArray[np.generic],
    gaps: list[str],
) -> None:
    """Adds a gap where two sources of the same numbers disagree."""
    where = f"{part.source.name}: {name}"
    if len(kept) != len(other):
        gaps.append(f"{where}: {len(other):,} values, elsewhere {len(kept):,}; the latter are used")
    both = min(len(kept), len(other))
    a, b = kept[:both].astype(np.float64), other[:both].astype(np.float64)
    differs = np.flatnonzero(~np.isclose(a, b, rtol=SAME, atol=SAME, equal_nan=True))
    if len(differs):
        at = int(differs[0])
        gaps.append(
            f"{where}: differs from other telemetry in {len(differs):,} of {both:,} values, "
            f"first at index {at} ({b[at]:g}, elsewhere {a[at]:g}); the latter are used"
        )


def plausible(recorded: NDArray[np.generic]) -> NDArray[np.float64]:
    """Returns lengths with NaN for what is no number of steps."""
    lengths = recorded.astype(np.float64)
    with np.errstate(invalid="ignore"):
        valid = (lengths >= 1) & (lengths <= LONGEST) & (lengths == np.round(lengths))
    return np.where(valid, lengths, np.nan)


def _checked(recorded: NDArray[np.generic], gaps: list[str]) -> NDArray[np.float64]:
    lengths, kept = recorded.astype(np.float64), plausible(recorded)
    wrong = np.flatnonzero(np.isnan(kept) & ~np.isnan(lengths))
    if len(wrong):
        gaps.append(
            f"episode lengths: {len(wrong)} are no number of steps, the first in episode "
            f"{int(wrong[0])} ({lengths[wrong[0]]:g}); taken as not recorded"
        )
    missing = np.flatnonzero(np.isnan(kept))
    if len(missing):
        gaps.append(
            f"{len(missing)} episode lengths are not recorded, first of episode "
            f"{int(missing[0])}; where later episodes lie is unknown"
        )
    return kept


def table(found: Columns, ends: NDArray[np.int64] | None, side_by_side: int = 1) -> pd.DataFrame:
    """Returns the episodes; without logged ends they follow from adding up the lengths.

    Args:
        found: Arrays by column.
        ends: Steps of the run at which they ended.
        side_by_side: Environments, of each of which a step is one of the run.
    """
    known = {name: values for name, values in found.items() if name in EPISODE_COLUMNS}
    rows = max((len(values) for values in known.values()), default=0)
    if not rows:
        return empty_episodes()
    episodes = empty_episodes().reindex(range(rows))
    episodes["end_reason"] = None
    for name, values in known.items():
        episodes.loc[: len(values) - 1, name] = values
    if ends is not None and len(ends) == rows:
        episodes["end_step"] = ends.astype(np.float64)
    elif "end_step" not in known:
        # A missing length leaves the place of everything behind it unknown.
        episodes["end_step"] = np.cumsum(episodes["length"].to_numpy())
    if "start_step" not in known:
        spans = episodes["length"] if ends is None else side_by_side * episodes["length"]
        episodes["start_step"] = (episodes["end_step"] - spans).clip(lower=0.0)
    return episodes


def check_running(running: Signal | None, episodes: pd.DataFrame, gaps: list[str]) -> None:
    """Compares the logged steps of the running episode with the ends that lengths add up to."""
    if running is None or not episodes["end_step"].notna().any():
        return
    ends = np.append(0, episodes["end_step"].to_numpy())
    began = running.steps - running.values
    with np.errstate(invalid="ignore"):
        checked = began <= np.nanmax(ends)
    wrong = np.flatnonzero(checked & ~np.isin(began, ends) & ~np.isin(running.steps, ends))
    if len(wrong):
        gaps.append(
            f"episode lengths do not add up to the steps logged: {len(wrong)} of "
            f"{int(checked.sum())} records of {running.tag} lie elsewhere, first at step "
            f"{int(running.steps[wrong[0]]):,}; places of episodes are uncertain from there on"
        )


def as_signals(found: Columns, episodes: pd.DataFrame) -> dict[str, Signal]:
    """Returns what was logged per episode as signals over the steps at which episodes ended."""
    signals = {}
    for name, values in found.items():
        if name in ("start_step", "end_step", "end_reason"):
            continue
        ends = episodes["end_step"].to_numpy()[: len(values)]
        placed = np.isfinite(ends)
        full = f"{EPISODE}{name}" if name in EPISODE_COLUMNS else name
        unit = "steps" if name == "length" else ""
        if placed.any():
            steps = ends[placed].astype(np.int64)
            kept = values[: len(ends)][placed].astype(np.float64)
            signals[full] = Signal(full, unit, steps, kept)
    return signals


def placed(telemetry: Telemetry, episodes: pd.DataFrame, gaps: list[str]) -> dict[str, Signal]:
    """Returns signals that were logged once per episode over the steps at which episodes ended."""
    ends = episodes["end_step"].to_numpy()
    signals = {}
    for name, (index, values) in telemetry.along_episodes.items():
        inside = index < len(ends)
        at = ends[index[inside]]
        known = np.isfinite(at)
        if known.any():
            steps, kept = at[known].astype(np.int64), values[inside][known]
            signals[name] = Signal(name, "", steps, kept, "once per episode")
        if known.sum() < len(values):
            gaps.append(
                f"{name}: {len(values) - int(known.sum())} of {len(values)} records, logged once "
                "per episode, have no place in steps; left out"
            )
    return signals
