"""The terminal view of a run, and stopping a run by a check."""

import io
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from rca.config import AgentConfig, RunConfig, load_config
from rca.errors import UsageError
from rca.faults import find_fault
from rca.report.halting import Halt
from rca.report.watching import WIDTH, screen, sparkline
from rca.report.write import judged as load_and_judge
from rca.runs.execute import execute
from rca.runs.folder import RunWriter
from rca.runs.load import MAX_FILES, load_run
from rca.runs.record import Outcome
from tests.judged import hostile, judged
from tests.records import healthy
from tests.test_runs_remembering import STEP


def drawn(run) -> str:
    text = io.StringIO()
    Console(width=120, file=text).print(screen(run))
    return text.getvalue()


def test_a_sparkline_rises_with_its_values():
    line = sparkline(np.arange(1000.0))
    assert len(line) == WIDTH
    assert list(line) == sorted(line)
    assert (line[0], line[-1]) == ("▁", "█")


@pytest.mark.parametrize(
    ("values", "line"),
    [([], ""), ([math.nan, math.inf], ""), ([2.0, 2.0], "▄▄"), ([0.0, math.nan, 1.0], "▁ █")],
)
def test_a_sparkline_shows_nothing_that_was_not_measured(values, line):
    assert sparkline(np.array(values)) == line


def test_the_screen_lists_what_fired_worst_first():
    run = judged(healthy(), a="PASS", b="WARN", c="FAIL", d="VACUOUS")
    lines = drawn(run).splitlines()
    shown = [line.split()[:2] for line in lines if line.startswith(("FAIL", "WARN"))]
    assert [verdict for verdict, _ in shown] == ["FAIL", "WARN"]
    assert "30,000" in lines[0]
    assert any(line.startswith("episode return") and "█" in line for line in lines)


def test_hostile_names_steer_no_terminal():
    text = drawn(hostile())
    assert not [c for c in text if not c.isprintable() and c != "\n"]


def test_another_process_watches_a_run_that_goes_on(rca_here, tmp_path):
    writer = RunWriter.create(tmp_path / "run", RunConfig())
    for step in range(1, 51):
        writer.signal("env/speed", "m/s", step, step / 10)
        writer.count(step, 0, 0)
    writer.commit()
    command = [sys.executable, "-m", "rca", "watch", str(tmp_path / "run"), "--once"]
    seen = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    writer.finish(Outcome("finished", 50, 50, 0, 0))
    assert "running, 50 of 30,000 steps" in seen
    assert "env/speed" in seen
    ended = rca_here("watch", tmp_path / "run")
    assert ended.returncode == 0
    assert "finished, 50" in ended.stdout


QUICK = ["agent.learning_starts=30", "agent.critic_warmup=0", "agent.batch_size=8"]


@pytest.mark.carla
def test_a_failing_check_stops_the_run_and_the_folder_says_which(tmp_path):
    config = load_config("quick", [*QUICK, "budget.steps=400", "budget.eval_every=0"])
    halt = Halt(tmp_path / "run", ["wiring.*"], 400)
    outcome = execute(
        config,
        tmp_path / "run",
        listener=halt,
        halt=halt.should_stop,
        changes=[find_fault("target_frozen")],
    )
    run = load_run(tmp_path / "run")
    assert halt.check == "wiring.recomputed"
    assert outcome.status == run.outcome.status == "interrupted"
    assert 30 < (run.outcome.executed_steps or 0) < 400
    assert run.outcome.error.startswith(
        f"halted at step {outcome.executed_steps}: wiring.recomputed"
    )


@pytest.mark.carla
def test_a_healthy_run_is_not_stopped_while_it_warms_up(tmp_path):
    config = load_config("quick", [*QUICK, "budget.steps=80", "budget.eval_every=0"])
    halt = Halt(tmp_path / "run", ["config.*", "encoder.*", "wiring.*"], 80)
    outcome = execute(config, tmp_path / "run", listener=halt, halt=halt.should_stop)
    assert (outcome.status, halt.reason) == ("finished", "")


def test_an_unknown_check_is_refused_before_the_run(tmp_path):
    with pytest.raises(UsageError, match="matches no check"):
        Halt(tmp_path, ["no.such"], 100)


def test_other_files_in_the_folder_neither_end_the_run_nor_hide_it_however_many(tmp_path):
    halt = Halt(tmp_path / "run", ["config.random_share"], 400)
    look = replace(STEP, step=40)
    halt(look)  # nothing is there yet
    idle = RunConfig(agent=AgentConfig(learning_starts=30_000))
    writer = RunWriter.create(tmp_path / "run", idle)
    for number in range(MAX_FILES + 1):
        (tmp_path / "run" / f"{number}.png").touch()
    halt(look)
    writer.finish(Outcome("interrupted", 40, 30_000, 0, 0))
    assert halt.reason.startswith("halted at step 40: config.random_share")


def test_a_crashed_run_says_why(tmp_path):
    writer = RunWriter.create(tmp_path / "run", RunConfig())
    writer.finish(Outcome("crashed", 0, 50, 0, 0, "OSError: no\x1b space"))
    state = load_and_judge(tmp_path / "run")
    assert "OSError: no\\x1b space" in drawn(state)
