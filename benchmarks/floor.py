"""How near an update is to what its arithmetic takes: FLOPs over the measured convolution rate.

The rate is that of this machine on a convolution that suits it (64 to 64 channels, 3x3, channels
last), forward; FLOPs are counted by torch over two updates, one of them with the actor. A shared
machine changes its speed within seconds: the rate is measured before and behind the updates of each
round, these are divided by that round's floor, and what the rate before is of the rate behind (A/A)
shows what the ratio can be read to. One thread: CPU seconds, so that other work on the machine
matters less; more: wall clock, as their CPU time divided by their number would take half of the
serial work for nothing.

    python benchmarks/floor.py --size 84 --batch 128 --threads 1
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode
from update import STORED, Noise, fill

from rca.config import AgentConfig
from rca.td3.agent import TD3
from rca.td3.allocator import keep_freed_memory
from rca.td3.networks import Shapes
from rca.td3.replay import Replay


def timed(work: Callable[[], object], threads: int) -> float:
    """Returns the seconds that a piece of work takes: of CPU with one thread, else of the clock."""
    clock = time.process_time if threads == 1 else time.perf_counter
    began = clock()
    work()
    return clock() - began


def convolution_rate(threads: int, repeats: int = 20) -> list[float]:
    """Returns GFLOP/s of each of some convolutions."""
    image = torch.randn(128, 64, 32, 32).to(memory_format=torch.channels_last)
    weight = torch.randn(64, 64, 3, 3).to(memory_format=torch.channels_last)

    def convolve() -> torch.Tensor:
        return functional.conv2d(image, weight)

    with torch.no_grad():
        flops = counted(convolve)
        convolve()
        return [flops / timed(convolve, threads) / 1e9 for _ in range(repeats)]


def counted(work: Callable[[], object]) -> int:
    """Returns the floating-point operations of convolutions and matrix products in some work."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops()


def one_round(
    two_updates: Callable[[], object], flops: float, threads: int
) -> tuple[float, float, float, float]:
    """Returns GFLOP/s, the seconds of an update, its floors, and how far these stray (A/A)."""
    before = statistics.median(convolution_rate(threads, 5))
    took = timed(two_updates, threads) / 2
    behind = statistics.median(convolution_rate(threads, 5))
    rate = (before + behind) / 2
    ratio = took * rate * 1e9 / flops
    return rate, took, ratio, ratio * abs(before - behind) / rate


def floors(options: argparse.Namespace) -> dict[str, tuple[float, float]]:
    """Prints rate, FLOPs, floor and what an update takes.

    Returns:
        By kind of update, how many floors it takes, and how far in the middle the same measure
        taken twice strays.
    """
    found = {}
    torch.set_num_threads(options.threads)
    keep_freed_memory()
    env, rng = Noise(options.size), np.random.default_rng(0)
    shapes = Shapes.of(env)
    replay = Replay(STORED, shapes)
    fill(replay, env, rng)
    print(
        f"{options.size}x{options.size}, batch {options.batch}, {options.threads} threads, load "
        f"{os.getloadavg()[0]:.1f}"
    )
    for reuse in (False, True):
        generators = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
        config = AgentConfig(reuse_features=reuse)
        agent = TD3(config, shapes, init=generators[0], smoothing=generators[1])

        def two_updates(agent: TD3 = agent) -> None:
            for _ in range(2):
                batch = replay.sample(options.batch, rng)
                agent.update(batch, lambda event: None, 0)

        two_updates()
        flops = counted(two_updates) / 2
        rounds = [one_round(two_updates, flops, options.threads) for _ in range(options.rounds)]
        rates, seconds, ratios, strayed = zip(*rounds, strict=True)
        rate, took = statistics.median(rates), statistics.median(seconds)
        name = "reused features" if reuse else "exact"
        found[name] = statistics.median(ratios), statistics.median(strayed)
        print(
            f"  {name:16s} {flops / 1e9:.1f} GFLOP at {rate:.0f} GFLOP/s [{min(rates):.0f}, "
            f"{max(rates):.0f}]; takes {1000 * took:.0f} ms, {found[name][0]:.2f} "
            f"[{min(ratios):.2f}, {max(ratios):.2f}] x its round's floor, A/A {found[name][1]:.2f}"
        )
    return found


def main() -> None:
    """Prints rate, FLOPs, floor and what an update takes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=84, help="pixels")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=15)
    floors(parser.parse_args())


if __name__ == "__main__":
    main()
