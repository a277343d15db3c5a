"""Trials forked from a process that has imported what they need: a start costs nothing then.

Torch, what its first optimizer imports, the client and the trainer take seven of the 45 seconds of
the benchmark's runs on slow cores. (multiprocessing's fork server runs the caller's main module
again in every child, and loses exit codes of children that end while others start.)
"""

import gc
import json
import os
import runpy
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import BinaryIO, Self, cast

from rca.study.trials import SIMULATOR_FAILED, die_with_parent, environment

IMPORTED = (
    "torch._dynamo",  # by the first optimizer
    "rca.envs.driving",
    "rca.faults",
    "rca.runs.execute",
    "rca.runs.load",
)


class Forker:
    """A process from which one trial at a time is forked.

    It ends when this process does, however that ends, and its trial with it.
    """

    def __init__(self) -> None:
        """Starts it; `ready` tells when it has imported everything."""
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rca.study.forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=environment(),
        )
        self._is_ready = False

    def __enter__(self) -> Self:
        """Returns itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Ends the process, and a trial that may be under way."""
        self._end()

    def ready(self) -> None:
        """Waits until everything is imported, or the process is gone."""
        if not self._is_ready:
            self._is_ready = bool(self._answer(None))

    def run(self, words: Sequence[str], log: Path, patience: float) -> int | None:
        """Is a `Run`. What interrupts it, a signal or a process that is gone, ends the trial."""
        log.write_text("")
        if self._process.poll() is not None:  # since the trial before
            self._end()
            self._start()
        asked = {"words": [*words], "log": str(log), "environment": environment()}
        try:
            self.ready()
            with suppress(BrokenPipeError):  # it is gone: the answer says so
                self._ask(json.dumps(asked).encode() + b"\n")
            answer = self._answer(patience)
        except BaseException:
            self._end()
            raise
        if answer:
            return int(answer)
        code = self._end()
        if answer is None:
            return None
        log.write_text(f"the process that trials are forked from ended with {code}")
        return code

    def _ask(self, words: bytes) -> None:
        left = memoryview(words)
        while left:
            left = left[cast("BinaryIO", self._process.stdin).write(left) :]

    def _answer(self, patience: float | None) -> bytes | None:
        """Returns what the process says, b"" if it is gone, None if it says nothing for long."""
        said = cast("BinaryIO", self._process.stdout)
        if not select.select([said], [], [], patience)[0]:
            return None
        return said.read(64)  # a number and a line's end, written at once

    def _end(self) -> int:
        """Kills the process, and with it its trial; returns how it ended, never 0."""
        self._process.kill()
        code = self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            cast("BinaryIO", stream).close()
        return code or 1


def _serve() -> None:
    """Forks a trial for every line of standard input, and writes its exit code when it ended."""
    interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the trials
    asking, answers, own = os.fdopen(os.dup(0), "rb", buffering=0), os.dup(1), os.getpid()
    os.dup2(2, 1)  # whatever an import prints is no answer
    for name in IMPORTED:
        with suppress(Exception):  # what cannot be imported says so in a trial's log
            import_module(name)
    gc.freeze()  # a trial's collections need not visit what was imported
    sys.stdout.flush()
    os.write(answers, b"0\n")
    while line := asking.readline():
        asked = json.loads(line)
        try:
            child = os.fork()
        except OSError as error:  # short of memory or processes: not the trial's fault
            Path(asked["log"]).write_text(f"no process for the trial: {error.strerror}")
            os.write(answers, b"%d\n" % SIMULATOR_FAILED)
            continue
        if not child:
            die_with_parent()
            if os.getppid() != own:  # it was gone before it could be said
                os._exit(1)
            asking.close()
            os.close(answers)
            signal.signal(signal.SIGINT, interrupted)
            _become(**asked)
        over = os.pidfd_open(child)
        if (
            asking.fileno() in select.select([asking.fileno(), over], [], [])[0]
        ):  # whoever asks is gone
            return  # and the trial with this process
        os.close(over)
        _, status = os.waitpid(child, 0)
        os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(status))


def _become(words: list[str], log: str, environment: dict[str, str]) -> None:
    """Is `rca` with these words, and ends the process."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    said = os.open(log, os.O_WRONLY | os.O_APPEND)
    for wanted, number in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(wanted, number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["rca", *words]
    runpy.run_module("rca", run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    _serve()
