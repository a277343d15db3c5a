import json
import math
import os
import platform
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
import yaml

from rca.config import RunConfig
from rca.errors import EvidenceError, UsageError
from rca.runs.folder import RunWriter
from rca.runs.load import load_run
from rca.runs.manifest import is_written_to
from rca.runs.opening import created
from rca.runs.part import Options
from rca.runs.record import Outcome, Phase
from rca.runs.waiting import Waiting

RESULT_KEYS = {
    "scenario", "seed", "total_timesteps", "total_episodes", "training_rewards", "eval_rewards",
    "eval_success_rates", "eval_collisions", "final_eval_mean_reward", "final_eval_success_rate",
    "episode_lengths", "executed_timesteps",
}  # fmt: skip
EPISODE = {"start_step": 0, "end_step": 4, "length": 4, "return": -1.5, "end_reason": "stuck"}


def written(folder: Path, outcome: Outcome) -> Path:
    writer = RunWriter.create(folder, RunConfig(), {"label": "test"})
    for step in range(1, 11):
        writer.signal("env/speed", "m/s", step, np.float32(step / 2).item())
        writer.count(step, max(0, step - 4), max(0, step - 4) // 2)
    writer.signal("critic/loss", "1", 5, math.nan)
    writer.signal("critic/loss", "1", 6, math.inf)
    writer.episode({**EPISODE, "success": math.nan, "collisions": np.int64(1)})
    writer.evaluation({"step": 5, "updates": 1, "episodes": 2, "mean_return": math.nan})
    writer.evaluation({"step": 9, "updates": 5, "episodes": 2, "mean_return": -math.inf})
    writer.finish(outcome)
    return folder


def test_round_trip(tmp_path):
    run = load_run(written(tmp_path / "run", Outcome("finished", 10, 20, 6, 3)))
    assert run.kind == "rca"
    assert run.outcome == Outcome("finished", 10, 20, 6, 3)
    assert run.phases == (Phase("random", 1, 4), Phase("learning", 5, 10))
    assert run.config["agent.batch_size"] == RunConfig().agent.batch_size
    assert run.provenance["label"] == "test"
    assert run.gaps == ()
    speed = run.signals["env/speed"]
    assert (speed.unit, list(speed.steps)) == ("m/s", list(range(1, 11)))
    np.testing.assert_array_equal(speed.values, np.arange(1, 11) / 2)
    np.testing.assert_array_equal(run.signals["critic/loss"].values, [math.nan, math.inf])
    row = run.episodes.iloc[0]
    assert (row["length"], row["return"], row["end_reason"], row["collisions"]) == (
        4,
        -1.5,
        "stuck",
        1,
    )
    assert math.isnan(row["success"])
    assert math.isnan(row["distance"])
    assert run.evaluations["updates"].tolist() == [1.0, 5.0]


def test_results_are_strict_json_with_null_where_nothing_was_measured(tmp_path):
    folder = written(tmp_path / "run", Outcome("interrupted", 10, 20, 6, 3))
    text = (folder / "results.json").read_text()
    results = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert results.keys() == RESULT_KEYS
    assert results["executed_timesteps"] == 10
    assert results["episode_lengths"] == [4]
    assert results["eval_rewards"] == [None, None]  # NaN and minus infinity
    assert results["eval_success_rates"] == [None, None]


def test_manifest_says_what_ran_where(tmp_path):
    folder = written(tmp_path / "run", Outcome("crashed", 10, 20, 6, 3, error="boom"))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["status"], manifest["error"]) == ("crashed", "boom")
    assert manifest["config_digest"] == RunConfig().digest()
    assert manifest["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert manifest["machine"]["cpus"] == os.cpu_count()
    assert manifest["started"] <= manifest["ended"]
    assert yaml.safe_load((folder / "config.yaml").read_text()) == RunConfig().model_dump()
    assert load_run(folder).outcome.error == "boom"


def test_a_run_without_updates_is_one_random_phase(tmp_path):
    writer = RunWriter.create(tmp_path / "run", RunConfig())
    writer.signal("env/speed", "m/s", 7, 0.0)
    writer.count(7, 0, 0)
    writer.finish(Outcome("finished", 7, 7, 0, 0))
    assert load_run(tmp_path / "run").phases == (Phase("random", 1, 7),)


def test_refuses_a_folder_that_is_not_empty(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"not empty"):
        RunWriter.create(tmp_path, RunConfig())
    assert [path.name for path in tmp_path.iterdir() if path.name != ".lock"] == ["notes.txt"]


KILLED_START = """
import os, signal, sys
from pathlib import Path
from rca.config import RunConfig
from rca.runs import opening
from rca.runs.folder import RunWriter
def kill(*args):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(opening, sys.argv[2], kill)
RunWriter.create(Path(sys.argv[1]), RunConfig())
"""


@pytest.fixture(params=["_add_tables", "write_text", "write_json"])
def killed_start(request, tmp_path):
    """A folder whose process was killed before it had a manifest."""
    folder = tmp_path / "run"
    command = [sys.executable, "-c", KILLED_START, str(folder), request.param]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert (folder / "run.sqlite").exists()
    assert not (folder / "manifest.json").exists()
    return folder


def test_a_folder_whose_start_was_killed_is_begun_anew(killed_start):
    (killed_start / ".manifest.json.12345.tmp").write_text('{"sch')
    run = load_run(written(killed_start, Outcome("finished", 10, 20, 6, 3)))
    assert run.outcome == Outcome("finished", 10, 20, 6, 3)
    assert run.gaps == ()
    assert len(run.signals["env/speed"]) == 10
    names = {path.name for path in killed_start.iterdir()}
    assert names == {".lock", "manifest.json", "config.yaml", "run.sqlite", "results.json"}


def test_a_folder_whose_start_was_killed_in_the_first_write_is_begun_anew(tmp_path):
    (tmp_path / "run").mkdir()
    with closing(sqlite3.connect(tmp_path / "run.sqlite")) as database:
        database.execute("PRAGMA cache_size=1")  # writes before it commits, as a killed one has
        database.execute("BEGIN")
        database.execute("CREATE TABLE value (signal, step, value)")
        for step in range(1000):
            database.execute("INSERT INTO value VALUES (1, ?, 'x')", (step,))
        for file in tmp_path.glob("run.sqlite*"):
            shutil.copy(file, tmp_path / "run")
    assert (tmp_path / "run" / "run.sqlite").stat().st_size > 0
    assert (tmp_path / "run" / "run.sqlite-journal").stat().st_size > 0
    run = load_run(written(tmp_path / "run", Outcome("finished", 10, 20, 6, 3)))
    assert len(run.signals["env/speed"]) == 10


@pytest.mark.parametrize("more", ["notes.txt", "config.yaml.bak", ".notes.1.tmp", "run.sqlite2"])
def test_a_killed_start_beside_anything_else_is_left_alone(killed_start, more):
    (killed_start / more).write_text("mine")
    assert_refused_and_left(killed_start)


def test_what_only_looks_like_a_killed_start_is_left_alone(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text("agent: {tau: 0.01}  # the user's own")
    assert_refused_and_left(tmp_path / "config")
    assert_refused_and_left(tmp_path / "config")  # now that a lock is there
    writer = RunWriter.create(tmp_path / "run", RunConfig())
    writer.signal("env/speed", "m/s", 1, 1.0)
    writer.commit()
    lost = shutil.copytree(tmp_path / "run", tmp_path / "lost")  # the record is in the log yet
    writer.finish(Outcome("crashed"))
    (lost / "manifest.json").unlink()
    assert_refused_and_left(lost)
    assert len(load_run(lost).signals["env/speed"]) == 1
    (tmp_path / "other").mkdir()
    with closing(sqlite3.connect(tmp_path / "other" / "run.sqlite")) as other:
        other.execute("CREATE TABLE mine (id INTEGER)")
    assert_refused_and_left(tmp_path / "other")
    (tmp_path / "other" / "run.sqlite").write_text("no database" * 100)
    assert_refused_and_left(tmp_path / "other")


def assert_refused_and_left(folder):
    def content():
        files = (p for p in folder.iterdir() if not p.name.endswith((".lock", "-shm")))
        return {path.name: path.read_bytes() for path in files}

    before = content()
    with pytest.raises(UsageError, match="not empty"):
        RunWriter.create(folder, RunConfig())
    assert content() == before


def test_refuses_a_folder_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=str(tmp_path / "file")):
        RunWriter.create(tmp_path / "file" / "run", RunConfig())


@pytest.fixture
def closed_folder() -> Iterator[Path]:
    """A folder that this process may look into but not write to, root or not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o555)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65_534)
    try:
        yield folder
    finally:
        if was_root:
            os.seteuid(0)
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_refuses_a_read_only_folder(closed_folder):
    for folder in (closed_folder, closed_folder / "run"):
        with pytest.raises(UsageError, match=f"{folder}: not writable"):
            RunWriter.create(folder, RunConfig())
    assert list(closed_folder.iterdir()) == []


def test_unknown_columns_are_refused(tmp_path):
    writer = RunWriter.create(tmp_path / "run", RunConfig())
    with pytest.raises(ValueError, match="unknown columns lenght"):
        writer.episode({"lenght": 3})
    writer.finish(Outcome("finished"))


def test_a_full_disk_is_said_and_what_was_recorded_stays(tmp_path):
    writer = RunWriter.create(tmp_path / "run", RunConfig())
    writer.signal("env/speed", "m/s", 1, 1.0)
    writer.commit()
    pages = writer._database.execute("PRAGMA page_count").fetchone()[0]
    writer._database.execute(f"PRAGMA max_page_count={pages}")  # SQLite's own "disk is full"
    for step in range(2, 20_000):
        writer._waiting._values.append((1, step, 0.5))
    with pytest.raises(UsageError, match="disk is full"):
        writer.commit()
    with pytest.raises(UsageError, match="disk is full"):
        writer.signal("env/speed", "m/s", 20_000, 1.0)
    writer._waiting._values.extend((1, step, 0.5) for step in range(20_001, 40_000))
    with pytest.raises(UsageError, match="disk is full"):
        writer.finish(Outcome("crashed"))
    run = load_run(tmp_path / "run")
    assert run.outcome.status == "crashed"
    assert list(run.signals["env/speed"].values) == [1.0]


WRITER = """
import sys, time
from pathlib import Path
from rca.config import RunConfig
from rca.runs.folder import RunWriter
writer = RunWriter.create(Path(sys.argv[1]), RunConfig())
step = 0
while True:
    step += 1
    writer.signal("clock", "s", step, time.time())
    writer.count(step, 0, 0)
    if step % 10 == 0:
        writer.episode({"start_step": step - 10, "end_step": step, "length": 10})
    if step == 1:
        print("writing", flush=True)
    time.sleep(0.001)
"""


@contextmanager
def other_process(folder: Path) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "writing\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.parametrize("seconds", np.random.default_rng(0).uniform(0, 3, size=4).round(3))
def test_a_killed_run_is_readable_and_lost_at_most_two_seconds(tmp_path, seconds):
    folder = tmp_path / "run"
    with other_process(folder) as process:
        begun = time.time()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        killed = time.time()
        process.wait()
    assert json.loads((folder / "manifest.json").read_text())["status"] == "running"
    before = {path.name: path.stat().st_size for path in folder.iterdir()}
    run = load_run(folder)
    assert {path.name: path.stat().st_size for path in folder.iterdir()} == before
    assert run.outcome.status == "crashed"
    assert "killed" in run.outcome.error
    clock = run.signals["clock"].values if "clock" in run.signals else np.array([begun])
    assert killed - clock[-1] < 2.0
    assert run.outcome.executed_steps == len(run.signals.get("clock", ()))
    assert run.gaps == ()
    np.testing.assert_array_equal(run.episodes["end_step"] % 10, 0.0)


def test_a_run_is_readable_while_it_runs_and_belongs_to_one_process(tmp_path):
    with other_process(tmp_path / "run") as process:
        with pytest.raises(UsageError, match="another process"):
            RunWriter.create(tmp_path / "run", RunConfig())
        time.sleep(1.5)
        run = load_run(tmp_path / "run")
        assert run.outcome.status == "running"
        assert len(run.signals["clock"]) > 0
        assert process.poll() is None


LOCKED = {"run.sqlite-shm": (128, 1), "run.sqlite": (0x40000002, 510)}
"""Bytes that SQLite locks, shared, for as long as a database in WAL mode is open."""
TAKE = """
import fcntl, sys
with open(sys.argv[1], "rb+") as file:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, int(sys.argv[3]), int(sys.argv[2]))
    except BlockingIOError:
        print("held")
