"""Each example runs as its reader would run it, and leaves what it promises."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rca.checking import Verdict, builtin_checks, load_checks, run_checks
from rca.runs.load import load_run

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(folder, *words):
    """Runs Python in the folder of the examples, as a reader does."""
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, *map(str, words)]
    done = subprocess.run(
        command, cwd=EXAMPLES, env=environment, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("script", "steps"), [("td3_pixels.py", 900), ("sb3_callback.py", 2000)])
def test_a_script_leaves_a_run_in_which_no_check_fails(script, steps, tmp_path):
    if script.startswith("sb3"):
        pytest.importorskip("stable_baselines3", reason="stable-baselines3 is not installed")
    said = run(tmp_path, script, "--steps", steps, "--out", tmp_path / "run")
    assert f"rca check {tmp_path / 'run'}" in said
    record = load_run(tmp_path / "run")
    assert record.wiring is not None
    assert record.wiring.updates > 50
    failed = [
        finding.message
        for finding in run_checks(load_checks([builtin_checks()]), record)
        if finding.verdict is Verdict.FAIL
    ]
    assert failed == []


def test_the_notebook_tells_the_healthy_run_from_the_mixed_up_one(tmp_path):
    cells = json.loads((EXAMPLES / "watch.ipynb").read_text())["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    script = tmp_path / "watch.py"
    script.write_text(f"import sys\nsys.path.insert(0, {str(EXAMPLES)!r})\n{code}\n")
    said = run(tmp_path, script)
    assert "healthy: wiring" not in said
    assert "mixed-up: wiring.actor_loss" in said or "mixed-up: wiring.features" in said
    first = next(line for line in said.splitlines() if line.split("%")[0].isdigit())
    assert first.startswith(("9", "100"))
    assert "never learned" in first
