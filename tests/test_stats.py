import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rca.stats import (
    change_points,
    iqm,
    mean_ratio_p,
    modes,
    possible_shifts,
    shifts,
    smaller_p,
    stratified_interval,
    trend_p,
)

anything = arrays(
    np.float64,
    st.integers(0, 60),
    elements=st.floats(-1e100, 1e100) | st.sampled_from([math.nan, math.inf, -math.inf]),
)


def test_two_kinds_of_episodes_are_two_modes_whatever_their_numbers():
    rng = np.random.default_rng(0)
    short, capped = rng.geometric(0.3, size=1068), np.full(26, 1000)
    found = modes(np.concatenate([short, capped]).astype(float))
    assert [mode.count for mode in found] == [1068, 26]
    assert found[0].median == np.median(short)
    assert found[1].median == pytest.approx(1000)


def test_one_kind_of_episodes_is_one_mode():
    rng = np.random.default_rng(1)
    found = modes(rng.normal(300, 40, size=400))
    assert len(found) == 1
    assert found[0].share == 1.0


def test_modes_of_nothing_is_nothing():
    assert modes(np.array([math.nan, -1.0, 0.0])) == []


def test_a_jump_is_found_where_it_is():
    rng = np.random.default_rng(2)
    series = np.concatenate([rng.normal(0, 1, 80), rng.normal(6, 1, 40)])
    assert change_points(series) == [80]


def test_a_jump_in_a_long_series_is_found_within_a_block():
    rng = np.random.default_rng(3)
    series = np.concatenate([rng.normal(0, 1, 30_000), rng.normal(3, 1, 20_000)])
    points = change_points(series)
    assert any(abs(point - 30_000) <= 50 for point in points)


def test_the_penalty_cuts_white_noise_about_once_in_500_series():
    rng = np.random.default_rng(4)
    cut = sum(bool(change_points(rng.normal(size=100), min_size=5)) for _ in range(500))
    assert cut <= 5


def test_constant_series_have_no_change_points():
    assert change_points(np.full(50, 7.0)) == []


def test_smaller_p_sees_the_direction():
    rng = np.random.default_rng(5)
    low, high = rng.normal(0, 1, 30), rng.normal(2, 1, 30)
    assert smaller_p(low, high) < 0.001
    assert smaller_p(high, low) > 0.999
    assert math.isnan(smaller_p(low, np.array([])))


def test_mean_ratio_p_holds_its_level_on_exponential_lengths():
    rng = np.random.default_rng(6)
    known, means = rng.exponential(50, 400), rng.exponential(50, size=(400, 2, 5)).mean(axis=2)
    p = [mean_ratio_p(m.max() / m.min(), 5, known, rng, draws=1_000) for m in means]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.03)
    assert mean_ratio_p(93 / 6, 10, known, rng) < 1e-3
    assert math.isnan(mean_ratio_p(2.0, 5, known[:0], rng))


def test_trend_p_sees_a_rise_and_refuses_a_constant():
    assert trend_p(np.arange(20.0)) < 0.001
    assert trend_p(-np.arange(20.0)) > 0.999
    assert math.isnan(trend_p(np.ones(20)))


def test_two_long_episodes_before_many_short_ones_are_a_shift():
    rng = np.random.default_rng(7)
    lengths = np.concatenate([np.full(3, 1000), rng.geometric(0.3, 250)])
    found = shifts(np.log(lengths))
    assert [shift.index for shift in found] == [3]
    assert found[0].before > found[0].after


def test_a_change_that_chance_may_explain_is_possible_and_no_shift():
    logs = np.log([1000.0] * 3 + [4.0, 5.0, 3.0, 6.0] * 5)
    assert shifts(logs) == []
    (found,) = possible_shifts(logs)
    assert (found.index, found.fewest) == (3, 3)
    assert all(shift.p <= 1 for shift in possible_shifts(np.log([9.0, 9.0, 1.0, 2.0, 9.0])))


STATIONARY: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "exponential": lambda rng: 1 + rng.exponential(60, 150),
    "geometric": lambda rng: rng.geometric(0.3, 150),
    "two kinds": lambda rng: np.where(rng.uniform(size=150) < 0.1, 1000, rng.poisson(20, 150)),
    "heavy tail": lambda rng: 1 + rng.pareto(1.0, 150) * 10,
}


def test_few_values_are_judged_exactly_ties_included():
    rest = np.array([1.0, 2.0, 3.0, 4.0, 9.0, 9.0])
    assert smaller_p(rest, np.array([9.0, 9.0])) == pytest.approx(6 / 28)
    assert smaller_p(np.array([0.0, 0.5]), rest) == pytest.approx(1 / 28)
    assert smaller_p(np.array([9.0, 9.0]), rest) == 1.0


def test_a_shift_shows_though_the_old_kind_comes_back_now_and_then():
    rng = np.random.default_rng(9)
    lengths = np.concatenate([np.full(3, 1000), rng.geometric(0.3, 1000)]).astype(float)
    lengths[[300, 550, 800]] = 1000
    assert [shift.index for shift in shifts(np.log(lengths))] == [3]


@pytest.mark.parametrize("kind", STATIONARY)
def test_shifts_hold_their_level_where_nothing_changes(kind):
    rng = np.random.default_rng(8)
    lengths = [STATIONARY[kind](rng) for _ in range(50)]
    assert sum(bool(shifts(np.log(values + 1))) for values in lengths) <= 2


@settings(max_examples=200, deadline=None)
@given(values=anything)
def test_modes_and_change_points_take_any_floats(values):
    assert sum(mode.share for mode in modes(values)) <= 1 + 1e-9
    points = change_points(values)
    assert points == sorted(points)
    assert all(0 < point < len(values) for point in points)


def test_iqm_by_hand():
    assert iqm(np.array([1, 2, 3, 4, 5, 6, 7, 100.0])) == pytest.approx((3 + 4 + 5 + 6) / 4)


def test_iqm_and_its_interval_agree_with_rliable():
    # arch 8 refuses what rliable gives it, and arch 7 needs an older pandas than ours.
    library = pytest.importorskip(
        "rliable.library",
        reason="rliable is not installed; `make oracle` runs this in an environment of its own",
    )
    metrics = pytest.importorskip("rliable.metrics")
    values = np.random.default_rng(0).normal(size=(10, 5))
    assert iqm(values) == pytest.approx(metrics.aggregate_iqm(values))
    _, right = library.get_interval_estimates(
        {"x": values}, lambda x: np.array([metrics.aggregate_iqm(x)]), reps=2000
    )
    low, high = stratified_interval(values, np.random.default_rng(1))
    assert (low, high) == pytest.approx(tuple(right["x"][:, 0]), abs=0.05)


def test_the_stratified_interval_draws_within_columns():
    apart = np.column_stack([np.zeros(20), np.full(20, 100.0)])
    assert stratified_interval(apart, np.random.default_rng(0)) == (50.0, 50.0)
