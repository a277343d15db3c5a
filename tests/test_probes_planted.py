"""Each probe shows a planted abnormality, and a healthy agent does not show it."""

import math

import numpy as np
import pytest
import torch

from rca.build import default_build
from rca.config import AgentConfig, BudgetConfig, ProbeConfig, RunConfig
from rca.probes.engine import Probes
from rca.td3.agent import TD3
from rca.td3.evaluation import Evaluation
from rca.td3.train import train
from tests.tiny_env import Pointing

EVERY_UPDATE = ProbeConfig(slow_every=1, rare_every=1)


def last_values(plant=lambda training: None, env=None, agent=TD3, **switches):
    """Plants something in a fresh run, trains 20 updates, returns each signal's last value."""
    settings = RunConfig(
        agent=AgentConfig(
            **{
                "learning_starts": 40,
                "batch_size": 32,
                "buffer_size": 100,
                "encoder": "small",
                "features": 256,
                **switches,
            }
        ),
        budget=BudgetConfig(steps=60, seed=1, eval_every=60),
    )
    found: dict[str, float] = {}

    def emit(event):
        found.update({m.name: m.value for m in probes.measure(event)})

    training = default_build(settings).training(env or Pointing(), emit)
    training.agent.__class__ = agent
    plant(training)
    probes = Probes(EVERY_UPDATE, training.agent)
    held_out = training.held_out
    train(training, evaluate=Evaluation(training.agent, Pointing(terminal_every=1), 2, 5, held_out))
    return found


@pytest.fixture(scope="module")
def healthy():
    return last_values()


@torch.no_grad()
def silence(layer, share):
    """Makes a share of a layer's units say nothing whatever comes in."""
    count = int(share * len(layer.bias))
    layer.bias[:count] = -1e3


def test_silenced_units_are_dormant(healthy):
    found = last_values(lambda run: silence(run.agent.critic_encoder.layers[7], 0.9))
    assert found["critic_encoder/dormant"] > 0.6  # 230 of 336 units
    assert healthy["critic_encoder/dormant"] < 0.4
    assert found["actor_encoder/dormant"] < 0.4


def test_features_that_are_all_alike_have_rank_one(healthy):
    def collapse(run):
        with torch.no_grad():
            run.agent.critic_encoder.layers[7].weight.zero_()
            run.agent.critic_encoder.layers[7].bias.fill_(1.0)

    found = last_values(collapse, critic_encoder_lr=1e-9)
    assert found["critic_encoder/effective_rank"] == 1
    assert healthy["critic_encoder/effective_rank"] > 3


def test_kernels_that_are_the_same_everywhere_leave_no_jitter(healthy):
    def flatten(run):
        with torch.no_grad():
            kernels = run.agent.critic_encoder.layers[4].weight
            kernels.copy_(kernels.mean((2, 3), keepdim=True).expand_as(kernels))

    found = last_values(flatten, critic_encoder_lr=1e-9)
    assert found["critic_encoder/grad_jitter"] < 0.01
    assert 0.4 < healthy["critic_encoder/grad_jitter"] < 1.2


class MixedUp(TD3):
    """The actor's loss gives Q1 the actor's own features (D08)."""

    def _update_actor(self, image, vector, features, emit, step):
        right, self.critic_encoder = self.critic_encoder, self.actor_encoder
        try:
            return super()._update_actor(image, vector, features, emit, step)
        finally:
            self.critic_encoder = right


def test_mixed_up_encoders_part_the_actors_loss_from_the_critics_value(healthy):
    def gap(found):
        return abs(-found["actor/loss"] - found["actor/q_mean"])

    found = last_values(agent=MixedUp)
    assert gap(found) > 5 * gap(healthy)

    assert found["actor/encoder_mixup"] > 0.8
    assert healthy["actor/encoder_mixup"] < 0.2


def test_an_update_with_ten_times_the_step_churns_the_policy_more(healthy):
    tenth = last_values(actor_lr=3e-5, actor_encoder_lr=3e-5)["actor/churn"]
    assert healthy["actor/churn"] > 3 * tenth > 0
    assert last_values(actor_lr=1e-12, actor_encoder_lr=1e-12)["actor/churn"] < 1e-6


def test_a_critic_that_learns_a_small_memory_by_heart_errs_elsewhere(healthy):
    found = last_values(buffer_size=8, batch_size=8, updates_per_step=20)
    assert found["critic/validation_td"] > 2 > healthy["critic/validation_td"]


class Constant(TD3):
    """Always the same action."""

    def act(self, obs, noise, rng):
        return np.array([0.3, -0.2], np.float32)


def test_only_a_policy_that_moves_has_jitter(healthy):
    assert last_values(agent=Constant)["explore/action_jitter"] == 0.0
    assert healthy["explore/action_jitter"] > 0.01


def test_a_policy_at_its_limits_is_saturated_and_uniform(healthy):
    def push(run):
        with torch.no_grad():
            run.agent.actor.layers[4].bias.fill_(20.0)

    found = last_values(push)
    assert found["actor/saturation"] == 1.0
    assert found["actor/diversity"] < 1e-6
    assert healthy["actor/saturation"] < 0.5
    assert healthy["actor/diversity"] > 1e-3


