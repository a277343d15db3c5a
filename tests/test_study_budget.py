"""What fits into a given time."""

import pytest

from rca.config import load_config
from rca.errors import UsageError
from rca.study.budget import Cost, plan, seconds_of
from rca.study.design import DESIGNS
from rca.study.plan import Asked, planned

SIX = list("abcdef")
STEADY = {36: Cost(0.0, 0.01)}
"""Seconds of a run by picture size."""


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("1.5h", 5400)])
def test_times(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "m", "0m", "-3m", "3 days"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(UsageError, match="--budget"):
        seconds_of(text)


def test_what_fits_in_no_way_says_how_long_the_smallest_study_takes():
    with pytest.raises(UsageError, match=r"the smallest study of 6 factors takes 1\.0 min"):
        plan(SIX, 30, STEADY, 3000, workers=2)


@pytest.mark.parametrize("minutes", [1.2, 2, 5, 10, 20, 40, 80, 200, 1000])
def test_a_plan_fits_and_says_what_it_gave_up(minutes):
    costs = {84: Cost(5.0, 0.03), 48: Cost(5.0, 0.015), 36: Cost(5.0, 0.005)}
    found = plan(SIX, minutes * 60, costs, 3000, workers=2)
    runs = len(DESIGNS[found.design](SIX)) * found.seeds
    run_s = costs[found.size].of(found.steps)
    assert found.minutes == pytest.approx((runs + runs % 2) / 2 * run_s / 60)
    assert found.minutes <= minutes
    assert found.seeds >= 2
    told = " ".join(found.given_up)
    assert ("seeds" in told) == (found.seeds < 3)
    assert ("pictures" in told) == (found.size < 84)
    assert ("steps" in told) == (found.steps < 3000)
    assert ("CAUSE" in told) == (found.design == "leave-one-out")


def test_seeds_then_pictures_then_steps_then_the_design_are_given_up():
    costs = {84: Cost(0.0, 0.02), 36: Cost(0.0, 0.01)}
    plans = [plan(SIX, 60 * minutes, costs, 3000, 2) for minutes in (21, 14, 11, 5.5, 1.5)]
    assert [p.design for p in plans] == ["one-at-a-time"] * 4 + ["leave-one-out"]
    assert [(p.seeds, p.size, p.steps) for p in plans[:4]] == [
        (3, 84, 3000),
        (2, 84, 3000),
        (3, 36, 3000),
        (3, 36, 1500),
    ]


def test_every_combination_is_run_where_there_is_time_and_never_too_many():
    assert plan(SIX, 64 * 3 * 15, STEADY, 3000, workers=2).design == "full"
    twelve = [str(n) for n in range(12)]
    assert plan(twelve, 1e9, STEADY, 3000, workers=2).design == "one-at-a-time"


def test_a_design_and_seeds_that_were_asked_for_are_kept():
    found = plan(SIX, 1000, STEADY, 3000, 2, designs=("leave-one-out",), seeds=5)
    assert (found.design, found.seeds) == ("leave-one-out", 5)
    assert not any("seeds" in line for line in found.given_up)


def test_pictures_that_are_a_factor_stay_one_whatever_the_budget(tmp_path, monkeypatch):
    asked = Asked(
        "quick",
        str(tmp_path / "after.yaml"),
        (),
        None,
        (),
        (),
        budget="100h",
    )
    after = load_config("quick", ["env.image_size=48", "agent.batch_size=64"])
    (tmp_path / "after.yaml").write_text(after.to_yaml())
    monkeypatch.setattr("rca.study.plan._cost", lambda *words: Cost(1.0, 0.01))  # no time to drive
    found = planned(asked, tmp_path, lambda *words: [], 2)
    assert set(found.study.names) == {"image_size", "batch_size"}


@pytest.mark.parametrize("before", ["quick", "seed"])
def test_a_seed_given_twice_is_refused(tmp_path, before):
    asked = Asked(before, None if before == "seed" else "healthy", (1, 2, 1), None, (), ())
    with pytest.raises(UsageError, match="--seed: one is given twice"):
        planned(asked, tmp_path, lambda *words: [], 2)
