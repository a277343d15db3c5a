"""Scores against tables worked out by hand."""

import json
import math
import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from typing import get_args

import numpy as np
import pandas as pd
import pytest
import torch

from rca.bench.answers import answered
from rca.bench.case import Case
from rca.bench.healthy import PLAIN, further
from rca.bench.lists import MISSES
from rca.bench.report import write_benchmark
from rca.bench.run import FaultSet, described, planned, random_trials, spent
from rca.bench.score import (
    always,
    at_random,
    calibration_curve,
    calibration_error,
    intervals,
    most_frequent,
    score,
    watched,
)
from rca.config import load_config
from rca.errors import EvidenceError, UsageError
from rca.faults import load_faults
from rca.runs.load import load_run
from rca.runs.manifest import describe, this_code, write_json
from rca.study.trials import Trial, TrialResult
from rca.yaml_file import read_yaml
from tests.test_cli import RCA, rca, refused

CASES = [
    Case("a-1", "a", ("x",), (("x", 0.9), ("y", 0.6))),  # first
    Case("b-1", "b", ("z", "w"), (("x", 0.8), ("y", 0.5), ("w", 0.2))),  # third
    Case("c-1", "c", ("y",), (("x", 0.3),)),  # not named, and nothing accused
    Case("h-1", "", (), (("x", 0.7),)),  # false alarm
    Case("h-2", "", (), ()),
    Case("broken", "a", ("x",), (), error="no server"),
]


def test_scores_of_five_runs():
    found = score(CASES)
    assert found.top_1 == pytest.approx(1 / 3)
    assert found.top_3 == pytest.approx(2 / 3)
    assert found.precision == pytest.approx(1 / 3)  # accused: a, b, h-1
    assert found.precision_of_all == pytest.approx(1 / 5)  # x; y, x, y, x are wrong
    assert found.precision_unexcused == pytest.approx(1 / 5)  # nothing is said to follow
    assert found.accused_rightly == pytest.approx(1 / 3)
    assert found.top_1_strict == pytest.approx(1 / 3)
    assert found.false_alarms == pytest.approx(1 / 2)
    first = [0.1, 0.8, 0.3, 0.7]  # each in a bin of its own: |stated - right|
    assert found.calibration_error_first == pytest.approx(np.mean(first))
    squares = [0.1**2, 0.6**2, 0.8**2, 0.5**2, 0.8**2, 0.3**2, 0.7**2]
    assert found.brier == pytest.approx(np.mean(squares))


def test_a_watched_trainer_is_scored_by_its_own_ranking(tmp_path):
    seen = [
        replace(CASES[0], watched=(("y", 0.9), ("x", 0.8))),
        replace(CASES[1], watched=(("w", 0.2),)),
        replace(CASES[3], watched=(("z", 0.4),)),
    ]
    assert [case.rank for case in watched(seen)] == [2, 1, None]
    page = write_benchmark(seen, tmp_path, "rca bench").read_text()
    assert "| is in code | 2 | 2 | 50% | 100% | 50% | 50% |" in page
    assert "0 of 1 healthy runs are accused then" in page


def test_skill_counts_every_cause_of_every_run_also_one_that_is_not_named():
    cases = [Case("a-1", "a", ("x", "y"), (("y", 0.9), ("z", 0.5))), Case("h-1", "", (), ())]
    # x is not named, y is another right answer, z is wrong; the share of x is a half of two runs
    assert score(cases).brier_skill == pytest.approx(1 - (1 + 0.5**2) / (2 * 0.5 * 0.5))
    sure = [replace(cases[0], ranking=(("x", 1.0),)), cases[1]]
    assert score(sure).brier_skill == 1
    assert score([replace(cases[0], ranking=()), cases[1]]).brier_skill == -1


