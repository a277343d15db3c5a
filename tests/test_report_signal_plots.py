"""Signals: what is drawn is what was measured; what was not is said in words."""

from dataclasses import replace

import numpy as np

from rca.report.build import build
from rca.report.chart import Bars, Figure, Series
from rca.report.groups import DRIFT, GRADIENTS, SPREAD
from rca.report.sides import sides_of
from rca.report.signal_plots import probed_figure, reward_figure, signal_figure
from tests.judged import judged, unlearned
from tests.records import healthy, signal, with_signals


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


def test_infinite_values_are_counted_not_drawn():
    steps = np.arange(1_001, 1_011)
    values = np.ones(10)
    values[3] = np.inf
    run = with_signals(healthy(), signal("critic/q_spread", steps, values))
    figure = signal_figure(SPREAD, sides(run))
    assert "1 value not finite" in figure.caption
    assert np.isnan(curves(figure.panels[0])[0].y[3])


def figures(*runs):
    report = build([judged(runs[0])], [judged(run) for run in runs[1:]])
    return {b.id for s in report.sections for b in s.blocks if isinstance(b, Figure)}


def test_optional_signals_are_drawn_where_they_exist():
    bare = replace(healthy(), signals={})
    assert {"losses", "values", "speed", "step-time"} <= figures(bare, healthy())
    assert not {"losses", "values", "speed", "step-time"} & figures(bare)
    assert {"gradients", "drift", "spread"} <= figures(bare)


def test_the_gradient_probe_is_shown_as_what_it_is():
    probed = with_signals(unlearned(), signal("probed/actor/grad_norm", [1, 2, 3], [0.1, 0.2, 0.3]))
    assert "gradients-probed" in figures(probed)
    assert "gradients-probed" not in figures(unlearned())
    figure = probed_figure(GRADIENTS, sides(probed, unlearned()))
    assert figure.title.startswith("Probed after the run")
    assert "Not part of the run" in figure.caption
    assert not figure.shared_steps
    assert figure.panels[0].x_label == "updates on a copy of the agent"
    assert figure.panels[1].empty


def test_reward_terms_add_up_to_what_was_paid():
    steps = np.arange(1, 101)
    run = with_signals(
        unlearned(),
        signal("reward/progress", steps, np.full(100, 2.0)),
        signal("reward/collision", steps, np.where(steps == 100, -50.0, 0.0)),
    )
    figure = reward_figure(sides(run))
    bars = [mark for mark in figure.panels[0].marks if isinstance(mark, Bars)]
    assert [bar.label for bar in bars] == ["collision", "progress"]
    assert bars[0].heights.min() < -10
    np.testing.assert_allclose(bars[1].heights, 2.0)
    assert "run progress (200 in all)" in figure.title


def test_a_side_without_reward_terms_says_so():
    run = with_signals(unlearned(), signal("reward/progress", [1, 2], [1.0, 1.0]))
    assert "did not record reward terms" in reward_figure(sides(run, healthy())).panels[1].empty
