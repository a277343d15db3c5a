"""What several test files share."""

import socket
import subprocess
import sys

import pytest
import torch
from hypothesis import settings

from rca.cli import main

# The same examples each time, and no verdict on the machine's speed.
settings.register_profile("rca", deadline=None, derandomize=True)
settings.load_profile("rca")
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def one_thread():
    """A test that trains with two threads of torch leaves one.

    Two wait for one another where three workers share two cores: what follows took five times as
    long (the audit's trainings 9 s alone, 48 s behind such a test).
    """
    yield
    torch.set_num_threads(1)


@pytest.fixture
def unused_port():
    """A port that nobody listens on, on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def rca_here(monkeypatch, capfd):
    """Runs the command in this process: all but the seconds that a new one imports libraries.

    For what it says and decides; signals, the interpreter's end and what is on the import path
    need a real process.
    """

    def run(*arguments, cwd=None):
        words = [str(argument) for argument in arguments]
        capfd.readouterr()  # what was written before is not the command's
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["rca", *words])
            if cwd is not None:
                patch.chdir(cwd)
            with pytest.raises(SystemExit) as ended:
                main()
        code = ended.value.code or 0
        assert isinstance(code, int), code
        done = subprocess.CompletedProcess(words, code, *capfd.readouterr())
        assert "Traceback" not in done.stderr
        return done

    return run
