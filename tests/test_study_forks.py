"""Trials forked from a process that has imported torch are what `python -m rca` would have made."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest

from rca.config import load_config
from rca.study.forks import Forker
from rca.study.trials import Trial, run_in_process, run_trial

SETTINGS = [
    *("budget.steps=40", "budget.eval_episodes=1"),
    *("agent.learning_starts=20", "agent.critic_warmup=0"),
]


@pytest.fixture(scope="module")
def forker():
    with Forker() as made:
        made.ready()
        yield made


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


def test_a_forked_trial_is_the_one_that_a_process_of_its_own_makes(forker, tmp_path):
    trial = Trial("one", load_config("quick", SETTINGS), ("target_frozen",))
    forked = run_trial(trial, tmp_path / "forked", forker.run)
    alone = run_trial(trial, tmp_path / "alone", run_in_process)
    assert (forked.error, alone.error) == ("", "")
    here, there = manifest(forked.folder), manifest(alone.folder)
    assert here["weights_digest"] == there["weights_digest"]
    assert here["command"][1:3] == there["command"][1:3]


def test_it_has_one_thread_when_it_forks(forker):
    assert psutil.Process(forker._process.pid).num_threads() == 1


@pytest.mark.parametrize("run", ["forked", "alone"])
def test_exit_codes_words_and_environment_arrive(run, forker, tmp_path, monkeypatch):
    begin = forker.run if run == "forked" else run_in_process
    log = tmp_path / "log"
    assert begin(["run", "--steps", "0"], log, 60.0) == 2
    assert "--steps" in log.read_text()

    def width():
        assert begin(["--help"], log, 60.0) == 0
        return max(map(len, log.read_text().splitlines()))

    monkeypatch.setenv("COLUMNS", "61")
    assert width() == 61
    monkeypatch.delenv("COLUMNS")
    assert width() == 80


def test_one_that_takes_too_long_is_given_up_with_its_simulator(tmp_path):
    words = ["run", "--config", "quick", "--steps", "100000", "--quiet", "--out"]
    with Forker() as forker:
        forker.ready()
        family = []
        looking = threading.Thread(target=lambda: family.extend(with_simulator(forker)))
        looking.start()
        assert forker.run([*words, str(tmp_path / "run")], tmp_path / "log", 15.0) is None
        looking.join()
        assert len(family) >= 2
        assert not psutil.wait_procs(family, timeout=30)[1]
        assert forker.run(["--help"], tmp_path / "log", 60.0) == 0


def test_if_it_is_killed_the_trial_ends_and_the_next_one_is_forked_from_another(tmp_path):
    words = ["run", "--config", "quick", "--steps", "100000", "--quiet", "--out"]
    with Forker() as forker:
        forker.ready()
        first, family = forker._process.pid, []

        def kill():
            family.extend(with_simulator(forker))
            os.kill(first, signal.SIGKILL)

        killing = threading.Thread(target=kill)
        killing.start()
        code = forker.run([*words, str(tmp_path / "run")], tmp_path / "log", 120.0)
        killing.join()
        assert code == -signal.SIGKILL
        assert not psutil.wait_procs(family, timeout=30)[1]
        assert forker.run(["--help"], tmp_path / "log", 60.0) == 0
        assert forker._process.pid != first


UNGUARDED = """
import sys
from pathlib import Path
from rca.config import load_config
from rca.study.engines.local import run_here
from rca.study.trials import Trial
config = load_config("quick", {settings})
(result,) = run_here([Trial("one", config)], Path({root!r}))
sys.exit(result.error or 0)
"""


def test_a_script_without_a_guard_can_run_trials(tmp_path):
    script = UNGUARDED.format(settings=SETTINGS, root=str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-"], input=script, text=True, capture_output=True, timeout=200
    )
    assert done.returncode == 0, done.stderr
    assert manifest(tmp_path / "one")["status"] == "finished"


def running_child(forker, patience=60.0):
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        for child in psutil.Process(forker._process.pid).children():
            return child
        time.sleep(0.02)
    raise AssertionError("no trial was forked")


def with_simulator(forker, patience=60.0):
    trial, deadline = running_child(forker), time.monotonic() + patience
    while time.monotonic() < deadline:
        if simulators := trial.children():
            return [trial, *simulators]
        time.sleep(0.02)
    raise AssertionError("the trial started no simulator")
