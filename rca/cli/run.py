"""`rca run`."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from rca.cli.app import Debug, app
from rca.errors import HaltedError, UsageError

if TYPE_CHECKING:
    from rca.config import RunConfig
    from rca.runs.record import Outcome
    from rca.td3.events import Emit, Event


class Size(StrEnum):
    """Lengths of a run: the seed's three verification tests."""

    short = "short"
    medium = "medium"
    full = "full"


class OnNan(StrEnum):
    """What to do about the first NaN or infinity in an update."""

    stop = "stop"
    continue_ = "continue"


class Driver(StrEnum):
    """Who drives."""

    td3 = "td3"
    pure_pursuit = "pure-pursuit"


class Device(StrEnum):
    """Where the networks are."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


OF_NEW_RUNS = ("config", "seed", "set_", "out", "plant", "scale_warmup", "agent")
"""Options that say what a new run is."""


@app.command()
def run(
    context: typer.Context,
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
        str, typer.Option(help="A preset (baseline, fixed, healthy, quick) or a YAML file.")
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
            min=1,
            max=65535,
            help="Port of a running CARLA server, in which nothing is evaluated; without it, ours "
            "is started.",
        ),
    ] = None,
    carla_root: Annotated[
        Path | None,
        typer.Option(
            help="Folder of an installed CARLA to start and drive in, without evaluations.",
            exists=True,
        ),
    ] = None,
    agent: Annotated[
        Driver,
        typer.Option(help="td3 learns; pure-pursuit is the scripted driver, a healthy control."),
    ] = Driver.td3,
    scale_warmup: Annotated[
        bool,
        typer.Option(
            "--scale-warmup",
            help="Shorten both warm-ups as the run is against 30,000 steps; updates take place.",
        ),
    ] = False,
    plant: Annotated[
        list[str] | None,
        typer.Option(help="A fault to plant, see `rca faults`; may be repeated."),
    ] = None,
    on_nan: Annotated[
        OnNan | None,
        typer.Option(
            help="NaN or infinity in an update: stop (exit code 4, batch dumped) or continue.",
            show_default=False,
        ),
    ] = None,
    device: Annotated[
        Device | None,
        typer.Option(
            help="auto: a GPU if torch sees one. Only runs on a CPU are bit-identical.",
            show_default=False,
        ),
    ] = None,
    probe_updates: Annotated[
        int,
        typer.Option(
            min=0, help="Updates on a copy after a whole run, to see whether gradients flow."
        ),
    ] = 0,
    resume: Annotated[
        Path | None,
        typer.Option(help="Go on with this interrupted or killed run, under its own config."),
    ] = None,
    halt_on: Annotated[
        list[str] | None,
        typer.Option(
            help="Stop (exit code 5) when this check fails, or any: fail; may be repeated."
        ),
    ] = None,
    dashboard: Annotated[
        bool, typer.Option("--dashboard", help="Show curves and checks while it runs.")
    ] = False,
    tensorboard: Annotated[
        bool,
        typer.Option("--tensorboard", help="Write event files too, in RUN/tensorboard."),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print the run folder and warnings, nothing else.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Trains TD3 in a CARLA world, by default the embedded one, into a new run folder.

    Example:  rca run short --config baseline --set agent.batch_size=64 --seed 1

    Ctrl-C finishes the step and saves a checkpoint, from which --resume goes on; a second one stops
    at once.

    Exit code: 0 finished, 2 wrong usage, 3 simulator or evidence broken, 4 a number of an update is
    NaN or infinite, 5 stopped by --halt-on, 130 stopped by Ctrl-C.
    """
    _refuse_contradictions(host, port, carla_root)
    if sum(way is not None for way in (size, steps, resume)) != 1:
        raise UsageError("rca run: give one of short, medium, full, --steps N or --resume RUN")
    if resume is not None:
        _refuse_changes(context)
    from rca import config as configs

    changed = {"on_nan": on_nan, "device": device}
    budget = {key: value.value for key, value in changed.items() if value is not None}
    if resume is not None:
        settings = configs.load_config(str(resume / "config.yaml"))
    else:
        length = steps or configs.STEPS[size.value if size else ""]
        of_new = {"steps": length, "seed": seed, **budget}
        given = [f"budget.{key}={value}" for key, value in of_new.items() if value is not None]
        settings = configs.load_config(config, [*(set_ or []), *given])
        settings = configs.scale_warmup(settings) if scale_warmup else settings
        settings = _driven_by(agent, settings)

    # These import torch, which takes seconds: what is wrong with the settings was said before.
    from rca.envs.servers import Address
    from rca.faults import find_fault
    from rca.runs import execute as runs

    faults = [find_fault(name) for name in plant or []]
    named = "+".join([Path(config).stem, *(fault.id for fault in faults)])
    folder = resume or out or runs.new_folder(Path("runs"), named, settings)
    with _listening(folder, settings, halt_on, dashboard, quiet) as (listener, halt):
        how: dict[str, Any] = {
            "server": carla_root if port is None else Address(host or "127.0.0.1", port),
            "listener": listener,
            "probe_updates": probe_updates,
            "halt": halt,
            "tensorboard": tensorboard,
            "told": _say,
        }
        if resume is not None:
            outcome = runs.resume(folder, budget=budget, **how)
        else:
            outcome = runs.execute(settings, folder, changes=faults, **how)
    _end(outcome, folder, halt, quiet=quiet)


