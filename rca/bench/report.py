"""The benchmark's page: scores beside baselines, then every run."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from rca.bench.score import ACCUSED, Case, always, at_random, interval, most_frequent, score
from rca.diagnosis.cause import load_causes

SEEDS_RANKING = (
    "learning_rate_imbalance",
    "exploration_noise_high",
    "learning_starts_early",
    "reward_design",
    "batch_size_large",
    "encoder_targets_missing",
)
"""The order in which the seed document blames (seed.md, Issues #1 to #6)."""
AIMS = {"top_1": ">= 80%", "top_3": ">= 95%", "precision": ">= 80%", "false_alarms": "<= 5%"}


def write_benchmark(cases: Sequence[Case], folder: Path, how: str) -> Path:
    """Writes README.md and cases.json; returns the first.

    Args:
        cases: Scored.
        folder: Made if it is not there.
        how: The command that made the runs, for the page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    data = [asdict(case) for case in cases]
    text = json.dumps(_finite(data), indent=1, allow_nan=False)
    (folder / "cases.json").write_text(text + "\n", encoding="utf-8")
    page = folder / "README.md"
    lines = [*_head(cases, how), *_scores(cases), *_runs(cases)]
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return page


def _finite(value: object) -> object:
    """Returns plain data with null for what is not measured."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _head(cases: Sequence[Case], how: str) -> list[str]:
    faulty = sum(bool(case.fault) for case in cases)
    broken = [case for case in cases if case.error]
    lines = [
        "# Does the diagnosis name the planted fault?",
        "",
        f"{faulty} runs with one planted fault each and {len(cases) - faulty} healthy ones; made "
        f"by `{how}`.",
        "A right answer is any cause that the fault names (`rca faults`). The weights of the "
        "diagnosis are not calibrated on these runs.",
        "",
    ]
    if broken:
        lines += [f"Not run or not readable: {', '.join(case.name for case in broken)}.", ""]
    return lines


def _scores(cases: Sequence[Case]) -> list[str]:
    causes = [cause.id for cause in load_causes()]
    frequent = score(always(cases, most_frequent(cases)))
    seeds = score(always(cases, SEEDS_RANKING))
    chance = at_random(cases, causes, np.random.default_rng(0))
    own = score(cases)
    lines = [
        "| score | rca | 95% interval | aim | most frequent cause | the seed's ranking | random |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, value in asdict(own).items():
        low, high = interval(cases, name, np.random.default_rng(0))
        others = (getattr(frequent, name), getattr(seeds, name), chance.get(name, math.nan))
        shown = " | ".join(_share(other) for other in others)
        aim = AIMS.get(name, "")
        lines.append(
            f"| {name} | {_share(value)} | {_share(low)} to {_share(high)} | {aim} | {shown} |"
        )
    return [*lines, ""]


def _runs(cases: Sequence[Case]) -> list[str]:
    lines = [
        "## Every run",
        "",
        "Worst first. Distance is that of the last evaluation; a fault that leaves it as long as "
        "in healthy runs did no harm here, whatever it is called.",
        "",
        "| run | right answer | its place | first named | probability | distance, m |",
        "|---|---|---:|---|---:|---:|",
    ]
    for case in sorted(cases, key=lambda case: (not case.fault, -(case.rank or 999), case.name)):
        first, sure = case.ranking[0] if case.ranking else ("nothing", math.nan)
        if not case.fault and not (sure >= ACCUSED):
            first = f"({first})"
        lines.append(
            f"| {case.name} | {', '.join(case.truth) or 'nothing'} | {case.rank or '-'} | {first} "
            f"| {_share(sure)} | {'-' if math.isnan(case.outcome) else f'{case.outcome:.0f}'} |"
        )
    return lines


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0%}"
