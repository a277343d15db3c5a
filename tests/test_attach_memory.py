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
from checks.wiring_actions import actions
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
    """Numbers and a picture, of an unlucky name."""

    def __init__(self):
        super().__init__(Point())
        self.observation_space = gymnasium.spaces.Dict(
            numbers=self.env.observation_space,
            reward=gymnasium.spaces.Box(0, 255, (36, 36, 3), np.uint8),
        )

    def observation(self, observation):
        picture = np.random.default_rng(int(1e6 * (2 + observation[0]))).integers(
            0, 255, (36, 36, 3)
        )
        return {"numbers": observation, "reward": picture.astype(np.uint8)}


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
    both = {"observation numbers", "observation reward"}
    observations = both if options is DICT else {"observation"}
    wanted = {"reward"} | observations | {f"next {name}" for name in observations}
    flags = {"terminal missing", "terminal added"}
    assert set(seen.other) == flags | (set() if "normalised" in options else wanted)
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
        assert other.sample.__self__ is other
    assert rows_of(load_run(tmp_path / "run")).rows == heard


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    return told(tmp_path_factory.mktemp("sb3") / "run", steps=130)


def facts_of(seen):
    facts = seen.facts()
    assert facts is not None
    return facts


def judged(seen, run):
    facts = facts_of(seen)
    return finding(replace(run, wiring=run.wiring.model_copy(update={"memory": facts})))


class Rows:
    """Steps of a world of noise, told as they come, and batches of them."""

    def __init__(self, length=20, told=lambda row, over: {}, seed=0, **options):
        self.seen, self.rows = Remembered(**options), []
        rng = self.rng = np.random.default_rng(seed)
        obs = rng.normal(size=3).astype(np.float32)
        for number in range(800):
            following, action = rng.normal(size=(2, 3)).astype(np.float32)
            over = number % length == length - 1
            row = (obs, action, float(rng.normal()), following, over)
            self.rows.append(row)
            step = {"observed": (obs, following), "terminated": over} | told(row, over)
            self.seen.step(*row[1:3], **({"truncated": False, "env": 0} | step))
            obs = rng.normal(size=3).astype(np.float32) if over else following

    def drawn(self, size=100, n_step=1, paid=lambda reward: reward, shown=lambda obs: obs):
        columns: list[list[Any]] = [[], [], [], [], []]
        for first in self.rng.integers(0, len(self.rows) - 70, size):
            total, discount = 0.0, 1.0
            for step in self.rows[first : first + n_step]:
                total, discount = total + discount * paid(step[2]), 0.99 * discount
                if step[4]:
                    break
            obs, action = self.rows[first][:2]
            row = (shown(obs), action, total, shown(step[3]), float(step[4]))
            for column, value in zip(columns, row, strict=True):
                column.append(value)
        names = ("obs", "action", "reward", "next_obs", "terminated")
        return dict(zip(names, (torch.tensor(np.array(column)) for column in columns), strict=True))

    def learned(self, *changes, batches=10, **options):
        for _ in range(batches):
            batch = self.drawn(**options)
            for change in changes:
                batch = change(batch)
            self.seen.batch(**batch)
        return self

    def finding(self, run):
        return judged(self.seen, run)


def mirrored(batch):
    """Half of the rows are augmented."""
    for name in ("obs", "next_obs"):
        batch[name][torch.rand(len(batch[name])) < 0.5] *= -1
    return batch


def where(change, *names):
    """A change of some parts of a batch."""
    return lambda batch: batch | {name: change(batch[name]) for name in names}


