"""A disk that is really full, a folder of somebody else's, a clock that is set back."""

import re
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from rca.config import RunConfig
from rca.errors import UsageError
from rca.runs.board import Board
from rca.runs.execute import resume
from rca.runs.folder import RunWriter
from rca.runs.load import load_run
from rca.runs.record import Outcome
from rca.td3.checkpoint import restore, save
from rca.td3.train import train
from tests.test_runs_folder import other_process
from tests.test_td3_checkpoint import start


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 4 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("no mount command here")
    if done.returncode:
        pytest.skip("this user may not mount file systems")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place):
    """Writes until nothing more fits."""
    with (place / "filler").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"0" * 1024)
    assert shutil.disk_usage(place).free == 0


def test_signals_on_a_full_disk_end_in_one_line_and_what_was_recorded_stays(small_disk):
    folder = small_disk / "run"
    writer = RunWriter.create(folder, RunConfig())
    writer.signal("env/speed", "m/s", 1, 1.0)
    writer.commit()
    fill(small_disk)
    for step in range(2, 100_000):
        writer._waiting._values.append((1, step, 0.5))
    for end in (writer.commit, lambda: writer.finish(Outcome("crashed"))):
        with pytest.raises(UsageError, match=f"^{folder}: the disk is full; free some space"):
            end()
    (small_disk / "filler").unlink()
    run = load_run(folder)
    assert run.outcome.status == "crashed"
    assert list(run.signals["env/speed"].values) == [1.0]


def test_event_files_on_a_full_disk_end_in_one_line(small_disk):
    board = Board(small_disk / "events")
    fill(small_disk)

    def many():
        for step in range(100_000):
            board.scalar("loss", step, 0.5)

    for write in (many, board.close):
        with pytest.raises(UsageError, match="the disk is full; free some space"):
            write()


def test_a_run_folder_on_a_full_disk_is_refused(small_disk):
    fill(small_disk)
    with pytest.raises(UsageError, match="the disk is full"):
        RunWriter.create(small_disk / "run", RunConfig())


def test_a_checkpoint_that_does_not_fit_leaves_the_one_before(small_disk):
    training, _ = start()
    train(training)
    kept = save(small_disk / "checkpoints", training)
    fill(small_disk)
    training.progress.step += 1
    with pytest.raises(UsageError, match=r"cannot be written: No space left on device; free space"):
        save(small_disk / "checkpoints", training)
    assert list((small_disk / "checkpoints").iterdir()) == [kept]
    fresh, _ = start()
    assert restore(small_disk / "checkpoints", fresh) == kept


TINY_RUN = """
import contextlib, dataclasses, sys
from pathlib import Path
from rca.build import default_build
from rca.runs import execute, under_way
from tests.test_runs_endings import CONFIG, HERE
from tests.tiny_env import Pointing
def build(config):
    make = lambda config, host, port: Pointing(terminal_every=1)
    return dataclasses.replace(default_build(config), make_env=make, make_eval_env=make)
execute.default_build = build
under_way.server_for = lambda config, server: contextlib.nullcontext(HERE)
execute.execute(CONFIG, Path(sys.argv[1]))
"""
CALLS = "fsync,fdatasync,rename,renameat,renameat2"


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_what_a_checkpoint_and_a_last_status_rely_on_is_on_the_disk_before_them(tmp_path):
    folder, log = tmp_path / "run", tmp_path / "calls"
    watched = ["strace", "-f", "-y", "--seccomp-bpf", "-e", f"trace={CALLS}", "-o", str(log)]
    command = [*watched, sys.executable, "-c", TINY_RUN, str(folder)]
    root = Path(__file__).parents[1]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if "ptrace" in done.stderr:
        pytest.skip("processes may not be traced here")
    assert done.returncode == 0, done.stderr
    calls = [call for call in finished(log.read_text()) if str(tmp_path) in call]
    written = [place for place, call in enumerate(calls) if call.startswith("rename")]
    for name, rows_first in [
        ("checkpoints/step-000000020.pt", True),
        ("checkpoints/step-000000040.pt", True),
        ("checkpoints/final.pt", False),
        ("config.yaml", False),
        ("manifest.json", True),
    ]:
        at = max(place for place in written if f'{folder / name}"' in calls[place])
        before = [place for place in written if place < at and "checkpoints" in calls[place]]
        since, then = calls[max(before, default=0) : at], calls[at + 1 :]
        unfinished = calls[at].split('"')[1]
        assert any(re.match(rf"fsync\(\d+<{re.escape(unfinished)}>\)", call) for call in since)
        assert any(f"<{(folder / name).parent}>)" in call for call in then)
        assert not rows_first or any(f"<{folder / 'run.sqlite-wal'}>)" in call for call in since)


def finished(log):
    """Yields the calls in the order of their ends; strace tells those of two threads in halves."""
    begun = {}
    for line in log.splitlines():
        thread, call = line.split(maxsplit=1)
        if call.endswith("<unfinished ...>"):
            begun[thread] = call.removesuffix("<unfinished ...>").rstrip()
        elif "resumed>" in call:
            yield begun.pop(thread) + call.partition("resumed>")[2]
        else:
            yield call


def test_a_run_that_another_process_writes_is_not_resumed(tmp_path):
    with (
        other_process(tmp_path / "run"),
        pytest.raises(UsageError, match="another process writes this run"),
    ):
        resume(tmp_path / "run")


def test_a_clock_that_is_set_back_is_told_and_harms_nothing(tmp_path, monkeypatch):
    writer = RunWriter.create(tmp_path / "run", RunConfig())
    writer.signal("env/speed", "m/s", 1, 1.0)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() - 3600)
    writer.signal("env/speed", "m/s", 2, 2.0)
    writer.finish(Outcome("finished", 2, 2))
    monkeypatch.undo()
    run = load_run(tmp_path / "run")
    assert run.outcome.status == "finished"
    assert run.signals["env/speed"].values.tolist() == [1.0, 2.0]
    (line,) = run.gaps
    assert "set back by 3600.0 s" in line


def test_a_clock_that_goes_forward_is_not_mentioned(tmp_path):
    RunWriter.create(tmp_path / "run", RunConfig()).finish(Outcome("finished", 0, 0))
    assert load_run(tmp_path / "run").gaps == ()
