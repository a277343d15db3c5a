"""Each probe shows a planted abnormality, and a healthy agent does not show it."""

import math
import time
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest
import torch

from rca.build import default_build
from rca.config import AgentConfig, BudgetConfig, ProbeConfig, RunConfig
from rca.probes.engine import Probes
from rca.td3.agent import TD3
from rca.td3.evaluation import Evaluation
from rca.td3.train import train
from tests.tiny_env import Pointing, Telling

OF_THE_LAST = ProbeConfig(slow_every=10, rare_every=10)
"""Only the last values are asked for: costly probes are due at updates 1, 10 and 20."""
STEPS = 60
Values = dict[str, float]


def last_values(plant=lambda training: None, env=None, agent=TD3, judged_in=None, **switches):
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
        budget=BudgetConfig(steps=STEPS, seed=1, eval_every=STEPS),
    )
    found: Values = {}

    def emit(event):
        found.update({m.name: m.value for m in probes.measure(event)})

    training = default_build(settings).training(env or Telling(), emit)
    training.agent.__class__ = agent
    plant(training)
    probes = Probes(OF_THE_LAST, training.agent)
    held_out, judged_in = training.held_out, judged_in or Pointing(terminal_every=1)
    train(training, evaluate=Evaluation(training.agent, judged_in, 2, 5, held_out))
    return found


@cache
def sound():
    return last_values()


@pytest.fixture(scope="module")
def healthy():
    return sound()


# What is planted in networks.


@torch.no_grad()
def silence(layer, share):
    """Makes a share of a layer's units say nothing whatever comes in."""
    count = int(share * len(layer.bias))
    layer.bias[:count] = -1e3


@cache
def silenced():
    return last_values(lambda run: silence(run.agent.critic_encoder.layers[7], 0.9))


@cache
def collapsed():
    @torch.no_grad()
    def all_alike(run):
        run.agent.critic_encoder.layers[7].weight.zero_()
        run.agent.critic_encoder.layers[7].bias.fill_(1.0)

    return last_values(all_alike, critic_encoder_lr=1e-9)


@cache
def smoothed():
    @torch.no_grad()
    def flatten(run):
        kernels = run.agent.critic_encoder.layers[4].weight
        kernels.copy_(kernels.mean((2, 3), keepdim=True).expand_as(kernels))

    return last_values(flatten, critic_encoder_lr=1e-9)


@cache
def saturated():
    @torch.no_grad()
    def push(run):
        run.agent.actor.layers[4].bias.fill_(20.0)

    return last_values(push)


@cache
def looking_away():
    @torch.no_grad()
    def look_away(run):
        run.agent.actor.layers[0].weight[:, :256] = 0

    return last_values(look_away, actor_lr=1e-9)


@cache
def ignoring_the_action():
    @torch.no_grad()
    def ignore(run):
        run.agent.critic.first[0].weight[:, -2:] = 0

    return last_values(ignore, critic_lr=1e-9)


@cache
def promising():
    @torch.no_grad()
    def promise(run):
        run.agent.critic.first[4].bias.fill_(1000.0)

    return last_values(promise, critic_lr=1e-9, discount=0.5)


@cache
def twins():
    def double(run):
        for critic in (run.agent.critic, run.agent.targets["critic"]):
            critic.second.load_state_dict(critic.first.state_dict())

    return last_values(double)


# What is planted in the agent's doing.


class MixedUp(TD3):
    """The actor's loss gives Q1 the actor's own features (D08)."""

    def _update_actor(self, image, vector, features, emit, step):
        right, self.critic_encoder = self.critic_encoder, self.actor_encoder
        try:
            return super()._update_actor(image, vector, features, emit, step)
        finally:
            self.critic_encoder = right


class Constant(TD3):
    """Always the same action."""

    def act(self, obs, noise, rng):
        return np.array([0.3, -0.2], np.float32)


class NeverWithoutNoise(TD3):
    def act(self, obs, noise, rng):
        return super().act(obs, noise or 0.1, rng)


class HardTargets(TD3):
    """Copies the networks instead of averaging."""

    @torch.no_grad()
    def _update_targets(self):
        for name, target in self.targets.items():
            target.load_state_dict(self.modules()[name].state_dict())


class FrozenTargets(TD3):
    def _update_targets(self):
        pass


@cache
def mixed_up():
    return last_values(agent=MixedUp)


