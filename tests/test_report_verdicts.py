"""Each format says the same, and text from a recording cannot break any of them."""

import json
import math
from dataclasses import replace

import pytest
from junitparser import JUnitXml
from rich.console import Console
from sarif_pydantic import Sarif

from rca.checking import Check, Finding, Severity, Verdict
from rca.report.answers import Judged, of_run
from rca.report.junit import to_junit
from rca.report.pages import checks_page, html, markdown
from rca.report.sarif import to_sarif
from rca.report.verdicts import SHOWN, table, to_json
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


FORMATS = {
    "json": to_json,
    "junit": to_junit,
    "sarif": to_sarif,
    "markdown": lambda answers: markdown(checks_page(answers)),
    "html": lambda answers: html(checks_page(answers)),
}


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
    return of_run(Judged(run_of(name), checks, findings))


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
    assert judged(*verdicts).exit_code == code


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
    page = FORMATS["markdown"](bad)
    assert "<script>" not in page
    assert "](javascript:" not in page.replace("\\](", "")
    assert "<script>alert" not in FORMATS["html"](bad)
    text = printed(bad)
    assert "[bold]" in text
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_a_gap_in_the_record_is_shown():
    run = replace(run_of(), gaps=("events truncated at step 5",))
    with_gap = of_run(Judged(run, (), ()))
    assert "events truncated at step 5" in printed(with_gap)
    assert with_gap.exit_code == 3
    assert "events truncated at step 5" in FORMATS["html"](with_gap)
    assert not json.loads(to_sarif(with_gap))["runs"][0]["invocations"][0]["executionSuccessful"]


def with_lines(*places):
    """Answers of one rule about lines of a file."""
    one = judged(Verdict.FAIL)
    rows = tuple(
        replace(one.rows[0], finding=replace(one.rows[0].finding, file=file, line=line))
        for file, line in places
    )
    return replace(one, rows=rows)


def test_sarif_is_what_an_independent_model_of_the_standard_reads():
    verdicts = (Verdict.FAIL, Verdict.ERROR, Verdict.WARN, Verdict.VACUOUS, Verdict.PASS)
    log = Sarif.model_validate_json(to_sarif(judged(*verdicts)))
    (run,) = log.runs
    kinds = [(result.kind, result.level.value) for result in run.results]
    assert kinds == [
        ("fail", "error"),
        ("review", "none"),
        ("fail", "warning"),
        ("open", "none"),
        ("pass", "none"),
    ]
    rules = run.tool.driver.rules
    assert [rules[r.rule_index].id for r in run.results] == [r.rule_id for r in run.results]
    assert not any(r.model_extra for r in run.results)


def test_sarif_places_an_answer_in_its_file():
    answers = with_lines(("conf dir/td3.yaml", 12), ("/abs/a.yaml", None))
    log = json.loads(to_sarif(answers))["runs"][0]
    first, second = (r["locations"][0]["physicalLocation"] for r in log["results"])
    assert first == {
        "artifactLocation": {"uri": "conf%20dir/td3.yaml"},
        "region": {"startLine": 12},
    }
    assert second == {"artifactLocation": {"uri": "file:///abs/a.yaml"}}
    assert len(log["tool"]["driver"]["rules"]) == 1


def test_the_terminal_lists_some_answers_of_one_rule_and_json_all():
    many = with_lines(*(("td3.yaml", line) for line in range(1, SHOWN + 4)))
    text = printed(many)
    assert "td3.yaml:12: found" in text
    assert "td3.yaml:13" not in text
    assert "3 more of topic.c0" in text
    assert [row["line"] for row in json.loads(to_json(many))["findings"]] == list(range(1, 16))