def test_what_is_said_to_follow_is_no_accusation_of_its_own():
    case = Case("a-1", "a", ("x",), (("x", 0.9), ("y", 0.8), ("z", 0.7)), follows=("y",))
    assert case.accused == ["x", "z"]
    assert score([case]).precision_of_all == 0.5
    assert score([case]).precision_unexcused == pytest.approx(1 / 3)
    wrong = replace(case, truth=("w",))
    assert wrong.accused == ["x", "y", "z"]  # it follows from what is wrong itself
    assert replace(case, fault="", truth=()).accused == ["x", "y", "z"]


def test_of_several_right_answers_the_first_is_the_strict_one():
    case = Case("a-1", "a", ("x", "y"), (("y", 0.9),))
    assert (score([case]).top_1, score([case]).top_1_strict) == (1, 0)
    assert score([replace(case, ranking=())]).top_1_strict == 0


def test_who_is_as_sure_as_right_is_calibrated():
    assert calibration_error(np.array([0.5, 0.5]), np.array([1.0, 0.0])) == 0
    assert calibration_error(np.array([1.0, 0.0]), np.array([0.0, 0.0])) == pytest.approx(0.5)
    assert math.isnan(calibration_error(np.array([]), np.array([])))


def test_nothing_to_score_is_not_zero():
    found = score([])
    assert all(math.isnan(value) for value in vars(found).values())


def test_baselines_say_the_same_of_every_run():
    assert most_frequent(CASES) == ["x", "w", "y", "z"]
    assert score(always(CASES, ["y"])).top_1 == pytest.approx(1 / 3)
    assert score(always(CASES, ["y"])).false_alarms == 1
    one = at_random([CASES[0]], ["x", "y", "z", "w"], np.random.default_rng(0), draws=4000)
    assert one["top_1"] == pytest.approx(1 / 4, abs=0.03)
    assert one["top_3"] == pytest.approx(3 / 4, abs=0.03)


def test_a_delay_counts_the_runs_in_which_nothing_is_seen(tmp_path):
    cases = [replace(CASES[0], name=f"a-{n}", delay=d) for n, d in enumerate((5, 7, math.nan))]
    page = write_benchmark(cases, tmp_path, "rca bench").read_text()
    assert "of 3 runs a quarter within 5, half within 7; 1 are not accused of it at" in page


def test_the_interval_holds_the_score_and_follows_the_generator():
    low, high = intervals(CASES * 5, np.random.default_rng(1))["top_1"]
    assert low < 1 / 3 < high
    assert (low, high) == intervals(CASES * 5, np.random.default_rng(1))["top_1"]


def test_the_interval_counts_seeds_and_what_they_have_in_common():
    """All seeds of a fault right or wrong leave more doubt than as many faults of one seed."""

    def said(fault, seed, right):
        return Case(f"{fault}-{seed}", fault, ("x",), (("x" if right else "y", 0.9),), seed=seed)

    def width(cases):
        low, high = intervals(cases, np.random.default_rng(0))["top_1"]
        return high - low

    alike = [said(f"f{n}", seed, n % 2) for n in range(10) for seed in range(3)]
    apart = [said(f"f{n}", 0, n % 2) for n in range(30)]
    assert width(alike) > 1.4 * width(apart)


def test_every_fault_and_healthy_configuration_is_planned():
    trials = planned([1, 2], wanted="all")
    assert len({trial.name for trial in trials}) == len(trials)
    healthy = [trial for trial in trials if not trial.faults]
    assert len(healthy) >= 2 * 8
    assert {trial.faults[0] for trial in trials if trial.faults} == set(load_faults())
    seeds = {trial.config.budget.seed for trial in trials}
    assert seeds == {1, 2, *further(1), *further(2)}
    plain = {trial.name for trial in trials if trial.name.startswith(PLAIN)}
    assert plain == {f"{PLAIN}-{seed}" for seed in seeds}
    names = ["healthy_plain-3", *(f"healthy_plain-{seed}" for seed in further(3))]
    assert [trial.name for trial in planned([3], "healthy_pl*")] == names
    assert len({trial.name for trial in planned([1, further(1)[0]])}) == len(
        planned([1, further(1)[0]])
    )
    assert [trial.faults for trial in planned([3], "one_route")] == [("one_route",)]
    with pytest.raises(UsageError, match="no fault"):
        planned([1], "nonsense")