def _end(outcome: "Outcome", folder: Path, halt: Callable[[], str], *, quiet: bool) -> NoReturn:
    """Says how a run ended and what to do next, and ends with the exit code of that."""
    from rca.runs.under_way import CHECKPOINTS

    if outcome.status == "interrupted":
        _print_how_to_go_on(folder, outcome.executed_steps or 0, folder / CHECKPOINTS)
    _print_next(folder, quiet=quiet)
    if outcome.status == "interrupted" and outcome.error:
        raise HaltedError(f"{outcome.error}; see rca diagnose {folder}")
    if reason := halt():  # a check that failed at the last step found nothing left to stop
        raise HaltedError(f"{reason}; see rca diagnose {folder}")
    raise typer.Exit(130 if outcome.status == "interrupted" else 0)


@contextmanager
def _listening(
    folder: Path,
    settings: "RunConfig",
    halt_on: list[str] | None,
    dashboard: bool,
    quiet: bool,
) -> Iterator[tuple["Emit", Callable[[], str]]]:
    """Yields who listens to a run, and what tells a reason to stop it."""
    from rca.cli import watch
    from rca.report.halting import Halt
    from rca.report.live import progress

    halt = Halt(folder, halt_on, settings.budget.steps) if halt_on else None
    shown = watch.dashboard(folder, wanted=dashboard)
    bar = progress(settings, quiet=quiet or dashboard)
    with _told_how_to_go_on(folder), shown, bar as listener:
        if halt is None:
            yield listener, str
            return

        def both(event: "Event") -> None:
            listener(event)
            halt(event)

        yield both, halt.should_stop


@contextmanager
def _told_how_to_go_on(folder: Path) -> Iterator[None]:
    """Says on stderr what a Ctrl-C leaves that stops at once."""
    try:
        yield
    except KeyboardInterrupt:
        _print_what_is_left(folder)
        raise typer.Exit(130) from None


def _print_what_is_left(folder: Path) -> None:
    from rca.runs.manifest import MANIFEST, read_manifest
    from rca.runs.under_way import CHECKPOINTS

    status = read_manifest(folder).get("status") if (folder / MANIFEST).is_file() else None
    if status in (None, "finished"):
        _say("interrupted")
        return
    saved = any((folder / CHECKPOINTS).glob("step-*.pt"))
    lost = "what came after the last checkpoint is done again" if saved else "it begins again"
    _say(f"stopped at once: {lost}")
    _say(f"to go on: rca run --resume {folder}")


def _refuse_contradictions(host: str | None, port: int | None, carla_root: Path | None) -> None:
    if host is not None and port is None:
        raise UsageError(f"--host {host}: give its port with --port; without it ours is started")
    if carla_root is not None and port is not None:
        raise UsageError("--carla-root starts a server, --port uses a running one: give one")


def _refuse_changes(context: typer.Context) -> None:
    """Refuses options that a resumed run could only ignore."""
    given = [
        "--" + name.strip("_").replace("_", "-")
        for name in OF_NEW_RUNS
        if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
    ]
    if given:
        raise UsageError(
            f"--resume goes on with the run's own config: leave out {', '.join(given)}"
        )


def _driven_by(agent: Driver, settings: "RunConfig") -> "RunConfig":
    from rca import config as configs

    if agent is Driver.pure_pursuit:
        return configs.scripted(settings)
    for find in (configs.warning_before_start, configs.settings_without_effect):
        if line := find(settings):
            sys.stderr.write(f"note: {line}\n")
    return settings


def _say(line: str) -> None:
    """Writes a line to stderr past Python's buffers: a signal may have come while they were used.

    On a terminal it takes the place of the progress bar, which is drawn again below.
    """
    erase = "\r\x1b[2K" if sys.stderr.isatty() else ""
    with suppress(OSError):  # whoever read it may be gone, and the run goes on
        os.write(2, f"{erase}rca: {line}\n".encode())


def _print_how_to_go_on(folder: Path, steps: int, checkpoints: Path) -> None:
    sys.stderr.write(f"rca: interrupted after {steps:,} steps\n")
    if checkpoints.is_dir():
        sys.stderr.write(f"rca: to go on: rca run --resume {folder}\n")


def _print_next(folder: Path, *, quiet: bool) -> None:
    if quiet:
        sys.stdout.write(f"{folder}\n")
        return
    sys.stdout.write(f"run folder: {folder}\nnext: rca check {folder}\n")
