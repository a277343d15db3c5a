"""The benchmark's runs: every fault and every healthy configuration, trained and diagnosed."""

import fnmatch
import math
from collections.abc import Callable, Sequence
from pathlib import Path

from rca.bench.score import Case
from rca.checking import builtin_checks, load_checks, run_checks
from rca.config import load_config
from rca.diagnosis.diagnose import diagnose
from rca.errors import RcaError, UsageError
from rca.faults import load_faults
from rca.runs.load import load_run
from rca.study.engines.local import run_here
from rca.study.trials import Trial, TrialResult
from rca.yaml_file import read_yaml

HEALTHY = Path(__file__).with_name("healthy.yaml")


def planned(seeds: Sequence[int], only: str = "*", steps: int | None = None) -> list[Trial]:
    """Returns the trials: faults x seeds, then healthy configurations x seeds.

    Args:
        seeds: Of the runs.
        only: Pattern of names, as in `encoder_*`; healthy ones are called `healthy_NAME`.
        steps: Environment steps instead of the preset's.

    Raises:
        UsageError: Nothing is of that name.
    """
    # A fault that makes NaN is to be diagnosed from what follows, not stopped at.
    shorter = ["budget.on_nan=continue"]
    shorter += [] if steps is None else [f"budget.steps={steps}"]
    trials = []
    for seed in seeds:
        base = load_config("quick", [*shorter, f"budget.seed={seed}"])
        trials += [Trial(f"{fault}-{seed}", base, (fault,)) for fault in load_faults()]
        for name, settings in read_yaml(HEALTHY).items():
            changed = [*shorter, f"budget.seed={seed}", *map(str, _listed(settings))]
            trials.append(Trial(f"healthy_{name}-{seed}", load_config("quick", changed)))
    chosen = [trial for trial in trials if fnmatch.fnmatch(trial.name.rsplit("-", 1)[0], only)]
    if not chosen:
        raise UsageError(f"--only {only}: no fault or healthy configuration is called so")
    return chosen


def _listed(settings: object) -> list[object]:
    return list(settings) if isinstance(settings, list) else []


def benchmark(
    trials: Sequence[Trial],
    root: Path,
    *,
    workers: int = 2,
    on_result: Callable[[TrialResult], None] = lambda result: None,
) -> list[Case]:
    """Runs what is not finished yet, diagnoses every run, and returns the cases in order."""
    results = run_here(trials, root, on_result, workers=workers)
    checks = load_checks([builtin_checks()])
    faults = load_faults()

    def judged(result: TrialResult) -> Case:
        planted = result.trial.faults[0] if result.trial.faults else ""
        truth = faults[planted].causes if planted else ()
        try:
            run = load_run(result.folder)
            found = diagnose(run, run_checks(checks, run))
        except RcaError as error:
            return Case(result.trial.name, planted, truth, (), error=result.error or str(error))
        ranking = tuple((item.cause.id, item.probability) for item in found.ranked)
        distances = run.evaluations["mean_distance"]
        outcome = float(distances.iloc[-1]) if len(distances) else math.nan
        return Case(result.trial.name, planted, truth, ranking, outcome)

    return [judged(result) for result in results]
