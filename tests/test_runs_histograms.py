"""Histograms: what is counted at an evaluation, how it is kept, read, exported and drawn."""

import math
import sqlite3
from contextlib import closing
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rca.build import default_build
from rca.config import AgentConfig, BudgetConfig, RunConfig, load_config
from rca.probes.histogram import Histogram
from rca.probes.spread import BINS, counted, histograms, load_spreads
from rca.report.chart import Series
from rca.report.sides import sides_of
from rca.report.spread_plots import spread_figures
from rca.runs.execute import execute
from rca.runs.export import export_run
from rca.runs.folder import RunWriter
from rca.runs.load import load_run
from rca.runs.record import Outcome
from rca.td3.events import Evaluated
from rca.td3.train import train
from tests.judged import judged
from tests.records import healthy
from tests.test_runs_execute import config
from tests.tiny_env import Pointing

FOUND = Histogram("critic/q1", "reward", 9, -1.0, 3.0, (1, 0, 2, 1))


@pytest.fixture(scope="module")
def learned():
    """A tiny run after some updates, and a draw of what it stored."""
    agent = AgentConfig(learning_starts=20, batch_size=4, buffer_size=90, encoder="small")
    settings = RunConfig(agent=agent, budget=BudgetConfig(steps=60, seed=3))
    training = default_build(settings).training(Pointing(), lambda event: None)
    train(training)
    return training.agent, training.compared(training.replay)


def spreads(agent, updates=40, held_out=None, trained=None):
    event = Evaluated(60, updates, (), held_out, trained)
    return {found.name: found for found in histograms(event, agent, load_spreads())}


def test_actions_rewards_and_values_are_those_of_the_batch(learned):
    agent, batch = learned
    before = [value.clone() for value in agent.critic.parameters()]
    found = spreads(agent, trained=batch)
    assert found.keys() >= {"replay/action/0", "replay/action/1", "replay/reward", "critic/q1"}
    for entry in (0, 1):
        expected, _ = np.histogram(batch.action[:, entry].double(), BINS, (-1, 1))
        assert found[f"replay/action/{entry}"].counts == tuple(expected)
    with torch.no_grad():
        q1 = agent.critic.q1(agent.critic_encoder(batch.obs.image), batch.obs.vector, batch.action)
    assert found["critic/q1"].low == pytest.approx(float(q1.min()))
    assert found["critic/q1"].high == pytest.approx(float(q1.max()))
    assert sum(found["replay/reward"].counts) == len(batch.reward)
    assert all(map(torch.equal, before, agent.critic.parameters()))


def test_a_policy_that_does_one_thing_has_no_spread(learned):
    agent, batch = learned
    stuck = replace(batch, action=torch.ones_like(batch.action))
    low, high = spreads(agent, held_out=stuck)["evaluation/action/1"].quantiles((0.05, 0.95))
    assert (low, high) == pytest.approx((1.0, 1.0), abs=2 / BINS)
    low, high = spreads(agent, held_out=batch)["evaluation/action/1"].quantiles((0.05, 0.95))
    assert high - low > 0.5  # what random driving stores


def test_before_the_first_update_there_are_no_values_to_count(learned):
    agent, batch = learned
    assert "critic/q1" not in spreads(agent, updates=0, trained=batch)
    assert spreads(agent) == {}


def test_what_is_not_finite_is_not_counted_and_what_is_beyond_the_bounds_widens_them():
    values = torch.tensor([0.5, math.nan, math.inf, 1.5])
    found = counted("a", "1", 1, values, (-1.0, 1.0))
    assert (found.low, found.high, sum(found.counts)) == (-1.0, 1.5, 2)
    assert found.not_finite == 2
    nothing = counted("a", "1", 1, torch.tensor([math.nan]))
    assert sum(nothing.counts) == 0
    assert np.isnan(nothing.quantiles((0.5,))).all()
    alike = counted("a", "1", 1, torch.full((3,), 7.0))
    assert (alike.low, alike.high, sum(alike.counts)) == (6.5, 7.5, 3)
    for huge in ([3e38] * 3, [math.inf, 3e38], [1e16, 1e16], [-3e38, 3e38]):
        finite = sum(map(math.isfinite, huge))
        assert sum(counted("a", "1", 1, torch.tensor(huge)).counts) == finite


