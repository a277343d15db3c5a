"""`rca check`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rca.cli.app import Debug, Tags, app, complain_of_damage, console, reading
from rca.cli.formats import Format, rendered
from rca.errors import UsageError

if TYPE_CHECKING:
    from rca.report.answers import Answers
    from rca.report.model import Report


@app.command()
def check(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="A run folder of ours, or a folder with TensorBoard events, Stable-Baselines3's "
            "monitor.csv, progress.csv or evaluations.npz, a CSV with a column step or "
            "global_step, results.json, configs; or one such file.",
            show_default=False,
        ),
    ] = None,
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
    config: Annotated[
        list[Path] | None,
        typer.Option("--config", help="A YAML, JSON or TOML config to audit; may be repeated."),
    ] = None,
    code: Annotated[
        Path | None,
        typer.Option("--code", help="The Python code that reads it; parsed, never imported."),
    ] = None,
    tags: Tags = None,
    debug: Debug = False,
) -> None:
    """Answers every question of the checklist about a run, or about config files and their code.

    Exit code: 0 all passed, 1 something failed or warned, 2 wrong usage, 3 nothing failed but
    something could not be judged (VACUOUS, NOT_RUN, ERROR), or the evidence is damaged.

    Example:  rca check runs/my-run --only 'seed.*' --format junit > verdicts.xml

    Example:  rca check --config td3.yaml --code src
    """
    from rca.report.answers import together
    from rca.report.verdicts import table, to_json

    if path is None and not config:
        raise UsageError("rca check: name a run, or a config by --config FILE")
    if code is not None and not config:
        raise UsageError("rca check: --code says what reads a config; name it by --config FILE")
    audited = _audit(config, code) if config else None
    if path is not None:
        answers = _run(path, only, checks, tags)
        answers = together(answers, audited) if audited else answers
    else:
        assert audited is not None
        answers = audited
    if format_ is Format.table:
        console().print(table(answers))
    elif format_ is Format.json:
        sys.stdout.write(to_json(answers) + "\n")
    else:
        sys.stdout.write(rendered(format_, answers, lambda: _page(answers)) + "\n")
    raise typer.Exit(answers.exit_code)


def _page(answers: "Answers") -> "Report":
    from rca.report.pages import checks_page  # draws: half a second to import

    return checks_page(answers)


def _run(
    path: Path, only: list[str] | None, checks: list[Path] | None, tags: Path | None
) -> "Answers":
    from rca.checking import builtin_checks, load_checks, run_checks, select
    from rca.report.answers import Judged, of_run
    from rca.runs.load import load_run

    asked = select(load_checks([builtin_checks(), *(checks or [])]), only or ["*"])
    with reading() as progress:
        record = load_run(path, tags=tags, progress=progress)
    complain_of_damage(record.gaps)
    return of_run(Judged(record, asked, run_checks(asked, record)))


def _audit(config: list[Path], code: Path | None) -> "Answers":
    from rca.audit.audit import audit
    from rca.report.answers import of_audit

    return of_audit(audit(config, code))
