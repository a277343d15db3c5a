"""Each fault of the seventh blind set does what its title says."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from rca.td3.events import CriticGrads, Updated
from rca.td3.networks import Shapes
from rca.td3.streams import Streams
from tests.test_faults import LOADED, tiny
from tests.tiny_env import Pointing, Telling

NAMES = sorted(name for name, fault in LOADED.items() if fault.blind == 7)


@cache
def driven(name=None):
    """A tiny run that has ended: its parts and what it told."""
    return tiny(name)[:2]


def rng():
    return np.random.default_rng(0)


def made(name=None):
    """Returns an agent as it is before its first update."""
    build = tiny(name, "budget.steps=1")[2]
    return build.make_agent(build.config, Shapes.of(Pointing()), Streams.spawn(0))


def batch():
    return driven()[0].replay.sample(8, rng(), 3, 0.97)


def episode(env, steps=10, seed=0, action=(0.0, 0.0)):
    """Returns the observations, the rewards and the endings of an episode's steps."""
    obs, _ = env.reset(seed=seed)
    seen, rewards, ends = [obs], [], []
    for _ in range(steps):
        obs, reward, terminated, truncated, _ = env.step(np.array(action, np.float32))
        seen.append(obs)
        rewards.append(reward)
        ends.append((terminated, truncated))
    return seen, rewards, ends


def envs(name, task=Pointing):
    """Returns the environments of training and evaluation with a fault in them."""
    build = replace(
        tiny()[2],
        make_env=lambda config, host, port: task(),
        make_eval_env=lambda config, host, port: task(),
    )
    build = LOADED[name].apply(build)
    return [make(build.config, "", 0) for make in (build.make_env, build.make_eval_env)]


def test_there_are_twelve():
    assert len(NAMES) == 12


def test_convolutions_are_one_linear_map():
    agent = made("convolutions_without_activation")
    kinds = [type(layer) for layer in agent.critic_encoder.layers[:6]]
    assert kinds == [nn.Conv2d, nn.Identity] * 3
    for encoder in (agent.actor_encoder, agent.targets["critic_encoder"]):
        convolutions = encoder.layers[:6]
        one, other = torch.rand(2, 1, 2, 36, 36)
        bent = convolutions(one + other) - convolutions(one) - convolutions(other)
        torch.testing.assert_close(bent, -convolutions(0 * one), atol=1e-5, rtol=0)
    convolutions = made().actor_encoder.layers[:6]
    bent = convolutions(one - other) - convolutions(one) + convolutions(other)
    assert bent.abs().max() > 1e-3


def test_the_targets_action_is_of_the_state_before():
    agent, sound, drawn = made("target_action_of_state"), made(), batch()
    same = replace(drawn, obs=drawn.next_obs)
    torch.testing.assert_close(agent._target_value(same), sound._target_value(same))
    asked = []
    agent.targets["actor"].register_forward_hook(lambda module, args, out: asked.append(args[1]))
    agent._target_value(drawn)
    assert torch.equal(asked[0], drawn.obs.vector)
    assert not torch.equal(asked[0], drawn.next_obs.vector)


def test_both_optimizers_step_one_encoder():
    agent = made("one_encoder_for_both")
    assert agent.actor_encoder is agent.critic_encoder
    assert agent.targets["actor_encoder"] is agent.targets["critic_encoder"]
    optimizers = (agent.actor_optimizer, agent.critic_optimizer)
    owned = [{id(w) for g in o.param_groups for w in g["params"]} for o in optimizers]
    assert owned[0] & owned[1] == {id(w) for w in agent.critic_encoder.parameters()}
    before = {optimizer: flat(agent.critic_encoder) for optimizer in optimizers}
    for optimizer in optimizers:
        optimizer.register_step_pre_hook(
            lambda o, *_: before.update({o: flat(agent.critic_encoder)})
        )
        optimizer.register_step_post_hook(
            lambda o, *_: before.update({o: flat(agent.critic_encoder) - before[o]})
        )
    for _ in range(2):
        agent.update(batch(), lambda event: None, 0)
    assert all(change.abs().max() > 0 for change in before.values())


def flat(module):
    return torch.cat([weight.detach().flatten() for weight in module.parameters()])


