"""Whether more transitions are terminal than episodes end."""

import numpy as np

from rca.checking import Finding, Verdict, check, fail_above
from rca.judging import MIN_EPISODES, MIN_READINGS, column, number, too_few, vacuous
from rca.runs.record import RunRecord

FACTOR = 2.0
MIN_MISSING = 10
"""Terminal rows that were to be expected among those seen; none of them is no accident."""


@check(
    "replay.terminal_share",
    title="Terminal transitions",
    needs=["batch/terminal_share", "episodes.length"],
)
def terminal_share(run: RunRecord) -> Finding:
    """Are as many sampled transitions terminal as episodes end by themselves?

    Why: a time-out stored as terminal tells the critic that the future is worth nothing there.
    Remedy: store `terminated`, never `terminated or truncated`.
    Reference: Pardo et al. 2018, "Time Limits in Reinforcement Learning"; limit: twice the share
        that endings before the longest episode explain (start; the buffer lags behind).
    """
    lengths = column(run.episodes, "length")
    few = too_few(len(lengths), MIN_EPISODES, "episodes")
    shares = run.signals["batch/terminal_share"].finite()
    few = few or too_few(len(shares), MIN_READINGS, "batches")
    if few:
        return few
    capped = lengths == lengths.max() if np.sum(lengths == lengths.max()) > 1 else lengths < 0
    if not lengths.sum() > 0:
        return vacuous(f"{len(lengths)} episodes without a step")
    windows = number(run, "agent.n_step")
    windows = windows if windows >= 1 else 1.0  # not recorded: one-step returns
    expected = windows * float(np.sum(~capped) / lengths.sum())
    seen = float(shares.mean())
    message = (
        f"{seen:.2%} of sampled transitions are terminal; {int(np.sum(~capped)):,} endings before "
        f"the time limit in {lengths.sum():,.0f} steps make {expected:.2%}"
    )
    rows = len(shares) * number(run, "agent.batch_size")
    if seen == 0 and rows * expected >= MIN_MISSING:
        return Finding(Verdict.FAIL, f"too few: {message}", suspects=("terminal_missing",))
    ratio = seen / expected if expected > 0 else (np.inf if seen > 0 else 0.0)
    return fail_above(ratio, FACTOR, message, unit="1", suspects=("time_outs_terminal",))
