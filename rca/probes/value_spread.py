"""Which rewards are stored, and what the critic makes of the states that they came from."""

from rca.probes.spread import Values, spread
from rca.td3.agent import TD3
from rca.td3.events import Evaluated


@spread("replay/reward", unit="reward")
def stored_rewards(event: Evaluated, agent: TD3) -> Values:
    """Returns the rewards of stored transitions as they are learned from, summed over n steps."""
    return {} if event.trained is None else {"": event.trained.reward}


@spread("critic/q1", unit="reward")
def values(event: Evaluated, agent: TD3) -> Values:
    """Returns Q1 of stored transitions; none before the first update."""
    if event.trained is None or not event.updates:
        return {}
    batch = event.trained.to(agent.device)
    features = agent.critic_encoder(batch.obs.image)
    return {"": agent.critic.q1(features, batch.obs.vector, batch.action)}
