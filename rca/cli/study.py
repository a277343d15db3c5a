"""`rca study`."""

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rca.cli.app import Debug, app, console
from rca.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from rca.study.factors import Arm
    from rca.study.study import Study
    from rca.study.trials import Engine, TrialResult


@app.command()
def study(
    before: Annotated[
        str,
        typer.Argument(
            help="The failing end: a preset or YAML file, with +FAULT for each planted fault; or "
            "the name of a study: seed, augmentation."
        ),
    ],
    after: Annotated[
        str | None, typer.Argument(help="The fixed end, likewise.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report.")] = None,
    runs: Annotated[
        Path | None, typer.Option(help="Folder of the runs; finished ones are not run again.")
    ] = None,
    design: Annotated[
        str,
        typer.Option(
            help="one-at-a-time, leave-one-out, fractional, full, auto, or minimal (ddmin)."
        ),
    ] = "one-at-a-time",
    seed: Annotated[
        list[int] | None, typer.Option(min=0, help="Of every arm; may be repeated.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Environment steps of each run, instead of the end's.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting of both ends, as in env.image_size=48; repeatable."),
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(help="Keys that are one factor, as in lr=agent.actor_lr,agent.critic_lr."),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(help="Time there is, as in 30m: chooses design, seeds and steps."),
    ] = None,
    engine: Annotated[str, typer.Option(help="local or ray.")] = "local",
    address: Annotated[str | None, typer.Option(help="Of a running Ray cluster.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Runs at once; one core each.")] = 2,
    debug: Debug = False,
) -> None:
    """Runs a failing and a fixed configuration factor by factor, to find which one did it.

    Every trial is an ordinary run folder; a stopped study goes on where it was, and with more
    seeds it runs only the new ones.

    Example:  rca study quick+encoders_swapped quick --set agent.batch_size=32 --budget 30m
    """
    from rca.report.page import write_page
    from rca.study.plan import Asked, planned
    from rca.study.report import write_study
    from rca.study.study import run_study, run_until_fixed

    chosen = _engine(engine, address, workers)
    place = runs or Path("runs/study")
    made, given_up = planned(
        Asked(
            before,
            after,
            tuple(seed or ()),
            steps,
            tuple(set_ or ()),
            tuple(group or ()),
            design,
            budget,
        ),
        place,
        workers,
    )
    for line in given_up:
        sys.stderr.write(f"note: given up for the budget: {line}\n")
    root = runs or place / made.name
    with _progress(made) as tell:
        if design == "minimal":
            table, found = run_until_fixed(made, root, chosen, tell)
        else:
            table, found = run_study(made, root, chosen, tell), None
    if table["error"].ne("").all():
        raise UsageError(f"{root}: no run finished; the first says: {table['error'].iloc[0]}")
    if design == "minimal":
        _print_minimal(found)
    _print_verdicts(made, table)
    page = write_study(made, table, out or Path("reports") / f"{made.name}-study", _how())
    write_page(page)
    sys.stdout.write(f"{page}\n")


def _how() -> str:
    import shlex

    return "rca " + shlex.join(sys.argv[1:])


def _engine(name: str, address: str | None, workers: int) -> "Engine":
    """Returns an engine by name.

    Raises:
        UsageError: There is none of that name, or what it needs is not installed.
    """
    if name == "ray":
        from rca.study.engines.ray import ray

        return ray(address)
    if name != "local":
        raise UsageError(f"--engine {name}: choose local or ray")
    if address is not None:
        raise UsageError("--address: it is for --engine ray")
    from rca.study.engines.local import local

    return local(workers)


@contextmanager
def _progress(study: "Study") -> Iterator[Callable[["TrialResult"], None]]:
    """Shows a bar with the time left while runs come in; plain lines when piped."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    screen = Console(stderr=True)
    total = len(study.arms) * len(study.seeds)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen, disable=not screen.is_terminal) as bar:
        task, done = bar.add_task(f"study {study.name}", total=total), 0

        def tell(result: "TrialResult") -> None:
            nonlocal done
            done += 1
            bar.update(task, completed=done)
            line = f"{done}/{total} {result.trial.name}: {result.error or 'finished'}"
            screen.print(line, markup=False, highlight=False, soft_wrap=True)

        yield tell


def _print_minimal(found: "Arm | None") -> None:
    """Prints what delta debugging found."""
    if found is None:
        console().print("The outcome is not clear-cut: the fixed end is not better on every seed.")
    else:
        console().print(f"Smallest set that fixes the run: {', '.join(sorted(found))}")


def _print_verdicts(study: "Study", table: "pd.DataFrame") -> None:
    """Prints the verdict on every factor."""
    from rich.table import Table

    from rca.study.study import MEASURES, analysed

    measure = MEASURES[0]
    for context in study.contexts:
        shown = Table(
            "factor",
            "verdict",
            f"fixed alone, {measure.unit}",
            f"kept, {measure.unit}",
            title=f"{measure.name}: {context}" if context else measure.name,
        )
        for item in analysed(study, table, measure, context):
            seeds = f" ({item.seeds} seeds would decide)" if item.seeds else ""
            shown.add_row(
                item.factor,
                f"{item.answer}{seeds}",
                _signed(item.rescue.mean),
                _signed(item.keep.mean),
            )
        console().print(shown)


def _signed(mean: float) -> str:
    return "not run" if math.isnan(mean) else f"{mean:+.1f}"
