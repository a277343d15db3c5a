"""Does the healthy preset learn to drive? Three seeds against uniform random actions.

Exit code 1: a seed missed an aim.

python benchmarks/healthy.py --out reports/healthy --runs RUNS [--seeds 1 2 3] [--steps 15000]
"""

import argparse
import json
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from rca.config import RunConfig, load_config
from rca.runs.load import load_run
from rca.study.engines.local import run_here
from rca.study.trials import Trial

RANDOM_STEPS = 5_000
AIMS = {"times random": 3.0, "success": 0.5, "minutes": 45.0}
"""At least, more than, and at most."""
EVALUATIONS = ["budget.eval_every=3000", "budget.eval_episodes=20", "budget.threads=1"]


def trials(seeds: list[int], steps: int) -> list[Trial]:
    """Returns one learning run per seed and one random run on as many routes."""

    def config(seed: int, *more: str) -> RunConfig:
        budget = [*EVALUATIONS, f"budget.steps={steps}", f"budget.seed={seed}"]
        return load_config("healthy", [*budget, *more])

    learning = [Trial(f"healthy-{seed}", config(seed)) for seed in seeds]
    uniform = ["agent.random_phase=uniform", f"budget.steps={RANDOM_STEPS}", "budget.eval_every=0"]
    uniform += [f"agent.learning_starts={RANDOM_STEPS}"]
    return [*learning, Trial("random", config(seeds[0], *uniform))]


def rows(runs: Path, seeds: list[int], random_distance: float) -> pd.DataFrame:
    """Returns the last evaluation of each seed beside what random actions reach."""
    found = []
    for seed in seeds:
        run = load_run(runs / f"healthy-{seed}")
        first, last = run.evaluations.iloc[0], run.evaluations.iloc[-1]
        manifest = pd.read_json(runs / f"healthy-{seed}" / "manifest.json", typ="series")
        minutes = pd.Timestamp(manifest["ended"]) - pd.Timestamp(manifest["started"])
        found.append(
            {
                "seed": seed,
                "steps": run.outcome.executed_steps,
                "minutes": round(minutes.total_seconds() / 60, 1),
                "success": f"{last['success_rate']:.0%}",
                "aims": "met" if _is_met(last, random_distance, minutes) else "missed",
                "success after 3,000 steps": f"{first['success_rate']:.0%}",
                "distance, m": round(last["mean_distance"], 1),
                "times random": round(last["mean_distance"] / random_distance, 1),
                "return": round(last["mean_return"], 1),
            }
        )
    return pd.DataFrame(found)


def _is_met(last: pd.Series, random_distance: float, minutes: pd.Timedelta) -> bool:
    return bool(
        last["mean_distance"] >= AIMS["times random"] * random_distance
        and last["success_rate"] > AIMS["success"]
        and minutes.total_seconds() / 60 <= AIMS["minutes"]
    )


def made_with(runs: Path, seeds: list[int]) -> str:
    """Returns the commits and the digests of the settings that the runs were made with."""
    made = [json.loads((runs / f"healthy-{seed}" / "manifest.json").read_text()) for seed in seeds]
    commits = {str(one["git"]["commit"])[:9] for one in made}
    digests = [f"{one['config_digest']} (seed {one['seed']})" for one in made]
    return f"rca of {', '.join(sorted(commits))}; settings {', '.join(digests)}"


def markdown(table: pd.DataFrame) -> str:
    """Returns a table for a Markdown page."""
    lines = [table.columns, ["--:"] * len(table.columns), *table.itertuples(index=False)]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def curves(runs: Path, seeds: list[int], random_distance: float, path: Path) -> None:
    """Draws success and distance on held-out routes over steps, every seed."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for seed in seeds:
        table = load_run(runs / f"healthy-{seed}").evaluations
        left.plot(table["step"], 100 * table["success_rate"], marker="o", label=f"seed {seed}")
        right.plot(table["step"], table["mean_distance"], marker="o", label=f"seed {seed}")
    left.axhline(50, color="grey", linestyle=":", label="wanted: above 50%")
    right.axhline(random_distance, color="black", linestyle="--", label="random actions")
    right.axhline(3 * random_distance, color="grey", linestyle=":", label="wanted: 3 x random")
    left.set(title="Success on held-out routes", xlabel="environment steps", ylabel="routes, %")
    right.set(title="Distance driven", xlabel="environment steps", ylabel="metres")
    left.set_ylim(-3, 103)
    right.set_ylim(0)
    # Below both: each line of one is in the other, and none is covered.
    lines = {line.get_label(): line for axes in (right, left) for line in axes.get_lines()}
    figure.legend(lines.values(), lines, loc="outside lower center", ncols=len(lines), fontsize=8)
    figure.savefig(path, dpi=110)


def main() -> None:
    """Runs, or takes finished runs, and writes the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("reports/healthy"))
    parser.add_argument("--runs", type=Path, default=Path("runs/healthy"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--steps", type=int, default=15_000)
    asked = parser.parse_args()
    began = time.monotonic()
    done = run_here(trials(asked.seeds, asked.steps), asked.runs)
    for result in done:
        print(result.trial.name, result.error or "finished", f"{time.monotonic() - began:,.0f} s")
    if any(result.error for result in done):
        sys.exit(1)
    random = load_run(asked.runs / "random").episodes
    distance = float(random["distance"].mean())
    table = rows(asked.runs, asked.seeds, distance)
    asked.out.mkdir(parents=True, exist_ok=True)
    curves(asked.runs, asked.seeds, distance, asked.out / "curves.png")
    met = int((table["aims"] == "met").sum())
    text = (
        f"# The healthy preset learns to drive in {met} of {len(table)} seeds\n\n"
        "Made by `make healthy`: `rca/presets/healthy.yaml` on the oval, 20 held-out routes of 120 "
        "to 180 m per evaluation, no exploration noise, one core a run. Uniform random actions "
        f"drive {distance:.1f} m on average ({len(random)} episodes, success "
        f"{random['success'].mean():.0%}).\n\n"
        "In half of its random phase (2,000 steps, `agent.random_phase`) a scripted driver steers "
        "along the route: the replay begins with demonstrations. What they are worth was not tried "
        "by itself (docs/healthy.md).\n\n"
        f"Wanted: more than {AIMS['success']:.0%} of the routes and {AIMS['times random']:.0f} "
        f"times the random distance within {AIMS['minutes']:.0f} minutes. Made with "
        f"{made_with(asked.runs, asked.seeds)}.\n\n"
        f"{markdown(table)}\n\n"
        "![Success and distance on held-out routes over steps, one line per seed](curves.png)\n"
    )
    (asked.out / "README.md").write_text(text, encoding="utf-8")
    print(table.to_string(index=False))
    sys.exit(met < len(table))


if __name__ == "__main__":
    main()
