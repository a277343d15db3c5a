"""A server that fails while a run trains in it: the run goes on, and its record says why."""

import contextlib
import json
import re
import socket
import sqlite3
from contextlib import contextmanager
from dataclasses import replace

import pytest

from rca.build import Change
from rca.config import load_config
from rca.envs.driving import DrivingEnv
from rca.envs.servers import Address, embedded
from rca.errors import RcaError
from rca.runs import execute as runs
from rca.runs import under_way
from rca.runs.load import load_run
from rca.sim.launch import launch
from rca.td3.events import Stepped
from tests.test_sim_server import GARBAGE

pytestmark = pytest.mark.carla

STEPS = 60
CONFIG = load_config(
    "fixed",
    [
        "env.image_size=48",
        "env.route_length=20",
        "env.stuck_seconds=1",
        "agent.learning_starts=30",
        "agent.batch_size=8",
        f"budget.steps={STEPS}",
        "budget.eval_every=0",
        "budget.threads=1",
    ],
)
FAULTY_TICK = 20
"""Setting up takes 2 ticks and a reset 9, so this one is a step of the first episode."""


def impatient(build):
    """Waits one second for the simulator instead of ten."""

    def make_env(config, host, port):
        return DrivingEnv(config.env, host=host, port=port, timeout_s=1.0)

    return replace(build, make_env=make_env)


IMPATIENT = Change("impatient", "time-out of 1 s", impatient)


@pytest.fixture
def servers(monkeypatch):
    """Returns the addresses of all servers, of which each has the next fault that the test says."""
    started: list[Address] = []

    def planted(*faults):
        left = iter(faults)

        @contextmanager
        def start(config, server):
            fault = next(left, "")
            options = ("--fault", fault) if fault else ()
            with embedded(config.map, options=options) as address:
                started.append(address)
                yield address

        monkeypatch.setattr(under_way, "server_for", start)
        return started

    return planted


def noted(folder):
    return json.loads((folder / "manifest.json").read_text())


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        pytest.param("die", "had ended", marks=pytest.mark.slow),
        ("go-async", "made it asynchronous"),
        pytest.param("freeze", "time-out of 1000ms", marks=pytest.mark.slow),
        pytest.param("drop-frame", "camera image of frame", marks=pytest.mark.slow),
        pytest.param("late-frame", "camera image of frame", marks=pytest.mark.slow),
        pytest.param("half-open", "1 s|1000ms", marks=pytest.mark.slow),
    ],
)
def test_the_run_goes_on_and_its_record_names_the_fault(tmp_path, servers, fault, named):
    started = servers(f"{fault}:{FAULTY_TICK}")
    stored: list[bool] = []

    def listen(event):
        if isinstance(event, Stepped):
            stored.append(event.stored)

    outcome = runs.execute(CONFIG, tmp_path / "run", listener=listen, changes=[IMPATIENT])
    assert (outcome.status, outcome.executed_steps, len(started)) == ("finished", STEPS, 2)
    assert (len(stored), stored.count(False)) == (STEPS, 1)
    (line,) = noted(tmp_path / "run")["simulator_faults"]
    assert re.search(named, line), line
    endings = load_run(tmp_path / "run").episodes["end_reason"].tolist()
    assert endings.count("simulator_fault") == 1
    with sqlite3.connect(tmp_path / "run" / "run.sqlite") as database:
        ((steps,),) = database.execute(
            "SELECT count(DISTINCT step) FROM value JOIN signal ON signal.id = value.signal"
            " WHERE name = 'env/reward'"
        ).fetchall()
    assert steps == STEPS


def test_a_restart_that_fails_is_named_too(tmp_path, servers):
    started = servers(f"go-async:{FAULTY_TICK}", "refuse-spawn:0")
    outcome = runs.execute(CONFIG, tmp_path / "run", changes=[IMPATIENT])
    assert (outcome.status, outcome.executed_steps, len(started)) == ("finished", STEPS, 3)
    first, second = noted(tmp_path / "run")["simulator_faults"]
    assert "asynchronous" in first
    assert re.search(rf":{started[1].port}: it refused to spawn", second)


@pytest.mark.parametrize(
    ("fault", "named"),
    [("refuse-spawn:0", "refused to spawn"), ("leak-actors", "does not remove 1 cars")],
)
def test_a_server_that_cannot_be_used_is_named_and_the_folder_is_whole(tmp_path, fault, named):
    with launch("oval", options=("--fault", fault)) as server:
        place = Address("127.0.0.1", server.port)
        if fault == "leak-actors":  # an earlier run whose car stays
            DrivingEnv(CONFIG.env, port=server.port).close()
        with pytest.raises(RcaError, match=named):
            runs.execute(CONFIG, tmp_path / "run", server=place)
    assert re.search(named, noted(tmp_path / "run")["error"])
    assert load_run(tmp_path / "run").outcome.status == "crashed"


def test_what_was_noted_outlives_a_crash_and_a_resumed_run_adds_to_it(tmp_path, servers):
    servers(f"go-async:{FAULTY_TICK}", "", f"go-async:{FAULTY_TICK}")
    config = CONFIG.model_copy(
        update={
            "budget": CONFIG.budget.model_copy(update={"checkpoint_every": 5}),
            "env": CONFIG.env.model_copy(update={"max_episode_steps": 8}),
        }
    )
    faults: list[str] = []

    def pull_the_plug(event):
        if isinstance(event, Stepped) and event.step == 30:
            faults.extend(noted(tmp_path / "run")["simulator_faults"])
            raise RuntimeError("pulled the plug")

    with pytest.raises(RuntimeError, match="plug"):
        runs.execute(config, tmp_path / "run", listener=pull_the_plug)
    assert len(faults) == 1  # written while the run went on
    assert noted(tmp_path / "run")["simulator_faults"] == faults
    runs.resume(tmp_path / "run")
    after = noted(tmp_path / "run")["simulator_faults"]
    assert (after[:1], len(after)) == (faults, 2)


def test_strangers_on_both_ports_and_a_slow_server_leave_the_run_as_it_was(tmp_path, servers):
    """Garbage, announced gigabytes, connections that say nothing; ticks about 50 times slower."""
    started = servers("", "slow:0.05")
    agent, budget = (
        CONFIG.agent.model_copy(update={"learning_starts": 15}),
        CONFIG.budget.model_copy(update={"steps": 30}),
    )
    config = CONFIG.model_copy(update={"agent": agent, "budget": budget})
    silent: list[socket.socket] = []

    def disturb(event):
        if isinstance(event, Stepped) and event.step in (5, 15, 25):
            for port in (started[-1].port, started[-1].port + 1):
                silent.append(socket.create_connection(("127.0.0.1", port)))
                for data in GARBAGE:
                    with (
                        contextlib.suppress(OSError),  # hung up already
                        socket.create_connection(("127.0.0.1", port), timeout=2) as stranger,
                    ):
                        stranger.sendall(data)

    assert runs.execute(config, tmp_path / "alone").critic_updates
    runs.execute(config, tmp_path / "disturbed", listener=disturb)
    for sock in silent:
        sock.close()
    alone, disturbed = noted(tmp_path / "alone"), noted(tmp_path / "disturbed")
    assert len(silent) == 6
    assert disturbed["simulator_faults"] == []
    assert disturbed["weights_digest"] == alone["weights_digest"]
    one, other = load_run(tmp_path / "alone"), load_run(tmp_path / "disturbed")
    assert one.episodes.equals(other.episodes)