SOUND: dict[str, dict[str, Any]] = {
    "as told": {},
    "rewards clipped": {
        "paid": lambda reward: float(np.clip(reward, -1, 1)),
        "not compared": "reward",
    },
    "rewards of half precision": {
        "changes": [where(torch.Tensor.half, "reward")],
        "not compared": "reward",
    },
    "flags as truths": {"changes": [where(torch.Tensor.bool, "terminated")]},
    "pictures scaled": {"shown": lambda obs: obs / 2, "not compared": "observation"},
    "scaled, episodes of 8": {
        "world": {"length": 8},
        "shown": lambda obs: obs / 2,
        "not compared": "observation",
    },
    "3 steps": {"n_step": 3, "not compared": None},
    "3 steps, as is said": {"n_step": 3, "world": {"n_step": 3, "discount": 0.99}},
    "50 steps": {"n_step": 50, "world": {"length": 200}, "not compared": None},
    "3 steps, cut without a word": {
        "n_step": 3,
        "world": {"told": lambda row, over: {"terminated": False}},
        "changes": [where(torch.zeros_like, "terminated")],
        "not compared": None,
    },
    "3 steps, the last observation not told": {
        "n_step": 3,
        "world": {"told": lambda row, over: {"observed": (row[0], None if over else row[3])}},
        "not compared": None,
    },
    "an array changed in place": {
        "world": {"told": lambda row, over: {"observed": (row[3], row[3])}}
    },
    "the last observation alone": {
        "world": {"told": lambda row, over: {"observed": (None, row[3])}}
    },
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_memory_of_another_kind_is_not_accused(name, foreign):
    options = dict(SOUND[name])
    world, changes = options.pop("world", {}), options.pop("changes", [])
    left_out = options.pop("not compared", "")
    found = Rows(**world).learned(*changes, **options).finding(foreign)
    assert found.verdict is Verdict.PASS, found.message
    if left_out is not None:
        assert found.message.endswith(f"not compared: {left_out}" if left_out else "took place")


@pytest.mark.parametrize(
    "options",
    [{"n_step": 3, "shown": lambda obs: obs / 2}, {"changes": [mirrored]}],
    ids=["scaled sums", "half of the rows mirrored"],
)
def test_where_nothing_can_be_compared_it_says_so(options, foreign):
    changes = options.get("changes", [])
    rest = {name: value for name, value in options.items() if name != "changes"}
    found = Rows().learned(*changes, **rest).finding(foreign)
    assert found.verdict is Verdict.NOT_RUN
    assert found.message == "1,000 rows, all in another form than was told"


def test_batches_of_1_and_of_5_steps_are_told_apart(foreign):
    rows = Rows()
    for n_step in (1, 5, 1, 5):
        rows.learned(batches=2, n_step=n_step)
    assert rows.finding(foreign).verdict is Verdict.PASS


def test_a_first_batch_of_somebody_elses_steps_decides_nothing(foreign):
    rows = Rows()
    rows.seen.batch(**Rows(seed=9).drawn(n_step=3))
    found = rows.learned(n_step=3).finding(foreign)
    assert found.verdict is Verdict.PASS, found.message
    assert facts_of(rows.seen).elsewhere == 100


def dots(moves=1.0, length=20, is_told=True):
    """Rows of a world of few places, in which a dot moves in a share of the steps."""
    rng, rows, at = np.random.default_rng(0), [], 0
    seen = Remembered()
    for number in range(800):
        before = at
        if rng.random() < moves:
            at = int(np.clip(at + rng.integers(-3, 4), -40, 40))
        over = number % length == length - 1
        action = rng.uniform(-1, 1, 2).astype(np.float32)
        shown = np.array([before, 1], np.float32), np.array([at, 1], np.float32)
        reward = float(at > 5) - float(at < -5)
        ends = {"terminated": over and is_told, "truncated": False}
        seen.step(action, reward, shown, **ends, env=0)
        rows.append((shown[0], action, reward, shown[1], float(over)))
        at = int(rng.integers(-40, 41)) if over else at
    return seen, rows


def batches(seen, rows, change=lambda batch: batch, n_step=1):
    rng = np.random.default_rng(1)
    for _ in range(10):
        drawn = []
        for first in rng.integers(0, len(rows) - n_step, 100):
            span = rows[first : first + n_step]
            ends = [index for index, row in enumerate(span) if row[4]]
            span = span[: ends[0] + 1] if ends else span
            total = sum(0.9**k * row[2] for k, row in enumerate(span))
            drawn.append((*span[0][:2], total, *span[-1][3:]))
        columns = (torch.tensor(np.array(column)) for column in zip(*drawn, strict=True))
        names = ("obs", "action", "reward", "next_obs", "terminated")
        seen.batch(**change(dict(zip(names, columns, strict=True))))


def shifted(batch):
    """Each picture is moved by chance: often to where another one was."""
    for name in ("obs", "next_obs"):
        batch[name][:, 0] += torch.randint(-4, 5, (100,))
    return batch


def relabelled(batch):
    """Hindsight: in most rows another goal, which is reached."""
    for name in ("obs", "next_obs"):
        batch[name][20:, 1] = batch["next_obs"][20:, 0]
    batch["reward"][20:] = 0
    batch["terminated"][20:] = 1
    return batch


ON_PURPOSE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "random shift": ({}, {"change": shifted}),
    "hindsight": ({}, {"change": relabelled}),
    "another reward": ({}, {"change": lambda b: b | {"reward": b["reward"] - 1}}),
    "nothing paid": ({}, {"change": lambda b: b | {"reward": 0 * b["reward"]}}),
    "a tenth of the pictures left out": (
        {},
        {"change": lambda b: b | {"obs": b["obs"] * (torch.arange(100) > 9)[:, None]}},
    ),
    "3 steps, most of which change nothing": ({"moves": 0.25}, {"n_step": 3}),
    "ends that nobody told of": (
        {"moves": 0.25, "length": 7, "is_told": False},
        {"change": lambda b: b | {"terminated": torch.zeros(100)}},
    ),
}


