"""A whole run: real server, real client, real agent, real folder."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager, suppress
from functools import partial
from types import SimpleNamespace
from typing import Any

import carla
import psutil
import pytest
import torch

from rca.checking import Verdict, builtin_checks, load_checks, run_checks, select
from rca.config import load_config, scripted
from rca.envs.servers import Address
from rca.errors import EvidenceError, UsageError
from rca.runs.execute import execute, resume
from rca.runs.folder import RunWriter
from rca.runs.load import load_run
from rca.runs.record import Outcome
from rca.runs.stopping import FINISHING
from rca.runs.under_way import CHECKPOINTS, weights_digest
from rca.sim.launch import launch
from rca.td3.events import Stepped
from tests.test_runs_server_faults import IMPATIENT

pytestmark = pytest.mark.carla

QUICK = [
    "env.image_size=36",
    "env.frame_stack=2",
    "agent.encoder=small",
    "agent.features=32",
    "env.route_length=20",
    "env.stuck_seconds=1",
    "agent.learning_starts=30",
    "agent.batch_size=8",
    "budget.steps=50",
    "budget.eval_episodes=1",
    "budget.threads=1",
]
ANY_LENGTH = [item for item in QUICK if not item.startswith("budget.steps")]
PATIENCE = 240
"""Seconds that a process is waited for: on a machine with other users each takes minutes."""


def config(*more):
    return load_config("fixed", [*QUICK, *more])


def recorded(folder):
    """All values of a run folder but the wall clock's."""
    with sqlite3.connect(folder / "run.sqlite") as database:
        rows = database.execute(
            "SELECT name, step, value FROM value JOIN signal ON signal.id = value.signal "
            "WHERE name != 'env/step_seconds' ORDER BY name, step"
        ).fetchall()
        episodes = database.execute("SELECT * FROM episode").fetchall()
        evaluations = database.execute("SELECT * FROM evaluation").fetchall()
    return rows, episodes, evaluations


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The folder of a run and how it ended."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    return folder, execute(config(), folder)


def test_one_seed_gives_one_result_bit_for_bit(tmp_path, first):
    execute(config(), tmp_path / "second")
    execute(config("budget.seed=7"), tmp_path / "other")
    folders = [first[0], tmp_path / "second", tmp_path / "other"]
    assert recorded(folders[0]) == recorded(folders[1])
    digests = [manifest(folder)["weights_digest"] for folder in folders]
    assert digests[0] == digests[1] != digests[2]


def test_a_run_shows_what_it_measured(first):
    folder, outcome = first
    run = load_run(folder)
    assert (outcome.status, outcome.executed_steps, outcome.critic_updates) == ("finished", 50, 20)
    assert [(p.name, p.first_step, p.last_step) for p in run.phases] == [
        ("random", 1, 30),
        ("learning", 31, 50),
    ]
    for part in ("actor", "critic", "actor_encoder", "critic_encoder"):
        assert run.has(f"{part}/grad_norm")
    assert run.has("critic_encoder/drift")
    assert run.has("critic/q_spread")
    assert run.has("evaluations.mean_return")
    results = json.loads((folder / "results.json").read_text())
    assert results["executed_timesteps"] == 50
    assert manifest(folder)["simulator_versions"] == ["0.9.16", "0.9.16"]


def test_a_test_without_updates_is_void_unless_a_copy_is_updated(tmp_path):
    item = select(load_checks([builtin_checks()]), ["seed.test_100_steps"])
    no_update = config("budget.steps=100", "agent.learning_starts=1000", "budget.eval_every=0")
    verdicts = []
    for updates in (0, 3):
        folder = tmp_path / str(updates)
        outcome = execute(no_update, folder, probe_updates=updates)
        assert outcome.critic_updates == 0
        (finding,) = run_checks(item, load_run(folder))
        verdicts.append(finding)
    assert verdicts[0].verdict is Verdict.VACUOUS
    assert "0 updates were executed" in verdicts[0].message
    assert verdicts[1].verdict is Verdict.PASS
    assert "on a copy updated after the run" in verdicts[1].message
    digests = [manifest(tmp_path / name)["weights_digest"] for name in ("0", "3")]
    assert digests[0] == digests[1]


def killer(step):
    """A listener that kills the embedded server at a step, as a crash of the simulator would."""

    def listen(event):
        if getattr(event, "step", 0) == step:
            for child in psutil.Process().children(recursive=True):
                with suppress(psutil.NoSuchProcess):  # killed at this step's event before
                    if "rca.sim" in " ".join(child.cmdline()):
                        child.kill()

    return listen


