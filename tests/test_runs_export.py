import importlib.util
import json
import math
import os
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rca.config import RunConfig
from rca.errors import UsageError
from rca.runs.board import Board
from rca.runs.execute import execute, resume
from rca.runs.export import export_run
from rca.runs.folder import RunWriter
from rca.runs.load import load_run
from rca.runs.record import Outcome, RunRecord
from tests.test_cli import rca
from tests.test_runs_execute import config


@pytest.fixture
def run(tmp_path) -> RunRecord:
    writer = RunWriter.create(tmp_path / "run", RunConfig())
    for step in range(1, 101):
        writer.signal("env/speed", "m/s", step, step / 3)
        writer.count(step, max(0, step - 60), 0)
    for step, value in ((61, math.nan), (80, math.inf), (100, 0.25)):
        writer.signal("critic/loss", "1", step, value)
    for index in range(4):
        row = {"start_step": 25 * index, "end_step": 25 * index + 25, "length": 25}
        writer.episode({**row, "return": -1.0, "end_reason": "stuck"})
    writer.evaluation({"step": 50, "updates": 0, "mean_return": 7.0})
    writer.finish(Outcome("finished", 100, 100, 40, 0))
    return load_run(tmp_path / "run")


def test_tensorboard_reads_back_as_the_same_run(run, tmp_path):
    (path,) = export_run(run, tmp_path / "out", "tensorboard")
    assert "tfevents" in path.name
    again = load_run(tmp_path / "out")
    episodes = {"episode/length", "episode/return"}  # kept beside the table that is made of them
    assert again.signals.keys() == run.signals.keys() | episodes  # and no invented step time
    for name, signal in run.signals.items():
        np.testing.assert_array_equal(again.signals[name].steps, signal.steps)
        np.testing.assert_allclose(again.signals[name].values, signal.values, rtol=1e-6)
    assert again.evaluations["mean_return"].tolist() == [7.0]
    assert again.episodes["end_step"].tolist() == [25, 50, 75, 100]
    assert again.episodes["return"].tolist() == [-1.0] * 4


def scalars(folder):
    """Tag and (step, value) pairs, as TensorBoard itself reads them."""
    reader = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    reader.Reload()
    return {
        tag: [(event.step, event.value) for event in reader.Scalars(tag)]
        for tag in reader.Tags()["scalars"]
    }


def test_tensorboard_itself_reads_every_number(run, tmp_path):
    export_run(run, tmp_path / "out", "tensorboard")
    found = scalars(tmp_path / "out")
    assert {"episode/length", "episode/return", "evaluation/updates", "evaluation/mean_return"} == (
        found.keys() - run.signals.keys()
    )
    assert found["env/speed"][2] == (3, 1.0)
    assert len(found["env/speed"]) == 100
    assert [step for step, _ in found["critic/loss"]] == [61, 80, 100]
    assert math.isnan(found["critic/loss"][0][1])
    assert found["episode/return"] == [(step, -1.0) for step in (25, 50, 75, 100)]


@pytest.mark.carla
def test_a_run_writes_event_files_and_a_resumed_one_takes_back_what_it_repeats(tmp_path):
    wanted = config("budget.steps=60", "budget.checkpoint_every=20", "env.max_episode_steps=15")

    def stop_at_step_45(event):
        if getattr(event, "step", 0) == 45:
            raise RuntimeError("pulled the plug")

    with pytest.raises(RuntimeError, match="plug"):
        execute(wanted, tmp_path / "run", listener=stop_at_step_45, tensorboard=True)
    resume(tmp_path / "run", tensorboard=True)
    run, found = load_run(tmp_path / "run"), scalars(tmp_path / "run" / "tensorboard")
    assert found.keys() >= {"critic/loss", "episode/length", "evaluation/mean_return"}
    for name, signal in run.signals.items():
        assert [step for step, _ in found[name]] == signal.steps.tolist(), name
        shown = np.array([value for _, value in found[name]])
        np.testing.assert_allclose(shown, signal.values.astype(np.float32), err_msg=name)
    ends = run.episodes["end_step"].tolist()
    assert [step for step, _ in found["episode/length"]] == ends


