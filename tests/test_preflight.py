"""Probes of foreign environments and agents: sound ones pass, each planted fault is named."""

from typing import Any, cast

import gymnasium as gym
import numpy as np
import pytest

from rca.checking import Verdict
from rca.errors import UsageError
from rca.faults import find_fault
from rca.preflight.agent import probe_agent
from rca.preflight.env import probe_env
from rca.preflight.factory import load_factory
from rca.preflight.own import Own, td3
from rca.preflight.tasks import EXAMS
from tests.test_cli import rca, refused
from tests.tiny_env import Pointing


class Wrapped(gym.Wrapper):
    """One thing is wrong."""

    def __init__(self, wrong):
        super().__init__(Pointing())
        self.wrong = wrong
        self.count = 0
        if wrong == "discrete":
            self.action_space = gym.spaces.Discrete(3)
        if wrong == "unbounded":
            self.action_space = gym.spaces.Box(-np.inf, np.inf, (2,), np.float32)

    def reset(self, **options):
        obs, info = self.env.reset(**({} if self.wrong == "unseeded" else options))
        return self._bent(obs), info

    def _bent(self, obs):
        obs = dict(obs)
        if self.wrong == "dark":
            obs["image"] = np.zeros_like(obs["image"])
        if self.wrong == "scaled":
            obs["image"] = obs["image"] // 255
        if self.wrong == "vector":
            obs["vector"] = (obs["vector"] * 500).astype(np.float32)
        if self.wrong in ("float", "holes"):
            obs["image"] = obs["image"].astype(np.float32) / 255
        if self.wrong == "holes" and self.count > 5:
            obs["image"][0, 0, 0] = np.nan
        if self.wrong == "stack":
            obs["image"] = np.ascontiguousarray(obs["image"][::-1])
        return obs

    def step(self, action):
        if self.wrong in ("discrete", "unbounded"):
            action = np.zeros(2, np.float32)
        obs, reward, terminated, truncated, info = self.env.step(action)
        self.count += 1
        if self.wrong == "flat":
            reward = 1.0
        if self.wrong == "nan" and self.count == 7:
            reward = float("nan")
        if self.wrong == "drifts":
            reward = float(reward) + 1e-3 * self.count
        if self.wrong == "terminal":
            terminated, truncated = terminated or truncated, False
        if self.wrong == "idle":
            reward = -float(np.abs(action).sum())
        return self._bent(obs), reward, terminated, truncated, info


class Late(gym.Wrapper):
    """Goes wrong at step 30, or says the wrong thing of every step."""

    def __init__(self, wrong):
        super().__init__(Pointing())
        self.wrong, self.count = wrong, 0

    def step(self, action):
        obs, reward, terminated, truncated, info = self.env.step(action)
        self.count += 1
        if self.wrong == "outside" and self.count == 30:
            obs = {**obs, "vector": obs["vector"] + np.float32(50)}
        if self.wrong == "breaks" and self.count == 30:
            raise RuntimeError("the simulator is gone")
        if self.wrong == "solved":
            info = {**info, "is_success": True}
        return obs, reward, terminated, truncated, info


def verdicts(findings):
    return {finding.check: finding.verdict for finding in findings}


def test_a_sound_environment_passes():
    found = probe_env(Pointing, steps=120)
    assert {f.check: f.message for f in found if f.verdict is not Verdict.PASS} == {}
    assert len(found) >= 11


@pytest.mark.parametrize(
    ("wrong", "check", "verdict"),
    [
        ("discrete", "env.actions", Verdict.FAIL),
        ("unbounded", "env.actions", Verdict.FAIL),
        ("dark", "env.images", Verdict.FAIL),
        ("scaled", "env.images", Verdict.FAIL),
        ("holes", "env.images", Verdict.FAIL),
        ("float", "env.images", Verdict.PASS),
        ("vector", "env.vectors", Verdict.WARN),
        ("stack", "env.frame_stack", Verdict.FAIL),
        ("flat", "env.rewards", Verdict.FAIL),
        ("nan", "env.rewards", Verdict.FAIL),
        ("nan", "env.idle", Verdict.VACUOUS),
        ("drifts", "env.zero_update_control", Verdict.FAIL),
        ("unseeded", "env.determinism", Verdict.FAIL),
        ("terminal", "env.endings", Verdict.WARN),
        ("idle", "env.idle", Verdict.WARN),
    ],
)
def test_a_planted_fault_of_an_environment_is_named(wrong, check, verdict):
    assert verdicts(probe_env(lambda: Wrapped(wrong), steps=120))[check] is verdict


