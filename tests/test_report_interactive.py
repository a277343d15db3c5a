"""What the page's script draws from."""

import json

import numpy as np

from rca.report.build import build
from rca.report.chart import Bars, Figure, Panel, Series
from rca.report.interactive import figure_data
from rca.report.model import Report, Section, Tiles
from tests.judged import judged, unlearned
from tests.records import healthy


def report(*panels):
    figure = Figure("f", "t", "c", panels)
    return Report("t", "v", "", (), (), Tiles(()), sections=(Section("s", "s", (figure,)),))


def test_what_was_not_measured_is_null_not_zero():
    y = np.array([1.0, np.nan, 0.0])
    data = figure_data(report(Panel("t", "x", "y", (Series("a", np.arange(3.0), y),))))
    assert json.loads(json.dumps(data, allow_nan=False))["f"]["panels"][0]["marks"][0]["y"] == [
        1, None, 0,
    ]  # fmt: skip


def test_numbers_keep_five_digits_and_whole_ones_all():
    x, y = np.array([123_456.0]), np.array([0.123456789])
    mark = figure_data(report(Panel("t", "x", "y", (Series("a", x, y),))))["f"]["panels"][0][
        "marks"
    ][0]
    assert (mark["x"], mark["y"]) == ([123_456], [0.12346])


def test_bars_keep_their_edges():
    bars = Bars("a", np.array([0.5, 1.5]), np.array([100.0]))
    mark = figure_data(report(Panel("t", "x", "y", (bars,))))["f"]["panels"][0]["marks"][0]
    assert (mark["edges"], mark["heights"]) == ([0.5, 1.5], [100])


def test_panels_without_anything_to_draw_are_left_to_words():
    data = figure_data(build([judged(unlearned())], [judged(healthy())]))
    assert len(data["gradients"]["panels"]) == 1
    assert "drift" not in figure_data(build([judged(unlearned())]))
