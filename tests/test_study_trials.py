"""Trials are ordinary runs; a broken one costs itself alone; finished ones are not run again."""

import json
import math

import pytest

from rca.cli.app import coming_in
from rca.config import load_config
from rca.runs.load import load_run
from rca.runs.manifest import code_of, describe
from rca.study.engines.local import run_here
from rca.study.trials import (
    Trial,
    TrialResult,
    alone_in,
    is_finished,
    lasted,
    made_by_others,
    run_trial,
    standing_in,
)

SETTINGS = [
    *("budget.steps=30", "budget.eval_episodes=1"),
    *("agent.learning_starts=10", "agent.critic_warmup=0"),
]


def test_trials_come_back_in_order_broken_ones_too_and_are_kept(tmp_path):
    config = load_config("quick", SETTINGS)
    trials = [
        Trial("broken", config, ("no_such_fault",)),
        Trial("planted", config, ("target_frozen",)),
    ]
    first = run_here(trials, tmp_path)
    assert [result.trial.name for result in first] == ["broken", "planted"]
    assert "no_such_fault" in first[0].error
    assert first[1].error == ""
    assert load_run(first[1].folder).outcome.executed_steps == 30

    written = (tmp_path / "planted" / "results.json").stat().st_mtime_ns
    told: list[TrialResult] = []
    run_here(trials[1:], tmp_path, on_result=told.append)
    assert (tmp_path / "planted" / "results.json").stat().st_mtime_ns == written
    assert [result.error for result in told] == [""]


def test_a_trial_with_other_settings_is_run_anew_and_the_old_one_kept(tmp_path):
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / "manifest.json").write_text('{"status": "finished", "changes": []}')
    (tmp_path / "one.yaml").write_text("agent: {tau: 0.5}")
    config = load_config("quick", [*SETTINGS, "budget.steps=12"])
    (result,) = run_here([Trial("one", config)], tmp_path)
    assert result.error == ""
    assert load_run(folder).outcome.executed_steps == 12
    assert (tmp_path / "one.before0" / "manifest.json").is_file()


def test_finished_runs_that_other_code_made_are_told_of_before_more_come(tmp_path, capsys):
    here = describe(None) | {"status": "finished"}
    older = here | {"git": {"commit": "0123456789abcdef", "dirty": True}}
    installed = here | {"git": {"commit": None, "dirty": None}, "versions": {"td3-rca": "0.0.1"}}
    silent = {"status": "finished", "git": "?", "versions": {"td3-rca": [1]}}
    hostile = here | {"git": {"commit": "\x1b[2Jaaaa", "dirty": False}}
    under_way = older | {"status": "running"}
    for number, manifest in enumerate([here, older, older, installed, silent, hostile, under_way]):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "manifest.json").write_text(json.dumps(manifest))
    assert made_by_others(tmp_path) == {
        "012345678 with changes": 2,
        "version 0.0.1": 1,
        "\x1b[2Jaaaa": 1,
    }
    with coming_in("study", 2, tmp_path):
        said = capsys.readouterr().err.splitlines()
    assert said == [
        f"rca: {runs} in {tmp_path} by rca of {maker}, not by this code; with the same settings "
        "and faults they are not made anew"
        for runs, maker in (
            ("2 finished runs", "012345678 with changes"),
            ("1 finished run", "version 0.0.1"),
            ("1 finished run", r"\x1b[2Jaaaa"),
        )
    ]


@pytest.mark.parametrize(
    ("code", "stands"),
    [
        (code_of(["target_frozen"]), True),
        ({"target_frozen": "0" * 12}, False),  # its code was another one
        (None, True),  # of an earlier version
    ],
)
def test_a_finished_trial_stands_as_long_as_the_code_of_its_fault_does(tmp_path, code, stands):
    trial = Trial("one", load_config("quick", SETTINGS), ("target_frozen",))
    (tmp_path / "one").mkdir()
    made = {"status": "finished", "changes": ["target_frozen"], "code_of_changes": code}
    (tmp_path / "one" / "manifest.json").write_text(json.dumps(made))
    (tmp_path / "one.yaml").write_text(trial.config.to_yaml())
    assert is_finished(trial, tmp_path / "one") == stands
    assert (trial.key in standing_in([trial], tmp_path)) == stands


@pytest.mark.parametrize(("faults", "goes_on"), [((), True), (("simulator_hangs",), False)])
def test_a_stopped_trial_goes_on_unless_a_fault_counts_its_steps(faults, goes_on, tmp_path):
    trial = Trial("one", load_config("quick", SETTINGS), faults)
    (tmp_path / "one" / "checkpoints").mkdir(parents=True)
    (tmp_path / "one" / "checkpoints" / "step-20.pt").touch()
    made = {"status": "interrupted", "changes": [*faults], "code_of_changes": code_of(faults)}
    (tmp_path / "one" / "manifest.json").write_text(json.dumps(made))
    (tmp_path / "one.yaml").write_text(trial.config.to_yaml())
    asked: list[str] = []

    def run(words, log, patience):
        asked.extend(words)
        return 0

    run_trial(trial, tmp_path, run)
    assert ("--resume" in asked) == goes_on
    assert (tmp_path / "one.before0").is_dir() != goes_on


def test_the_time_of_a_trial_that_was_gone_on_with_is_not_known(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one.yaml").write_text("")
    (tmp_path / "one" / "results.json").write_text("{}")
    manifest = tmp_path / "one" / "manifest.json"
    manifest.write_text("{}")
    assert lasted(tmp_path / "one") >= 0
    manifest.write_text('{"resumed": [{"at": "2026-01-01T00:00:00+00:00"}]}')
    assert math.isnan(lasted(tmp_path / "one"))


def test_a_benchmark_and_a_study_do_not_share_a_folder_at_one_time(rca_here, tmp_path):
    with alone_in(tmp_path):
        found = rca_here(
            "bench", "--smoke", "--runs", str(tmp_path), "--out", str(tmp_path / "page")
        )
    assert found.returncode == 2
    assert "another study or benchmark runs there" in found.stderr
