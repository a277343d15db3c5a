"""Port leases and servers of one's own."""

import itertools
import socket
import subprocess
import sys
from typing import Any

import pytest

from rca.envs.servers import BLOCK, adopted, embedded, leased_ports
from rca.errors import UsageError


def test_two_leases_never_overlap_and_return(tmp_path):
    with leased_ports(tmp_path) as one:
        with leased_ports(tmp_path) as two:
            assert abs(one - two) >= BLOCK
        with leased_ports(tmp_path) as again:
            assert again == two
    with leased_ports(tmp_path) as first:
        assert first == one


def test_a_block_with_a_port_in_use_is_left_out(tmp_path):
    with leased_ports(tmp_path) as port:
        pass
    with socket.socket() as other:
        other.bind(("127.0.0.1", port + 2))
        other.listen()
        with leased_ports(tmp_path) as next_port:
            assert next_port >= port + BLOCK


def test_commands_that_begin_at_once_share_no_port_and_no_server(tmp_path):
    code = (
        "import sys; from pathlib import Path; from rca.envs.servers import adopted, leased_ports\n"
        "from rca.errors import UsageError\n"
        f"with leased_ports(Path({str(tmp_path)!r})) as port:\n"
        "    print(port, flush=True); sys.stdin.readline()\n"
        "    try:\n"
        "        with adopted('localhost', 28_998):\n"
        "            print('mine', flush=True); sys.stdin.readline()\n"
        "    except UsageError as error:\n        print(error, flush=True)\n"
    )
    commands: list[Any] = [
        subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True, bufsize=1)
        for _ in range(4)
    ]
    said = [command.stdout.readline() for command in commands]
    ports = sorted(int(line) for line in said)
    assert all(b - a >= BLOCK for a, b in itertools.pairwise(ports))
    for command in commands:
        command.stdin.write("go on\n")
    said = sorted(command.stdout.readline() for command in commands)
    assert [line for line in said if line == "mine\n"] == ["mine\n"]
    assert sum("is in use by another rca command: wait or end it" in line for line in said) == 3
    for command in commands:
        command.communicate("done\n", timeout=10)
        assert command.returncode == 0


def test_a_server_is_adopted_by_one_at_a_time():
    with (
        adopted("localhost", 28_999),
        pytest.raises(UsageError, match="localhost:28999 is in use"),
        adopted("localhost", 28_999),
    ):
        pass
    with adopted("localhost", 28_999) as address:
        assert address.process is None


def test_an_error_inside_releases_the_lease(tmp_path):
    with pytest.raises(PermissionError), leased_ports(tmp_path) as port:
        raise PermissionError
    with leased_ports(tmp_path) as again:
        assert again == port


@pytest.mark.carla
def test_embedded_server_ends_with_its_block():
    with embedded("oval") as address:
        socket.create_connection((address.host, address.port), 1.0).close()
        assert address.traffic_manager_port == address.port + 3
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((address.host, address.port), 1.0)


def test_unknown_map_is_named():
    with pytest.raises(UsageError, match="nowhere"), embedded("nowhere"):
        pass
