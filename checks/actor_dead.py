"""Whether the actor still learns."""

import numpy as np

from rca.checking import Finding, Severity, Verdict, check, fail_above
from rca.judging import too_few
from rca.runs.record import RunRecord, Signal

DEAD = 1e-6
MIN_READINGS = 5
"""Exact zeros are no matter of chance; a handful is enough."""


@check("actor.dead", title="Dead actor", needs=["actor/grad_norm"], severity=Severity.CRITICAL)
def dead_actor(run: RunRecord) -> Finding:
    """Does a gradient reach the actor's layers?

    Why: where tanh is pinned at its ends its slope is 0; the policy is one constant action and no
        further update can change it.
    Remedy: look at the size of the actor's output before tanh; lower what drives it there (a
        policy-Q gap, a learning rate, rewards in the thousands).
    Reference: signals.md, "dead actor": gradient below 1e-6 and parameters unchanged between
        records; limit half of the readings (start).
    """
    grads = run.signals["actor/grad_norm"]
    known = np.isfinite(grads.values)
    few = too_few(int(known.sum()), MIN_READINGS, "readings of the actor's gradient")
    if few:
        return few
    steps, dead = grads.steps[known], np.abs(grads.values[known]) < DEAD
    share = float(dead.mean())
    message = f"actor gradient below {DEAD:g} in {share:.0%} of {len(dead):,} readings"
    frozen = _unchanged(run.signals.get("actor/param_std"), steps[dead])
    message += {True: ", its parameters stand still", None: ""}.get(frozen, "")
    if frozen is False and share > 0.5:
        return Finding(Verdict.WARN, f"{message}, yet its parameters change", share, 0.5, "1")
    return fail_above(
        share,
        0.5,
        message,
        unit="1",
        steps=(int(steps[0]), int(steps[-1])),
        onset=int(steps[dead][0]) if dead.any() else None,
        suspects=("actor_saturated",),
    )


def _unchanged(params: Signal | None, at: np.ndarray) -> bool | None:
    """Tells whether most parameter readings at some steps equal their predecessor."""
    if params is None:
        return None
    values = params.values[np.isin(params.steps, at)]
    changes = np.abs(np.diff(values))
    return float(np.mean(changes < 1e-9)) > 0.5 if len(changes) else None
