"""Which encoder's features the actor's loss was computed on."""

from rca.probes.engine import Number, probe
from rca.probes.forward import look
from rca.td3.events import Updated


@probe("actor/encoder_mixup", on=Updated, unit="1", cost="rare")
def encoder_mixup(event: Updated) -> Number | None:
    """Returns 0 if the actor's loss is Q1 on the critic's features, 1 if on the actor's own.

    That is |v - own| / (|v - own| + |v - other|), v minus the actor's loss, own and other Q1 of the
    policy's actions on either encoder's features. In between lie sampling (part of the batch is
    looked at) and the update between loss and look. None with one encoder for both.
    """
    agent = event.agent
    if event.actor_loss is None or agent.actor_encoder is agent.critic_encoder:
        return None
    seen = look(event)
    own, other = (
        agent.critic.q1(features, seen.vector, seen.policy).mean()
        for features in (seen.features, seen.own)
    )
    to_own, to_other = (own + event.actor_loss).abs(), (other + event.actor_loss).abs()
    return to_own / (to_own + to_other)
