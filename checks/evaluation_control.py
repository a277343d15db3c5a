"""Whether evaluations agree when nothing was learned between them."""

import math
from itertools import pairwise

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import column, number, vacuous
from rca.runs.record import RunRecord
from rca.stats import ratio_p


@check(
    "evaluation.control",
    title="Zero-update control",
    needs=["evaluations.mean_length", "phases"],
    severity=Severity.CRITICAL,
)
def evaluation_control(run: RunRecord) -> Finding:
    """Do two evaluations agree when no update lay between them?

    Why: the policy is then the same, so whatever differs comes from the simulator; no evaluation
        of that run can be trusted, and neither can the training after it.
    Remedy: give the evaluation a simulator of its own, or restore world and settings after it.
    Reference: signals.md, "zero-update control"; lengths under a constant hazard are exponential,
        so the ratio of two means follows an F distribution; limit p < 0.01 over all pairs.
    """
    pairs = _pairs(run)
    if not pairs:
        num = len(run.evaluations)
        return vacuous(f"{num} evaluations, no two known to be without an update between them")
    num = _episodes(run)
    p_values = [ratio_p(a[1], b[1], num, num) * len(pairs) for a, b in pairs]
    worst = int(np.nanargmin([*p_values, 1.0]))
    (step_a, length_a), (step_b, length_b) = pairs[min(worst, len(pairs) - 1)]
    message = (
        f"{len(pairs)} pair(s) of evaluations without an update between them; the most different: "
        f"{length_a:,.0f} steps at {step_a:,.0f}, {length_b:,.0f} at {step_b:,.0f} "
        f"(p {p_values[min(worst, len(pairs) - 1)]:.2g}, {num} episodes each)"
    )
    if all(math.isnan(p) for p in p_values):
        return Finding(Verdict.NOT_RUN, f"no finite lengths: {message}")
    smallest = float(np.nanmin(p_values))
    if smallest >= 0.01:
        return Finding(Verdict.PASS, message, smallest, 0.01, "p")
    message += "; the policy is the same, so the simulator changed"
    suspects = ("evaluation_disturbs_simulator", "simulator_asynchronous")
    onset = int(step_a)
    return Finding(
        Verdict.FAIL, message, smallest, 0.01, "p", (onset, int(step_b)), onset, suspects
    )


def _pairs(run: RunRecord) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Returns (step, mean length) of neighbouring evaluations without an update between them."""
    names = ["step", "mean_length", "updates"]
    rows = run.evaluations.reindex(columns=names).to_numpy(dtype=np.float64, na_value=math.nan)
    rows = rows[np.isfinite(rows[:, :2]).all(axis=1)]
    first = run.first_update_step() or math.inf
    return [
        ((a[0], a[1]), (b[0], b[1]))
        for a, b in pairwise(rows.tolist())
        if a[2] == b[2] or b[0] < first
    ]


def _episodes(run: RunRecord) -> int:
    """Returns the episodes per evaluation; 1, the most careful guess, if nobody says."""
    recorded = column(run.evaluations, "episodes")
    declared = number(run, "budget.eval_episodes")
    known = float(recorded.min()) if len(recorded) else declared
    return int(known) if known >= 1 else 1