"""


def held(folder: Path) -> list[str]:
    """Files on which another process finds the lock of their database's writer."""
    found = []
    for name, (start, length) in LOCKED.items():
        command = [sys.executable, "-c", TAKE, str(folder / name), str(start), str(length)]
        if subprocess.run(command, capture_output=True, text=True, check=True).stdout == "held\n":
            found.append(name)
    return found


def test_reading_a_run_in_the_process_that_writes_it_leaves_the_locks_on_its_database(tmp_path):
    writer = RunWriter.create(tmp_path / "run", RunConfig())
    writer.signal("env/speed", "m/s", 1, 1.0)
    writer.commit()
    try:
        assert held(tmp_path / "run") == list(LOCKED)
        assert load_run(tmp_path / "run").outcome.status == "running"
        assert held(tmp_path / "run") == list(LOCKED)
        writer.settle(Outcome("finished", 1, 1, 0, 0))  # and still open, to go on with
        assert load_run(tmp_path / "run").outcome.status == "finished"
        assert held(tmp_path / "run") == list(LOCKED)
    finally:
        writer.finish(Outcome("finished", 1, 1, 0, 0))


def test_a_recording_whose_host_is_called_like_a_side_file_is_read(tmp_path):
    (tmp_path / "events.out.tfevents.1.build-wal").write_bytes(b"")
    with pytest.raises(EvidenceError, match="not a single event"):
        load_run(tmp_path)


