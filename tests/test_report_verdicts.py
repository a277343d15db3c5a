"""Each format says the same, and text from a recording cannot break any of them."""

import json
import math
from dataclasses import replace

import pytest
from junitparser import JUnitXml
from rich.console import Console

from rca.checking import Check, Finding, Severity, Verdict
from rca.report.verdicts import FORMATS, Judged, exit_code, table, to_json, to_junit, to_markdown
from rca.runs.record import Outcome, RunRecord, empty_episodes, empty_evaluations

HOSTILE = "<script>alert(1)</script> | [x](javascript:y) \x1b[31m\u202e ]]> [bold]"


def run_of(name="a-run"):
    return RunRecord(
        id=name,
        kind="recording",
        config={},
        provenance={},
        outcome=Outcome(executed_steps=30_000),
        phases=(),
        signals={},
        episodes=empty_episodes(),
        evaluations=empty_evaluations(),
    )


def judged(*verdicts, message="found", name="a-run"):
    checks = [
        Check(
            f"topic.c{i}",
            "Title",
            "Question?",
            (),
            lambda run: Finding(Verdict.PASS, ""),
            Severity.MAJOR,
            "w",
            "r",
            "x",
        )
        for i, _ in enumerate(verdicts)
    ]
    findings = [
        Finding(v, message, value=math.nan, check=c.id)
        for v, c in zip(verdicts, checks, strict=True)
    ]
    return Judged(run_of(name), checks, findings)


def printed(judged, width=200):
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(table(judged))
    console.file.close()
    return console.export_text()


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([Verdict.PASS, Verdict.PASS], 0),
        ([Verdict.PASS, Verdict.FAIL, Verdict.ERROR], 1),
        ([Verdict.PASS, Verdict.WARN], 1),
        ([Verdict.PASS, Verdict.VACUOUS], 3),
        ([Verdict.PASS, Verdict.NOT_RUN], 3),
        ([Verdict.ERROR], 3),
        ([], 3),
    ],
)
def test_only_a_pass_is_a_pass(verdicts, code):
    assert exit_code(judged(*verdicts)) == code


def test_the_table_shows_the_worst_first_and_counts_all():
    text = printed(judged(Verdict.PASS, Verdict.VACUOUS, Verdict.FAIL))
    rows = [line for line in text.splitlines() if "topic.c" in line]
    assert [row.split()[0] for row in rows[:3]] == ["FAIL", "VACUOUS", "PASS"]
    assert "3 checks: 1 FAIL, 1 VACUOUS, 1 PASS" in text


def test_json_has_no_nan():
    rows = json.loads(to_json(judged(Verdict.FAIL)), parse_constant=pytest.fail)["findings"]
    assert rows[0]["value"] is None


def test_junit_counts_failures_errors_and_what_was_not_seen():
    xml = to_junit(
        judged(Verdict.PASS, Verdict.FAIL, Verdict.ERROR, Verdict.VACUOUS, Verdict.NOT_RUN)
    )
    suite = next(iter(JUnitXml.fromstring(xml.encode())))
    suite.update_statistics()
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (5, 1, 1, 2)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_hostile_text_breaks_no_format(name):
    FORMATS[name](judged(Verdict.FAIL, message=HOSTILE, name=HOSTILE))


def test_hostile_text_comes_out_harmless():
    bad = judged(Verdict.FAIL, message=HOSTILE, name=HOSTILE)
    assert json.loads(to_json(bad))["findings"][0]["message"] == HOSTILE
    suite = next(iter(JUnitXml.fromstring(to_junit(bad).encode())))
    assert "<script>" in next(iter(suite)).result[0].message
    markdown = to_markdown(bad)
    assert "<script>" not in markdown
    assert "](javascript:" not in markdown.replace("\\](", "")
    text = printed(bad)
    assert "[bold]" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_gap_in_the_record_is_shown():
    one = judged(Verdict.PASS)
    with_gap = replace(one, run=replace(one.run, gaps=("events truncated at step 5",)))
    assert "events truncated at step 5" in printed(with_gap)
    assert exit_code(with_gap) == 3
