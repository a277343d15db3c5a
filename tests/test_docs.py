"""Every documented example is run."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rca.checking import Verdict, builtin_checks, load_checks, run_checks
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


SIGNALS = ROOT.parent / "shared" / "signals.md"


def rows_of(page: Path) -> list[list[str]]:
    """The cells of every row of every table of a page, without its heads."""
    lines = [line.strip("| ") for line in page.read_text(encoding="utf-8").splitlines()]
    cells = [[cell.strip() for cell in line.split("|")] for line in lines if "|" in line]
    heads = {"rule", "signal", "---"}
    return [row for row in cells if row[0] not in heads]


def test_every_rule_names_checks_that_exist_or_says_what_decides_it():
    known = {item.id for item in load_checks([builtin_checks()])}
    rows = rows_of(ROOT / "docs" / "rules.md")
    assert len(rows) >= 45
    for rule, checks, *otherwise in rows:
        named = re.findall(r"`([^`]+)`", checks)
        assert set(named) <= known, rule
        assert named or any(otherwise), rule


@pytest.mark.skipif(not SIGNALS.is_file(), reason="../shared/signals.md is not here")
def test_no_rule_of_the_collection_is_missing():
    ours = {row[0] for row in rows_of(ROOT / "docs" / "rules.md")}
    assert {row[0] for row in rows_of(SIGNALS)} <= ours


def test_the_readme_says_of_the_benchmark_what_its_page_says():
    said = re.search(
        r"Of (\d+) planted faults the diagnosis names (\d+%) first",
        (ROOT / "README.md").read_text(encoding="utf-8"),
    )
    page = (ROOT / "reports" / "benchmark" / "README.md").read_text(encoding="utf-8")
    table = page.partition("## Every fault")[2].partition("## Every run")[0]
    faults = [line for line in table.splitlines() if re.match(r"\| [a-z]\w+ \| [a-z]\w+_", line)]
    first = re.search(r"\| top_1 \| (\d+%) \|", page)
    assert said
    assert first
    assert said.groups() == (str(len(faults)), first[1])
