"""Whether progress along the route is paid with the right sign."""

import numpy as np

from rca.checking import Finding, check, fail_above
from rca.judging import MIN_EPISODES, column, too_few
from rca.runs.record import RunRecord

MOVED = 1.0
"""Metres along the route below which an episode shows no direction."""
LIMIT = 0.05


@check(
    "reward.progress_sign",
    title="Sign of progress",
    needs=["reward/progress", "episodes.distance", "episodes.start_step"],
)
def progress_sign(run: RunRecord) -> Finding:
    """Does progress pay in episodes that went forward, and cost in those that went back?

    Why: a distance that is measured to the wrong point, or with the wrong sign, pays for turning
        back.
    Remedy: drive a scripted car along the route and print the term.
    Reference: signals.md, "progress": sign of route distance change against forward motion, limit
        5%. Episodes that covered at least 1 m.
    """
    table = column(run.episodes, "start_step", "end_step", "distance")
    term = run.signals["reward/progress"]
    sums = np.concatenate([[0.0], np.cumsum(np.nan_to_num(term.values))])
    first = np.searchsorted(term.steps, table[:, 0], side="right")
    last = np.searchsorted(term.steps, table[:, 1], side="right")
    paid, distance = sums[last] - sums[first], table[:, 2]
    judged = (np.abs(distance) >= MOVED) & (paid != 0)
    few = too_few(int(judged.sum()), MIN_EPISODES, "episodes of 1 m and more with paid progress")
    if few:
        return few
    wrong = float(np.mean(np.sign(paid[judged]) != np.sign(distance[judged])))
    message = f"{wrong:.0%} of {int(judged.sum()):,} episodes are paid against their direction"
    return fail_above(wrong, LIMIT, message, unit="1", suspects=("reward_wrong",))
