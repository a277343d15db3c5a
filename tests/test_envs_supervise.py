"""Faults planted in real servers end the episode, are named, and are survived."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import carla
import numpy as np
import psutil
import pytest

from rca.config import EnvConfig
from rca.envs.connect import SimulatorFault
from rca.envs.driving import DrivingEnv, first_spawns
from rca.envs.servers import LOOPBACK, Address, adopted, embedded
from rca.envs.supervise import SupervisedEnv
from rca.errors import EvidenceError

pytestmark = pytest.mark.carla
CONFIG = EnvConfig(route_length=40.0)
GO = np.array([0.0, 0.5], np.float32)
TIMEOUT = 3.0
STOP = 3.0
"""Seconds that a server is given to end by itself."""


def make(address):
    return DrivingEnv(CONFIG, host=address.host, port=address.port, timeout_s=TIMEOUT)


@pytest.fixture
def servers():
    """Returns a list of the addresses of all servers that were started."""
    return []


@pytest.fixture
def env(servers):
    @contextmanager
    def start():
        with embedded("oval") as address:
            servers.append(address)
            yield address

    env = SupervisedEnv(start, make)
    yield env
    env.close()
    assert not any(psutil.pid_exists(server.process.pid) for server in servers)


def make_asynchronous(address):
    client = carla.Client(address.host, address.port)
    client.set_timeout(5.0)
    world = client.get_world()
    settings = world.get_settings()
    settings.synchronous_mode = False
    world.apply_settings(settings)
    time.sleep(0.3)  # by itself it ticks every 0.05 s


def kill(address):
    os.kill(address.process.pid, signal.SIGKILL)


def freeze(address):
    os.kill(address.process.pid, signal.SIGSTOP)


@pytest.mark.parametrize(
    ("plant", "named"),
    [(kill, "had ended"), (freeze, "time-out"), (make_asynchronous, "asynchronous")],
)
def test_a_fault_ends_the_episode_and_the_next_has_another_server(env, servers, plant, named):
    obs, _ = env.reset(seed=3)
    good = [env.step(GO) for _ in range(5)]
    plant(servers[0])
    started = time.monotonic()
    seen, reward, terminated, truncated, info = env.step(GO)
    assert time.monotonic() - started < 2 * TIMEOUT + STOP + 2.0
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert info["end_reason"] == "simulator_fault"
    assert named in info["fault"]
    assert f":{servers[0].port}" in info["fault"]
    assert np.array_equal(seen["image"], good[-1][0]["image"])
    again, _ = env.reset(seed=3)
    assert len(servers) == 2
    assert np.array_equal(again["image"], obs["image"])
    assert np.array_equal(again["vector"], obs["vector"])
    repeated = [env.step(GO) for _ in range(5)]
    for one, two in zip(good, repeated, strict=True):
        assert np.array_equal(one[0]["image"], two[0]["image"])
        assert one[1:] == two[1:]
    assert env.faults == [info["fault"]]


def test_a_fault_in_a_reset_is_made_good(env, servers):
    obs, _ = env.reset(seed=4)
    kill(servers[0])
    again, _ = env.reset(seed=4)
    assert np.array_equal(again["image"], obs["image"])
    assert len(env.faults) == 1


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


def test_a_refused_spawn_is_named():
    with embedded("oval") as address:
        client = carla.Client(address.host, address.port)
        client.set_timeout(5.0)
        world = client.get_world()
        block = world.get_blueprint_library().find("static.prop.container")
        env = make(address)
        places = first_spawns(env.lanes)
        env.close()
        for place in places:
            world.spawn_actor(block, place)
        with pytest.raises(SimulatorFault, match=r"refused to spawn.*at 8 places"):
            make(address)
        assert not world.get_settings().synchronous_mode


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