def test_a_copy_of_a_running_folder_is_not_running(tmp_path):
    with other_process(tmp_path / "run"):
        time.sleep(1.2)
        shutil.copytree(tmp_path / "run", tmp_path / "copy")
        assert load_run(tmp_path / "copy").outcome.status == "crashed"
        assert load_run(tmp_path / "run").outcome.status == "running"


def test_where_locks_cannot_be_tried_the_process_decides(tmp_path):
    with other_process(tmp_path / "run"):
        (tmp_path / "run" / ".lock").unlink()
        assert load_run(tmp_path / "run").outcome.status == "running"
    assert load_run(tmp_path / "run").outcome.status == "crashed"


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda whole: b"",
    "garbage": lambda whole: np.random.default_rng(0).bytes(500),
    "half": lambda whole: whole[: len(whole) // 2],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_database_is_named(tmp_path, damage):
    folder = written(tmp_path / "run", Outcome("finished", 10, 20, 6, 3))
    file = folder / "run.sqlite"
    file.write_bytes(DAMAGE[damage](file.read_bytes()))
    with pytest.raises(EvidenceError, match=r"run\.sqlite: damaged"):
        load_run(folder)


def test_a_missing_database_is_named(tmp_path):
    folder = written(tmp_path / "run", Outcome("finished", 10, 20, 6, 3))
    (folder / "run.sqlite").unlink()
    with pytest.raises(EvidenceError, match=r"run\.sqlite: missing"):
        load_run(folder)


@pytest.mark.parametrize("damage", [*DAMAGE, "missing"])
def test_without_its_manifest_a_run_is_still_read(tmp_path, damage):
    folder = written(tmp_path / "run", Outcome("finished", 10, 20, 6, 3))
    file = folder / "manifest.json"
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(DAMAGE[damage](file.read_bytes()))
    run = load_run(folder)
    assert run.kind == "rca"
    assert run.outcome == Outcome("unknown", 10, RunConfig().budget.steps, 6, 3)
    assert "manifest.json" in run.gaps[0]


def test_a_newer_schema_is_refused(tmp_path):
    folder = written(tmp_path / "run", Outcome("finished", 10, 20, 6, 3))
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "schema": 99}))
    with pytest.raises(EvidenceError, match="schema 99"):
        load_run(folder)


