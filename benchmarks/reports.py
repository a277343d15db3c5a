"""How long the reports take and how large they get: two runs of 30,000 steps, a study of 200 runs.

The run folders are synthetic: the real recorder writes values and endings that a generator draws,
with as many signals, episodes and evaluations as our trainer's runs of that length have.
"""

import argparse
import json
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from rca.config import RunConfig, load_config
from rca.runs.execute import CHANGES
from rca.runs.folder import RunWriter
from rca.runs.manifest import MANIFEST, write_json
from rca.runs.opening import CONFIG, DATABASE
from rca.runs.record import END_REASONS, Outcome, Strip
from rca.runs.strips import EVERY, png
from rca.study.engines.local import local
from rca.study.plan import Asked, planned

UPDATED = (
    "actor/grad_norm", "critic/grad_norm", "actor_encoder/grad_norm", "critic_encoder/grad_norm",
    "actor/update_ratio", "critic/update_ratio", "actor_encoder/update_ratio",
    "critic_encoder/update_ratio", "actor/dormant", "critic/dormant", "actor_encoder/dormant",
    "critic_encoder/dormant", "actor_encoder/drift", "critic_encoder/drift", "critic/q_spread",
    "critic/q1_mean", "critic/target_mean", "critic/loss", "actor/loss", "actor/q_mean",
    "critic/value_bias", "critic_encoder/effective_rank", "actor/saturation", "actor/diversity",
    "actor/image_use",
)  # fmt: skip
STEPPED = ("env/speed", "env/step_seconds", "replay/size", "explore/noise", "env/reward")
TERMS = ("progress", "speed", "steering", "collision", "off_road")


def synthetic(folder: Path, config: RunConfig, seed: int) -> None:
    """Writes a run folder in which every step has an update from the first one on."""
    rng, steps = np.random.default_rng(seed), config.budget.steps
    first = min(config.agent.learning_starts, steps // 3)
    writer = RunWriter.create(folder, config)
    names = (*STEPPED, *(f"reward/{term}" for term in TERMS), *UPDATED)
    drawn = rng.lognormal(0.0, 1.0, (steps, len(names)))
    for step in range(1, steps + 1):
        count = len(names) if step > first else len(names) - len(UPDATED)
        for name, value in zip(names[:count], drawn[step - 1], strict=False):
            writer.signal(name, "1", step, value)
    start = 0
    while start < steps:
        start += _episode(writer, rng, start, min(steps - start, int(rng.integers(20, 300))), first)
    for step in range(0, steps + 1, max(1, steps // 6)):
        means = {"mean_return": step / 100, "mean_length": 200, "mean_distance": 90 * rng.random()}
        writer.evaluation(
            {"step": step, "updates": 0, "episodes": 10, "success_rate": 0.1, **means}
        )
    updates = steps - first
    writer.count(first + 1, 1, 0)
    writer.count(steps, updates, updates // 2)
    writer.finish(Outcome("finished", steps, steps, updates, updates // 2))


def _episode(
    writer: RunWriter, rng: np.random.Generator, start: int, length: int, first: int
) -> int:
    reason = str(rng.choice(END_REASONS[:6]))
    row = {"start_step": start, "end_step": start + length, "length": length}
    measured = {"return": rng.normal(), "success": float(reason == "goal"), "distance": length / 3}
    writer.episode({**row, **measured, "end_reason": reason, "collisions": 0.0})
    if rng.random() < 0.1:  # noise: no picture packs worse
        frames = rng.integers(0, 256, (6, 84, 84), np.uint8)
        phase = "random" if start < first else "learning"
        writer.strip(Strip(start + length, phase, reason, length, EVERY, 6, png(frames)))
    return length


def measured(*command: str) -> tuple[float, float, float]:
    """Runs a command; returns wall-clock seconds, CPU seconds and the most memory it had, MB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    code = (
        "import resource, runpy, sys; sys.argv = sys.argv[1:]\n"
        "try: runpy.run_module('rca', run_name='__main__')\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True
    )
    seconds = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, int(done.stderr.split()[-1]) / 1024


def two_runs(folder: Path) -> None:
    """Prints what the report of two runs of 30,000 steps takes."""
    for number, name in enumerate(("baseline", "fixed")):
        changed = [] if name == "baseline" else ["agent.learning_starts=2000"]
        synthetic(folder / name, load_config(name, ["budget.steps=30000", *changed]), number)
    out = folder / "report"
    took = measured("rca", "report", *(str(folder / n) for n in ("baseline", "fixed")),
                    "--out", str(out))  # fmt: skip
    size = (out / "report.html").stat().st_size
    _say("report of two runs of 30,000 steps", took, size)


def study(folder: Path, runs: int) -> None:
    """Prints what the page of a study takes whose runs are all there already."""
    before = folder / "before.yaml"
    changed = ["agent.batch_size=64", "agent.discount=0.9", "agent.n_step=1", "budget.steps=2400"]
    config = load_config("quick", changed)
    before.write_text(config.to_yaml(), encoding="utf-8")
    seeds = tuple(range(1, 1 + runs // 8))  # three factors have eight arms
    asked = Asked(str(before), "quick", seeds, 2400, (), (), "full", None)
    made = planned(asked, folder / "runs", local(1), 1).study
    synthetic(folder / "source", config, 0)
    trials = made.trials()
    for trial in trials:
        _copied(folder / "source", folder / "runs" / trial.name, trial.config)
    words = [word for seed in seeds for word in ("--seed", str(seed))]
    places = ["--runs", str(folder / "runs"), "--out", str(folder / "page")]
    design = ["--design", "full", "--steps", "2400"]
    took = measured("rca", "study", str(before), "quick", *design, *words, *places)
    _say(f"study of {len(trials)} runs", took, (folder / "page" / "report.html").stat().st_size)


def _copied(source: Path, folder: Path, config: RunConfig) -> None:
    """Copies a run folder under another config, with outcomes of its own."""
    shutil.copytree(source, folder)
    for file in (folder / CONFIG, folder.with_name(f"{folder.name}.yaml")):  # the latter: a trial's
        file.write_text(config.to_yaml(), encoding="utf-8")
    manifest = json.loads((folder / MANIFEST).read_text())
    write_json(folder / MANIFEST, {**manifest, "config_digest": config.digest(), CHANGES: []})
    shift = np.random.default_rng(config.budget.seed).normal()
    with closing(sqlite3.connect(folder / DATABASE)) as database, database:
        database.execute("UPDATE evaluation SET mean_distance = mean_distance + ?", (shift,))


def _say(what: str, took: tuple[float, float, float], size: int) -> None:
    seconds, cpu, memory = took
    print(
        f"{what}: {seconds:.1f} s ({cpu:.1f} s of CPU), {memory:,.0f} MB, "
        f"report.html {size / 1e6:.2f} MB"
    )


def main() -> None:
    """Prints a line per report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200, help="of the study")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        two_runs(Path(scratch))
        study(Path(scratch), options.runs)


if __name__ == "__main__":
    main()
