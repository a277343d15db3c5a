"""Every documented example is run."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from rca.checking import Verdict, load_checks, run_checks
from rca.runs.record import Outcome, Phase, RunRecord, Signal, empty_episodes, empty_evaluations

ROOT = Path(__file__).parents[1]


def python_blocks(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)


def test_the_worked_check_of_contributing_judges(tmp_path):
    (block,) = python_blocks("CONTRIBUTING.md")
    (tmp_path / "replay_filled.py").write_text(block)
    (item,) = load_checks([tmp_path])
    size = Signal("replay/size", "1", np.array([1000]), np.array([1000.0]))
    run = RunRecord(
        id="run",
        kind="rca",
        config={"agent.batch_size": 128},
        provenance={},
        outcome=Outcome(),
        phases=(Phase("random", 1, 999), Phase("learning", 1000, 2000)),
        signals={"replay/size": size},
        episodes=empty_episodes(),
        evaluations=empty_evaluations(),
    )
    too_small = replace(run, config={"agent.batch_size": 2000})
    verdicts = [run_checks([item], r)[0].verdict for r in (run, too_small, replace(run, phases=()))]
    assert verdicts == [Verdict.PASS, Verdict.FAIL, Verdict.VACUOUS]
