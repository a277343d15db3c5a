"""`rca study` from the command line to the page, with real runs; and its engines."""

import json
import math
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from dataclasses import replace

import numpy as np
import pandas as pd
import psutil
import pytest

from rca.cli import main
from rca.errors import UsageError
from rca.runs.load import load_run
from rca.study.design import label
from rca.study.engines.local import local
from rca.study.engines.ray import SLOT
from rca.study.engines.ray import ray as on_ray
from rca.study.factors import differing, parse_end
from rca.study.plan import Asked, planned
from rca.study.report import write_study
from rca.study.search import Searched
from rca.study.study import MEASURES, Study, analysed, nothing_to_explain, table_of
from rca.study.trials import TrialResult
from tests.test_cli import rca

TINY = [
    "agent.learning_starts=20",
    "agent.critic_warmup=0",
    "budget.steps=40",
    "budget.eval_every=40",
    "budget.eval_episodes=1",
    "env.max_episode_steps=10",
]


def tiny_study(seeds=(1,)):
    before, after = parse_end("quick+target_frozen", TINY), parse_end("quick", TINY)
    factors = tuple(differing(before, after))
    return Study("tiny", before, factors, (frozenset(), frozenset({"target_frozen"})), seeds)


def test_a_study_from_the_command_line_to_the_page_and_again_without_running(rca_here, tmp_path):
    words = ["study", "quick+target_frozen", "quick", "--seed", "1"]
    words += [word for setting in TINY for word in ("--set", setting)]
    words += ["--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "report")]
    first = rca(*words)
    assert first.returncode == 0, first.stderr
    assert "2/2" in first.stderr
    assert first.stdout.rstrip().endswith("README.md")
    page = (tmp_path / "report" / "README.md").read_text()
    assert "target_frozen" in page
    outcomes = pd.read_csv(tmp_path / "report" / "outcomes.csv")
    assert sorted(outcomes["label"]) == ["all", "none"]
    assert outcomes["distance"].notna().all()
    assert load_run(tmp_path / "runs" / "none-s1").outcome.executed_steps == 40
    manifest = json.loads((tmp_path / "runs" / "none-s1" / "manifest.json").read_text())
    assert manifest["changes"] == ["target_frozen"]
    stamp = (tmp_path / "runs" / "all-s1" / "results.json").stat().st_mtime_ns
    again = rca_here(*words)
    assert again.returncode == 0
    assert (tmp_path / "runs" / "all-s1" / "results.json").stat().st_mtime_ns == stamp
    assert (tmp_path / "report" / "outcomes.csv").read_text() == outcomes.to_csv(index=False)


@pytest.mark.timeout(900)  # three trainings, on slow cores beside two other workers
def test_a_killed_study_loses_no_finished_run_and_leaves_no_process(rca_here, tmp_path):
    words = ["study", "quick+target_frozen", "quick", "--seed", "1"]
    words += [word for setting in TINY for word in ("--set", setting)]
    words += ["--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "report")]
    words += ["--workers", "1"]
    process = subprocess.Popen([sys.executable, "-m", "rca", *words], stderr=subprocess.PIPE)
    try:
        deadline = time.monotonic() + 400
        while not (finished := list((tmp_path / "runs").glob("*/results.json"))):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        family = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.kill()  # as the system does when memory is short: no word, no clean-up
        process.communicate()
    assert family
    assert not psutil.wait_procs(family, timeout=30)[1]
    written = {path: path.stat().st_mtime_ns for path in finished}
    again = rca_here(*words)
    assert again.returncode == 0, again.stderr
    assert {path: path.stat().st_mtime_ns for path in finished} == written
    assert len(pd.read_csv(tmp_path / "report" / "outcomes.csv")["distance"].dropna()) == 2


@pytest.mark.timeout(600)
def test_ctrl_c_ends_a_study_whose_trial_saves_and_leaves_no_process(tmp_path):
    words = ["study", "quick+target_frozen", "quick", "--seed", "1", "--workers", "1"]
    words += [
        word
        for setting in (*TINY, "budget.steps=100000", "budget.eval_every=0")
        for word in ("--set", setting)
    ]
    words += ["--runs", str(tmp_path / "runs"), "--out", str(tmp_path / "report")]
    process = subprocess.Popen(
        [sys.executable, "-m", "rca", *words],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a terminal sends it to the whole group
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # jobs may ignore it
    )
    try:
        deadline = time.monotonic() + 300
        while not steps_taken(tmp_path / "runs"):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        family = psutil.Process(process.pid).children(recursive=True)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 130, errors
    assert not psutil.wait_procs(family, timeout=30)[1]
    (saved,) = (tmp_path / "runs").glob("*/checkpoints/step-*.pt")
    assert load_run(saved.parents[1]).outcome.status == "interrupted"


def steps_taken(runs):
    for path in runs.glob("*/run.sqlite"):
        with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path)) as database:
            return database.execute("SELECT max(step) FROM value").fetchone()[0]
    return None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["quick"], "give both ends, or one of augmentation, seed"),
        (["seed", "--set", "agent.tau=1"], "only its seeds can be chosen"),
        (["seed", "--design", "full"], "only its seeds can be chosen"),
        (["quick", "quick"], "do not differ"),
        (["quick", "fixed", "--design", "best"], "choose one-at-a-time"),
        (["quick", "fixed", "--engine", "slurm"], "choose local or ray"),
        (["quick", "fixed", "--address", "x:1"], "it is for --engine ray"),
        (["quick", "fixed", "--gpus", "0.5"], "it is for --engine ray"),
        (["quick", "fixed", "--group", "lr"], "write it as lr="),
        (["quick", "fixed", "--group", "a/b=agent.actor_lr"], "write it as lr="),
        (["quick", "fixed", "--budget", "soon"], "write it as 90s, 30m or 2h"),
    ],
)
def test_what_cannot_be_done_is_one_line(words, message, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["rca", "study", *words, "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as ended:
        main()
    errors = capsys.readouterr().err
    assert ended.value.code == 2
    assert message in errors
    assert errors.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_the_seeds_study_sets_every_issue_against_every_defect(tmp_path):
    made = planned(Asked("seed", None, (), None, (), ()), tmp_path, local(2), workers=2)
    study = made.study
    assert made.notes == ()
    assert len(study.contexts) == 7
    assert all(frozenset(start) in set(study.arms) for start in study.contexts.values())
    trials = study.trials()
    assert len({trial.name for trial in trials}) == len(trials)
    rates = {t.config.agent.critic_encoder_lr for t in trials}
    assert rates == {1e-4, 3e-4}
    assert {fault for t in trials for fault in t.faults} >= {"encoders_swapped", "random_brakes"}
    assert not any(len(t.faults) > 1 for t in trials)


def test_a_budget_keeps_the_phases_of_a_run_and_shrinks_pictures_before_runs(tmp_path):
    ran = []

    def measured(trials, root, on_result):
        """Leaves the files by whose times a run's length is told: 1 s a step at 48, 0.1 at 36."""
        root.mkdir(parents=True, exist_ok=True)
        for trial in trials:
            ran.append(trial.config)
            (root / trial.name).mkdir()
            (root / f"{trial.name}.yaml").touch()
            (root / trial.name / "results.json").touch()
            took = trial.config.budget.steps * (1.0 if trial.config.env.image_size == 48 else 0.1)
            os.utime(root / f"{trial.name}.yaml", (0, 0))
            os.utime(root / trial.name / "results.json", (took, took))
        return [TrialResult(trial, root / trial.name) for trial in trials]

    settings = (
        "env.image_size=48",
        "budget.steps=2000",
        "budget.eval_from=1600",
        "agent.learning_starts=1000",
    )
    asked = Asked("quick+target_frozen", "quick", (), None, settings, (), None, "30m")
    made = planned(asked, tmp_path, measured, 2)
    config = made.study.before.config
    assert {c.agent.learning_starts / c.budget.steps for c in ran} == {0.5}
    assert (config.env.image_size, config.budget.steps) == (36, 2000)
    assert config.agent.learning_starts == 1000
    assert any("pictures of 36x36 instead of 48x48" in note for note in made.notes)
    shorter = planned(replace(asked, budget="9m"), tmp_path / "again", measured, 2)
    assert shorter.study.before.config.budget.steps == 1000
    assert shorter.study.before.config.agent.learning_starts == 500
    assert shorter.study.before.config.budget.eval_from == 800
    with pytest.raises(UsageError, match="measuring two short runs alone took"):
        planned(replace(asked, budget="1m"), tmp_path / "less", measured, 2)


def made_up(study, outcome):
    rows = [
        {"arm": arm, "label": label(arm, study.names), "seed": seed, "error": "", "folder": "x"}
        | dict.fromkeys([m.name for m in MEASURES], outcome(arm, seed))
        for seed in study.seeds
        for arm in study.arms
    ]
    return pd.DataFrame(rows)


def test_the_page_says_what_failed_and_what_was_not_measured(tmp_path):
    study = tiny_study(seeds=(1, 2))
    table = made_up(study, lambda arm, seed: 10.0 * seed if arm else math.nan)
    table.loc[0, "error"] = "the <b>simulator</b> failed"
    page = write_study(Searched(study, table), tmp_path, "rca study").read_text()
    assert "Not finished, left out: x: the <b>simulator</b> failed" in page
    assert "not run" in page
    assert "INCONCLUSIVE" in page
    answers = json.loads((tmp_path / "study.json").read_text())["answers"][""]
    assert answers[0]["rescue"]["mean"] is None


@pytest.mark.parametrize(("gain", "says"), [(5.0, True), (-40.0, True), (60.0, False)])
def test_ends_that_do_not_part_are_said_to_leave_nothing_to_explain(gain, says, tmp_path):
    study = tiny_study(seeds=(1, 2))
    table = made_up(study, lambda arm, seed: 10.0 * seed + gain * len(arm) / len(study.names))
    page = write_study(Searched(study, table), tmp_path, "rca study").read_text()
    assert ("The two ends do not part: mean distance" in page) == says
    assert not says or page.index("do not part") < page.index("It rests on")
    assert nothing_to_explain(study, table[:0]) == ""


def test_a_defect_that_holds_every_run_at_nothing_is_judged_by_its_own_small_error(tmp_path):
    study = planned(Asked("seed", None, (1, 2), None, (), ()), tmp_path, local(2), 2).study
    rng = np.random.default_rng(0)

    def outcome(arm, seed):
        return rng.normal(0.0, 0.1) if "D05" not in arm else rng.normal(100.0, 30.0)

    found = Searched(study, made_up(study, outcome))
    page = write_study(found, tmp_path, "rca study seed").read_text()
    _, _, crushed = page.partition("### Starting from D05: ")
    crushed, _, _ = crushed.partition("###")
    assert crushed.count("**NO EFFECT**") == 6
    _, _, free = page.partition("### Starting from no defect\n")
    free, _, _ = free.partition("###")
    assert free.count("| INCONCLUSIVE") == 6
    assert "what helps: removing D05 (" in page
    _, _, removed = page.partition("| removing the defect itself | | - | - |")
    gains = [float(cell.strip(" *")) for cell in removed.partition("\n")[0].split("|")[:6]]
    assert gains[3] > 50  # D05
    _, _, every = page.partition("## Every outcome")
    alone = analysed(study, found.table, MEASURES[0], "no defect")[0].rescue
    assert f"| learning_rates | {alone.mean:+.1f} ± {alone.high - alone.mean:.1f} |" in every


def test_a_failed_trial_is_a_row_without_outcomes(tmp_path):
    study = tiny_study()
    results = [TrialResult(trial, tmp_path / trial.name, "broken") for trial in study.trials()]
    table = table_of(study, results)
    assert table["distance"].isna().all()
    assert set(table["error"]) == {"broken"}


@pytest.mark.slow
def test_the_same_study_on_ray_with_a_worker_killed_gives_the_same_table(tmp_path):
    ray = pytest.importorskip("ray", reason="ray is not installed")
    from ray.cluster_utils import Cluster

    study = tiny_study(seeds=(1, 2))
    here = table_of(study, local(2)(study.trials(), tmp_path / "here", lambda r: None))
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "resources": {SLOT: 1}})
    cluster.add_node(num_cpus=1, resources={SLOT: 1})
    killed = threading.Event()
    try:
        ray.init(address=cluster.address, log_to_driver=False)
        killer = threading.Thread(target=kill_one_worker, args=(killed,), daemon=True)
        killer.start()
        results = on_ray()(study.trials(), tmp_path / "there", lambda r: None)
        killer.join(60)
    finally:
        ray.shutdown()
        cluster.shutdown()
    assert killed.is_set(), "no worker was killed: the test proves nothing"
    there = table_of(study, results)
    assert there["error"].eq("").all()
    pd.testing.assert_frame_equal(here, there)


def kill_one_worker(killed):
    """Kills the Ray worker that runs a trial, as soon as the trial's own process is there."""
    own = psutil.Process()
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for child in own.children(recursive=True):
            try:
                if "rca" in child.cmdline()[2:3] and "run" in child.cmdline():
                    worker = child.parent()
                    if worker is not None and "ray::" in worker.name() + " ".join(worker.cmdline()):
                        os.kill(worker.pid, signal.SIGKILL)
                        killed.set()
                        return
            except (psutil.Error, IndexError):
                continue
        time.sleep(0.2)


def test_a_cluster_that_does_not_answer_is_named_at_once(tmp_path):
    pytest.importorskip("ray", reason="ray is not installed")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"  # bound, and nobody listens
        with pytest.raises(UsageError, match=f"--address {address}: no Ray cluster answers"):
            on_ray(address)([], tmp_path, lambda result: None)


def test_an_engine_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(UsageError, match="pip install ray"):
        on_ray()
