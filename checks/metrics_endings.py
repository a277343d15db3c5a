"""Whether the record tells why episodes end."""

import numpy as np

from rca.checking import Finding, Verdict, check, fail_above
from rca.judging import MIN_EPISODES, column, too_few
from rca.runs.record import RunRecord

RECORDS = ("episodes.end_reason", "episodes.success", "episodes.collisions")
COUNTERS = ("episode/collisions", "episode/lane_invasions", "episode/off_road")


@check("metrics.endings", title="Reasons for endings", needs=["episodes.length"], driving=True)
def endings(run: RunRecord) -> Finding:
    """Does some recorded quantity tell why an episode ended early?

    Why: episodes that end without a goal, a collision or any other counted event end for a reason
        that nobody sees; blaming the learner is then a guess.
    Remedy: put the reason of each ending into the step's info and log its share.
    Reference: signals.md, "end reasons" and "metric liveness"; limit: 90% of early endings
        unexplained (start).
    """
    lengths = column(run.episodes, "length")
    early = lengths < lengths.max() if len(lengths) else np.zeros(0, dtype=bool)
    few = too_few(int(early.sum()), MIN_EPISODES, "episodes that ended before the longest one")
    if few:
        return few
    if not any(run.has(name) for name in (*RECORDS, *COUNTERS)):
        return Finding(Verdict.NOT_RUN, f"not recorded: any of {', '.join(RECORDS)}")
    explained = _explained(run)
    share = 1 - min(1.0, explained / int(early.sum()))
    message = (
        f"{share:.0%} of {int(early.sum()):,} early endings have no recorded reason: "
        f"{explained:,.0f} end reasons, successes and collisions are counted"
    )
    return fail_above(share, 0.9, message, unit="1", suspects=("metrics_not_wired",))


def _explained(run: RunRecord) -> float:
    """Returns how many endings something accounts for, at most."""
    events = [float(np.sum(column(run.episodes, name) > 0)) for name in ("success", "collisions")]
    counted = [run.signals[name].finite() for name in COUNTERS if name in run.signals]
    events += [float(np.sum(values > 0)) for values in counted]
    reasons = float(run.episodes["end_reason"].notna().sum())
    return max(reasons, sum(events))
