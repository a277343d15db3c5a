"""Whether the buffer takes up every step."""

import numpy as np

from rca.checking import Finding, check, fail_below
from rca.judging import number, too_few, without_replay
from rca.runs.record import RunRecord

MIN_READINGS = 5


@check("replay.size", title="Replay size", needs=["replay/size"])
def replay_size(run: RunRecord) -> Finding:
    """Does the replay buffer hold every step until it is full?

    Why: transitions that are lost, or cleared at each episode, are experience that was paid for
        and not used.
    Remedy: count what is stored at each ending: the last transition of an episode is the one that
        is lost most often.
    Reference: size against min(steps, capacity); limit 95%, which allows for simulator faults.
    """
    emptied = without_replay(run)
    if emptied:
        return emptied
    size = run.signals["replay/size"]
    known = np.isfinite(size.values) & (size.steps > 0)
    few = too_few(int(known.sum()), MIN_READINGS, "readings of the replay size")
    if few:
        return few
    capacity = number(run, "agent.buffer_size")
    expected = np.fmin(size.steps[known], np.inf if np.isnan(capacity) else capacity)
    share = size.values[known] / expected
    worst = int(np.argmin(share))
    step = int(size.steps[known][worst])
    message = f"at least {share[worst]:.1%} of the steps are stored, least at step {step:,}"
    return fail_below(float(share[worst]), 0.95, message, unit="1", onset=step)
