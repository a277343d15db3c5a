"""The benchmark for other tools: its runs without the truth, and the truth apart."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from rca.bench.run import standing
from rca.diagnosis.cause import load_causes
from rca.errors import UsageError
from rca.faults import load_faults
from rca.runs.opening import make_folder
from rca.study.trials import Trial

PARTS = ("config.yaml", "run.sqlite", "results.json", "wiring.json")
"""Of a run folder that a detective may see as they are."""
SHOWN = (
    *("schema", "status", "error", "seed", "config_digest", "versions", "device", "world"),
    *("reward_promises", "simulator_faults", "simulator_versions", "first_weights", "outcome"),
    *("not_finite", "broken_probes", "resumed_without_replay"),
)
"""Entries of the manifest that a detective may see; others name the fault, or its place in the
order of the runs."""
TRUTH = "truth.csv"
CAUSES = "causes.csv"
ABOUT = """\
# Recordings of trainings with a planted mistake, and of healthy ones

Each folder under `runs/` is one training of a visual TD3 driving agent: `manifest.json` (versions,
how it ended), `config.yaml` (effective settings), `run.sqlite` (signals, episodes, evaluations,
histograms), `results.json`, `wiring.json` (what an audit saw of the computation; each entry is
explained in rca/wiring/facts.py). `truth.csv` says what was planted in which: keep it from the tool
that is to be scored. `causes.csv` lists every cause that can be named.

A tool answers with a file of the columns run, cause and probability, a row for each cause that it
names; a run without a row is called healthy. Of the causes in a run's row of `truth.csv` any one is
right. `rca bench --score ANSWERS.csv --truth truth.csv` scores it by the same rules as rca, except
that nothing is excused as following from another cause: leave out what does, or compare with rca's
`precision_unexcused`.
"""


def export(trials: Sequence[Trial], root: Path, folder: Path) -> Path:
    """Copies finished runs and the truth about them into a folder for other tools to be scored on.

    Names and order of the copies say nothing of what was planted.

    Args:
        trials: Of the benchmark.
        root: Where their run folders are.
        folder: New or empty.

    Returns:
        `truth.csv` in the folder: run, seed, planted fault ("" in healthy runs), right causes, and
        the fault or healthy configuration that is drawn with all its seeds for an interval.

    Raises:
        UsageError: The folder holds something, or no run is finished.
    """
    is_new = not folder.exists()
    make_folder(folder)
    if any(folder.iterdir()):
        raise UsageError(f"--export {folder}: it holds something; name a new folder")
    try:
        finished = [result.trial for result in standing(trials, root)]
    except UsageError:
        if is_new:
            folder.rmdir()  # a place that cannot be is said first; one for nothing is not left
        raise
    faults = load_faults()
    rows: list[tuple[str, int, str, str, str]] = []
    for number in np.random.default_rng().permutation(len(finished)):  # no seed that undoes it
        trial, name = finished[number], f"run-{len(rows) + 1:03}"
        _copy(root / trial.name, folder / "runs" / name)
        planted = trial.faults[0] if trial.faults else ""
        causes = " ".join(faults[planted].causes) if planted else ""
        group = trial.name.rsplit("-", 1)[0]
        rows.append((name, trial.config.budget.seed, planted, causes, group))
    (folder / "README.md").write_text(ABOUT, encoding="utf-8")
    listed = [(cause.id, cause.title, cause.mechanism) for cause in load_causes()]
    known = pd.DataFrame(listed, columns=["cause", "title", "mechanism"])
    known.to_csv(folder / CAUSES, index=False)
    truth = pd.DataFrame(rows, columns=["run", "seed", "fault", "causes", "group"])
    truth.to_csv(folder / TRUTH, index=False)
    return folder / TRUTH


def _copy(run: Path, to: Path) -> None:
    to.mkdir(parents=True)
    for part in PARTS:
        if (run / part).is_file():
            shutil.copyfile(run / part, to / part)  # its times tell the order too
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    told = {key: value for key, value in manifest.items() if key in SHOWN}
    (to / "manifest.json").write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