def test_a_simulator_that_dies_ends_an_episode_and_not_the_run(tmp_path):
    wanted = config("budget.eval_every=0")
    outcome = execute(wanted, tmp_path / "run", listener=killer(10), changes=[IMPATIENT])
    run = load_run(tmp_path / "run")
    assert (outcome.status, outcome.executed_steps) == ("finished", 50)
    assert run.episodes["end_reason"].tolist()[0] == "simulator_fault"
    assert run.episodes["end_step"].tolist()[0] == 11
    (fault,) = manifest(tmp_path / "run")["simulator_faults"]
    assert "127.0.0.1" in fault


def test_a_simulator_that_stays_dead_leaves_a_folder_that_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("rca.envs.supervise.PAUSES", (0.0, 0.0))
    with launch("oval") as server:
        place = Address("127.0.0.1", server.port)
        with pytest.raises(EvidenceError, match=str(server.port)):
            execute(
                config(),
                tmp_path / "run",
                server=place,
                listener=killer(10),
                changes=[IMPATIENT],
            )
    assert len(manifest(tmp_path / "run")["simulator_faults"]) == 3
    run = load_run(tmp_path / "run")
    assert run.outcome.status == "crashed"
    assert str(server.port) in run.outcome.error
    assert len(run.signals["env/reward"]) >= 10


def test_a_killed_run_goes_on_as_if_it_had_never_stopped(tmp_path):
    wanted = config(
        "budget.steps=110",
        "budget.checkpoint_every=20",
        "budget.eval_every=50",
        "env.max_episode_steps=15",
    )

    def break_at_step_77(event):
        if getattr(event, "step", 0) == 77:
            raise RuntimeError("pulled the plug")

    execute(wanted, tmp_path / "whole")
    with pytest.raises(RuntimeError, match="plug"):
        execute(wanted, tmp_path / "broken", listener=break_at_step_77)
    assert load_run(tmp_path / "broken").outcome.status == "crashed"
    outcome = resume(tmp_path / "broken")
    assert (outcome.status, outcome.executed_steps) == ("finished", 110)
    assert recorded(tmp_path / "broken") == recorded(tmp_path / "whole")
    strips = [load_run(tmp_path / name).strips for name in ("broken", "whole")]
    assert strips[0] == strips[1] != ()
    whole, broken = manifest(tmp_path / "whole"), manifest(tmp_path / "broken")
    assert broken["weights_digest"] == whole["weights_digest"]
    assert broken["outcome"] == whole["outcome"]
    assert len(broken["resumed"]) == 1
    # Killed before the audit wrote, it is heard again; what needs the steps that the restored
    # replay holds is not told, and no transition of it is called a stranger.
    heard = [load_run(tmp_path / name).wiring for name in ("broken", "whole")]
    assert heard[0] is not None
    assert heard[1] is not None
    assert 0 < heard[0].updates <= heard[1].updates
    wiring = select(load_checks([builtin_checks()]), ["wiring.*"])
    verdicts = [
        {f.check: f.verdict for f in run_checks(wiring, load_run(tmp_path / name))}
        for name in ("broken", "whole")
    ]
    changed = {check for check in verdicts[0] if verdicts[0][check] is not verdicts[1][check]}
    assert {verdicts[0][check] for check in changed} <= {Verdict.NOT_RUN, Verdict.VACUOUS}
    assert {verdicts[0][f"wiring.{name}"] for name in ("features", "gradients", "targets")} == {
        Verdict.PASS
    }
    assert "broken_probes" not in broken
    with pytest.raises(UsageError, match="finished"):
        resume(tmp_path / "broken")


def test_a_run_killed_before_its_first_checkpoint_begins_again(tmp_path, first):
    folder = tmp_path / "run"
    told: list[str] = []

    def break_at_step_45(event):
        if getattr(event, "step", 0) == 45:
            raise RuntimeError("pulled the plug")

    with pytest.raises(RuntimeError, match="plug"):
        execute(config(), folder, listener=break_at_step_45)
    assert resume(folder, told=told.append) == first[1]
    assert told == [f"{folder}: no checkpoint yet; it begins again from its seed"]
    assert recorded(folder) == recorded(first[0])
    assert manifest(folder)["weights_digest"] == manifest(first[0])["weights_digest"]


