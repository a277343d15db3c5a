"""What the policy does on the batch, and what its critic thinks of it."""

import torch

from rca.probes.engine import Number, probe
from rca.probes.forward import look
from rca.td3.events import Updated

SATURATED = 0.99
"""Size of an action from which tanh has hardly any slope left."""


@probe("actor/*", on=Updated, unit="reward", cost="rare")
def policy_values(event: Updated) -> dict[str, Number]:
    """Returns Q1 of the policy's actions on the critic's own features: mean and extremes.

    Minus `actor/loss` far from this mean means that the actor's loss does not see what the critic
    was trained on (encoders mixed up).
    """
    seen = look(event)
    q1 = event.agent.critic.q1(seen.features, seen.vector, seen.policy)
    return {"q_mean": q1.mean(), "q_min": q1.min(), "q_max": q1.max()}


@probe("actor/saturation", on=Updated, unit="1", cost="rare")
def saturation(event: Updated) -> Number:
    """Returns the share of the policy's action entries beyond 0.99."""
    policy = look(event).policy
    return torch.where(policy.isnan(), policy, (policy.abs() > SATURATED).float()).mean()


@probe("actor/diversity", on=Updated, unit="1", cost="rare")
def diversity(event: Updated) -> Number:
    """Returns the standard deviation of the policy's actions over states, mean over entries."""
    return look(event).policy.std(dim=0).mean()


@probe("actor/image_use", on=Updated, unit="1", cost="rare")
def image_use(event: Updated) -> Number:
    """Returns the mean distance between actions with the image and with a black one."""
    seen = look(event)
    distance: torch.Tensor = torch.linalg.vector_norm(seen.policy - seen.blind, dim=1)
    return distance.mean()


@probe("critic/action_sensitivity", on=Updated, unit="reward", cost="rare")
def action_sensitivity(event: Updated) -> Number:
    """Returns the mean norm of dQ1/da at the batch's actions; 0: Q ignores the action."""
    seen = look(event)
    with torch.enable_grad():
        action = seen.action.clone().requires_grad_(True)
        q1 = event.agent.critic.q1(seen.features, seen.vector, action)
        (slope,) = torch.autograd.grad(q1.sum(), action)
    length: torch.Tensor = torch.linalg.vector_norm(slope, dim=1)
    return length.mean()
