"""Every source of randomness of a run, each with a stream of its own."""

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Streams:
    """Independent generators from one seed: a draw from one never changes another.

    Attributes:
        exploration: Random actions and exploration noise.
        replay: Which transitions are sampled.
        init: Initial weights.
        smoothing: Noise of target policy smoothing.
        routes: Root of the seeds of training episodes.
        held_out: Root of the seeds of evaluation episodes.
    """

    exploration: np.random.Generator
    replay: np.random.Generator
    init: torch.Generator
    smoothing: torch.Generator
    routes: int
    held_out: int

    @classmethod
    def spawn(cls, seed: int) -> "Streams":
        """Returns the streams of a run with this seed."""
        parts = np.random.SeedSequence(seed).spawn(6)
        words = [int(part.generate_state(1)[0]) for part in parts]
        return cls(
            exploration=np.random.default_rng(parts[0]),
            replay=np.random.default_rng(parts[1]),
            init=torch.Generator().manual_seed(words[2]),
            smoothing=torch.Generator().manual_seed(words[3]),
            routes=words[4],
            held_out=words[5],
        )


def episode_seed(root: int, index: int) -> int:
    """Returns the reset seed of an episode, so that episode n is the same in a resumed run."""
    return int(np.random.SeedSequence([root, index]).generate_state(1)[0] >> 1)
