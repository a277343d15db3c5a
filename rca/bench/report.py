"""The benchmark's page: scores beside baselines, calibration, then every fault and every run."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from scipy import stats

from rca.bench import rldebugger
from rca.bench.calibration_plot import draw
from rca.bench.case import Case
from rca.bench.delay import LOOKS
from rca.bench.harm import harms
from rca.bench.healthy import PLAIN, further
from rca.bench.lists import (
    alike,
    by_kind,
    every_fault,
    every_run,
    learns,
    missed_faults,
    share,
    silent_checks,
    who_learns,
    wrongly_accused,
)
from rca.bench.score import (
    DRAWS,
    MEANING,
    OF_PROBABILITIES,
    always,
    at_random,
    intervals,
    most_frequent,
    rivals,
    score,
    settings_alone,
)
from rca.diagnosis.cause import load_causes
from rca.study.saved import finite
from rca.wiring.audit import FIRST

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
    "top_1": 0.8,
    "top_3": 0.95,
    "precision": 0.8,
    "precision_of_all": 0.8,
    "false_alarms": 0.05,
    "calibration_error": 0.1,
    "calibration_error_first": 0.1,
}
ERRORS = ("false_alarms", "calibration_error", "calibration_error_first")
"""Of these, those that are to be small."""
FEW = 20
"""Faults below which the interval is an exact one: a bootstrap of few misleads (signals.md)."""


def write_benchmark(
    cases: Sequence[Case],
    folder: Path,
    how: str,
    calibrated: Sequence[int] = (),
    *,
    told: Sequence[str] = (),
    random: Mapping[str, float] = {},
) -> Path:
    """Writes README.md, calibration.png and cases.json; returns the first.

    Args:
        cases: Scored.
        folder: Made if it is not there.
        how: The command that made the runs, for the page.
        calibrated: Seeds on which limits and weights were set; scored apart.
        told: Sentences on what a run is, how long the runs took and on what machine.
        random: Distance that random actions drive, metres, by the healthy run in whose world.
    """
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(finite([asdict(case) for case in cases]), indent=1, allow_nan=False)
    (folder / "cases.json").write_text(text + "\n", encoding="utf-8")
    spent = {*calibrated, *(other for seed in calibrated for other in further(seed))}
    scored = [case for case in cases if case.seed not in spent]
    looked_at = [case for case in cases if case.seed in spent]
    harm = harms(scored or cases)
    lines = _head(cases, how, told, _said(scored) if scored else [])
    if scored:
        lines += ["## Scores", "", *_seeds("Scored", scored), *_scores(scored, random), *_meaning()]
        lines += by_kind(scored, harm, random)
        draw(scored, folder / "calibration.png")
        lines += ["![Stated probability against share of hits](calibration.png)", ""]
    if looked_at:
        lines += ["## The seeds on which it was calibrated", ""]
        lines += [*_seeds("Not evidence; looked at while limits were set:", looked_at)]
        lines += [*_scores(looked_at, random)]
        lines += by_kind(looked_at, harms(looked_at), random)
    shown = scored or cases
    lines += [*missed_faults(shown), *wrongly_accused(shown), *silent_checks(shown)]
    lines += [*who_learns(shown, random), *every_fault(shown, harm), *alike(shown)]
    lines += every_run(cases)
    page = folder / "README.md"
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return page


def _head(cases: Sequence[Case], how: str, told: Sequence[str], said: Sequence[str]) -> list[str]:
    faulty = sum(bool(case.fault) for case in cases)
    broken = [case for case in cases if case.error]
    lines = [
        "# Does the diagnosis name the planted fault?",
        "",
        *said,
        f"{faulty} runs with one planted fault each and {len(cases) - faulty} healthy ones; made "
        f"by `{how}`.",
        "A right answer is any cause that the fault names (`rca faults`).",
        *told,
        "What the faults are, how it is scored and how another tool takes part: docs/benchmark.md.",
        "",
    ]
    if broken:
        lines += [f"Not run or not readable: {', '.join(case.name for case in broken)}.", ""]
    return lines


def _verdict(cases: Sequence[Case]) -> str:
    """Returns in a sentence how often the diagnosis is right, and how often it accuses wrongly."""
    known, unseen = _known(cases)
    words = f"The planted fault is named first in {share(score(known).top_1)} of the runs"
    if unseen:
        words += (
            " where the authors of the checks knew it, in "
            f"{share(score(unseen).top_1)} where they did not"
        )
    accused, healthy = _alarms(cases)
    if healthy:
        words += f"; {accused} of {healthy} healthy runs are accused"
    return f"{words}."


def _said(cases: Sequence[Case]) -> list[str]:
    return [f"**{_verdict(cases)}**", "", *_in_detail(cases)]


def _in_detail(cases: Sequence[Case]) -> list[str]:
    """Returns how sure the diagnosis was, and how far its shares can be trusted."""
    known, unseen = _known(cases)
    parts = []
    for words, part in (("known", known), ("not known", unseen)):
        if part:
            faults, sure = len({case.fault for case in part}), score(part).accused_rightly
            parts.append(
                f"{faults} faults were {words} to who wrote the checks ({_doubt(part)}; also "
                f"stated as more likely than not in {share(sure)})"
            )
    return [f"{', '.join(parts)}. A run is accused from one half on.", ""] if parts else []


def _doubt(cases: Sequence[Case]) -> str:
    """Returns the interval of the share that is named first, exact where faults are few."""
    faults = {case.fault for case in cases}
    if len(faults) >= FEW:
        low, high = intervals(cases, np.random.default_rng(0))["top_1"]
        return f"95% interval {share(low)} to {share(high)}"
    always_first = len(faults - {case.fault for case in cases if case.rank != 1})
    exact = stats.binomtest(always_first, len(faults)).proportion_ci()
    return (
        f"{always_first} of them in every run, of which the exact 95% interval is "
        f"{share(exact.low)} to {share(exact.high)}"
    )


def _known(cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
    """Returns the runs with faults that who wrote the checks knew, and with others."""
    faulty = [case for case in cases if case.fault]
    return [c for c in faulty if not c.unseen], [c for c in faulty if c.unseen]


def _seeds(word: str, cases: Sequence[Case]) -> list[str]:
    more = {other for case in cases for other in further(case.seed)}
    seeds = sorted({case.seed for case in cases} - more)
    beside = sum(case.seed in more for case in cases)
    words = f", {beside} of them further ones of {PLAIN}" if beside else ""
    return [f"{word} seeds {', '.join(map(str, seeds))}: {len(cases)} runs{words}.", ""]


def _scores(cases: Sequence[Case], random: Mapping[str, float]) -> list[str]:
    causes = [cause.id for cause in load_causes()]
    chance = at_random(cases, causes, np.random.default_rng(0))
    columns: dict[str, Callable[[str], float]] = {
        f"{len(rldebugger.RULES)} of RLDebugger's rules": _of(rivals(cases)),
        "settings alone": _of(settings_alone(cases)),
        "most frequent cause": _of(always(cases, most_frequent(cases))),
        "the seed's ranking": _of(always(cases, SEEDS_RANKING)),
        "random": lambda name: chance.get(name, math.nan),
    }
    lines = [
        f"| score | rca | 95% interval | aim | {' | '.join(columns)} |",
        "|---|---:|---:|---:|" + "---:|" * len(columns),
    ]
    spans = intervals(cases, np.random.default_rng(0))
    accused, healthy = _alarms(cases)
    if healthy:  # a bootstrap of none accused knows no doubt
        exact = stats.binomtest(accused, healthy).proportion_ci()
        spans["false_alarms"] = (exact.low, exact.high)
    for name, value in asdict(score(cases)).items():
        low, high = spans[name]
        others = " | ".join(share(read(name)) for read in columns.values())
        shown, aim = _beside_its_aim(name, value)
        lines.append(f"| {name} | {shown} | {share(low)} to {share(high)} | {aim} | {others} |")
    return [*lines, "", *_healthy(cases, random), *_delays(cases)]


def _beside_its_aim(name: str, value: float) -> tuple[str, str]:
    """Returns a score and its aim, "" if it has none; a missed one is not rounded to it."""
    aim = AIMS.get(name)
    if aim is None:
        return share(value), ""
    words = f"{'≤' if name in ERRORS else '≥'}{aim:.0%}"
    if math.isnan(value) or (value <= aim if name in ERRORS else value >= aim):
        return share(value), words
    return f"{value:.1%}", f"{words}, missed"


def _meaning() -> list[str]:
    """What the scores are, and what the rivals are given."""
    return [
        *(f"- {name}: {meaning}." for name, meaning in MEANING.items()),
        "",
        f"Intervals draw faults and healthy configurations anew, with all their seeds ({DRAWS:,} "
        "bootstrap draws); that of false_alarms is exact (Clopper, Pearson 1934), as if the seeds "
        "of one configuration had nothing in common. None of them covers kinds of faults that are "
        "not among these. RLDebugger is made for discrete actions and reads tensors: ported are "
        "the rules that a recording decides (rca/bench/rldebugger.py). Who reads settings alone "
        "names what differs from the plain preset (rca/bench/by_settings.py). The rivals state no "
        "probability: what they name, they accuse. The most frequent cause is counted on these "
        "very runs, which is more than a rival could know.",
        "",
    ]


def _delays(cases: Sequence[Case]) -> list[str]:
    """How long a run goes on before its record accuses the cause."""
    faulty = [case for case in cases if case.fault and not case.error]
    delays = [math.inf if math.isnan(case.delay) else case.delay for case in faulty]
    if not any(map(math.isfinite, delays)):
        return []
    found = np.percentile(delays, [25, 50, 75, 90], method="inverted_cdf")
    shares = zip(("a quarter", "half", "three quarters", "nine tenths"), found, strict=True)
    within = [f"{words} within {d:,.0f}" for words, d in shares if math.isfinite(d)]
    never = sum(map(math.isinf, delays))
    return [
        f"Detection delay, in steps from the fault's first effect to the first of {LOOKS} evenly "
        "spaced looks at the record from which on all accuse its cause, which is as fine as it is "
        f"known: of {len(faulty)} runs {', '.join(within)}; {never} are not accused of it at their "
        f"end. What the audit of the computation heard counts whole from {FIRST} critic updates on "
        f"({FIRST // 2} of the actor), as it is recorded at the end alone.",
        "",
    ]


def _alarms(cases: Sequence[Case]) -> tuple[int, int]:
    """Returns how many healthy runs are accused, of how many."""
    healthy = [case for case in cases if not case.fault and not case.error]
    return sum(bool(case.accused) for case in healthy), len(healthy)


def _healthy(cases: Sequence[Case], random: Mapping[str, float]) -> list[str]:
    """Which healthy runs are accused."""
    accused, count = _alarms(cases)
    if not count:
        return []
    words = f"{accused} of {count} healthy runs are accused"
    learned = [case for case in cases if not case.fault and learns(case, random)]
    if learned:
        wrong, _ = _alarms(learned)
        words += f"; of the {len(learned)} of them that learn (below) {wrong} are"
    return [f"{words}.", ""]


def _of(cases: Sequence[Case]) -> Callable[[str], float]:
    found = asdict(score(cases))
    return lambda name: math.nan if name in OF_PROBABILITIES else float(found[name])