@given(st.lists(st.floats(-100, 100), min_size=2, max_size=60))
def test_quantiles_are_right_to_within_a_bin(values):
    found = counted("a", "1", 1, torch.tensor(values, dtype=torch.float64))
    width = (found.high - found.low) / BINS
    for share in (0.0, 0.05, 0.5, 0.95, 1.0):
        below = np.quantile(values, share, method="inverted_cdf")
        above = np.quantile(values, share, method="higher")
        (value,) = found.quantiles((share,))
        assert min(below, above) - width - 1e-9 <= value <= max(below, above) + width + 1e-9


def test_a_folder_keeps_them_and_a_rewound_one_forgets_the_later_ones(tmp_path):
    writer = RunWriter.create(tmp_path / "run", load_config("quick"))
    writer.histogram(FOUND)
    writer.histogram(replace(FOUND, step=20))
    writer.finish(Outcome("interrupted", 20, 30, 0, 0))
    assert load_run(tmp_path / "run").histograms == (FOUND, replace(FOUND, step=20))
    writer = RunWriter.reopen(tmp_path / "run")
    writer.rewind(10, 0, 0)
    writer.finish(Outcome("finished", 30, 30, 0, 0))
    assert load_run(tmp_path / "run").histograms == (FOUND,)


def test_a_folder_whose_histograms_did_not_count_what_is_not_finite_is_read_and_gone_on_with(
    tmp_path,
):
    writer = RunWriter.create(tmp_path / "run", load_config("quick"))
    writer.histogram(FOUND)
    writer.finish(Outcome("interrupted", 10, 30, 0, 0))
    with closing(sqlite3.connect(tmp_path / "run" / "run.sqlite")) as database:
        database.execute("ALTER TABLE histogram DROP COLUMN not_finite")
    assert load_run(tmp_path / "run").histograms == (FOUND,)
    writer = RunWriter.reopen(tmp_path / "run")
    writer.rewind(10, 0, 0)
    later = replace(FOUND, step=20, not_finite=3)
    writer.histogram(later)
    writer.finish(Outcome("finished", 30, 30, 0, 0))
    assert load_run(tmp_path / "run").histograms == (FOUND, later)


def test_a_folder_of_an_older_version_has_none(tmp_path):
    writer = RunWriter.create(tmp_path / "run", load_config("quick"))
    writer.finish(Outcome("finished", 5, 5, 0, 0))
    with sqlite3.connect(tmp_path / "run" / "run.sqlite") as database:
        database.execute("DROP TABLE histogram")
    run = load_run(tmp_path / "run")
    assert (run.histograms, run.gaps) == ((), ())


BROKEN = {
    "no numbers": ("a", "1", 3, 0.0, 1.0, '["<b>"]', 0),
    "no JSON": ("a", "1", 3, 0.0, 1.0, "[1, 2", 0),
    "nested": ("a", "1", 3, 0.0, 1.0, "[" * 2_000, 0),
    "a number": ("a", "1", 3, 0.0, 1.0, "5", 0),
    "negative": ("a", "1", 3, 0.0, 1.0, "[-1]", 0),
    "empty": ("a", "1", 3, 0.0, 1.0, "[]", 0),
    "too many": ("a", "1", 3, 0.0, 1.0, str([1] * 101), 0),
    "too long": ("a", "1", 3, 0.0, 1.0, str([10**30] * 90), 0),
    "beyond floats": ("a", "1", 3, 0.0, 1.0, f"[{10**1000}]", 0),
    "too wide": ("a", "1", 3, -1.7e308, 1.7e308, "[1]", 0),
    "no range": ("a", "1", 3, 1.0, 1.0, "[1]", 0),
    "endless": ("a", "1", 3, 0.0, math.inf, "[1]", 0),
    "no step": ("a", "1", "x", 0.0, 1.0, "[1]", 0),
    "no name": (None, "1", 3, 0.0, 1.0, "[1]", 0),
    "no count": ("a", "1", 3, 0.0, 1.0, "[1]", "x"),
    "fewer than none": ("a", "1", 3, 0.0, 1.0, "[1]", -1),
}


