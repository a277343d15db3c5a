"""Whether the reward is the sum of its terms, at their step and with their sign."""

import numpy as np

from rca.checking import Finding, Severity, Verdict, check
from rca.judging import MIN_READINGS, Criterion, Floats, judge_criteria, too_few, vacuous
from rca.runs.record import RunRecord, Signal

TERMS = "reward/"
LAGS = 5
"""Steps looked ahead: one late step is a slip, more would be an episode's business."""
ALIKE = 0.9
"""Correlation from which the sum of recorded terms is what the reward is made of."""
NOISE = 0.1
"""Spread of what the terms leave unexplained, as a share of their own spread."""


@check(
    "reward.sign_and_lag",
    title="Reward against its terms",
    needs=["env/reward"],
    severity=Severity.CRITICAL,
)
def sign_and_lag(run: RunRecord) -> Finding:
    """Is the reward the sum of its terms, at the same step and with the same sign?

    Why: a reward that is late, turned round or buried in noise pays for what the agent did not do;
        a learner that works then learns the wrong thing.
    Remedy: print reward and terms of one scripted episode side by side.
    Reference: signals.md, "sign and lag": the correlation is largest at lag 0 and positive. Of our
        own runs the terms are all there is, so what they leave unexplained is noise; limit a tenth
        of their spread (start; in healthy runs it is float rounding).
    """
    terms = [s for n, s in run.signals.items() if n.startswith(TERMS)]
    if not terms:
        return Finding(Verdict.NOT_RUN, f"not recorded: signals named {TERMS}...")
    paid, meant = _aligned(run.signals["env/reward"], terms)
    few = too_few(len(paid), MIN_READINGS + LAGS, "steps with the reward and all its terms")
    if few:
        return few
    if not (np.std(paid) > 0 and np.std(meant) > 0):
        return vacuous(f"the reward or its terms do not vary in {len(paid)} steps")
    return _judge(run, paid, meant)


def _aligned(reward: Signal, terms: list[Signal]) -> tuple[Floats, Floats]:
    """Returns the reward and the sum of its terms at the steps that all have."""
    steps = reward.steps
    for term in terms:
        steps = np.intersect1d(steps, term.steps)
    total = sum(_at(term, steps) for term in terms)
    paid = _at(reward, steps)
    known = np.isfinite(paid) & np.isfinite(total)
    return paid[known], np.asarray(total)[known]


def _at(signal: Signal, steps: np.ndarray) -> Floats:
    return signal.values[np.searchsorted(signal.steps, steps)]


def _judge(run: RunRecord, paid: Floats, meant: Floats) -> Finding:
    found = [_correlation(paid[lag:], meant[: len(meant) - lag]) for lag in range(LAGS + 1)]
    lag = int(np.argmax(np.abs(found)))
    size = f"correlation {found[lag]:+.2f} at lag {lag}, {found[0]:+.2f} at lag 0"
    message = f"reward against the sum of its terms: {size}, {len(paid):,} steps"
    suspects = ("reward_wrong",)
    if abs(found[lag]) < ALIKE and run.kind != "rca":
        return vacuous(f"{message}: the recorded terms are not all of the reward")
    criteria = [Criterion(message, lag == 0 and found[0] > 0)]
    if run.kind == "rca" and lag == 0 and found[0] > 0:
        left = float(np.std(paid - meant) / np.std(meant))
        text = f"the terms leave {left:.2g} of their spread unexplained, wanted below {NOISE}"
        criteria.append(Criterion(text, left < NOISE))
    return judge_criteria(criteria, suspects=suspects)


def _correlation(a: Floats, b: Floats) -> float:
    if not (np.std(a) > 0 and np.std(b) > 0):
        return 0.0
    return float(np.nan_to_num(np.corrcoef(a, b)[0, 1]))
