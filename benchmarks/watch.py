"""Times `rca.watch`: the hand-written TD3 of examples/, watched, bare, and bare again (A/A).

Three agents from one seed learn from the same batches in alternating blocks. CPU seconds, so that
other work on the machine matters little. Ends with an error if a watched weight differs by a bit.

    python benchmarks/watch.py --batch 128
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
import td3_pixels as example

STORED = 1000


def filled(rng: np.random.Generator) -> Any:  # noqa: ANN401  the example is untyped
    """Returns a memory of random transitions."""
    replay, env = example.Replay(STORED, 2, rng), example.Dot()
    picture, _ = env.reset(seed=0)
    for _ in range(STORED):
        action = rng.uniform(-1, 1, 2).astype(np.float32)
        following, reward, terminated, truncated, _ = env.step(action)
        replay.add(picture, action, reward, following, terminated)
        picture = env.reset()[0] if terminated or truncated else following
    return replay


def block(agent: Any, batches: Sequence[Any], seed: int) -> float:  # noqa: ANN401
    """Updates an agent and returns the CPU seconds."""
    torch.manual_seed(seed)  # every agent smooths its targets with the same noise
    started = time.process_time()
    for batch in batches:
        agent.update(batch)
    return time.process_time() - started


def main() -> None:
    """Prints the cost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--updates", type=int, default=100, help="per block")
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    agents = []
    for _ in range(3):
        torch.manual_seed(0)
        agents.append(example.TD3(2))
    watched, bare, again = agents
    replay, costs, noise = filled(np.random.default_rng(0)), [], []
    with tempfile.TemporaryDirectory() as folder, watched.watched(Path(folder) / "run"):
        for number in range(wanted.rounds):
            batches = [replay.sample(wanted.batch) for _ in range(wanted.updates)]
            seconds = block(bare, batches, number)
            costs.append(block(watched, batches, number) / seconds - 1)
            noise.append(block(again, batches, number) / seconds - 1)
    for part in ("actor", "critic", "actor_encoder", "critic_encoder"):
        mine, other = (getattr(agent, part).state_dict() for agent in (watched, bare))
        assert all(torch.equal(mine[key], other[key]) for key in mine), f"{part} differs"
    print(
        f"batch {wanted.batch}, {wanted.rounds} blocks of {wanted.updates} updates: "
        f"watched {statistics.median(costs):+.1%} [{min(costs):+.1%}, {max(costs):+.1%}], "
        f"bare again {statistics.median(noise):+.1%} [{min(noise):+.1%}, {max(noise):+.1%}]; "
        f"first block watched {costs[0]:+.1%}; weights bit-identical"
    )


if __name__ == "__main__":
    main()
