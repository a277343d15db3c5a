"""Does a study find a planted cause, and none where nothing differs but the seed?

python benchmarks/study_calibration.py --out reports/study-calibration --runs RUNS [--workers 2]
"""

import argparse
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from healthy import markdown
from numpy.typing import NDArray
from scipy import stats

from rca.config import load_config
from rca.faults import find_fault
from rca.study.attribution import Answer, Attribution, Effect
from rca.study.combined import arm_means
from rca.study.design import one_at_a_time
from rca.study.engines.local import local
from rca.study.factors import Arm, End, Factor
from rca.study.study import MEASURES, Study, analysed, run_study, table_of
from rca.study.trials import Engine, Trial, TrialResult

PLANTED = {
    "actor_not_optimized": "batch_64",
    "discount_zero": "random_shift",
    "encoders_swapped": "encoder_tau",
    "image_unscaled": "exploration_noise",
    "penalty_huge": "batch_64",
    "random_brakes": "random_shift",
    "reward_sign": "encoder_tau",
    "steer_sign": "exploration_noise",
    "transitions_random": "batch_64",
    "updates_few": "random_shift",
}
"""Faults and the bystander that differs beside each. The faults are one of each part of a trainer
among those that do harm in the benchmark (reports/benchmark, other seeds); fixed before any run."""
BYSTANDERS = {
    "batch_64": ("agent.batch_size", 64, 32),
    "random_shift": ("agent.random_shift", 2, 0),
    "encoder_tau": ("agent.encoder_tau", 0.01, None),
    "exploration_noise": ("agent.exploration_noise", 0.15, 0.1),
}
"""Key, level at the failing end, level at the fixed end. Agents learn as well with the first three
(rca/bench/healthy.yaml); the noise lies within what its schedule there passes through."""
STEPS = 2_000
SEEDS_EACH = 5
"""Fixed before the first run: an earlier set, with other seeds, was looked at after three."""
FIRST_SEED = 301
"""Of the first study; no two planted studies share a seed, and none has one of the benchmark's or
of the earlier set (101 to 130 and 201 to 220, and those APART from them)."""
APART = 1_000
"""From a run's seed to that of the run it is set against where nothing else differs."""
DRAWN = 2_000
"""Studies of clean runs that are drawn to measure how often chance is called a cause."""
DECIDES = MEASURES[0]


def plain(seed: int) -> Trial:
    """Returns a run of the fixed end."""
    config = load_config("quick", [f"budget.steps={STEPS}", f"budget.seed={seed}"])
    return Trial(f"plain-s{seed}", config)


def planted_studies() -> Iterator[tuple[str, Study]]:
    """Yields each fault and its study: the fault and a bystander, four arms, seeds of its own."""
    for number, (fault, bystander) in enumerate(PLANTED.items()):
        key, before, after = BYSTANDERS[bystander]
        factors = (
            Factor(fault, faults_before=(fault,), note=find_fault(fault).title),
            Factor(bystander, {key: before}, {key: after}),
        )
        first = FIRST_SEED + SEEDS_EACH * number
        seeds = tuple(range(first, first + SEEDS_EACH))
        end = End(load_config("quick", [f"budget.steps={STEPS}"]))
        arms = tuple(one_at_a_time([fault, bystander]))
        yield fault, Study(f"planted-{fault}", end, factors, arms, seeds)


def null_studies(runs: Path, engine: Engine, fixed: dict[str, pd.DataFrame]) -> list[pd.DataFrame]:
    """Returns a table per study of two arms that differ in nothing but the seeds.

    Args:
        runs: Folder of the further runs.
        engine: Runs them.
        fixed: Runs of the fixed end by fault; one arm of each study.
    """
    tables = []
    for rows in fixed.values():
        seeds = [int(seed) for seed in rows["seed"]]
        study = Study("null", End(plain(0).config), (), (Arm(),), tuple(seeds))
        results = engine([plain(seed + APART) for seed in seeds], runs, said)
        other = table_of(study, results)
        tables.append(pd.concat([rows.assign(arm=[Arm({"seed"})] * len(rows)), other]))
    return tables


