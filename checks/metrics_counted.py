"""Whether successes and collisions are counted where episodes end in them."""

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import Criterion, judge_criteria
from rca.runs.record import RunRecord

MIN_ENDINGS = 3
"""Endings of a kind: a counter that misses one may be stricter, one that misses all is not fed."""
COUNTERS = (
    ("goal", "success", "success_rate"),
    ("collision", "collisions", "mean_collisions"),
)
"""An end reason, and the columns of episodes and evaluations that should count it."""


@check(
    "metrics.counted",
    title="Counters against end reasons",
    severity=Severity.MAJOR,
)
def counted(run: RunRecord) -> Finding:
    """Do successes and collisions count what episodes ended in?

    Why: where episodes end at the goal and the success rate stays at 0, the rate is read from a key
        that nobody sets; whoever judges runs by it judges noise.
    Remedy: take both from one place, the reason of the ending; let a missing key raise.
    Reference: signals.md, "end reasons" and "metric liveness"; defect D06. Training and evaluation
        episodes together; a counter stricter than the reason passes as long as it counts any.
    """
    criteria, seen = [], 0
    for reason, in_episodes, in_evaluations in COUNTERS:
        parts = (
            _in_training(run, reason, in_episodes),
            _in_evaluations(run, reason, in_evaluations),
        )
        ended, noted = (round(sum(numbers)) for numbers in zip(*parts, strict=True))
        seen += ended
        if ended >= MIN_ENDINGS:
            text = f"{noted} {in_episodes} counted where {ended} episodes ended so ({reason})"
            criteria.append(Criterion(text, noted > 0))
    if not criteria:
        known = run.episodes["end_reason"].notna().any() or "evaluation/ended_goal" in run.signals
        verdict = Verdict.VACUOUS if known else Verdict.NOT_RUN
        return Finding(
            verdict, f"{seen} endings at the goal or in a collision, {MIN_ENDINGS} needed"
        )
    return judge_criteria(criteria, suspects=("metrics_not_wired",))


def _in_training(run: RunRecord, reason: str, counter: str) -> tuple[float, float]:
    """Returns the episodes that ended for a reason while the counter was read, and those noted."""
    ended = run.episodes[(run.episodes["end_reason"] == reason) & run.episodes[counter].notna()]
    return len(ended), float((ended[counter] > 0).sum())


def _in_evaluations(run: RunRecord, reason: str, counter: str) -> tuple[float, float]:
    """Returns the same of evaluations, of which shares and means are recorded."""
    signal = run.signals.get(f"evaluation/ended_{reason}")
    if signal is None:
        return 0, 0
    shares = dict(zip(signal.steps.tolist(), signal.values.tolist(), strict=True))
    table = run.evaluations[["step", "episodes", counter]].to_numpy(float)
    known = table[np.isfinite(table).all(1)]
    ended = np.array([shares.get(int(step), np.nan) for step in known[:, 0]])
    among = known[np.isfinite(ended) & (ended > 0)]
    total = float(np.nansum(ended * known[:, 1]))
    return total, float((among[:, 1] * among[:, 2]).sum())
