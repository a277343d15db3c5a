"""The benchmark's runs: every fault, every healthy configuration, and random actions alone."""

import fnmatch
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from rca.bench.healthy import PLAIN, PREFIX, configurations, elsewhere, further
from rca.config import load_config
from rca.errors import UsageError
from rca.faults import load_faults
from rca.runs.load import load_run
from rca.runs.manifest import code, machine, this_code
from rca.study.trials import Trial, TrialResult, is_over, lasted

FaultSet = Literal["standard", "spent", "all"]
"""Which faults are planted beside the healthy runs. standard: those that the project set out to
plant, and the newest that were written by who had not read the checks; spent: of such ones those
that the checks have answered since."""
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
    "agent.learning_starts=250",
    "agent.critic_warmup=50",
    "budget.eval_every=250",
    "budget.eval_episodes=2",
)
SMOKE_STEPS = 450
SETTINGS = (
    "budget.on_nan=continue",  # a fault that makes NaN is to be diagnosed from what follows
    "budget.eval_episodes=2",  # a driving policy takes 570 steps each: four were 44% of a run
    "agent.actor_lr=0.0001",  # as in healthy.yaml; 3e-4 pins the actor in some seeds (benchmark.md)
    "agent.actor_encoder_lr=0.0001",
)
"""What every run of the sets changes of preset quick, which three seeds can do in an hour on two
cores."""
RANDOM_STEPS = 2_000
"""Of the runs that show what random actions reach."""


def smoke(seed: int = 1) -> list[Trial]:
    """Returns the trials of the smoke set: seconds each, for continuous integration."""
    settings = [*SMOKE_SETTINGS, f"budget.steps={SMOKE_STEPS}", f"budget.seed={seed}"]
    config = load_config("quick", settings)
    return [
        Trial(f"{name}-{seed}", config, () if name.startswith("healthy_") else (name,))
        for name in SMOKE
    ]


def planned(
    seeds: Sequence[int],
    only: str = "*",
    steps: int | None = None,
    wanted: FaultSet = "standard",
) -> list[Trial]:
    """Returns the trials: faults x seeds, healthy configurations x seeds, further plain ones.

    Args:
        seeds: Of the runs.
        only: Pattern of names, as in `encoder_*`; healthy ones are called `healthy_NAME`.
        steps: Environment steps instead of the preset's.
        wanted: Which faults, where no names are given.

    Raises:
        UsageError: Nothing is of that name.
    """
    shared = [*SETTINGS, *([] if steps is None else [f"budget.steps={steps}"])]
    wanted = wanted if only == "*" else "all"
    known = load_faults().items()
    faults = [name for name, f in known if wanted in ("all", "spent" if f.spent else "standard")]
    trials = []
    for seed in seeds:
        base = load_config("quick", [*shared, f"budget.seed={seed}"])
        trials += [Trial(f"{name}-{seed}", base, (name,)) for name in faults]
        for name, settings in configurations().items():
            changed = [*shared, f"budget.seed={seed}", *settings]
            trials.append(Trial(f"{PREFIX}{name}-{seed}", load_config("quick", changed)))
        for other in further(seed):
            config = load_config("quick", [*shared, f"budget.seed={other}"])
            trials.append(Trial(f"{PLAIN}-{other}", config))
    trials = list({trial.name: trial for trial in trials}.values())
    chosen = [trial for trial in trials if fnmatch.fnmatch(trial.name.rsplit("-", 1)[0], only)]
    if not chosen:
        raise UsageError(f"--only {only}: no fault or healthy configuration is called so")
    return chosen


