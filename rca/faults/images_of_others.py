"""Images and vectors are kept in two memories, and each draws its own indices.

A batch pairs the picture of one moment with the numbers, action and reward of another. Within the
picture's half and within the other half all is right, so that shapes and averages look as ever.
"""

from dataclasses import replace

import numpy as np

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_replay
from rca.td3.replay import Batch, Observations, Replay


class DrawnApart(Replay):
    """Draws twice, once for the images and once for all the rest."""

    def sample(
        self, size: int, rng: np.random.Generator, n_step: int = 1, discount: float = 1.0
    ) -> Batch:
        rest = super().sample(size, rng, n_step, discount)
        images = super().sample(size, rng, n_step, discount)
        return replace(
            rest,
            obs=Observations(images.obs.image, rest.obs.vector),
            next_obs=Observations(images.next_obs.image, rest.next_obs.vector),
        )


@fault(
    "images_of_others",
    causes=("replay_wrong", "frames_wrong"),
    source="a slip of home-made memories for dictionary observations: one buffer for each key, and"
    " sample() called on each",
    caught_by=("wiring.memory",),
    blind=6,
)
def images_of_others(build: Build) -> Build:
    """A transition has the image of another one beside its own vector, action and reward."""
    return with_replay(build, DrawnApart)
