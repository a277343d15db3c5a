"""The benchmark's page, case by case: what is missed and why, who learns, every fault and run."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rca.bench.harm import Harm
from rca.bench.score import ACCUSED, Case
from rca.yaml_file import read_yaml

Floats = NDArray[np.float64]
MISSES = Path(__file__).with_name("misses.yaml")


def missed_faults(cases: Sequence[Case]) -> list[str]:
    """Returns a paragraph on each fault that is not named first in every run, from misses.yaml."""
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


def who_learns(cases: Sequence[Case], random: float) -> list[str]:
    """Returns how far the healthy configurations come: beyond their start and random actions?"""
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


def every_fault(cases: Sequence[Case], harm: dict[str, Harm]) -> list[str]:
    """Returns a row per fault, worst first: how often it is named, and what harm it does."""
    lines = [
        "## Every fault",
        "",
        "Worst first. *Harmless*: the runs drive as far as healthy ones of the same task, so the "
        "outcome does not show the fault; such a fault is found by its wiring or not at all.",
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
