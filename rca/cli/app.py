"""The app that commands join, and what they share: options, console, complaints."""

import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rca import __version__
from rca.errors import printable

if TYPE_CHECKING:
    from rich.console import Console

    from rca.runs.part import Progress
    from rca.study.trials import OnResult, TrialResult


app = typer.Typer(
    name="rca",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


Tags = Annotated[
    Path | None,
    typer.Option(
        "--tags", help="YAML table of foreign tag names, in the form of rca/runs/tags.yaml."
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"rca {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Finds out why a visual TD3 driving agent does not learn, and proves it.

    Start with a failed run, [bold]rca check PATH[/bold], or a new one, [bold]rca run short[/bold].
    """


def console() -> "Console":
    """Returns where tables are printed."""
    from rich.console import Console

    # Piped output is read by programs and log files: no wrapping at 80 columns there.
    return Console() if sys.stdout.isatty() else Console(width=200)


def complain_of_damage(gaps: Sequence[str]) -> None:
    """Says on stderr what of the evidence is damaged, if anything is; what recurs, once."""
    alike: dict[str, list[str]] = {}
    for gap in gaps:
        alike.setdefault(re.sub(r"\d[\d,.]*", "", gap.rpartition(": ")[2]) or gap, []).append(gap)
    lines = [
        first + (f" (and {len(others)} more like it)" if others else "")
        for first, *others in alike.values()
    ]
    if lines:
        sys.stderr.write(f"rca: the evidence is damaged: {printable('; '.join(lines))}\n")


@contextmanager
def reading() -> Iterator["Progress | None"]:
    """Gives what shows on the terminal how far large files are read; None where nobody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    tasks: dict[Path, TaskID] = {}
    with Bars(console=Console(stderr=True), transient=True) as bars:

        def tell(path: Path, share: float) -> None:
            if path not in tasks:
                tasks[path] = bars.add_task(printable(path.name), total=1.0)
            bars.update(tasks[path], completed=share)

        yield tell


@contextmanager
def coming_in(what: str, total: int, root: Path) -> Iterator["OnResult"]:
    """Shows a bar with the time left while runs come in; plain lines when piped.

    Says before them which runs of the folder other code made: finished ones are not made again.
    Ctrl-C ends the command and says what is kept.

    Args:
        what: Of which study or benchmark they are.
        total: How many are to come.
        root: Folder of the runs.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bars

    from rca.report.wording import plural
    from rca.study.trials import finished_in, made_by_others

    for maker, count in made_by_others(root).items():
        by = f"by rca of {printable(maker)}, not by this code"
        made = f"{plural(count, 'finished run')} in {root} {by}"
        sys.stderr.write(f"rca: {made}; with the same settings and faults they are not made anew\n")
    screen = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    # Some runs take ten times as long as others: the time left goes by all of the last ten minutes.
    bar = Bars(*columns, console=screen, disable=not screen.is_terminal, speed_estimate_period=600)
    task, done = bar.add_task(what, total=total), 0

    def tell(result: "TrialResult") -> None:
        nonlocal done
        done += 1
        bar.update(task, completed=done)
        line = f"{done}/{total} {result.trial.name}: {result.error or 'finished'}"
        screen.print(line, markup=False, highlight=False, soft_wrap=True)

    try:
        with bar:
            yield tell
    except KeyboardInterrupt:
        kept = plural(finished_in(root), "finished run")
        sys.stderr.write(f"rca: stopped; {kept} in {root}; the same command goes on\n")
        raise typer.Exit(130) from None
