"""Servers to drive in: blocks of ports that no other command takes, and what we start on them."""

import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from rca.errors import UsageError
from rca.sim.launch import launch

LOOPBACK = "127.0.0.1"
FIRST_PORT, LAST_PORT = 21_000, 29_000
"""Below the ephemeral ports of Linux (32768 on), so that no outgoing connection holds one."""
BLOCK = 4
"""Ports per server: RPC, streams, CARLA's secondary server, traffic manager."""


class ServerProcess(Protocol):
    """A server that we started."""

    @property
    def pid(self) -> int:
        """Process id, also of its group."""
        ...

    def alive(self) -> bool:
        """Whether it still runs."""
        ...


@dataclass(frozen=True)
class Address:
    """Where a server listens.

    Attributes:
        host: Name or IP address.
        port: Of its RPC service.
        process: Of a server that we started; None for one that was there before.
    """

    host: str
    port: int
    process: ServerProcess | None = field(default=None, compare=False, repr=False)

    @property
    def traffic_manager_port(self) -> int:
        """Port of the block that a traffic manager for this server may take."""
        return self.port + BLOCK - 1


@contextmanager
def embedded(map: str, *, seed: int = 0, options: Sequence[str] = ()) -> Iterator[Address]:
    """Runs an embedded server of its own for as long as the block lasts.

    Args:
        map: Built-in map or path of a `.xodr` file.
        seed: Of everything random in its world.
        options: Further options of `python -m rca.sim`.

    Raises:
        UsageError: No such map, or no free ports.
        EvidenceError: The server does not start.
    """
    with (
        leased_ports() as port,
        launch(map, port=port, seed=seed, options=options) as server,
    ):
        yield Address(LOOPBACK, server.port, server)


@contextmanager
def adopted(host: str, port: int) -> Iterator[Address]:
    """Yields the address of a server that runs already and holds it against our other commands.

    Raises:
        UsageError: Another command on this machine drives in it.
    """
    name = "".join(letter if letter.isalnum() else "-" for letter in f"{host}-{port}")
    lock = FileLock(_lock_folder() / f"adopted-{name}.lock", timeout=0)
    if not _acquired(lock):
        raise UsageError(f"{host}:{port} is in use by another rca command: wait or end it")
    try:
        yield Address(host, port)
    finally:
        lock.release()


def _lock_folder() -> Path:
    """Returns a folder in which every user of this machine can lock."""
    folder = Path(tempfile.gettempdir()) / "rca-ports"
    with suppress(FileExistsError):
        folder.mkdir()
        folder.chmod(0o1777)  # as /tmp itself: everyone may add, nobody may remove another's
    return folder


@contextmanager
def leased_ports(folder: Path | None = None) -> Iterator[int]:
    """Yields the first of a block of free ports that no other command on this machine is given.

    Args:
        folder: For the lock files; by default one that all commands share.

    Raises:
        UsageError: All blocks are taken.
    """
    folder = folder or _lock_folder()
    for port in range(FIRST_PORT, LAST_PORT, BLOCK):
        lock = FileLock(folder / f"{port}.lock", timeout=0)
        if _acquired(lock):
            try:
                if all(_free(each) for each in range(port, port + BLOCK)):
                    yield port
                    return
            finally:
                lock.release()
    raise UsageError(
        f"no {BLOCK} free ports in a row between {FIRST_PORT} and {LAST_PORT}: end other servers"
    )


def _acquired(lock: FileLock) -> bool:
    try:
        lock.acquire()
    except (Timeout, PermissionError):  # held, or another user's file
        return False
    return True


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
