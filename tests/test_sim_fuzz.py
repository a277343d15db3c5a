"""Anything may arrive at the two ports; the server goes on serving and stays small."""

import contextlib
import os
import socket
import struct

import msgpack
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rca.sim import actor_calls, batch_calls, vehicle_calls, world_calls
from rca.sim.launch import launch
from rca.sim.rpc import marked

FUNCTIONS = sorted(marked(world_calls, actor_calls, vehicle_calls, batch_calls))
INPUTS = int(os.environ.get("RCA_FUZZ_INPUTS", "250"))
"""Per port; the nightly target sets more."""
GROWTH = 200 * 2**20
"""Resident bytes the server may gain: two built-in maps' rasters and what messages really held."""

FUZZ = settings(
    max_examples=INPUTS,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

# load_new_episode with a good name is left to the other tests: it takes a while.
LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats()
    | st.text(max_size=20) | st.binary(max_size=40)
)  # fmt: skip
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=6), max_leaves=12)
CALLS = st.tuples(
    st.just(0),
    st.integers(0, 2**32 - 1),
    st.sampled_from(FUNCTIONS) | st.text(max_size=30),
    st.lists(VALUES, max_size=6).map(lambda given: [[False], *given]),
).map(lambda call: msgpack.packb(list(call)))
CLAIMS = st.sampled_from(
    [b"\xdd\xff\xff\xff\xff", b"\xdb\x80\x00\x00\x00", b"\xc6\xff\xff\xff\xff"]
)


@pytest.fixture(scope="module")
def server():
    with launch("oval") as running:
        yield running


def exchange(port, data):
    """Sends bytes, then reads until the server has answered what it will."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as sock:
        sock.settimeout(5)
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass


def version(server):
    with socket.create_connection(("127.0.0.1", server.port), 5) as sock:
        sock.sendall(msgpack.packb([0, 7, "version", [[False]]]))
        return msgpack.unpackb(sock.recv(4096))


@given(st.binary(max_size=300) | CALLS | st.tuples(CLAIMS, st.binary(max_size=50)).map(b"".join))
@FUZZ
def test_the_rpc_port_survives(server, data):
    exchange(server.port, data)
    assert version(server) == [1, 7, None, [[1, "0.9.16"]]]


@given(st.binary(max_size=12) | st.integers(0, 50).map(lambda n: struct.pack("<I", n)))
@FUZZ
def test_the_stream_port_survives(server, data):
    exchange(server.stream_port, data)
    assert version(server) == [1, 7, None, [[1, "0.9.16"]]]


def test_what_is_only_announced_is_not_allocated(server):
    process = psutil.Process(server.pid)
    before = process.memory_info().rss
    nested = b"\xdd\x00\x00\x1f\xff" * 1000  # 1000 levels of 8191 announced items
    for claim in (
        b"\xdd\x7f\xff\xff\xff",
        b"\xdb\x80\x00\x00\x00ab",
        b"\xc6\x80\x00\x00\x00",
        nested,
    ):
        with socket.create_connection(("127.0.0.1", server.port), 5) as sock:
            sock.sendall(claim)
            assert version(server)[3] == [[1, "0.9.16"]]
            assert process.memory_info().rss - before < GROWTH


WRONG: list[list[object]] = [[], [None], ["x", [], 0], [2**64 - 1, float("nan")], [[[[]]]] * 9]


def test_every_function_refuses_no_and_wrong_arguments_or_answers(server):
    calls = [(name, given) for name in FUNCTIONS for given in WRONG]
    answers: list[list[object]] = []
    with socket.create_connection(("127.0.0.1", server.port), 10) as sock:
        sock.settimeout(10)
        for number, (name, given) in enumerate(calls):
            sock.sendall(msgpack.packb([0, number, name, [[False], *given]]))
        unpacker = msgpack.Unpacker()
        while len(answers) < len(calls):
            unpacker.feed(sock.recv(65536))
            answers += list(unpacker)
    assert [answer[1] for answer in answers] == list(range(len(calls)))
    assert all(answer[0] == 1 and len(answer) == 4 for answer in answers)
