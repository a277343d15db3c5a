"""Each switch of AgentConfig acts, and acts where it says."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from rca.build import default_build
from rca.config import AgentConfig, BudgetConfig, RunConfig, planned_updates
from rca.envs.pursuit import PurePursuit
from rca.td3.agent import TD3
from rca.td3.episode import learned_reward
from rca.td3.events import ActorGrads, CriticGrads, Event, Stepped, Updated
from rca.td3.networks import Shapes
from rca.td3.replay import Batch, Observations, Replay
from rca.td3.train import GUIDED_STEPS, noise_at, train
from tests.tiny_env import Pointing

GUIDED_ACTION = np.array([0.25, 0.75], np.float32)
SHAPES = Shapes((2, 36, 36), 3, 2)


def make_agent(**switches):
    generators = [torch.Generator().manual_seed(seed) for seed in (0, 1)]
    return TD3(AgentConfig(**switches), SHAPES, init=generators[0], smoothing=generators[1])


def make_batch(steps=1.0):
    rng = np.random.default_rng(0)

    def floats(*shape):
        return torch.from_numpy(rng.uniform(-1, 1, shape).astype(np.float32))

    def observations():
        pixels = rng.integers(256, size=(8, *SHAPES.image), dtype=np.uint8)
        return Observations(torch.from_numpy(pixels), floats(8, 3))

    return Batch(observations(), floats(8, 2), floats(8), observations(), torch.zeros(8), steps)


def updated(agent, count=2, batch=None):
    seen: list[Event] = []
    for step in range(count):
        agent.update(batch or make_batch(), seen.append, step)
    return [event for event in seen if isinstance(event, Updated)]


def copied(module):
    return [weight.detach().clone() for weight in module.parameters()]


def moved(module, before):
    pairs = zip(module.parameters(), before, strict=True)
    return any(not torch.equal(now, then) for now, then in pairs)


def run(env=None, steps=40, **switches):
    settings = RunConfig(
        agent=AgentConfig(
            **{"learning_starts": 20, "batch_size": 4, "buffer_size": 100, **switches}
        ),
        budget=BudgetConfig(steps=steps),
    )
    seen: list[Event] = []
    training = default_build(settings).training(env or Pointing(), seen.append)
    train(training)
    return training, seen


# Exploration


def test_noise_falls_in_a_straight_line_and_stays():
    config = AgentConfig(
        learning_starts=100,
        exploration_noise=1.0,
        exploration_noise_final=0.2,
        exploration_noise_steps=10,
    )
    noises = [noise_at(step, config) for step in (101, 106, 111, 500)]
    np.testing.assert_allclose(noises, [1.0, 0.6, 0.2, 0.2])
    _, seen = run(exploration_noise=1.0, exploration_noise_final=0.0, exploration_noise_steps=10)
    told = [event.noise for event in seen if isinstance(event, Stepped)][20:]
    np.testing.assert_allclose(told[:3] + told[10:12], [1.0, 0.9, 0.8, 0.0, 0.0], atol=1e-9)


def test_a_biased_random_phase_never_brakes_but_steers_both_ways():
    _, seen = run(steps=200, learning_starts=200, random_pedal_min=0.0)
    actions = np.array([event.action for event in seen if isinstance(event, Stepped)])
    assert actions[:, 1].min() >= 0
    assert abs(actions[:, 1].mean() - 0.5) < 0.1
    assert actions[:, 0].min() < -0.8


def test_a_route_following_random_phase_alternates_between_guide_and_uniform_actions():
    agent = AgentConfig(learning_starts=400, buffer_size=500, guided_share=0.25)
    settings = RunConfig(agent=agent, budget=BudgetConfig(steps=400))
    build = replace(default_build(settings), make_guide=lambda config: lambda obs: GUIDED_ACTION)
    seen: list[Event] = []
    train(build.training(Pointing(length=20), seen.append))
    steps = [event for event in seen if isinstance(event, Stepped)]
    guided = np.array([(event.action == GUIDED_ACTION).all() for event in steps])
    stretches = guided.reshape(-1, GUIDED_STEPS)  # episodes hold whole stretches
    assert (stretches.all(axis=1) | ~stretches.any(axis=1)).all()
    assert 0.1 < guided.mean() < 0.4
    assert {event.phase for event in steps} == {"random"}


def test_pure_pursuit_guides_the_driving_task_and_only_when_asked_for():
    assert default_build(RunConfig()).make_guide(RunConfig()) is None
    asked = RunConfig(agent=AgentConfig(random_phase="route_following"))
    assert isinstance(default_build(asked).make_guide(asked), PurePursuit)


# Updates


def test_several_updates_a_step():
    training, _ = run(updates_per_step=3)
    assert training.agent.critic_updates == 60 == planned_updates(training.config)


def test_the_critic_learns_alone_during_its_warmup_while_targets_follow():
    agent = make_agent(critic_warmup=5)
    actor, target = copied(agent.actor), copied(agent.targets["critic"])
    losses = [event.actor_loss for event in updated(agent, 5)]
    assert losses == [None] * 5
    assert not moved(agent.actor, actor)
    assert moved(agent.targets["critic"], target)
    assert updated(agent, 1)[0].actor_loss is not None


@pytest.mark.parametrize("module", ["actor", "critic", "actor_encoder", "critic_encoder"])
def test_a_gradient_is_clipped_in_its_own_module_only(module):
    limit = 1e-5
    agent = make_agent(**{f"{module}_clip": limit}, policy_delay=1)
    raw: dict[str, float] = {}
    applied: dict[str, float] = {}

    def read(optimizer, into):
        for group in optimizer.param_groups:
            grads = [weight.grad.flatten() for weight in group["params"]]
            into[group["name"]] = float(torch.cat(grads).norm())

    def look(event):
        if isinstance(event, CriticGrads):
            read(agent.critic_optimizer, raw)
        if isinstance(event, ActorGrads):
            read(agent.actor_optimizer, raw)

    for optimizer in (agent.actor_optimizer, agent.critic_optimizer):
        optimizer.register_step_pre_hook(lambda optimizer, *_: read(optimizer, applied))
    agent.update(make_batch(), look, 0)
    assert raw.keys() == applied.keys() == {"actor", "actor_encoder", "critic", "critic_encoder"}
    assert min(raw.values()) > limit
    for name in raw:
        expected = limit if name == module else raw[name]
        assert applied[name] == pytest.approx(expected, rel=1e-2)


def test_encoder_targets_follow_their_own_tau():
    agent = make_agent(tau=0.1, encoder_tau=0.5, policy_delay=1)
    updated(agent, 1)
    before = {name: copied(agent.targets[name]) for name in ("critic", "critic_encoder")}
    updated(agent, 1)
    for name, tau in (("critic", 0.1), ("critic_encoder", 0.5)):
        parts = zip(
            agent.targets[name].parameters(),
            before[name],
            getattr(agent, name).parameters(),
            strict=True,
        )
        for now, then, online in parts:
            torch.testing.assert_close(now, (1 - tau) * then + tau * online)


def test_shifted_images_are_learned_from():
    losses = [float(updated(make_agent(random_shift=s), 1)[0].critic_loss) for s in (0, 4)]
    assert losses[0] != losses[1]


# What is learned from


def test_rewards_are_scaled_then_clipped_for_learning_only():
    config = AgentConfig(reward_scale=0.1, reward_clip=1.0)
    rewards = [learned_reward(reward, config) for reward in (-50.0, -5.0, 5.0, 50.0)]
    assert rewards == [-1.0, -0.5, 0.5, 1.0]
    training, seen = run(reward_scale=10.0)
    told = np.array([event.reward for event in seen if isinstance(event, Stepped)])
    stored = training.replay.sample(2000, np.random.default_rng(0)).reward.numpy()
    np.testing.assert_allclose(np.unique(stored), np.unique(10 * told).astype(np.float32))


@pytest.mark.parametrize("n_step", [1, 2, 3, 5])
def test_n_step_returns_stop_at_ends_and_at_the_newest_step(n_step):
    replay = Replay(25, Shapes((2, 3, 3), 1, 1))
    naive: list[tuple[int, float, bool, np.ndarray]] = []
    rng = np.random.default_rng(0)
    for episode, length in enumerate((4, 1, 7, 9, 10, 3)):
        image = rng.integers(256, size=(2, 3, 3), dtype=np.uint8)
        replay.begin({"image": image, "vector": np.zeros(1, np.float32)})
        for step in range(length):
            frame = rng.integers(256, size=(1, 3, 3), dtype=np.uint8)
            image = np.concatenate([image[1:], frame])
            reward, number = float(rng.normal()), len(naive)
            terminated = step == length - 1 and episode % 2 == 0
            obs: dict[str, np.ndarray] = {
                "image": image,
                "vector": np.array([number], np.float32),
            }
            replay.add(np.array([number]), reward, obs, terminated)
            naive.append((episode, reward, terminated, image))
    batch = replay.sample(300, np.random.default_rng(1), n_step, 0.9)
    steps = np.broadcast_to(np.asarray(batch.steps), 300)
    for i in range(300):
        start = int(batch.action[i, 0])
        window = [t for t in naive[start : start + n_step] if t[0] == naive[start][0]]
        expected = sum(0.9**k * reward for k, (_, reward, _, _) in enumerate(window))
        assert float(batch.reward[i]) == pytest.approx(expected, rel=1e-5, abs=1e-6)
        assert steps[i] == len(window)
        assert int(batch.next_obs.vector[i, 0]) == start + len(window) - 1
        np.testing.assert_array_equal(batch.next_obs.image[i], window[-1][3])
        assert bool(batch.terminated[i]) == window[-1][2]


def test_the_next_value_is_discounted_once_per_step():
    one, three = (
        updated(make_agent(target_noise=0.0, discount=0.5), 1, make_batch(torch.full((8,), n)))[0]
        for n in (1.0, 3.0)
    )
    reward = one.batch.reward
    torch.testing.assert_close((three.target - reward) * 4, one.target - reward)


# Networks


def test_the_small_encoder_has_a_third_of_the_channels_or_less():
    sizes = {
        name: sum(w.numel() for w in make_agent(encoder=name).critic_encoder.parameters())
        for name in ("nature", "small")
    }
    assert sizes["small"] < sizes["nature"] / 2


def test_the_feature_size_is_the_configured_one():
    agent = make_agent(features=50)
    assert agent.critic_encoder(make_batch().obs.image).shape == (8, 50)
    assert len(updated(agent)) == 2


@pytest.mark.parametrize(("name", "kind"), [("relu", nn.ReLU), ("elu", nn.ELU), ("tanh", nn.Tanh)])
def test_the_activation_is_the_configured_one(name, kind):
    agent = make_agent(activation=name)
    for module in (agent.critic_encoder, agent.critic):
        found = {type(m) for m in module.modules()} & {nn.ReLU, nn.ELU, nn.Tanh}
        assert found == {kind}
    assert len(updated(agent)) == 2


def test_layer_norm_bounds_and_centres_features():
    agent = make_agent(layer_norm=True)
    features = agent.critic_encoder(make_batch().obs.image)
    assert features.abs().max() < 1
    assert torch.atanh(features).mean(dim=1).abs().max() < 1e-3
    before = copied(agent.critic_encoder)
    updated(agent)
    assert moved(agent.critic_encoder, before)


def test_a_detached_encoder_is_trained_by_the_critics_alone():
    agent = make_agent(encoder_sharing="detached", policy_delay=1)
    assert agent.actor_encoder is agent.critic_encoder
    assert agent.targets["actor_encoder"] is agent.targets["critic_encoder"]
    for group in agent.critic_optimizer.param_groups:
        group["lr"] = 0.0
    before, actor = copied(agent.critic_encoder), copied(agent.actor)
    updated(agent, 3)
    assert not moved(agent.critic_encoder, before)
    assert moved(agent.actor, actor)


def test_a_shared_encoder_is_trained_by_both_losses():
    agent = make_agent(encoder_sharing="shared", policy_delay=1)
    assert agent.actor_encoder is agent.critic_encoder
    for group in agent.critic_optimizer.param_groups:
        group["lr"] = 0.0
    before = copied(agent.critic_encoder)
    updated(agent, 1)
    assert moved(agent.critic_encoder, before)


@pytest.mark.parametrize("sharing", ["detached", "shared"])
def test_a_shared_encoders_target_moves_once_per_update(sharing):
    agent = make_agent(encoder_sharing=sharing, policy_delay=1, tau=0.25)
    updated(agent, 1)
    before = copied(agent.targets["critic_encoder"])
    updated(agent, 1)
    for now, then, online in zip(
        agent.targets["critic_encoder"].parameters(),
        before,
        agent.critic_encoder.parameters(),
        strict=True,
    ):
        torch.testing.assert_close(now, 0.75 * then + 0.25 * online)


@pytest.mark.parametrize(
    "switch",
    [
        {"encoder_sharing": "detached"},
        {"encoder_sharing": "shared"},
        {"random_shift": 4},
        {"layer_norm": True},
        {"encoder_targets": False},
    ],
    ids=str,
)
def test_a_restored_agent_continues_bit_for_bit_with_every_structure(switch):
    agent, restored = make_agent(**switch), make_agent(**switch)
    updated(agent, 3)
    restored.load_state_dict(agent.state_dict())
    updated(agent, 3)
    updated(restored, 3)
    for name, module in agent.modules().items():
        assert not moved(restored.modules()[name], copied(module))
        assert not moved(restored.targets[name], copied(agent.targets[name]))
