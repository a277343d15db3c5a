"""The benchmark's runs: every fault and every healthy configuration, trained and diagnosed."""

import fnmatch
import math
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rca.bench import rldebugger
from rca.bench.score import Case
from rca.checking import Check, builtin_checks, load_checks, run_checks
from rca.config import load_config
from rca.diagnosis.diagnose import Diagnosis, acts_from, diagnose
from rca.errors import RcaError, UsageError
from rca.faults import Fault, load_faults
from rca.runs.load import load_run
from rca.runs.record import RunRecord
from rca.study.engines.local import run_here
from rca.study.trials import Trial, TrialResult, is_over
from rca.yaml_file import read_yaml

HEALTHY = Path(__file__).with_name("healthy.yaml")
EXPORTED = ("manifest.json", "config.yaml", "run.sqlite", "results.json", "wiring.json")
"""Parts of a run folder that a detective may see."""
SMOKE = (
    "encoders_swapped",
    "encoder_frozen",
    "target_frozen",
    "reward_sign",
    "image_unscaled",
    "healthy_plain",
)
"""What the smoke set holds: faults that show within a few hundred updates, and a healthy run."""
SMOKE_SETTINGS = (
    "agent.learning_starts=300",
    "agent.critic_warmup=50",
    "budget.eval_every=300",
    "budget.eval_episodes=2",
)
SMOKE_STEPS = 600


def smoke(seed: int = 1) -> list[Trial]:
    """Returns the trials of the smoke set: seconds each, for continuous integration."""
    settings = [*SMOKE_SETTINGS, f"budget.steps={SMOKE_STEPS}", f"budget.seed={seed}"]
    config = load_config("quick", settings)
    return [
        Trial(f"{name}-{seed}", config, () if name.startswith("healthy_") else (name,))
        for name in SMOKE
    ]


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
    return judged(run_here(trials, root, on_result, workers=workers))


def standing(trials: Sequence[Trial], root: Path) -> list[TrialResult]:
    """Returns the runs of a folder as they are, whichever version of rca made them.

    A run counts by its name and its planted fault if it has ended, by a crash too, which is what
    some faults do; missing ones are left out.

    Raises:
        UsageError: There is none.
    """
    found = [
        TrialResult(trial, root / trial.name)
        for trial in trials
        if is_over(trial, root / trial.name)
    ]
    if not found:
        raise UsageError(f"--as-is: no finished run of the benchmark in {root}")
    return found


def judged(results: Sequence[TrialResult]) -> list[Case]:
    """Diagnoses runs and returns the cases in order."""
    checks = load_checks([builtin_checks()])
    faults = load_faults()

    return [_judged(result, checks, faults) for result in results]


def _judged(result: TrialResult, checks: Sequence[Check], faults: Mapping[str, Fault]) -> Case:
    name, seed = result.trial.name, result.trial.config.budget.seed
    planted = result.trial.faults[0] if result.trial.faults else ""
    truth = faults[planted].causes if planted else ()
    try:
        run = load_run(result.folder)
        found = diagnose(run, run_checks(checks, run))
    except RcaError as error:
        return Case(name, planted, truth, (), error=result.error or str(error), seed=seed)
    distances = run.evaluations["mean_distance"]
    return Case(
        name,
        planted,
        truth,
        tuple((item.cause.id, item.probability) for item in found.ranked),
        float(distances.iloc[-1]) if len(distances) else math.nan,
        seed=seed,
        delay=_delay(found, truth, run),
        rival=rldebugger.ranking(run),
    )


def _delay(found: Diagnosis, truth: Sequence[str], run: RunRecord) -> float:
    for item in found.ranked:
        if item.cause.id in truth and item.onset is not None:
            return max(0.0, item.onset - acts_from(item.cause.acts_from, run))
    return math.nan


def export(trials: Sequence[Trial], root: Path, folder: Path) -> Path:
    """Copies finished runs and the truth about them into a folder for other tools to be scored on.

    Args:
        trials: Of the benchmark.
        root: Where their run folders are.
        folder: New or empty.

    Returns:
        `truth.csv` in the folder: run, seed, planted fault ("" in healthy runs), right causes.

    Raises:
        UsageError: The folder holds something, or no run is finished.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"--export {folder}: it holds something; name a new folder")
    finished = [result.trial for result in standing(trials, root)]
    faults = load_faults()
    rows = ["run,seed,fault,causes"]
    for trial in finished:
        to = folder / trial.name
        to.mkdir(parents=True)
        for part in EXPORTED:
            if (root / trial.name / part).is_file():
                shutil.copy2(root / trial.name / part, to / part)
        planted = trial.faults[0] if trial.faults else ""
        causes = " ".join(faults[planted].causes) if planted else ""
        rows.append(f"{trial.name},{trial.config.budget.seed},{planted},{causes}")
    truth = folder / "truth.csv"
    truth.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return truth
