"""Whatever is done to a recording, reading it gives a record with gaps or one clear line."""

import functools
import json
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from rca.config import RunConfig
from rca.errors import RcaError
from rca.runs.folder import RunWriter
from rca.runs.load import load_run
from rca.runs.record import EPISODE_COLUMNS, EVALUATION_COLUMNS, Outcome, RunRecord

TAGS = (
    "train/critic_loss",
    "train/episode_length",
    "train/episode_reward",
    "train/exploration_noise",
    "progress/speed_kmh",
    "progress/episode_steps",
    "agent/total_iterations",
    "agent/buffer_utilization",
    "progress/buffer_size",
    "eval/mean_reward",
    "charts/episodic_length",
    "somebody/else",
)
hostile = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def write(path: Path, records: list[tuple[str, int, float, float]]) -> None:
    with path.open("wb") as file:
        writer = RecordWriter(file)
        for tag, step, value, wall in records:
            item = Summary.Value(tag=tag, simple_value=value)
            event = Event(wall_time=wall, step=step, summary=Summary(value=[item]))
            writer.write(event.SerializeToString())


def looked_at(run: RunRecord) -> RunRecord:
    """Holds a record to what its readers rely on."""
    for name, signal in run.signals.items():
        assert signal.name == name
        assert (np.diff(signal.steps) >= 0).all()
        assert signal.steps.dtype == np.int64
        assert signal.values.dtype == np.float64
    assert tuple(run.episodes.columns) == EPISODE_COLUMNS
    assert tuple(run.evaluations.columns) == EVALUATION_COLUMNS
    if run.phases:
        assert run.phases[0].first_step == 1
        assert run.phases[-1].last_step == run.outcome.executed_steps
        assert all(phase.first_step <= phase.last_step for phase in run.phases)
    json.dumps(run.provenance, default=str)
    return run


def read(folder: Path) -> None:
    """Reads a folder; what is wrong with it may be said in one line only."""
    line = "a record"
    try:
        looked_at(load_run(folder))
    except RcaError as error:
        line = str(error)
    assert "\n" not in line
    assert len(line) > 5


steps = st.one_of(st.integers(0, 3_000), st.integers(-(2**63), 2**63 - 1))
values = st.one_of(st.floats(width=32), st.integers(0, 500).map(float))
walls = st.one_of(st.floats(1e9, 1e9 + 1e5), st.floats())
records = st.lists(st.tuples(st.sampled_from(TAGS), steps, values, walls), max_size=60)


@hostile
@given(st.lists(records, min_size=1, max_size=3))
def test_any_scalars(files):
    with tempfile.TemporaryDirectory() as scratch:
        for number, content in enumerate(files):
            write(Path(scratch) / f"events.out.tfevents.{number}", content)
        read(Path(scratch))


@functools.cache
def healthy() -> dict[str, bytes]:
    """A small recording with every kind of file, as bytes by name."""
    logged = range(100, 2_001, 100)
    content: list[tuple[str, int, float, float]] = []
    for step in logged:
        wall = 1e9 + step / 10
        content.append(("progress/speed_kmh", step, 10.0, wall))
        content.append(("progress/episode_steps", step, float(step % 25), wall))
        if step > 1_000:
            content.append(("train/critic_loss", step, 1.0, wall))
    for episode in range(80):
        content.append(("train/episode_length", episode, 25.0, 1e9 + episode))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        write(folder / "events.out.tfevents.1", content)
        results = {"total_timesteps": 2_000, "training_rewards": [-1.0] * 80, "eval_rewards": [2.0]}
        (folder / "results.json").write_text(json.dumps(results))
        (folder / "td3.yaml").write_text("algorithm: {learning_starts: 1000, batch_size: 64}\n")
        (folder / "env.toml").write_text("[world]\nfixed_delta_seconds = 0.05\n")
        rows = "".join(f"-1.0,25,{2.5 * i}\n" for i in range(1, 81))
        (folder / "monitor.csv").write_text('#{"t_start": 1.0}\nr,l,t\n' + rows)
        table = "".join(f"{step},{step / 2}\n" for step in logged)
        (folder / "progress.csv").write_text("time/total_timesteps,train/learning_rate\n" + table)
        np.savez(folder / "evaluations.npz", timesteps=[500], results=[[1.0, 3.0]])
        return {path.name: path.read_bytes() for path in folder.iterdir()}


