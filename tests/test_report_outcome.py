"""The first screen says what the runs show and nothing more."""

from dataclasses import replace

import pytest

from rca.report.outcome import lead, tiles, verdict
from rca.report.sides import sides_of
from tests.judged import judged, unlearned
from tests.records import blank, episodes, evaluations, healthy


def sentence(baseline, fixed):
    return verdict(sides_of([baseline], [fixed] if fixed else []))


def test_without_an_update_nothing_is_said_about_learning():
    text, tone = sentence(judged(healthy(), a="FAIL"), judged(unlearned(), a="PASS"))
    assert text.startswith("Undecided: the fixed run executed 0 updates")
    assert tone == "void"


@pytest.mark.parametrize(
    ("before", "after", "start", "tone"),
    [
        ("FAIL", "FAIL", "Not solved: the fixed run fails 1 check", "bad"),
        ("PASS", "FAIL", "The fixed run fails 1 check that the baseline did not fail", "bad"),
        ("NOT_RUN", "FAIL", "Not solved", "bad"),
        ("FAIL", "PASS", "The fixed run no longer fails the 1 check", "good"),
        ("FAIL", "VACUOUS", "The fixed run no longer fails the 1 check", "warn"),
        ("PASS", "PASS", "No check fails on either side", "good"),
        ("PASS", "WARN", "No check fails on either side", "warn"),
        ("PASS", "ERROR", "No check fails on either side, but 1 of 1 could not", "warn"),
    ],
)
def test_the_verdict_follows_from_the_checks(before, after, start, tone):
    text, found = sentence(judged(healthy(), a=before), judged(healthy(1), a=after))
    assert text.startswith(start)
    assert found == tone


def test_a_single_run_is_judged_alone():
    text, tone = sentence(judged(healthy(), a="FAIL", b="PASS"), None)
    assert (text, tone) == ("1 check of 2 fail, first: a", "bad")


def test_what_was_not_measured_is_no_zero():
    row = tiles(sides_of([judged(blank())], [judged(healthy())])).tiles
    assert row[0].values[0] == ("baseline", "not measured")
    assert row[0].difference == "not measured"


def test_both_sides_are_measured_in_the_same_way():
    """One side has evaluations, the other has not: episodes speak for both."""
    bare = replace(healthy(), evaluations=healthy().evaluations.iloc[:0])
    tile = tiles(sides_of([judged(bare)], [judged(healthy())])).tiles[0]
    assert tile.note.startswith("median of")
    assert tile.values[0][1] == tile.values[1][1]


def run_that_ends_at(value):
    table = evaluations([1000, 2000], mean_return=[0.0, value])
    return judged(blank(evaluations=table, episodes=episodes([10], [5.0])))


def test_the_last_evaluation_is_the_outcome():
    tile = tiles(sides_of([run_that_ends_at(10.0)], [run_that_ends_at(25.0)])).tiles[0]
    assert [value for _, value in tile.values] == ["10", "25"]
    assert tile.difference == "+15"
    assert tile.note == "last evaluation, at step 2,000"


def test_one_seed_a_side_claims_no_interval():
    sides = sides_of([run_that_ends_at(10.0)], [run_that_ends_at(25.0)])
    assert "[" not in tiles(sides).tiles[0].difference
    assert any("not proof" in line for line in lead(sides))


def test_seeds_give_welchs_interval():
    before, after = [[run_that_ends_at(v) for v in values] for values in ([1, 2, 3], [11, 12, 13])]
    sides = sides_of(before, after)
    # scipy: t = 10 / sqrt(2/3) on 4 degrees of freedom; half width 2.776 * 0.8165 = 2.267
    tile = tiles(sides).tiles[0]
    assert tile.difference == "+10 [+7.73, +12.3]"
    assert (tile.direction, tile.tone) == ("\N{BLACK UP-POINTING TRIANGLE} better", "good")
    assert not any("not proof" in line for line in lead(sides))


@pytest.mark.parametrize(
    ("before", "after", "words", "tone"),
    [
        ([11, 12, 13], [1, 2, 3], "worse", "bad"),
        ([1, 5, 9], [2, 6, 10], "higher; may be chance", "muted"),
        ([4, 4], [4, 4], "equal; the seeds do not differ", "muted"),
        ([0.1 + 0.2, 0.3, 0.3], [7, 8, 9], "better", "good"),  # agree to the last digit but one
        ([3], [9], "higher; one run is no proof", "muted"),
    ],
)
def test_a_tile_says_which_way_and_whether_it_may_be_chance(before, after, words, tone):
    sides = sides_of(*([run_that_ends_at(v) for v in values] for values in (before, after)))
    tile = tiles(sides).tiles[0]
    assert tile.direction.endswith(words)
    assert tile.tone == tone
