"""Harm by the outcome, and the rival's rules on made-up records."""

import math

import numpy as np
import pytest
from scipy import stats

from rca.bench.harm import harms
from rca.bench.rldebugger import RULES, ranking
from rca.bench.score import Case
from rca.diagnosis.cause import load_causes
from tests.records import STARTS, STEPS, healthy, signal, with_signals


def cases(fault, *distances):
    return [
        Case(f"{fault or 'h'}-{n}", fault, ("x",) if fault else (), (), d, seed=n)
        for n, d in enumerate(distances)
    ]


HEALTHY = cases("", 140.0, 150.0, 145.0, 139.0, 151.0)


def test_harm_is_welch_and_cohen():
    found = harms([*HEALTHY, *cases("bad", 10.0, 14.0, 6.0)])["bad"]
    ours, theirs = [10.0, 14.0, 6.0], [140.0, 150.0, 145.0, 139.0, 151.0]
    assert found.difference == pytest.approx(10 - 145)
    assert found.p == pytest.approx(stats.ttest_ind(ours, theirs, equal_var=False).pvalue)
    pooled = math.sqrt((2 * np.var(ours, ddof=1) + 4 * np.var(theirs, ddof=1)) / 6)
    assert found.effect == pytest.approx((10 - 145) / pooled)
    assert found.counts


def test_what_drives_as_far_or_farther_does_no_harm():
    found = harms([*HEALTHY, *cases("same", 141.0, 149.0, 146.0), *cases("better", 190.0, 191.0)])
    assert not found["same"].counts
    assert not found["better"].counts


def test_runs_that_all_stand_still_count_though_they_do_not_vary():
    assert harms([*HEALTHY, *cases("still", 0.0, 0.0)])["still"].counts
    assert harms([*HEALTHY, *cases("one", 0.0)])["one"].counts
    assert not harms([*HEALTHY, *cases("one", 143.0)])["one"].counts


def test_healthy_runs_of_another_task_are_no_measure():
    other = [Case(f"healthy_town-{n}", "", (), (), 400.0, seed=n) for n in range(5)]
    bad = cases("bad", 10.0, 14.0, 6.0)
    assert harms([*HEALTHY, *other, *bad]) == harms([*HEALTHY, *bad])
    plain = [Case(f"healthy_batch_64-{n}", "", (), (), 400.0, seed=n) for n in range(5)]
    assert harms([*HEALTHY, *plain, *bad]) != harms([*HEALTHY, *bad])


def test_nothing_measured_is_no_harm_and_no_zero():
    found = harms([*HEALTHY, *cases("blind", math.nan)])["blind"]
    assert math.isnan(found.p)
    assert not found.counts


def test_the_rival_names_known_causes_only():
    known = {cause.id for cause in load_causes()}
    assert {cause for rule in RULES for cause in rule.causes} <= known


def test_the_rival_accuses_a_target_that_does_not_follow():
    before = [cause for cause, _ in ranking(healthy())]
    steps = np.arange(STARTS + 10, STEPS + 1, 10)
    wrong = signal("critic/target_error", steps, np.full(len(steps), 1e-3))
    after = [cause for cause, _ in ranking(with_signals(healthy(), wrong))]
    assert "target_wrong" not in before
    assert "target_wrong" in after


def test_the_rival_sees_a_loss_that_doubles_and_nan():
    steps = np.arange(STARTS + 1, STARTS + 101)
    steady = signal("critic/loss", steps, np.linspace(1.0, 0.5, 100))
    assert "learning_rate_wrong" not in [c for c, _ in ranking(with_signals(healthy(), steady))]
    jump = signal("critic/loss", steps, np.r_[np.ones(50), np.full(50, 5.0)])
    assert "critic_diverged" in [c for c, _ in ranking(with_signals(healthy(), jump))]
    broken = signal("critic/loss", steps, np.r_[np.linspace(1, 0.5, 99), np.nan])
    assert "nan_values" in [c for c, _ in ranking(with_signals(healthy(), broken))]