def test_the_sets_of_faults_are_all_of_them_and_share_none_but_healthy_runs():
    standard, spent, every = (
        {trial.name for trial in planned([1], wanted=one)} for one in get_args(FaultSet)
    )
    assert standard | spent == every
    assert all(name.startswith("healthy_") for name in standard & spent)
    blind = {f"{name}-1" for name, fault in load_faults().items() if fault.blind}
    assert {name for name in spent if not name.startswith("healthy_")} <= blind
    assert len(standard) - len(standard & spent) >= 40


def test_a_run_is_described_as_it_was_made_not_as_it_would_be_now(tmp_path):
    (trial,) = planned([3], "reward_sign", 700)
    result = TrialResult(trial, tmp_path / trial.name)
    told = "A run is preset quick for 700 steps: map oval, 2 grey frames of 36x36, batches of 32"
    assert described([result]).startswith(told)
    (then,) = planned([3], "reward_sign", 900)
    (tmp_path / f"{trial.name}.yaml").write_text(then.config.to_yaml())
    assert described([result]).startswith(told.replace("700", "900"))


def test_random_actions_are_measured_in_each_world_of_a_healthy_run():
    names = {trial.name for trial in random_trials([4])}
    assert {"random-4", "random_town-4", "random_traffic-4"} <= names
    town = next(trial for trial in random_trials([4]) if trial.name == "random_town-4")
    assert town.config.env.map == "town"
    assert town.config.agent.learning_starts == town.config.budget.steps


def test_the_page_names_what_broke_and_lists_the_worst_first(tmp_path):
    page = write_benchmark(CASES, tmp_path, "rca bench").read_text()
    assert "Not run or not readable: broken" in page
    rows = [line for line in page.splitlines() if line.startswith(("| a-1", "| b-1", "| c-1"))]
    assert [row[2] for row in rows] == ["c", "b", "a"]
    assert "| h-2 | nothing | - | (nothing) | - | - |" in page
    assert "NaN" not in (tmp_path / "cases.json").read_text()


def test_the_curve_has_a_point_per_bin():
    found = calibration_curve([Case("a-1", "a", ("x",), (("x", 0.91), ("y", 0.97), ("z", 0.05)))])
    assert found[0] == pytest.approx((0.05, 0.0, 1))
    assert found[1] == pytest.approx((0.94, 0.5, 2))
    assert len(found) == 2


def test_seeds_of_calibration_are_scored_apart(tmp_path):
    cases = [replace(CASES[0], seed=1), replace(CASES[2], seed=2), replace(CASES[3], seed=2)]
    page = write_benchmark(cases, tmp_path, "rca bench", calibrated=[1]).read_text()
    scores, _, looked_at = page.partition("## The seeds on which it was calibrated")
    assert "Scored seeds 2: 2 runs." in scores
    cases += [Case(f"{PLAIN}-{n}", "", (), (), seed=n) for n in (further(1)[0], further(2)[0])]
    page = write_benchmark(cases, tmp_path, "rca bench", calibrated=[1]).read_text()
    assert page.count(f": 3 runs, 1 of them further ones of {PLAIN}.") == 1
    assert page.count(f": 2 runs, 1 of them further ones of {PLAIN}.") == 1
    assert "| top_1 | 0.0% |" in scores  # beside an aim that it misses
    assert "| top_1 | 100% |" in looked_at
    assert (tmp_path / "calibration.png").stat().st_size > 5_000


