"""The manifest of a run that is under way: what is noted in it, and how its sessions end."""

import time
from collections.abc import Mapping
from pathlib import Path

from rca.config import RunConfig
from rca.runs.manifest import (
    BROKEN_PROBES,
    MANIFEST,
    OF_EACH,
    RESUMED,
    describe,
    now,
    sessions,
    write_json,
)
from rca.runs.opening import unwritable
from rca.runs.record import Outcome

NOT_FINITE = "not_finite"
"""Entry of the manifest: the first number of an update that was none, and how many updates had
one."""
SET_BACK = "clock_set_back_s"
"""Entry of the manifest: seconds by which the machine's clock was set back during the run."""
OF_A_SESSION = ("outcome", "weights_digest", SET_BACK)
"""Entries of the manifest that say how a session ended; one that goes on has none yet."""


class Notes:
    """A run's manifest as the process that writes it knows it; on disk it is as of `write`."""

    def __init__(self, folder: Path, manifest: dict[str, object]) -> None:
        """Begins with the manifest of the session that starts now in a folder."""
        self._folder = folder
        self._manifest = manifest
        self._clock = _clock()

    def add(self, key: str, value: object) -> None:
        """Adds an entry; a JSON value without NaN."""
        self._manifest[key] = value

    def add_to_session(self, key: str, value: object) -> None:
        """Adds an entry to what is said of this session: the whole manifest, if it is the first.

        Args:
            key: Of the entry.
            value: A JSON value without NaN.
        """
        later = sessions(self._manifest)
        about = later[-1] if later else self._manifest
        if isinstance(about, dict):
            about[key] = value

    def append(self, key: str, value: object) -> None:
        """Adds to a list and writes it at once, so that it outlives a kill.

        Raises:
            UsageError: The disk is full or the folder no longer writable.
        """
        before = self._manifest.get(key)
        self._manifest[key] = [*(before if isinstance(before, list) else []), value]
        self.write()

    def get(self, key: str) -> object:
        """Returns an entry, None if there is none."""
        return self._manifest.get(key)

    def forget_after(self, step: int) -> None:
        """Forgets what was noted after a step, and how the last session ended."""
        self._forget_end()
        if not _is_by(step, self._manifest.get(NOT_FINITE)):
            self._manifest.pop(NOT_FINITE, None)
        if isinstance(broken := self._manifest.get(BROKEN_PROBES), list):
            self._manifest[BROKEN_PROBES] = [item for item in broken if _is_by(step, item)]

    def end(self, outcome: Outcome) -> None:
        """Says how the session ended."""
        self._manifest.update(ended=now(), status=outcome.status, error=outcome.error)
        if (back := self._clock - _clock()) > 1.0:
            self._manifest[SET_BACK] = round(back, 1)
        self._manifest["outcome"] = {
            name: getattr(outcome, name)
            for name in ("executed_steps", "planned_steps", "critic_updates", "actor_updates")
        }

    def go_on(self) -> None:
        """Says that the session which ended goes on after all."""
        self._forget_end()
        self._manifest.update(status="running", ended=None, error="")

    def write(self) -> None:
        """Writes the manifest as it is, so that it outlives a kill.

        Raises:
            UsageError: The disk is full or the folder no longer writable.
        """
        try:
            write_json(self._folder / MANIFEST, self._manifest)
        except OSError as error:
            raise unwritable(self._folder, error) from error

    def _forget_end(self) -> None:
        for key in OF_A_SESSION:
            self._manifest.pop(key, None)


def resumed(
    manifest: Mapping[str, object], config: RunConfig, budget: Mapping[str, object]
) -> dict[str, object]:
    """Returns a run's manifest with one more session, which starts now.

    Args:
        manifest: As the session before left it; it goes on describing the first one.
        config: Of the run.
        budget: Settings of the budget that were given for what is left; those that differ from the
            config's are named.
    """
    known = config.budget.model_dump()
    other = {key: value for key, value in budget.items() if value != known.get(key)}
    here = describe(config)
    fresh = {key: here[key] for key in ("status", "error", "ended", "pid")}
    session = {"at": here["started"], **{key: here[key] for key in OF_EACH}, "budget": other}
    return {**manifest, **fresh, RESUMED: [*sessions(manifest), session]}


def _clock() -> float:
    """Returns what the machine's clock is ahead of one that only goes forward, seconds."""
    return time.time() - time.monotonic()


def _is_by(step: int, note: object) -> bool:
    """Whether an entry of the manifest is of a step up to this one."""
    noted = note.get("step") if isinstance(note, dict) else None
    return isinstance(noted, int) and noted <= step