def test_an_environment_that_breaks_is_an_error_not_a_traceback():
    class Broken(Pointing):
        def reset(self, *, seed=None, options=None):
            raise RuntimeError("no licence")

    (found,) = probe_env(Broken)
    assert found.verdict is Verdict.ERROR
    assert "no licence" in found.message


@pytest.mark.parametrize(
    ("wrong", "check", "verdict"),
    [
        ("outside", "env.data", Verdict.FAIL),
        ("solved", "env.random_policy", Verdict.WARN),
        ("breaks", "env.random_policy", Verdict.ERROR),
    ],
)
def test_what_shows_only_while_acting_is_named(wrong, check, verdict):
    assert verdicts(probe_env(lambda: Late(wrong), steps=120))[check] is verdict


def test_an_environment_without_a_box_of_actions_is_still_found_deterministic():
    found = verdicts(probe_env(lambda: gym.make("CartPole-v1"), steps=200))
    assert found["env.actions"] is Verdict.FAIL
    for name in ("determinism", "zero_update_control", "rewards"):
        assert found[f"env.{name}"] is Verdict.PASS


def test_data_outside_their_space_are_named_with_place_and_sizes():
    found = {f.check: f.message for f in probe_env(lambda: Late("outside"), steps=60)}
    assert found["env.data"].startswith("at step 30: vector from ")
    assert "its space -1 to 1" in found["env.data"]


@pytest.mark.parametrize(
    ("made", "words"),
    [(lambda: 1 / 0, "the factory raised ZeroDivisionError"), (lambda: 3, "returned a int")],
)
def test_a_factory_that_returns_no_environment_is_an_error_not_a_traceback(made, words):
    (found,) = probe_env(made)
    assert found.verdict is Verdict.ERROR
    assert words in found.message


def test_an_environment_that_leaves_actors_behind_is_named():
    class World:
        actors = 0

        def get_actors(self):
            return range(self.actors)

    class Leaking(Pointing):
        world = World()

        def reset(self, *, seed=None, options=None):
            self.world.actors += 1
            return super().reset(seed=seed, options=options)

    found = {f.check: f for f in probe_env(Leaking, steps=60)}["env.actors"]
    assert found.verdict is Verdict.FAIL
    assert "after 10" in found.message


class Constant:
    """Always says one half."""

    def learn(self, steps):
        pass

    def act(self, picture):
        return np.full(1, 0.5, np.float32)


class Valued(Constant):
    """Says one for every value and action."""

    def value(self, picture, action):
        return 1.0

    def act(self, picture):
        return np.ones(1, np.float32)


def test_without_value_the_value_exams_are_not_passed_but_void():
    found = verdicts(probe_agent(lambda env, discount, seed: Constant()))
    assert found["agent.one_step"] is Verdict.VACUOUS
    assert found["agent.picture_and_action"] is Verdict.FAIL
    assert Verdict.ERROR not in found.values()


def test_who_says_the_same_of_everything_passes_only_where_that_is_right():
    found = verdicts(probe_agent(lambda env, discount, seed: Valued()))
    passed = {name for name, verdict in found.items() if verdict is Verdict.PASS}
    assert passed == {"agent.one_step", "agent.action_decides", "agent.delayed_reward"}


