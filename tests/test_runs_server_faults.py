"""A server that fails while a run trains in it: the run goes on, and its record says why."""

import json
import re
import sqlite3
from contextlib import contextmanager
from dataclasses import replace

import pytest

from rca.build import Change
from rca.config import load_config
from rca.envs.driving import DrivingEnv
from rca.envs.servers import Address, embedded
from rca.runs import execute as runs
from rca.runs.load import load_run
from rca.td3.events import Stepped

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
def test_the_run_goes_on_and_its_record_names_the_fault(tmp_path, monkeypatch, fault, named):
    started: list[Address] = []
    stored: list[bool] = []

    @contextmanager
    def first_one_fails(config, server):
        options = () if started else ("--fault", f"{fault}:{FAULTY_TICK}")
        with embedded(config.map, options=options) as address:
            started.append(address)
            yield address

    monkeypatch.setattr(runs, "server_for", first_one_fails)

    def listen(event):
        if isinstance(event, Stepped):
            stored.append(event.stored)

    outcome = runs.execute(
        CONFIG,
        tmp_path / "run",
        listener=listen,
        changes=[Change("impatient", "time-out of 1 s", impatient)],
    )
    assert (outcome.status, outcome.executed_steps, len(started)) == ("finished", STEPS, 2)
    assert (len(stored), stored.count(False)) == (STEPS, 1)
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    (line,) = manifest["simulator_faults"]
    assert re.search(named, line), line
    endings = load_run(tmp_path / "run").episodes["end_reason"].tolist()
    assert endings.count("simulator_fault") == 1
    with sqlite3.connect(tmp_path / "run" / "run.sqlite") as database:
        ((steps,),) = database.execute(
            "SELECT count(DISTINCT step) FROM value JOIN signal ON signal.id = value.signal"
            " WHERE name = 'env/reward'"
        ).fetchall()
    assert steps == STEPS
