"""The equation of a critic, fitted to batches that were made by a known one."""

import itertools

import numpy as np
import pytest

from rca.wiring.actions import Executed
from rca.wiring.equation import Equation, Rows

GAMMA = 0.9


def steps(rewards, length=20):
    """Executed steps in episodes of a length, each ended by itself."""
    found = [
        Executed(n, float(r), terminated=n % length == length - 1, truncated=False)
        for n, r in enumerate(rewards)
    ]
    for before, after in itertools.pairwise(found):
        if not before.ended:
            before.following, after.before = after, before
    return found


def target(step, value, n, *, cut=True):
    """What a critic learns of a step: the sum of n rewards and a value, none at the end."""
    total, weight, now = 0.0, 1.0, step
    for _ in range(n):
        total, weight = total + weight * now.reward, weight * GAMMA
        if now.following is None:
            return total + (0.0 if cut and now.ended else weight * value)
        now = now.following
    return total + weight * value


def seen(rewards, n=1, batches=20, rows=48, *, cut=True, level=1.0):
    rng = np.random.default_rng(0)
    known, found = steps(rewards), Equation()
    for _ in range(batches):
        drawn = [known[i] for i in rng.integers(0, len(known) - n, rows)]
        values = rng.normal(level, 0.1, (1, rows))
        y = np.array([target(s, v, n, cut=cut) for s, v in zip(drawn, values[0], strict=True)])
        q = rng.normal(level, 0.1, rows)
        found.add(Rows(q, 2 * (q - y) / rows, values, drawn))
    return found.facts()


RNG = np.random.default_rng(1)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_rewards_that_vary_tell_how_many_are_summed_and_the_discount(n):
    found = seen(RNG.normal(0, 1, 400), n)
    assert found.decided == found.fitted >= 15
    assert found.steps == n
    assert found.discount == pytest.approx(GAMMA)


@pytest.mark.parametrize("reward", [0.0, -1.0])
@pytest.mark.parametrize("n", [1, 3])
def test_rewards_that_are_all_the_same_decide_nothing(reward, n):
    found = seen(np.full(400, reward), n)
    assert found.fitted >= 1
    assert found.decided == 0


def test_one_reward_in_a_batch_decides_nothing_either():
    rewards = np.zeros(4_000)
    rewards[5::20] = 1.0
    rewards[RNG.uniform(size=4_000) < 0.5] = 0.0
    found = seen(rewards, 3, rows=24)
    assert found.fitted
    assert found.decided is not None
    if found.decided:
        assert found.discount == pytest.approx(GAMMA)


@pytest.mark.parametrize("cut", [True, False])
def test_a_reward_that_comes_with_the_end_alone_is_not_taken_for_a_next_value(cut):
    """Its weight is seen nowhere else: 1 of it and a next value of 1 are the same."""
    rewards = np.zeros(400)
    rewards[19::20] = 1.0
    found = seen(rewards, cut=cut)
    assert found.fitted
    assert set(found.terminals) == {"unclear"}


@pytest.mark.parametrize(("cut", "said"), [(True, "cut"), (False, "bootstrapped")])
def test_ends_are_told_where_rewards_vary(cut, said):
    found = seen(RNG.normal(0, 1, 400), cut=cut)
    assert set(found.terminals) == {said}


def test_ends_without_a_reward_are_told_where_none_was_paid():
    assert set(seen(np.zeros(400)).terminals) == {"cut"}
    assert set(seen(np.zeros(400), cut=False).terminals) == {"bootstrapped"}
