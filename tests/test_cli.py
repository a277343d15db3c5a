"""The command as a user meets it: a real process, its output, its exit code."""

import subprocess
import sys

import pytest

RCA = [sys.executable, "-m", "rca"]


def rca(*arguments, cwd=None, env=None):
    """Runs the command; a traceback is never what a user should see."""
    command = [*RCA, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, timeout=120)
    assert "Traceback" not in done.stderr
    return done


def refused(done, code, *words):
    """The command ended with this code and one line on stderr that holds these words."""
    assert done.returncode == code, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert all(word in lines[0] for word in words), lines[0]


@pytest.mark.parametrize("command", ["run", "check", "report", "sim"])
def test_every_command_has_a_sentence_and_an_example(command):
    text = rca(command, "--help").stdout
    assert f"Example:  rca {command}" in text


def test_a_missing_path_is_wrong_usage(tmp_path):
    refused(rca("check", tmp_path / "none"), 2, str(tmp_path / "none"))


def test_an_empty_folder_holds_no_evidence(tmp_path):
    refused(rca("check", tmp_path), 3, str(tmp_path))


def test_a_broken_results_file_is_named(tmp_path):
    (tmp_path / "results.json").write_text('{"total_timesteps": ')
    refused(rca("check", tmp_path), 3, "results.json")


def test_a_misspelt_key_is_answered_before_anything_starts(tmp_path):
    config = tmp_path / "run.yaml"
    config.write_text("agent: {learning_start: 3}\n")
    done = rca("run", "short", "--config", config, cwd=tmp_path)
    refused(done, 2, str(config), "did you mean agent.learning_starts?")
    assert [path.name for path in tmp_path.iterdir()] == ["run.yaml"]


def test_a_run_needs_a_length(tmp_path):
    refused(rca("run", cwd=tmp_path), 2, "short", "--steps")


def test_a_pattern_without_checks(tmp_path):
    refused(rca("check", tmp_path, "--only", "nothing.*"), 2, "nothing.*")


def test_nobody_answers_at_the_port(tmp_path, unused_port):
    done = rca("run", "short", "--port", unused_port, "--quiet", cwd=tmp_path)
    refused(done, 3, str(unused_port))


def test_a_run_folder_is_never_overwritten(tmp_path):
    (tmp_path / "precious.txt").write_text("x")
    refused(rca("run", "short", "--out", tmp_path, "--quiet"), 2, str(tmp_path), "not empty")
    assert (tmp_path / "precious.txt").read_text() == "x"


def test_debug_shows_where(tmp_path):
    done = subprocess.run(
        [*RCA, "check", str(tmp_path / "none"), "--debug"], capture_output=True, text=True
    )
    assert "Traceback" in done.stderr