def test_a_run_whose_checkpoints_are_damaged_is_refused_and_keeps_its_record(tmp_path, first):
    folder = shutil.copytree(first[0], tmp_path / "run")
    (folder / "manifest.json").write_text(json.dumps({**manifest(folder), "status": "running"}))
    (folder / CHECKPOINTS / "step-000000040.pt").write_bytes(b"half of one")
    results, before = (folder / "results.json").read_bytes(), manifest(folder)
    with pytest.raises(EvidenceError, match=r"no readable checkpoint among step-000000040\.pt"):
        resume(folder)
    assert recorded(folder) == recorded(first[0])
    assert (folder / "results.json").read_bytes() == results
    assert manifest(folder) == before


def test_the_weights_of_a_finished_run_are_kept(first):
    folder, outcome = first
    kept = torch.load(folder / CHECKPOINTS / "final.pt", weights_only=True)
    modules: dict[str, Any] = {
        name: SimpleNamespace(state_dict=partial(dict, weights))
        for name, weights in kept["modules"].items()
    }
    assert weights_digest(modules) == manifest(folder)["weights_digest"]
    modules["actor"] = modules["critic"]
    assert weights_digest(modules) != manifest(folder)["weights_digest"]
    assert kept["step"] == outcome.executed_steps


def test_a_run_that_goes_on_does_not_say_how_its_first_session_ended(tmp_path):
    folder = tmp_path / "run"
    writer = RunWriter.create(folder, config(), {"world": "embedded"})
    writer.count(45, 15, 7)
    writer.notes.add("not_finite", {"step": 44, "tensor": "q1"})
    writer.finish(Outcome("interrupted", 45, 50, 15, 7))
    writer = RunWriter.reopen(folder)
    writer.rewind(40, 10, 5)
    writer.commit()
    assert not {"outcome", "not_finite"} & manifest(folder).keys()
    assert not (folder / "results.json").exists()
    seen = load_run(folder).outcome
    assert (seen.executed_steps, seen.critic_updates, seen.actor_updates) == (40, 10, 5)
    writer.finish(Outcome("interrupted", 40, 50, 10, 5))


def test_a_run_goes_on_in_the_kind_of_simulator_that_it_began_in(tmp_path):
    for world, server, words in (
        ("embedded", Address("127.0.0.1", 2000), "leave out --host"),
        ("192.0.2.1:2000", None, "give --host"),
    ):
        folder = tmp_path / world.replace(":", "-")
        RunWriter.create(folder, config(), {"world": world}).finish(Outcome("interrupted"))
        before = manifest(folder)
        with pytest.raises(UsageError, match=words):
            resume(folder, server=server)
        assert manifest(folder) == before


@pytest.mark.skipif(torch.cuda.is_available(), reason="has the GPU that is to be missed")
def test_what_is_left_of_a_run_may_go_on_elsewhere(tmp_path):
    RunWriter.create(tmp_path / "run", config()).finish(Outcome("interrupted"))
    with pytest.raises(UsageError, match="torch sees no GPU"):
        resume(tmp_path / "run", budget={"device": "cuda"})


@contextmanager
def commanded(*arguments, settings=()):
    """A process of `rca run`, as a user starts it."""
    overrides = [word for item in settings for word in ("--set", item)]
    command = [sys.executable, "-m", "rca", "run", *map(str, arguments), *overrides]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(happened, process):
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def steps_recorded(folder):
    # Read only: asked for a file that is not there yet, SQLite would make it, and the run would
    # refuse a folder that is not empty.
    there = f"{(folder / 'run.sqlite').resolve().as_uri()}?mode=ro"
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(there, uri=True)) as db:
        ((last,),) = db.execute("SELECT max(step) FROM value").fetchall()
        return last or 0
    return 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_finishes_the_step_saves_and_says_so(tmp_path, number):
    folder = tmp_path / "run"
    command = ["--steps", 100000, "--out", folder]
    with (
        launch("oval") as server,
        commanded(*command, "--port", server.port, settings=ANY_LENGTH) as process,
    ):
        wait_until(lambda: steps_recorded(folder), process)
        os.kill(process.pid, number)
        _, errors = process.communicate(timeout=PATIENCE)
        client = carla.Client("127.0.0.1", server.port)
        client.set_timeout(5.0)
        world = client.get_world()  # as a server that is not ours wants to be left
        assert not world.get_settings().synchronous_mode
        assert [actor.type_id for actor in world.get_actors()] == ["spectator"]
    assert process.returncode == 130, errors
    run = load_run(folder)
    assert run.outcome.status == "interrupted"
    done = run.outcome.executed_steps
    assert done == manifest(folder)["outcome"]["executed_steps"] > 0
    saved = torch.load(folder / CHECKPOINTS / f"step-{done:09d}.pt", weights_only=True)
    ended = run.episodes["end_step"].max() if len(run.episodes) else 0
    assert (saved["under_way"] is None) == (done == ended)
    assert [path.name for path in (folder / CHECKPOINTS).iterdir()] == [f"step-{done:09d}.pt"]
    assert (folder / "results.json").is_file()
    ignored, *lines = errors.splitlines()
    assert ignored.startswith("rca: budget.eval_every=5000 has no effect: ")
    assert lines == [
        f"rca: {FINISHING}",
        f"rca: interrupted after {done:,} steps",
        f"rca: to go on: rca run --resume {folder}",
    ]


