"""Factors between two ends, and the configuration of an arm."""

import pytest

from rca.errors import UsageError
from rca.study.factors import differing, end_of, parse_end


def test_each_key_that_differs_is_a_factor_the_budget_is_none():
    before = parse_end("quick", ["agent.actor_lr=0.01", "env.image_size=40", "budget.steps=7"])
    factors = differing(before, parse_end("quick"))
    assert {f.name for f in factors} == {"actor_lr", "image_size"}


def test_the_seeds_ends_as_groups():
    lrs = ["agent.actor_encoder_lr", "agent.critic_encoder_lr"]
    factors = differing(parse_end("baseline"), parse_end("fixed"), {"lr": lrs})
    assert [f.name for f in factors if len(f.before) == 2] == ["lr"]
    assert {f.name for f in factors} >= {"lr", "exploration_noise", "learning_starts", "batch_size"}


def test_an_arm_fixes_its_factors_and_leaves_the_rest_broken():
    before, after = parse_end("quick+encoders_swapped", ["agent.tau=0.5"]), parse_end("quick")
    factors = differing(before, after)
    assert {f.name for f in factors} == {"tau", "encoders_swapped"}
    none = end_of(before, factors, frozenset())
    assert (none.config.agent.tau, none.faults) == (0.5, ("encoders_swapped",))
    tau = end_of(before, factors, frozenset({"tau"}))
    assert (tau.config.agent.tau, tau.faults) == (0.005, ("encoders_swapped",))
    every = end_of(before, factors, frozenset({"tau", "encoders_swapped"}))
    assert (every.config, every.faults) == (after.config, ())


def test_a_fault_of_the_fixed_end_is_a_factor_too():
    before, after = parse_end("quick"), parse_end("quick+target_frozen")
    (factor,) = differing(before, after)
    assert end_of(before, [factor], frozenset({factor.name})).faults == ("target_frozen",)
    assert factor.levels() == ("as it should be", "fault target_frozen")


@pytest.mark.parametrize(
    ("before", "after", "groups", "message"),
    [
        ("quick", "quick", {}, "do not differ"),
        ("quick+no_such", "quick", {}, "no fault no_such"),
        ("no_such", "quick", {}, "neither a file nor a preset"),
        ("baseline", "fixed", {"x": ["agent.tau"]}, "agent.tau does not differ"),
    ],
)
def test_what_cannot_be_studied_is_said(before, after, groups, message):
    with pytest.raises(UsageError, match=message):
        differing(parse_end(before), parse_end(after), groups)
