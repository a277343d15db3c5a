"""Starting and ending an installed CARLA, shown on a start script that runs the embedded server.

The script is called, answers and ends as CARLA's own does: a shell script with a child that serves.
"""

import sys
import time

import psutil
import pytest

from rca.config import EnvConfig
from rca.envs.driving import DrivingEnv
from rca.envs.installed import installed
from rca.errors import EvidenceError, UsageError


def carla_root(folder, body):
    program = folder / "CarlaUE4.sh"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    return folder


SERVE = (
    'for option in "$@"; do case "$option" in -carla-rpc-port=*) port=${option#*=};; esac; done\n'
    f'{sys.executable} -m rca.sim --port "$port" --map oval\n'
    "exit 0"
)


@pytest.mark.carla
def test_it_is_driven_in_and_its_whole_process_group_ends(tmp_path):
    with installed(carla_root(tmp_path, SERVE), "oval") as address:
        assert address.process is not None
        family = psutil.Process(address.process.pid).children(recursive=True)
        assert len(family) == 1
        env = DrivingEnv(EnvConfig(), host=address.host, port=address.port)
        env.reset(seed=0)
        env.close()
        assert address.process.alive()
    assert psutil.wait_procs(family, timeout=3)[1] == []


@pytest.mark.carla
def test_a_map_that_it_has_not_is_named_with_those_that_it_has(tmp_path):
    with (
        pytest.raises(UsageError, match=r"env\.map: this CARLA has no map Town99, but .*oval"),
        installed(carla_root(tmp_path, SERVE), "Town99"),
    ):
        pass


def test_no_carla_there(tmp_path):
    with (
        pytest.raises(UsageError, match=r"CarlaUE4\.sh: cannot be started"),
        installed(tmp_path, "oval"),
    ):
        pass


def test_it_ends_at_once(tmp_path):
    with (
        pytest.raises(EvidenceError, match="ended with code 3"),
        installed(carla_root(tmp_path, "exit 3"), "oval"),
    ):
        pass


def test_it_never_answers(tmp_path):
    started = time.monotonic()
    with (
        pytest.raises(EvidenceError, match=r"did not answer on port .* within 1 s"),
        installed(carla_root(tmp_path, "sleep 60"), "oval", start_s=1.0),
    ):
        pass
    assert time.monotonic() - started < 10
    assert not [p for p in psutil.Process().children(recursive=True) if "sleep" in p.name()]
