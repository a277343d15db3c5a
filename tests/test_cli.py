"""The command as a user meets it: its output, its exit code.

Each exit code is seen of a real process; `rca_here` tells what else is said, without imports anew.
"""

import json
import os
import subprocess
import sys

import pytest

from rca.runs.load import load_run

RCA = [sys.executable, "-m", "rca"]


def rca(*arguments, cwd=None, env=None, limit=120):
    """Runs the command; a traceback is never what a user should see."""
    command = [*RCA, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, timeout=limit)
    assert "Traceback" not in done.stderr
    return done


def refused(done, code, *words):
    """The command ended with this code and one line on stderr that holds these words."""
    assert done.returncode == code, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert all(word in lines[0] for word in words), lines[0]


@pytest.mark.parametrize(
    "command",
    ["run", "check", "diagnose", "claims", "report", "export", "sim", "bench", "study"],
)
def test_every_command_has_a_sentence_and_an_example(rca_here, command):
    text = rca_here(command, "--help").stdout
    assert f"Example:  rca {command}" in text


def test_a_missing_path_is_wrong_usage(tmp_path):
    refused(rca("check", tmp_path / "none"), 2, str(tmp_path / "none"))


def test_an_empty_folder_holds_no_evidence(tmp_path):
    refused(rca("check", tmp_path), 3, str(tmp_path))


def test_a_broken_results_file_is_named(rca_here, tmp_path):
    (tmp_path / "results.json").write_text('{"total_timesteps": ')
    refused(rca_here("check", tmp_path), 3, "results.json")


def test_a_misspelt_key_is_answered_before_anything_starts(rca_here, tmp_path):
    config = tmp_path / "run.yaml"
    config.write_text("agent: {learning_start: 3}\n")
    done = rca_here("run", "short", "--config", config, cwd=tmp_path)
    refused(done, 2, str(config), "did you mean agent.learning_starts?")
    assert [path.name for path in tmp_path.iterdir()] == ["run.yaml"]


def test_a_run_needs_a_length(rca_here, tmp_path):
    refused(rca_here("run", cwd=tmp_path), 2, "short", "--steps")


def test_a_host_without_a_port(rca_here, tmp_path):
    refused(
        rca_here("run", "short", "--host", "carla.test", cwd=tmp_path), 2, "carla.test", "--port"
    )


@pytest.mark.parametrize(
    ("contradiction", "words"),
    [
        (["short", "--carla-root", ".", "--port", "2000"], ["--carla-root", "--port"]),
        (["--resume", "run", "--agent", "pure-pursuit"], ["--scale-warmup, --agent", "leave out"]),
        (["--resume", "run", "--seed", "0", "--set", "a=1"], ["leave out --seed, --set"]),
        (["--resume", "run", "--config", "healthy"], ["leave out --config, --scale-warmup"]),
        (["short", "--carla-root", "."], ["CarlaUE4.sh", "CARLA was unpacked"]),
    ],
)
def test_a_server_or_driver_that_cannot_be(rca_here, tmp_path, contradiction, words):
    refused(rca_here("run", *contradiction, "--scale-warmup", cwd=tmp_path), 2, *words)


def test_an_unknown_fault_of_the_server_is_answered_with_the_known_ones():
    done = rca("sim", "--fault", "melt")  # it becomes another process
    assert done.returncode == 2
    assert "'melt' is unknown" in done.stderr
    assert "freeze" in done.stderr


def test_an_endless_discount_has_no_worth(rca_here):
    done = rca_here("probe", "reward", "--set", "agent.discount=1")
    refused(done, 2, "agent.discount=1")


def test_control_characters_of_a_file_do_not_reach_the_terminal(rca_here, tmp_path):
    (tmp_path / "results.json").write_text('{"training_rewards": [1.0]}')
    (tmp_path / "a\x1b]0;owned\x07.yaml").write_text("a: [")
    done = rca_here("check", tmp_path, "--only", "run.*")
    assert done.returncode == 3
    assert "owned" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout


def test_a_pattern_without_checks(rca_here, tmp_path):
    refused(rca_here("check", tmp_path, "--only", "nothing.*"), 2, "nothing.*")


def test_nobody_answers_at_the_port(rca_here, tmp_path, unused_port):
    done = rca_here("run", "short", "--port", unused_port, "--scale-warmup", cwd=tmp_path)
    refused(done, 3, str(unused_port))