def test_a_broken_config_or_results_is_a_gap(tmp_path):
    folder = written(tmp_path / "run", Outcome("finished", 10, 20, 6, 3))
    (folder / "config.yaml").write_text("env: [")
    (folder / "results.json").write_text("{")
    run = load_run(folder)
    assert len(run.episodes) == 1
    assert [gap.split(": ")[1] for gap in run.gaps] == [
        "not valid YAML",
        "not valid JSON at line 1",
    ]


def test_database_is_in_wal_mode_and_compact(tmp_path):
    writer = RunWriter.create(tmp_path / "run", RunConfig())
    for step in range(10_000):
        writer.signal("critic_encoder/grad_norm", "1", step, step / 7)
    writer.finish(Outcome("finished"))
    database = sqlite3.connect(tmp_path / "run" / "run.sqlite")
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()
    assert (tmp_path / "run" / "run.sqlite").stat().st_size < 10_000 * 24


def test_what_could_not_be_written_waits_and_is_written_later(tmp_path):
    writer = RunWriter.create(tmp_path / "run", RunConfig())
    writer.signal("env/reward", "1", 1, 0.5)
    with writer._writing:
        writer._database.execute("ALTER TABLE value RENAME TO elsewhere")
        writer._database.commit()
    with pytest.raises(UsageError, match="cannot be written"):
        writer.commit()
    with writer._writing:
        writer._database.execute("ALTER TABLE elsewhere RENAME TO value")
        writer._database.commit()
    writer.finish(Outcome("interrupted", 1, 2, 0, 0))
    assert load_run(tmp_path / "run").signals["env/reward"].values.tolist() == [0.5]


