"""Times the probes: updates with all of them against the same updates with none, in one process.

A round has three blocks, each of them first, second and last in turn; a second block without
probes (A/A) shows the resolution. CPU seconds, so that other work on the machine matters little.

    python benchmarks/probes.py --size 84 --batch 128
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from update import ACTION, VECTOR, Noise, fill

from rca.config import AgentConfig, ProbeConfig
from rca.probes.engine import Probes
from rca.td3.agent import TD3
from rca.td3.allocator import keep_freed_memory
from rca.td3.events import Emit, Event, Stepped
from rca.td3.networks import Shapes
from rca.td3.replay import Replay

STORED = 2000


def updates(size: int, batch: int) -> Callable[[int, bool], float]:
    """Returns a function that does n updates, probed or not, and returns their CPU seconds."""
    env, rng = Noise(size), np.random.default_rng(0)
    shapes = Shapes.of(env)
    assert shapes.vector == VECTOR
    replay = Replay(STORED, shapes)
    fill(replay, env, rng)
    generators = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
    agent = TD3(AgentConfig(), shapes, init=generators[0], smoothing=generators[1])
    probes = Probes(ProbeConfig(), agent)

    step = Stepped(
        step=10_000, phase="learning", action=np.zeros(ACTION, np.float32),
        applied=np.zeros(ACTION, np.float32), reward=1.0, terminated=False, truncated=False,
        stored=True, stack_moves=True, age=None, reward_terms={"progress": 0.9, "speed": 0.1},
        speed=5.0, traffic_speed=5.0, noise=0.1, seconds=0.001, replay_size=STORED,
        image=np.zeros(shapes.image, np.uint8),
    )  # fmt: skip

    def listen(event: Event) -> None:
        probes.measure(event)

    def update(count: int, is_probed: bool) -> float:
        emit: Emit = listen if is_probed else lambda event: None
        started = time.process_time()
        for _ in range(count):
            emit(step)  # of each update there is one: probes of steps count too
            agent.update(replay.sample(batch, rng), emit, 10_000)
        return time.process_time() - started

    return update


def cost(options: argparse.Namespace) -> tuple[float, float]:
    """Prints what probes add and what nothing adds.

    Returns:
        The median share that probes add, and the median size of what nothing adds.
    """
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    update = updates(options.size, options.batch)
    update(4, True)
    probed, again = [], []
    for index in range(options.rounds):
        took = {}
        for block in range(3):
            kind = ("none", "probed", "again")[(index + block) % 3]
            took[kind] = update(options.updates, kind == "probed")
        probed.append(took["probed"] / took["none"] - 1)
        again.append(took["again"] / took["none"] - 1)
    print(
        f"{options.size}x{options.size}, batch {options.batch}, {options.threads} threads: "
        f"all probes {statistics.median(probed):+.1%} [{min(probed):+.1%}, {max(probed):+.1%}], "
        f"none again {statistics.median(again):+.1%} [{min(again):+.1%}, {max(again):+.1%}]"
    )
    return statistics.median(probed), statistics.median(map(abs, again))


def main() -> None:
    """Prints the cost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=84, help="pixels")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--updates", type=int, default=100, help="per block; covers rare probes")
    cost(parser.parse_args())


if __name__ == "__main__":
    main()