def test_a_run_folder_is_never_overwritten(rca_here, tmp_path):
    (tmp_path / "precious.txt").write_text("x")
    done = rca_here("run", "short", "--out", tmp_path, "--scale-warmup")
    refused(done, 2, str(tmp_path), "not empty")
    assert (tmp_path / "precious.txt").read_text() == "x"


@pytest.mark.parametrize("offer", [[], ["--scale-warmup"]], ids=["", "taken"])
def test_a_run_without_updates_is_warned_of_before_its_folder_is_made(rca_here, tmp_path, offer):
    """The folder is refused where it would be made, so that all said before is said in time."""
    (tmp_path / "precious.txt").write_text("x")
    settings = ["--set", "agent.learning_starts=40_000", "--quiet", *offer]
    lines = rca_here("run", "medium", *settings, "--out", tmp_path).stderr.splitlines()
    assert "not empty" in lines.pop()
    warned = "note: learning_starts 40,000 is not below the run's 10,000 steps: no update"
    assert [line[: len(warned)] for line in lines] == ([] if offer else [warned])


def test_a_setting_without_effect_is_said_before_the_run(rca_here, tmp_path):
    (tmp_path / "precious.txt").write_text("x")
    void = ["--set", "agent.encoder_sharing=detached", "--out", tmp_path]
    note, refusal = rca_here("run", "medium", *void).stderr.splitlines()
    assert note == (
        "note: agent.actor_encoder_lr=0.0001 has no effect: agent.encoder_sharing is detached"
    )
    assert "not empty" in refusal


def test_debug_shows_where(tmp_path):
    done = subprocess.run(
        [*RCA, "check", str(tmp_path / "none"), "--debug"], capture_output=True, text=True
    )
    assert "Traceback" in done.stderr


def test_damage_that_recurs_is_told_once(rca_here, tmp_path):
    rows = "".join(f"{step},1,2,3\n" for step in (100, 200, 100, 300))
    head = "step,train/critic_loss,train/actor_loss,train/q1_value\n"
    (tmp_path / "progress.csv").write_text(head + rows)
    done = rca_here("check", tmp_path, "--only", "run.*")
    assert done.returncode == 3
    assert done.stderr.count("go back in step") == 1
    assert "(and 2 more like it)" in done.stderr


def test_the_reward_probe_names_a_broken_promise():
    healthy, baseline = (rca("probe", "reward", "--config", c) for c in ("healthy", "baseline"))
    assert (healthy.returncode, baseline.returncode) == (0, 1)
    broken = [line for line in baseline.stdout.splitlines() if line.startswith("FAIL")]
    assert len(broken) == 1
    assert "a collision costs more than driving on is worth" in broken[0]


def test_without_a_carla_wheel_a_run_says_what_is_missing(tmp_path):
    """Elsewhere than on x86-64 there is none; a module that cannot be imported stands for it."""
    (tmp_path / "carla.py").write_text("raise ImportError('no wheel')\n")
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = rca("run", "short", "--scale-warmup", "--out", tmp_path / "run", env=env)
    refused(done, 3, "carla wheel is not installed", "pip install carla==0.9.16")
    assert not (tmp_path / "run").exists()
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "results.json").write_text('{"training_rewards": [1.0]}')
    assert "run.readable" in rca("check", tmp_path / "logs", env=env).stdout


def test_diagnose_refuses_what_holds_no_evidence(rca_here, tmp_path):
    refused(rca_here("diagnose", tmp_path), 3, str(tmp_path))


def test_diagnose_says_what_it_cannot_tell(rca_here, tmp_path):
    """A list of returns alone supports no cause, so most stay untested and none is invented."""
    (tmp_path / "results.json").write_text(
        json.dumps({"total_timesteps": 1000, "training_rewards": [float(i) for i in range(25)]})
    )
    done = rca_here("diagnose", tmp_path, "--format", "json")
    tree = json.loads(done.stdout)
    assert done.returncode == 0
    assert tree["story"] == []
    assert len(tree["untested"]) > len(tree["causes"])


def test_export_writes_tables_that_others_read(rca_here, tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "results.json").write_text('{"training_rewards": [1.5, -2.0]}')
    done = rca_here("export", tmp_path / "logs", tmp_path / "tables", "--format", "csv")
    assert done.returncode == 0
    rows = (tmp_path / "tables" / "episodes.csv").read_text().splitlines()
    assert "return" in rows[0].split(",")
    assert len(rows) == 3
    again = rca_here("export", tmp_path / "logs", tmp_path / "tables", "--format", "csv")
    refused(again, 2, str(tmp_path / "tables"), "not empty")


