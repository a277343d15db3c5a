"""Shapley values, interactions and the ablation path against tables computed by hand."""

import math

import pandas as pd
import pytest

from rca.study.combined import ablation_path, arm_means, interactions, shapley
from rca.study.design import full

NONE: frozenset[str] = frozenset()
A, B, AB = frozenset("a"), frozenset("b"), frozenset("ab")


def test_shapley_of_the_gloves_game():
    # one left glove (a), two right ones (b, c): a pair is worth 1; known answer 2/3, 1/6, 1/6
    worth = {arm: float("a" in arm and bool(arm & {"b", "c"})) for arm in full("abc")}
    shares = shapley(worth, ["a", "b", "c"])
    assert shares == pytest.approx({"a": 2 / 3, "b": 1 / 6, "c": 1 / 6})
    del worth[frozenset("ab")]
    assert shapley(worth, ["a", "b", "c"]) == {}


def test_interaction_is_the_difference_of_differences():
    means = {NONE: 1.0, A: 3.0, B: 4.0, AB: 10.0}
    found = interactions(means, ["a", "b"])
    assert found.to_numpy()[0, 1] == found.to_numpy()[1, 0] == pytest.approx(4.0)
    assert interactions({NONE: 1.0, A: 2.0}, ["a", "b"]).isna().all(axis=None)


def test_the_ablation_path_takes_the_greatest_gain_first_and_stops_where_no_arm_was_run():
    means = {NONE: 0.0, A: 3.0, B: 5.0, AB: 6.0}
    assert ablation_path(means, ["a", "b"]) == [("b", 5.0), ("a", 1.0)]
    assert ablation_path({NONE: 0.0, A: 3.0}, ["a", "b", "c"]) == [("a", 3.0)]


def test_means_leave_missing_runs_out():
    values = [(NONE, 1.0), (NONE, math.nan), (A, math.nan)]
    runs = pd.DataFrame(values, columns=["arm", "y"])
    assert arm_means(runs, "y") == {NONE: 1.0}
