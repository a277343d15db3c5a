"""Which ending wins, and exactly when."""

import dataclasses

import pytest

from rca.config import EnvConfig
from rca.envs.ending import Standing, end_reason

CONFIG = EnvConfig(stuck_seconds=1.0, max_episode_steps=100, dt=0.05)
FINE = Standing(
    collided=False,
    lane_touched=False,
    lateral=0.0,
    heading_error=0.0,
    to_go=50.0,
    steps=1,
    idle_steps=0,
)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"collided": True}, "collision"),
        ({"lane_touched": True}, None),
        ({"lateral": 2.5}, None),
        ({"lateral": -2.51}, "off_road"),
        ({"heading_error": 1.57}, None),
        ({"heading_error": -1.58}, "wrong_way"),
        ({"to_go": 1.01}, None),
        ({"to_go": 1.0}, "goal"),
        ({"idle_steps": 19}, None),
        ({"idle_steps": 20}, "stuck"),
        ({"steps": 99}, None),
        ({"steps": 100}, "time_out"),
        ({"steps": 100, "idle_steps": 20}, "stuck"),
        ({"steps": 100, "to_go": 0.0}, "goal"),
        ({"to_go": 0.0, "lateral": 3.0}, "off_road"),
        ({"to_go": 0.0, "lateral": 3.0, "collided": True}, "collision"),
    ],
)
def test_first_that_holds(change, reason):
    assert end_reason(dataclasses.replace(FINE, **change), CONFIG) == reason


def test_a_lane_touch_ends_only_where_asked():
    touched = dataclasses.replace(FINE, lane_touched=True)
    strict = CONFIG.model_copy(update={"lane_touch_terminates": True})
    assert end_reason(touched, CONFIG) is None
    assert end_reason(touched, strict) == "off_road"
