"""Whether an audit's hooks listen, and the promise that no error of theirs reaches the trainer."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

LOG = logging.getLogger("rca")


@dataclass
class Listening:
    """What all hooks of an audit ask before they do anything.

    Attributes:
        on: Whether they listen at the moment.
        error: Why they never will again, "" if they may.
    """

    on: bool = False
    error: str = ""

    def guarded(self, hook: Callable[..., None]) -> Callable[..., None]:
        """Returns a hook that runs while `on` and whose errors end the listening, nothing else."""

        @wraps(hook)
        def guarded(*args: object, **kwargs: object) -> None:
            if self.on:
                self.safely(hook, *args, **kwargs)

        return guarded

    def safely(self, act: Callable[..., None], *args: object, **kwargs: object) -> None:
        """Does something, listening or not; an error ends the listening, nothing else."""
        try:
            act(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  it must not cost the user his run
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Falls silent for good, and says so once."""
        self.on = False
        if not self.error:
            self.error = f"{type(error).__name__}: {error}"
            LOG.warning("rca: the audit broke off, training goes on: %s", self.error)