@pytest.mark.parametrize("name", ON_PURPOSE)
def test_what_a_sampler_changes_on_purpose_is_not_accused(name, foreign):
    world, options = ON_PURPOSE[name]
    seen, rows = dots(**world)
    batches(seen, rows, **options)
    found = judged(seen, foreign)
    assert found.verdict in (Verdict.PASS, Verdict.NOT_RUN), found.message
    assert facts_of(seen).rows == 1000


def test_mixed_up_steps_are_named_in_a_world_of_few_places_too(foreign):
    seen, rows = dots()
    batches(seen, rows, lambda batch: batch | {"next_obs": rolled(batch["next_obs"])})
    assert judged(seen, foreign).suspects == ("replay_wrong",)


def rolled(part):
    return part.roll(1, 0)


MIXED: dict[str, Any] = {
    "rewards of other rows": ({}, [where(rolled, "reward")], "reward in"),
    "observations of other rows": ({}, [where(rolled, "obs")], "observation in"),
    "next ones of other rows": ({}, [where(rolled, "next_obs")], "next observation in"),
    "the same one in each": ({}, [where(lambda o: o[:1].expand(100, 3), "obs")], "observation in"),
    "observations of nothing": ({}, [where(torch.zeros_like, "obs")], "observation in"),
    "the state as the next one": ({}, [lambda b: b | {"next_obs": b["obs"]}], "next observation"),
    "no flag": ({}, [where(torch.zeros_like, "terminated")], "terminal missing"),
}


@pytest.mark.parametrize("name", MIXED)
def test_a_row_that_holds_what_was_told_of_another_step_is_named(name, foreign):
    options, changes, says = MIXED[name]
    found = Rows(**options).learned(*changes).finding(foreign)
    assert found.verdict is Verdict.FAIL
    assert says in found.message


def test_an_observation_two_steps_on_beside_one_reward_is_no_sum(foreign):
    rows = Rows(length=200)
    for _ in range(10):
        rows.seen.batch(**_two_on(rows))
    found = rows.finding(foreign)
    assert found.verdict is Verdict.FAIL
    assert "next observation in" in found.message


def _two_on(rows):
    state = rows.rng.bit_generator.state
    one = rows.drawn()
    rows.rng.bit_generator.state = state
    return one | {"next_obs": rows.drawn(n_step=2)["next_obs"]}


def test_bytes_may_be_kept_as_floats(foreign):
    rng = np.random.default_rng(0)
    seen, pictures = Remembered(), rng.integers(0, 256, (301, 12)).astype(np.uint8)
    actions = rng.uniform(-1, 1, (300, 2)).astype(np.float32)
    for at in range(300):
        shown = pictures[at], pictures[at + 1]
        seen.step(actions[at], float(at), shown, terminated=False, truncated=False, env=0)
    kept, rest = torch.tensor(pictures).float(), (torch.tensor(actions), torch.arange(300.0))
    seen.batch(kept[:-1], *rest, kept[1:], torch.zeros(300))
    assert facts_of(seen).other["next observation"] == 0
    assert facts_of(seen).asked["next observation"] == 300
    seen.batch(kept[:-1], *rest, kept[torch.randperm(300)], torch.zeros(300))
    assert facts_of(seen).other["next observation"] > 250


@pytest.mark.parametrize("told", [{}, {"terminated": False, "truncated": True}])
def test_time_outs_are_found_wrong_where_the_flag_says_so(told, foreign):
    rows = Rows(told=lambda row, over: told if over else {}).learned()
    suspects = ("time_outs_terminal",) if told else ()
    assert rows.finding(foreign).suspects == suspects


def test_environments_side_by_side_have_chains_of_their_own(foreign):
    rows, others = Rows(seed=1), Rows(seed=2)
    both = Remembered()
    for pair in zip(rows.rows, others.rows, strict=True):
        for env, (obs, action, reward, following, over) in enumerate(pair):
            ends = {"terminated": over, "truncated": False}
            both.step(action, reward, (obs, following), **ends, env=env)
    for one in (rows, others):
        one.seen = both
        one.learned(n_step=3)
        assert one.finding(foreign).verdict is Verdict.PASS


