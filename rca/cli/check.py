"""`rca check`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rca.cli.app import Debug, Tags, app, complain_of_damage, console


class Format(StrEnum):
    """How `rca check` prints its verdicts."""

    table = "table"
    json = "json"
    junit = "junit"
    markdown = "markdown"


@app.command()
def check(
    path: Annotated[
        Path, typer.Argument(help="A run folder of ours, or a folder of logs from anywhere.")
    ],
    format_: Annotated[
        Format, typer.Option("--format", help="How to print the verdicts.")
    ] = Format.table,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Checks to run, as in 'seed.*'; may be repeated."),
    ] = None,
    checks: Annotated[
        list[Path] | None,
        typer.Option("--checks", help="A folder with checks of your own; may be repeated."),
    ] = None,
    tags: Tags = None,
    debug: Debug = False,
) -> None:
    """Answers every question of the checklist about a run, with numbers, limits and places.

    Exit code: 0 all passed, 1 something failed, 2 wrong usage, 3 evidence missing or damaged, or
    a check broke.

    Example:  rca check runs/my-run --only 'seed.*' --format junit > verdicts.xml
    """
    from rca.checking import builtin_checks, load_checks, run_checks, select
    from rca.report.verdicts import FORMATS, Judged, exit_code, table
    from rca.runs.load import load_run

    asked = select(load_checks([builtin_checks(), *(checks or [])]), only or ["*"])
    record = load_run(path, tags=tags)
    judged = Judged(record, asked, run_checks(asked, record))
    if format_ is Format.table:
        console().print(table(judged))
    else:
        sys.stdout.write(FORMATS[format_.value](judged) + "\n")
    complain_of_damage(record.gaps)
    raise typer.Exit(exit_code(judged))
