"""What the sampled transitions are like."""

from rca.probes.engine import Number, probe
from rca.td3.events import Updated


@probe("batch/terminal_share", on=Updated, unit="1", cost="slow")
def terminal_share(event: Updated) -> Number:
    """Returns the share of transitions without a future."""
    return event.batch.terminated.mean()


@probe("batch/action_size", on=Updated, unit="1", cost="slow")
def action_size(event: Updated) -> Number:
    """Returns the size of the largest entry of an action that is learned from."""
    return event.batch.action.abs().max()


@probe("batch/*", on=Updated, unit="reward", cost="slow")
def rewards(event: Updated) -> dict[str, Number]:
    """Returns the extremes of the rewards learned from."""
    return {"reward_min": event.batch.reward.min(), "reward_max": event.batch.reward.max()}
