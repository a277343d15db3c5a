"""Faults planted in real servers end the episode, are named, and are survived."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager

import carla
import numpy as np
import psutil
import pytest

from rca.config import EnvConfig
from rca.envs.connect import SimulatorFault
from rca.envs.driving import DrivingEnv, first_spawns
from rca.envs.route import LaneGraph
from rca.envs.servers import LOOPBACK, Address, adopted, embedded
from rca.envs.supervise import SupervisedEnv
from rca.errors import EvidenceError

pytestmark = pytest.mark.carla
CONFIG = EnvConfig(route_length=40.0)
GO = np.array([0.0, 0.5], np.float32)
TIMEOUT = 1.0
STOP = 3.0
"""Seconds that a server is given to end by itself."""


def make(address):
    return DrivingEnv(CONFIG, host=address.host, port=address.port, timeout_s=TIMEOUT)


@pytest.fixture
def supervised_start():
    """Returns a maker of what starts servers, the first with a fault, and lists them."""
    servers: list[Address] = []

    @contextmanager
    def start(fault):
        options = ("--fault", fault) if fault and not servers else ()
        with embedded("oval", options=options) as address:
            servers.append(address)
            yield address

    yield lambda fault: (lambda: start(fault), servers)
    assert not any(psutil.pid_exists(server.process.pid) for server in servers if server.process)


@pytest.fixture
def supervised(supervised_start):
    """Returns a maker of environments whose first server has a fault, and lists their servers."""
    made: list[SupervisedEnv] = []

    def begin(fault=""):
        start, servers = supervised_start(fault)
        made.append(SupervisedEnv(start, make))
        return made[-1], servers

    yield begin
    for env in made:
        env.close()


def kill(address):
    os.kill(address.process.pid, signal.SIGKILL)


GOOD_STEPS = 3
FAULTY_TICK = 15
"""Setting up takes 2 ticks and a reset 9, so this one is the step after 3 good ones."""


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("freeze", "time-out of 1000ms"),
        ("die", "had ended"),
        ("drop-frame", "camera image of frame .* did not come within 1 s"),
        ("go-async", "made it asynchronous"),
        pytest.param(
            "late-frame",
            "camera image of frame .* did not come within 1 s",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "half-open", "did not come within 1 s|time-out of 1000ms", marks=pytest.mark.slow
        ),
    ],
)
def test_a_fault_ends_the_episode_and_the_next_has_another_server(supervised, fault, named):
    env, servers = supervised(f"{fault}:{FAULTY_TICK}")
    obs, _ = env.reset(seed=3)
    good = [env.step(GO) for _ in range(GOOD_STEPS)]
    started = time.monotonic()
    while not (failed := env.step(GO))[3]:  # go-async shows a step later
        good.append(failed)
    seen, reward, terminated, truncated, info = failed
    assert time.monotonic() - started < 2 * TIMEOUT + STOP + 2.0
    assert len(good) <= GOOD_STEPS + 2
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert info["end_reason"] == "simulator_fault"
    assert re.search(named, info["fault"]), info["fault"]
    assert f":{servers[0].port}" in info["fault"]
    assert np.array_equal(seen["image"], good[-1][0]["image"])
    again, _ = env.reset(seed=3)
    assert len(servers) == 2
    assert np.array_equal(again["image"], obs["image"])
    assert np.array_equal(again["vector"], obs["vector"])
    for before in good:  # no transition was corrupted before the fault was noticed
        after = env.step(GO)
        assert np.array_equal(after[0]["image"], before[0]["image"])
        assert after[1:] == before[1:]
    assert env.faults == [info["fault"]]


def test_a_fault_in_a_reset_is_made_good(supervised):
    env, servers = supervised("freeze:8")
    obs, _ = env.reset(seed=4)
    assert len(env.faults) == 1
    assert len(servers) == 2
    assert np.array_equal(env.reset(seed=4)[0]["image"], obs["image"])


def test_a_slow_server_is_slow_and_nothing_else(supervised):
    """About 50 times slower than a tick should be."""
    quick, _ = supervised()
    with embedded("oval", options=("--fault", "slow:0.05")) as address:
        slow = make(address)
        try:
            assert np.array_equal(slow.reset(seed=1)[0]["image"], quick.reset(seed=1)[0]["image"])
            started = time.monotonic()
            for _ in range(5):
                one, two = slow.step(GO), quick.step(GO)
                assert np.array_equal(one[0]["image"], two[0]["image"])
                assert one[1:] == two[1:]
            assert time.monotonic() - started > 5 * 0.05
        finally:
            slow.close()


def test_a_server_that_grows_is_replaced_between_episodes(supervised_start):
    start, servers = supervised_start("leak-memory:4")
    told: list[str] = []
    with closing(SupervisedEnv(start, make, told=told.append, growth_mib=100.0)) as env:
        first, _ = env.reset(seed=5)
        for _ in range(3):  # 9 ticks of 4 MiB each: 36 MiB, 72 MiB, 108 MiB
            assert len(servers) == 1
            again, _ = env.reset(seed=5)
        assert told == []
        again, _ = env.reset(seed=5)
        assert np.array_equal(again["image"], first["image"])
        assert len(servers) == 2
        assert told == env.faults
        (line,) = told
        assert re.search(r"holds \d+ MiB, \d+ MiB more than after its first reset", line), line
        env.reset()
        assert len(servers) == 2


def test_servers_that_always_fail_are_given_up(monkeypatch):
    monkeypatch.setattr("rca.envs.supervise.PAUSES", (0.0,))
    started: list[Address] = []

    @contextmanager
    def start():
        with embedded("oval") as address:
            if started:
                kill(address)
                psutil.Process(address.process.pid).wait(5)  # type: ignore[union-attr]
            started.append(address)
            yield address

    env = SupervisedEnv(start, make)
    env.reset(seed=0)
    kill(started[0])
    assert env.step(GO)[4]["end_reason"] == "simulator_fault"
    with pytest.raises(EvidenceError, match="no CARLA server answers"):
        env.reset(seed=0)
    assert len(started) == 2
    env.close()


def test_a_refused_spawn_is_named_and_leaves_the_server_free():
    with embedded("oval", options=("--fault", "refuse-spawn:0")) as address:
        with pytest.raises(SimulatorFault, match=r"refused to spawn .*model3 at 8 places"):
            make(address)
        client = carla.Client(address.host, address.port)
        client.set_timeout(5.0)
        assert not client.get_world().get_settings().synchronous_mode


def test_a_taken_place_is_not_the_end():
    with embedded("oval") as address:
        client = carla.Client(address.host, address.port)
        client.set_timeout(5.0)
        world = client.get_world()
        first = first_spawns(LaneGraph(world.get_map()))[0]
        world.spawn_actor(world.get_blueprint_library().find("static.prop.container"), first)
        env = make(address)
        env.reset(seed=0)
        env.close()


def test_a_server_that_never_removes_cars_is_named():
    with embedded("oval", options=("--fault", "leak-actors")) as address:
        make(address).close()
        with pytest.raises(SimulatorFault, match="does not remove 1 cars of earlier runs"):
            make(address)


def test_what_a_killed_run_left_is_cleared_away():
    with embedded("oval") as address:
        code = (
            "import os; from rca.config import EnvConfig; from rca.envs.driving import DrivingEnv\n"
            f"DrivingEnv(EnvConfig(), port={address.port}).reset(seed=0)\n"
            "os._exit(0)"  # no close, no atexit: as kill -9
        )
        subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
        client = carla.Client(address.host, address.port)
        client.set_timeout(5.0)
        world = client.get_world()
        assert world.get_settings().synchronous_mode
        env = make(address)
        env.reset(seed=0)
        kinds = sorted(actor.type_id for actor in env.rig.world.get_actors())
        assert len(kinds) == 5
        assert kinds.count("vehicle.tesla.model3") == 1
        env.close()


def test_an_adopted_server_is_left_running():
    with embedded("oval") as address:
        env = SupervisedEnv(lambda: adopted(LOOPBACK, address.port), make)
        env.reset(seed=0)
        env.close()
        assert address.process is not None
        assert address.process.alive()


def test_a_process_that_just_ends_leaves_the_server_asynchronous():
    with embedded("oval") as address:
        code = (
            "from rca.config import EnvConfig; from rca.envs.driving import DrivingEnv\n"
            f"env = DrivingEnv(EnvConfig(), port={address.port})\n"
            "env.reset(seed=0)\n"
            "raise SystemExit(7)"
        )
        run = subprocess.run([sys.executable, "-c", code], timeout=30, check=False)
        assert run.returncode == 7
        client = carla.Client(address.host, address.port)
        client.set_timeout(5.0)
        world = client.get_world()
        assert not world.get_settings().synchronous_mode
        assert [actor.type_id for actor in world.get_actors()] == ["spectator"]
