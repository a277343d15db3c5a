"""When an episode is over, and why: a pure function of what was counted and measured."""

import math
from dataclasses import dataclass
from typing import Literal

from rca.config import EnvConfig

EndReason = Literal[
    "goal", "collision", "off_road", "wrong_way", "stuck", "time_out", "simulator_fault"
]
IDLE_SPEED = 0.5
"""Below this a car counts as standing, m/s: a third of walking pace."""
GOAL_DISTANCE = 1.0
"""Metres before the route's end at which it counts as finished."""
WRONG_WAY = math.pi / 2
"""Heading error beyond which the car faces the wrong way, radians."""


@dataclass(frozen=True)
class Standing:
    """How an episode stands after a step.

    Attributes:
        collided: Whether the car hit something in this step.
        lane_touched: Whether it touched a lane marking in this step.
        lateral: Distance from the route, metres.
        heading_error: Radians in [-pi, pi].
        to_go: Metres left of the route.
        steps: Of this episode, this one included.
        idle_steps: The last ones in a row below 0.5 m/s.
    """

    collided: bool
    lane_touched: bool
    lateral: float
    heading_error: float
    to_go: float
    steps: int
    idle_steps: int


def end_reason(now: Standing, config: EnvConfig) -> EndReason | None:
    """Returns why an episode ends here, None if it goes on: the first that holds, worst first."""
    strayed = abs(now.lateral) > config.off_road_distance
    idle_seconds = now.idle_steps * config.dt + 1e-9  # whole steps make up whole seconds
    endings: list[tuple[bool, EndReason]] = [
        (now.collided, "collision"),
        (strayed or (config.lane_touch_terminates and now.lane_touched), "off_road"),
        (abs(now.heading_error) > WRONG_WAY, "wrong_way"),
        (now.to_go <= GOAL_DISTANCE, "goal"),
        (idle_seconds >= config.stuck_seconds, "stuck"),
        (now.steps >= config.max_episode_steps, "time_out"),
    ]
    return next((reason for holds, reason in endings if holds), None)
