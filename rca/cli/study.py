"""`rca study`."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rca.cli.app import Debug, app, coming_in, console
from rca.errors import EvidenceError, UsageError

if TYPE_CHECKING:
    from rca.study.attribution import Attribution
    from rca.study.plan import Planned
    from rca.study.search import Searched
    from rca.study.trials import Engine


@app.command()
def study(
    before: Annotated[
        str,
        typer.Argument(
            help="The failing end: a preset or YAML file, with +FAULT for each planted fault; or "
            "the name of a study: seed, augmentation; or the folder of a study's page, to analyse "
            "it again without running."
        ),
    ],
    after: Annotated[
        str | None, typer.Argument(help="The fixed end, likewise.", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report.")] = None,
    runs: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the runs; whatever was run there before with the same settings, faults "
            "and seed is not run again."
        ),
    ] = None,
    design: Annotated[
        str | None,
        typer.Option(
            help="one-at-a-time, leave-one-out, fractional, full, minimal (delta debugging), or "
            "auto: delta debugging where the outcome is clear-cut, else one-at-a-time, or what the "
            "budget allows. Without it: auto with a budget, else one-at-a-time.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[
        list[int] | None, typer.Option(min=0, help="Of every arm; may be repeated.")
    ] = None,
    look: Annotated[
        list[int] | None,
        typer.Option(
            min=2,
            help="Number of seeds at which the study is judged, as in --look 4 --look 8: it ends "
            "at the first that names a cause and leaves none known in part, and every look has its "
            "share of the error. For the designs one-at-a-time and full.",
        ),
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
        typer.Option(
            help="Time there is, as in 30m: measures short runs, chooses seeds, picture size, "
            "steps and design, and says what it gave up."
        ),
    ] = None,
    engine: Annotated[str, typer.Option(help="local or ray.")] = "local",
    address: Annotated[str | None, typer.Option(help="Of a running Ray cluster.")] = None,
    gpus: Annotated[
        float, typer.Option(min=0, max=1, help="Share of a GPU for each run, with --engine ray.")
    ] = 0.0,
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            help="Runs at once, one core each; with Ray, where slots decide, for --budget alone.",
        ),
    ] = 2,
    debug: Debug = False,
) -> None:
    """Runs a failing and a fixed configuration factor by factor, to find which one did it.

    Every trial is an ordinary run folder; a stopped study goes on where it was, and with more
    seeds, arms or factors it runs only the new ones. Seeds added because of a verdict make the
    next one err oftener: plan them with --look.

    Exit code: 0 the page is written, 2 wrong usage, 3 no run finished or a study's files are
    damaged, 130 stopped by Ctrl-C; the same command goes on.

    Example:  rca study quick+encoders_swapped quick --budget 30m
    """
    from rca.runs.opening import make_folder
    from rca.study.plan import Asked, name_of, planned
    from rca.study.saved import STUDY, name_in, saved

    if after is None and (Path(before) / STUDY).is_file():
        make_folder(out or Path(before))
        _finish(*saved(Path(before)), out or Path(before))
        return
    chosen = _engine(engine, address, gpus, workers)
    asked = Asked(
        before,
        after,
        tuple(seed or ()),
        steps,
        tuple(set_ or ()),
        tuple(group or ()),
        design,
        budget,
        tuple(look or ()),
    )
    name = name_of(asked)
    folder = out or Path("reports") / f"{name}-study"
    if name_in(folder) not in (None, name):
        raise UsageError(f"{folder}: holds the study {name_in(folder)}; choose another --out")
    root = runs or Path("runs/study") / name
    made = planned(asked, root, chosen, workers)
    make_folder(folder)
    for line in made.notes:
        sys.stderr.write(f"note: {line}\n")
    found = _run(made, root, chosen)
    said = " ".join(filter(None, (*(f"{note}." for note in made.notes), found.said)))
    _finish(replace(found, said=said[:1].upper() + said[1:]), _how(), folder)


def _run(made: "Planned", root: Path, engine: "Engine") -> "Searched":
    """Runs a study, or says how to go on with it.

    Raises:
        EvidenceError: No run finished.
    """
    from rca.study.looks import run_in_looks
    from rca.study.search import Searched, run_auto, run_until_fixed
    from rca.study.study import run_study

    study = made.study
    searches = {"minimal": run_until_fixed, "auto": run_auto}
    search = run_in_looks if study.looks else searches.get(made.design)
    runs = len(study.arms) * len(study.seeds)
    with coming_in(f"study {study.name}", runs, root) as tell:
        if search is not None:
            found = search(study, root, engine, tell)
        else:
            found = Searched(study, run_study(study, root, engine, tell))
    errors = found.table["error"]
    if errors.ne("").all():
        raise EvidenceError(f"{root}: no run finished; the first says: {errors.iloc[0]}")
    if errors.ne("").any():
        sys.stderr.write(f"note: {errors.ne('').sum()} of {len(errors)} runs failed, left out\n")
    return found


def _finish(found: "Searched", how: str, folder: Path) -> None:
    """Prints the verdicts and writes the page."""
    from rca.report.page import write_page
    from rca.study.figure import finding
    from rca.study.report import write_study
    from rca.study.study import MEASURES, analysed, nothing_to_explain

    page = write_study(found, folder, how)  # first: whoever reads the terminal may close the pipe
    write_page(page)
    answers = {
        name: analysed(found.study, found.table, MEASURES[0], name) for name in found.study.contexts
    }
    console().print(f"{finding(answers)}.", style="bold", markup=False)
    hollow = nothing_to_explain(found.study, found.table)
    if hollow:
        console().print(hollow, markup=False)
    if found.said:
        console().print(found.said, markup=False)
    _print_verdicts(answers)
    sys.stdout.write(f"{page}\n")


def _how() -> str:
    import shlex

    return "rca " + shlex.join(sys.argv[1:])


def _engine(name: str, address: str | None, gpus: float, workers: int) -> "Engine":
    """Returns an engine by name.

    Raises:
        UsageError: There is none of that name, or what it needs is not installed.
    """
    if name == "ray":
        from rca.study.engines.ray import ray

        return ray(address, gpus)
    if name != "local":
        raise UsageError(f"--engine {name}: choose local or ray")
    if address is not None:
        raise UsageError("--address: it is for --engine ray")
    if gpus:
        raise UsageError("--gpus: it is for --engine ray")
    from rca.study.engines.local import local

    return local(workers)


def _print_verdicts(answers: dict[str, list["Attribution"]]) -> None:
    """Prints the verdict on every factor."""
    from rich.table import Table

    from rca.study.glance import signed
    from rca.study.study import MEASURES

    measure = MEASURES[0]
    for context, found in answers.items():
        shown = Table(
            "factor",
            "verdict",
            f"fixed alone, {measure.unit}",
            f"kept, {measure.unit}",
            title=f"{measure.name}: {context}" if context else measure.name,
        )
        for item in found:
            seeds = f" ({item.seeds} seeds would decide)" if item.seeds else ""
            shown.add_row(
                item.factor,
                f"{item.answer}{seeds}",
                *(signed(effect.mean) for effect in (item.rescue, item.keep)),
            )
        console().print(shown)
