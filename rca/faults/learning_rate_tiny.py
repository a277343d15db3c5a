"""The learning rates are 1e-8."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "learning_rate_tiny",
    causes=(
        "learning_rate_wrong",
        "encoder_frozen",
    ),
    caught_by=("learner.update_ratio",),
    source="DeepFD; Cockpit",
)
def learning_rate_tiny(build: Build) -> Build:
    """The learning rates are 1e-8."""
    return with_settings(
        build,
        agent__actor_lr=1e-8,
        agent__critic_lr=1e-8,
        agent__actor_encoder_lr=1e-8,
        agent__critic_encoder_lr=1e-8,
    )
