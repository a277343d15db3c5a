"""Every gradient is clipped to a norm of 1e-6."""

from rca.build import Build
from rca.faults import fault
from rca.faults._plant import with_settings


@fault(
    "clip_tiny",
    causes=("gradients_clipped_away",),
    caught_by=("gradients.clipped",),
    source="Cockpit; signals.md, clip fraction",
)
def clip_tiny(build: Build) -> Build:
    """Every gradient is clipped to a norm of 1e-6."""
    return with_settings(
        build,
        agent__actor_clip=1e-6,
        agent__critic_clip=1e-6,
        agent__actor_encoder_clip=1e-6,
        agent__critic_encoder_clip=1e-6,
    )
