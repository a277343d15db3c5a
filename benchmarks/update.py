"""Times one TD3 update against Stable-Baselines3's on the same networks, batch and shapes.

Needs the `bench` extra. Each contender lives in a process of its own and works only while the
others wait; every round times all of them, and ratios are taken within a round. SB3 takes part
twice: the spread of its ratio to itself (A/A) is the resolution of the others. On a busy machine
only the CPU ratios of one thread mean anything.

    python benchmarks/update.py --size 84 --batch 128 --threads 2
"""

import argparse
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection

import gymnasium as gym
import numpy as np
import torch

from rca.config import AgentConfig
from rca.td3.agent import TD3
from rca.td3.allocator import keep_freed_memory
from rca.td3.networks import Shapes
from rca.td3.replay import Replay

VECTOR, ACTION, FRAMES = 53, 2, 4
STORED = 2000
"""Transitions in the buffers: enough to leave the caches, little enough to fill quickly."""
CONTENDERS = ("SB3", "SB3 again", "SB3, our allocator", "rca", "rca, reused features")
"""Any process can tell its C library to keep freed memory, as ours does (rca/td3/allocator.py)."""


class Noise(gym.Env[dict[str, np.ndarray], np.ndarray]):
    """Random observations, episodes of 200 steps."""

    def __init__(self, size: int) -> None:
        self.observation_space = gym.spaces.Dict(
            image=gym.spaces.Box(0, 255, (FRAMES, size, size), np.uint8),
            vector=gym.spaces.Box(-1, 1, (VECTOR,), np.float32),
        )
        self.action_space = gym.spaces.Box(-1, 1, (ACTION,), np.float32)

    def reset(self, *, seed=None, options=None):  # noqa: ANN001, ANN201, D102
        super().reset(seed=seed)
        self.steps = 0
        self.image = self.np_random.integers(
            256, size=self.observation_space["image"].shape, dtype=np.uint8
        )
        return self._observe(), {}

    def step(self, action):  # noqa: ANN001, ANN201, D102
        self.steps += 1
        return self._observe(), float(action.sum()), False, self.steps == 200, {}

    def _observe(self) -> dict[str, np.ndarray]:
        frame = self.np_random.integers(256, size=self.image[:1].shape, dtype=np.uint8)
        self.image = np.concatenate([self.image[1:], frame])
        return {"image": self.image, "vector": self.np_random.random(VECTOR, dtype=np.float32)}


def sb3_updates(size: int, batch: int) -> Callable[[int], None]:
    """Returns a function that does n of SB3's updates."""
    from stable_baselines3 import TD3 as THEIRS

    model = THEIRS(
        "MultiInputPolicy",
        Noise(size),
        batch_size=batch,
        buffer_size=STORED,
        learning_rate=3e-4,
        learning_starts=STORED,
        policy_kwargs={
            "net_arch": [256, 256],
            "features_extractor_kwargs": {"cnn_output_dim": 512},
        },
        device="cpu",
        seed=0,
    )
    model.learn(STORED)
    return lambda count: model.train(gradient_steps=count, batch_size=batch)


def our_updates(size: int, batch: int, reuse: bool) -> Callable[[int], None]:
    """Returns a function that does n of our updates, sampling included as in SB3's."""
    keep_freed_memory()
    env, rng = Noise(size), np.random.default_rng(0)
    shapes = Shapes.of(env)
    replay = Replay(STORED, shapes)
    generators = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
    config = AgentConfig(reuse_features=reuse)
    agent = TD3(config, shapes, init=generators[0], smoothing=generators[1])
    fill(replay, env, rng)

    def update(count: int) -> None:
        for _ in range(count):
            agent.update(replay.sample(batch, rng), lambda event: None, 0)

    return update


def fill(replay: Replay, env: Noise, rng: np.random.Generator) -> None:
    """Stores random steps."""
    is_over = True
    while len(replay) < replay.capacity:
        if is_over:
            replay.begin(env.reset(seed=0)[0])
        action = rng.uniform(-1, 1, ACTION)
        obs, reward, terminated, is_over, _ = env.step(action)
        replay.add(action, reward, obs, terminated)


def contend(contender: str, size: int, batch: int) -> Callable[[int], None]:
    """Returns what does n updates."""
    if contender.startswith("SB3"):
        if "allocator" in contender:
            keep_freed_memory()
        return sb3_updates(size, batch)
    return our_updates(size, batch, reuse="reused" in contender)


Contend = Callable[[str, int, int], Callable[[int], None]]
Rounds = list[dict[str, tuple[float, float]]]


def work(pipe: Connection, contend: Contend, contender: str, options: argparse.Namespace) -> None:
    """Answers each number of updates with the wall-clock and CPU seconds that they took."""
    torch.set_num_threads(options.threads)
    update = contend(contender, options.size, options.batch)
    update(4)
    pipe.send(None)
    while count := pipe.recv():
        wall, cpu = time.perf_counter(), time.process_time()
        update(count)
        pipe.send((time.perf_counter() - wall, time.process_time() - cpu))


def compare(options: argparse.Namespace, contenders: Sequence[str], contend: Contend) -> Rounds:
    """Returns seconds of wall clock and CPU by contender, one mapping per round."""
    context = multiprocessing.get_context("spawn")
    pipes: dict[str, Connection] = {}
    processes = []
    for contender in contenders:
        ours, theirs = context.Pipe()
        args = (theirs, contend, contender, options)
        processes.append(context.Process(target=work, args=args, daemon=True))
        processes[-1].start()
        pipes[contender] = ours
        ours.recv()
    found = []
    for index in range(options.rounds):
        first = index % len(contenders)
        took = {}
        for contender in (*contenders[first:], *contenders[:first]):
            pipes[contender].send(options.updates)
            took[contender] = pipes[contender].recv()
        found.append(took)
    for pipe, process in zip(pipes.values(), processes, strict=True):
        pipe.send(0)
        process.join()
    return found


def report(
    what: str, options: argparse.Namespace, contenders: Sequence[str], found: Rounds
) -> None:
    """Prints a line per clock and contender."""
    print(
        f"{what}, {options.size}x{options.size}, batch {options.batch}, {options.threads} threads, "
        f"{options.rounds} rounds of {options.updates}; load {os.getloadavg()[0]:.1f}; "
        "ratio: median [least, most]"
    )
    for clock, name in enumerate(("wall clock", "CPU")):
        print(name)
        for contender in contenders:
            ratios = [took[contender][clock] / took["SB3"][clock] for took in found]
            seconds = statistics.median(took[contender][clock] for took in found)
            print(
                f"  {contender:22s} {1000 * seconds / options.updates:8.1f} ms   "
                f"{statistics.median(ratios):.2f} of SB3 [{min(ratios):.2f}, {max(ratios):.2f}]"
            )


def main() -> None:
    """Prints a line per contender."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=84, help="pixels")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--updates", type=int, default=10, help="per contender and round; even")
    options = parser.parse_args()
    report("update", options, CONTENDERS, compare(options, CONTENDERS, contend))


if __name__ == "__main__":
    main()
