"""SIGKILL at random moments: the resumed run ends with the agent of one that was left alone."""

import hashlib
import json
import multiprocessing
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils._pytree import keystr, tree_flatten_with_path

from rca.config import load_config
from rca.runs.execute import execute, resume
from rca.runs.load import load_run
from rca.runs.under_way import CHECKPOINTS
from rca.study.forks import IMPORTED
from rca.td3.events import Updated

pytestmark = pytest.mark.carla

SETTINGS = [
    "env.route_length=20",
    "env.max_episode_steps=20",
    "env.stuck_seconds=1",
    "agent.learning_starts=10",  # the first checkpoint is of an agent that has learnt
    "agent.exploration_noise=0.3",
    "budget.eval_episodes=1",
    "budget.checkpoint_every=10",
]
TINY = [
    "env.image_size=36",
    "env.frame_stack=2",
    "agent.encoder=small",
    "agent.features=32",
    "agent.batch_size=8",
    "budget.threads=1",
]
DEFAULT = ["env.image_size=84", "agent.encoder=nature", "budget.threads=2"]
"""What sums in other orders than tiny networks on one thread: large ones, shared out among two."""
# Children are forked from a server that has imported what they need: seconds less each.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([*IMPORTED])


def run_to_its_end(config, folder, again):
    """Begins a run or goes on with it, and keeps beside it the agent after the last update."""

    def keep(event):
        if isinstance(event, Updated) and event.step == config.budget.steps:
            torch.save(event.agent.state_dict(), folder.with_suffix(".pt"))

    if again:
        resume(folder, listener=keep)
    else:
        execute(config, folder, listener=keep)


def bits(path):
    """A digest of each part of an agent's state, by its name."""
    leaves, _ = tree_flatten_with_path(torch.load(path, weights_only=True))
    contents = ((key, v.numpy().tobytes() if torch.is_tensor(v) else repr(v)) for key, v in leaves)
    return {
        keystr(key): hashlib.sha256(c if isinstance(c, bytes) else c.encode()).hexdigest()
        for key, c in contents
    }


@dataclass
class Killed:
    """A run that is killed and resumed."""

    folder: Path
    config: object

    def process(self):
        """Returns the process that begins it, or goes on with it."""
        how = (self.config, self.folder, self.folder.exists())
        return CONTEXT.Process(target=run_to_its_end, args=how)

    def manifest(self):
        try:
            return json.loads((self.folder / "manifest.json").read_text())
        except FileNotFoundError:
            return {}

    def killed_within(self, seconds):
        """Kills it some seconds after it has begun to write; False if it was finished before."""
        child = self.process()
        child.start()
        while child.is_alive() and self.manifest().get("pid") != child.pid:
            time.sleep(0.01)
        child.join(seconds)
        child.kill()
        child.join()
        if self.manifest().get("status") == "finished":  # maybe killed on its way out
            return False
        assert child.exitcode == -9
        assert load_run(self.folder).outcome.status == "crashed"
        return True

    def finish(self):
        """Returns what the agent is in the end: weights, targets, optimizers, counters, noise."""
        while self.manifest().get("status") != "finished":
            child = self.process()
            child.start()
            child.join()
            assert child.exitcode == 0
        return bits(self.folder.with_suffix(".pt"))


@pytest.mark.parametrize(
    ("size", "moments", "steps", "eval_every"),
    [
        (TINY, 3, 60, 0),
        pytest.param(TINY, 20, 1000, 90, marks=[pytest.mark.slow, pytest.mark.timeout(3600)]),
        pytest.param(DEFAULT, 3, 50, 0, marks=[pytest.mark.slow, pytest.mark.timeout(3600)]),
    ],
    ids=["tiny", "tiny and often", "default size, two threads"],
)
def test_kills_at_random_moments_change_nothing(tmp_path, size, moments, steps, eval_every):
    length = [f"budget.steps={steps}", f"budget.eval_every={eval_every}"]
    config = load_config("fixed", [*SETTINGS, *size, *length])
    whole = Killed(tmp_path / "whole", config)
    began = time.monotonic()
    expected = whole.finish()
    assert {name.split("'")[1] for name in expected} == {
        *("modules", "targets", "actor_optimizer", "critic_optimizer"),
        *("critic_updates", "actor_updates", "smoothing"),
    }
    lasted = time.monotonic() - began
    rng = np.random.default_rng(moments)
    kills, rounds, restored = 0, 0, False
    run = Killed(tmp_path / "run0", config)
    while kills < moments or not restored:  # one that begins again from its seed shows little
        if run.killed_within(rng.uniform(0, lasted)):
            kills += 1
            restored = restored or any((run.folder / CHECKPOINTS).glob("step-*.pt"))
        else:
            rounds += 1
            assert run.finish() == expected
            run = Killed(tmp_path / f"run{rounds}", config)
    assert run.finish() == expected
    left, broken = load_run(whole.folder), load_run(run.folder)
    assert (
        broken.signals["critic/loss"].values.tolist() == left.signals["critic/loss"].values.tolist()
    )
    assert broken.episodes.equals(left.episodes)
    assert broken.evaluations.equals(left.evaluations)
