"""Stops a training when a check fires: reads the run's folder as any other reader does."""

from collections.abc import Sequence
from pathlib import Path

from rca.checking import Check, Verdict, builtin_checks, load_checks, run_checks, select
from rca.errors import RcaError
from rca.runs.load import load_run
from rca.runs.opening import DATABASE
from rca.td3.events import Event, Stepped

ANY = "fail"
"""In place of a check's id: whichever fails, but for the seed's own checklist, which only that
project's runs have to meet."""
LOOKS = 50
"""Looks in the course of a run; one takes about a second."""


class Halt:
    """Listens to a run and says when one of some checks has failed.

    Attributes:
        reason: One line on the check that failed, "" as long as none did.
        check: Its id, "" as long as none failed.
    """

    def __init__(self, folder: Path, wanted: Sequence[str], planned_steps: int) -> None:
        """Prepares to look.

        Args:
            folder: Of the run; written by now up to about a second ago.
            wanted: Patterns of check ids, or "fail" for any check.
            planned_steps: Of the run; it is looked at LOOKS times.

        Raises:
            UsageError: A pattern matches no check.
        """
        checks = load_checks([builtin_checks()])
        every = [check for check in checks if not check.id.startswith("seed.")]
        self._checks: list[Check] = every if ANY in wanted else select(checks, wanted)
        self._folder = folder
        self._every = max(10, planned_steps // LOOKS)
        self.reason = ""
        self.check = ""

    def __call__(self, event: Event) -> None:
        """Looks every so many steps."""
        if isinstance(event, Stepped) and event.step % self._every == 0:
            self._look(event.step)

    def should_stop(self) -> str:
        """Returns the reason to stop, "" for none."""
        return self.reason

    def _look(self, step: int) -> None:
        try:  # by its database: what else lies in the folder, however much, is not asked about
            findings = run_checks(self._checks, load_run(self._folder / DATABASE))
        except RcaError:
            return  # nothing of the run is on the disk yet
        failed = [f for f in findings if f.verdict is Verdict.FAIL]
        if failed and not self.reason:
            self.check = failed[0].check
            self.reason = f"halted at step {step:,}: {self.check}: {failed[0].message}"
