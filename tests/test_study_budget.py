"""What fits into a given time."""

import pytest

from rca.errors import UsageError
from rca.study.budget import plan, seconds_of
from rca.study.design import DESIGNS

SIX = list("abcdef")


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("1.5h", 5400)])
def test_times(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "m", "0m", "-3m", "3 days"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(UsageError, match="--budget"):
        seconds_of(text)


def test_what_fits_in_no_way_says_how_long_the_smallest_study_takes():
    with pytest.raises(UsageError, match=r"the smallest study of 6 factors takes 1 min"):
        plan(SIX, 30, 0.01, 3000, workers=2)


@pytest.mark.parametrize("minutes", [1.2, 2, 5, 10, 20, 40, 80, 200, 1000])
def test_a_plan_fits_and_says_what_it_gave_up(minutes):
    found = plan(SIX, minutes * 60, 0.01, 3000, workers=2)
    runs = len(DESIGNS[found.design](SIX)) * found.seeds
    assert found.minutes == pytest.approx(runs * found.steps * 0.01 / 2 / 60)
    assert found.minutes <= minutes
    assert found.seeds >= 2
    told = " ".join(found.given_up)
    assert ("seeds" in told) == (found.seeds < 3)
    assert ("steps" in told) == (found.steps < 3000)
    assert ("CAUSE" in told) == (found.design == "leave-one-out")


def test_seeds_are_given_up_before_steps_and_steps_before_the_design():
    plans = [plan(SIX, 60 * minutes, 0.01, 3000, 2) for minutes in (11, 8, 5.5, 1.5)]
    assert [p.design for p in plans] == ["one-at-a-time"] * 3 + ["leave-one-out"]
    assert [(p.seeds, p.steps) for p in plans[:3]] == [(3, 3000), (2, 3000), (3, 1500)]
