"""Harm by the outcome, and the rival's rules on made-up records."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from rca.bench import by_settings
from rca.bench.case import Case
from rca.bench.harm import harms, hold_for_all
from rca.bench.rldebugger import (
    PERIOD,
    RULES,
    bellman_off,
    dead,
    diverging,
    fluctuating,
    not_falling,
    not_finite,
    ranking,
    same_returns,
    target_off,
)
from rca.config import load_config
from rca.diagnosis.cause import load_causes
from tests.records import STARTS, STEPS, healthy, signal, with_signals


def cases(fault, *distances):
    return [
        Case(f"{fault or 'healthy_plain'}-{n}", fault, ("x",) if fault else (), (), d, seed=n)
        for n, d in enumerate(distances)
    ]


HEALTHY = cases("", 140.0, 150.0, 145.0, 139.0, 151.0)


def test_harm_is_the_rank_sum_test_and_cohen():
    found = harms([*HEALTHY, *cases("bad", 10.0, 14.0, 6.0)])["bad"]
    ours, theirs = [10.0, 14.0, 6.0], [140.0, 150.0, 145.0, 139.0, 151.0]
    assert found.difference == pytest.approx(10 - 145)
    assert found.p == pytest.approx(stats.mannwhitneyu(ours, theirs, method="exact").pvalue)
    pooled = math.sqrt((2 * np.var(ours, ddof=1) + 4 * np.var(theirs, ddof=1)) / 6)
    assert found.effect == pytest.approx((10 - 145) / pooled)
    assert found.counts


def test_what_drives_as_far_or_farther_does_no_harm():
    found = harms([*HEALTHY, *cases("same", 141.0, 149.0, 146.0), *cases("better", 190.0, 191.0)])
    assert not found["same"].counts
    assert not found["better"].counts


def test_runs_that_all_stand_still_count_though_they_do_not_vary():
    found = harms([*HEALTHY, *cases("still", 0.0, 0.0, 0.0)])["still"]
    assert found.p == pytest.approx(2 / math.comb(8, 3))  # of all ways to choose three of eight
    assert found.counts
    assert harms([*HEALTHY, *cases("one", 0.0)])["one"].words == "unknown"


def test_the_very_weights_of_healthy_runs_are_no_harm_however_far_they_drove():
    sound = [replace(case, weights=f"w{n}") for n, case in enumerate(HEALTHY)]
    noisy = [replace(case, weights=f"w{n}") for n, case in enumerate(cases("noisy", 1.0, 2.0, 3.0))]
    found = harms([*sound, *noisy])["noisy"]
    assert (found.same, found.words, found.counts) == ("healthy_plain", "none", False)
    other = [replace(case, weights="else") if n == 2 else case for n, case in enumerate(noisy)]
    assert harms([*sound, *other])["noisy"].counts


def test_other_healthy_configurations_are_no_measure():
    """The plain one is what the fault is planted in; others may drive farther without it."""
    bad = cases("bad", 10.0, 14.0, 6.0)
    for name in ("healthy_town", "healthy_batch_64"):
        other = [Case(f"{name}-{n}", "", (), (), 400.0, seed=n) for n in range(5)]
        assert harms([*HEALTHY, *other, *bad]) == harms([*HEALTHY, *bad])


def test_of_many_faults_some_seem_to_do_harm_by_chance():
    still = cases("still", 0.0, 0.0, 0.0)
    alone = harms([*HEALTHY, *still])
    assert hold_for_all(alone.values()) == (1, int(alone["still"].p < 0.05)) == (1, 1)
    sound = [c for n in range(9) for c in cases(f"sound_{n}", 141.0, 149.0, 146.0)]
    assert hold_for_all(harms([*HEALTHY, *still, *sound]).values()) == (10, 0)
    assert hold_for_all([]) == (0, 0)


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


def test_the_rival_knows_a_wrong_bellman_equation():
    run = healthy()
    assert run.wiring is not None
    assert not bellman_off(run)
    for wrong in (
        {"fitted": run.wiring.equation.tried // 2},
        {"discount": 0.5},
        {"terminals": {"bootstrapped": 9, "cut": 8}},
    ):
        equation = run.wiring.equation.model_copy(update=wrong)
        wiring = run.wiring.model_copy(update={"equation": equation})
        assert bellman_off(replace(run, wiring=wiring)), wrong
    assert not bellman_off(replace(run, wiring=None))


FIRST = np.arange(STARTS + 1, STARTS + 201)


def losses(*means):
    """A record whose critic loss has these means of ten updates each, from the first update on."""
    values = np.repeat(means, PERIOD)
    return with_signals(healthy(), signal("critic/loss", FIRST[: len(values)], values))


FALLING = [0.9**n for n in range(12)]


def test_the_rival_finds_a_falling_loss_in_order():
    run = losses(*FALLING)
    for rule in (not_finite, diverging, not_falling, fluctuating, target_off, same_returns):
        assert not rule(run), rule


def test_the_rival_calls_a_loss_diverging_that_doubles_four_times_in_a_row():
    assert diverging(losses(1, 2, 4, 8, 16))
    assert not diverging(losses(1, 2, 4, 8, 15.9))
    assert not diverging(losses(1, 2, 4, 8))
    assert not diverging(losses(1, 5, 5, 5, 5, 5))


def test_the_rival_calls_a_loss_stagnant_that_falls_too_little_four_times_in_a_row():
    assert not_falling(losses(*FALLING, *[FALLING[-1] * 0.96**n for n in range(1, 5)]))
    assert not not_falling(losses(*FALLING, *[FALLING[-1] * 0.96**n for n in range(1, 4)]))
    assert not not_falling(losses(1, 0.96, 0.9, 0.87, 0.8, 0.77))


def test_the_rival_calls_a_loss_unsteady_that_turns_at_more_than_half_of_its_means():
    assert fluctuating(losses(1, 2, 1, 2, 1))  # 3 turns: (5 - 3) / 5
    assert not fluctuating(losses(1, 2, 1, 2))  # 2 turns: (4 - 2) / 4
    assert not fluctuating(losses(1, 2, 3, 2, 1, 2))


def test_the_rival_sees_nan_and_dead_layers():
    assert not_finite(losses(1, math.nan))
    assert not not_finite(losses(1, 2))
    for share, is_dead in ((0.5, False), (0.6, True)):
        silent = signal("critic/dormant", FIRST[:3], np.full(3, share))
        assert dead(with_signals(healthy(), silent)) == is_dead


def test_the_rival_misses_variation_in_returns_of_exploration():
    record = healthy()

    def early(returns):
        table = record.episodes.iloc[:1].loc[[record.episodes.index[0]] * len(returns)].copy()
        table["return"], table["end_step"] = returns, np.arange(1, len(returns) + 1)
        return replace(record, episodes=table)

    assert same_returns(early([7.0] * 15))
    assert not same_returns(early([7.0] * 14))
    assert not same_returns(early([float(n**2 % 13) for n in range(15)]))


def test_who_reads_settings_alone_blames_what_differs():
    plain = load_config("quick").flat()
    assert by_settings.ranking(plain, plain) == ()
    other = load_config("quick", ["agent.tau=1.0", "env.reward.speed=1.0"]).flat()
    assert by_settings.ranking(other, plain) == (("target_wrong", 1.0), ("reward_design", 1.0))
    assert set(by_settings.CAUSES.values()) <= {cause.id for cause in load_causes()}
    assert all(any(k.startswith(key) for k in plain) for key in by_settings.CAUSES)
