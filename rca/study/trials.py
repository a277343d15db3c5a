"""Trials: ordinary run folders, many at once, each in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from rca.config import RunConfig

LOG = "trial.log"
TIMEOUT_S = 4 * 3600.0
"""Seconds after which a trial is given up; an hour-long run on a loaded machine stays below."""


@dataclass(frozen=True)
class Trial:
    """One run.

    Attributes:
        name: Of its folder; unique in a study.
        config: Its settings, the seed among them.
        faults: Ids of the faults planted in it.
    """

    name: str
    config: RunConfig
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrialResult:
    """What became of a trial.

    Attributes:
        trial: Run.
        folder: Its run folder.
        error: Last line of what it said if it failed, else "".
    """

    trial: Trial
    folder: Path
    error: str = ""


def run_trials(
    trials: Sequence[Trial],
    root: Path,
    *,
    workers: int = 2,
    on_result: Callable[[TrialResult], None] = lambda result: None,
) -> list[TrialResult]:
    """Runs trials side by side; those that are finished in their folder are not run again.

    Each is a process with one torch thread (performance.md: two of them make more updates than one
    with two threads), so that a crash, of the simulator's client too, costs one trial.

    Args:
        trials: To run.
        root: Their folders are put there.
        workers: At most so many at once.
        on_result: Told each result as it comes.

    Returns:
        Results in the order of the trials.
    """
    root.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(workers) as pool:
        running = {pool.submit(_run, trial, root): index for index, trial in enumerate(trials)}
        results: dict[int, TrialResult] = {}
        try:
            for done in as_completed(running):
                results[running[done]] = done.result()
                on_result(done.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)  # those under way end, the rest does not begin
            raise
    return [results[index] for index in range(len(trials))]


def _run(trial: Trial, root: Path) -> TrialResult:
    folder = root / trial.name
    if _is_finished(trial, folder):
        return TrialResult(trial, folder)
    _set_aside(folder)
    settings = root / f"{trial.name}.yaml"
    settings.write_text(trial.config.to_yaml(), encoding="utf-8")
    plants = [word for fault in trial.faults for word in ("--plant", fault)]
    steps, seed = str(trial.config.budget.steps), str(trial.config.budget.seed)
    command = [sys.executable, "-m", "rca", "run", "--config", str(settings), "--steps", steps]
    command += ["--seed", seed, "--out", str(folder), "--quiet", *plants]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with (root / f"{trial.name}.{LOG}").open("w") as log:
        try:
            code = subprocess.run(
                command, stdout=log, stderr=log, env=environment, timeout=TIMEOUT_S, check=False
            ).returncode
        except subprocess.TimeoutExpired:
            return TrialResult(trial, folder, f"not finished after {TIMEOUT_S:,.0f} s")
    return TrialResult(trial, folder, "" if code == 0 else _last_line(Path(log.name), code))


def _is_finished(trial: Trial, folder: Path) -> bool:
    """Whether this very trial stands there: same declared settings, same faults, finished."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        declared = (folder.parent / f"{trial.name}.yaml").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False
    is_same = declared == trial.config.to_yaml() and manifest.get("changes") == [*trial.faults]
    return is_same and manifest.get("status") == "finished"


def _set_aside(folder: Path) -> None:
    """Moves a folder that holds something else, or something unfinished, out of the way."""
    if folder.exists():
        number = sum(1 for _ in folder.parent.glob(f"{folder.name}.before*"))
        folder.rename(folder.with_name(f"{folder.name}.before{number}"))


def _last_line(log: Path, code: int) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {code}"
