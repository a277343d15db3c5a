"""Checkpoints: everything a run needs to go on as if it had never stopped."""

import errno
import json
import os
import pickle
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch

from rca.config import RunConfig
from rca.errors import EvidenceError, UsageError
from rca.td3.episode import Episode
from rca.td3.train import Training
from rca.whole_file import whole_file

VERSION, IN_EPISODE = 1, 2
"""Of the layout below, without and with an episode under way; readers refuse what they do not
know."""
EPISODE = [f.name for f in fields(Episode) if f.name not in ("config", "actions", "last")]
"""Fields of an episode that a checkpoint keeps as they are."""
KEYS = {"config", "agent", "replay", "exploration", "sampling", "step", "episode"}
FINAL = "final.pt"
"""Weights at the end of a finished run; no checkpoint: nothing goes on from it."""
KEPT = 2
"""Newest checkpoints left in a folder: one may be damaged by the machine, not by us."""
ASIDE = ".unreadable"
"""Ends the name of a file that is no checkpoint any more."""
REFUSALS = [
    os.strerror(getattr(errno, name))
    for name in ("EACCES", "EPERM", "EIO", "EMFILE", "ENFILE", "ENOMEM", "ESTALE")
    if hasattr(errno, name)
]
"""Of the machine: they say nothing of what is in a file. Torch's errors have their words only."""


def save(folder: Path, training: Training, episode: Episode | None = None) -> Path:
    """Writes a checkpoint, whole or not at all, and removes all but the newest two.

    Call it before a step (`train(..., stops=...)`). An environment's state cannot be saved, but an
    episode follows from the seed, its number and the actions taken in it.

    Args:
        folder: Made if need be.
        training: The run.
        episode: Under way; None between two.

    Returns:
        The file, `step-<steps>.pt`; `torch.load(weights_only=True)` reads it.

    Raises:
        UsageError: It cannot be written; what was there before is untouched.
    """
    path = folder / f"step-{training.progress.step:09d}.pt"
    with _written(path) as file:
        torch.save(_state(training, episode), file)
    for old in _files(folder)[KEPT:]:
        old.unlink(missing_ok=True)
    return path


def save_final(folder: Path, training: Training) -> Path:
    """Writes the weights that a run ends with, whole or not at all.

    Args:
        folder: Made if need be.
        training: The run.

    Returns:
        The file, `final.pt`: `config` (JSON), `step`, and `modules`, a state_dict by name;
        `torch.load(weights_only=True)` reads it.

    Raises:
        UsageError: It cannot be written.
    """
    modules = {
        name: {key: weight.cpu() for key, weight in module.state_dict().items()}
        for name, module in training.agent.modules().items()
    }
    config, step = training.config.model_dump_json(), training.progress.step
    with _written(folder / FINAL) as file:
        torch.save({"version": VERSION, "config": config, "step": step, "modules": modules}, file)
    return folder / FINAL


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
    """Yields a file that takes the path's place once it is on disk."""
    unfinished = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path, unfinished) as file:
            yield file
    except (OSError, RuntimeError) as error:  # torch reports a full disk as RuntimeError
        raise UsageError(
            f"{path}: cannot be written: {_reason(error)}; free space or move the run"
        ) from error
    finally:
        for left in path.parent.glob("*.part"):  # also what a killed process left
            left.unlink(missing_ok=True)


def restore(folder: Path, training: Training) -> Path | None:
    """Puts a new run where the newest checkpoint was taken that is whole and readable.

    Args:
        folder: Of the checkpoints.
        training: Made by the same build; its agent, replay, generators and progress are set, and
            the episode that was under way, see `Training.begin`. From a checkpoint without replay
            it has an empty one, to be refilled before the next update.

    Returns:
        The file used, None where there is none: the run then begins. Signals and episodes recorded
        after `training.progress.step` come again.

    Raises:
        EvidenceError: There are checkpoints, and none can be read.
        UsageError: It was made with another config, or the machine refuses to read it, for want of
            memory or of rights: then it may be sound.
    """
    with _spared(folder):
        files = _files(folder)
    for path in files:
        with _spared(path):
            if (state := _read(path)) is None:
                continue
            _restore(state, training, path)
            return path
    if not files:
        return None
    names = ", ".join(path.name for path in files)
    raise EvidenceError(f"{folder}: no readable checkpoint among {names}; start the run anew")


def set_newer_aside(used: Path) -> list[Path]:
    """Renames the checkpoints that are newer than one: those that `restore` could not read.

    Left in place they would count as the newest: the next ones would be removed for them, and a
    later resume might find them readable and go on where the record does not.

    Args:
        used: The file that the run goes on from.

    Returns:
        The files under their new names; nothing is deleted.

    Raises:
        UsageError: The folder cannot be written.
    """
    moved = []
    for path in _files(used.parent):
        if path.name <= used.name:
            break
        names = (path.with_name(f"{path.name}{ASIDE}{number or ''}") for number in count())
        try:
            moved.append(path.rename(next(name for name in names if not name.exists())))
        except OSError as error:
            raise UsageError(f"{path}: cannot be renamed: {_reason(error)}") from error
    return moved