def test_claims_names_the_quotation_that_nobody_found():
    done = rca("claims")
    assert done.returncode == 0
    assert "Absent from SB3's documentation and its whole history" in done.stdout
    assert "not found" in done.stdout
    assert "Issue #1" in done.stdout


def test_three_runs_need_to_know_their_side(rca_here, tmp_path):
    refused(rca_here("report", "a", "b", "c", "--out", tmp_path / "r"), 2, "--fixed")


def test_a_report_on_one_run_ends_with_the_page_to_open(rca_here, tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "results.json").write_text('{"training_rewards": [1.5, -2.0]}')
    done = rca_here("report", tmp_path / "logs", "--out", tmp_path / "r")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == str(tmp_path / "r" / "report.html")
    assert (tmp_path / "r" / "report.html").stat().st_size > 1000


def test_a_table_of_tags_that_is_none_is_refused(rca_here, tmp_path):
    (tmp_path / "results.json").write_text('{"training_rewards": [1.0]}')
    tags = tmp_path / "mine.tags"
    tags.write_text("- not a table")
    refused(rca_here("check", tmp_path, "--tags", tags), 2, str(tags))


def test_a_config_is_audited_against_code_that_is_never_run(rca_here, tmp_path):
    (tmp_path / "c.yaml").write_text("agent:\n  lr: 0.1\n  dead: 1\n")
    (tmp_path / "train.py").write_text(
        "import yaml\nprint(yaml.safe_load(open('c'))['agent']['lr'])\n"
        f"open({str(tmp_path / 'ran')!r}, 'w')\n"
    )
    done = rca_here("check", "--config", "c.yaml", "--code", ".", "--format", "sarif", cwd=tmp_path)
    assert done.returncode == 1
    results = json.loads(done.stdout)["runs"][0]["results"]
    (dead,) = [r for r in results if r["ruleId"] == "audit.never_read"]
    assert "agent.dead" in dead["message"]["text"]
    assert dead["locations"][0]["physicalLocation"]["region"]["startLine"] == 3
    assert not (tmp_path / "ran").exists()


def test_a_check_needs_something_to_look_at(rca_here, tmp_path):
    refused(rca_here("check", cwd=tmp_path), 2, "--config")
    refused(rca_here("check", tmp_path, "--code", tmp_path), 2, "--code", "--config")
    refused(rca_here("check", "--config", tmp_path / "no.yaml"), 2, "no.yaml")


def test_a_timeline_is_a_picture_or_a_page(rca_here, tmp_path):
    (tmp_path / "results.json").write_text('{"training_rewards": [1.0, 2.0]}')
    refused(rca_here("diagnose", tmp_path, "--timeline", tmp_path / "t.txt"), 2, ".png")
    done = rca_here("diagnose", tmp_path, "--timeline", tmp_path / "t.png", "--format", "html")
    assert done.returncode == 0
    assert done.stdout.startswith("<!doctype html>")
    assert (tmp_path / "t.png").read_bytes().startswith(b"\x89PNG")


def test_ctrl_c_is_one_line(tmp_path):
    (tmp_path / "worlds.py").write_text("def make():\n    raise KeyboardInterrupt\n")
    done = rca("probe", "env", "worlds:make", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (130, "rca: interrupted\n")


@pytest.mark.parametrize(
    "words",
    [
        ("study", "quick+target_frozen", "quick", "--out"),
        ("bench", "--smoke", "--out"),
        ("bench", "--smoke", "--export"),
    ],
)
def test_a_place_for_results_that_is_none_is_refused_before_the_runs(rca_here, tmp_path, words):
    (tmp_path / "file").write_text("")
    found = rca_here(*words, str(tmp_path / "file"), "--runs", str(tmp_path / "runs"))
    assert found.returncode == 2
    assert f"{tmp_path / 'file'}: is a file or lies below one; choose a folder" in found.stderr
    assert not (tmp_path / "runs").exists()


def test_a_check_that_fails_at_the_last_step_is_told_by_the_exit_code(tmp_path):
    words = ["run", "--config", "quick", "--plant", "idling_optimal", "--steps", "10", "--quiet"]
    words += ["--set", "budget.eval_every=0", "--out", str(tmp_path / "run")]
    found = rca(*words, "--halt-on", "reward.promises")
    assert found.returncode == 5
    assert "halted at step 10: reward.promises" in found.stderr
    assert load_run(tmp_path / "run").outcome.status == "finished"
