"""Numbers and foreign text in words."""

import math

import numpy as np
import pytest

from rca.report.chart import Panel, Series
from rca.report.wording import MAX_CHARS, listing, number, plain, plural, setting, signed, tidy


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (math.nan, "steps", "not measured"),
        (None, "", "not measured"),
        (0.0, "steps", "0 steps"),
        (-52465.89, "", "\N{MINUS SIGN}52,466"),
        (27.42, "steps", "27.4 steps"),
        (0.125, "%", "12.5 %"),
        (3e-4, "", "3e\N{MINUS SIGN}4"),
        (6.295e12, "1", "6.3e12"),
        (1_644_810.0, "", "1.6e6"),
        (math.inf, "", "infinite"),
    ],
)
def test_numbers_are_short_and_absence_is_not_zero(value, unit, text):
    assert number(value, unit) == text


def test_a_difference_shows_its_direction():
    assert signed(3.0) == "+3"
    assert signed(-3.0) == "\N{MINUS SIGN}3"
    assert signed(0.0) == "0"
    assert signed(math.nan) == "not measured"


@pytest.mark.parametrize(
    ("value", "text"),
    [(3e-4, "0.0003"), (True, "true"), (None, "null"), (100_000, "100,000"), ([1, 2], "[1, 2]")],
)
def test_settings_are_shown_as_they_are_typed(value, text):
    assert setting(value) == text


def test_a_setting_loses_no_digit():
    assert setting(0.1234567891) == "0.1234567891"


def test_counts_and_lists_read_as_words():
    assert [plural(n, "check") for n in (0, 1, 1200)] == ["no check", "1 check", "1,200 checks"]
    assert listing(["a", "b", "c"]) == "a, b and c"


def test_what_steers_a_reader_or_a_terminal_becomes_visible():
    assert plain("a\x1b[31mb") == "a<U+001B>[31mb"
    assert plain("exe\N{RIGHT-TO-LEFT OVERRIDE}gnp") == "exe<U+202E>gnp"
    assert plain("two\nlines") == "two<U+000A>lines"


def test_a_long_text_is_cut_and_says_so():
    cut = plain("x" * 10_000)
    assert len(cut) < MAX_CHARS + 40
    assert cut.endswith("(10,000 characters)")


def test_tidying_reaches_every_text_and_leaves_numbers():
    values = np.array([1.0, 2.0])
    panel = Panel("t\0", "x", "y", (Series("l\0", values, values),), empty="\0")
    clean = tidy(panel)
    assert (clean.title, clean.marks[0].label, clean.empty) == (
        "t<U+0000>",
        "l<U+0000>",
        "<U+0000>",
    )
    (curve,) = clean.marks
    assert isinstance(curve, Series)
    assert curve.y is values


def test_a_distance_below_what_a_simulator_resolves_is_no_distance():
    assert number(2.4e-8, "m") == "0.00 m"
    assert number(0.25, "m") == "0.25 m"
