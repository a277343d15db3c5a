"""`rca export`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rca.cli.app import Debug, app, complain_of_damage


class ExportFormat(StrEnum):
    """What `rca export` writes."""

    tensorboard = "tensorboard"
    csv = "csv"
    json = "json"
    parquet = "parquet"


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="A run folder of ours, or a folder of logs.")],
    out: Annotated[Path, typer.Argument(help="Folder to write; must not exist or be empty.")],
    format_: Annotated[
        ExportFormat, typer.Option("--format", help="What other tools shall read.")
    ] = ExportFormat.tensorboard,
    debug: Debug = False,
) -> None:
    """Copies a run's signals, episodes, evaluations and histograms for other tools.

    Example:  rca export runs/my-run tables --format csv
    """
    from rca.runs.export import export_run
    from rca.runs.load import load_run

    run = load_run(path)
    complain_of_damage(run.gaps)
    for written in export_run(run, out, format_.value):
        sys.stdout.write(f"{written}\n")
    rows = (("episodes", run.episodes["end_step"]), ("evaluations", run.evaluations["step"]))
    for name, steps in rows if format_ is ExportFormat.tensorboard else ():
        if lost := int(steps.isna().sum()):
            sys.stderr.write(
                f"note: {lost} of {len(steps)} {name} have no known step and are left out; "
                "--format csv has them\n"
            )
