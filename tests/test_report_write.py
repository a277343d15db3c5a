"""Whole reports on disk."""

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rca.errors import UsageError
from rca.report.write import report, write_report
from tests.judged import judged, really_judged
from tests.records import healthy, signal, with_signals

CASES = Path(__file__).parents[2] / "shared" / "cases"


def test_the_same_runs_give_the_same_report(tmp_path):
    for name in ("a", "b"):
        write_report([really_judged(healthy())], [], tmp_path / name)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.*"))
    assert len(files) >= 8
    for file in files:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_seeds_of_a_side_share_one_report(tmp_path):
    runs = [judged(healthy(seed), a="PASS") for seed in range(3)]
    markdown, html = write_report(runs, [], tmp_path)
    assert "PASS 3/3" in markdown.read_text(encoding="utf-8")
    assert markdown.stat().st_size > 1_000
    assert html.stat().st_size < 3_000_000


def dense(seed):
    """A run of 30,000 steps that recorded every signal at every step."""
    run, steps = healthy(seed), np.arange(1, 30_001)
    rng = np.random.default_rng(seed)
    signals = [
        signal(name, steps, np.interp(steps, s.steps, s.values) * rng.lognormal(0, 0.3, 30_000))
        for name, s in run.signals.items()
        if not name.startswith("episode")
    ]
    return judged(with_signals(run, *signals), a="FAIL")


def test_two_long_runs_give_a_small_file_soon(tmp_path):
    baseline, fixed = dense(0), dense(1)
    start = time.process_time()
    html = write_report([baseline], [fixed], tmp_path)[1]
    assert time.process_time() - start < 10
    assert html.stat().st_size < 3_000_000


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("x")
    with pytest.raises(UsageError, match=r"file: cannot be written.*--out"):
        write_report([judged(healthy())], [], blocked)


@pytest.mark.skipif(not CASES.is_dir(), reason=f"{CASES} is absent: no recordings to report on")
def test_recordings_are_compared(tmp_path):
    before, after = (next(CASES.glob(f"{name}*")) for name in ("c03", "c16"))
    markdown, html = report([before], [after], tmp_path)
    text = markdown.read_text(encoding="utf-8")
    assert "30,000 steps, 1,094 episodes" in text
    assert "not recorded" in text
    assert html.stat().st_size < 3_000_000


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ([], "rca run --steps 30000 --config runs/x/config.yaml"),
        (["reward_sign"], "rca run --config quick --plant reward_sign --seed 1"),
    ],
)
def test_a_planted_run_is_reproduced_with_what_was_planted(tmp_path, changes, line):
    command = ["rca", "run", "--config", "quick", "--plant", "reward_sign"]
    command += ["--out", "runs/x", "--seed", "1"]
    known = {"path": "runs/x", "changes": changes, "command": command}
    run = replace(healthy(), kind="rca", provenance=known)
    write_report([judged(run)], [], tmp_path)
    assert line in (tmp_path / "report.md").read_text()
