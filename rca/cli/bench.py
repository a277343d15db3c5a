"""`rca bench`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rca.cli.app import Debug, app


@app.command()
def bench(
    out: Annotated[Path, typer.Option(help="Folder for the page and the cases.")] = Path("bench"),
    runs: Annotated[
        Path, typer.Option(help="Folder of the runs; finished ones are not run again.")
    ] = Path("runs/bench"),
    seed: Annotated[
        list[int] | None, typer.Option(min=0, help="Seed of every run; may be repeated.")
    ] = None,
    only: Annotated[str, typer.Option(help="Names to run, as in 'encoder_*'.")] = "*",
    steps: Annotated[
        int | None, typer.Option(min=1, help="Environment steps, instead of the preset's.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Runs at once; one core each.")] = 2,
    debug: Debug = False,
) -> None:
    """Plants every fault in the quick preset, diagnoses the runs and scores the diagnosis.

    A run takes about a minute on one core; a stopped benchmark goes on where it was.

    Example:  rca bench --only 'encoder_*' --seed 1 --out reports/my-bench
    """
    from rca.bench.report import write_benchmark
    from rca.bench.run import benchmark, planned
    from rca.study.trials import TrialResult

    seeds = seed or [1]
    trials = planned(seeds, only, steps)
    done = 0

    def tell(result: TrialResult) -> None:
        nonlocal done
        done += 1
        sys.stderr.write(f"{done}/{len(trials)} {result.trial.name} {result.error or 'done'}\n")

    cases = benchmark(trials, runs, workers=workers, on_result=tell)
    length = "" if steps is None else f" --steps {steps}"
    named = "" if only == "*" else f" --only '{only}'"
    how = "rca bench" + named + length + "".join(f" --seed {s}" for s in seeds)
    sys.stdout.write(f"{write_benchmark(cases, out, how)}\n")
