"""Batches of somebody else's memory, held against the steps that it was told of."""

import copy
import pickle
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from stable_baselines3 import SAC, TD3, HerReplayBuffer
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecNormalize

import rca
from checks.wiring_memory import memory
from rca.attach.remembered import EVERY, ROWS, Remembered
from rca.checking import Verdict, run_checks
from rca.runs.load import load_run
from tests.test_attach_sb3 import SMALL, Pixels, Point


class Shifted(ReplayBuffer):
    """Pairs a state with the next state of another row."""

    def _get_samples(self, batch_inds, env=None):
        drawn = super()._get_samples(batch_inds, env)
        return drawn._replace(next_observations=drawn.next_observations.roll(1, 0))


class NeverCut(ReplayBuffer):
    """Takes time-outs for terminal states."""

    def add(self, obs, next_obs, action, reward, done, infos):
        told = [{**info, "TimeLimit.truncated": False} for info in infos]
        super().add(obs, next_obs, action, reward, done, told)


class Late(ReplayBuffer):
    """Stores the reward of the step before."""

    last = np.zeros(1, np.float32)

    def add(self, obs, next_obs, action, reward, done, infos):
        super().add(obs, next_obs, action, self.last, done, infos)
        self.last = reward


class Both(gymnasium.ObservationWrapper):
    """A picture and numbers."""

    def __init__(self):
        super().__init__(Point())
        self.observation_space = gymnasium.spaces.Dict(
            numbers=self.env.observation_space,
            picture=gymnasium.spaces.Box(0, 255, (36, 36, 3), np.uint8),
        )

    def observation(self, observation):
        picture = np.random.default_rng(int(1e6 * (2 + observation[0]))).integers(
            0, 255, (36, 36, 3)
        )
        return {"numbers": observation, "picture": picture.astype(np.uint8)}


class Reaching(Both):
    """Numbers and a goal, for hindsight."""

    def __init__(self):
        super().__init__()
        box = self.env.observation_space
        names = ("observation", "achieved_goal", "desired_goal")
        self.observation_space = gymnasium.spaces.Dict(dict.fromkeys(names, box))

    def observation(self, observation):
        goal = np.zeros(3, np.float32)
        return {"observation": observation, "achieved_goal": observation, "desired_goal": goal}

    def compute_reward(self, achieved, desired, info):
        return -np.abs(achieved - desired).sum(-1)


def model(kind=Point, algorithm=TD3, envs=1, policy="MlpPolicy", normalised=False, **options):
    world: Any = make_vec_env(lambda: gymnasium.wrappers.TimeLimit(kind(), 10), envs, seed=0)
    world = VecNormalize(world) if normalised else world
    given = {
        "learning_starts": 100,
        "batch_size": 32,
        "seed": 0,
        "policy_kwargs": dict(SMALL),
        **options,
    }
    return algorithm(policy, world, **given)


def told(out, steps=180, callback=None, **options):
    """Trains, and returns the record."""
    model(**options).learn(steps, callback=callback or rca.RcaCallback(out))
    return load_run(out)


def rows_of(run):
    """What was found of a run's batches."""
    assert run.wiring is not None
    return run.wiring.memory


def finding(run):
    return run_checks([memory], run)[0]


DICT = {"kind": Both, "policy": "MultiInputPolicy", "policy_kwargs": {"net_arch": [8, 8]}}
SHARED = {"optimize_memory_usage": True, "replay_buffer_kwargs": {"handle_timeout_termination": 0}}


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"algorithm": SAC},
        {"envs": 3, "steps": 300},
        {"n_steps": 3},
        {"normalised": True},
        DICT,
        {"kind": Pixels, "policy": "CnnPolicy", "steps": 140},
    ],
    ids=["TD3", "SAC", "three environments", "n-step", "normalised", "Dict", "pictures"],
)
def test_a_sound_memory_holds_what_took_place(options, tmp_path):
    run = told(tmp_path / "run", **options)
    seen = rows_of(run)
    assert seen.rows > 1000
    assert seen.unknown < 0.1 * seen.rows
    observations = {"numbers", "picture"} if options is DICT else {"observation"}
    flags = {"terminal missing", "terminal added", "reward"}
    assert set(seen.other) == flags | observations | {f"next {name}" for name in observations}
    found = finding(run)
    assert found.verdict is Verdict.PASS, found.message
    assert ("not compared" in found.message) == ("normalised" in options)


@pytest.mark.parametrize(
    ("options", "says", "suspect"),
    [
        ({"replay_buffer_class": Shifted}, "next observation in", "replay_wrong"),
        ({"replay_buffer_class": NeverCut}, "terminal added in", "time_outs_terminal"),
        ({"replay_buffer_class": Late}, "reward in", "replay_wrong"),
        (SHARED, "terminal added in", "time_outs_terminal"),  # SB3's documentation says so
    ],
)
def test_a_memory_that_mixes_up_is_named(options, says, suspect, tmp_path):
    found = finding(told(tmp_path / "run", **options))
    assert found.verdict is Verdict.FAIL
    assert says in found.message
    assert found.suspects == (suspect,)


def test_goals_chosen_in_hindsight_are_not_compared(tmp_path):
    run = told(
        tmp_path / "run",
        kind=Reaching,
        policy="MultiInputPolicy",
        replay_buffer_class=HerReplayBuffer,
    )
    assert rows_of(run) is None
    assert finding(run).verdict is Verdict.NOT_RUN


def test_it_learns_the_same_bit_for_bit_and_the_memory_is_left_as_it_was(tmp_path):
    callback = rca.RcaCallback(tmp_path / "run")
    heard = model().learn(150, callback=callback)
    plain = model().learn(150)
    weights = zip(heard.policy.parameters(), plain.policy.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in weights)
    assert "sample" not in vars(heard.replay_buffer)
    heard.learn(50, callback=callback, reset_num_timesteps=False)
    assert "sample" not in vars(heard.replay_buffer)
    assert finding(load_run(tmp_path / "run")).verdict is Verdict.PASS


