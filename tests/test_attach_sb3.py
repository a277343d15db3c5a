"""RcaCallback on the real Stable-Baselines3."""

import functools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from stable_baselines3 import DDPG, PPO, SAC, TD3
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecNormalize

import rca
from rca.checking import Verdict, builtin_checks, load_checks, run_checks, select
from rca.errors import UsageError
from rca.runs.load import load_run
from rca.runs.task import drives


class Point(gymnasium.Env):
    """A point in a box with unequal bounds: SB3 rescales the actions."""

    observation_space = gymnasium.spaces.Box(-2, 2, (3,), np.float32)
    action_space = gymnasium.spaces.Box(np.array([-2, 0], np.float32), np.array([2, 1], np.float32))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at, self.steps = self.np_random.uniform(-1, 1, 3).astype(np.float32), 0
        return self.at, {}

    def step(self, action):
        self.at = np.clip(self.at + 0.1 * action.sum(), -2, 2).astype(np.float32)
        self.steps += 1
        over = bool(abs(self.at[0]) > 1.8)
        return self.at, 1 - float(abs(self.at[0])), over, False, {}


class Pixels(Point):
    """The same with a picture."""

    observation_space = gymnasium.spaces.Box(0, 255, (3, 36, 36), np.uint8)  # type: ignore[arg-type]

    def _picture(self):
        rng = np.random.default_rng(int(1e6 * (2 + self.at[0])))
        return rng.integers(0, 255, (3, 36, 36), dtype=np.uint8)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self._picture(), {}

    def step(self, action):
        _, reward, over, cut, info = super().step(action)
        return self._picture(), reward, over, cut, info


def env(kind):
    return gymnasium.wrappers.TimeLimit(kind(), 20)


def wiring(out):
    found = load_run(out).wiring
    assert found is not None
    return found


def judged(out, pattern="wiring.*"):
    checks = select(load_checks([builtin_checks()]), [pattern])
    return {found.check: found for found in run_checks(checks, load_run(out))}


SMALL: dict[str, Any] = {"net_arch": [32, 32]}
"""Layers of all networks: SB3's own have 400 and 300 units, of which nothing here depends."""


def learned(algorithm, kind, out, steps=220, **options):
    policy, networks = "MlpPolicy", dict(SMALL)  # SB3 adds to it
    if kind is Pixels:
        policy, networks = "CnnPolicy", {**SMALL, "features_extractor_kwargs": {"features_dim": 64}}
    model = algorithm(
        policy,
        env(kind),
        policy_kwargs=networks,
        learning_starts=150,
        batch_size=32,
        buffer_size=1000,
        train_freq=1,
        seed=0,
        **options,
    )
    model.learn(steps, callback=rca.RcaCallback(out))
    return model


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Gives the run folder of a sound algorithm; each is trained once."""

    @functools.cache
    def run(algorithm, kind):
        out = tmp_path_factory.mktemp("sound") / "run"
        learned(algorithm, kind, out)
        return out

    return run


@pytest.mark.parametrize(
    ("algorithm", "kind"),
    [(TD3, Point), (TD3, Pixels), (DDPG, Point), (DDPG, Pixels), (SAC, Point), (SAC, Pixels)],
)
def test_a_sound_algorithm_is_not_accused(algorithm, kind, sound):
    torch.set_num_threads(1)
    run = load_run(sound(algorithm, kind))
    found = judged(sound(algorithm, kind))
    failed = {name: item.message for name, item in found.items() if item.verdict is Verdict.FAIL}
    assert failed == {}
    for name in ("wiring.actions", "wiring.gradients", "wiring.optimizers", "wiring.targets"):
        assert found[name].verdict is Verdict.PASS, found[name].message
    assert run.outcome.executed_steps == 220
    assert run.outcome.critic_updates == 70
    assert run.config["agent.batch_size"] == 32


def test_a_batch_larger_than_what_there_is_to_draw_from_is_no_fault(tmp_path):
    """SB3's own defaults: batches of 256 from the 100th step on."""
    TD3("MlpPolicy", env(Point), policy_kwargs=dict(SMALL), seed=0).learn(
        180, callback=rca.RcaCallback(tmp_path / "run")
    )
    actions = wiring(tmp_path / "run").actions
    assert actions.repeated == pytest.approx(actions.evenly, abs=0.02)
    assert actions.repeated > 0.5
    assert judged(tmp_path / "run")["wiring.batches"].verdict is Verdict.PASS


