"""Figures as data: what is drawn is what was measured; what was not is said in words."""

from dataclasses import replace

import numpy as np

from rca.report.curves import MAX_POINTS, curve, share_axes
from rca.report.model import Bars, Panel, Series
from rca.report.plots import (
    DRIFT,
    GRADIENTS,
    SPREAD,
    episode_figure,
    evaluation_figure,
    histogram_figure,
    signal_figure,
)
from rca.report.sides import sides_of
from tests.judged import judged, unlearned
from tests.records import blank, episodes, healthy, phases, signal, with_signals


def curves(panel):
    return [mark for mark in panel.marks if isinstance(mark, Series)]


def sides(*runs):
    return sides_of([judged(runs[0])], [judged(run) for run in runs[1:]])


def test_gradient_norms_are_drawn_per_module():
    figure = signal_figure(GRADIENTS, sides(healthy()))
    labels = [mark.label for mark in figure.panels[0].marks]
    assert labels == ["actor", "critic", "actor CNN", "critic CNN"]
    assert figure.panels[0].y_scale == "linear" or figure.panels[0].y_range[0] > 0


def test_a_signal_that_could_not_exist_says_why():
    figure = signal_figure(DRIFT, sides(unlearned()))
    assert figure.panels[0].empty == (
        "0 updates were executed: learning starts after 25,000 steps, the run has 100"
    )
    assert figure.empty
    assert figure.title == "CNN weight drift: not measured"


def test_a_signal_that_was_not_recorded_is_not_called_zero():
    run = with_signals(healthy(), without=["critic/q_spread"])
    figure = signal_figure(SPREAD, sides(run, healthy()))
    assert figure.panels[0].empty == "this run did not record critic/q_spread"
    assert "baseline not measured" in figure.title


def test_the_title_gives_the_end_of_the_signal():
    steps = np.arange(1_001, 2_001)
    spread = signal("critic/q_spread", steps, np.where(steps > 1_500, 7.0, 1.0))
    figure = signal_figure(SPREAD, sides(with_signals(healthy(), spread)))
    assert figure.title == "Q-value spread of the twin critics at the end: run 7"


def test_thinning_keeps_the_spike():
    x, y = np.arange(30_000.0), np.zeros(30_000)
    y[12_345], y[20_000] = 99.0, np.nan
    thin = curve("a", x, y, 0)
    assert len(thin.x) == MAX_POINTS
    assert thin.high is not None
    assert thin.high.max() == 99.0
    assert np.isfinite(thin.y).all()


def test_infinite_values_are_counted_not_drawn():
    steps = np.arange(1_001, 1_011)
    values = np.ones(10)
    values[3] = np.inf
    run = with_signals(healthy(), signal("critic/q_spread", steps, values))
    figure = signal_figure(SPREAD, sides(run))
    assert "1 value not finite" in figure.caption
    assert np.isnan(curves(figure.panels[0])[0].y[3])


def test_the_running_median_does_not_mix_policies():
    """20 episodes of 5 steps, then, from the first update on, 20 of 50: no value between."""
    run = blank(episodes=episodes([5] * 20 + [50] * 20, [0.0] * 40), phases=phases(101, 1_100))
    panel = episode_figure("length", sides(run)).panels[0]
    lines = np.concatenate([m.y for m in curves(panel) if m.style == "line"])
    assert set(lines) == {5.0, 50.0}


def test_expected_ranges_and_phases_lie_behind_the_lengths():
    panel = episode_figure("length", sides(healthy())).panels[0]
    assert [(b.first, b.last, b.low, b.high) for b in panel.bands] == [
        (0, 10_000, 50, 100), (10_000, 20_000, 100, 200), (20_000, 30_000, 200, 500),
    ]  # fmt: skip
    assert [(s.label, s.first, s.last) for s in panel.shades] == [
        ("random", 0, 1_000), ("learning", 1_000, 30_000),
    ]  # fmt: skip


def test_histograms_hold_every_episode_of_their_phase():
    run = blank(
        episodes=episodes([3] * 90 + [40] * 10 + [1000] * 4, [0.0] * 104), phases=phases(671, 4_670)
    )
    random, learning = histogram_figure(sides(run)).panels
    for panel, median in ((random, 3), (learning, 1000)):
        bars = panel.marks[0]
        assert isinstance(bars, Bars)
        assert np.isclose(bars.heights.sum(), 100)
        assert panel.events[0].x == median
    assert "before learning: 100 episodes" in random.title


def test_a_phase_that_never_came_says_so():
    panels = histogram_figure(sides(unlearned())).panels
    assert panels[1].empty == "0 updates were executed, so there is no learning phase"


def test_panels_of_a_figure_share_their_axes():
    figure = episode_figure("return", sides(unlearned(), healthy()))
    first, second = figure.panels
    assert (first.x_range, first.y_range) == (second.x_range, second.y_range)
    assert first.x_range == (0, 30_000)


def test_one_repeated_value_still_has_an_axis():
    x = np.arange(3.0)
    (panel,) = share_axes([Panel("t", "x", "y", (Series("a", x, np.full(3, -53.0)),))])
    assert panel.y_range[0] < -53 < panel.y_range[1]


def test_evaluations_leave_out_what_was_not_recorded():
    run = healthy()
    run = replace(run, evaluations=run.evaluations.assign(mean_distance=np.nan))
    titles = [panel.title for panel in evaluation_figure(sides(run)).panels]
    assert titles == ["mean return", "mean length", "success"]
    assert evaluation_figure(sides(unlearned())).empty
