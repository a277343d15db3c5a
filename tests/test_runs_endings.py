"""How a run ends and goes on, in a tiny task without a simulator."""

import copy
import json
import os
import signal
import socket
import sys
import threading
from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

import pytest

from rca.build import default_build
from rca.config import load_config
from rca.envs.servers import Address
from rca.errors import UsageError
from rca.runs import execute as runs
from rca.runs import manifest as manifests
from rca.runs import under_way
from rca.runs.folder import RunWriter
from rca.runs.load import load_run
from rca.runs.stopping import FINISHING
from rca.td3.events import Stepped
from tests.tiny_env import Pointing

CONFIG = load_config(
    "quick",
    [
        "env.image_size=36",
        "agent.encoder=small",
        "agent.features=16",
        "agent.batch_size=4",
        "agent.buffer_size=60",
        "agent.random_phase=uniform",
        "agent.learning_starts=20",
        "agent.critic_warmup=0",
        "agent.n_step=1",
        "budget.steps=50",
        "budget.eval_every=25",
        "budget.eval_episodes=1",
        "budget.checkpoint_every=20",
    ],
)
SIGNALS = [signal.SIGINT, signal.SIGTERM]
HERE = Address("127.0.0.1", 0)


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """Runs drive in the tiny task."""

    def build(config):
        def make(config, host, port):
            return Pointing(terminal_every=1)

        return replace(default_build(config), make_env=make, make_eval_env=make)

    monkeypatch.setattr(runs, "default_build", build)
    monkeypatch.setattr(under_way, "server_for", lambda config, server: nullcontext(HERE))


class Until:
    """A listener and a reason to stop from a step on."""

    def __init__(self, step):
        self.step, self.seen = step, 0

    def __call__(self, event):
        if isinstance(event, Stepped):
            self.seen = event.step

    def halt(self):
        return "enough" if self.seen >= self.step else ""


def stopped_at(step, folder, **more):
    until = Until(step)
    return runs.execute(CONFIG, folder, listener=until, halt=until.halt, **more)


def gone_on_to(step, folder, **more):
    until = Until(step)
    return runs.resume(folder, listener=until, halt=until.halt, **more)


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


def probed(folder):
    return [name for name in load_run(folder).signals if name.startswith("probed/")]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_first_signal_while_a_checkpoint_is_made_stops_the_run(tmp_path, monkeypatch, number):
    commit, sent, told = RunWriter.commit, list[int](), list[str]()

    def interrupted(writer, **how):
        if threading.current_thread() is threading.main_thread() and not sent:
            sent.append(number)
            os.kill(os.getpid(), number)
        commit(writer, **how)

    monkeypatch.setattr(RunWriter, "commit", interrupted)
    outcome = runs.execute(CONFIG, tmp_path / "run", told=told.append)
    assert (outcome.status, outcome.executed_steps) == ("interrupted", 21)
    assert told == [FINISHING]


def test_in_a_server_that_was_given_it_is_said_that_nothing_is_evaluated(tmp_path):
    told: list[str] = []
    runs.execute(CONFIG, tmp_path / "own", told=told.append)
    assert len(load_run(tmp_path / "own").evaluations) == 2
    assert not told
    assert "not_evaluated" not in manifest(tmp_path / "own")
    runs.execute(CONFIG, tmp_path / "given", server=HERE, told=told.append)
    assert len(load_run(tmp_path / "given").evaluations) == 0
    (line,) = told
    assert line.startswith("budget.eval_every=25 has no effect: ")
    assert manifest(tmp_path / "given")["not_evaluated"] == line


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RuntimeError("odd"), "the probing broke off, the run is finished: RuntimeError: odd"),
        (KeyboardInterrupt(), "Ctrl-C ended the probing; the run is finished"),
    ],
)
def test_what_ends_the_probing_does_not_end_the_run(tmp_path, monkeypatch, error, words):
    def fail(agent):
        raise error

    monkeypatch.setattr(under_way, "copy", SimpleNamespace(deepcopy=fail))
    told: list[str] = []
    outcome = runs.execute(CONFIG, tmp_path / "run", probe_updates=2, told=told.append)
    assert outcome.status == "finished"
    assert load_run(tmp_path / "run").outcome == outcome
    assert told == [words]


