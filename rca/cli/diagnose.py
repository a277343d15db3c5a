"""`rca diagnose`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rca.cli.app import Debug, Tags, app, complain_of_damage, console


@app.command()
def diagnose(
    path: Annotated[
        Path, typer.Argument(help="A run folder of ours, or a folder of logs from anywhere.")
    ],
    json_: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    tags: Tags = None,
    debug: Debug = False,
) -> None:
    """Ranks the causes that fit what was seen and when, and refutes those that cannot have acted.

    Exit code: 0 no cause is likely, 1 one is, 2 wrong usage, 3 evidence missing or damaged.

    Example:  rca diagnose runs/my-run
    """
    from rca.checking import builtin_checks, load_checks, run_checks
    from rca.diagnosis.diagnose import diagnose as find_causes
    from rca.report.diagnosis_text import page, to_json
    from rca.runs.load import load_run

    record = load_run(path, tags=tags)
    found = find_causes(record, run_checks(load_checks([builtin_checks()]), record))
    if json_:
        sys.stdout.write(to_json(found) + "\n")
    else:
        console().print(page(found))
    complain_of_damage(record.gaps)
    raise typer.Exit(3 if record.gaps else int(bool(found.story)))
