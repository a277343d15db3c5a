"""The seed's checklist: the test of 30,000 steps."""

import math

from rca.checking import Finding, check
from rca.judging import (
    Criterion,
    column,
    judge_criteria,
    learned_episodes,
    mean,
    median,
    random_episodes,
    void,
)
from rca.runs.record import RunRecord
from rca.seed_stages import foreign_scale, not_reached, within

STEPS = 30_000
LATE = 20_001
"""First step of the stage that the test is to end in."""


@check("seed.test_30k_steps", title="Seed: 30,000-step test", needs=["phases"], driving=True)
def test_30k_steps(run: RunRecord) -> Finding:
    """Do episodes last 100 to 500 steps and does more than 5% succeed within 30,000 steps?

    Why: the seed's full test, as the seed wrote it.
    Remedy: see which findings began first; with learning_starts 25,000 the test holds 5,000
        updates, so run longer before judging.
    Reference: seed.md, "Phase B", "Expected Results After 30k Training" and "Verification
        Checklist". Judged on the learning phase's episodes of the last 10,000 steps, the seed's
        refinement stage: a mean over all episodes mixes them with random actions (evidence.md,
        section 2). Limits on returns are void for our own runs, whose rewards are of another scale.
    """
    missing = not_reached(run, STEPS, "full")
    if missing:
        return missing
    reason = void(run, by=STEPS)
    if reason:
        text = f"length, success, return, features: {reason}"
        return judge_criteria([Criterion(text, None)], steps=(1, STEPS))
    learned, control = learned_episodes(run, LATE, STEPS), random_episodes(run)
    lengths, returns = column(learned, "length"), column(learned, "return")
    overall = mean(column(run.episodes, "length"))
    criteria = [
        within(
            f"median length from step {LATE:,} on (mean over all episodes {overall:,.1f})",
            median(lengths),
            100,
            500,
            control=median(column(control, "length")),
        ),
        _success(run),
        foreign_scale(run, returns)
        or within(
            f"mean return from step {LATE:,} on",
            mean(returns),
            -5_000,
            math.inf,
            control=mean(column(control, "return")),
        ),
    ]
    return judge_criteria(criteria, steps=(1, STEPS))


def _success(run: RunRecord) -> Criterion:
    learned = column(learned_episodes(run, LATE, STEPS), "success")
    rate, source = mean(learned), f"success of {len(learned)} episodes from step {LATE:,} on"
    if math.isnan(rate):
        rates = column(run.evaluations[run.evaluations["step"] <= STEPS], "success_rate")
        rate = float(rates[-1]) if len(rates) else math.nan
        source = "success at the last evaluation"
    if math.isnan(rate):
        return Criterion("success is not recorded", None)
    return Criterion(f"{source} {rate:.0%}, wanted above 5%", rate > 0.05)