@pytest.mark.timeout(900)  # six trainings, on slow cores beside two other workers
def test_the_smoke_set_names_what_was_planted_accuses_no_healthy_run_and_is_exported(
    tmp_path, rca_here
):
    runs = tmp_path / "runs"
    done = rca("bench", "--smoke", "--runs", runs, "--out", tmp_path / "page", limit=400)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^6/6 \w+-1: finished\ndiagnosing 6 runs$", done.stderr, re.MULTILINE)
    cases = json.loads((tmp_path / "page" / "cases.json").read_text())
    named = {c["name"]: c["ranking"][0][0] in c["truth"] for c in cases if c["fault"]}
    assert len(named) == 5
    assert all(named.values()), named
    (well,) = [case for case in cases if not case["fault"]]
    assert not any(p >= 0.5 for _, p in well["ranking"])

    words = ["bench", "--smoke", "--runs", runs, "--export", tmp_path / "data"]
    assert rca_here(*words).returncode == 0
    truth = pd.read_csv(tmp_path / "data" / "truth.csv", keep_default_na=False)
    assert len(truth) == 6
    (healthy,) = truth.loc[truth["fault"] == "", "run"]
    exported = tmp_path / "data" / "runs"
    assert load_run(exported / healthy).outcome.executed_steps == 450
    seen = b"".join(path.read_bytes() for path in exported.rglob("*") if path.is_file())
    assert not [fault for fault in truth["fault"] if fault and fault.encode() in seen]
    assert not [path for path in exported.rglob("*") if "healthy" in path.name]
    assert {*truth["causes"].str.split().explode().dropna()} <= {
        *pd.read_csv(tmp_path / "data" / "causes.csv")["cause"]
    }
    made = [json.loads(path.read_text()) for path in exported.glob("*/manifest.json")]
    telling = {"started", "ended", "pid", "machine", "command", "changes", "git", "weights_digest"}
    assert not [one.keys() & telling for one in made if one.keys() & telling]
    times = [path.stat().st_mtime for path in sorted(exported.glob("*/run.sqlite"))]
    assert times == sorted(times)  # of copying, not of the runs
    refused(rca_here(*words), 2, "--export", "holds something")
    elsewhere = ["bench", "--smoke", "--runs", tmp_path / "no", "--export", tmp_path / "new"]
    refused(rca_here(*elsewhere), 2, "no finished run")
    assert not (tmp_path / "new").exists()
    kept = ["reward_sign-1", "healthy_plain-1"]
    for name in kept:
        shutil.copytree(runs / name, tmp_path / "few" / name)
    again = ["--as-is", "--runs", tmp_path / "few", "--out", tmp_path / "again"]
    assert rca_here("bench", "--smoke", *again).returncode == 0
    found = json.loads((tmp_path / "again" / "cases.json").read_text())
    assert found == [case for case in cases if case["name"] in kept]
    assert "<table>" in (tmp_path / "again" / "report.html").read_text()


