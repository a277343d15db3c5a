"""Ticks of logarithmic axes."""

import numpy as np
import pytest

from rca.report.ticks import ROOM, ticks


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((0.8, 1_100), [1, 10, 100, 1_000]),
        ((20, 80), [20, 50]),
        ((1e-8, 1e8), [1e-8, 1e-6, 1e-4, 1e-2, 1, 1e2, 1e4, 1e6, 1e8]),
    ],
)
def test_a_logarithmic_axis_has_round_ticks_with_room(span, expected):
    found = ticks(span, "log")
    places = np.log10(found)
    assert set(expected) & set(found)
    assert np.diff(places).min() >= ROOM * np.log10(span[1] / span[0]) - 1e-9
    assert all(f"{tick:.0e}"[0] in "125" for tick in found)
    assert 2 <= len(found) <= 11


def test_a_symmetric_axis_shows_zero_and_both_signs():
    found = ticks((-1e5, 2e6), "symlog", 100.0)
    assert 0 in found
    assert min(found) < 0 < max(found)
    assert max(found) >= 1e6


def test_nothing_below_zero_is_numbered_where_nothing_is():
    found = ticks((-0.5, 25), "symlog", 1.7)
    assert min(found) == 0


def test_a_linear_axis_is_left_to_the_library():
    assert ticks((0, 1), "linear") == []
