"""A diagnosis is told in order of time, and it says how far its numbers can be trusted."""

import json
import math
from dataclasses import replace

from rich.console import Console

from rca.checking import Finding, Verdict, builtin_checks, load_checks, run_checks
from rca.diagnosis.cause import Cause, Moment
from rca.diagnosis.diagnose import Diagnosis, Evidence, Ranked, Refuted, Untested
from rca.report.answers import Judged
from rca.report.diagnosis_json import to_json
from rca.report.diagnosis_text import CALIBRATION, LONGEST, brief, page
from rca.runs.record import Outcome
from tests.records import blank, phases

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


CHECKS = load_checks([builtin_checks()])


def printed(found, run=None):
    run = blank(id=found.run) if run is None else run
    judged = Judged(run, CHECKS, run_checks(CHECKS, run))
    console = Console(width=120)
    with console.capture() as capture:
        console.print(page(judged, found))
    return capture.get()


def test_the_page_holds_story_evidence_remedy_and_what_it_is_not():
    text = printed(DIAGNOSIS)
    assert "1. from step 40: Something was planted" in text
    assert "for: topic.name: 5 of 6 [bold]" in text
    assert "It is not: cleared." in text
    assert "do: Remove it." in text
    assert "it came later" in text
    assert "1 cause could be neither supported nor cleared. Log " in text
    assert "To prove it: remove it" in text
    assert "unlikely" not in text
    assert "1 more below 10%" in text
    assert " ".join(CALIBRATION.split()[:6]) in text


def test_tags_of_unknown_meaning_are_what_to_explain_first():
    tags = [f"my/{letter}\x1b" for letter in "abcdefg"]
    text = " ".join(printed(DIAGNOSIS, blank(provenance={"unknown_tags": tags})).split())
    assert "2. Not understood: 7 tags (my/a" in text
    assert "my/e" in text
    assert "my/f" not in text
    assert "\x1b" not in text
    assert "Log episode/length" in text


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
    assert "What it is not" not in text
    assert "steps unknown, no episode, no evaluation" in text


def test_the_first_line_says_what_took_place():
    run = blank(id="mine", phases=phases(1_001), outcome=Outcome("finished", 30_000))
    assert "mine: 30,000 steps, no episode, no evaluation, first update at step 1,001" in printed(
        DIAGNOSIS, run
    )


def test_one_observation_that_clears_several_causes_is_told_once():
    cleared = tuple(Refuted(replace(CAUSE, id=name), "it came later") for name in ("one", "two"))
    text = printed(replace(DIAGNOSIS, refuted=cleared))
    assert text.count("it came later") == 1
    assert "one, two" in text


def test_evidence_that_speaks_for_two_causes_is_told_once():
    other = Ranked(replace(CAUSE, id="other"), 0.8, LIKELY.evidence, None, ("planted",))
    text = printed(replace(DIAGNOSIS, ranked=(LIKELY, other)))
    assert text.count("5 of 6") == 1
    assert "for: topic.name: see above" in text


def test_a_long_finding_is_cut_and_what_was_met_left_out():
    assert brief("MISSED: a 3; met: b 4; met: c 5") == "MISSED: a 3"
    assert len(brief("x" * 1000)) == LONGEST


def test_what_misleads_stands_apart():
    misleading = replace(LIKELY, cause=replace(CAUSE, id="misleading", misleads=True))
    text = printed(replace(DIAGNOSIS, ranked=(LIKELY, misleading)))
    assert text.index("Why it does not learn") < text.index("Wrong too, but it only misleads")
    assert text.index("Wrong too") < text.index("misleading, since")