@pytest.mark.parametrize("row", BROKEN.values(), ids=BROKEN)
def test_a_broken_one_is_left_out_and_said(tmp_path, row):
    writer = RunWriter.create(tmp_path / "run", load_config("quick"))
    writer.histogram(FOUND)
    writer.finish(Outcome("finished", 10, 10, 0, 0))
    with sqlite3.connect(tmp_path / "run" / "run.sqlite") as database:
        database.execute("INSERT INTO histogram VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    run = load_run(tmp_path / "run")
    assert run.histograms == (FOUND,)
    assert run.gaps == ("1 histograms are damaged or oversized; left out",)


def test_other_tools_get_them(tmp_path):
    run = replace(healthy(), histograms=(FOUND,))
    export_run(run, tmp_path / "csv", "csv")
    table = pd.read_csv(tmp_path / "csv" / "histograms.csv")
    assert table["count"].tolist() == [1, 0, 2, 1]
    assert table["low"].tolist() == [-1, 0, 1, 2]
    assert set(table["step"]) == {9}
    export_run(run, tmp_path / "board", "tensorboard")
    reader = EventAccumulator(str(tmp_path / "board"))
    reader.Reload()
    (event,) = reader.Histograms("critic/q1")
    assert (event.step, event.histogram_value.bucket) == (9, [1, 0, 2, 1])
    assert event.histogram_value.bucket_limit == [0, 1, 2, 3]


def test_a_figure_says_where_the_values_lie_at_the_end():
    action = Histogram("evaluation/action/0", "1", 10, -1.0, 1.0, (0,) * 39 + (100,))
    pedal = replace(action, name="evaluation/action/1", counts=(100,) + (0,) * 39)
    run = judged(replace(healthy(), histograms=(action, pedal)))
    (figure,) = spread_figures(sides_of([run], []))
    assert figure.id == "actions-evaluated"
    assert "steering 0.953 to 0.998, pedal \N{MINUS SIGN}0.998 to" in figure.title
    steering, _, driven, _ = figure.panels[0].marks
    assert steering.label == "steering"
    assert isinstance(steering, Series)
    assert steering.low is not None
    assert steering.high is not None
    assert (steering.low[0], steering.high[0]) == pytest.approx((0.9525, 0.9975))
    assert driven.color != steering.color
    assert not spread_figures(sides_of([judged(healthy())], []))


def test_a_figure_speaks_for_all_seeds_of_a_side_and_names_what_is_missing():
    def seen(place, **changes):
        counts = tuple(100 * (n == place) for n in range(40))
        action = Histogram("evaluation/action/0", "1", 10, -1.0, 1.0, counts)
        return judged(replace(healthy(), histograms=(replace(action, **changes),)))

    three = [seen(0), seen(20), seen(39)]
    diverged = seen(0, name="critic/q1", counts=(0,) * 40)
    actions, values = spread_figures(sides_of(three, [diverged]))
    assert "baseline steering 0.0025 to 0.0475" in actions.title
    assert "fixed not measured" in actions.title
    assert len(actions.panels[0].marks) == 2 * 3
    assert "did not record evaluation/action/0" in actions.panels[1].empty
    assert "fixed Q1 no finite value" in values.title


def test_a_long_list_is_thinned_for_the_figure():
    many = tuple(replace(FOUND, step=step) for step in range(5_000))
    (figure,) = spread_figures(sides_of([judged(replace(healthy(), histograms=many))], []))
    curve, _ = figure.panels[0].marks
    assert isinstance(curve, Series)
    assert len(curve.x) <= 400


@pytest.mark.parametrize("item", load_spreads(), ids=lambda item: item.name)
def test_every_spread_leaves_weights_and_generators_and_takes_what_is_not_finite(learned, item):
    agent, batch = learned
    broken = replace(batch, reward=torch.full_like(batch.reward, math.nan))
    before = [value.clone() for module in agent.modules().values() for value in module.parameters()]
    state = torch.default_generator.get_state(), agent.smoothing.get_state()
    found = histograms(Evaluated(60, 40, (), broken, broken), agent, [item])
    assert found
    after = [value for module in agent.modules().values() for value in module.parameters()]
    assert all(map(torch.equal, before, after))
    assert torch.equal(state[0], torch.default_generator.get_state())
    assert torch.equal(state[1], agent.smoothing.get_state())


@pytest.mark.carla
def test_a_run_keeps_one_of_each_per_evaluation(tmp_path):
    wanted = config("budget.steps=60", "budget.eval_every=20", "agent.encoder=small")
    execute(wanted, tmp_path / "run", tensorboard=True)
    kept = load_run(tmp_path / "run").histograms
    names = {f"{place}/action/{entry}" for place in ("evaluation", "replay") for entry in (0, 1)}
    assert {h.name for h in kept} >= names | {"replay/reward", "critic/q1"}
    assert [h.step for h in kept if h.name == "replay/reward"] == [20, 40, 60]
    assert [h.step for h in kept if h.name == "critic/q1"] == [40, 60]  # learning starts at 30
    reader = EventAccumulator(str(tmp_path / "run" / "tensorboard"), {"histograms": 0})
    reader.Reload()
    assert len(reader.Histograms("replay/reward")) == 3
