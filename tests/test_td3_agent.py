"""TD3: one update against an independent implementation, and its promises one by one."""

import copy
import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from rca.config import AgentConfig
from rca.td3.agent import MODULES, TD3
from rca.td3.events import ActorGrads, CriticGrads, Event, Updated
from rca.td3.networks import Shapes
from rca.td3.plain import Plain
from rca.td3.replay import Batch, Observations

SHAPES = Shapes((2, 36, 36), 3, 2)
CONFIG = AgentConfig(
    actor_lr=1e-3,
    critic_lr=2e-3,
    actor_encoder_lr=3e-4,
    critic_encoder_lr=5e-4,
    tau=0.02,
    encoder="small",
    features=64,
)


@pytest.fixture
def double():
    """Float64, so that two orders of summation agree to 1e-10 even behind Adam's division."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def make_agent(config=CONFIG, seed=0):
    generators = [torch.Generator().manual_seed(seed + i) for i in range(2)]
    return TD3(config, SHAPES, init=generators[0], smoothing=generators[1])


def make_batch(seed=0, size=8, terminated=None):
    rng = np.random.default_rng(seed)

    def floats(*shape):
        return torch.from_numpy(rng.uniform(-1, 1, shape)).to(torch.get_default_dtype())

    def observations():
        pixels = rng.integers(256, size=(size, *SHAPES.image), dtype=np.uint8)
        return Observations(torch.from_numpy(pixels), floats(size, SHAPES.vector))

    ends = torch.from_numpy(rng.random(size) < 0.3).to(torch.get_default_dtype())
    return Batch(
        obs=observations(),
        action=floats(size, SHAPES.action),
        reward=floats(size) * 3,
        next_obs=observations(),
        terminated=ends if terminated is None else torch.full((size,), terminated),
    )


def weights(agent):
    """Every weight of networks and targets by name."""
    named = {f"{m}.{n}": w for m in MODULES for n, w in getattr(agent, m).named_parameters()}
    slow = {f"target.{m}.{n}": w for m in MODULES for n, w in agent.targets[m].named_parameters()}
    return {k: v.detach().clone() for k, v in {**named, **slow}.items()}


CLIPS = {"actor": 0.01, "critic": 2.0, "actor_encoder": 0.003, "critic_encoder": 0.1}
SWITCHES = [
    {"encoder": "nature", "features": 512},
    {"policy_delay": 1},
    {"policy_delay": 3},
    {"critic_warmup": 3},
    {"encoder_sharing": "detached"},
    {"encoder_sharing": "shared"},
    {"encoder_targets": False},
    {"encoder_tau": 0.3},
    {f"{module}_clip": limit for module, limit in CLIPS.items()},
    {"n_step": 3},
    {"layer_norm": True},
    {"reuse_features": True},
    {"encoder_sharing": "shared", "encoder_tau": 0.3, "actor_encoder_clip": 0.003},
    {"encoder_sharing": "detached", "encoder_targets": False, "reuse_features": True},
]


def both_ways(config):
    """Weights after six updates by the agent and by the plain implementation."""
    agent = make_agent(config)
    plain = Plain(weights(agent), agent.smoothing.get_state(), config)
    for count in range(1, 7):
        batch = make_batch(count)
        batch = replace(batch, steps=1 + torch.arange(8) % config.n_step)
        agent.update(batch, lambda event: None, step=count)
        plain.update(batch, count)
    return weights(agent), {name: weight.detach() for name, weight in plain.w.items()}


def assert_equal(one, two, tolerance):
    for name in two:
        torch.testing.assert_close(one[name], two[name], atol=tolerance, rtol=0, msg=name)


@cache
def usual():
    """Weights after the same updates in float64 with no switch touched."""
    return both_ways(CONFIG)[0]


@pytest.mark.parametrize("switches", [{}, *SWITCHES], ids=str)
def test_updates_equal_an_independent_implementation(double, switches):
    agents, plain = both_ways(CONFIG.model_copy(update=switches))
    assert_equal(agents, plain, 1e-10)
    if switches:
        with pytest.raises(AssertionError):
            assert_equal(agents, usual(), 1e-4)


def test_updates_in_single_precision_equal_it_to_a_tenth_of_a_step():
    """1e-6 here; more where a gradient is as small as rounding: Adam makes a whole step of it."""
    agents, plain = both_ways(CONFIG)
    assert agents["actor.layers.0.weight"].dtype == torch.float32
    assert_equal(agents, plain, CONFIG.actor_lr / 10)


def updated(agent, batch, updates=1):
    seen: list[Event] = []
    for step in range(updates):
        agent.update(batch, seen.append, step)
    return seen


def test_a_time_out_bootstraps_and_a_terminal_state_does_not():
    ended = updated(make_agent(), make_batch(terminated=1.0))[-1]
    torch.testing.assert_close(ended.target, ended.batch.reward)
    timed_out = updated(make_agent(), make_batch(terminated=0.0))[-1]
    assert (timed_out.target - timed_out.batch.reward).abs().min() > 1e-4


def test_the_target_is_the_smaller_critic_of_a_smoothed_action():
    config = CONFIG.model_copy(update={"target_noise": 0.0})
    agent, batch = make_agent(config), make_batch(terminated=0.0)
    with torch.no_grad():
        t, image, vector = agent.targets, batch.next_obs.image, batch.next_obs.vector
        action = t["actor"](t["actor_encoder"](image), vector)
        q1, q2 = t["critic"](t["critic_encoder"](image), vector, action)
    expected = batch.reward + 0.99 * torch.minimum(q1, q2)
    assert not torch.allclose(q1, q2)
    torch.testing.assert_close(updated(agent, batch)[-1].target, expected)


def test_smoothing_noise_is_clipped():
    wild = CONFIG.model_copy(update={"target_noise": 100.0, "target_noise_clip": 0.0})
    quiet = CONFIG.model_copy(update={"target_noise": 0.0})
    batch = make_batch(terminated=0.0)
    a, b = (updated(make_agent(config), batch)[-1].target for config in (wild, quiet))
    torch.testing.assert_close(a, b)


THROUGH_THE_ACTION = {
    "separate": {"actor_encoder"},
    "detached": set(),
    "shared": {"actor_encoder", "critic_encoder"},  # one encoder by two names
}
"""Encoders that the actor's loss trains, by sharing."""


