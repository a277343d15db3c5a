"""What fits into a given time: design, seeds, steps, in that order of what is given up last."""

import re
from dataclasses import dataclass

from rca.errors import UsageError
from rca.study.design import DESIGNS, affordable

SECONDS = {"s": 1, "m": 60, "h": 3600}
FEWEST_SEEDS = 2
"""Below two no error can be estimated."""
WANTED_SEEDS = 3
SHORTEST = 0.25
"""Share of the configured steps below which runs are not cut; they would not have learned."""


@dataclass(frozen=True)
class Plan:
    """A study that fits.

    Attributes:
        design: One of DESIGNS.
        seeds: How many.
        steps: Environment steps a run.
        minutes: It is expected to take.
        given_up: What was, one line each.
    """

    design: str
    seeds: int
    steps: int
    minutes: float
    given_up: tuple[str, ...] = ()


def seconds_of(text: str) -> float:
    """Returns the seconds that `90s`, `30m` or `2h` mean.

    Raises:
        UsageError: It is none of these.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh])", text.strip())
    if not match or float(match[1]) <= 0:
        raise UsageError(f"--budget {text}: write it as 90s, 30m or 2h")
    return float(match[1]) * SECONDS[match[2]]


def plan(
    factors: list[str], budget_s: float, seconds_per_step: float, steps: int, workers: int
) -> Plan:
    """Returns the most telling study that fits.

    Seeds are given up first (three, then two), then steps (down to a quarter), then the design:
    from every combination over one at a time to leave one out.

    Args:
        factors: Names.
        budget_s: Seconds there are.
        seconds_per_step: Of one run among `workers` others, measured.
        steps: Configured.
        workers: Runs at once.

    Raises:
        UsageError: Not even the smallest fits; names the time that it would take.
    """
    tried = [
        (seeds, share) for share in (1.0, 0.5, SHORTEST) for seeds in (WANTED_SEEDS, FEWEST_SEEDS)
    ]
    for least in ("one-at-a-time", "leave-one-out"):
        for seeds, share in tried:
            run_s = steps * share * seconds_per_step
            design = affordable(factors, int(budget_s * workers / (run_s * seeds)))
            if not design or (least == "one-at-a-time" and design == "leave-one-out"):
                continue
            arms = len(DESIGNS[design](factors))
            given_up = []
            if seeds < WANTED_SEEDS:
                given_up.append(f"{seeds} seeds instead of {WANTED_SEEDS}: wider intervals")
            if share < 1:
                given_up.append(f"{steps * share:,.0f} steps a run instead of {steps:,}")
            if design == "leave-one-out":
                given_up.append("no factor is fixed alone: nothing can be called the CAUSE")
            if design != "full":
                given_up.append("combinations of factors: no interactions, no Shapley values")
            minutes = arms * seeds * run_s / workers / 60
            return Plan(design, seeds, round(steps * share), minutes, tuple(given_up))
    smallest = len(DESIGNS["leave-one-out"](factors)) * FEWEST_SEEDS
    needed = smallest * steps * SHORTEST * seconds_per_step / workers / 60
    raise UsageError(
        f"--budget: {budget_s / 60:.0f} min are too few; the smallest study of "
        f"{len(factors)} factors takes {needed:.0f} min; name fewer with --group, or raise it"
    )