def test_ctrl_c_and_resume_end_with_the_weights_of_a_run_left_alone(tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    settings = (
        *("env.max_episode_steps=20", "budget.checkpoint_every=0", "budget.eval_every=110"),
        *ANY_LENGTH,
    )
    execute(load_config("healthy", [*settings, "budget.steps=200"]), whole, probe_updates=2)
    started = ("--steps", 200, "--out", broken, "--probe-updates", 2)
    with commanded(*started, settings=settings) as process:
        # The audit writes it after the first 50 updates.
        wait_until((broken / "wiring.json").exists, process)
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, errors
    executed = load_run(broken).outcome.executed_steps
    assert executed is not None
    assert 80 <= executed < 200
    with commanded("--resume", broken, "--probe-updates", 2) as process:
        assert process.wait(timeout=PATIENCE) == 0
    assert len(load_run(broken).signals["probed/critic/grad_norm"]) == 2
    assert recorded(broken) == recorded(whole)
    assert manifest(broken)["weights_digest"] == manifest(whole)["weights_digest"]


def test_a_run_resumed_without_replay_says_so_and_is_not_accused_of_it(tmp_path):
    def stop(event):
        if isinstance(event, Stepped) and event.step == 160:
            raise KeyboardInterrupt

    wanted = config(
        *("budget.steps=300", "budget.checkpoint_every=40", "budget.checkpoint_replay=false"),
        *("env.max_episode_steps=20", "budget.eval_every=0"),
    )
    with pytest.raises(KeyboardInterrupt):
        execute(wanted, tmp_path / "run", listener=stop)
    said: list[str] = []
    assert resume(tmp_path / "run", told=said.append).status == "finished"
    assert said == ["no replay in the checkpoint: 30 steps without updates"]
    run = load_run(tmp_path / "run")
    assert any("from a checkpoint without replay at step [" in gap for gap in run.gaps)
    asked = select(load_checks([builtin_checks()]), ["replay.size", "updates.replay_ratio"])
    found = run_checks(asked, run)
    assert [finding.verdict for finding in found] == [Verdict.VACUOUS] * 2
    assert "empty replay at step" in found[0].message


def test_a_second_ctrl_c_stops_now_and_leaves_nothing_behind(tmp_path):
    folder = tmp_path / "run"
    settings = (  # an evaluation that does not end
        *("env.image_size=36", "budget.eval_every=5", "budget.eval_episodes=100000"),
    )
    command = ["--steps", 100000, "--out", folder]
    with commanded(*command, settings=settings) as process:
        wait_until(lambda: steps_recorded(folder) >= 5, process)
        own = psutil.Process(process.pid)
        wait_until(lambda: len(own.children(recursive=True)) == 2, process)
        servers = own.children(recursive=True)
        os.kill(process.pid, signal.SIGINT)
        assert process.stderr.readline() == f"rca: {FINISHING}\n"
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert errors.splitlines() == [
        "rca: stopped at once: it begins again",
        f"rca: to go on: rca run --resume {folder}",
    ]
    outcome = load_run(folder).outcome
    assert (outcome.status, outcome.error) == ("crashed", "KeyboardInterrupt: ")
    assert not psutil.wait_procs(servers, timeout=5)[1]


def test_the_scripted_driver_writes_an_ordinary_run_and_finishes_its_routes(tmp_path):
    whole = scripted(config("budget.steps=150", "budget.eval_every=50"))
    outcome = execute(whole, tmp_path / "run")
    run = load_run(tmp_path / "run")
    assert (outcome.status, outcome.critic_updates) == ("finished", 0)
    assert len(run.episodes) >= 1
    assert set(run.episodes["end_reason"]) == {"goal"}
    assert len(run.evaluations) == 0