def reached(agent):
    """Names of the modules that the actor's loss brings a gradient other than exactly zero."""
    found: set[str] = set()

    def look(event):
        if isinstance(event, CriticGrads):  # whatever is there later comes from the actor's loss
            for module in agent.modules().values():
                module.zero_grad()
        if isinstance(event, ActorGrads):
            found.update(name for name, module in agent.modules().items() if has_slope(module))

    agent.update(make_batch(), look, 0)
    assert agent.actor_updates == 1
    return found


def has_slope(module):
    return any(w.grad is not None and bool((w.grad != 0).any()) for w in module.parameters())


def constant_actor(sharing, reuse=False):
    """An agent whose action ignores the features: no gradient can go through it to an encoder."""
    agent = make_agent(with_sharing(sharing, reuse))
    with torch.no_grad():
        for weight in agent.actor.layers[4].parameters():
            weight.zero_()
    return agent


def with_sharing(sharing, reuse=False):
    switches = {"encoder_sharing": sharing, "reuse_features": reuse, "policy_delay": 1}
    return CONFIG.model_copy(update=switches)


@pytest.fixture
def everywhere(monkeypatch):
    """Lets a loss flow wherever its graph leads: `inputs=` would hide a leak."""
    backward = torch.autograd.backward
    monkeypatch.setattr(torch.autograd, "backward", lambda loss, inputs=None: backward(loss))


@pytest.mark.parametrize("reuse", [False, True])
@pytest.mark.parametrize("sharing", THROUGH_THE_ACTION)
def test_the_actors_loss_reaches_an_encoder_through_the_action_alone(everywhere, sharing, reuse):
    free = reached(make_agent(with_sharing(sharing, reuse)))
    assert free == {"actor", "critic"} | THROUGH_THE_ACTION[sharing]
    assert reached(constant_actor(sharing, reuse)) == {"actor", "critic"}


@pytest.mark.parametrize(
    ("sharing", "encoder"),
    [
        ("separate", "critic_encoder"),
        ("separate", "actor_encoder"),
        ("detached", "critic_encoder"),
        ("shared", "critic_encoder"),
    ],
)
def test_features_with_a_gradient_would_be_such_a_leak(everywhere, monkeypatch, sharing, encoder):
    agent = constant_actor(sharing)
    leak = getattr(agent, encoder)
    monkeypatch.setattr(agent, "_critics_features", lambda image, features: leak(image))
    assert encoder in reached(agent)


@pytest.mark.parametrize("sharing", THROUGH_THE_ACTION)
def test_the_actors_loss_leaves_the_critics_own_gradients_alone(sharing):
    assert reached(make_agent(with_sharing(sharing))) == {"actor"} | THROUGH_THE_ACTION[sharing]


@pytest.mark.parametrize("reuse", [False, True])
def test_q1_in_the_actors_loss_sees_the_critics_features(reuse):
    """D08: with the actor's features in their place, blanking the critic's would change nothing."""
    config = CONFIG.model_copy(update={"policy_delay": 1, "reuse_features": reuse})
    agent, batch = make_agent(config), make_batch()
    frozen = copy.deepcopy(agent)
    critic_frozen_rate = 1e-30  # the critic as good as stands still, so both moments agree
    for group in agent.critic_optimizer.param_groups:
        group["lr"] = critic_frozen_rate
    loss = updated(agent, batch)[-1].actor_loss
    with torch.no_grad():
        action = frozen.actor(frozen.actor_encoder(batch.obs.image), batch.obs.vector)
        features = frozen.critic_encoder(batch.obs.image)
        right = -frozen.critic.q1(features, batch.obs.vector, action).mean()
        features = frozen.actor_encoder(batch.obs.image)
        mixed_up = -frozen.critic.q1(features, batch.obs.vector, action).mean()
    torch.testing.assert_close(loss, right)
    assert (right - mixed_up).abs() > 1e-3