def test_a_probe_that_broke_off_is_said_to_whoever_reads_the_run(tmp_path):
    writer = RunWriter.create(tmp_path / "run", RunConfig())
    writer.notes.append("broken_probes", {"signal": "env/odd", "step": 7, "why": "LinAlgError: no"})
    writer.finish(Outcome("interrupted", 9, 20, 0, 0))
    said = "manifest.json: probe env/odd broke off at step 7: LinAlgError: no"
    assert any(said in gap for gap in load_run(tmp_path / "run").gaps)
    writer = RunWriter.reopen(tmp_path / "run")
    writer.rewind(5, 0, 0)
    writer.finish(Outcome("finished", 20, 20, 0, 0))
    assert not load_run(tmp_path / "run").gaps


def test_a_row_that_no_database_takes_is_refused_at_once(tmp_path):
    writer = RunWriter.create(tmp_path / "run", RunConfig())
    with pytest.raises(ValueError, match="length is a ndarray; give a number or a word"):
        writer.episode({**EPISODE, "length": np.array([3.0])})
    writer.episode({**EPISODE, "length": 2**70})  # what SQLite refuses only when it is written
    with pytest.raises(UsageError, match="cannot be written"):
        writer.finish(Outcome("finished", 1, 1, 0, 0))
    outcome = load_run(tmp_path / "run").outcome
    assert (outcome.status, outcome.executed_steps) == ("crashed", 1)
    assert "cannot be written" in outcome.error
    RunWriter.reopen(tmp_path / "run").abandon()  # there is something to go on with


def test_rows_lost_before_the_end_are_not_forgotten_at_it(tmp_path):
    writer = RunWriter.create(tmp_path / "run", RunConfig())
    writer.episode({**EPISODE, "length": 2**70})
    for end in (writer.commit, lambda: writer.finish(Outcome("finished", 1, 1, 0, 0))):
        with pytest.raises(UsageError, match="cannot be written"):
            end()
    assert load_run(tmp_path / "run").outcome.status == "crashed"


