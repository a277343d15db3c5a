"""Planted faults, one per file: what goes wrong in real projects, done to a healthy Build."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rca.build import Build, Change
from rca.collect import collect
from rca.errors import UsageError

FAULTS = Path(__file__).parent


@dataclass(frozen=True)
class Fault(Change):
    """A Change that breaks a run.

    Attributes:
        causes: Ids of the causes (`rca/diagnosis/causes`) that a right diagnosis names; any one
            of them is right.
        caught_by: Ids of the checks that are to fail on it.
        source: Where it was seen or described.
        begins: Environment step at which it is done, 1: from the start.
        blind: Number of the set of faults, written by who had not read the checks, that it belongs
            to; 0: none. How a new set is found shows what the checks are worth for faults that
            nobody had in mind.
    """

    causes: tuple[str, ...]
    caught_by: tuple[str, ...]
    source: str
    begins: int = 1
    blind: int = 0

    @property
    def unseen(self) -> bool:
        """Whether no check has been named for it, or written, since a blind set was made."""
        return bool(self.blind) and not self.caught_by

    @property
    def spent(self) -> bool:
        """Whether it is of a blind set, and has had an answer since."""
        return bool(self.blind) and bool(self.caught_by)


def fault(
    name: str,
    *,
    causes: tuple[str, ...],
    caught_by: tuple[str, ...] = (),
    source: str,
    begins: int = 1,
    blind: int = 0,
) -> Callable[[Callable[[Build], Build]], Fault]:
    """Marks a function from Build to Build as a fault; its docstring is the title.

    Args:
        name: The fault's id, also its file's name.
        causes: See Fault.
        caught_by: See Fault.
        source: See Fault.
        begins: See Fault.
        blind: See Fault.
    """

    def mark(apply: Callable[[Build], Build]) -> Fault:
        title = (apply.__doc__ or name).strip().splitlines()[0].rstrip(".")
        return Fault(name, title, apply, causes, caught_by, source, begins, blind)

    return mark


def load_faults(folder: Path = FAULTS) -> dict[str, Fault]:
    """Returns the faults of a folder by id."""
    return {found.id: found for found in collect(folder, Fault)}


def find_fault(name: str) -> Fault:
    """Returns a fault.

    Raises:
        UsageError: There is none of that id; names the nearest.
    """
    faults = load_faults()
    if name in faults:
        return faults[name]
    nearest = difflib.get_close_matches(name, faults, n=1, cutoff=0.0)
    raise UsageError(f"no fault {name}; did you mean {nearest[0]}? `rca faults` lists them")