def test_reused_features_are_one_critic_step_old():
    exact, reused = (
        make_agent(CONFIG.model_copy(update={"policy_delay": 1, "reuse_features": reuse}))
        for reuse in (False, True)
    )
    losses = [updated(agent, make_batch())[-1].actor_loss for agent in (exact, reused)]
    assert losses[0] != losses[1]
    torch.testing.assert_close(losses[0], losses[1], atol=0.2, rtol=0)


def test_targets_equal_the_recomputed_polyak_average():
    agent, batch = make_agent(), make_batch()
    updated(agent, batch, 2)
    before = weights(agent)
    updated(agent, batch, 1)  # the third: no policy update, no target update
    after = weights(agent)
    assert all(torch.equal(before[n], after[n]) for n in before if n.startswith("target."))
    updated(agent, batch, 1)
    last = weights(agent)
    for name in (n for n in last if n.startswith("target.")):
        online = last[name.removeprefix("target.")]
        expected = CONFIG.tau * online + (1 - CONFIG.tau) * after[name]
        torch.testing.assert_close(last[name], expected, atol=1e-7, rtol=0)
        assert not torch.equal(last[name], online)


def test_encoders_without_targets_are_seen_online():
    agent = make_agent(CONFIG.model_copy(update={"encoder_targets": False}))
    updated(agent, make_batch(), 4)
    assert agent.targets["critic_encoder"] is agent.critic_encoder
    assert agent.targets["actor_encoder"] is agent.actor_encoder
    assert all(weight.requires_grad for weight in agent.critic_encoder.parameters())
    assert agent.targets["critic"] is not agent.critic


def test_each_weight_is_in_one_optimizer_with_its_own_rate():
    agent = make_agent()
    groups = agent.actor_optimizer.param_groups + agent.critic_optimizer.param_groups
    assert {group["name"]: group["lr"] for group in groups} == {
        "actor": 1e-3,
        "critic": 2e-3,
        "actor_encoder": 3e-4,
        "critic_encoder": 5e-4,
    }
    held = [id(weight) for group in groups for weight in group["params"]]
    owned = [id(weight) for module in agent.modules().values() for weight in module.parameters()]
    assert sorted(held) == sorted(owned)


@pytest.mark.parametrize("rate", ["actor_lr", "critic_lr", "actor_encoder_lr", "critic_encoder_lr"])
def test_each_rate_moves_its_own_module(rate):
    slow = CONFIG.model_copy(update={rate: 1e-30})
    agent = make_agent(slow)
    before = weights(agent)
    updated(agent, make_batch(), 2)
    after = weights(agent)
    module = rate.removesuffix("_lr")
    for name in MODULES:
        key = f"{name}.{'first.0' if name == 'critic' else 'layers.0'}.weight"
        assert torch.equal(before[key], after[key]) == (name == module)


def test_events_come_in_order_and_the_actor_is_updated_at_every_second():
    kinds = [type(event) for event in updated(make_agent(), make_batch(), 2)]
    assert kinds == [CriticGrads, Updated, CriticGrads, ActorGrads, Updated]
    agent = make_agent()
    losses = [e.actor_loss for e in updated(agent, make_batch(), 4) if isinstance(e, Updated)]
    assert [loss is None for loss in losses] == [True, False, True, False]
    assert (agent.critic_updates, agent.actor_updates) == (4, 2)


def test_the_policy_acts_without_noise_and_with_it():
    agent = make_agent()
    obs = {
        "image": np.random.default_rng(0).integers(256, size=SHAPES.image, dtype=np.uint8),
        "vector": np.zeros(3, np.float32),
    }
    rng = np.random.default_rng(1)
    plain = agent.act(obs, 0.0, rng)
    assert rng.random() == np.random.default_rng(1).random()
    expected = agent.actor(
        agent.actor_encoder(torch.from_numpy(obs["image"])[None]), torch.zeros(1, 3)
    )
    np.testing.assert_allclose(plain, expected[0].detach(), atol=1e-6)
    noisy = np.array([agent.act(obs, 0.3, rng) for _ in range(400)])
    assert abs((noisy - plain).std() - 0.3) < 0.03
    assert np.abs([agent.act(obs, 50.0, rng) for _ in range(20)]).max() == 1.0


def test_a_restored_agent_continues_bit_for_bit():
    agent = make_agent()
    updated(agent, make_batch(1), 3)
    restored = make_agent(seed=9)
    restored.load_state_dict(agent.state_dict())
    for one in (agent, restored):
        updated(one, make_batch(2), 3)
    after = weights(restored)
    assert all(torch.equal(weight, after[name]) for name, weight in weights(agent).items())
    assert (restored.critic_updates, restored.actor_updates) == (6, 3)


def test_a_copy_learns_without_touching_the_original():
    agent = make_agent()
    before = weights(agent)
    updated(copy.deepcopy(agent), make_batch(), 2)
    assert all(torch.equal(weight, before[name]) for name, weight in weights(agent).items())


def test_a_nan_reward_shows_in_the_loss():
    batch = make_batch()
    batch.reward[0] = math.nan
    assert math.isnan(float(updated(make_agent(), batch)[-1].critic_loss))