def test_a_shared_encoder_that_looks_at_a_state_twice_is_no_fault(tmp_path):
    networks = {
        "net_arch": [16],
        "share_features_extractor": True,
        "features_extractor_kwargs": {"features_dim": 16},
    }
    model = SAC("CnnPolicy", env(Pixels), policy_kwargs=networks, learning_starts=100, seed=0)
    model.learn(125, callback=rca.RcaCallback(tmp_path / "run"))
    found = judged(tmp_path / "run")
    assert found["wiring.next_state"].verdict is Verdict.PASS, found["wiring.next_state"]
    assert [name for name, item in found.items() if item.verdict is Verdict.FAIL] == []


def test_returns_are_those_of_the_environment_where_rewards_are_normalised(tmp_path):
    model = TD3(
        "MlpPolicy",
        VecNormalize(make_vec_env(lambda: env(Point), 4)),
        policy_kwargs=dict(SMALL),
        learning_starts=100,
        batch_size=16,
        seed=0,
    )
    model.learn(200, callback=rca.RcaCallback(tmp_path / "run"))
    episodes = load_run(tmp_path / "run").episodes
    said = [(info["r"], 4 * info["l"]) for info in model.ep_info_buffer or ()]
    assert episodes["return"].tolist() == pytest.approx([r for r, _ in said], abs=1e-5)
    spans = (episodes["end_step"] - episodes["start_step"]).tolist()
    assert spans == pytest.approx([span for _, span in said], abs=3)  # told one after another


def test_ddpg_is_not_told_to_smooth_its_targets(sound):
    found = judged(sound(DDPG, Point), "wiring.smoothing")["wiring.smoothing"]
    assert found.verdict is Verdict.VACUOUS, found.message
    assert "DDPG" in found.message


def test_the_equation_of_td3_is_found(tmp_path):
    learned(TD3, Point, tmp_path / "run", gamma=0.9)
    equation = wiring(tmp_path / "run").equation
    assert equation.fitted >= 0.9 * equation.tried > 0
    assert equation.discount == pytest.approx(0.9, abs=1e-3)
    assert set(equation.reductions) == {"min"}
    assert equation.time_outs.get("cut", 0) == 0


def test_features_of_pixels_are_followed(sound):
    found = judged(sound(TD3, Pixels))
    assert found["wiring.features"].verdict is Verdict.PASS
    assert "critic_encoder" in found["wiring.features"].message


def test_a_planted_fault_in_the_library_is_named(tmp_path):
    class Forgetful(TD3):
        def _setup_model(self):
            super()._setup_model()
            kept = list(self.critic.q_networks[0].parameters())
            self.critic.optimizer = torch.optim.Adam(kept, 1e-3)

    learned(Forgetful, Point, tmp_path / "run")
    found = judged(tmp_path / "run")["wiring.optimizers"]
    assert found.verdict is Verdict.FAIL
    assert "qf1" in found.message


def test_another_kind_of_algorithm_is_refused(tmp_path):
    model = PPO("MlpPolicy", env(Point), n_steps=16, batch_size=16)
    with pytest.raises(UsageError, match="PPO is no actor-critic with a replay memory"):
        model.learn(16, callback=rca.RcaCallback(tmp_path / "run"))


def test_environments_side_by_side_and_rare_updates_are_no_fault(tmp_path):
    model = TD3(
        "MlpPolicy",
        make_vec_env(lambda: env(Point), 4),
        policy_kwargs=dict(SMALL),
        learning_starts=100,
        batch_size=16,
        train_freq=2,
        gradient_steps=2,
        seed=0,
    )
    model.learn(900, callback=rca.RcaCallback(tmp_path / "run"))
    run = load_run(tmp_path / "run")
    assert run.config["agent.updates_per_step"] == 0.25  # 2 updates in 2 steps of 4 environments
    found = judged(tmp_path / "run", "*")
    for name in ("updates.replay_ratio", "phases.found", "episodes.add_up"):
        assert found[name].verdict is Verdict.PASS, found[name].message


def test_a_task_is_driving_where_its_user_says_so(tmp_path):
    told = rca.RcaCallback(tmp_path / "run", config={"task": "driving"})
    TD3("MlpPolicy", env(Point), learning_starts=10, seed=0).learn(20, callback=told)
    TD3("MlpPolicy", env(Point), seed=0).learn(20, callback=rca.RcaCallback(tmp_path / "other"))
    assert drives(load_run(tmp_path / "run"))
    assert not drives(load_run(tmp_path / "other"))


def small(seed=0):
    return TD3(
        "MlpPolicy",
        env(Point),
        policy_kwargs=dict(SMALL),
        learning_starts=50,
        batch_size=16,
        buffer_size=500,
        seed=seed,
    )


