"""The reward probe accuses the rewards that are known to fail and clears the default."""

import pytest

from rca.config import EnvConfig, RewardConfig
from rca.envs.probe import probe_reward


def broken(probe):
    return {promise.text for promise in probe.promises if not promise.holds}


def with_reward(**weights: float) -> EnvConfig:
    return EnvConfig(reward=RewardConfig(**weights))


def test_the_default_keeps_every_promise():
    probe = probe_reward(EnvConfig(), 0.99)
    assert broken(probe) == set()
    reasons = {name: behaviour.end_reason for name, behaviour in probe.behaviours.items()}
    assert reasons == {
        "idle": "stuck",
        "drive": "goal",
        "lane_touch": "goal",
        "off_road": "off_road",
        "collide": "collision",
        "reverse": "time_out",
    }


def test_the_seeds_reward_makes_idling_the_best_it_can_find():
    """evidence.md: standing costs 53 a step, a lane touch 50,000; idling is worth -5,300."""
    config = EnvConfig(
        lane_touch_terminates=True,
        stuck_seconds=1e6,
        reward=RewardConfig(idle=53.0, collision=50_000.0, off_road=50_000.0, stuck=0.0),
    )
    probe = probe_reward(config, 0.99)
    assert probe.behaviours["idle"].discounted == pytest.approx(-5300.0)
    assert probe.behaviours["lane_touch"].end_reason == "off_road"
    assert "trying and failing is worth more than standing still" in broken(probe)


@pytest.mark.parametrize(
    ("weights", "promise"),
    [
        ({"collision": 1.0}, "a collision costs more than driving on is worth"),
        ({"progress": 0.0, "idle": 0.0, "stuck": 0.0, "goal": 0.0}, "worth more than nothing"),
        ({"progress": -0.1}, "driving is worth more than standing still"),
        ({"progress": -0.1, "goal": 0.0}, "driving forward is worth more than backward"),
        ({"off_road": 50.0}, "trying and failing is worth more than standing still"),
    ],
)
def test_a_bad_weight_breaks_its_promise(weights, promise):
    assert any(promise in text for text in broken(probe_reward(with_reward(**weights), 0.99)))


def test_terms_add_up():
    for behaviour in probe_reward(EnvConfig(), 0.9).behaviours.values():
        assert behaviour.total == pytest.approx(sum(behaviour.terms.values()))


def test_without_discount_for_the_future_only_the_first_step_counts():
    idle = probe_reward(EnvConfig(), 0.0).behaviours["idle"]
    assert idle.discounted == pytest.approx(-0.01)


def test_without_discounting_a_time_out_is_the_end():
    idle = probe_reward(EnvConfig(max_episode_steps=50), 1.0).behaviours["idle"]
    assert idle.end_reason == "time_out"
    assert idle.discounted == pytest.approx(idle.total)


@pytest.mark.parametrize("discount", [1.1, -0.1, float("nan")])
def test_a_discount_out_of_range_is_refused(discount):
    with pytest.raises(ValueError, match="discount"):
        probe_reward(EnvConfig(), discount)


def test_a_time_limit_before_the_goal_does_not_spare_the_collision():
    probe = probe_reward(EnvConfig(max_episode_steps=300), 0.97)
    assert broken(probe) == set()
    assert probe.behaviours["collide"].end_reason == "collision"