def test_weights_move_at_every_eighth_update_by_all_gradients_since():
    agent = made("gradients_of_eight_updates")
    moved, norms, last = [], [], [flat(agent.critic)]

    def listen(event):
        if isinstance(event, CriticGrads):
            norms.append(agent.critic.first[0].weight.grad.clone())
        if isinstance(event, Updated):
            moved.append(not torch.equal(flat(agent.critic), last[0]))
            last[0] = flat(agent.critic)

    agent.config = agent.config.model_copy(update={"tau": 1e-9, "target_noise": 0.0})
    same = batch()
    for _ in range(24):
        agent.update(same, listen, 0)
    assert np.flatnonzero(moved).tolist() == [7, 15, 23]
    torch.testing.assert_close(norms[7], 8 * norms[0], rtol=1e-3, atol=1e-6)


def test_sampled_stacks_run_backwards():
    right, wrong = (driven(n)[0].replay for n in (None, "memory_stacks_backwards"))
    wrong.load_state_dict(right.state_dict())
    one, other = (memory.sample(16, rng(), 3, 0.97) for memory in (right, wrong))
    assert not torch.equal(one.obs.image[:, 0], one.obs.image[:, 1])
    assert torch.equal(other.obs.image[:, 0], one.obs.image[:, 1])
    assert torch.equal(other.next_obs.image[:, 1], one.next_obs.image[:, 0])
    assert torch.equal(other.obs.vector, one.obs.vector)


def test_braking_is_stored_as_a_fifth_of_its_action():
    build = LOADED["controls_stored_for_actions"].apply(tiny()[2])
    memory = build.make_replay(build.config, Shapes.of(Pointing()))
    env = Pointing()
    memory.begin(env.reset(seed=0)[0])
    for pedal in (-1.0, 0.5, -0.5):
        action = np.array([-0.25, pedal], np.float32)
        memory.add(action, 0.0, env.step(action)[0], False)
    assert build.config.env.max_brake == 0.2
    expected = torch.tensor([[-0.25, -0.2], [-0.25, 0.5], [-0.25, -0.1]])
    torch.testing.assert_close(memory.state_dict()["actions"], expected)


def test_a_vector_has_no_negative_number():
    vectors = np.stack([obs["vector"] for obs in episode(Pointing())[0]])
    assert vectors.min() < 0
    for env in envs("vector_clipped_at_zero"):
        positive = np.stack([obs["vector"] for obs in episode(env)[0]])
        assert np.array_equal(positive, np.maximum(vectors, 0))


def test_a_picture_stays_for_four_steps():
    plain = episode(Pointing())[0]
    for env in envs("camera_slower_than_steps"):
        slow = episode(env)[0]
        for step in range(11):
            newest = slow[step]["image"][-1]
            assert np.array_equal(newest, plain[step - step % 4]["image"][-1])
            assert np.array_equal(slow[step]["vector"], plain[step]["vector"])


def test_an_action_is_executed_four_steps_later():
    for env in envs("commands_wait_in_queue", Telling):
        for _ in range(2):
            env.reset(seed=0)
            got = []
            for number in range(1, 8):
                env.step(np.full(2, number / 10, np.float32))
                got.append(round(float(env.unwrapped.got[0]), 1))
            assert got == [0.0, 0.0, 0.0, 0.0, 0.1, 0.2, 0.3]


@pytest.mark.parametrize("terminal_every", [1, 2])  # the goal, a time-out
def test_every_last_step_is_fined_in_training(terminal_every):
    def task():
        return Pointing(terminal_every=terminal_every)

    _, right, ends = episode(task())
    trained, evaluated = envs("every_end_is_fined", task)
    assert episode(trained)[1] == [*right[:-1], -10.0]
    assert episode(evaluated)[1] == right
    assert ends[-1] == (terminal_every == 1, terminal_every == 2)


def test_training_and_evaluation_normalise_the_same_vector_differently():
    trained, evaluated = envs("evaluation_on_its_own_statistics")
    vectors = [obs["vector"] for seed in range(20) for obs in episode(trained, seed=seed)[0]]
    assert np.abs(np.mean(vectors[110:], axis=0)).max() < 0.3
    assert np.std(vectors[110:], axis=0)[:2] == pytest.approx(1.0, abs=0.2)
    first, other = (env.reset(seed=99)[0]["vector"] for env in (trained, evaluated))
    assert first.dtype == np.float32
    assert np.abs(first - other).max() > 0.1


def test_targets_jump_at_the_500th_update_alone():
    agent = made("target_copied_every_500")
    first, same = flat(agent.targets["critic"]), batch()
    for _ in range(6):
        agent.update(same, lambda event: None, 0)
    assert torch.equal(flat(agent.targets["critic"]), first)
    agent.critic_updates = 499
    agent.update(same, lambda event: None, 0)
    for name, module in agent.modules().items():
        assert torch.equal(flat(agent.targets[name]), flat(module))