def test_a_benchmark_that_is_interrupted_says_what_is_kept(tmp_path):
    words = ["bench", "--smoke", "--runs", tmp_path / "runs", "--out", tmp_path / "page"]
    process = subprocess.Popen(
        [*RCA, *map(str, words)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # jobs may ignore it
    )
    deadline = time.monotonic() + 240
    while not [*tmp_path.glob("runs/*/run.sqlite")] and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal's Ctrl-C: its trials hear it too
    _, said = process.communicate(timeout=240)
    assert process.returncode == 130, said
    assert f"rca: stopped; no finished run in {tmp_path / 'runs'}; the same command" in said
    assert "Traceback" not in said
    assert not (tmp_path / "page" / "cases.json").exists()


def test_another_tools_answers_are_scored_as_ours_are(tmp_path, rca_here):
    truth, answers = tmp_path / "truth.csv", tmp_path / "answers.csv"
    truth.write_text(
        "run,seed,fault,causes,group\n"
        "run-001,1,encoders_swapped,actor_critic_feature_mixup,encoders_swapped\n"
        "run-002,1,discount_one,discount_wrong critic_diverged,discount_one\n"
        "run-003,1,,,healthy_plain\n"
        "run-004,1,reward_sign,reward_wrong,reward_sign\n"
    )
    answers.write_text(
        "run,cause,probability\n"
        "run-001,actor_critic_feature_mixup,0.9\n"
        "run-002,units_dead,0.3\n"
        "run-002,critic_diverged,0.4\n"
        "run-003,units_dead,0.8\n"
    )
    found = score(answered(answers, truth))
    assert found.top_1 == pytest.approx(2 / 3)
    assert found.accused_rightly == pytest.approx(1 / 3)
    assert found.precision == 0.5
    assert found.false_alarms == 1.0
    done = rca_here("bench", "--score", answers, "--truth", truth)
    assert done.returncode == 0
    assert "67%" in done.stdout
    assert f"scored by rca of {this_code()}" in done.stdout
    refused(rca_here("bench", "--score", answers), 2, "--truth")
    for bad, words in (
        ("run,cause,probability\nrun-009,units_dead,1\n", "run-009"),
        ("run,cause,probability\nrun-001,units_dead,7\n", "a probability is 0 to 1"),
        ("run,cause,probability\nrun-001,units_dead,nan\n", "a probability is 0 to 1"),
        ("run,cause\nrun-001,units_dead\n", "probability"),
        ("run,cause,probability\nrun-001,unit_dead,1\n", "did you mean units_dead?"),
        ("run,cause,probability" + "\nrun-001,units_dead,1" * 2, "twice"),
    ):
        answers.write_text(bad)
        with pytest.raises(EvidenceError, match=re.escape(words)):
            answered(answers, truth)
    refused(rca_here("bench", "--score", answers, "--truth", truth), 3, words)
    truth.write_text("run,seed,fault,causes,group\nrun-001,one,,,x\n")
    answers.write_text("run,cause,probability\n")
    with pytest.raises(EvidenceError, match="a seed is a whole number"):
        answered(answers, truth)
    with pytest.raises(EvidenceError, match=r"none\.csv"):
        answered(tmp_path / "none.csv", truth)


def test_a_missed_aim_is_called_so_however_near_it_is(tmp_path):
    right, wrong = (("x", 0.9),), (("y", 0.9),)
    cases = [Case(f"a-{n}", "a", ("x",), wrong if n < 6 else right) for n in range(117)]
    page = write_benchmark(cases, tmp_path, "rca bench").read_text()
    assert re.search(r"\| top_3 \| 94\.9% \| .* \| ≥95%, missed \|", page)
    assert re.search(r"\| top_1 \| 95% \| .* \| ≥80% \|", page)


def test_each_missed_fault_has_its_paragraph_and_only_known_faults_have_one(tmp_path):
    assert set(read_yaml(MISSES)) <= set(load_faults())
    page = write_benchmark(CASES, tmp_path, "rca bench").read_text()
    assert "**b**, missed in 1 of 1. Nobody has looked into it yet." in page
    assert "**a**, missed" not in page


def test_faults_that_nobody_had_in_mind_are_told_apart(tmp_path):
    cases = [CASES[0], replace(CASES[1], unseen=True), CASES[4]]
    page = write_benchmark(cases, tmp_path, "rca bench").read_text()
    said = "**The planted fault is named first in 100% of the runs where the authors of the checks "
    assert f"{said}knew it, in 0% where they did not; 0 of 1 healthy runs are accused.**" in page
    assert "| was known to who wrote the checks | 1 | 1 | 100% | 100% | 100% |" in page
    assert "| was written by who had not read the checks | 1 | 1 | 0% | 100% | 0% |" in page
    assert "0 of them in every run, of which the exact 95% interval is 0% to 98%" in page


def test_few_healthy_runs_leave_doubt(tmp_path):
    cases = [Case(f"h-{n}", "", (), (), seed=n) for n in range(8)]
    page = write_benchmark(cases, tmp_path, "rca bench").read_text()
    assert "0 of 8 healthy runs are accused" in page
    assert "| false_alarms | 0% | 0% to 37% |" in page  # 1 - 0.025 ** (1 / 8)


def test_the_page_says_how_far_healthy_runs_come_and_which_named_checks_are_silent(tmp_path):
    sound = Case("healthy_x-1", "", (), (), outcome=81.0, start=10.0, warm_up=40.0)
    cases = [sound, replace(sound, name="healthy_x-2", outcome=82.0)]
    cases += [Case("healthy_town-1", "", (), (), outcome=4.0, start=10.0)]
    cases += [Case("healthy_country-1", "", (), (), outcome=4.0, start=10.0)]
    cases += [replace(CASES[0], silent=("some.check",)), replace(CASES[0], name="a-2")]
    cases += [replace(CASES[0], name="a-3", fault="a", outcome=99.0, start=0.0)]
    page = write_benchmark(
        cases,
        tmp_path,
        "rca bench",
        told=["It took long."],
        random={"healthy_plain": 81.5, "healthy_town": 3.0},
    )
    text = page.read_text()
    assert "| healthy_x | 82 | 40 | 10 | 82 | 1 of 2 |" in text
    assert "; of the 1 of them that learn (below) 0 are." in text
    assert "| healthy_town | 3 | - | 10 | 4 | 0 of 1 |" in text
    assert "| healthy_country | - | - | 10 | 4 | - |" in text
    assert "By the same rule 1 of 1 runs with a fault learn too, of 1 faults in every seed" in text
    assert "- a: some.check is silent in 1 of 3" in text
    assert "It took long." in text
    unmeasured = write_benchmark(cases[:2], tmp_path, "rca bench").read_text()
    assert "| healthy_x | - | 40 | 10 | 82 | - |" in unmeasured
    assert "that learn (below)" not in unmeasured


def test_time_is_the_sum_of_the_runs_own_whenever_they_were_made(tmp_path):
    config = load_config("quick")
    results = []
    for name, seconds in (("a-1", 120), ("b-1", 60)):
        folder = tmp_path / name
        folder.mkdir()
        (tmp_path / f"{name}.yaml").touch()
        began = (tmp_path / f"{name}.yaml").stat().st_mtime
        (folder / "results.json").touch()
        os.utime(folder / "results.json", (began + seconds, began + seconds))
        results.append(TrialResult(Trial(name, config), folder))
    said = spent(results)
    assert said.startswith("2 of 2 runs took 3 minutes by the clock, each on one core beside")
    assert "whatever else ran: 2 on two. Made with unknown" in said
    write_json(results[0].folder / "manifest.json", describe(config))
    assert f"torch {torch.__version__}" in spent(results)


def test_a_case_says_what_is_accused_wrongly_and_where_a_fault_shows(tmp_path):
    cases = [replace(CASES[0], in_settings=True), CASES[1], *CASES[3:5]]
    page = write_benchmark(cases, tmp_path, "rca bench").read_text()
    assert "| x | 2 | b (1), h (1) |" in page
    assert "| y | 2 | a (1), b (1) |" in page
    assert "| is a setting, and recorded as one | 1 | 1 | 100% | 100% | 100% |" in page
    assert "| is in code | 1 | 1 | 0% | 100% | 0% |" in page
    assert "**b**, missed in 1 of 1. Nobody has looked into it yet. Named instead: x (80%)." in page


def test_runs_with_the_same_last_weights_are_named_together(tmp_path):
    cases = [
        Case(f"{name}-{seed}", name, ("x",), (), seed=seed, weights=weights)
        for name, digests in {"a": "pq", "b": "pq", "c": "pr"}.items()
        for seed, weights in enumerate(digests)
    ]
    page = write_benchmark(cases, tmp_path, "rca bench").read_text()
    assert "- a, b\n" in page.partition("## Runs that learn the same")[2]
