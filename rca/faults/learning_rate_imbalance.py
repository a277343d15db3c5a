"""The encoders learn at a third of the heads' rate."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "learning_rate_imbalance",
    causes=("learning_rate_imbalance",),
    caught_by=("seed.config_learning_rates",),
    source="seed.md, Issue #1",
)
def learning_rate_imbalance(build: Build) -> Build:
    """The encoders learn at a third of the heads' rate."""
    return with_settings(
        build,
        agent__actor_lr=3e-4,
        agent__critic_lr=3e-4,
        agent__actor_encoder_lr=1e-4,
        agent__critic_encoder_lr=1e-4,
    )
