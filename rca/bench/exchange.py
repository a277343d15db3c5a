"""The benchmark for other tools: its runs without the truth, and their answers scored."""

import json
import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rca.bench.run import standing
from rca.bench.score import Case
from rca.errors import EvidenceError, UsageError
from rca.faults import load_faults
from rca.study.trials import Trial

PARTS = ("config.yaml", "run.sqlite", "results.json", "wiring.json")
"""Of a run folder that a detective may see as they are."""
TELLING = ("command", "changes")
"""Entries of the manifest that name the planted fault."""
TRUTH = "truth.csv"
ABOUT = """\
# Recordings of failed and healthy trainings

Each folder under `runs/` is one training of a visual TD3 driving agent: `manifest.json` (versions,
how it ended), `config.yaml` (effective settings), `run.sqlite` (signals, episodes, evaluations,
histograms), `results.json`, `wiring.json` (what an audit saw of the computation). `truth.csv` says
what was planted in which: keep it from the tool that is to be scored.

A tool answers with a file of the columns run, cause and probability, a row for each cause that it
names; a run without a row is called healthy. Causes are those of the column `causes` in
`truth.csv`, of which any one is right. `rca bench --score ANSWERS.csv --truth truth.csv` scores it
as rca itself is scored.
"""


def export(trials: Sequence[Trial], root: Path, folder: Path) -> Path:
    """Copies finished runs and the truth about them into a folder for other tools to be scored on.

    Names and order of the copies say nothing of what was planted.

    Args:
        trials: Of the benchmark.
        root: Where their run folders are.
        folder: New or empty.

    Returns:
        `truth.csv` in the folder: run, seed, planted fault ("" in healthy runs), right causes.

    Raises:
        UsageError: The folder holds something, or no run is finished.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"--export {folder}: it holds something; name a new folder")
    finished = [result.trial for result in standing(trials, root)]
    faults = load_faults()
    rows: list[tuple[str, int, str, str]] = []
    for number in np.random.default_rng(0).permutation(len(finished)):
        trial, name = finished[number], f"run-{len(rows) + 1:03}"
        _copy(root / trial.name, folder / "runs" / name)
        planted = trial.faults[0] if trial.faults else ""
        causes = " ".join(faults[planted].causes) if planted else ""
        rows.append((name, trial.config.budget.seed, planted, causes))
    (folder / "README.md").write_text(ABOUT, encoding="utf-8")
    truth = pd.DataFrame(rows, columns=["run", "seed", "fault", "causes"])
    truth.to_csv(folder / TRUTH, index=False)
    return folder / TRUTH


def _copy(run: Path, to: Path) -> None:
    to.mkdir(parents=True)
    for part in PARTS:
        if (run / part).is_file():
            shutil.copy2(run / part, to / part)
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    told = {key: value for key, value in manifest.items() if key not in TELLING}
    (to / "manifest.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def answered(answers: Path, truth: Path) -> list[Case]:
    """Returns the cases as another tool answered them.

    Args:
        answers: CSV with the columns run, cause, probability.
        truth: What `export` wrote.

    Raises:
        EvidenceError: A file is no such table, names an unknown run, or has words for a number.
    """
    known = _table(truth, ("run", "seed", "fault", "causes"))
    said = _table(answers, ("run", "cause", "probability"))
    strange = sorted(set(said["run"]) - set(known["run"]))
    if strange:
        raise EvidenceError(f"{answers}: {strange[0]}: no run of {truth}")
    said["probability"] = pd.to_numeric(said["probability"], errors="coerce")
    wrong = said[~said["probability"].between(0, 1)]
    if len(wrong):
        row = wrong.iloc[0]
        raise EvidenceError(f"{answers}: {row['run']}, {row['cause']}: a probability is 0 to 1")
    if not known["seed"].str.fullmatch(r"\d+").all():
        raise EvidenceError(f"{truth}: a seed is a whole number")
    said = said.sort_values("probability", ascending=False, kind="stable")
    by_run = dict(iter(said.groupby("run")))
    cases = []
    for run, seed, fault, causes in known.itertuples(index=False):
        part = by_run.get(run, said[:0])
        ranking = tuple(zip(part["cause"], part["probability"].astype(float), strict=True))
        right = tuple(causes.split())
        name = f"{fault or run}-{seed}"
        cases.append(Case(name, fault, right, ranking, math.nan, seed=int(seed)))
    return cases


def _table(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        found = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise EvidenceError(f"{path}: not a CSV file: {error}") from error
    missing = [name for name in columns if name not in found]
    if missing:
        raise EvidenceError(f"{path}: lacks the column {missing[0]}")
    return found[list(columns)]
