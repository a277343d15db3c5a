"""Episodes and evaluations as figures."""

from dataclasses import replace

import numpy as np
import pytest

from rca.report.chart import Bars, Series
from rca.report.episode_plots import (
    endings_figure,
    episode_figure,
    evaluation_figure,
    histogram_figure,
)
from rca.report.sides import sides_of
from tests.judged import judged, unlearned
from tests.records import blank, episodes, healthy, phases


def curves(panel):
    return [mark for mark in panel.marks if isinstance(mark, Series)]


def sides(*runs):
    return sides_of([judged(runs[0])], [judged(run) for run in runs[1:]])


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


def test_returns_in_other_units_are_not_held_against_the_seeds():
    recording = replace(healthy(), kind="recording")
    ours, theirs = episode_figure("return", sides(healthy(), recording)).panels
    assert len(theirs.bands) == 3
    assert ours.bands == ()


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


def test_evaluations_leave_out_what_was_not_recorded():
    run = healthy()
    run = replace(run, evaluations=run.evaluations.assign(mean_distance=np.nan))
    titles = [panel.title for panel in evaluation_figure(sides(run)).panels]
    assert titles == ["mean return", "mean length", "success"]
    assert evaluation_figure(sides(unlearned())).empty


def ended(*reasons):
    return blank(
        episodes=episodes([10] * len(reasons), [0.0] * len(reasons), end_reason=list(reasons))
    )


def test_endings_are_shares_of_the_episodes_that_ended():
    figure = endings_figure(sides(ended("goal", "collision", "collision", "made up")))
    bars = [mark for mark in figure.panels[0].marks if isinstance(mark, Bars)]
    assert [bar.label for bar in bars] == ["goal", "collision", "other"]
    total = np.sum([bar.heights for bar in bars], axis=0)
    assert set(np.round(total)) == {0.0, 100.0}
    assert figure.title == "Endings: run 50 % collision"


@pytest.mark.parametrize("reasons", [(), (None, None)])
def test_endings_that_were_not_recorded_are_not_drawn(reasons):
    figure = endings_figure(sides(ended(*reasons)))
    assert figure.empty
    assert figure.title == "Endings: run not measured"
