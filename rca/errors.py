"""What ends a command with one line for the user; `rca.cli` turns each into an exit code."""


class RcaError(Exception):
    """Carries one line for the user: what broke (file, key or port) and what to do about it."""

    exit_code = 3


def printable(text: str) -> str:
    """Replaces control characters, which steer terminals and break XML 1.0, by their escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class UsageError(RcaError):
    """The command was asked for something it cannot do: a path, key, value or port is wrong."""

    exit_code = 2


class EvidenceError(RcaError):
    """What should be looked at is missing, unreadable or broken."""

    exit_code = 3


class NotFiniteError(RcaError):
    """A training was stopped because a number of an update is NaN or infinite."""

    exit_code = 4


class HaltedError(RcaError):
    """A training was stopped because a check failed that it was to be stopped by."""

    exit_code = 5
