"""Times the whole learning loop against Stable-Baselines3's: act, step, store, sample, update.

Both train on the same endless noise with the same networks, batch and shapes, one update per step.
Needs the `bench` extra. As in update.py each contender has a process of its own and works only
while the others wait; SB3 takes part twice, and the spread of its ratio to itself (A/A) is the
resolution of the others. "rca, probed" has every default probe, the NaN guard and the wiring audit
on and writes a run folder, as `rca run` does.

    python benchmarks/loop.py --size 84 --batch 128 --threads 2
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from update import STORED, Noise, compare, report

from rca.build import default_build
from rca.config import AgentConfig, BudgetConfig, RunConfig
from rca.probes.engine import Probes
from rca.runs.auditor import Auditor
from rca.runs.folder import RunWriter
from rca.runs.guard import Guard
from rca.runs.recorder import Recorder
from rca.runs.strips import Strips
from rca.td3.allocator import keep_freed_memory
from rca.td3.events import Emit, Event
from rca.td3.train import Training

CONTENDERS = ("SB3", "SB3 again", "rca", "rca, reused features", "rca, probed")
RANDOM = 200
"""Steps with random actions before the first update."""
WARM = 60
"""Updates before the measurement: the wiring audit listens to the first 50 of a run and then to 4
of every 2000."""


def sb3_steps(size: int, batch: int) -> Callable[[int], None]:
    """Returns a function that takes n of SB3's steps, each with an update."""
    from stable_baselines3 import TD3 as THEIRS

    model = THEIRS(
        "MultiInputPolicy",
        Noise(size),
        batch_size=batch,
        buffer_size=STORED,
        learning_rate=3e-4,
        learning_starts=RANDOM,
        train_freq=1,
        gradient_steps=1,
        policy_kwargs={
            "net_arch": [256, 256],
            "features_extractor_kwargs": {"cnn_output_dim": 512},
        },
        device="cpu",
        seed=0,
    )
    model.learn(RANDOM + WARM)
    return lambda count: model.learn(count, reset_num_timesteps=False) and None


def our_steps(size: int, batch: int, contender: str) -> Callable[[int], None]:
    """Returns a function that takes n of our steps, each with an update."""
    training = _training(size, batch, reuse="reused" in contender)
    if "probed" in contender:
        training.emit = recording(training, training.config)
    steps = stepping(training)
    steps(RANDOM + WARM)
    return steps


def stepping(training: Training) -> Callable[[int], None]:
    """Returns a function that takes n steps, as `rca.td3.train.train` does."""
    keep_freed_memory()
    obs, episode = training.reset()

    def steps(count: int) -> None:
        nonlocal obs, episode
        for _ in range(count):
            obs, ended = training.step(obs, episode)
            training.learn()
            if ended:
                training.emit(ended)
                training.progress.episode += 1
                obs, episode = training.reset()

    return steps


def outside(size: int, batch: int, threads: int, count: int = 60) -> float:
    """Returns the share of our loop's steps that is spent outside the update and its sampling.

    As `rca run` has it, with everything that listens to a step.
    """
    torch.set_num_threads(threads)
    training = _training(size, batch, reuse=False)
    training.emit = recording(training, training.config)
    steps, spent = stepping(training), 0.0
    steps(RANDOM + WARM)
    learn = training.learn

    def timed() -> None:
        nonlocal spent
        began = time.perf_counter()
        learn()
        spent += time.perf_counter() - began

    training.learn = timed  # type: ignore[method-assign]
    began = time.perf_counter()
    steps(count)
    return 1 - spent / (time.perf_counter() - began)


def _training(size: int, batch: int, *, reuse: bool) -> Training:
    agent = AgentConfig(
        batch_size=batch, buffer_size=STORED, learning_starts=RANDOM, reuse_features=reuse
    )
    budget = BudgetConfig(steps=10**9, threads=torch.get_num_threads())
    config = RunConfig(agent=agent, budget=budget)
    return default_build(config).training(Noise(size), lambda event: None)


def recording(training: Training, config: RunConfig) -> Emit:
    """Returns listeners as `rca.runs.execute` has them; `main` removes the folder."""
    writer = RunWriter.create(Path(tempfile.mkdtemp()) / "run", config)
    auditor = Auditor(training.agent, writer.folder)
    probes = Probes(config.probes, training.agent)
    listeners = [
        *(Recorder(writer, probes, training.agent), Strips(writer, config.budget.steps)),
        *(Guard(writer, "stop"), auditor),
    ]

    def emit(event: Event) -> None:
        with auditor.muted():
            for listener in listeners:
                listener(event)

    return emit


def contend(contender: str, size: int, batch: int) -> Callable[[int], None]:
    """Returns what takes n steps."""
    if contender.startswith("SB3"):
        return sb3_steps(size, batch)
    return our_steps(size, batch, contender)


def main() -> None:
    """Prints a line per contender."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=84, help="pixels")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--updates", type=int, default=20, help="steps per contender and round")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["TMPDIR"] = scratch  # of the contenders
        report("loop", options, CONTENDERS, compare(options, CONTENDERS, contend))


if __name__ == "__main__":
    main()
