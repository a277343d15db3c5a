"""The command line: parse, call, print, exit code. Heavy libraries are imported inside commands.

One command per file, in the order of this list in `rca --help`.
"""

import sys
from importlib import import_module
from typing import NoReturn

from rca.cli.app import app
from rca.errors import RcaError, printable

COMMANDS = (
    "run",
    "watch",
    "check",
    "diagnose",
    "claims",
    "report",
    "export",
    "sim",
    "faults",
    "bench",
    "study",
    "probe",
)
for _command in COMMANDS:
    import_module(f"rca.cli.{_command}")  # joins the app


def main() -> None:
    """Runs the command; turns every error into one line on stderr and an exit code."""
    try:
        app()
    except RcaError as error:
        _fail(f"{error}", error.exit_code, error)
    except SystemExit as ended:
        # Typer makes it of a KeyboardInterrupt and prints nothing.
        stopped = getattr(ended.__context__, "__cause__", None)
        if isinstance(stopped, KeyboardInterrupt):
            _fail("interrupted", 130, stopped)
        raise
    except Exception as error:  # noqa: BLE001  the user's boundary: a bug gets one line too
        _fail(f"{type(error).__name__}: {error} (a bug in rca; --debug shows where)", 3, error)


def _fail(line: str, code: int, error: BaseException) -> NoReturn:
    if "--debug" in sys.argv:
        raise error
    sys.stderr.write("rca: " + printable(" ".join(line.split())) + "\n")
    sys.exit(code)