def drawn(distances: NDArray[np.float64], factors: tuple[str, ...], seeds: int) -> int:
    """Returns in how many of DRAWN studies of clean runs some factor is called the cause.

    Args:
        distances: Of the clean runs; each study draws from them without replacement.
        factors: Names; the arms are those that change one at a time.
        seeds: Of each arm.
    """
    rng = np.random.default_rng(0)
    arms = tuple(one_at_a_time(factors))
    rows = [(arm, seed) for arm in arms for seed in range(seeds)]
    study = Study("drawn", End(plain(0).config), tuple(map(Factor, factors)), arms, ())
    found = 0
    for _ in range(DRAWN):
        table = pd.DataFrame(rows, columns=["arm", "seed"])
        table[DECIDES.name] = rng.choice(distances, len(rows), replace=False)
        found += causes(analysed(study, table, DECIDES)) > 0
    return found


def causes(ones: Iterable[Attribution]) -> int:
    """Returns how many are called the cause."""
    return sum(one.answer is Answer.CAUSE for one in ones)


def said(result: TrialResult) -> None:
    """Prints a run's end."""
    print(time.strftime("%H:%M:%S"), result.folder, result.error or "finished", flush=True)


def row(name: str, one: Attribution, means: dict[Arm, float]) -> dict[str, str]:
    """Returns a factor's line of the page."""

    def effect(seen: Effect) -> str:
        return f"{seen.mean:+.0f} [{seen.low:+.0f}, {seen.high:+.0f}]"

    return {
        "study": name,
        "factor": one.factor,
        "failing end, m": f"{means[Arm()]:.0f}",
        "fixed end, m": f"{max(means.items(), key=lambda pair: len(pair[0]))[1]:.0f}",
        "fixing it in the failing end, m": effect(one.rescue),
        "breaking it in the fixed end costs, m": effect(one.keep),
        "verdict": str(one.answer),
    }


@dataclass(frozen=True)
class Found:
    """What came of the studies.

    Attributes:
        tables: Runs of the planted studies, by fault.
        planted: The fault's attribution and the bystander's, by fault.
        nulls: Runs of the empty studies.
        empty: Attributions of what differs there: nothing.
    """

    tables: dict[str, pd.DataFrame]
    planted: dict[str, list[Attribution]]
    nulls: list[pd.DataFrame]
    empty: list[Attribution]

    def counts(self) -> tuple[int, int, int]:
        """Returns how many planted causes, bystanders and empty studies are called CAUSE."""
        faults, bystanders = zip(*self.planted.values(), strict=True)
        return causes(faults), causes(bystanders), causes(self.empty)


def judged(tables: dict[str, pd.DataFrame], nulls: list[pd.DataFrame]) -> Found:
    """Returns what the runs say."""
    studies = dict(planted_studies())
    planted = {fault: analysed(studies[fault], tables[fault], DECIDES) for fault in tables}
    alone = Study("null", End(plain(0).config), (Factor("seed"),), (), ())
    empty = [analysed(alone, table, DECIDES)[0] for table in nulls]
    named = [replace(one, factor=f"seeds {number}") for number, one in enumerate(empty, 1)]
    return Found(tables, planted, nulls, named)


def rows_of(found: Found) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Returns the page's tables: of the planted and of the empty studies."""
    planted = [
        row(fault, one, arm_means(found.tables[fault], DECIDES.name))
        for fault, ones in found.planted.items()
        for one in ones
    ]
    empty = [
        row(one.factor, replace(one, factor="nothing"), arm_means(table, DECIDES.name))
        for one, table in zip(found.empty, found.nulls, strict=True)
    ]
    return pd.DataFrame(planted), pd.DataFrame(empty)


def by_chance(clean: NDArray[np.float64]) -> str:
    """Returns how often drawn studies of clean runs name a cause, a line per kind of study."""
    lines = []
    for factors in (("a",), ("a", "b")):
        accused = drawn(clean, factors, SEEDS_EACH)
        low, high = stats.binomtest(accused, DRAWN).proportion_ci(method="exact")
        lines.append(
            f"| {len(factors)} | {len(one_at_a_time(factors))} "
            f"| {accused / DRAWN:.1%} | {low:.1%} to {high:.1%} |"
        )
    head = ["| factors | arms | name a cause | interval |", "| --: " * 4 + "|"]
    return "\n".join([*head, *lines])


def share(count: int, of: int) -> str:
    """Returns a count of studies with its exact interval at 95% (Clopper, Pearson 1934)."""
    low, high = stats.binomtest(count, of).proportion_ci(method="exact")
    return f"{count} of {of} ({low:.0%} to {high:.0%})"


