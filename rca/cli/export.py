"""`rca export`."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from rca.cli.app import Debug, app


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

    for written in export_run(load_run(path), out, format_.value):
        sys.stdout.write(f"{written}\n")