@pytest.mark.parametrize("later", [-3600.0, 0.0, 3600.0])
def test_a_session_takes_back_what_it_repeats_whatever_the_clock_says(tmp_path, monkeypatch, later):
    began = time.time()
    for session, since in enumerate([1, 4, 6]):
        monkeypatch.setattr(time, "time", lambda: began + session * later)  # noqa: B023
        monkeypatch.setattr(os, "getpid", lambda: 1000 - session)  # noqa: B023
        board = Board(tmp_path / "board")
        if session:
            board.again_from(since - 1)
        for step in range(since, since + 5):
            board.scalar("loss", step, session)
        board.close()
    expected = [*((step, 0) for step in (1, 2, 3)), (4, 1), (5, 1)]
    assert scalars(tmp_path / "board")["loss"] == [*expected, *((s, 2) for s in range(6, 11))]


def test_csv(run, tmp_path):
    files = export_run(run, tmp_path / "out", "csv")
    assert [path.name for path in files] == ["signals.csv", "episodes.csv", "evaluations.csv"]
    signals = pd.read_csv(files[0])
    assert list(signals.columns) == ["signal", "unit", "step", "value"]
    assert len(signals) == 103
    speed = signals[signals["signal"] == "env/speed"]
    np.testing.assert_array_equal(speed["value"], run.signals["env/speed"].values)
    assert pd.read_csv(files[1])["end_reason"].tolist() == ["stuck"] * 4


def test_no_name_becomes_a_formula_in_a_spreadsheet(run, tmp_path):
    name = '=HYPERLINK("https://a.example")'
    signals = {name: replace(run.signals["env/speed"], name=name)}
    files = export_run(replace(run, signals=signals), tmp_path / "out", "csv")
    assert set(pd.read_csv(files[0])["signal"]) == {f"'{name}"}


def test_json_has_null_for_what_is_no_number(run, tmp_path):
    files = export_run(run, tmp_path / "out", "json")
    rows = json.loads(files[0].read_text(), parse_constant=lambda name: pytest.fail(name))
    assert [row["value"] for row in rows if row["signal"] == "critic/loss"] == [None, None, 0.25]
    episodes = json.loads(files[1].read_text())
    assert episodes[0]["success"] is None
    assert episodes[0]["length"] == 25


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is None, reason="pyarrow is not installed")
def test_parquet(run, tmp_path):
    files = export_run(run, tmp_path / "out", "parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(files[2]), run.evaluations)


@pytest.mark.skipif(importlib.util.find_spec("pyarrow") is not None, reason="pyarrow is installed")
def test_parquet_without_pyarrow_says_what_to_do(run, tmp_path):
    with pytest.raises(UsageError, match="pip install pyarrow"):
        export_run(run, tmp_path / "out", "parquet")


def test_nothing_is_overwritten(run, tmp_path):
    with pytest.raises(UsageError, match="not empty"):
        export_run(run, tmp_path / "run", "csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        export_run(run, tmp_path / "file", "csv")


def test_an_evaluation_without_a_step_is_said_to_be_left_out_of_an_event_file(tmp_path):
    (tmp_path / "results.json").write_text(
        '{"training_rewards": [1.0, 2.0], "eval_rewards": [3.0], "total_timesteps": 20}'
    )
    found = rca("export", str(tmp_path / "results.json"), str(tmp_path / "events"))
    assert found.returncode == 0, found.stderr
    assert "1 of 1 evaluations have no known step" in found.stderr
    found = rca("export", str(tmp_path / "results.json"), str(tmp_path / "csv"), "--format", "csv")
    assert found.returncode == 0
    assert "3.0" in (tmp_path / "csv" / "evaluations.csv").read_text()
