"""Features are normalised over the batch instead of over themselves."""

from torch import Tensor

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_altered_agent
from rca.td3.agent import TD3
from rca.td3.networks import Encoder

EPSILON = 1e-5
"""Keeps a feature that is the same in the whole batch from a division by zero."""


def normalised(features: Tensor) -> Tensor:
    """Returns features of mean 0 and deviation 1 along the wrong axis; all 0 in a batch of one."""
    spread = (features.var(0, correction=0, keepdim=True) + EPSILON).sqrt()
    return (features - features.mean(0, keepdim=True)) / spread


def alter(agent: TD3) -> None:
    for encoder in {*agent.modules().values(), *agent.targets.values()}:
        if isinstance(encoder, Encoder):
            encoder.register_forward_hook(lambda module, given, features: normalised(features))


@fault(
    "features_normalised_over_batch",
    causes=("acts_on_another_input", "network_altered"),
    source="a classic of hand-written layer norms: mean(0) where mean(-1) is due",
    caught_by=("wiring.recomputed", "actor.encoder_consistency"),
    blind=4,
)
def features_normalised_over_batch(build: Build) -> Build:
    """Features are normalised over the batch, so that a driving agent of batch one sees zeros."""
    return with_altered_agent(build, alter)