@pytest.mark.parametrize("answer", ["first", "last"])
def test_an_agent_that_answers_with_nan_fails_wherever_it_comes(answer):
    class Lost(Valued):
        """Knows nothing any more of the bright picture, or of any other."""

        def _said(self, picture, known):
            return known if (picture.max() > 128) == (answer == "last") else np.nan

        def value(self, picture, action):
            return self._said(picture, 1.0)

        def act(self, picture):
            return np.full(1, self._said(picture, 1.0), np.float32)

    asked = exams("picture_decides", "two_steps", "picture_and_action")
    found = probe_agent(lambda env, discount, seed: Lost(), exams=asked)
    assert [f.verdict for f in found] == [Verdict.FAIL] * len(asked), [f.message for f in found]


def test_an_agent_that_is_right_but_for_a_nan_fails():
    class HalfRight(Valued):
        def value(self, picture, action):
            return 1.0 if picture.max() > 200 else np.nan

    (found,) = probe_agent(lambda env, discount, seed: HalfRight(), exams=exams("picture_decides"))
    assert found.verdict is Verdict.FAIL
    assert "value nan" in found.message


def test_an_agent_that_raises_is_told():
    def broken(env, discount, seed):
        raise ValueError("needs a GPU")

    found = probe_agent(broken)
    assert {f.verdict for f in found} == {Verdict.ERROR}
    assert "needs a GPU" in found[0].message


def exams(*names):
    return [exam for exam in EXAMS if exam.name in names]


def planted(fault):
    def make(env, discount, seed):
        agent = td3(env, discount, seed, steps=300)
        return Own(env, find_fault(fault).apply(agent.build))

    return make


def quick(env, discount, seed):
    return td3(env, discount, seed, steps=300)


def test_our_own_agent_learns_the_first_values_and_actions():
    found = probe_agent(quick, exams=exams("one_step", "picture_decides", "action_decides"))
    assert [f.verdict for f in found] == [Verdict.PASS] * 3, [f.message for f in found]


@pytest.mark.parametrize(
    ("fault", "exam"),
    [("critic_loss_sign", "one_step"), ("actor_not_optimized", "action_decides")],
)
def test_a_planted_fault_of_an_agent_fails_the_exam_that_needs_the_part(fault, exam):
    (found,) = probe_agent(planted(fault), exams=exams(exam))
    assert found.verdict is Verdict.FAIL, found.message


@pytest.mark.slow
@pytest.mark.parametrize("factory", ["rca.preflight.own:td3", "rca.preflight.sb3:td3"])
def test_healthy_agents_pass_all_exams(factory):
    found = probe_agent(load_factory(factory))
    assert {f.check: f.message for f in found if f.verdict is not Verdict.PASS} == {}


@pytest.mark.slow
def test_time_outs_stored_as_terminal_fail_the_exam_on_time_outs():
    def make(env, discount, seed):
        agent = td3(env, discount, seed)
        return Own(cast(Any, TimedOut(env)), agent.build)

    (found,) = probe_agent(make, exams=exams("time_out"))
    assert found.verdict is Verdict.FAIL, found.message


class TimedOut(gym.Wrapper):
    """Calls a time-out an end."""

    def step(self, action):
        obs, reward, terminated, truncated, info = self.env.step(action)
        return obs, reward, terminated or truncated, False, info


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "package.module:function"),
        ("no_such_module:make", "cannot be imported"),
        ("math:no_such_name", "math has no no_such_name"),
        ("math:pi", "is no function but a float"),
    ],
)
def test_a_factory_that_cannot_be_had_is_one_line(text, words):
    with pytest.raises(UsageError, match=words):
        load_factory(text)


def test_the_command_prints_a_table_and_its_exit_code(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import gymnasium\n\n\ndef make():\n    return gymnasium.make('Pendulum-v1')\n"
    )
    done = rca("probe", "env", "mine:make", "--steps", "60", cwd=tmp_path)
    assert done.returncode == 1, done.stderr  # Pendulum's torque is from -2 to 2
    assert "env.actions" in done.stdout
    refused(rca("probe", "env", "mine:no", cwd=tmp_path), 2, "mine has no no")
