"""The benchmark's page: scores beside baselines, calibration, then every fault and every run."""

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import stats

from rca.bench.harm import EFFECT, Harm, P, harms
from rca.bench.score import (
    ACCUSED,
    Case,
    always,
    at_random,
    calibration_curve,
    interval,
    most_frequent,
    rivals,
    score,
)
from rca.diagnosis.cause import load_causes
from rca.study.saved import finite
from rca.yaml_file import read_yaml

Floats = NDArray[np.float64]
MISSES = Path(__file__).with_name("misses.yaml")

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
    lines += [*_missed(scored or cases), *_silent(cases), *_learning(cases, random)]
    lines += [*_faults(cases, harm), *_runs(cases)]
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
    low, high = interval(cases, "top_1", np.random.default_rng(0))
    right = (
        f"{_share(score(cases).top_1)} of the runs (95% interval {_share(low)} to {_share(high)})"
    )
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
    for name, value in asdict(score(cases)).items():
        low, high = interval(cases, name, np.random.default_rng(0))
        others = " | ".join(_share(read(name)) for read in columns.values())
        aim = AIMS.get(name, "")
        lines.append(
            f"| {name} | {_share(value)} | {_share(low)} to {_share(high)} | {aim} | {others} |"
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
        f"Pearson 1934) the rate of false alarms lies between {_share(exact.low)} and "
        f"{_share(exact.high)}.",
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
        f"{_share(found.top_1)}, top-3 "
        f"{_share(found.top_3)}.",
        "",
    ]


def _missed(cases: Sequence[Case]) -> list[str]:
    """A paragraph on each fault that is not named first in every run, from misses.yaml."""
    known = read_yaml(MISSES)
    faults = dict.fromkeys(case.fault for case in cases if case.fault and not case.error)
    lines = []
    for fault in faults:
        runs = [case for case in cases if case.fault == fault and not case.error]
        missed = sum(case.rank != 1 for case in runs)
        if missed:
            lines += [f"**{fault}**, missed in {missed} of {len(runs)}. {_why(known, fault)}", ""]
    return ["## What is missed, and why", "", *lines] if lines else []


def _why(known: Mapping[str, object], fault: str) -> str:
    return str(known.get(fault, "Nobody has looked into it yet."))


def _silent(cases: Sequence[Case]) -> list[str]:
    """Checks that should have seen a fault and did not, in any run."""
    seen = Counter((c.fault, check) for c in cases for check in c.silent)
    if not seen:
        return []
    runs = Counter(case.fault for case in cases if not case.error)
    listed = [
        f"- {fault}: {check} is silent in {count} of {runs[fault]}"
        for (fault, check), count in seen.items()
    ]
    head = "Named by the fault (`caught_by`) and accusing nothing, though others may:"
    return ["## Checks that stay silent", "", head, "", *listed, ""]


def _learning(cases: Sequence[Case], random: float) -> list[str]:
    """Whether the healthy configurations learn: further than at first and than random actions."""
    runs: dict[str, list[Case]] = {}
    for case in cases:
        if not case.fault and not case.error:
            runs.setdefault(case.name.rsplit("-", 1)[0], []).append(case)
    if not runs:
        return []
    measured = "not measured" if math.isnan(random) else f"{random:.1f} m on average"
    lines = [
        "## Do the healthy configurations learn?",
        "",
        f"Metres on held-out routes, means over the seeds. Uniformly random actions: {measured}.",
        "",
        "| configuration | before the first update | at the end | beyond its start in |"
        " beyond random actions in |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, group in runs.items():
        start, last = (
            np.array([getattr(case, part) for case in group]) for part in ("start", "outcome")
        )
        beyond = (_beyond(last, start), _beyond(last, np.full(len(group), random)))
        lines.append(f"| {name} | {_metres(start)} | {_metres(last)} | {beyond[0]} | {beyond[1]} |")
    return [*lines, ""]


def _beyond(last: Floats, other: Floats) -> str:
    known = np.isfinite(last) & np.isfinite(other)
    return f"{int((last > other)[known].sum())} of {int(known.sum())}" if known.any() else "-"


def _metres(values: Floats) -> str:
    known = values[np.isfinite(values)]
    return f"{known.mean():.0f}" if len(known) else "-"


def _faults(cases: Sequence[Case], harm: dict[str, Harm]) -> list[str]:
    lines = [
        "## Every fault",
        "",
        "Worst first. *Harmless*: the runs drive as far as healthy ones of the same task, so the "
        "outcome does not "
        "show the fault; such a fault is found by its wiring or not at all.",
        "",
        "| fault | right answer | first in | among three in | distance against healthy, m | harm |",
        "|---|---|---:|---:|---:|---|",
    ]
    rows = []
    for fault, found in harm.items():
        runs = [case for case in cases if case.fault == fault and not case.error]
        if not runs:
            continue
        first = sum(case.rank == 1 for case in runs)
        third = sum(case.rank is not None and case.rank <= 3 for case in runs)
        does = "yes" if found.counts else "harmless"
        difference = "-" if math.isnan(found.difference) else f"{found.difference:+.0f}"
        row = (
            f"| {fault} | {', '.join(runs[0].truth)} | {first} of {len(runs)} | {third} of "
            f"{len(runs)} | {difference} | {does if found.p == found.p else 'unknown'} |"
        )
        rows.append((first / len(runs), third / len(runs), row))
    return [*lines, *(row for _, _, row in sorted(rows)), ""]


def _runs(cases: Sequence[Case]) -> list[str]:
    lines = [
        "## Every run",
        "",
        "Worst first. Distance is that of the last evaluation.",
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


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0%}"