def test_a_run_whose_results_cannot_be_written_is_not_finished(tmp_path):
    folder = tmp_path / "run"
    writer = RunWriter.create(folder, RunConfig())
    (folder / "results.json").mkdir()
    with pytest.raises(UsageError, match=f"^{folder}: "):
        writer.finish(Outcome("interrupted", 1, 2, 0, 0, error="halted"))
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["status"] == "crashed"
    assert manifest["error"].startswith(f"halted; {folder}: ")
    assert manifest["outcome"]["executed_steps"] == 1
    RunWriter.reopen(folder).abandon()


def test_the_machine_of_the_last_session_says_where_the_process_is(tmp_path):
    here, there = {"host": platform.node()}, {"host": "elsewhere"}
    mine = {"pid": os.getpid(), "machine": there, "resumed": ["2026-01-01", {"machine": here}]}
    assert is_written_to(tmp_path, mine)
    assert is_written_to(tmp_path, {"pid": os.getpid(), "machine": here, "resumed": ["2026"]})
    assert not is_written_to(
        tmp_path, {"pid": os.getpid(), "machine": here, "resumed": [{"machine": there}]}
    )


class Meanwhile:
    """A database during whose first values another thread does something."""

    def __init__(self, database, act):
        self.database, self.act = database, act

    def __enter__(self):
        self.database.__enter__()

    def __exit__(self, *error):
        return self.database.__exit__(*error)

    def executemany(self, sql, rows):
        act, self.act = self.act, lambda: None
        act()
        return self.database.executemany(sql, rows)


def test_an_episode_is_not_on_disk_before_the_values_of_its_steps(tmp_path):
    database = created(tmp_path, None, {})
    waiting = Waiting({})

    def ended():
        waiting.value("clock", "s", 10, 0.0)
        waiting.row("episode", {"start_step": 0, "end_step": 10, "length": 10})

    waiting.value("clock", "s", 9, 0.0)
    with closing(database):
        waiting.write(Meanwhile(database, ended))  # type: ignore[arg-type]
        assert database.execute("SELECT step FROM value").fetchall() == [(9,)]
        assert database.execute("SELECT count(*) FROM episode").fetchone() == (0,)
        waiting.write(database)
        assert database.execute("SELECT count(*) FROM episode").fetchone() == (1,)


def test_a_run_that_ends_well_while_it_is_asked_for_has_not_crashed(tmp_path, monkeypatch):
    folder = tmp_path / "run"
    writer = RunWriter.create(folder, RunConfig())
    writer.signal("env/speed", "m/s", 1, 1.0)

    def ends_meanwhile(where, manifest):
        writer.finish(Outcome("finished", 1, 1))
        return is_written_to(where, manifest)

    monkeypatch.setattr("rca.runs.importers.run_folder.is_written_to", ends_meanwhile)
    # Importers are loaded by their files: this one is the module's own.
    from rca.runs.importers import run_folder

    ended = run_folder.read(folder / "run.sqlite", Options({})).outcome
    assert ended is not None
    assert ended.status == "finished"


def test_a_file_that_vanishes_between_two_looks_is_left_out(tmp_path, monkeypatch):
    folder = written(tmp_path / "run", Outcome("finished", 10, 10))
    listed = [*folder.iterdir(), folder / "gone.csv"]
    monkeypatch.setattr("rca.runs.load._files", lambda path: sorted(listed))
    assert load_run(folder).outcome.status == "finished"


@pytest.mark.parametrize("value", ["soon", 1.5])
def test_a_counter_that_is_no_number_is_damage(tmp_path, value):
    folder = written(tmp_path / "run", Outcome("finished", 10, 10))
    with closing(sqlite3.connect(folder / "run.sqlite")) as database:
        database.execute("INSERT OR REPLACE INTO meta VALUES ('first_update_step', ?)", (value,))
        database.commit()
    with pytest.raises(EvidenceError, match=r"run\.sqlite: damaged: meta\.first_update_step"):
        load_run(folder)


def test_an_end_that_is_not_finite_ends_no_reading(tmp_path):
    folder = written(tmp_path / "run", Outcome("finished", 10, 10))
    with closing(sqlite3.connect(folder / "run.sqlite")) as database:
        database.execute("UPDATE episode SET end_step = 9e999")
        database.commit()
    assert load_run(folder).outcome.executed_steps == 10
