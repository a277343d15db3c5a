"""Starts the embedded server as a process of its own and makes sure that it ends."""

import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from types import TracebackType
from typing import IO

from rca.errors import EvidenceError, UsageError

START_SECONDS = 60.0
"""Within which the server is ready: a user's large map takes seconds, on a busy machine many."""

_RUNNING: set["ServerProcess"] = set()


class ServerProcess:
    """A running server; a context manager that stops it.

    Attributes:
        port: RPC port for `carla.Client("127.0.0.1", port)`.
        stream_port: Port of the sensor streams.
        map: Name of the map.
    """

    def __init__(
        self, process: subprocess.Popen[bytes], ready: dict[str, object], log: IO[bytes]
    ) -> None:
        self._log = log
        self._process = process
        self.port = int(str(ready["port"]))
        self.stream_port = int(str(ready["stream_port"]))
        self.map = str(ready["map"])
        _RUNNING.add(self)

    @property
    def pid(self) -> int:
        """Process id, also of the process group."""
        return self._process.pid

    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def exit_code(self) -> int | None:
        """Returns how the process ended, None while it runs; negative = killed by that signal."""
        return self._process.poll()

    def log(self) -> str:
        """Returns what the server has logged so far; only before `stop`."""
        return os.pread(self._log.fileno(), 2**20, 0).decode(errors="replace")

    def stop(self, timeout_s: float = 3.0) -> None:
        """Ends the server: asks first, then kills its process group. Harmless when called twice."""
        _RUNNING.discard(self)
        _end(self._process, timeout_s)
        self._log.close()

    def __enter__(self) -> "ServerProcess":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def launch(
    map_name: str,
    *,
    port: int = 0,
    seed: int = 0,
    timeout_s: float = START_SECONDS,
    options: Sequence[str] = (),
) -> ServerProcess:
    """Starts a server on the loopback interface and waits until it accepts connections.

    Args:
        map_name: A built-in map or the path of a `.xodr` file.
        port: RPC port, the streams take the next one; 0 chooses a free pair.
        seed: Of everything random in the world.
        timeout_s: Real seconds to wait.
        options: Further options of `python -m rca.sim`.

    Raises:
        UsageError: The port is taken or the map cannot be used; names it.
        EvidenceError: The server did not come up in time, or ended.
    """
    command = [
        sys.executable, "-m", "rca.sim", "--port", str(port), "--map", map_name,
        "--seed", str(seed), "--stdin-watch", *options,
    ]  # fmt: skip
    # A file, not a pipe: nobody reads while the server runs, and a full pipe would stop it.
    log = tempfile.TemporaryFile()  # noqa: SIM115  lives as long as the server
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        start_new_session=True,
    )  # fmt: skip
    try:
        return ServerProcess(process, _ready(process, log, timeout_s), log)
    except BaseException:
        _end(process, 1.0)
        log.close()
        raise


def _ready(process: subprocess.Popen[bytes], log: IO[bytes], timeout_s: float) -> dict[str, object]:
    assert process.stdout is not None
    line, deadline = b"", time.monotonic() + timeout_s
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            raise EvidenceError(f"the embedded server was not ready within {timeout_s:g} s")
        piece = os.read(process.stdout.fileno(), 4096)
        if not piece:
            raise _failure(process.wait(timeout_s), _said(log))
        line += piece
    ready: dict[str, object] = json.loads(line)
    return ready


def _said(log: IO[bytes]) -> bytes:
    log.seek(0)
    return log.read()


def _failure(code: int, errors: bytes) -> Exception:
    lines = errors.decode(errors="replace").strip().splitlines() or ["it said nothing"]
    if code == UsageError.exit_code:
        return UsageError(lines[-1])
    return EvidenceError(f"the embedded server ended with code {code}: {lines[-1]}")


def _end(process: subprocess.Popen[bytes], timeout_s: float) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout_s)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


@atexit.register
def _stop_all() -> None:
    for server in tuple(_RUNNING):
        server.stop(1.0)
