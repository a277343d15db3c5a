"""What numbers of a config amount to: updates, random steps, memory, evaluation."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass

from rca.checking import Verdict
from rca.judging import as_number

TESTS = (100, 10_000, 30_000)
"""Steps of the seed's three verification tests (seed.md, "Verification Checklist")."""
HALF = 0.5
"""Largest share of a run that may be random, or be spent on evaluating (start)."""
GIGA = 1e9


@dataclass(frozen=True)
class Consequence:
    """What follows from some settings.

    Attributes:
        rule: Id of its rule.
        verdict: On it.
        message: With the numbers it follows from.
        key: Our key of the setting that decides most; its line is shown.
        value: Judged; NaN if nothing could be.
        limit: Held against.
        unit: Of both.
    """

    rule: str
    verdict: Verdict
    message: str
    key: str
    value: float = math.nan
    limit: float = math.nan
    unit: str = ""


def consequences(config: Mapping[str, object]) -> list[Consequence]:
    """Returns what a config amounts to.

    Args:
        config: Declared or effective values by our dotted key (rca.config.RunConfig.flat).
    """
    numbers = {key: as_number(value) for key, value in config.items()}
    return [
        _updates(numbers),
        _random_share(numbers),
        _memory(numbers, installed_memory()),
        _evaluation(numbers),
    ]


def _updates(known: Mapping[str, float]) -> Consequence:
    rule, key = "audit.updates", "agent.learning_starts"
    starts = known.get(key, math.nan)
    if math.isnan(starts):
        return _unknown(rule, key)
    each = known.get("agent.updates_per_step", 1.0)
    planned = known.get("budget.steps", math.nan)
    lengths = [*TESTS, *([int(planned)] if planned > 0 and planned not in TESTS else [])]
    counts = {n: max(0.0, n - starts) * each for n in lengths}
    listed = ", ".join(f"{counts[n]:,.0f} in {n:,} steps" for n in lengths)
    message = f"with learning_starts {starts:,.0f} the critic updates are {listed}"
    if planned > 0 and counts[int(planned)] == 0:
        return Consequence(rule, Verdict.FAIL, f"{message}: nothing is ever learned", key, 0, 1)
    if 0 in counts.values():
        message += ": a test without updates says nothing about learning"
        return Consequence(rule, Verdict.WARN, message, key, 0, 1)
    return Consequence(rule, Verdict.PASS, message, key, min(counts.values()), 1)


def _random_share(known: Mapping[str, float]) -> Consequence:
    rule, key = "audit.random_share", "agent.learning_starts"
    starts, steps = known.get(key, math.nan), known.get("budget.steps", math.nan)
    if not (starts >= 0 and steps > 0):
        return _unknown(rule, key if math.isnan(starts) else "budget.steps")
    share = min(1.0, starts / steps)
    message = f"learning_starts {starts:,.0f} is {share:.0%} of {steps:,.0f} planned steps"
    verdict = Verdict.FAIL if share > HALF else Verdict.PASS
    return Consequence(rule, verdict, message, key, share, HALF, "1")


def _memory(known: Mapping[str, float], installed: float) -> Consequence:
    """Judges the images that the memory holds, once as bytes and once as 32-bit numbers."""
    rule, key = "audit.replay_memory", "agent.buffer_size"
    size = known.get(key, math.nan)
    side, stack = known.get("env.image_size", math.nan), known.get("env.frame_stack", math.nan)
    if not (size > 0 and side > 0 and stack > 0):
        names = (key, "env.image_size", "env.frame_stack")
        return _unknown(rule, *(n for n in names if not known.get(n, 0) > 0))
    least = size * side * side * stack
    message = (
        f"{size:,.0f} observations of {stack:.0f} x {side:.0f} x {side:.0f} are "
        f"{least / GIGA:,.1f} GB as uint8, {4 * least / GIGA:,.1f} GB as float32, twice that where "
        f"the next observation is stored too; this machine has {installed / GIGA:,.0f} GB"
    )
    verdict = Verdict.FAIL if least > installed else Verdict.PASS
    if verdict is Verdict.PASS and 2 * 4 * least > installed:
        verdict = Verdict.WARN
    return Consequence(rule, verdict, message, key, least / GIGA, installed / GIGA, "GB")


def _evaluation(known: Mapping[str, float]) -> Consequence:
    rule, key = "audit.evaluation_share", "budget.eval_every"
    every, episodes = known.get(key, math.nan), known.get("budget.eval_episodes", math.nan)
    longest = known.get("env.max_episode_steps", math.nan)
    if every == 0:
        return Consequence(rule, Verdict.VACUOUS, "0 evaluations: never evaluated", key)
    if not (every > 0 and episodes > 0 and longest > 0):
        names = (key, "budget.eval_episodes", "env.max_episode_steps")
        return _unknown(rule, *(n for n in names if not known.get(n, 0) > 0))
    steps, start = known.get("budget.steps", math.nan), known.get("budget.eval_from", 0.0)
    is_late = start > 0 and steps > 0
    between = steps / (max(0.0, steps - start) // every + 1) if is_late else every
    share = episodes * longest / (episodes * longest + between)
    message = (
        f"{episodes:,.0f} episodes of up to {longest:,.0f} steps every {every:,.0f} steps"
        f"{f' from {start:,.0f} on' if is_late else ''} are up to {share:.0%} of all steps"
    )
    verdict = Verdict.WARN if share > HALF else Verdict.PASS
    return Consequence(rule, verdict, message, key, share, HALF, "1")


def _unknown(rule: str, *keys: str) -> Consequence:
    return Consequence(rule, Verdict.NOT_RUN, f"not declared: {', '.join(keys)}", keys[0])


def installed_memory() -> float:
    """Returns this machine's memory in bytes, infinity where the system does not tell."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (ValueError, OSError, AttributeError):
        return math.inf