def test_a_policy_that_looks_away_does_not_use_the_image(healthy):
    def look_away(run):
        with torch.no_grad():
            run.agent.actor.layers[0].weight[:, :256] = 0

    found = last_values(look_away, actor_lr=1e-9)
    assert found["actor/image_use"] < 1e-6
    assert healthy["actor/image_use"] > 1e-3


def test_a_critic_that_ignores_the_action_has_no_slope(healthy):
    def ignore(run):
        with torch.no_grad():
            run.agent.critic.first[0].weight[:, -2:] = 0

    found = last_values(ignore, critic_lr=1e-9)
    assert found["critic/action_sensitivity"] < 1e-6
    assert healthy["critic/action_sensitivity"] > 1e-3


class HardTargets(TD3):
    """Copies the networks instead of averaging."""

    @torch.no_grad()
    def _update_targets(self):
        for name, target in self.targets.items():
            target.load_state_dict(self.modules()[name].state_dict())


class FrozenTargets(TD3):
    def _update_targets(self):
        pass


def test_targets_that_do_not_average_deviate(healthy):
    assert max(healthy[f"{m}/target_error"] for m in ("actor", "critic")) < 1e-6
    assert last_values(agent=HardTargets)["critic/target_error"] > 1e-5
    assert last_values(agent=HardTargets)["critic/target_lag"] < 1e-6
    frozen = last_values(agent=FrozenTargets)
    assert frozen["critic/target_error"] > 1e-6
    assert frozen["critic/target_lag"] > healthy["critic/target_lag"]


def test_a_module_with_no_step_size_does_not_move(healthy):
    found = last_values(actor_encoder_lr=1e-12)
    assert found["actor_encoder/update_ratio"] < 1e-6
    assert healthy["actor_encoder/update_ratio"] > 1e-5


def test_a_clip_below_every_gradient_is_always_reached(healthy):
    found = last_values(critic_clip=1e-9, actor_clip=1e9)
    assert (found["critic/clipped"], found["actor/clipped"]) == (1.0, 0.0)
    assert not any(name.endswith("/clipped") for name in healthy)


class RareDisaster(Pointing):
    """Every fifteenth step costs a thousand."""

    def step(self, action):
        obs, reward, *rest = super().step(action)
        self.count = getattr(self, "count", 0) + 1
        return obs, reward - 1000.0 * (self.count % 15 == 0), *rest


def test_rare_disasters_make_heavy_tails(healthy):
    found = last_values(env=RareDisaster())
    assert found["critic/td_kurtosis"] > 2 * healthy["critic/td_kurtosis"]
    assert found["critic/td_tail"] > 5 * healthy["critic/td_tail"]
    assert found["batch/reward_min"] < -900 < healthy["batch/reward_min"]


def test_a_critic_that_promises_too_much_is_biased(healthy):
    def promise(run):
        with torch.no_grad():
            run.agent.critic.first[4].bias.fill_(1000.0)

    found = last_values(promise, critic_lr=1e-9, discount=0.5)
    assert found["critic/value_bias"] > 100
    assert healthy["critic/value_bias"] < 10


def test_two_updates_a_step_double_the_replay_ratio(healthy):
    assert last_values(updates_per_step=2)["replay/ratio"] == 2.0
    assert healthy["replay/ratio"] == 1.0


def test_an_action_stored_before_clipping_is_beyond_one(healthy):
    def wide(run):
        store = run.replay.add
        run.replay.add = lambda action, *rest: store(1.5 * action, *rest)

    assert last_values(wide)["batch/action_size"] > 1.01
    assert healthy["batch/action_size"] <= 1.0


def test_time_outs_stored_as_terminal_raise_the_terminal_share(healthy):
    def confuse(run):
        store = run.replay.add
        run.replay.add = lambda action, reward, obs, _: store(
            action, reward, obs, obs["vector"][1] == 1.0
        )

    shares = [
        last_values(plant, batch_size=128)["batch/terminal_share"]
        for plant in (confuse, lambda run: None)
    ]
    assert shares[0] > 1.5 * shares[1]


def mean_drive(low):
    """The mean net drive of a random phase."""
    settings = RunConfig(
        agent=AgentConfig(learning_starts=200, random_pedal_min=low),
        budget=BudgetConfig(steps=200),
    )
    drives: list[float] = []

    def emit(event):
        found = {m.name: m.value for m in probes.measure(event)}
        drives.extend(v for name, v in found.items() if name == "explore/net_drive")

    training = default_build(settings).training(Pointing(), emit)
    probes = Probes(EVERY_UPDATE, training.agent)
    train(training)
    return float(np.mean(drives))


def test_driving_forward_only_shows_as_net_drive():
    assert abs(mean_drive(-1.0)) < 0.15
    assert mean_drive(0.5) == pytest.approx(0.75, abs=0.05)


def test_nothing_the_critic_says_is_finite_after_a_nan():
    def break_critic(run):
        with torch.no_grad():
            run.agent.critic.first[0].weight[0, 0] = math.nan

    found = last_values(break_critic, critic_clip=1.0, actor_clip=1.0)
    for name in (
        "critic/q1_mean",
        "critic/td_tail",
        "critic/td_kurtosis",
        "actor/q_mean",
        "critic/clipped",
        "actor/clipped",
        "critic/dormant",
        "actor/dormant",
    ):
        assert math.isnan(found[name]), name
    assert math.isnan(found["actor/saturation"])  # the actor follows the critic into NaN
    assert math.isnan(found["critic_encoder/effective_rank"])