@cache
def hard():
    return last_values(agent=HardTargets)


@cache
def standing_still():
    return last_values(actor_encoder_lr=1e-12)


@cache
def clipped():
    return last_values(critic_clip=1e-9, actor_clip=1e-9)


@cache
def hardly_clipped():
    return last_values(critic_clip=1e9, actor_clip=1e9)


@cache
def overpaid():
    return last_values(reward_scale=1000.0)


# What is planted in the memory.


@cache
def stored_unclipped():
    def wide(run):
        store = run.replay.add
        run.replay.add = lambda action, *rest: store(1.5 * action, *rest)

    return last_values(wide)


@cache
def time_outs_stored_as_terminal():
    def confuse(run):
        store = run.replay.add
        run.replay.add = lambda action, reward, obs, _: store(
            action, reward, obs, obs["vector"][1] == 1.0
        )

    return last_values(confuse, batch_size=128)


# What is planted in the environment.


class RareDisaster(Telling):
    """Every fifteenth step costs a thousand."""

    def step(self, action):
        obs, reward, *rest = super().step(action)
        return obs, reward - 1000.0 * (len(self.errors) % 15 == 0), *rest


class Hanging(Telling):
    """The camera shows one picture for ever."""

    def _frame(self):
        return np.tile(np.arange(self.size, dtype=np.uint8), (self.size, 1))


class Dark(Telling):
    def _frame(self):
        return np.zeros((self.size, self.size), np.uint8)


class Saying(Telling):
    """Says something else of each step than was the case."""

    def __init__(self, **odd):
        super().__init__()
        self.odd = odd

    def _info(self, terminated):
        return super()._info(terminated) | self.odd


class EndingAtTouch(Telling):
    """Touching a lane marking is the end."""

    def step(self, action):
        obs, reward, _, _, info = super().step(action)
        return obs, reward, self.steps == 3, False, info


class Unrolling(Telling):
    """Fills the stack with the newest frame instead of moving it on by one."""

    def _obs(self):
        self.stack = np.repeat(self.stack[-1:], self.frames, axis=0)
        return super()._obs()


class Late(Telling):
    """Shows what was two steps ago."""

    def reset(self, **options):
        obs, info = super().reset(**options)
        self.waiting = [obs, obs]
        return obs, info

    def step(self, action):
        obs, *rest = super().step(action)
        self.waiting.append(obs)
        return self.waiting.pop(0), *rest


class Sluggish(Telling):
    """The last step of the run takes long."""

    def step(self, action):
        if len(self.errors) == STEPS - 1:
            time.sleep(0.3)
        return super().step(action)


@cache
def with_disasters():
    return last_values(env=RareDisaster())


@cache
def unrolling():
    def take_anything(run):
        run.replay.add = lambda *rest: None  # ours refuses such a stack

    return last_values(take_anything, env=Unrolling())


@cache
def saying(**odd):
    return last_values(env=Saying(**odd))


@cache
def judged_colliding():
    return last_values(judged_in=Saying(end_reason="collision"))


class Planted(NamedTuple):
    """How a signal answers to something planted.

    Attributes:
        run: Last values of a run with it.
        shows: Whether a value of that run and one without it tell the two apart.
        beside: Last values without it.
    """

    run: Callable[[], Values]
    shows: Callable[[float, float], bool]
    beside: Callable[[], Values] = sound


