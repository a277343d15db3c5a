"""What each environment step brought."""

import math

from rca.probes.engine import Number, Reading, probe
from rca.td3.events import Stepped


@probe("env/reward", on=Stepped, unit="reward")
def reward(event: Stepped) -> Number:
    """Returns the reward."""
    return event.reward


@probe("env/speed", on=Stepped, unit="m/s")
def speed(event: Stepped) -> Number:
    """Returns the speed after the step."""
    return event.speed


@probe("env/traffic_speed", on=Stepped, unit="m/s")
def traffic_speed(event: Stepped) -> Reading:
    """Returns the mean speed of the other cars; nothing where there is none."""
    return None if math.isnan(event.traffic_speed) else event.traffic_speed


@probe("env/step_seconds", on=Stepped, unit="s")
def step_seconds(event: Stepped) -> Number:
    """Returns the wall-clock time that the environment took."""
    return event.seconds


@probe("explore/noise", on=Stepped, unit="1")
def noise(event: Stepped) -> Number:
    """Returns the standard deviation of the exploration noise, NaN in the random phase."""
    return event.noise


@probe("replay/size", on=Stepped, unit="transitions")
def replay_size(event: Stepped) -> Number:
    """Returns the transitions in the replay memory."""
    return event.replay_size
