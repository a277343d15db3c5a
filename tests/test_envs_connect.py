"""The first words with a server, and with what is none."""

import logging
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest

from rca.config import EnvConfig
from rca.envs import connect as connecting
from rca.envs.connect import SimulatorFault, connect, require_map
from rca.envs.driving import DrivingEnv
from rca.errors import EvidenceError
from rca.sim.launch import launch

pytestmark = pytest.mark.carla


@pytest.fixture(scope="module")
def server():
    with launch("oval") as process:
        yield process


def test_versions_and_map(server):
    connection = connect("127.0.0.1", server.port)
    assert connection.versions == ("0.9.16", "0.9.16")
    assert require_map(connection, "oval").name.endswith("oval")
    assert require_map(connection, "some/where/oval.xodr") is not None
    with pytest.raises(EvidenceError, match=r"runs map oval.*wants Town01.*env\.map=oval"):
        require_map(connection, "Town01")


def test_nothing_listens():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(EvidenceError, match=rf"127\.0\.0\.1:{port}: no CARLA server answers"):
        connect("127.0.0.1", port)


def test_something_else_listens():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(EvidenceError, match=rf"{port} accepts.*not answer as a CARLA server"):
            connect("127.0.0.1", port, timeout=0.5)


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_port_out_of_range(port):
    with pytest.raises(EvidenceError, match="check host and port"):
        connect("127.0.0.1", port)


def test_neighbouring_versions_warn_and_others_are_refused(caplog):
    with caplog.at_level(logging.WARNING):
        connecting._compare("host", 2000, "0.9.16", "0.9.16")
        assert not caplog.messages
        connecting._compare("host", 2000, "0.9.16", "0.9.15")
    assert "0.9.15" in caplog.messages[0]
    with pytest.raises(EvidenceError, match=r"0\.10\.0.*use a 0\.9\.16 server"):
        connecting._compare("host", 2000, "0.9.16", "0.10.0")


def test_a_missing_wheel_is_one_clear_error():
    code = (
        "import sys; sys.modules['carla'] = None\n"
        "from rca.errors import EvidenceError\n"
        "try:\n    import rca.envs.connect\n"
        "except EvidenceError as error:\n    sys.stdout.write(str(error))\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install carla==0.9.16" in run.stdout
    assert "\n" not in run.stdout


def test_a_dead_server_is_a_fault_within_the_time_out():
    with launch("oval") as process:
        env = DrivingEnv(EnvConfig(), port=process.port, timeout_s=1.0)
        env.reset(seed=0)
        env.step(np.zeros(2, np.float32))
        os.kill(process.pid, signal.SIGKILL)
        started = time.monotonic()
        with pytest.raises(
            SimulatorFault, match=rf"simulator 127\.0\.0\.1:{process.port}: .*restart"
        ):
            env.step(np.zeros(2, np.float32))
        assert time.monotonic() - started < 2.5
        env.close()
        assert time.monotonic() - started < 5.0