PLANTED = {
    "actor/churn": Planted(
        lambda: last_values(actor_lr=1e-12, actor_encoder_lr=1e-12), lambda odd, ok: odd < 1e-6 < ok
    ),
    "actor/clipped": Planted(clipped, lambda odd, ok: (odd, ok) == (1, 0), hardly_clipped),
    "actor/diversity": Planted(saturated, lambda odd, ok: odd < 1e-6 < 1e-3 < ok),
    "actor/encoder_mixup": Planted(mixed_up, lambda odd, ok: odd > 0.8 > 0.2 > ok),
    "actor/grad_norm": Planted(saturated, lambda odd, ok: odd < 1e-6 < 1e-4 < ok),
    "actor/image_use": Planted(looking_away, lambda odd, ok: odd < 1e-6 < 1e-3 < ok),
    "actor/loss": Planted(promising, lambda odd, ok: odd < -900 < -10 < ok),
    "actor/pre_tanh": Planted(saturated, lambda odd, ok: odd > 15 > 2.65 > ok),
    "actor/q_mean": Planted(promising, lambda odd, ok: odd > 900 > 10 > ok),
    "actor/saturation": Planted(saturated, lambda odd, ok: odd == 1 > 0.5 > ok),
    "actor_encoder/drift": Planted(standing_still, lambda odd, ok: odd < 1e-6 < 1e-5 < ok),
    "actor_encoder/update_ratio": Planted(standing_still, lambda odd, ok: odd < 1e-6 < 1e-5 < ok),
    "batch/action_size": Planted(stored_unclipped, lambda odd, ok: odd > 1.01 > 1 >= ok),
    "batch/reward_min": Planted(with_disasters, lambda odd, ok: odd < -900 < ok),
    "batch/terminal_share": Planted(
        time_outs_stored_as_terminal,
        lambda odd, ok: odd > 1.5 * ok,
        lambda: last_values(batch_size=128),
    ),
    "critic/action_sensitivity": Planted(ignoring_the_action, lambda odd, ok: odd < 1e-6 < ok),
    "critic/action_spread": Planted(ignoring_the_action, lambda odd, ok: odd < 1e-6 < 1e-3 < ok),
    "critic/clipped": Planted(clipped, lambda odd, ok: (odd, ok) == (1, 0), hardly_clipped),
    "critic/grad_norm": Planted(overpaid, lambda odd, ok: odd > 100 * ok),
    "critic/loss": Planted(overpaid, lambda odd, ok: odd > 1000 * ok),
    "critic/q1_mean": Planted(promising, lambda odd, ok: odd > 900 > 10 > ok),
    "critic/q_spread": Planted(twins, lambda odd, ok: odd < 1e-6 < 1e-3 < ok),
    "critic/target_error": Planted(hard, lambda odd, ok: odd > 1e-5 > 1e-6 > ok),
    "critic/target_lag": Planted(hard, lambda odd, ok: odd < 1e-6 < ok),
    "critic/td_kurtosis": Planted(with_disasters, lambda odd, ok: odd > 2 * ok),
    "critic/td_tail": Planted(with_disasters, lambda odd, ok: odd > 5 * ok),
    "critic/validation_td": Planted(  # a small memory, learned by heart
        lambda: last_values(buffer_size=8, batch_size=8, updates_per_step=10),
        lambda odd, ok: odd > 2 > ok,
    ),
    "critic/value_bias": Planted(promising, lambda odd, ok: odd > 100 > 10 > ok),
    "critic_encoder/dormant": Planted(silenced, lambda odd, ok: odd > 0.6 > 0.4 > ok),
    "critic_encoder/effective_rank": Planted(collapsed, lambda odd, ok: odd == 1 < 3 < ok),
    "critic_encoder/grad_jitter": Planted(smoothed, lambda odd, ok: odd < 0.01 < 0.4 < ok < 1.2),
    "env/action_gap": Planted(
        lambda: saying(applied=(2.0, 2.0)), lambda odd, ok: odd > 0.9 > 0 == ok
    ),
    "env/observation_age": Planted(
        lambda: last_values(env=Late()), lambda odd, ok: (odd, ok) == (2, 0)
    ),
    "env/reward": Planted(with_disasters, lambda odd, ok: odd < -900 < ok),
    "env/reward_gap": Planted(with_disasters, lambda odd, ok: odd > 900 > 1e-9 > ok),
    "env/speed": Planted(lambda: saying(speed=0.0), lambda odd, ok: odd == 0 < 1 < ok),
    "env/stack_moves": Planted(unrolling, lambda odd, ok: (odd, ok) == (0, 1)),
    "env/step_seconds": Planted(
        lambda: last_values(env=Sluggish()), lambda odd, ok: odd >= 0.3 > ok
    ),
    "env/traffic_speed": Planted(
        lambda: saying(traffic_speed=0.0), lambda odd, ok: odd == 0 < 1 < ok
    ),
    "episode/after_touch": Planted(
        lambda: last_values(env=EndingAtTouch()), lambda odd, ok: (odd, ok) == (0, 7)
    ),
    "episode/foreign_steps": Planted(
        lambda: saying(frame=25), lambda odd, ok: (odd, ok) == (15, 0)
    ),
    "episode/time_out_terminal": Planted(
        lambda: saying(end_reason="time_out"), lambda odd, ok: (odd, ok) == (1, 0)
    ),
    "evaluation/action_gap": Planted(
        lambda: last_values(agent=NeverWithoutNoise), lambda odd, ok: odd > 0.01 > 0 == ok
    ),
    "evaluation/ended_collision": Planted(judged_colliding, lambda odd, ok: (odd, ok) == (1, 0)),
    "evaluation/ended_goal": Planted(judged_colliding, lambda odd, ok: (odd, ok) == (0, 1)),
    "explore/action_jitter": Planted(
        lambda: last_values(agent=Constant), lambda odd, ok: odd == 0 < 0.01 < ok
    ),
    "explore/net_drive": Planted(
        lambda: last_values(learning_starts=STEPS, random_pedal_min=0.9),
        lambda odd, ok: odd > 0.9 > ok > -0.2,
    ),
    "explore/steer": Planted(
        lambda: last_values(agent=Constant),
        lambda odd, ok: abs(odd - 0.3) < 1e-6 and abs(ok - 0.3) > 0.1,
    ),
    "explore/noise": Planted(
        lambda: last_values(exploration_noise=0.0), lambda odd, ok: (odd, ok) == (0, 0.1)
    ),
    "observation/duplicates": Planted(
        lambda: last_values(env=Hanging()), lambda odd, ok: odd == 1 > 0.5 > ok
    ),
    "observation/spread": Planted(
        lambda: last_values(env=Dark()), lambda odd, ok: odd == 0 < 0.1 < ok
    ),
    "replay/ratio": Planted(
        lambda: last_values(updates_per_step=2), lambda odd, ok: (odd, ok) == (2, 1)
    ),
    "replay/size": Planted(
        lambda: last_values(buffer_size=8), lambda odd, ok: (odd, ok) == (8, 60)
    ),
    "reward/first": Planted(
        lambda: last_values(env=Saying(reward_terms={"first": -50.0})),
        lambda odd, ok: odd == -50 < -1 < ok,
    ),
}
"""By signal; tests/test_probes_signals.py wants one of each probe."""


