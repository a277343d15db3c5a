"""A trial: an ordinary run folder, made in a process of its own."""

import ctypes
import glob
import json
import math
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock

from rca.config import RunConfig
from rca.errors import UsageError
from rca.runs.manifest import CODE_OF_CHANGES, RESUMED, code, code_of, this_code

LOG = "trial.log"
TIMEOUT_S = 4 * 3600.0
"""Seconds after which a trial is given up; an hour-long run on a loaded machine stays below."""
STEP_S = 2.0
"""Seconds that each of its steps may take, if that is longer: twice the slowest recorded trainer's
(1.3 steps/s, docs/scale.md)."""
TRIES = 3
"""Times that a trial is begun whose process was killed or whose simulator failed: neither says
anything of its configuration."""
SIMULATOR_FAILED = 3
"""Exit code of `rca run` where the simulator, not the configuration, was at fault."""


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

    @property
    def key(self) -> "Key":
        """What makes two trials the same run, whatever they are called."""
        return self.config.to_yaml(), self.faults


Key = tuple[str, tuple[str, ...]]
"""Declared settings as YAML, and ids of planted faults."""


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


OnResult = Callable[[TrialResult], None]
Engine = Callable[[Sequence[Trial], Path, OnResult], list[TrialResult]]
"""Runs trials into a folder, tells each result as it comes, returns them in the trials' order."""


Run = Callable[[Sequence[str], Path, float], int | None]
"""Runs `rca` with these words, writes what it says into a file, gives it up after so many seconds.
Returns its exit code, None if it was given up."""


