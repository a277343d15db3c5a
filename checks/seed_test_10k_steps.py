"""The seed's checklist: the test of 10,000 steps."""

import math

import numpy as np

from rca.checking import Finding, check
from rca.judging import (
    Criterion,
    column,
    judge_criteria,
    learned_episodes,
    median,
    random_episodes,
    void,
)
from rca.runs.record import RunRecord
from rca.seed_stages import not_reached, within
from rca.stats import trend_p

STEPS = 10_000
MIN_EPISODES = 5
"""Below this a rank trend cannot reach 5% (4 episodes: 1 of 24 orders is 4.2%, but only one)."""


@check("seed.test_10k_steps", title="Seed: 10,000-step test", needs=["phases"], driving=True)
def test_10k_steps(run: RunRecord) -> Finding:
    """Are episodes longer than 50 steps and rewards improving within 10,000 steps?

    Why: the seed's medium test, as the seed wrote it.
    Remedy: to make it observable, let learning start within the test:
        `rca run medium --set agent.learning_starts=1000`.
    Reference: seed.md, "Phase B" and "Verification Checklist"; under the seed's own configuration
        it holds 0 updates, and a random policy lasts about 57 steps (evidence.md, section 2).
    """
    missing = not_reached(run, STEPS, "medium")
    if missing:
        return missing
    reason = void(run, by=STEPS)
    length = median(column(run.episodes[run.episodes["end_step"] <= STEPS], "length"))
    if reason:
        text = f"median length {length:,.0f} steps (wanted above 50), rewards, divergence: {reason}"
        return judge_criteria([Criterion(text, None)], steps=(1, STEPS))
    criteria = [_length(run), _improving(run), _no_divergence(run)]
    return judge_criteria(criteria, steps=(1, STEPS))


def _length(run: RunRecord) -> Criterion:
    value = median(column(learned_episodes(run, last=STEPS), "length"))
    control = median(column(random_episodes(run), "length"))
    return within("median length after update 1", value, 51, math.inf, control=control)


def _improving(run: RunRecord) -> Criterion:
    returns = column(learned_episodes(run, last=STEPS), "return")
    if len(returns) < MIN_EPISODES:
        return Criterion(f"{len(returns)} returns after update 1 show no trend", None)
    p = trend_p(returns)
    if math.isnan(p):
        return Criterion(f"{len(returns)} returns after update 1 are all alike", False)
    text = f"returns rise over {len(returns)} episodes after update 1 (p {p:.2g}, limit 0.05)"
    return Criterion(text, p < 0.05)


def _no_divergence(run: RunRecord) -> Criterion:
    loss = run.signals.get("critic/loss")
    part = loss.between(1, STEPS) if loss is not None else None
    if part is None or len(part.finite()) < MIN_EPISODES:
        return Criterion("critic losses are not recorded", None)
    fifth = max(1, len(part) // 5)
    early, late = (np.median(part.finite()[cut]) for cut in (slice(fifth), slice(-fifth, None)))
    text = f"critic loss goes from {early:.3g} to {late:.3g} (divergence: 100 times, start)"
    return Criterion(text, bool(late <= 100 * early) and len(part.finite()) == len(part))
