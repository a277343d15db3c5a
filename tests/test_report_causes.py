"""Likely and refuted causes, side by side."""

from pathlib import Path

import pytest

from rca.report.causes import causes_table, diagnosed, summary
from rca.report.sides import sides_of
from rca.report.write import judged as load
from tests.judged import judged, really_judged
from tests.records import healthy

CASES = Path(__file__).parents[2] / "shared" / "cases"


def test_a_healthy_run_has_no_likely_cause():
    found = diagnosed(sides_of([really_judged(healthy())]))
    assert summary(found) == "Likely causes. run: none."
    assert not [c for row in causes_table(found).rows for c in row[1:] if c.tone == "bad"]


def test_without_findings_nothing_is_claimed():
    found = diagnosed(sides_of([judged(healthy())], [judged(healthy(1))]))
    assert summary(found) == "Likely causes. baseline: none; fixed: none."
    assert all(cell.badge != "REFUTED" for row in causes_table(found).rows for cell in row)


@pytest.mark.skipif(not CASES.is_dir(), reason=f"{CASES} is absent: no recordings to diagnose")
def test_the_recorded_failure_is_explained_and_its_accused_cause_refuted():
    runs = [load(next(CASES.glob(f"{name}*"))) for name in ("c03", "c05")]
    found = diagnosed(sides_of(runs[:1], runs[1:]))
    rows = {row[0].more[-1][1].partition(",")[0]: row for row in causes_table(found).rows}
    assert rows["evaluation_disturbs_simulator"][1].tone == "bad"
    assert "since step" in rows["evaluation_disturbs_simulator"][1].text
    assert rows["learning_rate_imbalance"][1].badge == "REFUTED"


def test_seeds_that_agree_are_counted():
    run = really_judged(healthy())
    one, three = diagnosed(sides_of([run])), diagnosed(sides_of([run] * 3))
    badges = [[row[1].badge for row in causes_table(found).rows] for found in (one, three)]
    assert len(badges[0]) == len(badges[1])
    for single, several in zip(*badges, strict=True):
        assert several in (single, f"{single} 3/3")
