"""The reward's promises: driving pays, standing does not, no collision is worth it."""

import pytest

from rca.config import EnvConfig, RewardConfig
from rca.envs.ending import EndReason
from rca.envs.reward import Situation, reward_terms

WEIGHTS = RewardConfig()
DISCOUNT = 0.99


def worth(*steps: Situation) -> float:
    return sum(
        DISCOUNT**k * sum(reward_terms(step, WEIGHTS).values()) for k, step in enumerate(steps)
    )


def situation(
    speed: float,
    end_reason: EndReason | None = None,
    lateral: float = 0.0,
    steering_change: float = 0.0,
) -> Situation:
    return Situation(0.05 * speed, speed, lateral, steering_change, end_reason)


def test_driving_pays_and_standing_costs():
    driving, standing = [situation(5.0)] * 200, [situation(0.0)] * 199 + [situation(0.0, "stuck")]
    assert worth(*driving) > 1.0 > 0.0 > worth(*standing)


def test_trying_and_failing_is_not_worse_than_standing():
    failing = [situation(2.0)] * 49 + [situation(2.0, "off_road", lateral=2.5)]
    standing = [situation(0.0)] * 199 + [situation(0.0, "stuck")]
    assert worth(*failing) > worth(*standing)


def test_a_collision_costs_more_than_the_longest_route_earns():
    env = EnvConfig()
    longest = env.route_length * (1 + env.route_length_spread)
    steps = [situation(8.0)] * int(longest / 0.4) + [situation(8.0, "collision")]
    assert sum(sum(reward_terms(step, WEIGHTS).values()) for step in steps) < 0


@pytest.mark.parametrize(
    ("ending", "term"),
    [
        ("collision", "collision"),
        ("off_road", "off_road"),
        ("wrong_way", "off_road"),
        ("stuck", "stuck"),
    ],
)
def test_each_bad_ending_costs_once_under_its_own_name(ending, term):
    going, ended = (reward_terms(situation(3.0, reason), WEIGHTS) for reason in (None, ending))
    changed = {name for name in going if going[name] != ended[name]}
    assert changed == {term}
    assert ended[term] < 0


def test_time_out_costs_and_earns_nothing():
    assert reward_terms(situation(3.0, "time_out"), WEIGHTS) == reward_terms(
        situation(3.0), WEIGHTS
    )


def test_going_back_costs():
    assert reward_terms(situation(-2.0), WEIGHTS)["progress"] < 0


@pytest.mark.parametrize(
    ("speed", "share"), [(0, 0), (4, 0.5), (8, 1), (16, 0), (40, -1), (-8, -1)]
)
def test_speed_term(speed, share):
    terms = reward_terms(situation(speed), RewardConfig(speed=2.0, target_speed=8.0))
    assert terms["speed"] == pytest.approx(2.0 * share)


def test_every_weight_is_used():
    now = situation(0.2, "collision", lateral=1.0, steering_change=0.5)
    endings = [now, situation(3.0, "off_road"), situation(0.0, "stuck"), situation(3.0, "goal")]
    for name in RewardConfig.model_fields:
        other = WEIGHTS.model_copy(update={name: getattr(WEIGHTS, name) + 1.0, "speed": 1.0})
        base = WEIGHTS.model_copy(update={"speed": 2.0 if name == "speed" else 1.0})
        assert any(reward_terms(s, other) != reward_terms(s, base) for s in endings), name
