"""Files that the real Stable-Baselines3 wrote, read back as one run."""

import json

import gymnasium
import numpy as np
import pytest
from stable_baselines3 import TD3
from stable_baselines3.common.callbacks import EvalCallback
from stable_baselines3.common.logger import configure
from stable_baselines3.common.monitor import Monitor

from rca.checking import Verdict, builtin_checks, load_checks, run_checks
from rca.runs.load import load_run

STEPS, STARTS, EVERY = 600, 200, 150
RATE = 7e-4


class Line(gymnasium.Env):
    """A point on a line that shall stay at 0; episodes last 15 to 25 steps."""

    observation_space = gymnasium.spaces.Box(-9, 9, (1,), np.float32)
    action_space = gymnasium.spaces.Box(-1, 1, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.at = self.np_random.uniform(-1, 1, 1).astype(np.float32)
        self.left = int(self.np_random.integers(15, 26))
        return self.at, {}

    def step(self, action):
        self.at = np.clip(self.at + action, -9, 9).astype(np.float32)
        self.left -= 1
        return self.at, -abs(float(self.at[0])), self.left == 0, False, {"is_success": False}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder as a user of Stable-Baselines3 has it after a training."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "eval").mkdir()
    watch = EvalCallback(
        Monitor(Line()),
        log_path=str(folder / "eval"),
        eval_freq=EVERY,
        n_eval_episodes=3,
        verbose=0,
    )
    env = Monitor(Line(), str(folder / "monitor.csv"), info_keywords=("is_success",))
    model = TD3("MlpPolicy", env, learning_rate=RATE, learning_starts=STARTS, batch_size=16, seed=0)
    model.set_logger(configure(str(folder), ["csv", "tensorboard"]))
    model.learn(STEPS, callback=watch, log_interval=2)
    model.logger.close()
    env.close()
    declared = {"learning_rate": 1e-3, "learning_starts": STARTS, "batch_size": 16, "gamma": 0.99}
    (folder / "config.json").write_text(json.dumps(declared))
    return folder, env


def test_every_file_is_read_and_nothing_is_missing(trained):
    folder, _ = trained
    run = load_run(folder)
    assert run.gaps == ()
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert names == set(run.provenance["files"])  # type: ignore[call-overload]


def test_episodes_are_those_of_the_monitor(trained):
    folder, env = trained
    run = load_run(folder)
    done = len(env.get_episode_lengths())
    assert run.episodes["length"].tolist() == env.get_episode_lengths()
    np.testing.assert_allclose(run.episodes["return"], env.get_episode_rewards(), atol=1e-5)
    assert run.episodes["end_step"].tolist() == np.cumsum(env.get_episode_lengths()).tolist()
    assert run.episodes["success"].tolist() == [0.0] * done


def test_evaluations_are_those_of_the_archive(trained):
    folder, _ = trained
    run, archive = load_run(folder), np.load(folder / "eval" / "evaluations.npz")
    assert run.evaluations["step"].tolist() == archive["timesteps"].tolist()
    assert run.evaluations["episodes"].tolist() == [3] * len(archive["timesteps"])
    np.testing.assert_allclose(
        run.evaluations["mean_return"], archive["results"].mean(axis=1), rtol=1e-5
    )
    np.testing.assert_allclose(
        run.evaluations["mean_length"], archive["ep_lengths"].mean(axis=1), rtol=1e-5
    )


def test_learner_values_are_placed_and_counted(trained):
    folder, _ = trained
    run = load_run(folder)
    assert run.outcome.executed_steps == STEPS
    assert run.first_update_step() == STARTS + 1
    assert {"critic/loss", "actor/loss", "learner/lr", "learner/updates"} <= run.signals.keys()
    assert run.observed["agent.updates_per_step"].value == pytest.approx(1, rel=0.05)


def test_a_declared_rate_that_is_not_in_force_is_reported(trained):
    folder, _ = trained
    run = load_run(folder)
    rate = run.observed["agent.actor_lr"]
    assert (rate.declared, rate.differs) == (1e-3, True)
    assert rate.value == pytest.approx(RATE)
    assert not run.observed["agent.learning_starts"].differs
    findings = run_checks(load_checks([builtin_checks()]), run)
    found = {item.check: item for item in findings}["config.effective"]
    assert found.verdict is Verdict.FAIL
    assert "agent.actor_lr declared 0.001, in force 0.0007" in found.message
    assert [item for item in findings if item.verdict is Verdict.ERROR] == []


def test_a_users_table_renames_what_the_library_wrote(trained, tmp_path):
    folder, _ = trained
    table = tmp_path / "tags.yaml"
    table.write_text("rollout/ep_rew_mean: my/return\n")
    run = load_run(folder, tags=table)
    assert "my/return" in run.signals
    assert "rollout/return_mean" not in run.signals
