"""Designs: which arms, and that delta debugging finds the smallest fix."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rca.errors import UsageError
from rca.study.design import (
    DESIGNS,
    fractional,
    full,
    label,
    leave_one_out,
    minimal_fix,
    one_at_a_time,
)

NAMES = list("abcdef")


@pytest.mark.parametrize("k", range(1, 8))
@pytest.mark.parametrize("design", DESIGNS)
def test_every_design_has_both_ends_and_no_arm_twice(design, k):
    arms = DESIGNS[design](NAMES[:k] + ["g"] * (k == 7))
    assert frozenset() in arms
    assert max(len(arm) for arm in arms) == k
    assert len(arms) == len(set(arms))


def test_sizes():
    assert len(one_at_a_time(NAMES)) == 14
    assert len(leave_one_out(NAMES)) == 8
    assert len(full(NAMES)) == 64
    assert len(fractional(NAMES)) == 18 or len(fractional(NAMES)) == 16
    assert one_at_a_time(["a"]) == [frozenset(), frozenset("a")]


def test_a_fraction_keeps_main_effects_apart():
    arms = [arm for arm in fractional(NAMES) if arm]
    rows = np.array([[1 if f in arm else -1 for f in NAMES] for arm in arms])
    assert np.linalg.matrix_rank(rows) == len(NAMES)


def test_a_full_design_too_large_is_refused():
    with pytest.raises(UsageError, match="11 factors make 2,048 arms"):
        full([str(n) for n in range(11)])


def test_labels():
    assert label(frozenset(), NAMES) == "none"
    assert label(frozenset(NAMES), NAMES) == "all"
    assert label(frozenset("b"), NAMES) == "only_b"
    assert label(frozenset("acdef"), NAMES) == "without_b"
    assert label(frozenset("da"), NAMES) == "a+d"


@given(st.sets(st.integers(0, 11), min_size=1, max_size=4))
def test_delta_debugging_finds_the_factors_that_are_needed_together(needed):
    names = [str(n) for n in range(12)]
    wanted, asked = {str(n) for n in needed}, []

    def fixes(arm):
        asked.append(arm)
        return wanted <= arm

    assert minimal_fix(names, fixes) == wanted
    assert len(asked) <= 12**2 + 3 * 12


def test_delta_debugging_returns_what_cannot_be_made_smaller_where_two_ways_lead_out():
    found = minimal_fix(NAMES, lambda arm: {"a", "b"} <= arm or "f" in arm)
    assert found in ({"a", "b"}, {"f"})