class Saves(rca.RcaCallback):
    """Copies and pickles the memory while it is listened to."""

    def _on_step(self):
        going_on = super()._on_step()
        if self.num_timesteps == 120:
            memory = self.locals["replay_buffer"]
            self.copied = copy.deepcopy(memory)
            self.loaded = pickle.loads(pickle.dumps(memory))
        return going_on


def test_a_memory_is_saved_and_copied_while_it_is_listened_to(tmp_path):
    callback = Saves(tmp_path / "run")
    run = told(tmp_path / "run", callback=callback)
    heard = rows_of(run).rows
    for other in (callback.copied, callback.loaded):
        drawn = other.sample(8)
        assert drawn.actions.shape == (8, 2)
        assert other.sample.args == (other,)
    assert rows_of(load_run(tmp_path / "run")).rows == heard


def step(seen, number, **other):
    told = {
        "action": np.array([number, -number], np.float32),
        "reward": 0.5 * number,
        "observed": (np.full(3, number, np.uint8), np.full(3, number + 1, np.uint8)),
        "terminated": False,
        "truncated": False,
        "env": 0,
    }
    seen.step(**(told | other))


def batch(seen, rows, **other):
    told = {
        "obs": torch.tensor([[n] * 3 for n in rows], dtype=torch.uint8),
        "action": torch.tensor([[float(n), -float(n)] for n in rows]),
        "reward": torch.tensor([[0.5 * n] for n in rows]),
        "next_obs": torch.tensor([[n + 1] * 3 for n in rows], dtype=torch.uint8),
        "terminated": torch.zeros(len(rows), 1),
    }
    seen.batch(**(told | other))


def judged(seen, run):
    return finding(replace(run, wiring=run.wiring.model_copy(update={"memory": seen.facts()})))


def differs(seen):
    facts = seen.facts()
    assert facts is not None
    return facts.other


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    return told(tmp_path_factory.mktemp("sb3") / "run", steps=130)


def filled(steps=200):
    seen = Remembered()
    for number in range(steps):
        step(seen, number)
    return seen


def test_numbers_in_another_form_are_not_compared_and_mixed_up_ones_are(foreign):
    rows = list(range(1, 150))
    pixels = torch.tensor([[n] * 3 for n in rows]) / 255
    scaled = filled()
    batch(scaled, rows, obs=pixels, next_obs=pixels + 1 / 255, reward=torch.tensor(rows) * 0.01)
    found = judged(scaled, foreign)
    assert found.verdict is Verdict.PASS
    assert found.message.endswith("told in another form, not compared: observation, reward")
    mixed = filled()
    batch(mixed, rows, obs=torch.full((149, 3), 7, dtype=torch.uint8))  # a reference to one array
    assert judged(mixed, foreign).suspects == ("replay_wrong",)
    assert "observation in 148" in judged(mixed, foreign).message


def test_flags_are_compared_where_nothing_else_can_be(foreign):
    seen, rows = Remembered(), list(range(200))
    for number in rows:
        step(seen, number, truncated=number % 50 == 49)
    flags = torch.tensor([float(n % 50 == 49) for n in rows])
    batch(seen, rows, reward=torch.tensor(rows) * 0.01, terminated=flags)
    found = judged(seen, foreign)
    assert found.suspects == ("time_outs_terminal",)
    assert "terminal added in 4" in found.message


@pytest.mark.parametrize("n_step", [1, 2, 5])
def test_behind_how_many_steps_a_row_looks_is_found_out(n_step, foreign):
    seen, rows = filled(), list(range(150))
    after = torch.tensor([[n + n_step] * 3 for n in rows], dtype=torch.uint8)
    sums = torch.tensor([sum(0.9**k * 0.5 * (n + k) for k in range(n_step)) for n in rows])
    batch(seen, rows, next_obs=after, reward=sums)
    assert judged(seen, foreign).verdict is Verdict.PASS
    assert not differs(seen)["next observation"]


def test_environments_side_by_side_have_chains_of_their_own():
    seen = Remembered()
    for number in range(100):
        observed = np.full(3, number, np.uint8), np.full(3, number + 2, np.uint8)
        step(seen, number, env=number % 2, observed=observed)
    rows = list(range(90))
    two_later = torch.tensor([[n + 4] * 3 for n in rows], dtype=torch.uint8)
    batch(seen, rows, next_obs=two_later)
    assert not differs(seen)["next observation"]


def test_few_batches_are_looked_at_and_steps_without_a_next_observation_are_none():
    seen, rows = filled(), list(range(100))
    for _ in range(ROWS // 100 + 2 * EVERY):
        batch(seen, rows)
    assert ROWS < seen.facts().rows <= ROWS + 3 * 100
    blind = Remembered()
    step(blind, 1, observed=(np.zeros(3, np.uint8), None))
    batch(blind, [1])
    assert blind.facts() is None


def test_parts_of_unequal_length_end_the_recording_and_no_training(tmp_path, caplog):
    net = torch.nn.Linear(2, 1)
    watched = rca.watch(
        actor=torch.nn.Linear(2, 1),
        critic=net,
        optimizers=[torch.optim.Adam(net.parameters())],
        out=tmp_path / "run",
    )
    rows = torch.zeros(4, 2)
    watched.batch(
        obs=rows, action=rows[:3], reward=rows[:, 0], next_obs=rows, terminated=rows[:, 0]
    )
    watched.close()
    assert "action, reward, terminated, obs, next_obs have 3, 4, 4, 4, 4 rows" in caplog.text