def described(results: Sequence[TrialResult]) -> str:
    """Returns a sentence on what a run of the benchmark is, from the first that has a fault.

    As its process was told, which for runs made before need not be what would be planned now.
    """
    first = next((result for result in results if result.trial.faults), results[0])
    told = first.folder.parent / f"{first.trial.name}.yaml"
    config = load_config(str(told)) if told.is_file() else first.trial.config
    env, agent, budget = config.env, config.agent, config.budget
    return (
        f"A run is preset quick for {budget.steps:,} steps: map {env.map}, {env.frame_stack} grey "
        f"frames of {env.image_size}x{env.image_size}, batches of {agent.batch_size}, an actor's "
        f"learning rate of {agent.actor_lr:g}, updates from step {agent.learning_starts + 1:,} on, "
        f"evaluations of {budget.eval_episodes} episodes on held-out routes every "
        f"{budget.eval_every:,} steps and at the end."
    )


def spent(results: Sequence[TrialResult]) -> str:
    """Returns a sentence on how long the runs took, with which versions and on what machine.

    From the runs' own folders, so that a benchmark that was stopped, or is scored again, says it.
    """
    seconds = np.array([lasted(result.folder) for result in results])
    minutes, timed = float(np.nansum(seconds)) / 60, int(np.isfinite(seconds).sum())
    commits: dict[str, set[str]] = {}
    for result in results:
        if made := _made(result.folder):
            commits.setdefault(made[1], set()).add(made[0])
    known = [f"rca of {' and '.join(sorted(of))}, {by}" for by, of in commits.items()]
    versions, where = "; ".join(known) or "unknown versions", machine()
    return (
        f"{timed} of {len(results)} runs took {minutes:,.0f} minutes by the clock, each on one "
        f"core beside whatever else ran: {minutes / 2:,.0f} on two. Made with {versions}; "
        f"diagnosed with rca of {this_code()} on {where['cpus']} cores ({where['cpu']})."
    )


def _made(folder: Path) -> tuple[str, str] | None:
    """Returns the code that made a run, and the other versions with the machine, if known."""
    try:
        made = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        versions, where = made["versions"], made["machine"]
        return code(made), (
            f"torch {versions['torch']} and carla {versions['carla']} on {where['cpus']} cores "
            f"({where['cpu']})"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def standing(trials: Sequence[Trial], root: Path, least: int = 1) -> list[TrialResult]:
    """Returns the runs of a folder as they are, whichever version of rca made them.

    A run counts by its name and its planted fault if it has ended, by a crash too, which is what
    some faults do; missing ones are left out.

    Raises:
        UsageError: There are fewer than `least`.
    """
    found = [
        TrialResult(trial, root / trial.name)
        for trial in trials
        if is_over(trial, root / trial.name)
    ]
    if len(found) < least:
        raise UsageError(f"{root}: no finished run of the benchmark; run it there first")
    return found


def random_trials(seeds: Sequence[int]) -> list[Trial]:
    """Returns runs of uniformly random actions and nothing else, in each world of a healthy run."""
    steps = f"budget.steps={RANDOM_STEPS}"
    alone = ["agent.random_phase=uniform", f"agent.learning_starts={RANDOM_STEPS}", steps]
    alone += ["budget.eval_every=0"]
    worlds = {PLAIN: (), **elsewhere()}
    return [
        Trial(
            _random_name(name, seed), load_config("quick", [*alone, *wanted, f"budget.seed={seed}"])
        )
        for seed in seeds
        for name, wanted in worlds.items()
    ]


def _random_name(name: str, seed: int) -> str:
    return f"random-{seed}" if name == PLAIN else f"random_{name.removeprefix(PREFIX)}-{seed}"


def random_distances(results: Sequence[TrialResult]) -> dict[str, float]:
    """Returns how far random actions drive on average, metres, by the healthy run's name."""
    driven: dict[str, list[float]] = {}
    for result in results:
        if not result.error:
            world = result.trial.name.rsplit("-", 1)[0].removeprefix("random").lstrip("_")
            metres = load_run(result.folder).episodes["distance"].dropna()
            driven.setdefault(f"{PREFIX}{world}" if world else PLAIN, []).extend(metres)
    return {name: float(np.mean(metres)) for name, metres in driven.items() if metres}
