"""The actor's loss evaluates Q on the actor encoder's features."""

import torch
from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_agent
from rca.td3.agent import TD3


class ActorsFeatures(TD3):
    """The critic's MLP is shown features that it never learned from."""

    def _critics_features(self, image: Tensor, features: Tensor) -> Tensor:
        with torch.no_grad():
            result: Tensor = self.actor_encoder(image)
        return result


@fault(
    "encoders_swapped",
    causes=("actor_critic_feature_mixup",),
    caught_by=("actor.encoder_consistency", "wiring.features"),
    source="defect D08; evidence.md",
)
def encoders_swapped(build: Build) -> Build:
    """The actor's loss evaluates Q on the actor encoder's features."""
    return with_agent(build, ActorsFeatures)
