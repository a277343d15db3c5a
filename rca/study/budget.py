"""What fits into a given time: seeds, picture size, steps, design; the last is given up last."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rca.errors import UsageError
from rca.study.design import DESIGNS, MAX_ARMS

SECONDS = {"s": 1, "m": 60, "h": 3600}
FEWEST_SEEDS = 2
"""Below two no error can be estimated."""
WANTED_SEEDS = 3
SHORTEST = 0.25
"""Share of the configured steps below which runs are not cut; they would not have learned."""
SIZES = (48, 36)
"""Pictures that a study may have instead of larger ones, pixels: those of the presets that were
seen to learn, healthy and quick (docs/healthy.md)."""
AUTO = ("full", "one-at-a-time", "leave-one-out")
"""Designs in the order in which they are given up. One at a time comes before a fraction: it alone
can call a factor the root cause."""


@dataclass(frozen=True)
class Cost:
    """What a run takes, in seconds: a fixed part (start, evaluations), and so much each step."""

    fixed: float
    step: float

    def of(self, steps: float) -> float:
        """Returns the seconds of a run of so many steps."""
        return self.fixed + steps * self.step


@dataclass(frozen=True)
class Plan:
    """A study that fits.

    Attributes:
        design: One of DESIGNS.
        seeds: How many.
        size: Of the pictures, pixels.
        steps: Environment steps a run.
        minutes: It is expected to take.
        given_up: What was, one line each.
    """

    design: str
    seeds: int
    size: int
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
    factors: Sequence[str],
    budget_s: float,
    costs: Mapping[int, Cost],
    steps: int,
    workers: int,
    *,
    designs: Sequence[str] = AUTO,
    seeds: int | None = None,
) -> Plan:
    """Returns the most telling study that fits.

    Seeds are given up first (three, then two), then the size of the pictures, then steps (down to a
    quarter), then the design.

    Args:
        factors: Names.
        budget_s: Seconds there are.
        costs: Of one run among `workers`, measured, by picture size; the configured size first.
        steps: Configured.
        workers: Runs at once.
        designs: That may be chosen, the most telling first.
        seeds: As many as are asked for, and no others.

    Raises:
        UsageError: Not even the smallest fits; names the time that it would take.
    """
    numbers = (WANTED_SEEDS, FEWEST_SEEDS) if seeds is None else (seeds,)
    configured = next(iter(costs))
    found = math.inf
    for names in _rounds(designs):
        for share in (1.0, 0.5, SHORTEST):
            for size, cost in costs.items():
                for number in numbers:
                    for design in names:
                        took = _seconds(design, factors, number, cost.of(steps * share), workers)
                        found = min(found, took)
                        if took <= budget_s:
                            made = Plan(design, number, size, round(steps * share), took / 60)
                            return replace(made, given_up=_given_up(made, configured, steps, seeds))
    raise UsageError(
        f"--budget: {max(0.0, budget_s) / 60:.1f} min are left after measuring; the smallest "
        f"study of {len(factors)} factors takes {found / 60:.1f} min; name fewer, or raise it"
    )


def _rounds(designs: Sequence[str]) -> list[Sequence[str]]:
    """All that can name a cause are tried before the one that cannot."""
    telling = [name for name in designs if name != "leave-one-out"]
    return [names for names in (telling, [n for n in designs if n not in telling]) if names]


def _seconds(design: str, factors: Sequence[str], seeds: int, run_s: float, workers: int) -> float:
    if design == "full" and 2 ** len(factors) > MAX_ARMS:
        return math.inf
    return math.ceil(len(DESIGNS[design](factors)) * seeds / workers) * run_s


def _given_up(made: Plan, size: int, steps: int, asked: int | None) -> tuple[str, ...]:
    lines = []
    if asked is None and made.seeds < WANTED_SEEDS:
        lines.append(f"{made.seeds} seeds instead of {WANTED_SEEDS}: wider intervals")
    if made.size < size:
        lines.append(
            f"pictures of {made.size}x{made.size} instead of {size}x{size}: what only a larger "
            "picture shows is not studied"
        )
    if made.steps < steps:
        lines.append(
            f"{made.steps:,} steps a run instead of {steps:,}, and the random phase shortened alike"
        )
    if made.design == "leave-one-out":
        lines.append("no factor is fixed alone: nothing can be called the CAUSE")
    if made.design != "full":
        lines.append("combinations of factors: no interactions, no Shapley values")
    return tuple(lines)