def test_a_first_ctrl_c_ends_the_probing_too(tmp_path, monkeypatch):
    told: list[str] = []

    def interrupted(part):
        if not told:
            os.kill(os.getpid(), signal.SIGINT)
        return copy.deepcopy(part)

    monkeypatch.setattr(under_way, "copy", SimpleNamespace(deepcopy=interrupted))
    outcome = runs.execute(CONFIG, tmp_path / "run", probe_updates=2, told=told.append)
    assert outcome.status == "finished"
    assert told == [FINISHING, "Ctrl-C ended the probing; the run is finished"]
    assert not probed(tmp_path / "run")


def test_a_run_that_was_stopped_is_not_probed(tmp_path):
    assert stopped_at(30, tmp_path / "run", probe_updates=2).status == "interrupted"
    assert not probed(tmp_path / "run")
    assert runs.resume(tmp_path / "run", probe_updates=2).status == "finished"
    assert "probed/critic/grad_norm" in probed(tmp_path / "run")


def test_each_session_is_in_the_manifest_and_the_first_is_described_beside(tmp_path, monkeypatch):
    folder, told = tmp_path / "run", list[str]()
    stopped_at(25, folder)
    first = manifest(folder)
    versions = {**manifests.versions(), "torch": "9.9"}
    monkeypatch.setattr(manifests, "versions", lambda: versions)
    monkeypatch.setattr(manifests, "machine", lambda: {"host": "elsewhere"})
    monkeypatch.setattr(sys, "argv", ["rca", "run", "--resume"])
    given = {"on_nan": "continue", "device": "auto"}
    gone_on_to(30, folder, budget=given, told=told.append)
    was = first["versions"]["torch"]
    assert told == [f"not bit for bit the run: torch is 9.9, was {was} in the session before"]
    gone_on_to(35, folder, told=told.append)
    assert len(told) == 1  # the session before had the same
    now = manifest(folder)
    of_each = {"command", "versions", "git", "machine", "device", "simulator_versions"}
    for entry in (*of_each, "started"):
        assert now[entry] == first[entry]
    one, two = now["resumed"]
    assert one.keys() == {"at", "budget", *of_each}
    assert (one["command"], one["machine"]) == (["rca", "run", "--resume"], {"host": "elsewhere"})
    assert one["versions"]["torch"] == two["versions"]["torch"] == "9.9"
    assert (one["budget"], two["budget"]) == ({"on_nan": "continue"}, {})
    shown = load_run(folder).provenance["resumed"]
    assert isinstance(shown, dict)
    assert shown["2"].keys() == {"at", "command", "versions", "machine", "budget"}


def test_sessions_as_older_versions_wrote_them_are_read(tmp_path):
    folder = tmp_path / "run"
    stopped_at(25, folder)
    old = {**manifest(folder), "resumed": ["2026-01-02T03:04:05+00:00"]}
    (folder / "manifest.json").write_text(json.dumps(old))
    assert load_run(folder).provenance["resumed"] == {"1": {"at": old["resumed"][0]}}
    gone_on_to(30, folder)
    before, later = manifest(folder)["resumed"]
    assert (before, later["budget"]) == (old["resumed"][0], {})
    assert load_run(folder).outcome.status == "interrupted"


def test_a_damaged_newest_checkpoint_is_set_aside_and_told(tmp_path):
    folder, told = tmp_path / "run", list[str]()
    stopped_at(35, folder)
    older, newest = sorted((folder / "checkpoints").iterdir())
    half = newest.read_bytes()[:1000]
    newest.write_bytes(half)
    assert runs.resume(folder, told=told.append).status == "finished"
    aside = newest.with_name(f"{newest.name}.unreadable")
    assert told == [f"goes on from {older}; a newer one cannot be read, now called {aside.name}"]
    assert aside.read_bytes() == half


def test_a_run_whose_event_file_cannot_be_begun_is_one_that_crashed(tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(socket, "gethostname", lambda: "no/such/folder")
        with pytest.raises(UsageError, match="tensorboard: cannot be written"):
            runs.execute(CONFIG, tmp_path / "run", tensorboard=True)
    outcome = load_run(tmp_path / "run").outcome
    assert (outcome.status, outcome.executed_steps, outcome.planned_steps) == ("crashed", 0, 50)
    assert outcome.error.startswith("UsageError: ")
    assert runs.resume(tmp_path / "run", tensorboard=True).status == "finished"