@functools.cache
def our_own() -> dict[str, bytes]:
    """One of our run folders, as bytes by name."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "run"
        writer = RunWriter.create(folder, RunConfig())
        for step in range(1, 200):
            writer.signal("env/speed", "m/s", step, step / 2)
            writer.count(step, max(0, step - 50), 0)
        writer.episode({"start_step": 0, "end_step": 150, "length": 150, "end_reason": "goal"})
        writer.evaluation({"step": 100, "updates": 50, "mean_return": math.nan})
        writer.finish(Outcome("finished", 199, 200, 149, 0))
        return {path.name: path.read_bytes() for path in folder.iterdir() if path.name[0] != "."}


def test_the_healthy_ones_are_read_whole(tmp_path):
    for name, files in (("foreign", healthy()), ("own", our_own())):
        (tmp_path / name).mkdir()
        for file, content in files.items():
            (tmp_path / name / file).write_bytes(content)
    foreign, own = looked_at(load_run(tmp_path / "foreign")), looked_at(load_run(tmp_path / "own"))
    assert foreign.gaps == own.gaps == ()
    assert foreign.first_update_step() == 1_001
    assert own.first_update_step() == 51
    assert len(foreign.provenance["files"]) == len(healthy())  # type: ignore[arg-type]


def damage(content: bytes, kind: str, place: float, noise: bytes) -> bytes:
    at = int(place * len(content))
    return {
        "cut": content[:at],
        "flip": content[:at] + bytes(b ^ 0x55 for b in content[at : at + 1]) + content[at + 1 :],
        "insert": content[:at] + noise + content[at:],
        "overwrite": content[:at] + noise + content[at + len(noise) :],
        "lose": content[:at] + content[at + 7 :],
        "repeat": content[:at] + content[max(0, at - 40) : at] + content[at:],
        "swap": content[at:] + content[:at],
    }[kind]


KINDS = ("cut", "flip", "insert", "overwrite", "lose", "repeat", "swap")


@pytest.mark.parametrize("whole", [healthy, our_own], ids=["foreign", "own"])
@hostile
@given(
    name=st.integers(0, 100),
    kind=st.sampled_from(KINDS),
    place=st.floats(0, 1),
    noise=st.binary(min_size=1, max_size=30),
    alone=st.booleans(),
)
def test_a_damaged_file(whole, name, kind, place, noise, alone):
    files = whole()
    chosen = sorted(files)[name % len(files)]
    with tempfile.TemporaryDirectory() as scratch:
        for file, content in files.items():
            if file == chosen:
                (Path(scratch) / file).write_bytes(damage(content, kind, place, noise))
            elif not alone:
                (Path(scratch) / file).write_bytes(content)
        read(Path(scratch))


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
KEYS = (
    "training_rewards", "episode_lengths", "eval_rewards", "eval_success_rates", "eval_collisions",
    "total_timesteps", "executed_timesteps", "seed", "final_eval_mean_reward",
)  # fmt: skip


@hostile
@given(st.dictionaries(st.sampled_from(KEYS), json_values))
def test_any_results(tree):
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "results.json").write_text(json.dumps(tree))
        read(Path(scratch))


@hostile
@given(st.dictionaries(st.sampled_from(KEYS), json_values), json_values)
def test_any_driver_results_and_trajectories(lists, points):
    with tempfile.TemporaryDirectory() as scratch:
        tree = {"metrics": {}, "episodes": {"rewards": [1.0], **lists}}
        (Path(scratch) / "driver.json").write_text(json.dumps(tree))
        (Path(scratch) / "path.json").write_text(json.dumps([[{"speed": points}], points]))
        read(Path(scratch))


@hostile
@given(
    st.text(st.characters(codec="utf-8"), max_size=200), st.sampled_from(["monitor", "progress"])
)
def test_any_table(text, name):
    head = {"monitor": "#{}\nr,l,t\n", "progress": "step,train/critic_loss,eval/mean_reward\n"}
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / f"{name}.csv").write_text(head[name] + text, encoding="utf-8")
        read(Path(scratch))


numbers = st.one_of(st.floats().map(str), st.integers().map(str), st.just(""), st.just("x"))


@hostile
@given(st.lists(st.tuples(numbers, numbers, numbers), max_size=20), st.booleans())
def test_any_numbers_in_tables(rows, several):
    text = "".join(",".join(row) + "\n" for row in rows)
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("0.monitor.csv", "1.monitor.csv") if several else ("monitor.csv",):
            (Path(scratch) / name).write_text("#{}\nr,l,t\n" + text)
        table = "step,train/critic_loss,eval/mean_reward\n"
        (Path(scratch) / "progress.csv").write_text(table + text)
        read(Path(scratch))
