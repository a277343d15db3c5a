"""Studies that are judged more than once: when they end, what they say, how often they err.

The runs are real run folders, as in tests/test_study_search.py.
"""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rca.errors import UsageError
from rca.runs.folder import RunWriter
from rca.runs.load import load_run
from rca.runs.record import EVALUATION_COLUMNS, Outcome
from rca.study.attribution import Answer, attribute
from rca.study.design import one_at_a_time
from rca.study.effects import LEVEL
from rca.study.factors import parse_end
from rca.study.looks import run_in_looks
from rca.study.plan import Asked, planned
from rca.study.report import write_study
from rca.study.saved import saved
from rca.study.study import MEASURES, analysed, run_study
from rca.study.trials import TrialResult
from tests.test_study_search import a_study, recorder

SEEDS = (1, 2, 3, 4, 5, 6)


def looked_at(looks=(3, 6)):
    return replace(a_study(["tau", "discount"], seeds=SEEDS), looks=looks)


def cause(broken):
    return 0.0 if "tau" in broken else 100.0


def test_a_study_ends_at_the_first_look_that_leaves_no_cause_open(tmp_path):
    ran: list[str] = []
    found = run_in_looks(looked_at(), tmp_path, recorder(cause, ran))
    assert found.study.seeds == SEEDS[:3]
    assert len(ran) == 4 * 3
    page = write_study(found, tmp_path / "page", "rca study").read_text()
    assert "Root cause: tau" in page
    assert "planned at 3 and 6 seeds" in page
    assert "ended after 3, one that named a cause and left none known in part" in page
    assert "Intervals at 97.5%" in page
    again, _ = saved(tmp_path / "page")
    assert again.study.looks == (3, 6)


def test_it_goes_on_where_no_cause_is_named_and_tells_every_run_once(tmp_path):
    ran: list[str] = []
    told: list[str] = []
    rng = np.random.default_rng(0)
    engine = recorder(lambda broken: rng.normal(100.0, 40.0), ran)
    found = run_in_looks(looked_at(), tmp_path, engine, lambda one: told.append(one.folder.name))
    assert found.study.seeds == SEEDS
    assert sorted(told) == sorted(ran)
    assert len(set(told)) == 4 * 6
    assert found.said.endswith("the study ended after 6, the last.")
    rest = run_in_looks(looked_at(), tmp_path, engine)
    assert len(ran) == 4 * 6  # whatever stands is not run again
    pd.testing.assert_frame_equal(rest.table, found.table)


def test_it_goes_on_where_a_cause_is_known_in_part(tmp_path):
    def both(broken):
        return 0.0 if "tau" in broken else 100.0 - 40.0 * ("discount" in broken)

    first = replace(looked_at(), seeds=SEEDS[:3])
    told = analysed(first, run_study(first, tmp_path, recorder(both, [])), MEASURES[0])
    assert {item.answer for item in told} == {Answer.CAUSE, Answer.CONTRIBUTES}
    found = run_in_looks(looked_at(), tmp_path, recorder(both, []))
    assert len(found.study.seeds) == 6


def test_it_ends_where_nothing_has_an_effect_and_where_no_run_finished(tmp_path):
    engine = recorder(lambda broken: 100.0, [])
    found = run_in_looks(looked_at(), tmp_path / "same", engine)
    assert {a.answer for a in analysed(found.study, found.table, MEASURES[0])} == {Answer.NO_EFFECT}
    assert found.said.endswith("after 3, one that showed every factor to have no effect.")

    def broken(trials, root, on_result):
        return [TrialResult(trial, root / trial.name, "broken") for trial in trials]

    gone = run_in_looks(looked_at(), tmp_path / "none", broken)
    assert gone.said.endswith("after 3, as no run finished.")


def test_every_look_has_its_share_of_the_error():
    """Of studies where nothing differs, as many name something after two looks as after one."""
    rng, arms = np.random.default_rng(4), one_at_a_time(["a"])
    accused = {1: 0, 2: 0}
    tried = 600
    for _ in range(tried):
        rows = [
            {"arm": arm, "seed": seed, "y": rng.normal(100.0, 30.0)}
            for seed in range(10)
            for arm in arms
        ]
        table = pd.DataFrame(rows)
        for looks in accused:
            parts = (table[table["seed"] < seeds] for seeds in (5, 10))
            found = [attribute(part, ["a"], "y", 15.0, looks=looks)[0] for part in parts]
            # what is named at either look, uncorrected for the two ends, which are one pair here
            accused[looks] += any(one.rescue.p_holm / 2 < LEVEL for one in found)
    assert accused[2] <= 41  # 5%; 41 of 600 is its 98% quantile
    assert accused[1] > 41  # two looks, each with all of the error: 8%


def test_intervals_of_a_look_are_those_of_its_share():
    table = pd.DataFrame(
        [
            {"arm": arm, "seed": seed, "y": 10.0 * len(arm) + (seed * 7 + len(arm)) % 5}
            for arm in one_at_a_time(["a"])
            for seed in range(4)
        ]
    )
    once, twice = (attribute(table, ["a"], "y", 1.0, looks=n)[0].rescue for n in (1, 2))
    assert twice.low < once.low < once.high < twice.high
    assert twice.p == once.p
    assert twice.p_holm == pytest.approx(2 * once.p_holm)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"looks": (5,)}, "give at least two"),
        ({"looks": (5, 5)}, "each with more seeds than the one before"),
        ({"looks": (5, 10), "seeds": (1, 2)}, "the last look is at 10 seeds, 2 are given"),
        ({"looks": (5, 10), "budget": "30m"}, "one-at-a-time and full, without --budget"),
        ({"looks": (5, 10), "design": "minimal"}, "one-at-a-time and full, without --budget"),
        ({"looks": (5, 10), "design": "leave-one-out"}, "one-at-a-time and full, without"),
    ],
)
def test_looks_that_make_no_plan_are_one_line(changed, message, tmp_path):
    asked = Asked("quick+target_frozen", "quick", (), 40, (), ())
    with pytest.raises(UsageError, match=message):
        planned(replace(asked, **changed), tmp_path, recorder(cause, []), workers=1)


def test_looks_choose_the_seeds(tmp_path):
    asked = Asked("quick+target_frozen", "quick", (), 40, (), (), looks=(4, 8))
    made = planned(asked, tmp_path, recorder(cause, []), workers=1)
    assert made.study.seeds == (1, 2, 3, 4, 5, 6, 7, 8)
    assert made.study.looks == (4, 8)


@pytest.mark.parametrize(
    ("steps", "distances", "mean"),
    [
        ([1000, 2000], [0.0, 90.0], 90.0),
        ([1000, 1600, 1800, 2000], [0.0, 60.0, math.nan, 90.0], 75.0),
        ([1000, 2000], [50.0, math.nan], math.nan),
        ([], [], math.nan),
    ],
)
def test_a_run_is_judged_by_the_evaluations_of_its_last_fifth(steps, distances, mean, tmp_path):
    writer = RunWriter.create(tmp_path / "run", parse_end("quick").config, {})
    for step, distance in zip(steps, distances, strict=True):
        row = dict.fromkeys(EVALUATION_COLUMNS, 0.0)
        writer.evaluation(row | {"step": step, "mean_distance": distance})
    writer.finish(Outcome("finished", 1, 1, 0, 0))
    found = MEASURES[0].read(load_run(tmp_path / "run"))
    assert found == pytest.approx(mean, nan_ok=True)
