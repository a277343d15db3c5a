"""A CARLA installed on this machine: start it, wait until it answers, end what was started."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rca.envs.connect import Connection, connect, require_map
from rca.envs.servers import LOOPBACK, Address, leased_ports
from rca.errors import EvidenceError, UsageError

PROGRAM = "CarlaUE4.sh"
OPTIONS = ("-RenderOffScreen", "-nosound", "-quality-level=Low")
"""No window, no sound, little GPU memory; the camera is 84 pixels wide."""
START_SECONDS = 120.0
"""Within which CARLA answers: it reads several gigabytes from disk."""
LOAD_SECONDS = 120.0
"""Within which it loads another map."""
POLL_SECONDS = 0.5
END_SECONDS = 5.0
"""Which it is given to end by itself."""


@dataclass(frozen=True)
class InstalledProcess:
    """The process group that the start script leads."""

    process: "subprocess.Popen[bytes]"

    @property
    def pid(self) -> int:
        """Of the start script, and of its group."""
        return self.process.pid

    def alive(self) -> bool:
        """Whether the start script still runs; it ends with the server."""
        return self.process.poll() is None

    def stop(self) -> None:
        """Ends the group: asks first, then kills."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(END_SECONDS)


@contextmanager
def installed(
    root: Path, map: str, *, start_s: float = START_SECONDS, options: tuple[str, ...] = OPTIONS
) -> Iterator[Address]:
    """Runs the CARLA in a folder for as long as the block lasts.

    Args:
        root: Folder that holds `CarlaUE4.sh`.
        map: Name of one of its towns.
        start_s: Seconds within which it must answer.
        options: Of its command line.

    Raises:
        UsageError: No CARLA there, no such map, or no free ports.
        EvidenceError: It ended, or did not answer in time.
    """
    with leased_ports() as port:
        process = _started(root / PROGRAM, port, options)
        try:
            connection = _awaited(process, root / PROGRAM, port, start_s)
            _load(connection, map)
            yield Address(LOOPBACK, port, process)
        finally:
            process.stop()


def _started(program: Path, port: int, options: tuple[str, ...]) -> InstalledProcess:
    command = [str(program), *options, f"-carla-rpc-port={port}"]
    quiet: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    try:
        return InstalledProcess(subprocess.Popen(command, start_new_session=True, **quiet))
    except OSError as error:
        raise UsageError(
            f"{program}: cannot be started ({error}); give the folder that CARLA was unpacked into"
        ) from error


def _awaited(process: InstalledProcess, program: Path, port: int, start_s: float) -> Connection:
    deadline = time.monotonic() + start_s
    while process.alive():
        with suppress(EvidenceError):
            return connect(LOOPBACK, port)
        if time.monotonic() > deadline:
            raise EvidenceError(f"{program} did not answer on port {port} within {start_s:g} s")
        time.sleep(POLL_SECONDS)
    code = process.process.returncode
    raise EvidenceError(f"{program} ended with code {code}: run it by hand to see why")


def _load(connection: Connection, map: str) -> None:
    """Loads the map unless it runs already."""
    with suppress(EvidenceError):
        require_map(connection, map)
        return
    connection.client.set_timeout(LOAD_SECONDS)
    try:
        connection.client.load_world(map)
    except RuntimeError as error:
        towns = sorted(name.rsplit("/", 1)[-1] for name in connection.client.get_available_maps())
        raise UsageError(f"env.map: this CARLA has no map {map}, but {', '.join(towns)}") from error