def run_in_process(words: Sequence[str], log: Path, patience: float) -> int | None:
    """Is a `Run`: in a process of its own, with one torch thread."""
    with log.open("w") as file:
        try:
            return subprocess.run(
                [sys.executable, "-m", "rca", *words],
                stdout=file,
                stderr=file,
                env=environment(),
                preexec_fn=die_with_parent,
                timeout=patience,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            return None


def environment() -> dict[str, str]:
    """Returns that of a trial's process: one torch thread.

    (performance.md: two such processes make more updates than one with two threads.)
    """
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def run_trial(trial: Trial, root: Path, run: Run = run_in_process) -> TrialResult:
    """Runs a trial unless it is finished in its folder.

    A crash, of the simulator's client too, costs one trial; it is begun again, from its checkpoint
    where it left one, at most TRIES times.

    Args:
        trial: To run.
        root: Its folder is put there.
        run: How.
    """
    folder = root / trial.name
    log = root / f"{trial.name}.{LOG}"
    root.mkdir(parents=True, exist_ok=True)
    error = ""
    for _ in range(TRIES):
        if is_finished(trial, folder):
            return TrialResult(trial, folder)
        code = run(["run", *_arguments(trial, folder)], log, _patience(trial))
        if code is None:
            return TrialResult(trial, folder, f"not finished after {_patience(trial):,.0f} s")
        if code == 0:
            return TrialResult(trial, folder)
        error = _last_line(log, code)
        if code > 0 and code != SIMULATOR_FAILED:
            break
    return TrialResult(trial, folder, error)


def _patience(trial: Trial) -> float:
    return max(TIMEOUT_S, STEP_S * trial.config.budget.steps)


def _arguments(trial: Trial, folder: Path) -> list[str]:
    """Returns those of `rca run`: to go on where that can be done exactly, else from the start.

    No checkpoint holds what a planted fault has counted, such as the steps until it begins.
    """
    settings = folder.parent / f"{trial.name}.yaml"
    has_checkpoint = any((folder / "checkpoints").glob("step-*.pt"))
    if has_checkpoint and not trial.faults and _is_this(trial, folder):
        return ["--resume", str(folder), "--quiet"]
    _set_aside(folder)
    settings.write_text(trial.config.to_yaml(), encoding="utf-8")
    plants = [word for fault in trial.faults for word in ("--plant", fault)]
    budget = trial.config.budget
    length = ["--steps", str(budget.steps), "--seed", str(budget.seed)]
    return ["--config", str(settings), *length, "--out", str(folder), "--quiet", *plants]


LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when the thread that made it ends."""


def die_with_parent() -> None:
    """Has the kernel end this process with the thread that began it, however that one ends."""
    if LIBC is not None:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def is_finished(trial: Trial, folder: Path) -> bool:
    """Whether this very trial stands there: same declared settings, same faults, finished."""
    return _is_this(trial, folder) and _manifest(folder).get("status") == "finished"


def lasted(folder: Path) -> float:
    """Returns the seconds from the start of a trial's process to its end.

    NaN if a file is gone, or if it was stopped and gone on with later.
    """
    if _manifest(folder).get(RESUMED):
        return math.nan
    try:
        began = (folder.parent / f"{folder.name}.yaml").stat().st_mtime
        return (folder / "results.json").stat().st_mtime - began
    except OSError:
        return math.nan


def is_over(trial: Trial, folder: Path) -> bool:
    """Whether a run with the trial's faults stands there that has ended by itself, or crashed."""
    manifest = _manifest(folder)
    is_same = manifest.get("changes") == [*trial.faults]
    return is_same and manifest.get("status") in ("finished", "crashed")


def finished_in(root: Path) -> int:
    """Returns how many runs of a folder came to their end."""
    return len(_finished(root))


def made_by_others(root: Path) -> dict[str, int]:
    """Returns how many finished runs of a folder were made by other code than this, by its name."""
    here, makers = this_code(), Counter(map(code, _finished(root)))
    return {maker: runs for maker, runs in makers.items() if maker not in (here, "")}


def _finished(root: Path) -> list[dict[str, object]]:
    """Returns the manifests of a folder's finished runs."""
    found = [_manifest(path.parent) for path in sorted(root.glob("*/manifest.json"))]
    return [manifest for manifest in found if manifest.get("status") == "finished"]


def _is_this(trial: Trial, folder: Path) -> bool:
    try:
        declared = (folder.parent / f"{trial.name}.yaml").read_text(encoding="utf-8")
    except OSError:
        return False
    return declared == trial.config.to_yaml() and _planted_alike(trial.faults, _manifest(folder))


def _planted_alike(faults: Sequence[str], manifest: Mapping[str, object]) -> bool:
    """Whether a run's faults are these, also in their code; older runs do not tell of it."""
    code = manifest.get(CODE_OF_CHANGES)
    is_now = code is None or code == code_of(faults)
    return manifest.get("changes") == [*faults] and is_now


def _manifest(folder: Path) -> dict[str, object]:
    try:
        found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@contextmanager
def alone_in(root: Path) -> Iterator[None]:
    """Holds a folder of runs for one study or benchmark: two would move each other's aside.

    Raises:
        UsageError: Another process holds it, or it cannot be written.
    """
    lock = filelock.FileLock(root / ".lock", timeout=0)
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout as error:
        raise UsageError(
            f"{root}: another study or benchmark runs there; choose another --runs"
        ) from error
    except OSError as error:
        raise UsageError(f"{root}: cannot be written: {error.strerror}") from error
    try:
        yield
    finally:
        lock.release()


def standing_in(trials: Sequence[Trial], root: Path) -> dict[Key, Path]:
    """Returns the finished runs of a folder by what they are, whatever they are called.

    A run that has the folder of one of the trials and is another is moved aside first, so that
    none of those returned moves later.
    """
    for trial in trials:
        folder = root / trial.name
        if folder.exists() and not _is_this(trial, folder):
            _set_aside(folder)
    standing: dict[Key, Path] = {}
    for settings in sorted(root.glob("*.yaml")):
        folder = settings.with_suffix("")
        manifest = _manifest(folder)
        changes = manifest.get("changes")
        if (
            manifest.get("status") == "finished"
            and isinstance(changes, list)
            and _planted_alike(changes, manifest)
        ):
            key = (settings.read_text(encoding="utf-8", errors="replace"), tuple(changes))
            standing.setdefault(key, folder)
    return standing


def _set_aside(folder: Path) -> None:
    """Moves a folder that holds something else, or something unfinished, out of the way."""
    if not folder.exists():
        return
    number = sum(1 for _ in folder.parent.glob(f"{glob.escape(folder.name)}.before*/"))
    aside = folder.with_name(f"{folder.name}.before{number}")
    settings = folder.parent / f"{folder.name}.yaml"
    if settings.is_file():
        settings.rename(folder.parent / f"{aside.name}.yaml")
    folder.rename(aside)


def _last_line(log: Path, code: int) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else f"exit code {code}"