def test_few_batches_are_looked_at():
    rows = Rows()
    batch = rows.drawn()
    for _ in range(ROWS // 100 + 2 * EVERY):
        rows.seen.batch(**batch)
    assert ROWS < facts_of(rows.seen).rows <= ROWS + 3 * 100
    assert Remembered().facts() is None


def test_what_cannot_be_read_ends_the_comparison_and_nothing_else(tmp_path, caplog):
    net = torch.nn.Linear(2, 1)
    watched = rca.watch(
        actor=torch.nn.Linear(2, 1),
        critic=net,
        optimizers=[torch.optim.Adam(net.parameters())],
        out=tmp_path / "run",
    )
    rows = torch.zeros(4, 2)
    for _ in range(2):
        watched.batch(
            obs=rows, action=rows[:3], reward=rows[:, 0], next_obs=rows, terminated=rows[:, 0]
        )
    watched.step(1.0, action=np.zeros(2, np.float32), next_obs=object())
    watched.close()
    said = "action, reward, terminated, obs, next_obs have 3, 4, 4, 4, 4 rows"
    assert caplog.text.count(said) == 1
    run = load_run(tmp_path / "run")
    assert run.outcome.executed_steps == 1
    assert said in finding(run).message


class Half(ReplayBuffer):
    """Stores another action."""

    def add(self, obs, next_obs, action, reward, done, infos):
        super().add(obs, next_obs, 0.5 * action + 0.01, reward, done, infos)


@pytest.mark.parametrize("normalised", [False, True])
def test_another_action_is_named_whatever_form_observations_have(normalised, tmp_path):
    run = told(tmp_path / "run", normalised=normalised, replay_buffer_class=Half)
    assert finding(run).verdict is Verdict.NOT_RUN
    assert run_checks([actions], run)[0].verdict is Verdict.FAIL


class Few(Both):
    """Ends by itself after a few steps, always pays the same, and has a part of two values."""

    taken = 0

    def __init__(self):
        super().__init__()
        self.observation_space = gymnasium.spaces.Dict(
            numbers=self.env.observation_space, lane=gymnasium.spaces.Box(0, 1, (1,), np.float32)
        )

    def observation(self, observation):
        return {"numbers": observation, "lane": np.array([observation[0] > 0], np.float32)}

    def step(self, action):
        self.taken += 1
        obs, _, over, cut, info = super().step(action)
        return obs, -1.0, over or self.taken % 6 == 0, cut, info


@pytest.mark.parametrize("options", [DICT | {"kind": Few}, {"n_steps": 3, "learning_starts": 0}])
def test_of_normalised_batches_the_flags_alone_are_compared(options, tmp_path):
    run = told(tmp_path / "run", normalised=True, **options)
    found = finding(run)
    assert found.verdict is Verdict.PASS, found.message
    assert rows_of(run).asked["terminal added"] > 1000
    cut = told(tmp_path / "cut", normalised=True, replay_buffer_class=NeverCut)
    assert finding(cut).suspects == ("time_outs_terminal",)


def test_a_learn_that_broke_off_is_no_longer_listened_to(tmp_path):
    class Stops(rca.RcaCallback):
        def _on_step(self):
            if self.num_timesteps == 120:
                raise KeyboardInterrupt
            return super()._on_step()

    trained, first = model(), tmp_path / "first"
    with pytest.raises(KeyboardInterrupt):
        trained.learn(180, callback=Stops(first))
    trained.learn(60, callback=rca.RcaCallback(tmp_path / "second"), reset_num_timesteps=False)
    assert "sample" not in vars(trained.replay_buffer)
    second = rows_of(load_run(tmp_path / "second"))
    assert second is not None
    assert second.rows == 60 * 32
    assert 0 < second.elsewhere < second.rows


def test_a_sample_of_the_users_own_is_put_back(tmp_path):
    trained, drawn = model(), []
    memory = trained.replay_buffer
    own = memory.sample

    def counted(batch_size, env=None):
        drawn.append(batch_size)
        return own(batch_size, env)

    memory.sample = counted
    trained.learn(130, callback=rca.RcaCallback(tmp_path / "run"))
    assert memory.sample is counted
    assert len(drawn) == 30
    assert rows_of(load_run(tmp_path / "run")).rows == 30 * 32
