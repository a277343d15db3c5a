"""What kinds of episodes there are."""

import numpy as np

from rca.checking import Finding, Severity, check, fail_above
from rca.judging import MIN_EPISODES, column, median, too_few
from rca.runs.record import RunRecord
from rca.stats import Mode, modes


@check(
    "episodes.modes",
    title="Kinds of episodes",
    needs=["episodes.length"],
    severity=Severity.MINOR,
    driving=True,
)
def episodes_modes(run: RunRecord) -> Finding:
    """Does the mean length describe a typical episode?

    Why: a mean over two kinds of episodes is the length of none; whoever reasons from it explains
        something that never happened.
    Remedy: look at the modes and at the medians per phase; explain each kind by itself.
    Reference: signals.md, "episode lengths". Limit: the mean is more than 2 times, or less than
        half, the median of the largest kind; one constant hazard (exponential lengths) gives 1.44.
    """
    lengths = column(run.episodes, "length")
    lengths = lengths[lengths >= 1]
    few = too_few(len(lengths), MIN_EPISODES, "episodes")
    if few:
        return few
    found, mean = modes(lengths), float(np.mean(lengths))
    kinds = ", ".join(_kind(mode) for mode in found[:4])
    ratio = max(mean / found[0].median, found[0].median / mean)
    typical = float(np.mean((lengths >= mean / 2) & (lengths <= mean * 2)))
    message = (
        f"{len(lengths):,} episodes: {kinds}; mean {mean:,.1f} is within a factor 2 of "
        f"{typical:.0%} of them; median {_per_phase(run)}"
    )
    return fail_above(ratio, 2.0, message, unit="1")


def _kind(mode: Mode) -> str:
    return f"{mode.count:,} around {mode.median:,.0f} steps"


def _per_phase(run: RunRecord) -> str:
    names = {phase.name: run.episodes_in(phase) for phase in run.phases}
    parts = [f"{name} {median(column(table, 'length')):,.0f}" for name, table in names.items()]
    return ", ".join(parts) or f"{median(column(run.episodes, 'length')):,.0f}"
