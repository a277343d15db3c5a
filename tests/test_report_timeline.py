"""The order of time, and what it refutes."""

from dataclasses import replace

from rca.checking import Finding, Verdict
from rca.report.sides import sides_of
from rca.report.timeline import timeline
from tests.judged import judged, unlearned
from tests.records import healthy


def with_onset(run, onset, verdict="FAIL"):
    answers = judged(run, a=verdict)
    finding = Finding(Verdict(verdict), "short episodes", onset=onset, check="a")
    return replace(answers, findings=[finding])


def test_a_symptom_before_the_first_update_refutes_what_acts_through_updates():
    story = timeline(sides_of([with_onset(healthy(), 500)]))
    assert story.title == (
        "run: 1 symptom began before the first update (step 1,001); "
        "nothing that acts through updates can have caused them"
    )
    assert [(item.step, item.text) for item in story.happenings] == [
        (500, "A: short episodes"),
        (1_001, "first update"),
    ]


def test_a_later_symptom_refutes_nothing():
    story = timeline(sides_of([with_onset(healthy(), 2_000)]))
    assert story.title == "No failure is known to have begun before the first update"


def test_a_pass_has_no_onset_and_a_run_without_updates_no_first_one():
    story = timeline(sides_of([with_onset(unlearned(), 50, "PASS")]))
    assert story.happenings == ()
    assert story.title == "No update took place, or none can be placed"


def test_seeds_tell_the_earliest_onset():
    runs = [with_onset(healthy(), 900), with_onset(healthy(1), 300)]
    steps = [item.step for item in timeline(sides_of(runs)).happenings]
    assert steps == [300, 1_001]


def test_places_on_the_line_stay_on_it():
    story = timeline(sides_of([with_onset(healthy(), 15_000)]))
    assert story.share(15_000) == 50
    assert story.share(99_999_999) == 100
    assert story.share(-1) == 0
