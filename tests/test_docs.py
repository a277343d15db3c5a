"""Every documented example is run."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rca.bench.lists import MISSES
from rca.bench.run import planned, random_trials
from rca.checking import Verdict, builtin_checks, load_checks, run_checks
from rca.faults import find_fault, load_faults
from rca.runs.record import Outcome, Phase, RunRecord, Signal, empty_episodes, empty_evaluations
from rca.yaml_file import read_yaml

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
CASES = ROOT.parent / "shared" / "cases" / "README.md"


def rows_of(page: Path) -> list[list[str]]:
    """The cells of every row of every table of a page, without its heads."""
    lines = [line.strip("| ") for line in page.read_text(encoding="utf-8").splitlines()]
    cells = [[cell.strip() for cell in line.split("|")] for line in lines if "|" in line]
    heads = {"rule", "signal", "mistake", "id", "---"}
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


def test_the_benchmarks_page_lists_every_fault_and_says_what_is_not_planted():
    rows = rows_of(ROOT / "docs" / "benchmark.md")
    named = [fault for _, faults, *_ in rows for fault in re.findall(r"`([^`]+)`", faults)]
    assert sorted(named) == sorted(load_faults())
    for mistake, *rest in rows:
        assert any(rest), mistake
    blind = {fault: item.blind for fault, item in load_faults().items()}
    sets = [{blind[f] for f in re.findall(r"`([^`]+)`", faults)} for _, faults, *_ in rows]
    assert [one for one in sets if one not in ({0}, set())] == [{n} for n in range(1, 8)]


@pytest.mark.skipif(not CASES.is_file(), reason="../shared/cases/README.md is not here")
def test_every_known_defect_is_planted_or_said_not_to_be():
    ours = {row[0].split()[0] for row in rows_of(ROOT / "docs" / "benchmark.md")}
    assert {row[0] for row in rows_of(CASES) if re.fullmatch(r"D\d\d", row[0])} <= ours


def test_every_fault_of_the_committed_benchmarks_was_seen_or_its_miss_is_explained():
    """End to end, from the committed runs: a check that a fault names accuses in some seed."""
    runs: dict[str, list[Any]] = {}
    for page in ("benchmark", "benchmark-spent"):
        cases = json.loads((ROOT / "reports" / page / "cases.json").read_text("utf-8"))
        runs |= {c["fault"]: [o for o in cases if o["fault"] == c["fault"]] for c in cases}
    text = (ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8")
    newer = re.search(r"- Newer than the pages' runs: ([^.]*)\.", text)
    assert set(load_faults()) - runs.keys() == set(
        re.findall(r"`(\w+)`", newer[1]) if newer else ()
    )
    explained = set(read_yaml(MISSES))
    for fault in load_faults():
        planted = runs.get(fault)
        if not planted:
            continue
        named = {check for case in planted for check in find_fault(fault).caught_by}
        read = [case for case in planted if not case["error"]]
        silent = set.intersection(named, *(set(case["silent"]) for case in read))
        right = [case["ranking"][:1] for case in planted if case["ranking"]]
        first = sum(bool(top) and top[0][0] in planted[0]["truth"] for top in right)
        assert not named or named - silent or fault in explained, f"{fault}: all of {named} silent"
        assert first == len(planted) or fault in explained, f"{fault}: missed, not explained"


def test_the_readme_says_of_the_benchmark_what_its_page_says():
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    said = re.search(
        r"of (\d+) faults that were known .* first in (\d+%) of the runs \((\d+%) as .* of (\d+) "
        r"faults by somebody .* in (\d+%) \((\d+%);.*?\)\. Of (\d+) healthy runs (\d+) are "
        r"accused, .* of the (\d+) that learn .* named in (\d+%) and (\d+%)\.",
        readme,
    )
    page = (ROOT / "reports" / "benchmark" / "README.md").read_text(encoding="utf-8")
    row = r"\| \d+ \| (\d+) \| (\d+%) \| \d+% \| (\d+%) \| (\d+%) \|"
    known = re.search(rf"\| was known to who wrote the checks {row}", page)
    unseen = re.search(rf"\| was written by who had not read the checks {row}", page)
    accused = re.search(
        r"(\d+) of (\d+) healthy runs are accused; of the (\d+) of them that learn \(below\) 0 are",
        page,
    )
    assert said
    assert known
    assert unseen
    assert accused
    *figures, watched = known.groups()
    *blind, blindly = unseen.groups()
    healthy = (accused[2], accused[1], accused[3])
    assert said.groups() == (*figures, *blind, *healthy, watched, blindly)


def test_the_document_says_of_the_spent_faults_what_their_page_says():
    document = " ".join((ROOT / "docs" / "benchmark.md").read_text(encoding="utf-8").split())
    said = re.search(
        r"of these (\d+), (\d+%) are named first on a seed that nothing came from "
        r"\((\d+), one run each\), (\d+%) without",
        document,
    )
    page = (ROOT / "reports" / "benchmark-spent" / "README.md").read_text(encoding="utf-8")
    row = r"\| (\d+) \| (\d+%) \| \d+% \| \d+% \| (\d+%) \|"
    known = re.search(rf"\| was known to who wrote the checks \| \d+ {row}", page)
    seed = re.search(r"Scored seeds (\d+): ", page)
    assert said
    assert known
    assert seed
    assert said.groups() == (known[1], known[2], seed[1], known[3])


def test_the_readme_says_how_many_runs_its_benchmark_makes():
    said = re.search(
        r"rca bench --steps 2000 --seed (\d+) .* (\d+) runs$",
        (ROOT / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert said
    assert int(said[2]) == len(planned([int(said[1])])) + len(random_trials([int(said[1])]))