@contextmanager
def _spared(path: Path) -> Iterator[None]:
    """Turns what the machine refuses into a line: a checkpoint is not given up for it."""
    try:
        yield
    except (OSError, RuntimeError, MemoryError) as error:
        if not (refusal := _refusal(error)):
            raise
        raise UsageError(
            f"{path}: cannot be read now: {refusal}; it is left as it is: mend that and resume, or "
            "move the file away to go on from an older one"
        ) from error


def _refusal(error: Exception) -> str:
    """Returns what the machine refused, "" where an error is about what is in the file."""
    if isinstance(error, MemoryError):
        return os.strerror(errno.ENOMEM)
    return next((words for words in REFUSALS if words in str(error)), "")


def _read(path: Path) -> Any:  # noqa: ANN401  whatever was saved
    """Returns what a checkpoint holds, None if it is no archive or a part is damaged.

    Torch looks at no checksum, and would try its unpickler of old formats on what is no archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        return None if damaged else _mapped(path)
    except (
        *(OSError, RuntimeError, EOFError, ValueError),
        *(zipfile.BadZipFile, zlib.error, pickle.UnpicklingError),
    ) as error:
        if _refusal(error):
            raise
        return None


def _mapped(path: Path) -> Any:  # noqa: ANN401  whatever was saved
    """Returns what torch loads without a copy of the replay in memory, beside the replay itself.

    The tensors are the file, so whatever is kept of them has to be copied.
    """
    load = partial(torch.load, path, map_location="cpu", weights_only=True)
    try:
        return load(mmap=True)
    except RuntimeError as error:
        if "unable to mmap" not in str(error):
            raise
        return load()  # a file system that maps nothing


def _reason(error: BaseException) -> str:
    """Returns one line; torch hides the system's reason behind an assertion of its own."""
    first: BaseException | None = error
    while first is not None and not isinstance(first, OSError):
        first = first.__cause__ or first.__context__
    words = first.strerror if isinstance(first, OSError) and first.strerror else str(error)
    return " ".join(words.split())


def _files(folder: Path) -> list[Path]:
    """Returns the checkpoints, newest first; a glob would find none in a folder it may not read."""
    try:
        return sorted((p for p in folder.iterdir() if p.match("step-*.pt")), reverse=True)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _state(training: Training, episode: Episode | None) -> dict[str, Any]:
    streams, progress = training.streams, training.progress
    budget = training.config.budget
    return {
        "version": VERSION if episode is None else IN_EPISODE,
        "config": training.config.model_dump_json(),
        "agent": training.agent.state_dict(),
        "replay": training.replay.state_dict() if budget.checkpoint_replay else None,
        # As text: the generators' 128-bit numbers fit no tensor.
        "exploration": json.dumps(streams.exploration.bit_generator.state),
        "sampling": json.dumps(streams.replay.bit_generator.state),
        "step": progress.step,
        "episode": progress.episode,
        "under_way": None if episode is None else _under_way(episode),
    }


def _under_way(episode: Episode) -> dict[str, Any]:
    actions = torch.from_numpy(np.array(episode.actions, np.float32))
    last = {key: torch.from_numpy(np.array(value)) for key, value in episode.last.items()}
    kept = {name: getattr(episode, name) for name in EPISODE}
    return {**kept, "actions": actions, "last": last}


def _restore(state: dict[str, Any], training: Training, path: Path) -> None:
    known = isinstance(state, dict) and state.get("version") in (VERSION, IN_EPISODE)
    if not known or not state.keys() >= KEYS:
        raise EvidenceError(
            f"{path}: not a checkpoint of version {VERSION} or {IN_EPISODE}; use the rca it is from"
        )
    if _deciding(state["config"]) != _deciding(training.config.model_dump_json()):
        raise UsageError(f"{path}: made with another config; resume with the run's config.yaml")
    training.agent.load_state_dict(state["agent"])
    if state["replay"] is None:
        random_phase = training.config.agent.learning_starts
        training.refill = max(1, min(random_phase, training.replay.capacity))
    else:
        training.replay.load_state_dict(state["replay"])
    training.streams.exploration.bit_generator.state = json.loads(state["exploration"])
    training.streams.replay.bit_generator.state = json.loads(state["sampling"])
    training.progress.step = state["step"]
    training.progress.episode = state["episode"]
    if (under_way := state.get("under_way")) is not None:
        actions = [*under_way["actions"].numpy().copy()]
        kept = {name: under_way[name] for name in EPISODE}
        last = {key: value.numpy().copy() for key, value in under_way["last"].items()}
        training.under_way = Episode(training.config.agent, **kept, actions=actions, last=last)


def _deciding(config: str) -> dict[str, Any]:
    """Returns the settings without those that a run may go on with changed.

    Settings that did not exist yet when the checkpoint was made have their defaults.
    """
    settings = RunConfig.model_validate_json(config).model_dump()
    for name in ("steps", "device", "on_nan"):
        del settings["budget"][name]
    return settings
