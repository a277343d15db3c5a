"""A diagnosis as a page, as rows, and as a timeline: the same story in each."""

import json
import re
from dataclasses import replace
from io import BytesIO

import pytest
from junitparser import JUnitXml
from PIL import Image

from rca.checking import Finding, Verdict
from rca.diagnosis.cause import Cause, Moment
from rca.diagnosis.diagnose import Diagnosis, Evidence, Ranked, Refuted, Untested
from rca.errors import UsageError
from rca.report.answers import of_diagnosis, of_run, together
from rca.report.cause_tables import ranked_table, sentence
from rca.report.junit import to_junit
from rca.report.pages import diagnosis_page, html, markdown
from rca.report.sarif import to_sarif
from rca.report.timeline import causal_timeline
from rca.report.timeline_picture import timeline_picture
from rca.report.write import write_timeline
from tests.judged import HOSTILE, hostile, judged
from tests.records import healthy

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
FINDING = Finding(Verdict.FAIL, "5 of 6", onset=4_000, check="a.b")
FOUND = Diagnosis(
    run="a-run",
    ranked=(
        Ranked(CAUSE, 0.9, (Evidence(FINDING, 2.5),), 4_000),
        Ranked(replace(CAUSE, id="doubted"), 0.2, (Evidence(FINDING, 0.5),), None),
    ),
    refuted=(Refuted(replace(CAUSE, id="cleared"), "it came later"),),
    untested=(Untested(replace(CAUSE, id="unseen"), "log it"),),
    story=("from step 4,000: Something was planted",),
)


@pytest.fixture(scope="module")
def run():
    answers = judged(healthy(), a__b="FAIL")
    return replace(answers, findings=[FINDING])


def test_only_a_refuted_cause_passes(run):
    rows = {row.id: row.finding.verdict for row in of_diagnosis(FOUND, run.run).rows}
    assert rows == {
        "planted": Verdict.FAIL,
        "doubted": Verdict.VACUOUS,
        "unseen": Verdict.NOT_RUN,
        "cleared": Verdict.PASS,
    }


def test_build_servers_count_causes(run):
    answers = of_diagnosis(FOUND, run.run)
    suite = next(iter(JUnitXml.fromstring(to_junit(answers).encode())))
    suite.update_statistics()
    assert (suite.tests, suite.failures, suite.skipped) == (4, 1, 2)
    results = json.loads(to_sarif(answers))["runs"][0]["results"]
    assert [r["ruleId"] for r in results if r["kind"] == "fail"] == ["planted"]
    assert results[0]["properties"]["onset"] == 4_000


def test_the_page_tells_the_story_and_what_it_is_not(run):
    page = diagnosis_page(run, FOUND)
    assert page.verdict == "Something was planted, since step 4,000 (90%); 1 cause refuted."
    assert [s.id for s in page.sections[:4]] == ["story", "timeline", "causes", "refuted"]
    for text in (html(page), markdown(page)):
        plain = text.replace("\\", "")
        assert "from step 4,000: Something was planted" in plain
        assert "it came later" in plain
        assert "log it" in plain


def test_what_speaks_against_a_cause_stands_beside_what_speaks_for_it():
    against = Finding(Verdict.PASS, "all is well", check="c.d")
    both = replace(FOUND.ranked[0], evidence=(Evidence(FINDING, 2.5), Evidence(against, -1.0)))
    row = ranked_table(replace(FOUND, ranked=(both,))).rows[0]
    assert [cell.text for cell in row[1:]] == ["a.b: 5 of 6", "c.d: all is well"]
    assert row[0].badge == "90%"


def test_without_a_likely_cause_the_sentence_accuses_none():
    assert sentence(replace(FOUND, ranked=FOUND.ranked[1:])).startswith("No cause is likely")


def test_hostile_text_stays_text_in_a_page():
    bad = hostile()
    found = replace(FOUND, run=HOSTILE[0], story=HOSTILE)
    page = html(diagnosis_page(bad, found))
    assert "<script>alert" not in page
    assert len(re.findall("<script", page)) == 2
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in page
    assert "[x](javascript" not in markdown(diagnosis_page(bad, found)).replace("\\", "~")


def test_a_likely_cause_has_a_row_from_its_onset_on(run):
    drawn = causal_timeline(run, FOUND)
    assert [lane.label for lane in drawn.lanes] == ["run", "planted 90%"]
    (span,) = drawn.lanes[1].spans
    assert (span.first, span.last) == (4_000, drawn.last)
    assert drawn.lanes[1].ticks == (4_000,)
    assert [item.step for item in drawn.happenings] == [1_001, 4_000]


def test_causes_that_came_too_late_have_a_row_from_when_they_could_act(run):
    late = replace(FOUND.ranked[0].cause, id="late", acts_from=Moment.FIRST_UPDATE)
    found = replace(FOUND, refuted=(Refuted(late, "it came later", is_by_order=True),))
    row = causal_timeline(run, found).lanes[-1]
    assert (row.label, row.spans[0].label, row.spans[0].first) == ("late", "cleared", 1_001)
    ruled_out = replace(found, refuted=(Refuted(late, "it passed"),))
    assert [lane.label for lane in causal_timeline(run, ruled_out).lanes] == ["run", "planted 90%"]


def test_the_picture_holds_the_lengths_of_the_episodes(run):
    drawn = causal_timeline(run, FOUND)
    assert drawn.lengths is not None
    assert len(drawn.lengths.x) == len(run.run.episodes)
    with_data = Image.open(BytesIO(timeline_picture(drawn, "x")))
    without = Image.open(BytesIO(timeline_picture(replace(drawn, lengths=None), "x")))
    assert with_data.size[1] > without.size[1]


def test_the_picture_shows_the_cause_where_it_began(run, tmp_path):
    path = write_timeline(run, FOUND, tmp_path / "t.png")
    pixels = Image.open(path).convert("RGB")
    wide, high = pixels.size
    bars = [
        [x for x in range(wide) if pixels.getpixel((x, y)) == (246, 217, 196)]
        for y in range(int(0.3 * high), high, 3)
    ]
    longest = max(bars, key=len)
    left, right = 0.24 * wide, 0.98 * wide
    expected = left + (right - left) * 4_000 / causal_timeline(run, FOUND).last
    assert abs(longest[0] - expected) < 3
    assert abs(longest[-1] - right) < 3


def test_the_same_timeline_gives_the_same_bytes(run):
    drawn = causal_timeline(run, FOUND)
    assert timeline_picture(drawn, "x") == timeline_picture(drawn, "x")
    assert timeline_picture(drawn, "x", "svg").startswith(b"<?xml")


def test_hostile_text_breaks_no_picture():
    bad = hostile()
    story = causal_timeline(bad, FOUND)
    texts = [replace(story.happenings[0], text=text) for text in HOSTILE]
    assert timeline_picture(replace(story, happenings=tuple(texts)), HOSTILE[0])


def test_a_timeline_page_has_the_likely_row(run, tmp_path):
    text = write_timeline(run, FOUND, tmp_path / "t.html").read_text()
    assert '<rect class="likely"' in text
    assert "planted 90%" in text


def test_a_timeline_that_cannot_be_written_is_wrong_usage(run, tmp_path):
    with pytest.raises(UsageError, match="none"):
        write_timeline(run, FOUND, tmp_path / "none" / "t.html")


def test_a_run_and_its_config_are_one_list(run):
    config = of_run(judged(healthy(), z__config="PASS"))
    both = together(of_run(run), config)
    assert [row.id for row in both.rows] == ["a.b", "z.config"]
    assert both.exit_code == 1
