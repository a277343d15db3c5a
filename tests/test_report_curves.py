"""Thinning and shared axes."""

import numpy as np

from rca.report.chart import Bars, Panel, Series
from rca.report.curves import MAX_DOTS, MAX_POINTS, curve, dots, share_axes


def test_thinning_keeps_the_spike():
    x, y = np.arange(30_000.0), np.zeros(30_000)
    y[12_345], y[20_000] = 99.0, np.nan
    thin = curve("a", x, y, 0)
    assert len(thin.x) == MAX_POINTS
    assert thin.high is not None
    assert thin.high.max() == 99.0
    assert np.isfinite(thin.y).all()


def test_one_repeated_value_still_has_an_axis():
    x = np.arange(3.0)
    (panel,) = share_axes([Panel("t", "x", "y", (Series("a", x, np.full(3, -53.0)),))])
    assert panel.y_range[0] < -53 < panel.y_range[1]


def test_few_values_are_drawn_as_they_are():
    x, y = np.arange(5.0), np.array([1.0, 2.0, np.nan, 4.0, 5.0])
    assert curve("a", x, y, 0).low is None
    np.testing.assert_array_equal(curve("a", x, y, 0).y, y)


def test_dots_are_never_more_than_the_limit():
    x = np.arange(10_000.0)
    assert len(dots("a", x, x, 0).x) <= MAX_DOTS


def test_stacked_bars_fit_their_axis_on_both_sides_of_zero():
    edges = np.array([0.0, 1.0, 2.0])
    marks = (
        Bars("gain", edges, np.array([3.0, 1.0])),
        Bars("more", edges, np.array([2.0, 0.0])),
        Bars("cost", edges, np.array([-4.0, -1.0])),
    )
    (panel,) = share_axes([Panel("t", "x", "y", marks, stacked=True)])
    assert panel.y_range[0] <= -4
    assert panel.y_range[1] >= 5


def test_a_symmetric_axis_leaves_room_beyond_the_largest_values_for_all_panels():
    x = np.arange(3.0)
    panels = [
        Panel("a", "x", "y", (Series("a", x, np.array([-1e4, 0, 10])),), y_scale="symlog"),
        Panel("b", "x", "y", (Series("a", x, np.array([1.0, 10, 1e6])),), y_scale="symlog"),
    ]
    first, second = share_axes(panels)
    assert first.y_range[0] < -1e4
    assert first.y_range[1] > 1e6
    assert first.linear_below == second.linear_below
    assert 1 <= first.linear_below <= 10
