"""The plain driving task against numbers worked out by hand."""

import math

import numpy as np
import pytest

from rca.config import EnvConfig, RewardConfig
from rca.envs.plain import Car, PlainEpisode

PAYS = RewardConfig(
    progress=1.0, speed=0.1, target_speed=10.0, lane_keeping=0.5, steering=2.0, idle=0.25,
    collision=20.0, off_road=7.0, stuck=3.0, goal=5.0,
)  # fmt: skip
CONFIG = EnvConfig(num_waypoints=2, waypoint_spacing=4.0, off_road_distance=2.5, reward=PAYS)
EAST = np.array([[x, 0.0] for x in range(101)], float)
CORNER = np.array([*([x, 0.0] for x in range(11)), *([10.0, y] for y in range(1, 21))], float)
"""Ten metres east, then twenty to the right: CARLA's y points right of x."""


def car(x=0.0, y=0.0, degrees=0.0, speed=5.0, **other):
    standing = {"steer": 0.0, "throttle": 0.0, "brake": 0.0, "collided": False}
    at = {"x": x, "y": y, "heading": math.radians(degrees), "speed": speed, "lane_touched": False}
    return Car(**{**standing, **at, **other})


def test_the_beginning_of_a_straight_road():
    episode = PlainEpisode(CONFIG, EAST, car(speed=0.0))
    assert episode.vector == pytest.approx([0, 0, 0, 0.5, 0, 1, 0])


def test_a_step_to_the_right_of_the_road_and_turned_to_it():
    episode = PlainEpisode(CONFIG, EAST, car(speed=0.0))
    due = episode.step(car(x=3.0, y=1.0, degrees=90.0, speed=4.0, steer=0.5))
    # The points ahead, (7, 0) and (11, 0), are 1 m behind and 4 and 8 m to the left.
    assert due.vector == pytest.approx([0.2, 0.4, 0.5, -0.125, -0.5, -0.125, -1])
    assert due.terms == pytest.approx(
        {
            "progress": 3.0,
            "speed": 0.1 * 0.4,
            "lane_keeping": -0.5,
            "steering": -1.0,
            "idle": 0.0,
            "collision": 0.0,
            "off_road": 0.0,
            "stuck": 0.0,
            "goal": 0.0,
        }
    )
    assert due.ending == ""
    back = episode.step(car(x=1.0, y=-2.0, speed=-1.0, steer=-0.5))
    assert back.vector[1] == pytest.approx(-0.8)
    assert back.terms["progress"] == pytest.approx(-2.0)
    assert back.terms["steering"] == pytest.approx(-2.0)
    assert back.terms["speed"] == pytest.approx(-0.01)


def test_behind_a_corner_the_route_goes_on_to_the_right():
    episode = PlainEpisode(CONFIG, CORNER, car())
    due = episode.step(car(x=8.0))
    assert due.vector == pytest.approx([0.25, 0, 0, 0.25, 0.25, 0.25, 0.75])
    due = episode.step(car(x=9.0, y=5.0, degrees=90.0))
    assert due.terms["progress"] == pytest.approx(7.0)
    assert due.vector[:3] == pytest.approx([0.25, 0.4, 0.0])  # west of a road to the south


@pytest.mark.parametrize(
    ("now", "ending", "paid"),
    [
        ({"collided": True, "y": 9.0}, "collision", ("collision", -20)),
        ({"y": -2.6}, "off_road", ("off_road", -7)),
        ({"degrees": 91.0}, "wrong_way", ("off_road", -7)),
        ({"x": 99.0}, "goal", ("goal", 5)),
        ({"lane_touched": True}, "", ("off_road", 0)),
        ({"speed": 0.4}, "", ("idle", -0.25)),
    ],
)
def test_what_ends_an_episode_and_what_it_costs(now, ending, paid):
    episode = PlainEpisode(CONFIG, EAST, car())
    for x in (25.0, 50.0, 75.0):
        assert episode.step(car(x=x)).ending == ""
    due = episode.step(car(**{"x": 80.0, **now}))
    assert due.ending == ending
    assert due.terms[paid[0]] == pytest.approx(paid[1])


def test_standing_and_time_end_it_too():
    config = CONFIG.model_copy(update={"stuck_seconds": 0.3, "dt": 0.1, "max_episode_steps": 5})
    episode = PlainEpisode(config, EAST, car())
    speeds = [0.0, 0.0, 6.0, 6.0, 6.0]
    assert [episode.step(car(speed=v)).ending for v in speeds] == ["", "", "", "", "time_out"]
    episode = PlainEpisode(config, EAST, car())
    assert [episode.step(car(speed=0.0)).ending for _ in range(3)] == ["", "", "stuck"]


def test_a_touched_marking_ends_it_where_the_settings_say_so():
    config = CONFIG.model_copy(update={"lane_touch_terminates": True})
    assert PlainEpisode(config, EAST, car()).step(car(lane_touched=True)).ending == "off_road"
