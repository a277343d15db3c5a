"""The benchmark's page: scores beside baselines, calibration, then every fault and every run."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from scipy import stats

from rca.bench.harm import EFFECT, Harm, P, harms
from rca.bench.lists import (
    every_fault,
    every_run,
    missed_faults,
    share,
    silent_checks,
    who_learns,
)
from rca.bench.score import (
    Case,
    always,
    at_random,
    calibration_curve,
    intervals,
    most_frequent,
    rivals,
    score,
)
from rca.diagnosis.cause import load_causes
from rca.study.saved import finite

SEEDS_RANKING = (
    "learning_rate_imbalance",
    "exploration_noise_high",
    "learning_starts_early",
    "reward_design",
    "batch_size_large",
    "encoder_targets_missing",
)
"""The order in which the seed document blames (seed.md, Issues #1 to #6)."""
AIMS = {
    "top_1": ">= 80%",
    "top_3": ">= 95%",
    "precision": ">= 80%",
    "false_alarms": "<= 5%",
    "calibration_error": "<= 10%",
}


def write_benchmark(
    cases: Sequence[Case],
    folder: Path,
    how: str,
    calibrated: Sequence[int] = (),
    *,
    told: Sequence[str] = (),
    random: float = math.nan,
) -> Path:
    """Writes README.md, calibration.png and cases.json; returns the first.

    Args:
        cases: Scored.
        folder: Made if it is not there.
        how: The command that made the runs, for the page.
        calibrated: Seeds on which limits and weights were set; scored apart.
        told: Sentences on what a run is, how long the runs took and on what machine.
        random: Distance that random actions drive, metres; NaN: not measured.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(finite([asdict(case) for case in cases]), indent=1, allow_nan=False)
    (folder / "cases.json").write_text(text + "\n", encoding="utf-8")
    scored = [case for case in cases if case.seed not in calibrated]
    looked_at = [case for case in cases if case.seed in calibrated]
    harm = harms(cases)
    lines = _head(cases, how, told, _verdict(scored) if scored else "")
    if scored:
        lines += ["## Scores", "", *_seeds("Scored", scored), *_scores(scored)]
        lines += _harmful("Scored", scored, harm)
        draw(scored, folder / "calibration.png")
        lines += ["![Stated probability against share of hits](calibration.png)", ""]
        lines += [
            "A consequence of the planted fault, such as a saturated actor, counts as wrong.",
            "",
        ]
    if looked_at:
        lines += ["## The seeds on which it was calibrated", ""]
        lines += [*_seeds("Not evidence; looked at while limits were set:", looked_at)]
        lines += [*_scores(looked_at), *_harmful("Calibration", looked_at, harm)]
    lines += [*missed_faults(scored or cases), *silent_checks(cases), *who_learns(cases, random)]
    lines += [*every_fault(cases, harm), *every_run(cases)]
    page = folder / "README.md"
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return page


def _head(cases: Sequence[Case], how: str, told: Sequence[str], verdict: str) -> list[str]:
    faulty = sum(bool(case.fault) for case in cases)
    broken = [case for case in cases if case.error]
    lines = [
        "# Does the diagnosis name the planted fault?",
        "",
        *([f"**{verdict}**", ""] if verdict else []),
        f"{faulty} runs with one planted fault each and {len(cases) - faulty} healthy ones; made "
        f"by `{how}`.",
        "A right answer is any cause that the fault names (`rca faults`).",
        *told,
        "",
    ]
    if broken:
        lines += [f"Not run or not readable: {', '.join(case.name for case in broken)}.", ""]
    return lines


def _verdict(cases: Sequence[Case]) -> str:
    """Returns in a sentence how often the diagnosis is right, and how often it accuses wrongly."""
    low, high = intervals(cases, np.random.default_rng(0))["top_1"]
    right = f"{share(score(cases).top_1)} of the runs (95% interval {share(low)} to {share(high)})"
    healthy = [case for case in cases if not case.fault and not case.error]
    words = f"The planted cause comes first in {right}"
    if healthy:
        accused = round(score(healthy).false_alarms * len(healthy))
        words += f"; {accused} of {len(healthy)} healthy runs are accused"
    return f"{words}."


def _seeds(word: str, cases: Sequence[Case]) -> list[str]:
    seeds = sorted({case.seed for case in cases})
    return [f"{word} seeds {', '.join(map(str, seeds))}: {len(cases)} runs.", ""]


def _scores(cases: Sequence[Case]) -> list[str]:
    causes = [cause.id for cause in load_causes()]
    chance = at_random(cases, causes, np.random.default_rng(0))
    columns: dict[str, Callable[[str], float]] = {
        "RLDebugger's rules": _of(rivals(cases)),
        "most frequent cause": _of(always(cases, most_frequent(cases))),
        "the seed's ranking": _of(always(cases, SEEDS_RANKING)),
        "random": lambda name: chance.get(name, math.nan),
    }
    lines = [
        f"| score | rca | 95% interval | aim | {' | '.join(columns)} |",
        "|---|---:|---:|---:|" + "---:|" * len(columns),
    ]
    spans = intervals(cases, np.random.default_rng(0))
    for name, value in asdict(score(cases)).items():
        low, high = spans[name]
        others = " | ".join(share(read(name)) for read in columns.values())
        aim = AIMS.get(name, "")
        lines.append(
            f"| {name} | {share(value)} | {share(low)} to {share(high)} | {aim} | {others} |"
        )
    lines += _healthy(cases)
    delays = [case.delay for case in cases if case.rank == 1 and not math.isnan(case.delay)]
    if delays:
        middle, late = np.percentile(delays, [50, 90])
        lines += [
            "",
            f"Detection delay where the first cause is right and its signs have a place in time "
            f"({len(delays)} runs): median {middle:,.0f} steps, 90% within {late:,.0f}.",
        ]
    return [*lines, ""]


def _healthy(cases: Sequence[Case]) -> list[str]:
    """What few healthy runs can say: a bootstrap of none accused knows no doubt."""
    healthy = [case for case in cases if not case.fault and not case.error]
    if not healthy:
        return []
    accused = round(score(healthy).false_alarms * len(healthy))
    exact = stats.binomtest(accused, len(healthy)).proportion_ci()
    return [
        "",
        f"{accused} of {len(healthy)} healthy runs are accused: by the exact interval (Clopper, "
        f"Pearson 1934) the rate of false alarms lies between {share(exact.low)} and "
        f"{share(exact.high)}.",
    ]


def _of(cases: Sequence[Case]) -> Callable[[str], float]:
    found = asdict(score(cases))
    return lambda name: float(found[name])


def _harmful(word: str, cases: Sequence[Case], harm: dict[str, Harm]) -> list[str]:
    kept = [case for case in cases if not case.fault or harm[case.fault].counts]
    found = score(kept)
    faults = {case.fault for case in kept if case.fault}
    return [
        f"{word} on the {len(faults)} faults that do harm (p < {P} and Cohen's d <= -{EFFECT} "
        f"against the distance of healthy runs of the same task) alone: top-1 "
        f"{share(found.top_1)}, top-3 {share(found.top_3)}.",
        "",
    ]


def draw(cases: Sequence[Case], path: Path) -> None:
    """Draws the share of hits over the stated probability, a point per bin with its number."""
    curve = calibration_curve(cases)
    error = score(cases).calibration_error
    with mpl.rc_context({"font.size": 9}):
        figure = Figure(figsize=(4.6, 4.2), layout="constrained")
        panel = figure.subplots()
        panel.plot([0, 1], [0, 1], color="#888888", linestyle="--", label="as sure as right")
        stated, right, numbers = zip(*curve, strict=True) if curve else ((), (), ())
        panel.plot(stated, right, "o-", color="#2166ac", label="rca")
        for x, y, n in zip(stated, right, numbers, strict=True):
            panel.annotate(f"{n}", (x, y), textcoords="offset points", xytext=(5, -10), fontsize=7)
        panel.set(
            xlabel="stated probability of a cause",
            ylabel="share of them that were planted",
            xlim=(-0.03, 1.03),
            ylim=(-0.03, 1.03),
            title=f"Stated and true differ by {error:.0%} on average",
        )
        panel.legend(loc="lower right", frameon=False)
        figure.savefig(path, dpi=120)
