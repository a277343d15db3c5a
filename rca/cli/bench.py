"""`rca bench`."""

import math
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from rca.cli.app import Debug, app, coming_in, console
from rca.errors import UsageError

UNSPENT = 91
"""Seed where none is given: no limit was set on it, and no check came from it."""


@app.command()
def bench(
    out: Annotated[Path, typer.Option(help="Folder for the page and the cases.")] = Path("bench"),
    runs: Annotated[
        Path, typer.Option(help="Folder of the runs; finished ones are not run again.")
    ] = Path("runs/bench"),
    seed: Annotated[
        list[int] | None, typer.Option(min=0, help="Seed of every run; may be repeated.")
    ] = None,
    calibrated: Annotated[
        list[int] | None,
        typer.Option(min=0, help="A seed on which limits were set: scored apart; repeatable."),
    ] = None,
    only: Annotated[str, typer.Option(help="Names to run, as in 'encoder_*', of any set.")] = "*",
    faults: Annotated[
        Literal["standard", "spent", "all"],
        typer.Option(
            "--set",
            help="standard; spent: faults by people who had not read the checks, which have had "
            "answers since; or all.",
        ),
    ] = "standard",
    steps: Annotated[
        int | None, typer.Option(min=1, help="Environment steps, instead of the preset's.")
    ] = None,
    smoke: Annotated[
        bool, typer.Option("--smoke", help="A few faults in runs of seconds, for CI.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(help="Copy finished runs and the truth here, for other tools; run nothing."),
    ] = None,
    score: Annotated[
        Path | None,
        typer.Option(help="Another tool's answers about exported runs, with --truth; run nothing."),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="The truth.csv of the export that --score is about.")
    ] = None,
    as_is: Annotated[
        bool,
        typer.Option("--as-is", help="Diagnose and score the finished runs there; run nothing."),
    ] = False,
    workers: Annotated[int, typer.Option(min=1, help="Runs at once; one core each.")] = 2,
    debug: Debug = False,
) -> None:
    """Plants faults in the quick preset, one a run, diagnoses the runs and scores the diagnosis.

    A run takes about half a minute on one core; Ctrl-C ends it with exit code 130, and the same
    command goes on where it was.

    Example:  rca bench --only 'encoder_*' --seed 91 --out reports/my-bench
    """
    if score is not None:
        _score(score, truth)
        return
    from rca.bench import run as benchmarks
    from rca.bench.diagnosing import judged
    from rca.bench.report import write_benchmark
    from rca.report.page import write_page
    from rca.report.wording import plural
    from rca.runs.opening import make_folder
    from rca.study.trials import alone_in

    seeds = seed or [1 if smoke else UNSPENT]
    if len(set(seeds)) < len(seeds):
        raise UsageError("--seed: one is given twice; the same run would count as two")
    trials = benchmarks.smoke(seeds[0]) if smoke else benchmarks.planned(seeds, only, steps, faults)
    if export is not None:
        from rca.bench.exchange import export as exported

        sys.stdout.write(f"{exported(trials, runs, export)}\n")
        return
    from rca.study.engines.local import run_here

    make_folder(out)
    at_random = [] if smoke else benchmarks.random_trials(seeds)
    if as_is:
        results = benchmarks.standing(trials, runs)
        driven = benchmarks.standing(at_random, runs, least=0)
    else:
        every = [*trials, *at_random]
        with alone_in(runs), coming_in("benchmark", len(every), runs) as tell:
            results = run_here(every, runs, tell, workers=workers)
        results, driven = results[: len(trials)], results[len(trials) :]
    sys.stderr.write(f"diagnosing {plural(len(results), 'run')}\n")
    cases = judged(results, workers)
    told = [benchmarks.described(results), benchmarks.spent([*results, *driven])]
    random = benchmarks.random_distances(driven)
    how = ["rca bench", *(["--smoke"] if smoke else [])]
    uses_set = only == "*" and faults != "standard" and not smoke
    how += [f"--set {faults}"] if uses_set else []
    how += [] if only == "*" else [f"--only '{only}'"]
    how += [] if steps is None else [f"--steps {steps}"]
    how += ["--as-is"] if as_is else []
    how += [f"--seed {s}" for s in seeds] + [f"--calibrated {s}" for s in calibrated or ()]
    page = write_benchmark(cases, out, " ".join(how), calibrated or (), told=told, random=random)
    write_page(page)
    sys.stdout.write(f"{page}\n")


def _score(answers: Path, truth: Path | None) -> None:
    """Prints the scores of another tool's answers.

    Raises:
        UsageError: There is no truth to score them by.
    """
    from dataclasses import asdict

    import numpy as np
    from rich.table import Table

    from rca.bench.answers import answered
    from rca.bench.score import intervals, score
    from rca.runs.manifest import this_code

    if truth is None:
        raise UsageError(f"--score {answers}: needs --truth, the truth.csv of the export")
    cases = answered(answers, truth)
    title, by = f"{answers}: {len(cases)} runs", f"scored by rca of {this_code()}"
    shown = Table("score", "measured", "95% interval", title=title, caption=by)
    spans = intervals(cases, np.random.default_rng(0))
    for name, value in asdict(score(cases)).items():
        low, high = spans[name]
        cells = ("-", "-") if math.isnan(value) else (f"{value:.0%}", f"{low:.0%} to {high:.0%}")
        shown.add_row(name, *cells)
    console().print(shown)
