"""What becomes of actions, rewards and frames between trainer and environment."""

import math

import numpy as np

from rca.probes.engine import Number, Reading, probe
from rca.td3.events import Stepped


@probe("env/action_gap", on=Stepped, unit="1")
def action_gap(event: Stepped) -> Number:
    """Returns the largest difference between the action sent and the one that arrived."""
    if event.applied is None:
        return math.nan
    return float(np.abs(event.action - event.applied).max())


@probe("env/reward_gap", on=Stepped, unit="reward")
def reward_gap(event: Stepped) -> Number:
    """Returns the difference between the reward and the sum of the terms it is made of."""
    if not event.reward_terms:
        return math.nan
    return abs(event.reward - math.fsum(event.reward_terms.values()))


@probe("env/stack_moves", on=Stepped, unit="1")
def stack_moves(event: Stepped) -> Number:
    """Returns 1.0 if the frame stack moved on by one frame, else 0.0; NaN with a single frame."""
    return math.nan if event.stack_moves is None else float(event.stack_moves)


@probe("env/observation_age", on=Stepped, unit="steps")
def observation_age(event: Stepped) -> Reading:
    """Returns how many steps late an episode's first motion is observed; nothing at other steps."""
    return None if event.age is None else float(event.age)
