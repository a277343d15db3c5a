"""A diagnosis is told in order of time, and it says how far its numbers can be trusted."""

import json
import math
from dataclasses import replace

from rich.console import Console

from rca.checking import Finding, Verdict
from rca.diagnosis.cause import Cause, Moment
from rca.diagnosis.diagnose import Diagnosis, Evidence, Ranked, Refuted, Untested
from rca.report.diagnosis_text import CALIBRATION, page, to_json

CAUSE = Cause(
    id="planted",
    title="Something was planted",
    mechanism="It acts.",
    acts_from=Moment.RESET,
    supports=(),
    change="remove it",
    remedy="Remove it.",
    references=("a test",),
)
FINDING = Finding(Verdict.FAIL, "5 of 6 [bold] \x1b[31m", value=math.nan, check="topic.name")
LIKELY = Ranked(CAUSE, 0.9, (Evidence(FINDING, 2.5),), 40)
UNLIKELY = Ranked(replace(CAUSE, id="unlikely"), 0.01, (Evidence(FINDING, -2.5),), None)
DIAGNOSIS = Diagnosis(
    run="run\x1b",
    ranked=(LIKELY, UNLIKELY),
    refuted=(Refuted(replace(CAUSE, id="cleared"), "it came later"),),
    untested=(Untested(replace(CAUSE, id="unseen"), "log it"),),
    story=("from step 40: Something was planted",),
)


def printed(found):
    console = Console(width=120)
    with console.capture() as capture:
        console.print(page(found))
    return capture.get()


def test_the_page_holds_story_evidence_remedy_and_what_it_is_not():
    text = printed(DIAGNOSIS)
    assert "1. from step 40: Something was planted" in text
    assert "for: topic.name: 5 of 6 [bold]" in text
    assert "do: Remove it." in text
    assert "it came later" in text
    assert "unseen" in text
    assert "unlikely" not in text
    assert "1 more below 10%" in text
    assert " ".join(CALIBRATION.split()[:6]) in text


def test_control_characters_of_a_recording_do_not_reach_the_terminal():
    assert "\x1b" not in printed(DIAGNOSIS)


def test_json_holds_what_the_page_leaves_out():
    tree = json.loads(to_json(DIAGNOSIS))
    assert [row["cause"] for row in tree["causes"]] == ["planted", "unlikely"]
    assert tree["causes"][1]["evidence"][0]["log_odds"] == -2.5
    assert tree["calibration"] == CALIBRATION
    assert [row["issue"] for row in tree["seed_issues"]] == [1, 2, 3, 4, 5, 6]
    assert {row["standing"] for row in tree["seed_issues"]} == {"untested"}


def test_nothing_found_says_so():
    text = printed(Diagnosis("run", (), (), (), ()))
    assert "No cause is likely" in text
    assert "Nothing could be refuted." in text
