"""What the checks say about the recorded failures; skipped where they are not there."""

from functools import cache
from pathlib import Path

import pytest

from rca.checking import Finding, Verdict, builtin_checks, load_checks, run_checks
from rca.runs.load import load_run

CASES = Path(__file__).parents[2] / "shared" / "cases"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir(),
    reason="../shared/cases holds the recordings and is not part of this project",
)
C03 = "c03-seed-30k-minus52k"


@cache
def findings(case: str) -> dict[str, Finding]:
    run = load_run(CASES / case)
    return {f.check: f for f in run_checks(load_checks([builtin_checks()]), run)}


def ids(case: str, verdict: Verdict) -> set[str]:
    return {name for name, found in findings(case).items() if found.verdict is verdict}


@pytest.mark.parametrize("case", sorted(p.name for p in CASES.glob("*/")) if CASES.is_dir() else [])
def test_no_check_breaks_on_a_recording(case):
    assert ids(case, Verdict.ERROR) == set()


def test_c03_has_two_phases_with_their_steps():
    message = findings(C03)["phases.found"].message
    assert "random phase (steps 1-10,000): 1,074 episodes" in message
    assert "learning phase (steps 10,001-30,000): 20 episodes" in message


def test_c03_has_two_kinds_of_episodes_and_no_typical_mean():
    found = findings(C03)["episodes.modes"]
    assert found.verdict is Verdict.FAIL
    assert "1,068 around 3 steps, 26 around 1,000 steps" in found.message
    assert "median random 3, learning 1,000" in found.message


def test_c03_refutes_learning_rates_by_ordering():
    found = findings(C03)["ordering.short_episodes"]
    assert found.verdict is Verdict.FAIL
    assert found.onset is not None
    assert found.onset < 10_001
    assert "learning rates" in found.message
    assert "refuted" in found.message
    assert "evaluation_disturbs_simulator" in found.suspects
    assert not any("rate" in cause for cause in found.suspects)


def test_c03_random_actions_lead_to_other_episodes_from_step_3001_on():
    found = findings(C03)["ordering.random_phase"]
    assert found.verdict is Verdict.FAIL
    assert "1,000 to 3 at step 3,001" in found.message


def test_c03_two_evaluations_without_an_update_differ_as_its_random_episodes_do():
    """Of these 6 in 1,074 last about 1,000 steps and the others 3: ten of them say little."""
    found = findings(C03)["evaluation.control"]
    assert found.verdict is Verdict.VACUOUS
    assert "88 steps at 2,000, 4 at 4,000" in found.message
    assert "declared number" in found.message
    assert findings(C03)["evaluation.step_time"].verdict is Verdict.FAIL


def test_c03_evaluations_stretch_the_episode_that_is_running():
    found = findings(C03)["evaluation.running_episode"]
    assert found.verdict is Verdict.FAIL
    assert "1,000 at step 4,000 against 3" in found.message


def test_c03_the_learned_policy_stands_still():
    for name in ("env.standing_still", "episodes.identical", "evaluation.frozen"):
        assert findings(C03)[name].verdict is Verdict.FAIL
    assert "20 of 20" in findings(C03)["episodes.identical"].message


def test_c03_success_and_collisions_are_constant():
    message = findings(C03)["metrics.constant"].message
    assert "collisions (1,094 readings)" in message
    assert "success_rate (15 readings)" in message


def test_c03_returns_fit_lengths_and_rewards():
    assert findings(C03)["episodes.return_length"].verdict is Verdict.PASS


def test_c03_misses_what_the_seed_expects_after_learning_and_shows_nothing_before():
    assert findings(C03)["seed.stage_0_10k"].verdict is Verdict.VACUOUS
    assert findings(C03)["seed.test_10k_steps"].verdict is Verdict.VACUOUS
    assert findings(C03)["seed.test_30k_steps"].verdict is Verdict.FAIL


def test_c03_declares_a_noise_that_was_not_in_force():
    found = findings(C03)["config.effective"]
    assert found.verdict is Verdict.FAIL
    assert "MISSED: agent.exploration_noise declared 0.2, in force 0.3 to 0.1013" in found.message
    assert "MISSED: budget.eval_every declared 5000, in force 2000" in found.message


def test_c05_learned_nothing_and_so_shows_nothing():
    case = "c05-nov12-vacuous-1k-test"
    found = findings(case)["updates.executed"]
    assert found.verdict is Verdict.VACUOUS
    assert "learning_starts 5,000 lies beyond the run's 1,000 steps" in found.message
    learning = {"gradients.flow", "encoder.drift", "seed.cnn_diagnostics", "seed.test_100_steps"}
    assert learning <= ids(case, Verdict.VACUOUS)


def test_c07_the_simulator_changed_and_not_the_policy():
    case = "c07-nov13-20k-no-learning"
    accused = {"updates.executed", "evaluation.step_time", "ordering.random_phase"}
    assert accused <= ids(case, Verdict.FAIL)
    assert findings(case)["evaluation.control"].verdict is Verdict.WARN
    assert "20,800 steps took place" in findings(case)["updates.executed"].message


@pytest.mark.parametrize("case", ["c13-nov18-5k-q-diagnostics", "c16-nov20-matched-lr-1e-3"])
def test_c13_and_c16_have_a_policy_q_gap_and_a_dead_actor(case):
    for name in ("actor.policy_q_gap", "actor.dead", "episodes.learned_against_random"):
        assert findings(case)[name].verdict is Verdict.FAIL
    # The short episodes of these runs begin with learning, so ordering clears nobody.
    assert findings(case)["ordering.short_episodes"].verdict is Verdict.PASS


def test_c16_makes_the_updates_of_td3_though_others_are_declared():
    found = findings("c16-nov20-matched-lr-1e-3")["updates.replay_ratio"]
    assert found.verdict is Verdict.FAIL
    assert "not TD3's" not in found.message


def test_p01_the_healthy_control_is_accused_of_nothing():
    case = "p01-baseline-purepursuit"
    assert ids(case, Verdict.FAIL) | ids(case, Verdict.WARN) == set()


def test_c03_standing_still_is_the_best_that_was_seen():
    found = findings(C03)["reward.idle_optimal"]
    assert found.verdict is Verdict.FAIL
    assert "-5,300" in found.message


def test_c03_declares_the_off_road_penalty_in_two_spellings():
    message = findings(C03)["config.twice"].message
    assert "offroad_penalty = -500.0" in message
    assert "off_road_penalty = -100.0" in message


def test_c16_explodes_where_matched_rates_were_to_help():
    case = "c16-nov20-matched-lr-1e-3"
    assert findings(case)["critic.soft_divergence"].verdict is Verdict.FAIL
    assert findings(case)["encoder.weight_growth"].verdict is Verdict.FAIL
