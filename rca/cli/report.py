"""`rca report`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rca.cli.app import Debug, app
from rca.errors import UsageError


class TableFormat(StrEnum):
    """Formats of a report's tables."""

    csv = "csv"
    json = "json"
    parquet = "parquet"


@app.command()
def report(
    runs: Annotated[
        list[Path],
        typer.Argument(help="One run; or two, in doubt and changed; or one per seed with --fixed."),
    ],
    fixed: Annotated[
        list[Path] | None,
        typer.Option("--fixed", help="Run of the changed configuration; once per seed."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for report.md, report.html, figures.")] = Path(
        "report"
    ),
    format_: Annotated[
        list[TableFormat] | None,
        typer.Option("--format", help="Write every table in this format too; may be repeated."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Writes one Markdown and one self-contained HTML report on a run, or on two sides compared.

    With --format every table is a file in OUT/tables too; `rca export` does so for a run's numbers.

    Example:  rca report runs/baseline runs/fixed --out report --format csv
    """
    if len(runs) > 2 and not fixed:
        raise UsageError("rca report: with more than two runs, name those of one side by --fixed")
    from rca.report.write import report as write  # takes seconds

    before, after = (runs, fixed) if fixed else (runs[:1], runs[1:])
    for written in write(before, after, out, [item.value for item in format_ or ()]):
        sys.stdout.write(f"{written}\n")