def test_a_second_learn_goes_on_with_the_record(tmp_path):
    model, told = small(), rca.RcaCallback(tmp_path / "run")
    model.learn(80, callback=told)
    first = load_run(tmp_path / "run")
    assert (first.outcome.status, first.outcome.executed_steps) == ("finished", 80)
    assert first.results["executed_timesteps"] == 80
    before = len(first.episodes)
    model.learn(60, callback=told, reset_num_timesteps=False)
    told.close()
    run = load_run(tmp_path / "run")
    assert (run.outcome.status, run.outcome.executed_steps) == ("finished", 140)
    assert run.outcome.critic_updates == model._n_updates == 90
    assert run.results["executed_timesteps"] == 140
    assert len(run.episodes) > before
    assert run.episodes["start_step"].tolist()[1:] == run.episodes["end_step"].tolist()[:-1]
    assert run.signals["env/reward"].steps.tolist() == list(range(1, 141))
    assert not model.actor.optimizer._optimizer_step_pre_hooks


def test_environments_that_begin_anew_end_no_episode_of_the_learn_before(tmp_path):
    model, told = small(), rca.RcaCallback(tmp_path / "run")
    model.learn(50, callback=told)
    model.learn(50, callback=told)
    told.close()
    assert load_run(tmp_path / "run").outcome.executed_steps == 100
    assert load_run(tmp_path / "run").episodes["length"].max() <= 20  # the limit of its wrapper


def test_a_learn_after_the_end_is_said_and_not_recorded(tmp_path, caplog):
    model, told = small(), rca.RcaCallback(tmp_path / "run")
    model.learn(60, callback=told)
    told.close()
    model.learn(60, callback=told, reset_num_timesteps=False)
    said = [record.getMessage() for record in caplog.records if record.name == "rca"]
    assert len(said) == 1
    assert "is closed" in said[0]
    assert model._n_updates == 70
    assert load_run(tmp_path / "run").outcome.executed_steps == 60


def test_a_callback_is_of_one_model(tmp_path):
    told = rca.RcaCallback(tmp_path / "run")
    small().learn(20, callback=told)
    with pytest.raises(UsageError, match="record of another model"):
        small().learn(20, callback=told)
    told.close()


def test_a_record_is_closed_when_its_callback_is_gone_and_another_begins(tmp_path):
    models = [small(), small()]
    for number, model in enumerate(models):
        model.learn(60, callback=rca.RcaCallback(tmp_path / str(number)))
    hooks = [len(model.actor.optimizer._optimizer_step_pre_hooks) for model in models]
    assert hooks == [0, 1]
    assert [load_run(tmp_path / name).outcome.status for name in "01"] == ["finished"] * 2


SCRIPT = """
import os
import sys
import rca
from tests.test_attach_sb3 import small

class Stop(rca.RcaCallback):
    def _on_step(self):
        if self.num_timesteps == 70 and how == "raises":
            raise ArithmeticError("mine")
        return super()._on_step()

folder, *ways = sys.argv[1:]
for how in ways:
    child = os.fork()
    if child == 0:
        break
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with open(f"{folder}/{how}.code", "w") as file:
        file.write(str(code))
else:
    sys.exit()
os.dup2(os.open(f"{folder}/{how}.stderr", os.O_WRONLY | os.O_CREAT), 2)
model, told = small(), Stop(f"{folder}/{how}")
model.learn(60, callback=told)
if how != "once":
    model.learn(60, callback=told, reset_num_timesteps=False)
if how == "killed":
    os._exit(1)
"""
WAYS = {
    "once": ("finished", 60),
    "twice": ("finished", 120),
    "killed": ("finished", 120),
    "raises": ("crashed", 69),
}
"""How a process learns and ends: the status and the steps of what it leaves."""


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """A folder with what processes leave, one a way: forked, so that libraries are imported once.

    Each goes through the interpreter's end as a process of its own does.
    """
    folder = tmp_path_factory.mktemp("left")
    begun = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), *WAYS],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "OMP_NUM_THREADS": "1"},  # a fork has the one thread that forked
        capture_output=True,
        text=True,
        check=False,
    )
    assert begun.returncode == 0, begun.stderr
    return folder


@pytest.mark.parametrize("how", WAYS)
def test_what_a_process_leaves_is_correct_though_nobody_closed_it(how, left):
    status, steps = WAYS[how]
    code, errors = ((left / f"{how}.{part}").read_text() for part in ("code", "stderr"))
    assert (code != "0") == (how in ("killed", "raises")), errors
    assert "Traceback" not in errors or how == "raises"
    run = load_run(left / how)
    assert (run.outcome.status, run.outcome.executed_steps) == (status, steps)
    assert len(run.signals["env/reward"]) == steps
    assert run.outcome.error == ("learn() did not come to its end" if how == "raises" else "")
