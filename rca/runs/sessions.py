"""Several event files of one run: a training that was resumed, or writers side by side.

A file whose tags reappear in a later file is an earlier session of the same training. What that
session logged after the step at which the later one begins was done again and is cut off, by wall
clock where there is one, so that evaluations and episodes of the abandoned stretch go too. Files
without tags in common were written side by side and stay as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rca.runs.part import Series
from rca.runs.tags import EPISODE, Tag, TagTable


@dataclass(frozen=True)
class File:
    """The scalar tags of one file.

    Attributes:
        name: For messages.
        series: Its tags.
    """

    name: str
    series: tuple[Series, ...]


def one_training(files: Sequence[File], table: TagTable, gaps: list[str]) -> list[File]:
    """Returns the files with everything cut off that a later session did again.

    Args:
        files: In the order in which they were begun.
        table: Meaning of known tags.
        gaps: Gets a line per cut.
    """
    kept: list[File] = []
    for later in files:
        before = [file for file in kept if _shared(file, later, table)]
        kept = [_cut(file, later, table, gaps) if file in before else file for file in kept]
        kept.append(_renumbered(later, before and kept, table))
    return [file for file in kept if file.series]


def _shared(earlier: File, later: File, table: TagTable) -> list[tuple[Series, Series]]:
    """Returns the tags over steps that both files have."""
    tags = {series.tag: series for series in later.series}
    return [
        (series, tags[series.tag])
        for series in earlier.series
        if series.tag in tags and over_steps(series, table)
    ]


def over_steps(series: Series, table: TagTable) -> bool:
    """Tells whether a tag is surely logged over steps; what counts 0, 1, 2 may be episodes."""
    if len(series.steps) == 0 or table.get(series.tag, Tag(EPISODE)).signal.startswith(EPISODE):
        return False
    return series.tag in table or bool(np.any(np.diff(series.steps) > 1))


def _cut(earlier: File, later: File, table: TagTable, gaps: list[str]) -> File:
    pairs = _shared(earlier, later, table)
    start = min(int(new.steps.min()) for _, new in pairs)
    reached = max(int(old.steps.max()) for old, _ in pairs)
    if start > reached:
        return earlier
    before = [old.walls[old.steps < start] for old, _ in pairs]
    walls = np.concatenate(before)
    if len(walls) and np.isnan(walls).all():  # a table without a clock
        remaining = tuple(_kept(series, series.steps < start) for series in earlier.series)
    else:
        clock = float(np.nanmax(walls)) if len(walls) else -np.inf
        remaining = tuple(_kept(series, series.walls <= clock) for series in earlier.series)
    dropped = sum(len(s.steps) for s in earlier.series) - sum(len(s.steps) for s in remaining)
    if len(walls):
        why = f"was resumed by {later.name} before step {start:,}"
    else:
        why = f"holds another run than {later.name}, which begins at step {start:,} too"
    gaps.append(f"{earlier.name}: {why}; {dropped:,} of its records were left out")
    return replace(earlier, series=tuple(s for s in remaining if len(s.steps)))


def _kept(series: Series, inside: NDArray[np.bool_]) -> Series:
    return replace(
        series,
        steps=series.steps[inside],
        values=series.values[inside],
        walls=series.walls[inside],
    )


def _renumbered(later: File, before: Sequence[File], table: TagTable) -> File:
    """Lets an episode counter that starts anew go on where the earlier session left it."""
    last = {s.tag: int(s.steps.max()) for file in before for s in file.series if len(s.steps)}
    series = []
    for item in later.series:
        restarts = len(item.steps) > 0 and item.steps[0] in (0, 1)
        if restarts and item.tag in last and not over_steps(item, table):
            item = replace(item, steps=item.steps - item.steps[0] + last[item.tag] + 1)
        series.append(item)
    return replace(later, series=tuple(series))
