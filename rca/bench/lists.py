"""The benchmark's page, case by case: what is missed and why, who learns, every fault and run."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rca.bench.case import ACCUSED, Case
from rca.bench.harm import EFFECT, Harm, P, hold_for_all
from rca.bench.healthy import PLAIN, drives_elsewhere
from rca.bench.score import score, watched
from rca.yaml_file import read_yaml

Floats = NDArray[np.float64]
MISSES = Path(__file__).with_name("misses.yaml")


def by_kind(
    cases: Sequence[Case], harm: Mapping[str, Harm], random: Mapping[str, float]
) -> list[str]:
    """Returns a row per kind of faulty run: how often its fault is named."""
    kinds: dict[str, Callable[[Case], bool | None]] = {
        "is a setting, and recorded as one": lambda case: case.in_settings,
        "is in code": lambda case: not case.in_settings,
        "does harm that the distance shows": lambda case: harm[case.fault].counts,
        "does none that it shows": lambda case: harm[case.fault].words in ("not shown", "none"),
        "does not keep the run from learning": lambda case: learns(case, random),
        "keeps it from learning": lambda case: learns(case, random) is False,
        "was known to who wrote the checks": lambda case: not case.unseen,
        "was written by who had not read the checks": lambda case: case.unseen,
    }
    lines = [
        "| the fault | runs | faults | top_1 | top_3 | accused_rightly | top_1, watched |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for words, belongs in kinds.items():
        runs = [case for case in cases if case.fault and not case.error and belongs(case)]
        if runs:
            found, faults = score(runs), len({case.fault for case in runs})
            of_all = (found.top_1, found.top_3, found.accused_rightly, score(watched(runs)).top_1)
            shares = map(share, of_all)
            lines.append(f"| {words} | {len(runs)} | {faults} | {' | '.join(shares)} |")
    healthy = [case for case in watched(cases) if not case.fault and not case.error]
    accused = sum(bool(case.accused) for case in healthy)
    words = (
        "The last column is the same without what our own trainer alone can be asked (updates "
        "computed anew, the simulator's account of the car): what may be expected where somebody "
        "else's trainer is watched and tells what it observes and what its memory draws"
    )
    words += f"; {accused} of {len(healthy)} healthy runs are accused then" if healthy else ""
    return [*lines, "", f"{words}.", ""]


def missed_faults(cases: Sequence[Case]) -> list[str]:
    """Returns a paragraph on each fault that is not named first in every run, from misses.yaml."""
    known = read_yaml(MISSES)
    faults = dict.fromkeys(case.fault for case in cases if case.fault and not case.error)
    lines = []
    for fault in faults:
        runs = [case for case in cases if case.fault == fault and not case.error]
        missed = [case for case in runs if case.rank != 1]
        if missed:
            lines += [
                f"**{fault}**, missed in {len(missed)} of {len(runs)}. {_why(known, fault)} Named "
                f"instead: {', '.join(_instead(case) for case in missed)}.",
                "",
            ]
    return ["## What is missed, and why", "", *lines] if lines else []


def _why(known: Mapping[str, object], fault: str) -> str:
    return str(known.get(fault, "Nobody has looked into it yet."))


def _instead(case: Case) -> str:
    first, sure = case.ranking[0] if case.ranking else ("nothing", math.nan)
    return f"{first} ({share(sure)})" if case.ranking else first


def wrongly_accused(cases: Sequence[Case]) -> list[str]:
    """Returns a row per cause that is accused where it was not planted: which faults look like it.

    These are what follows from the planted fault, mistaken for it, and false alarms.
    """
    wrong: dict[str, Counter[str]] = {}
    for case in cases:
        for cause in case.accused:
            if cause not in case.truth:
                planted = case.fault or case.group
                wrong.setdefault(cause, Counter())[planted] += 1
    if not wrong:
        return []
    lines = [
        "## What is accused wrongly",
        "",
        "Stated as more likely than not and not planted, beside the right cause or instead of it; "
        "without what the diagnosis itself says to follow from another cause, where it accuses a "
        "right one.",
        "",
        "| accused | runs | planted was (runs) |",
        "|---|---:|---|",
    ]
    for cause, faults in sorted(wrong.items(), key=lambda item: (-item[1].total(), item[0])):
        listed = ", ".join(f"{fault} ({n})" for fault, n in faults.most_common())
        lines.append(f"| {cause} | {faults.total()} | {listed} |")
    return [*lines, ""]


def alike(cases: Sequence[Case]) -> list[str]:
    """Returns the faults whose runs end with the very weights of others, seed for seed."""
    seeds = {case.seed for case in cases if case.fault}
    runs: dict[str, list[Case]] = {}
    for case in cases:
        if case.seed in seeds:  # of the plain configuration there are more
            runs.setdefault(case.group, []).append(case)
    groups: dict[tuple[tuple[int, str], ...], list[str]] = {}
    for name, group in runs.items():
        if all(case.weights for case in group):
            key = tuple(sorted((case.seed, case.weights) for case in group))
            groups.setdefault(key, []).append(name)
    listed = [f"- {', '.join(group)}" for group in groups.values() if len(group) > 1]
    if not listed:
        return []
    head = (
        "Their weights are the same to the last bit, so nothing that is learned tells them apart: "
        "they differ in what the record, the audit or the probes show, or are one mistake twice."
    )
    return ["## Runs that learn the same", "", head, "", *listed, ""]


def silent_checks(cases: Sequence[Case]) -> list[str]:
    """Returns the checks that should have seen a fault and did not, in any run."""
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


def learns(case: Case, random: Mapping[str, float]) -> bool | None:
    """Tells whether a run drives farther than its own start and than random actions.

    None where one of the three was not measured.
    """
    drives = (case.outcome, case.start, _random(case.group, random))
    return None if any(map(math.isnan, drives)) else drives[0] > max(drives[1:])


def _random(group: str, random: Mapping[str, float]) -> float:
    """Returns how far random actions drive in the world of a healthy configuration."""
    return random.get(group if drives_elsewhere(f"{group}-0") else PLAIN, math.nan)


def who_learns(cases: Sequence[Case], random: Mapping[str, float]) -> list[str]:
    """Returns how far the healthy configurations come: beyond their start and random actions?"""
    runs: dict[str, list[Case]] = {}
    for case in cases:
        if not case.fault and not case.error:
            runs.setdefault(case.group, []).append(case)
    if not runs:
        return []
    lines = [
        "## Do the healthy configurations learn?",
        "",
        "Metres, means over the seeds: of uniformly random actions and of the random phase, half "
        "of which a scripted driver steers, on training routes of the same world; on held-out "
        "routes before the first update and at the end. A run learns if it ends beyond random "
        "actions and its own start.",
        "",
        "| configuration | random actions | random phase | before the first update | at the end "
        "| learns in |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, group in runs.items():
        known = [answer for case in group if (answer := learns(case, random)) is not None]
        learned = f"{sum(known)} of {len(known)}" if known else "-"
        parts = ("warm_up", "start", "outcome")
        ends = (np.array([getattr(case, part) for case in group]) for part in parts)
        shown = (np.array([_random(name, random)]), *ends)
        lines.append(f"| {name} | {' | '.join(map(_metres, shown))} | {learned} |")
    return [*lines, "", *_learning_faults(cases, random)]


def _learning_faults(cases: Sequence[Case], random: Mapping[str, float]) -> list[str]:
    """Returns how many faulty runs learn by the same rule."""
    runs = [case for case in cases if case.fault and learns(case, random) is not None]
    learned = {case.name for case in runs if learns(case, random)}
    if not runs:
        return []
    whole = {case.fault for case in runs} - {c.fault for c in runs if c.name not in learned}
    return [
        f"By the same rule {len(learned)} of {len(runs)} runs with a fault learn too, of "
        f"{len(whole)} faults in every seed: these are mistakes to be found, not failures.",
        "",
    ]


def _metres(values: Floats) -> str:
    known = values[np.isfinite(values)]
    return f"{known.mean():.0f}" if len(known) else "-"


def every_fault(cases: Sequence[Case], harm: dict[str, Harm]) -> list[str]:
    """Returns a row per fault, worst first: how often it is named, and what harm it does."""
    tested, kept = hold_for_all(harm.values())
    lines = [
        "## Every fault",
        "",
        "Worst first. *Harm*: whether the distance of the last evaluation shows it against healthy "
        f"runs of the plain configuration (exact rank sum test, p < {P}, and Cohen's d <= "
        f"-{EFFECT}): of {tested} faults tested {sum(h.counts for h in harm.values())} do, {kept} "
        "if the number of faults is corrected for (Benjamini, Hochberg 1995). *Not shown* is not "
        "*none*: few runs cannot tell a small harm from chance. *None*: the very weights of "
        "healthy runs come out. Such a fault is found by its wiring or not at all.",
        "",
        "| fault | right answer | first in | among three in | distance against healthy, m | d | p "
        "| harm |",
        "|---|---|---:|---:|---:|---:|---:|---|",
    ]
    rows = []
    for fault, found in harm.items():
        runs = [case for case in cases if case.fault == fault and not case.error]
        if not runs:
            continue
        first = sum(case.rank == 1 for case in runs)
        third = sum(case.rank is not None and case.rank <= 3 for case in runs)
        row = (
            f"| {fault} | {', '.join(runs[0].truth)} | {first} of {len(runs)} | {third} of "
            f"{len(runs)} | {_number(found.difference, '+.0f')} | {_number(found.effect, '+.1f')} "
            f"| {_number(found.p, '.3f')} | {found.words} |"
        )
        rows.append((first / len(runs), third / len(runs), row))
    return [*lines, *(row for _, _, row in sorted(rows)), ""]


def _number(value: float, form: str) -> str:
    return "-" if math.isnan(value) else f"{value:{form}}"


def every_run(cases: Sequence[Case]) -> list[str]:
    """Returns a row per run, worst first: what was said of it."""
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
            f"| {share(sure)} | {'-' if math.isnan(case.outcome) else f'{case.outcome:.0f}'} |"
        )
    return lines


def share(value: float) -> str:
    """Returns whole percent; "-" for NaN."""
    return "-" if math.isnan(value) else f"{value:.0%}"