@pytest.mark.parametrize("signal", PLANTED)
def test_what_is_planted_shows(signal):
    planted = PLANTED[signal]
    odd, ok = planted.run()[signal], planted.beside()[signal]
    assert planted.shows(odd, ok), (odd, ok)


def test_silenced_units_are_dormant_in_their_own_module_alone():
    assert silenced()["actor_encoder/dormant"] < 0.4


def test_mixed_up_encoders_part_the_actors_loss_from_the_critics_value(healthy):
    def gap(found):
        return abs(-found["actor/loss"] - found["actor/q_mean"])

    assert gap(mixed_up()) > 5 * gap(healthy)


def test_an_update_with_ten_times_the_step_churns_the_policy_more(healthy):
    tenth = last_values(actor_lr=3e-5, actor_encoder_lr=3e-5)["actor/churn"]
    assert healthy["actor/churn"] > 3 * tenth > 0


def test_targets_that_stand_still_deviate_and_fall_behind(healthy):
    frozen = last_values(agent=FrozenTargets)
    assert frozen["critic/target_error"] > 1e-6
    assert healthy["actor/target_error"] < 1e-6
    assert frozen["critic/target_lag"] > healthy["critic/target_lag"]


def test_nothing_is_said_of_a_clip_that_is_not_there(healthy):
    assert not any(name.endswith("/clipped") for name in healthy)


def mean_drive(low, env):
    """The mean net drive of a random phase, NaN without any."""
    settings = RunConfig(
        agent=AgentConfig(learning_starts=200, random_pedal_min=low),
        budget=BudgetConfig(steps=200),
    )
    drives: list[float] = []

    def emit(event):
        found = {m.name: m.value for m in probes.measure(event)}
        drives.extend(v for name, v in found.items() if name == "explore/net_drive")

    training = default_build(settings).training(env, emit)
    probes = Probes(OF_THE_LAST, training.agent)
    train(training)
    return float(np.mean(drives)) if drives else math.nan


def test_driving_forward_only_shows_as_net_drive():
    assert mean_drive(-1.0, Saying(max_brake=1.0)) == pytest.approx(0, abs=0.1)
    assert mean_drive(-1.0, Telling()) == pytest.approx(0.2, abs=0.06)
    assert mean_drive(0.5, Telling()) == pytest.approx(0.75, abs=0.05)


def test_an_action_that_is_no_pedal_has_no_net_drive():
    assert math.isnan(mean_drive(-1.0, Pointing()))


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
