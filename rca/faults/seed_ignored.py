"""The first weights do not follow from the seed."""

import torch

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3
from rca.td3.networks import ACTOR_GAIN, orthogonal


def alter(agent: TD3) -> None:
    fresh = torch.Generator()
    fresh.seed()
    orthogonal(agent.critic, fresh, 1.0)
    orthogonal(agent.actor, fresh, ACTOR_GAIN)


@fault(
    "seed_ignored",
    causes=("seed_ignored",),
    caught_by=("config.seed_in_force",),
    source="Henderson et al. 2018",
)
def seed_ignored(build: Build) -> Build:
    """The first weights do not follow from the seed."""
    return with_altered_agent(build, alter)
