"""The command line: parse, call, print, exit code. Heavy libraries are imported inside commands."""

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from rca import __version__
from rca.errors import RcaError, UsageError, printable

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    name="rca",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Size(StrEnum):
    """Lengths of a run: the seed's three verification tests."""

    short = "short"
    medium = "medium"
    full = "full"


class Format(StrEnum):
    """How `rca check` prints its verdicts."""

    table = "table"
    json = "json"
    junit = "junit"
    markdown = "markdown"


class ExportFormat(StrEnum):
    """What `rca export` writes."""

    tensorboard = "tensorboard"
    csv = "csv"
    json = "json"
    parquet = "parquet"


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


@app.command()
def run(
    size: Annotated[
        Size | None,
        typer.Argument(
            help="short (100 steps), medium (10,000) or full (30,000).", show_default=False
        ),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Environment steps, instead of a named size.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Seed of everything random.")] = None,
    config: Annotated[
        str, typer.Option(help="A preset (baseline, fixed, healthy) or a YAML file.")
    ] = "healthy",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="One value, as in agent.batch_size=128; may be repeated."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder to write; must not exist or be empty.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Host of a running CARLA server, with --port.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="Port of a running CARLA server; without it, ours is started."
        ),
    ] = None,
    scale_warmup: Annotated[
        bool,
        typer.Option(
            "--scale-warmup", help="Shorten the random phase as the run is against 30,000 steps."
        ),
    ] = False,
    probe_updates: Annotated[
        int,
        typer.Option(min=0, help="Updates on a copy after the run, to see whether gradients flow."),
    ] = 0,
    resume: Annotated[
        Path | None,
        typer.Option(help="Go on with this interrupted run folder, under its own config."),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the run folder and nothing else.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Trains TD3 in the embedded CARLA world with every probe on, into a new run folder.

    Example:  rca run short --config baseline --set agent.batch_size=64 --seed 1
    """
    if host is not None and port is None:
        raise UsageError(f"--host {host}: give its port with --port; without it ours is started")
    if sum(way is not None for way in (size, steps, resume)) != 1:
        raise UsageError("rca run: give one of short, medium, full, --steps N or --resume RUN")
    from rca import config as configs
    from rca.envs.servers import Address
    from rca.report.live import progress
    from rca.runs import execute as runs

    server = None if port is None else Address(host or "127.0.0.1", port)
    if resume is not None:
        folder, settings = resume, configs.load_config(str(resume / "config.yaml"))
        with progress(settings, quiet=quiet) as listener:
            outcome = runs.resume(folder, server=server, listener=listener)
    else:
        length = steps or configs.STEPS[size.value if size else ""]
        overrides = [*(set_ or []), f"budget.steps={length}"]
        overrides += [] if seed is None else [f"budget.seed={seed}"]
        settings = configs.load_config(config, overrides)
        settings = configs.scale_warmup(settings) if scale_warmup else settings
        warning = configs.warning_before_start(settings)
        if warning and not quiet:
            sys.stderr.write(f"note: {warning}\n")
        folder = out or runs.new_folder(Path("runs"), Path(config).stem, settings)
        with progress(settings, quiet=quiet) as listener:
            outcome = runs.execute(
                settings, folder, server=server, listener=listener, probe_updates=probe_updates
            )
    if outcome.status == "interrupted":
        sys.stderr.write(f"rca: interrupted after {outcome.executed_steps:,} steps\n")
        if (folder / runs.CHECKPOINTS).is_dir():
            sys.stderr.write(f"rca: to go on: rca run --resume {folder}\n")
    _print_next(folder, quiet=quiet)
    raise typer.Exit(130 if outcome.status == "interrupted" else 0)


def _print_next(folder: Path, *, quiet: bool) -> None:
    if quiet:
        sys.stdout.write(f"{folder}\n")
        return
    sys.stdout.write(f"run folder: {folder}\nnext: rca check {folder}\n")


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
        _console().print(table(judged))
    else:
        sys.stdout.write(FORMATS[format_.value](judged) + "\n")
    _complain_of_damage(record.gaps)
    raise typer.Exit(exit_code(judged))


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
        _console().print(page(found))
    _complain_of_damage(record.gaps)
    raise typer.Exit(3 if record.gaps else int(bool(found.story)))


def _complain_of_damage(gaps: Sequence[str]) -> None:
    if gaps:
        sys.stderr.write(f"rca: the evidence is damaged: {printable('; '.join(gaps))}\n")


@app.command()
def claims(debug: Debug = False) -> None:
    """Holds the failed project's own root-cause analysis against its sources, claim by claim.

    What a run says about its six issues is part of `rca diagnose`.

    Example:  rca claims
    """
    from rca.diagnosis.claims import load_claims
    from rca.report.claims_text import claims_table

    _console().print(claims_table(load_claims()))


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
    debug: Debug = False,
) -> None:
    """Writes one Markdown and one self-contained HTML report on a run, or on two sides compared.

    Example:  rca report runs/baseline runs/fixed --out report
    """
    from rca.report.write import report as write

    if len(runs) > 2 and not fixed:
        raise UsageError("rca report: with more than two runs, name those of one side by --fixed")
    before, after = (runs, fixed) if fixed else (runs[:1], runs[1:])
    for written in write(before, after, out):
        sys.stdout.write(f"{written}\n")


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="A run folder of ours, or a folder of logs.")],
    out: Annotated[Path, typer.Argument(help="Folder to write; must not exist or be empty.")],
    format_: Annotated[
        ExportFormat, typer.Option("--format", help="What other tools shall read.")
    ] = ExportFormat.tensorboard,
    debug: Debug = False,
) -> None:
    """Copies a run's signals, episodes and evaluations for other tools.

    Example:  rca export runs/my-run tables --format csv
    """
    from rca.runs.export import export_run
    from rca.runs.load import load_run

    for written in export_run(load_run(path), out, format_.value):
        sys.stdout.write(f"{written}\n")


probe_app = typer.Typer(no_args_is_help=True, help="Looks at one part before a run is spent on it.")
app.add_typer(probe_app, name="probe")


@probe_app.command("reward")
def probe_reward(
    config: Annotated[
        str, typer.Option(help="A preset (baseline, fixed, healthy) or a YAML file.")
    ] = "healthy",
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="One value, as in env.reward.collision=5; may be repeated."),
    ] = None,
    debug: Debug = False,
) -> None:
    """Says what idling, driving, failing and colliding are worth under a reward configuration.

    Exit code: 0 every promise of a sound reward holds, 1 one is broken.

    Example:  rca probe reward --config baseline --set env.reward.progress=0.1
    """
    from rca.config import load_config
    from rca.envs.probe import probe_reward
    from rca.report.reward_probe import tables

    settings = load_config(config, set_ or [])
    if settings.agent.discount == 1:
        raise UsageError("agent.discount=1: an endless episode has no discounted value; below 1")
    found = probe_reward(settings.env, settings.agent.discount)
    _console().print(tables(found))
    raise typer.Exit(0 if all(promise.holds for promise in found.promises) else 1)


@app.command()
def sim(
    map_: Annotated[str, typer.Option("--map", help="Built-in map or OpenDRIVE file.")] = "oval",
    port: Annotated[int, typer.Option(min=0, max=65534, help="RPC port; 0 picks a free one.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random in the world.")] = 0,
    debug: Debug = False,
) -> None:
    """Serves the embedded world to any CARLA 0.9.16 client, until Ctrl-C.

    Example:  rca sim --map oval --port 2000
    """
    arguments = ["--map", map_, "--port", str(port), "--seed", str(seed)]
    os.execv(sys.executable, [sys.executable, "-m", "rca.sim", *arguments])


def _console() -> "Console":
    from rich.console import Console

    # Piped output is read by programs and log files: no wrapping at 80 columns there.
    return Console() if sys.stdout.isatty() else Console(width=200)


def main() -> None:
    """Runs the command; turns every error into one line on stderr and an exit code."""
    try:
        app()
    except RcaError as error:
        _fail(f"{error}", error.exit_code, error)
    except KeyboardInterrupt as error:
        _fail("interrupted", 130, error)
    except Exception as error:  # noqa: BLE001  the user's boundary: a bug gets one line too
        _fail(f"{type(error).__name__}: {error} (a bug in rca; --debug shows where)", 3, error)


def _fail(line: str, code: int, error: BaseException) -> NoReturn:
    if "--debug" in sys.argv:
        raise error
    sys.stderr.write("rca: " + printable(" ".join(line.split())) + "\n")
    sys.exit(code)
