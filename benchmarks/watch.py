"""Times `rca.watch`: the hand-written TD3 of examples/, watched, bare, and bare again (A/A).

Three agents from one seed learn from the same batches, one update each in turn and in random order.
CPU time of the training thread, paired by update, so that other work on the machine matters little.
Ends with an error if a watched weight differs by a bit.

    python benchmarks/watch.py --batch 128
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rca.wiring.audit import AGAIN, BURST, FIRST

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
import td3_pixels as example

STORED = 1000
Floats = NDArray[np.float64]


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


AGENTS = ("bare", "watched", "bare again")


def timed(agent: Any, recorder: Any, batch: Any, seed: int) -> float:  # noqa: ANN401
    """Updates an agent once, after a step told if it is watched; CPU milliseconds of this thread.

    The recorder's own thread, which writes once a second, is not in it: see `main`.
    """
    torch.manual_seed(seed)  # every agent smooths its targets with the same noise
    started = time.thread_time()
    if recorder is not None:
        recorder.step(0.5, action=batch[2][0].numpy())
    agent.update(batch)
    return 1000 * (time.thread_time() - started)


def cost(milliseconds: Floats, bare: Floats, rng: np.random.Generator) -> str:
    """Returns the relative cost of paired updates: median, 95% interval, both of the median."""
    extra = (milliseconds - bare) / np.median(bare)
    drawn = np.median(rng.choice(extra, (2000, len(extra))), axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return f"{np.median(extra):+.2%} [{low:+.2%}, {high:+.2%}]"


def main() -> None:
    """Prints the cost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--periods", type=int, default=2, help=f"of {AGAIN} updates each")
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    agents = []
    for _ in AGENTS:
        torch.manual_seed(0)
        agents.append(example.TD3(2))
    rng = np.random.default_rng(0)
    replay = filled(rng)
    spent = np.zeros((FIRST + wanted.periods * AGAIN, len(AGENTS)))
    whole, threads = time.process_time(), time.thread_time()
    with tempfile.TemporaryDirectory() as folder, agents[1].watched(Path(folder) / "run") as heard:
        for number in range(len(spent)):
            batch = replay.sample(wanted.batch)
            for which in rng.permutation(len(AGENTS)):
                recorder = heard if which == 1 else None
                spent[number, which] = timed(agents[which], recorder, batch, number)
        writing = (time.process_time() - whole) - (time.thread_time() - threads)
    for part in ("actor", "critic", "actor_encoder", "critic_encoder"):
        mine, other = (getattr(agent, part).state_dict() for agent in agents[:2])
        assert all(torch.equal(mine[key], other[key]) for key in mine), f"{part} differs"
    steady = spent[FIRST:]
    bare = np.median(steady[:, 0])
    looked = np.arange(FIRST, len(spent)) % AGAIN < BURST + 1  # the last one ends the look
    print(f"batch {wanted.batch}; an update alone takes {bare:.2f} ms; weights bit-identical")
    for title, rows in (("first", spent[:FIRST]), ("looked", steady[looked]),
                        ("others", steady[~looked])):  # fmt: skip
        said = [f"{name} {cost(rows[:, n], rows[:, 0], rng)}" for n, name in enumerate(AGENTS) if n]
        print(f"{title:8}{len(rows):5} updates: {', '.join(said)}")
    share = looked.mean()
    for n in (1, 2):
        extra = (steady[:, n] - steady[:, 0]) / bare
        whole_cost = np.mean(extra[looked]) * share + np.median(extra[~looked]) * (1 - share)
        print(f"after the first {FIRST}: {AGENTS[n]} {whole_cost:+.2%}")
    print(f"the thread that writes: {1000 * writing / len(spent) / bare:+.2%}")


if __name__ == "__main__":
    main()
