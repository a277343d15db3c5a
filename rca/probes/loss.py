"""What the updates minimise."""

from rca.probes.engine import Number, probe
from rca.td3.events import Updated


@probe("critic/loss", on=Updated, unit="reward^2")
def critic_loss(event: Updated) -> Number:
    """Returns the sum of both critics' mean squared errors."""
    return event.critic_loss


@probe("actor/loss", on=Updated, unit="reward")
def actor_loss(event: Updated) -> Number | None:
    """Returns minus the mean of Q1 at the actor's actions, where the actor was updated."""
    return event.actor_loss
