"""The run folder: written once by the process that trains, readable at any moment after a crash."""

import json
import sqlite3
import threading
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import asdict, replace
from pathlib import Path

from filelock import FileLock

from rca.config import RunConfig, load_config
from rca.errors import RcaError, UsageError
from rca.probes.histogram import Histogram
from rca.runs.manifest import MANIFEST, describe, read_manifest, write_json
from rca.runs.notes import Notes, resumed
from rca.runs.opening import (
    CONFIG,
    created,
    durable,
    forget_after,
    lock,
    reopened,
    unwritable,
)
from rca.runs.record import Outcome, Strip
from rca.runs.results import RESULTS, results
from rca.runs.waiting import Waiting

COMMIT_SECONDS = 1.0
"""Between two commits: what a SIGKILL can lose. Promised are 2 s; the rest is for a busy disk."""


class RunWriter:
    """Writes one run folder: manifest.json, config.yaml, run.sqlite and, at the end, results.json.

    What is handed over is committed by a thread of its own within COMMIT_SECONDS, so that a killed
    run loses no more than that and a long evaluation holds nothing back. NaN is stored as NULL.

    Attributes:
        folder: Of the run.
        notes: Its manifest; entries that are not written at once are written at the end.
    """

    def __init__(
        self,
        folder: Path,
        config: RunConfig | None,
        manifest: dict[str, object],
        held: FileLock | None = None,
        before: dict[str, object] | None = None,
    ) -> None:
        """Begins a folder; with a lock held and the manifest before it goes on with one."""
        self.folder = folder
        self._config = config
        self._before = before
        self._lock = held or lock(folder, again=False)
        self._broken: RcaError | None = None
        self.notes = Notes(folder, manifest)
        self._writing = threading.Lock()
        self._stop = threading.Event()
        try:
            made = reopened(folder, manifest) if held else created(folder, config, manifest)
            self._database = made
            self._waiting = Waiting(dict(made.execute("SELECT name, id FROM signal")))
        except BaseException:
            if before is not None:
                with suppress(OSError):
                    write_json(folder / MANIFEST, before)
            self._lock.release()
            raise
        self._thread = threading.Thread(target=self._commit_regularly, daemon=True)
        self._thread.start()

    @classmethod
    def create(
        cls,
        folder: Path,
        config: RunConfig | None,
        manifest_extra: Mapping[str, object] | None = None,
    ) -> "RunWriter":
        """Starts a run folder.

        Args:
            folder: A new or an empty folder.
            config: The effective config; None for a trainer that is not ours.
            manifest_extra: More entries for the manifest; JSON values without NaN.

        Raises:
            UsageError: The folder is not empty, in use by another process, or not writable.
        """
        return cls(folder, config, {**describe(config), **(manifest_extra or {})})

    @classmethod
    def reopen(cls, folder: Path, budget: Mapping[str, object] | None = None) -> "RunWriter":
        """Goes on with a run folder whose process is gone.

        The manifest goes on describing the first session; a further one is an entry of `resumed`.

        Args:
            folder: Of the run.
            budget: Settings of the budget that were given for what is left; the manifest names
                those that differ from the config's.

        Raises:
            UsageError: The run is finished, or another process still writes it.
            EvidenceError: Its manifest or config cannot be read.
        """
        read_manifest(folder)  # before a folder that is none is locked
        held = lock(folder, again=True)
        try:
            manifest = read_manifest(folder)  # as whoever held the lock left it
            if manifest.get("status") == "finished":
                raise UsageError(f"{folder}: the run is finished; there is nothing to resume")
            config = load_config(str(folder / CONFIG))
        except BaseException:
            held.release()
            raise
        return cls(folder, config, resumed(manifest, config, budget or {}), held, manifest)

    @property
    def config(self) -> RunConfig:
        """The effective config.

        Raises:
            ValueError: The run is a foreign trainer's.
        """
        if self._config is None:
            raise ValueError(f"{self.folder}: not our trainer's; it has no config of ours")
        return self._config

    def rewind(self, step: int, critic_updates: int, actor_updates: int) -> None:
        """Forgets what was recorded after a step: a resumed run records it again.

        Args:
            step: Environment steps taken by then.
            critic_updates: Critic updates by then.
            actor_updates: Actor updates by then.

        Raises:
            UsageError: The disk is full or the folder no longer writable.
        """
        self.notes.forget_after(step)
        self.notes.write()
        self._before = None
        try:
            (self.folder / RESULTS).unlink(missing_ok=True)
            with self._writing, self._database as database:
                self._waiting.counters.update(forget_after(database, step))
        except (sqlite3.Error, OSError) as error:
            raise unwritable(self.folder, error) from error
        self.count(step, critic_updates, actor_updates)

    def abandon(self) -> None:
        """Leaves a folder that could not be gone on with as it was found."""
        self._stop.set()
        self._thread.join()
        self._database.close()
        try:
            if self._before is not None:
                write_json(self.folder / MANIFEST, self._before)
        finally:
            self._lock.release()

    @property
    def is_as_found(self) -> bool:
        """Whether the folder is one to go on with in which nothing was changed so far."""
        return self._before is not None

    def signal(self, name: str, unit: str, step: int, value: float) -> None:
        """Hands over one value of a signal.

        Raises:
            UsageError: What was handed over before could not be written (disk full).
        """
        self._waiting.value(name, unit, step, value)
        if self._broken:
            raise self._broken

    def episode(self, row: Mapping[str, object]) -> None:
        """Hands over a finished training episode, its values under EPISODE_COLUMNS.

        Raises:
            ValueError: A key that is no column, or a value that is no number and no word.
        """
        self._waiting.row("episode", row)

    def evaluation(self, row: Mapping[str, object]) -> None:
        """Hands over an evaluation, its values under EVALUATION_COLUMNS.

        Raises:
            ValueError: A key that is no column, or a value that is no number and no word.
        """
        self._waiting.row("evaluation", row)

    def strip(self, strip: Strip) -> None:
        """Hands over the last camera frames of an episode."""
        self._waiting.row("strip", asdict(strip))

    def histogram(self, found: Histogram) -> None:
        """Hands over how a quantity was spread at a step."""
        self._waiting.row("histogram", {**asdict(found), "counts": json.dumps(found.counts)})

    def strips(self) -> list[tuple[str, str, int]]:
        """Returns phase, ending and step of every strip on disk."""
        with self._writing:
            return self._database.execute("SELECT phase, end_reason, step FROM strip").fetchall()

    def count(self, step: int, critic_updates: int, actor_updates: int) -> None:
        """Says how far the run is, so that a killed run still knows it.

        Args:
            step: Environment steps taken so far.
            critic_updates: Critic updates so far.
            actor_updates: Actor updates so far.
        """
        counters = self._waiting.counters
        if critic_updates and "first_update_step" not in counters:
            counters["first_update_step"] = step
        counters["executed_steps"] = step
        counters["critic_updates"] = critic_updates
        counters["actor_updates"] = actor_updates

    def commit(self, *, durably: bool = False) -> None:
        """Writes what was handed over to disk.

        Args:
            durably: Whether it has to outlive a power failure, not only a kill: before a file is
                written that says it is there.

        Raises:
            UsageError: The disk is full or the folder no longer writable, or rows were lost before.
        """
        with self._writing:
            if self._broken and self._waiting.has_lost:
                raise self._broken
            try:
                with durable(self._database) if durably else nullcontext():
                    self._waiting.write(self._database)
            except Exception as error:
                self._broken = unwritable(self.folder, error)
                raise self._broken from error

    def settle(self, outcome: Outcome) -> None:
        """Writes the folder as that of a run that is over, and leaves it open to go on with.

        Last commit, results.json and, when both are on disk, the final status. Where they cannot be
        written the run counts as crashed, so that it may be gone on with.

        Args:
            outcome: How the run ended.

        Raises:
            UsageError: The disk is full or the folder no longer writable.
        """
        lost: RcaError | None = None
        try:
            self.commit(durably=True)
            self._write_results(outcome)
        except RcaError as error:  # the manifest can still say how it ended
            lost = error
            errors = [text for text in (outcome.error, str(lost)) if text]
            outcome = replace(outcome, status="crashed", error="; ".join(errors))
        self.notes.end(outcome)
        self.notes.write()
        if lost:
            raise lost

    def go_on(self) -> None:
        """Says that a run which was over goes on; its results are those of its new end.

        Raises:
            UsageError: The disk is full or the folder no longer writable.
        """
        self.notes.go_on()
        self.notes.write()
        with suppress(OSError):  # it is written anew
            (self.folder / RESULTS).unlink(missing_ok=True)

    def finish(self, outcome: Outcome) -> None:
        """Ends the folder, as `settle` does, and closes it.

        Args:
            outcome: How the run ended; call it for interrupted and crashed runs as well.

        Raises:
            UsageError: The disk is full or the folder no longer writable.
        """
        self._stop.set()
        self._thread.join()
        try:
            self.settle(outcome)
        finally:
            self._database.close()
            self._lock.release()

    def _write_results(self, outcome: Outcome) -> None:
        try:
            with self._writing:
                found = results(self._database, self._config, outcome)
            write_json(self.folder / RESULTS, found)
        except (sqlite3.Error, OSError) as error:
            raise unwritable(self.folder, error) from error

    def _commit_regularly(self) -> None:
        while not self._stop.wait(COMMIT_SECONDS):
            try:
                self.commit()
            except RcaError:
                return  # the next call of signal() raises it in the thread that trains
