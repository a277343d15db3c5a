"""The first words with a server: does it answer, is it CARLA, which version, which map."""

import ctypes
import logging
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rca.errors import EvidenceError

try:
    import carla
except ImportError as error:
    raise EvidenceError(
        "the carla wheel is not installed: driving needs CPython 3.10-3.12 on x86-64 Linux or"
        " Windows and `pip install carla==0.9.16`; `rca check` and `rca report` work without it"
    ) from error

LOG = logging.getLogger(__name__)
TIMEOUT = 10.0
"""Seconds within which a server answers; a real one takes a few for a new camera's first frame."""


class SimulatorFault(EvidenceError):  # noqa: N818  the name it has in records: simulator_fault
    """The simulator failed, not the driver: what was going on says nothing about driving."""

    def __init__(self, host: str, port: int, what: str, remedy: str) -> None:
        super().__init__(f"simulator {host}:{port}: {what}; {remedy}")


@dataclass
class Connection:
    """A client that a server has answered.

    Attributes:
        timeout: Seconds after which the client's calls raise RuntimeError.
        client: `carla.Client`.
        world: `carla.World`.
        versions: Of client and server; they may differ in the last number only.
    """

    host: str
    port: int
    timeout: float
    client: Any
    world: Any
    versions: tuple[str, str]

    def set_timeout(self, seconds: float) -> None:
        """Sets how long to wait for answers from now on."""
        self.timeout = seconds
        self.client.set_timeout(seconds)

    def fault(self, what: str, remedy: str = "restart it") -> SimulatorFault:
        """Returns an error that names this server."""
        return SimulatorFault(self.host, self.port, what, remedy)


def connect(host: str, port: int, timeout: float = TIMEOUT) -> Connection:
    """Returns a connection to a CARLA server.

    Logs a warning if the versions differ in their last number.

    Raises:
        EvidenceError: Nothing listens there, it does not answer as CARLA does, or it is another
            release than the client.
    """
    _knock(host, port, timeout)
    # One thread for all streams: what the server sends first is handled first.
    client = carla.Client(host, port, worker_threads=1)
    _never_freed(client)
    client.set_timeout(timeout)
    try:
        versions = client.get_client_version(), client.get_server_version()
        _compare(host, port, *versions)
        world = client.get_world()
    except RuntimeError as error:
        raise EvidenceError(
            f"{host}:{port} accepts connections but does not answer as a CARLA server within"
            f" {timeout:g} s; another program's port, or a frozen simulator: restart it"
        ) from error
    return Connection(host, port, timeout, client, world, versions)


def _never_freed(client: Any) -> None:  # noqa: ANN401  a carla.Client
    """Keeps a client until the process ends, by one reference that nobody gives back.

    Freeing a client while a snapshot is on its way aborts the process ("terminate called without an
    active exception"): its own threads still use what is freed. A server in asynchronous mode sends
    snapshots all the time, also while Python takes its modules down.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(client))


def _knock(host: str, port: int, timeout: float) -> None:
    try:
        socket.create_connection((host, port), timeout).close()
    except (OSError, OverflowError) as error:
        raise EvidenceError(
            f"{host}:{port}: no CARLA server answers ({error}); start one or check host and port"
        ) from error


def _compare(host: str, port: int, client: str, server: str) -> None:
    if server == client:
        return
    if server.split(".")[:2] != client.split(".")[:2]:
        raise EvidenceError(
            f"{host}:{port} is CARLA {server}, the client is {client}: their messages differ;"
            f" use a {client} server"
        )
    LOG.warning(
        "%s:%d is CARLA %s, the client is %s: messages may differ", host, port, server, client
    )


def require_map(connection: Connection, wanted: str) -> Any:  # noqa: ANN401  a carla.Map
    """Returns the server's `carla.Map`.

    Args:
        connection: To the server.
        wanted: `env.map`: a name, or a path of a `.xodr` file whose stem is the name.

    Raises:
        EvidenceError: The server runs another map.
    """
    world_map = connection.world.get_map()
    running = world_map.name.rsplit("/", 1)[-1]
    name = Path(wanted).stem if wanted.endswith(".xodr") else wanted
    if running != name:
        raise EvidenceError(
            f"{connection.host}:{connection.port} runs map {running}, the config wants {name}:"
            f" set env.map={running} or start the server with {wanted}"
        )
    return world_map
