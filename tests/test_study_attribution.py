"""Attribution against tables computed by hand, and against simulated truth."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from rca.study.attribution import Answer, attribute, holm, seeds_needed
from rca.study.design import fractional, one_at_a_time
from rca.study.effects import LEVEL, Effect

NONE: frozenset[str] = frozenset()
A, B, AB = frozenset("a"), frozenset("b"), frozenset("ab")


def table(values, seeds=(1, 2)):
    rows = [
        {"arm": arm, "seed": seed, "y": y}
        for arm, found in values.items()
        for seed, y in zip(seeds, found, strict=True)
    ]
    return pd.DataFrame(rows)


def simulated(arms, truth, rng, seeds=3, noise=10.0):
    luck = rng.normal(0, 20, seeds)
    rows = [
        {"arm": arm, "seed": s, "y": truth(arm) + luck[s] + rng.normal(0, noise)}
        for arm in arms
        for s in range(seeds)
    ]
    return pd.DataFrame(rows)


def test_an_effect_is_the_paired_t_test_where_there_are_two_arms():
    runs = table({NONE: [10, 14, 9], A: [30, 31, 33]}, seeds=(1, 2, 3))
    (found,) = attribute(runs, ["a"], "y", 1.0)
    right = stats.ttest_rel([30, 31, 33], [10, 14, 9])
    interval = right.confidence_interval(0.95)
    assert found.rescue.mean == pytest.approx(61 / 3)
    assert found.rescue.p == pytest.approx(right.pvalue)
    assert (found.rescue.low, found.rescue.high) == pytest.approx((interval.low, interval.high))
    assert found.answer == Answer.CAUSE  # with one factor, fixing and breaking are the same arms
    assert found.rescue.p_holm == pytest.approx(2 * right.pvalue)


def test_the_error_is_pooled_over_arms_after_the_seeds_effects():
    # residuals of arm + seed by hand: seeds differ by 2 in the mean; arms' own differences are
    # 1, 3, 2, 2, so the residuals are -+0.5, +-0.5, 0, 0 and their sum of squares is 1; 8 values
    # less 4 arms and 1 seed leave 3 degrees of freedom.
    runs = table({NONE: [0, 1], A: [10, 13], B: [0, 2], AB: [20, 22]})
    found = attribute(runs, ["a", "b"], "y", 1.0)
    variance = 1 / 3
    assert found[0].rescue.mean == pytest.approx(11.0)
    assert found[0].rescue.error == pytest.approx(math.sqrt(variance * (1 / 2 + 1 / 2)))
    assert found[0].keep.mean == pytest.approx(20.0)
    assert found[1].rescue.mean == pytest.approx(0.5)
    assert found[0].main.mean == pytest.approx((11 + 20) / 2)
    assert found[0].main.error == pytest.approx(found[0].rescue.error / math.sqrt(2))


def test_less_is_better_turns_the_sign():
    runs = table({NONE: [9, 9.5], A: [1, 2]})
    (found,) = attribute(runs, ["a"], "y", 0.1, sign=-1)
    assert found.rescue.mean == pytest.approx(7.75)


def test_a_missing_run_costs_its_pair_no_other():
    runs = table({NONE: [0, math.nan], A: [10, 13], B: [0, 2], AB: [20, 22]})
    found = attribute(runs, ["a", "b"], "y", 1.0)
    assert found[0].keep.mean == pytest.approx(20.0)
    assert found[0].keep.n == 2
    assert found[0].rescue.n == 1


def test_one_seed_gives_means_and_no_verdict():
    runs = table({NONE: [0], A: [100]}, seeds=(1,))
    (found,) = attribute(runs, ["a"], "y", 1.0)
    assert found.rescue.mean == 100
    assert math.isnan(found.rescue.p)
    assert found.answer == Answer.INCONCLUSIVE
    assert found.seeds is None


def test_nothing_measured_is_inconclusive():
    runs = table({NONE: [math.nan] * 2, A: [math.nan] * 2})
    assert attribute(runs, ["a"], "y", 1.0)[0].answer == Answer.INCONCLUSIVE


FACTORS = ["cause", "helper", "poison", "nothing"]


def truth(arm):
    """`cause` is needed, `helper` helps only once it is there, `poison` makes it worse."""
    fixed = 100.0 * ("cause" in arm) * (1.0 if "helper" in arm else 0.5)
    return fixed - 40 * ("poison" in arm)


def test_verdicts_on_simulated_truth():
    found = attribute(
        simulated(one_at_a_time(FACTORS), truth, np.random.default_rng(1), noise=3.0),
        FACTORS,
        "y",
        margin=15.0,
    )
    assert [item.answer for item in found] == [
        Answer.CAUSE,
        Answer.CONTRIBUTES,
        Answer.WORSENS,
        Answer.NO_EFFECT,
    ]


@pytest.mark.parametrize("k", range(5, 10))
def test_a_fraction_tells_the_main_effects_whatever_two_others_do_together(k):
    names = [f"f{n}" for n in range(k)]

    def truth(arm):
        return 30.0 * ("f1" in arm) - 40.0 * ("f3" in arm) + 20.0 * ({"f0", "f2"} <= arm)

    runs = simulated(fractional(names), truth, np.random.default_rng(5), seeds=2, noise=1.0)
    found = {item.factor: item for item in attribute(runs, names, "y", margin=3.0)}
    means = [30.0 if n == "f1" else -40.0 if n == "f3" else 10.0 for n in ("f1", "f3", "f0", "f2")]
    for name, mean in zip(("f1", "f3", "f0", "f2"), means, strict=True):
        assert found[name].main.mean == pytest.approx(mean, abs=2.0)
    assert found["f1"].answer == Answer.CONTRIBUTES  # no arm fixes it alone: no cause can be named
    assert found["f3"].answer == Answer.WORSENS
    assert found["f4"].answer == Answer.NO_EFFECT


def test_a_design_that_mixes_effects_says_nothing():
    arms = [frozenset(), frozenset("abc"), frozenset("ab"), frozenset("bc")]
    runs = simulated(arms, lambda arm: 10.0 * len(arm), np.random.default_rng(6))
    b = attribute(runs, ["a", "b", "c"], "y", 1.0)[1]
    assert math.isnan(b.main.mean)
    assert b.answer == Answer.INCONCLUSIVE


def test_no_cause_is_named_where_nothing_differs():
    rng = np.random.default_rng(2)
    studies = [
        attribute(simulated(one_at_a_time(FACTORS), lambda arm: 50.0, rng), FACTORS, "y", 15.0)
        for _ in range(200)
    ]
    wrong = sum(any(item.answer == Answer.CAUSE for item in study) for study in studies)
    some = sum(
        any(item.answer in (Answer.CONTRIBUTES, Answer.WORSENS) for item in study)
        for study in studies
    )
    assert wrong <= 1
    assert some <= 22  # two families at 5% each; 22 of 200 lies beyond the 99% quantile of 7.5%


def test_a_floor_under_half_of_the_arms_makes_no_accusations():
    """Arms that a defect holds at nothing scatter little; the others must not be judged by them."""
    rng, arms = np.random.default_rng(3), one_at_a_time(["defect", "bystander"])
    found = [
        attribute(
            simulated(
                arms,
                lambda arm: rng.normal(110.0, 40.0) if "defect" in arm else 0.0,
                rng,
                seeds=5,
                noise=0.5,
            ),
            ["defect", "bystander"],
            "y",
            15.0,
        )
        for _ in range(400)
    ]
    causes = sum(defect.answer == Answer.CAUSE for defect, _ in found)
    accused = [b for _, b in found if b.rescue.stands or b.keep.stands]
    by_pooling = [b for _, b in found if min(e.p_holm for e in (b.rescue, b.keep)) < LEVEL]
    assert causes > 0.95 * len(found)
    assert len(accused) <= 29  # 5%; 29 of 400 is its 98% quantile
    assert len(by_pooling) > 29


def test_a_context_looks_at_its_own_arms_only():
    arms = {NONE: [0, 0.1], A: [50, 50.1], B: [5, 5.2], AB: [6, 6.1]}
    (found,) = attribute(table(arms), ["a"], "y", 1.0, context=B)
    assert found.rescue.mean == pytest.approx(0.95)
    assert found.main.mean == pytest.approx(0.95)


def test_holm_by_hand_and_nan_not_counted():
    assert holm([0.01, 0.04, 0.03, math.nan])[:3] == pytest.approx([0.03, 0.06, 0.06])
    assert math.isnan(holm([0.01, math.nan])[1])
    assert holm([0.6, 0.9]) == [1.0, 1.0]


def test_seeds_needed_agrees_with_the_power_of_a_t_test():
    n = seeds_needed(Effect(mean=10.0, error=10 * math.sqrt(2 / 3), n=3), margin=5.0)
    # a difference of one standard deviation: Cohen's table gives 17 a group at 80% (with t)
    assert n == 17
    corrected = seeds_needed(Effect(mean=10.0, error=10 * math.sqrt(2 / 3), n=3), 5.0, LEVEL / 4)
    assert corrected is not None
    assert corrected > n
    assert seeds_needed(Effect(mean=0.0, error=1e6, n=3), margin=1.0) is None
    assert seeds_needed(Effect(), margin=1.0) is None
