"""Port leases and servers of one's own."""

import socket

import pytest

from rca.envs.servers import BLOCK, embedded, leased_ports
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
