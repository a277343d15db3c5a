"""`rca diagnose`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rca.cli.app import Debug, Tags, app, complain_of_damage, console, reading
from rca.cli.formats import Format, rendered
from rca.errors import UsageError

if TYPE_CHECKING:
    from rca.diagnosis.diagnose import Diagnosis
    from rca.report.answers import Judged
    from rca.report.model import Report

PICTURES = (".png", ".svg", ".html")


@app.command()
def diagnose(
    path: Annotated[
        Path,
        typer.Argument(
            help="A run folder of ours, or a recording from elsewhere, as for `rca check`."
        ),
    ],
    format_: Annotated[
        Format, typer.Option("--format", help="How to print the diagnosis.")
    ] = Format.table,
    timeline: Annotated[
        Path | None,
        typer.Option(help="Also write what happened when, to a .png, .svg or .html file."),
    ] = None,
    tags: Tags = None,
    debug: Debug = False,
) -> None:
    """Ranks the causes that fit what was seen and when, and refutes those that cannot have acted.

    Exit code: 0 no cause is likely, which may be for want of evidence, 1 one is, 2 wrong usage,
    3 evidence missing or damaged.

    Example:  rca diagnose runs/my-run --timeline when.png
    """
    from rca.checking import builtin_checks, load_checks, run_checks
    from rca.diagnosis.diagnose import diagnose as find_causes
    from rca.report.answers import Judged, of_diagnosis
    from rca.report.diagnosis_json import to_json
    from rca.report.diagnosis_text import page
    from rca.runs.load import load_run

    if timeline is not None and timeline.suffix.lower() not in PICTURES:
        raise UsageError(f"{timeline}: name a {', '.join(PICTURES)} file for --timeline")
    with reading() as progress:
        record = load_run(path, tags=tags, progress=progress)
    checks = load_checks([builtin_checks()])
    judged = Judged(record, checks, run_checks(checks, record))
    found = find_causes(record, judged.findings)
    if timeline is not None:
        _draw(judged, found, timeline)
    if format_ is Format.table:
        console().print(page(judged, found))
    elif format_ is Format.json:
        sys.stdout.write(to_json(found, record.gaps) + "\n")
    else:
        answers = of_diagnosis(found, record)
        sys.stdout.write(rendered(format_, answers, lambda: _page(judged, found)) + "\n")
    complain_of_damage(record.gaps)
    raise typer.Exit(3 if record.gaps else int(bool(found.story)))


def _page(judged: "Judged", found: "Diagnosis") -> "Report":
    from rca.report.pages import diagnosis_page  # draws: half a second to import

    return diagnosis_page(judged, found)


def _draw(judged: "Judged", found: "Diagnosis", path: Path) -> None:
    from rca.report.write import write_timeline

    sys.stderr.write(f"rca: {write_timeline(judged, found, path)}\n")
