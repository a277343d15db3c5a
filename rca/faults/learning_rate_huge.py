"""The learning rates are 0.1."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "learning_rate_huge",
    causes=(
        "learning_rate_wrong",
        "critic_diverged",
        "actor_saturated",
    ),
    caught_by=("gradients.explosion",),
    source="RLDebugger; DeepFD",
)
def learning_rate_huge(build: Build) -> Build:
    """The learning rates are 0.1."""
    return with_settings(
        build,
        agent__actor_lr=0.1,
        agent__critic_lr=0.1,
        agent__actor_encoder_lr=0.1,
        agent__critic_encoder_lr=0.1,
    )
