"""SVG pictures: the same panel gives the same bytes, and foreign labels stay text."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from rca.report.chart import Band, Bars, Mark, Panel, Series, Shade
from rca.report.figures import compact, panel_picture, side_by_side
from tests.judged import HOSTILE

X = np.linspace(1, 1_000, 50)


def panel(**changes):
    line = Series("a", X, np.sin(X), low=np.sin(X) - 1, high=np.sin(X) + 1)
    given = {
        "title": "t",
        "x_label": "x",
        "y_label": "y",
        "marks": (line, Series("b", X, np.cos(X), 1, "points")),
        "shades": (Shade("random", 0, 500), Shade("learning", 500, 1_000, True)),
        "bands": (Band("expected", 0, 500, -0.5, 0.5),),
        "events": (Mark("median", 3.0),),
        "x_range": (0, 1_000),
        "y_range": (-2, 2),
    }
    return Panel(**{**given, **changes})


def test_the_same_panel_gives_the_same_bytes():
    assert panel_picture(panel()) == panel_picture(panel())


def test_panels_stand_side_by_side_in_one_picture():
    drawn = side_by_side([panel_picture(panel(title=title)) for title in "uvw"])
    tree = ET.fromstring(drawn)
    assert [(p.get("x"), p.get("y")) for p in tree] == [
        ("0", "0"), ("403.2", "0"), ("0", "201.6"),
    ]  # fmt: skip
    assert tree.get("viewBox") == "0 0 806.4 403.2"
    assert {(p.get("width"), p.get("height")) for p in tree} == {("403.2", "201.6")}


@pytest.mark.parametrize("scale", ["linear", "log", "symlog"])
def test_axes_carry_numbers_on_every_scale(scale):
    y = X if scale == "log" else X - 500
    curves = (Series("a", X, y),)
    low = 0.5 if scale == "log" else -600
    svg = panel_picture(panel(marks=curves, y_scale=scale, y_range=(low, 1_200)))
    assert ">100<" in svg or ">500<" in svg


@pytest.mark.parametrize("text", [*HOSTILE[:4], r"$\frac{1$"])
def test_foreign_labels_are_drawn_as_they_are(text):
    svg = panel_picture(panel(title=text, marks=(Series(text, X, X), Series("b", X, X))))
    texts = ["".join(element.itertext()) for element in ET.fromstring(svg).iter()]
    assert text in [part.strip() for part in texts]
    assert not [e for e in ET.fromstring(svg).iter() if e.tag.endswith("script")]


def test_a_long_label_leaves_room_for_the_curves():
    svg = panel_picture(panel(title="T" * 10_000, y_label="Y" * 10_000))
    assert "T" * 60 + " " in svg
    assert "T" * 61 not in svg


def test_letters_without_a_glyph_do_not_stop_the_report():
    assert "<svg" in panel_picture(panel(title="\N{CJK UNIFIED IDEOGRAPH-8ECA}"))


def test_an_empty_panel_says_why():
    assert "0 updates" in panel_picture(panel(marks=(), empty="0 updates were executed"))


def test_bars_stand_on_one_another_only_if_asked():
    edges, heights = np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0])
    bars = (Bars("a", edges, heights), Bars("b", edges, heights, 1))
    apart = panel_picture(panel(marks=bars, x_range=(0, 2), y_range=(0, 4)))
    stacked = panel_picture(panel(marks=bars, x_range=(0, 2), y_range=(0, 4), stacked=True))
    assert apart != stacked


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (30_000, "30k"),
        (-52_500, "\N{MINUS SIGN}52.5k"),
        (1.5e6, "1.5M"),
        (0, "0"),
        (1e-5, "1e\N{MINUS SIGN}5"),
        (6e12, "6e12"),
    ],
)
def test_axis_labels_are_short(value, text):
    assert compact(value) == text
