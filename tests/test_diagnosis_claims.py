"""The seed's six issues are judged on a run."""

from pathlib import Path

import pytest

from rca.checking import builtin_checks, load_checks, run_checks
from rca.diagnosis.cause import load_causes
from rca.diagnosis.claims import Standing, judge_issues, load_claims
from rca.diagnosis.diagnose import diagnose
from rca.runs.record import RunRecord
from tests.records import blank, healthy

CASES = Path(__file__).parents[2] / "shared" / "cases"


def standings(run: RunRecord) -> dict[int, Standing]:
    findings = run_checks(load_checks([builtin_checks()]), run)
    return {item.issue: item.standing for item in judge_issues(diagnose(run, findings))}


def test_every_issue_has_a_claim_and_a_cause_that_exists():
    claims = load_claims()
    assert {claim.issue for claim in claims} == {1, 2, 3, 4, 5, 6}
    assert {claim.cause for claim in claims} <= {cause.id for cause in load_causes()}
    assert all(claim.found and claim.verdict and claim.source for claim in claims)


def test_on_nothing_every_issue_is_untested_and_says_what_to_do():
    run = blank()
    judged = judge_issues(diagnose(run, run_checks(load_checks([builtin_checks()]), run)))
    assert {item.standing for item in judged} == {Standing.UNTESTED}
    assert all(item.reason for item in judged)


def test_a_healthy_run_supports_none():
    assert Standing.SUPPORTED not in standings(healthy()).values()


@pytest.mark.skipif(not CASES.is_dir(), reason="../shared/cases is not part of this project")
@pytest.mark.parametrize(
    ("case", "standing"),
    [
        ("c03-seed-30k-minus52k", Standing.REFUTED),
        ("c16-nov20-matched-lr-1e-3", Standing.REFUTED),
        ("c05-nov12-vacuous-1k-test", Standing.UNTESTED),
    ],
)
def test_the_first_issue_on_the_recordings(case, standing):
    from rca.runs.load import load_run

    assert standings(load_run(CASES / case))[1] is standing