def page(found: Found) -> str:
    """Returns the page."""
    runs = pd.concat([*found.tables.values(), *found.nulls])
    clean = pd.concat(found.nulls)[DECIDES.name].dropna().to_numpy(float)
    counts = " | ".join(map(share, found.counts(), map(len, (found.planted,) * 2 + (found.empty,))))
    planted, nothing = map(markdown, rows_of(found))
    return (
        "# Does a study find the cause, and only the cause?\n\n"
        f"Made by `make study-calibration`: {len(found.planted)} studies in which a planted fault "
        "and a harmless setting (the bystander) differ, four arms; and "
        f"{len(found.empty)} studies whose two arms differ in nothing but the seed. Runs of "
        f"{STEPS:,} steps of `quick`, judged by the distance on held-out routes; "
        f"{int((runs['error'] != '').sum())} runs failed. No two planted studies share a seed, and "
        "none has one of the benchmark's; an empty study sets the fixed end of a planted one "
        "against runs of other seeds.\n\n"
        "| called CAUSE | planted causes | bystanders | empty studies |\n"
        "| --- | --: | --: | --: |\n"
        "| aim | at least 9 of 10 | 0 of 10 | 0 of 10 |\n"
        f"| measured | {counts} |\n\n"
        f"{SEEDS_EACH} seeds of each arm, fixed before the first run and looked at once. An "
        "earlier set of the same studies with other seeds was looked at twice: three seeds each "
        "named 7 planted causes and no other factor; after two more seeds each it named all 10, "
        "and 1 of the 10 empty studies.\n\n"
        "![Gain from fixing each factor in the failing end, with its interval](effects.png)\n\n"
        "## By chance\n\n"
        f"How often {DRAWN:,} studies drawn at random from the {len(clean)} clean runs "
        f"({clean.mean():.0f} m on average, standard deviation {clean.std(ddof=1):.0f} m) name a "
        "cause, with the exact interval. One factor alone is called the cause by a single "
        "test, since fixing and breaking it are the same pair of arms.\n\n"
        f"{by_chance(clean)}\n\n"
        "## Planted\n\n"
        "Gains in metres with their interval at 95%, not corrected; verdicts after Holm's "
        f"correction.\n\n{planted}\n\n## Nothing but the seed\n\n{nothing}\n"
    )


def forest(found: Found, title: str, path: Path) -> None:
    """Draws each factor's rescue with its interval, by kind of study."""
    kinds = {
        "planted cause": [ones[0] for ones in found.planted.values()],
        "bystander": [ones[1] for ones in found.planted.values()],
        "nothing but the seed": found.empty,
    }
    figure, axes = plt.subplots(figsize=(8, 7.5), layout="constrained")
    place, ticks = 0, []
    for kind, colour in zip(kinds, ("#b3261e", "#5f6368", "#1a5fb4"), strict=True):
        for number, one in enumerate(kinds[kind]):
            low, high = one.rescue.mean - one.rescue.low, one.rescue.high - one.rescue.mean
            axes.errorbar(
                one.rescue.mean, place, xerr=[[low], [high]], fmt="o", color=colour, capsize=2,
                label=kind if number == 0 else None,
            )  # fmt: skip
            ticks.append(one.factor)
            place += 1
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set(title=title, xlabel="gain in distance from fixing it in the failing end, m (95%)")
    axes.set_yticks(range(place), ticks, fontsize=8)
    axes.invert_yaxis()
    axes.legend(loc="lower right", fontsize=8)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Runs, or takes finished runs, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("reports/study-calibration"))
    parser.add_argument("--runs", type=Path, default=Path("runs/study-calibration"))
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    engine = local(asked.workers)
    tables = {
        fault: run_study(study, asked.runs / study.name, engine, said)
        for fault, study in planted_studies()
    }
    fixed = {f: t[[len(arm) == 2 for arm in t["arm"]]] for f, t in tables.items()}
    nulls = null_studies(asked.runs / "plain", engine, fixed)
    found = judged(tables, nulls)
    asked.out.mkdir(parents=True, exist_ok=True)
    planted, bystanders, empty = found.counts()
    title = (
        f"{planted} of {len(found.planted)} planted causes are recovered;\n"
        f"{bystanders} bystanders and {empty} of {len(found.empty)} empty studies are accused"
    )
    forest(found, title, asked.out / "effects.png")
    (asked.out / "README.md").write_text(page(found), encoding="utf-8")
    print(title)


if __name__ == "__main__":
    main()
