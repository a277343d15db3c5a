"""Starting and ending the server process."""

import os
import signal
import socket
import subprocess
import sys
import time

import psutil
import pytest

from rca.errors import UsageError
from rca.sim.launch import launch


def gone(pid: int, seconds: float = 5.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.02)
    return False


def test_the_server_accepts_connections_when_launch_returns_and_is_gone_after_stop():
    with launch("oval") as server:
        assert server.alive()
        assert server.map == "oval"
        assert server.stream_port == server.port + 1
        socket.create_connection(("127.0.0.1", server.port), timeout=1).close()
        pid = server.pid
    assert gone(pid)
    assert not server.alive()
    server.stop()


def neighbours():
    """Returns two sockets bound to neighbouring ports."""
    while True:
        first, second = socket.socket(), socket.socket()
        first.bind(("127.0.0.1", 0))
        try:
            second.bind(("127.0.0.1", first.getsockname()[1] + 1))
        except OSError:
            first.close()
            second.close()
        else:
            return first, second


@pytest.mark.parametrize("taken", [0, 1])
def test_a_taken_port_is_named(taken):
    pair = neighbours()
    port = pair[0].getsockname()[1]
    pair[1 - taken].close()
    with pair[taken], pytest.raises(UsageError, match=f"port {port + taken} .*choose another"):
        launch("oval", port=port)


def test_an_unknown_map_is_named_with_the_known_ones():
    with pytest.raises(UsageError, match=r"'mars'.*oval"):
        launch("mars")


def test_a_broken_map_file_is_named(tmp_path):
    path = tmp_path / "broken.xodr"
    path.write_text("<OpenDRIVE><road>")
    with pytest.raises(UsageError, match="broken"):
        launch(str(path))


def test_the_server_ends_when_its_parent_is_killed():
    code = (
        "import sys, time; from rca.sim.launch import launch; s = launch('oval');"
        "print(s.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert gone(pid)


def test_sigterm_ends_the_server_cleanly():
    with launch("oval") as server:
        os.kill(server.pid, signal.SIGTERM)
        deadline = time.monotonic() + 5.0
        while server.exit_code() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert server.exit_code() == 0


def test_launch_needs_neither_carla_nor_torch_nor_opencv():
    code = "import sys, rca.sim.launch; print({'carla', 'torch', 'cv2'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "set()"
