"""Which scalar tags are logged over episodes instead of environment steps; told by content.

An axis counts if it runs 0, 1, 2, ... or 1, 2, 3, ... almost without holes. It counts episodes if
the recording's other axes go at least MIN_EPISODE_STEPS times as far (an episode has more than one
step), or if the tag's values are episode lengths that the axis does not add up.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rca.runs.part import Series
from rca.runs.tags import EPISODE, EVALUATION, Tag

MIN_EPISODE_STEPS = 1.5
"""Mean steps per episode below which a counting axis is not taken for one of episodes."""
WITHOUT_HOLES = 0.9
"""Share of consecutive numbers in an axis that counts; a resumed run may have lost some."""
FEWEST = 3
"""Records below which an axis that does not begin at 0 or 1 is not said to count."""


def over_episodes(joined: Sequence[Series], known: Mapping[str, Tag]) -> set[str]:
    """Returns the tags whose x axis counts episodes.

    Args:
        joined: The tags of a recording, records in order of step, none empty.
        known: Meaning of each tag.
    """
    counting = [series for series in joined if counts(series.steps)]
    names = {series.tag for series in counting}
    furthest = max((int(s.steps[-1]) for s in joined if s.tag not in names), default=-1)
    per_episode = [
        series
        for series in counting
        if known[series.tag].signal.startswith(EPISODE)
        and (furthest < 0 or furthest >= MIN_EPISODE_STEPS * len(series.steps))
    ]
    if per_episode:
        last = max(int(series.steps[-1]) for series in per_episode)
        others = [series for series in joined if _runs_along(series.steps, last)]
    else:
        others = [series for series in counting if known[series.tag].signal == series.tag]
    found = {series.tag for series in per_episode}
    for series in others:
        longer = furthest >= MIN_EPISODE_STEPS * (int(series.steps[-1]) + 1)
        if longer and not known[series.tag].signal.startswith((EPISODE, EVALUATION)):
            found.add(series.tag)
    return found


def counts(steps: NDArray[np.int64]) -> bool:
    """Tells whether an axis counts from 0 or 1, almost without holes."""
    return len(steps) > 0 and steps[0] in (0, 1) and _consecutive(steps)


def _runs_along(steps: NDArray[np.int64], last: int) -> bool:
    """Tells whether an axis counts up to the last episode, from wherever it begins."""
    near = abs(int(steps[-1]) - last) <= max(1, 0.02 * last)
    return near and _consecutive(steps) and (len(steps) >= FEWEST or counts(steps))


def _consecutive(steps: NDArray[np.int64]) -> bool:
    return len(steps) == 1 or float(np.mean(np.diff(steps) == 1)) >= WITHOUT_HOLES
