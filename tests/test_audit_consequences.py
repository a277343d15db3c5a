"""Arithmetic on settings, against numbers worked out by hand."""

import pytest

from rca.audit.consequences import consequences
from rca.checking import Verdict

WHOLE = {
    "agent.learning_starts": 25_000,
    "agent.updates_per_step": 1,
    "agent.buffer_size": 100_000,
    "env.image_size": 84,
    "env.frame_stack": 4,
    "env.max_episode_steps": 1_000,
    "budget.steps": 30_000,
    "budget.eval_every": 5_000,
    "budget.eval_episodes": 5,
}


def found(**changes):
    config = {**WHOLE, **{k.replace("__", "."): v for k, v in changes.items()}}
    return {c.rule: c for c in consequences({k: v for k, v in config.items() if v is not None})}


def test_the_seed_s_own_recommendation_leaves_its_short_tests_without_updates():
    """evidence.md, section 2: 0, 0 and 5,000 updates."""
    updates = found()["audit.updates"]
    assert updates.verdict is Verdict.WARN
    assert "0 in 100 steps, 0 in 10,000 steps, 5,000 in 30,000 steps" in updates.message


def test_a_run_that_never_learns_fails():
    assert found(budget__steps=20_000)["audit.updates"].verdict is Verdict.FAIL


def test_updates_from_the_start_pass():
    assert found(agent__learning_starts=50)["audit.updates"].verdict is Verdict.PASS


def test_the_random_share_is_of_the_planned_steps():
    seen = found()["audit.random_share"]
    assert seen.verdict is Verdict.FAIL
    assert seen.value == pytest.approx(25 / 30)
    assert found(agent__learning_starts=10_000)["audit.random_share"].verdict is Verdict.PASS


def test_memory_is_what_the_images_take(monkeypatch):
    monkeypatch.setattr("rca.audit.consequences.installed_memory", lambda: 16e9)
    seen = found()["audit.replay_memory"]
    assert seen.value == pytest.approx(100_000 * 4 * 84 * 84 / 1e9)
    assert seen.verdict is Verdict.WARN  # 22.6 GB as float32, stored twice
    assert found(agent__buffer_size=1_000_000)["audit.replay_memory"].verdict is Verdict.FAIL
    assert found(agent__buffer_size=10_000)["audit.replay_memory"].verdict is Verdict.PASS


def test_evaluation_may_cost_more_than_training():
    seen = found(budget__eval_every=2_000)["audit.evaluation_share"]
    assert seen.verdict is Verdict.WARN
    assert seen.value == pytest.approx(5 / 7)
    assert found(budget__eval_every=0)["audit.evaluation_share"].verdict is Verdict.VACUOUS


def test_evaluations_of_the_end_alone_are_fewer():
    # four in 30,000 steps, each of up to 5,000
    late = found(budget__eval_every=2_000, budget__eval_from=24_000)["audit.evaluation_share"]
    assert late.verdict is Verdict.PASS
    assert late.value == pytest.approx(20_000 / 50_000)
    assert "every 2,000 steps from 24,000 on" in late.message


@pytest.mark.parametrize("value", [None, "many", float("nan"), True])
def test_what_is_not_declared_is_not_judged(value):
    seen = found(agent__learning_starts=value, env__image_size=value, env__max_episode_steps=value)
    assert {c.verdict for c in seen.values()} == {Verdict.NOT_RUN}
