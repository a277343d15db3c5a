"""The loop: phases, what is stored, what is told, evaluation, and a tiny task that is solved."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from rca.build import Build, default_build
from rca.config import AgentConfig, BudgetConfig, RunConfig
from rca.errors import EvidenceError
from rca.td3.evaluation import Evaluation
from rca.td3.events import EpisodeEnded, Evaluated, Event, Stepped, Updated
from rca.td3.replay import Replay
from rca.td3.streams import episode_seed
from rca.td3.train import train
from tests.tiny_env import Pointing

AGENT = AgentConfig(learning_starts=20, batch_size=8, buffer_size=1000)


def config(steps=30, seed=3, eval_every=0, **agent):
    return RunConfig(
        agent=AGENT.model_copy(update=agent),
        budget=BudgetConfig(steps=steps, seed=seed, eval_every=eval_every, eval_episodes=3),
    )


def run(settings, env=None, **options):
    """Trains in the tiny environment; returns the run and its events."""
    training, seen = tiny_training(settings, env)
    if settings.budget.eval_every:
        held_out = training.streams.held_out
        options["evaluate"] = Evaluation(training.agent, Pointing(), 3, held_out)
    train(training, **options)
    return training, seen


def tiny_training(settings, env=None):
    """Returns a run about to begin and where its events will be."""
    seen: list[Event] = []
    return tiny_build(settings).training(env or Pointing(), seen.append), seen


def tiny_build(settings) -> Build:
    default = default_build(settings)

    def make(config, host, port):
        return Pointing()

    return replace(default, make_env=make, make_eval_env=make)


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def test_updates_begin_after_learning_starts_and_come_once_a_step():
    training, seen = run(config(steps=30))
    assert [event.step for event in of(Updated, seen)] == list(range(21, 31))
    phases = [event.phase for event in of(Stepped, seen)]
    assert phases == ["random"] * 20 + ["learning"] * 10
    assert training.agent.critic_updates == 10
    assert training.agent.actor_updates == 5


def test_no_update_takes_place_when_learning_starts_after_the_end():
    training, seen = run(config(steps=20, learning_starts=25_000))
    assert of(Updated, seen) == []
    assert len(training.replay) == 20


def test_random_actions_are_uniform_and_noise_is_nan_until_learning():
    _, seen = run(config(steps=600, learning_starts=600))
    steps = of(Stepped, seen)
    actions = np.array([event.action for event in steps])
    np.testing.assert_allclose(np.quantile(actions, [0.25, 0.5, 0.75]), [-0.5, 0, 0.5], atol=0.1)
    assert all(math.isnan(event.noise) for event in steps)
    _, seen = run(config(steps=22))
    assert [event.noise for event in of(Stepped, seen)][-2:] == [0.1, 0.1]


def test_steps_tell_what_the_environment_reports():
    _, seen = run(config(steps=12))
    steps = of(Stepped, seen)
    assert [event.step for event in steps] == list(range(1, 13))
    assert [event.speed for event in steps] == [*map(float, range(1, 11)), 1.0, 2.0]
    assert steps[0].reward_terms.keys() == {"first", "second"}
    assert all(sum(event.reward_terms.values()) == event.reward for event in steps)
    assert [event.replay_size for event in steps] == list(range(1, 13))
    assert all(event.seconds > 0 for event in steps)


def test_episodes_tell_how_they_ended():
    _, seen = run(config(steps=25))
    steps, ended = of(Stepped, seen), of(EpisodeEnded, seen)
    assert [(e.index, e.start_step, e.step, e.length) for e in ended] == [
        (0, 0, 10, 10),
        (1, 10, 20, 10),
    ]
    assert [e.end_reason for e in ended] == ["time_out", "goal"]
    assert [e.success for e in ended] == [0.0, 1.0]
    assert [(e.collisions, e.distance) for e in ended] == [(0.0, 20.0)] * 2
    rewards = [event.reward for event in steps]
    np.testing.assert_allclose(
        [e.episode_return for e in ended], [sum(rewards[:10]), sum(rewards[10:20])]
    )


def test_what_the_environment_does_not_say_is_nan_or_empty():
    _, seen = run(config(steps=20), env=Pointing(is_mute=True))
    assert all(math.isnan(event.speed) for event in of(Stepped, seen))
    assert of(Stepped, seen)[0].reward_terms == {}
    ended = of(EpisodeEnded, seen)
    assert [e.end_reason for e in ended] == ["time_out", ""]
    assert all(math.isnan(v) for e in ended for v in (e.success, e.collisions, e.distance))


def test_a_time_out_is_not_stored_as_terminal():
    training, _ = run(config(steps=40))
    batch = training.replay.sample(4000, np.random.default_rng(0))
    ends = batch.terminated.numpy() == 1
    assert 0.02 < ends.mean() < 0.08  # 2 of 40: every second of four endings
    assert (batch.next_obs.vector[:, 1].numpy() == 1.0)[ends].all()
    timed_out = (batch.next_obs.vector[:, 1].numpy() == 1.0) & ~ends
    assert 0.02 < timed_out.mean() < 0.08


class FailingSimulator(Pointing):
    """Fails in the fourth step of its first episode, as SupervisedEnv reports it."""

    failed = False

    def step(self, action):
        if self.steps == 3 and not self.failed:
            self.failed = True
            return self._obs(), 0.0, False, True, {"end_reason": "simulator_fault"}
        return super().step(action)


def test_a_step_in_which_the_simulator_failed_is_not_stored():
    training, seen = run(config(steps=14), env=FailingSimulator())
    assert len(training.replay) == 13
    assert [(e.end_reason, e.length) for e in of(EpisodeEnded, seen)] == [
        ("simulator_fault", 4),
        ("time_out", 10),
    ]


def test_an_evaluation_episode_in_which_the_simulator_failed_is_driven_again():
    training, _ = run(config(steps=5))
    one, other = (
        Evaluation(training.agent, env, 2, root=7)() for env in (FailingSimulator(), Pointing())
    )
    assert [e.episode_return for e in one] == [e.episode_return for e in other]


class BrokenSimulator(Pointing):
    def step(self, action):
        if self.episodes == 1 and self.steps == 4:
            raise EvidenceError("simulator gone")
        return super().step(action)


def test_an_error_of_the_environment_ends_the_run_and_stores_nothing_of_the_step():
    training = tiny_build(config(steps=30)).training(BrokenSimulator(), lambda event: None)
    with pytest.raises(EvidenceError, match="simulator gone"):
        train(training)
    assert len(training.replay) == 14
    assert training.agent.critic_updates == 0


def test_evaluations_tell_what_the_critic_promised_and_what_came():
    training, seen = run(config(steps=20, eval_every=20, discount=0.5, reward_scale=2.0))
    env = Pointing()
    for index, told in enumerate(of(Evaluated, seen)[-1].episodes):
        obs, _ = env.reset(seed=episode_seed(training.streams.held_out, index))
        agent, rng = training.agent, np.random.default_rng(0)
        vector = torch.from_numpy(obs["vector"])[None]
        features = agent.critic_encoder(torch.from_numpy(obs["image"])[None])
        action = agent.act(obs, 0.0, rng)
        q1, _ = agent.critic(features, vector, torch.from_numpy(action)[None])
        assert told.first_value == pytest.approx(q1.item(), rel=1e-5)
        expected = 0.0
        for step in range(10):
            obs, reward, *_ = env.step(agent.act(obs, 0.0, rng))
            expected += 0.5**step * 2.0 * reward
        assert told.discounted_return == pytest.approx(expected)  # 0.5**10 is negligible


def test_a_return_cut_off_while_later_rewards_count_is_nan():
    _, seen = run(config(steps=20, discount=0.99))
    time_out, terminal = of(EpisodeEnded, seen)
    assert math.isnan(time_out.discounted_return)
    assert math.isfinite(terminal.discounted_return)
    assert math.isnan(terminal.first_value)


def test_evaluations_drive_the_same_held_out_episodes_without_noise():
    _, seen = run(config(steps=25, eval_every=10, learning_starts=25))
    found = of(Evaluated, seen)
    assert [event.step for event in found] == [10, 20, 25]
    returns = [[e.episode_return for e in event.episodes] for event in found]
    assert returns[0] == returns[1] == returns[2]  # no update in between: the same policy
    assert len(set(returns[0])) == 3
    trained_on = {e.episode_return for e in of(EpisodeEnded, seen)}
    assert trained_on.isdisjoint(returns[0])


def test_the_end_of_a_run_can_be_evaluated_alone():
    settings = config(steps=25, eval_every=4)
    budget = settings.budget.model_copy(update={"eval_from": 15})
    _, seen = run(settings.model_copy(update={"budget": budget}))
    assert [event.step for event in of(Evaluated, seen)] == [16, 20, 24, 25]


def test_evaluation_does_not_disturb_training():
    with_it, _ = run(config(steps=40, eval_every=7))
    without, _ = run(config(steps=40, eval_every=0))
    assert same_weights(with_it.agent, without.agent)


def test_a_stop_is_obeyed_after_the_step_and_told():
    seen: list[Event] = []
    training = tiny_build(config(steps=30)).training(Pointing(), seen.append)
    progress = train(training, stops=lambda episode: len(of(Stepped, seen)) == 23)
    assert (progress.step, progress.stopped) == (23, True)
    assert training.agent.critic_updates == 3


def test_a_stop_comes_after_what_is_due_at_the_step():
    asked = iter([False] * 20 + [True])
    training, seen = run(config(steps=30, eval_every=20), stops=lambda episode: next(asked))
    assert (training.progress.step, training.progress.episode) == (20, 2)
    assert training.progress.stopped
    assert [event.step for event in of(Evaluated, seen)] == [20]


def test_a_stop_before_the_first_episode_takes_no_step():
    training, seen = run(config(steps=30), stops=lambda episode: True)
    assert (training.progress.stopped, seen) == (True, [])


def test_what_reaches_its_budget_was_not_stopped():
    answers = iter([False] * 20 + [True])
    training, seen = run(config(steps=20, eval_every=20), stops=lambda episode: next(answers))
    assert not training.progress.stopped
    assert [event.step for event in of(Evaluated, seen)] == [20]


def same_weights(one, other):
    pairs = [
        zip(module.parameters(), other.modules()[name].parameters(), strict=True)
        for name, module in one.modules().items()
    ]
    return all(torch.equal(a, b) for pair in pairs for a, b in pair)


def test_one_seed_gives_one_run():
    (first, seen), (again, seen_again) = run(config(steps=40)), run(config(steps=40))
    assert same_weights(first.agent, again.agent)
    for one, two in zip(of(Stepped, seen), of(Stepped, seen_again), strict=True):
        np.testing.assert_array_equal(one.action, two.action)
        assert one.reward == two.reward
    other, _ = run(config(steps=40, seed=4))
    assert not same_weights(first.agent, other.agent)


def test_training_does_not_depend_on_global_generators():
    first, _ = run(config(steps=30))
    torch.manual_seed(123)
    np.random.seed(123)  # noqa: NPY002
    again, _ = run(config(steps=30))
    assert same_weights(first.agent, again.agent)


@pytest.mark.timeout(240)  # 500 updates: 15 to 21 s on a core that others use too, 60 s wanted
def test_a_tiny_image_task_is_solved():
    """Optimum 1.0 a step, random 1/3, the best constant action 1/2, the best blind policy 3/4.

    The blind one reads the second action off the vector and answers 0 for the first, which the
    image alone tells: its error is then 1/2. Seeds 3 to 7 reach 0.86, 0.90, 0.87, 0.89 and 0.90,
    with errors of 0.11 to 0.17: other sums of the same numbers are another seed. The actor is
    slower than the critic: at 3e-4 its tanh saturates in one of three seeds.
    """
    settings = config(
        steps=700,
        seed=4,
        eval_every=700,
        encoder="small",
        features=64,
        learning_starts=200,
        batch_size=32,
        discount=0.3,
        actor_lr=1e-4,
        actor_encoder_lr=1e-4,
        critic_lr=1e-3,
    )
    training, seen = tiny_training(settings)
    env = Pointing()
    train(training, evaluate=Evaluation(training.agent, env, 10, training.streams.held_out))
    last = of(Evaluated, seen)[-1].episodes
    assert sum(e.episode_return for e in last) / sum(e.length for e in last) >= 0.85
    first, _ = np.mean(env.errors, axis=0)
    assert first < 0.2


def test_the_replay_made_has_the_configured_size():
    replay = default_build(config(buffer_size=77)).training(Pointing(), print).replay
    assert isinstance(replay, Replay)
    assert replay.capacity == 77
