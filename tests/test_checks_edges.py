"""Checks accuse on evidence only: configured behaviour, unknown values and odd places."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from rca.checking import Finding, Verdict, builtin_checks, load_checks, run_checks
from rca.diagnosis.diagnose import diagnose
from rca.runs.load import load_run
from rca.runs.observed import observed
from rca.runs.phases import COUNTER, DECLARED
from rca.runs.record import Observed, RunRecord
from rca.seed_stages import within
from rca.wiring.facts import Names
from tests.planted import (
    lengths,
    scaled_rewards,
    scheduled_noise,
    twice_the_seed_items,
    wired,
    wired_module,
    wired_target,
)
from tests.records import blank, evaluations, healthy, phases, signal, with_config, with_signals
from tests.records import episodes as table

CHECKS = {item.id: item for item in load_checks([builtin_checks()])}


def finding(check_id: str, run: RunRecord) -> Finding:
    return run_checks([CHECKS[check_id]], run)[0]


@pytest.mark.parametrize("check_id", ["updates.replay_ratio", "config.effective"])
def test_the_common_run_does_as_configured(check_id):
    assert finding(check_id, healthy()).verdict is Verdict.PASS


def test_one_update_a_step_is_not_the_four_configured():
    run = with_config(healthy(), {"agent.updates_per_step": 4})
    assert finding("updates.replay_ratio", run).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("agent.exploration_noise_final", None),
        ("agent.exploration_noise_final", 0.2),
        ("agent.exploration_noise_steps", 20_000),
    ],
)
def test_a_noise_schedule_other_than_declared_is_not(key, value):
    run = with_config(scheduled_noise(healthy()), {key: value})
    assert finding("config.effective", run).verdict is Verdict.FAIL


@pytest.mark.parametrize("factor", [0.01, 100.0])
@pytest.mark.parametrize("check_id", ["critic.soft_divergence", "critic.value_bias"])
def test_values_are_held_against_rewards_as_the_agent_stores_them(check_id, factor):
    found = finding(check_id, scaled_rewards(factor)(healthy()))
    assert found.verdict is Verdict.PASS, found.message


def test_values_of_small_rewards_beyond_their_bound_are_seen():
    run = with_config(healthy(), {"agent.reward_scale": 1e-3})
    assert finding("critic.soft_divergence", run).verdict is Verdict.FAIL
    assert finding("critic.value_bias", run).verdict is Verdict.FAIL


@pytest.mark.parametrize(("end_reason", "expected"), [("time_out", "PASS"), ("stuck", "FAIL")])
def test_values_of_episodes_that_the_clock_cut_off_look_beyond_their_end(end_reason, expected):
    short = table([25.0] * 60, [12.5] * 60, end_reason=end_reason)  # 0.5 a step, worth 50 for ever
    steps = range(1000, 1500, 10)
    run = blank(
        config={"agent.discount": 0.99},
        episodes=short,
        phases=phases(100, 1500),
        signals={"critic/q1_mean": signal("critic/q1_mean", steps, [50.0] * 50)},
    )
    assert finding("critic.value_bias", run).verdict == expected


def test_clipped_rewards_bound_values_and_leave_returns_unknown():
    run = scaled_rewards(1.0, clip=0.01)(healthy())
    assert finding("critic.soft_divergence", run).verdict is Verdict.FAIL
    found = finding("critic.value_bias", run)
    assert found.verdict is Verdict.VACUOUS
    assert "clip" in found.message


def norms(values: list[float]) -> RunRecord:
    return blank(
        signals={"critic/grad_norm": signal("critic/grad_norm", range(len(values)), values)}
    )


@pytest.mark.parametrize("calm", [30, 0])
def test_an_infinite_gradient_is_an_explosion(calm):
    found = finding("gradients.explosion", norms([1.0] * calm + [math.inf] * 2))
    assert found.verdict is Verdict.FAIL
    assert found.onset == calm


@pytest.mark.parametrize("after", [[1e12], [1e12] * 200, [1e12, 0.0] * 20 + [1.0] * 300])
def test_a_median_of_zero_is_no_ratio(after):
    found = finding("gradients.explosion", norms([0.0] * 300 + after))
    assert found.verdict is Verdict.VACUOUS, found.message


def test_evaluations_of_the_end_alone_need_not_rise():
    level = evaluations(range(1_000, 5_001, 1_000), mean_return=[3.0, 1.0, 2.0, 3.0, 1.0])
    run = replace(healthy(), evaluations=level)
    first = run.first_update_step()
    assert first is not None
    run = replace(run, evaluations=level.assign(step=level["step"] + first))
    assert finding("evaluation.improves", run).verdict is Verdict.WARN
    late = with_config(run, {"budget.eval_from": first + 1_000})
    assert finding("evaluation.improves", late).verdict is Verdict.VACUOUS


def test_the_last_evaluation_comes_whatever_the_rhythm():
    for steps in ([1_000, 2_000, 2_100], [638, 696, 700]):
        seen = observed({}, evaluations(steps), None, {})["budget.eval_every"]
        assert seen.value == steps[1] - steps[0]


def test_the_discount_that_telemetry_shows_bounds_values_without_a_config():
    run = with_config(healthy(), {"agent.reward_scale": 1e-3})
    undeclared = {k: v for k, v in run.config.items() if k != "agent.discount"}
    seen = {"agent.discount": Observed(0.99, 0.99, 0.989, 0.991, "batches")}
    assert finding("critic.soft_divergence", replace(run, config=undeclared)).verdict == "NOT_RUN"
    run = replace(run, config=undeclared, observed=seen)
    assert finding("critic.soft_divergence", run).verdict is Verdict.FAIL


def test_values_that_are_no_numbers_any_more_pass_nothing():
    run = healthy()
    q1 = run.signals["critic/q1_mean"]
    gone = replace(q1, values=np.where(q1.steps > q1.steps[len(q1) // 2], math.nan, q1.values))
    found = finding("critic.soft_divergence", with_signals(run, gone))
    assert (found.verdict, "critic/q1_mean" in found.message) == (Verdict.NOT_RUN, True)


def test_endings_without_any_counter_are_not_recorded():
    names = ["end_reason", "success", "collisions"]
    run = healthy()
    nothing = run.episodes.assign(**dict.fromkeys(names, math.nan)).astype({"end_reason": object})
    signals = {k: v for k, v in run.signals.items() if not k.startswith("episode/")}
    found = finding("metrics.endings", replace(run, episodes=nothing, signals=signals))
    assert found.verdict is Verdict.NOT_RUN, found.message


def step_times(at: dict[int, float]) -> RunRecord:
    """Step times of 0.02 s but for some readings, every 10 steps, and an evaluation at 5,000."""
    values = np.full(1_000, 0.02)
    for index, seconds in at.items():
        values[index] = seconds
    times = signal("env/step_seconds", np.arange(1, 1_001) * 10, values, "s")
    return blank(signals={"env/step_seconds": times}, evaluations=evaluations([5_000.0]))


@pytest.mark.parametrize("at", [(0,), (999,), (300, 301), (300, 301, 302), (998, 999)])
def test_stalls_are_seen_wherever_and_however_many(at):
    found = finding("env.stalls", step_times(dict.fromkeys(at, 600.0)))
    assert found.verdict is Verdict.FAIL, found.message
    assert found.onset == 10 * (at[0] + 1)


@pytest.mark.parametrize(("num", "verdict"), [(5, "VACUOUS"), (8, "FAIL")])
def test_a_stall_stands_out_of_few_readings(num, verdict):
    values = np.full(num, 0.02)
    values[2] = 600.0
    times = signal("env/step_seconds", np.arange(1, num + 1) * 100, values, "s")
    assert finding("env.stalls", blank(signals={"env/step_seconds": times})).verdict == verdict


@pytest.mark.parametrize("at", [(500,), range(300, 1_000)])
def test_evaluations_and_lasting_levels_are_no_stalls(at):
    found = finding("env.stalls", step_times(dict.fromkeys(at, 10.0)))
    assert found.verdict is Verdict.PASS, found.message


@pytest.mark.parametrize(
    ("at", "verdict"),
    [
        (range(50, 1_000, 100), "VACUOUS"),
        ((50, 150, 260, 700), "FAIL"),
        ((50, 150), "FAIL"),
        ((500, 502, 505, 507), "FAIL"),  # nearer to one another than readings can tell
    ],
)
def test_waits_at_even_distances_are_the_trainers_rounds(at, verdict):
    found = finding("env.stalls", step_times(dict.fromkeys(at, 600.0)))
    assert found.verdict == verdict, found.message


@pytest.mark.parametrize(
    ("rates", "declared", "met"),
    [
        (np.linspace(3e-4, 0, 101)[1:-1], 3e-4, True),  # logged from a hundredth of the run on
        (np.full(99, 3e-4), 3e-4, True),
        (np.linspace(3e-4, 0, 101)[1:-1], 1e-3, False),
        (np.linspace(1e-4, 1e-5, 99), 3e-4, False),
        (np.linspace(3e-4, 6e-4, 99), 3e-4, False),
    ],
)
def test_a_rate_that_falls_from_the_declared_one_was_read(rates, declared, met):
    logged = signal("actor/lr", range(1_000, 100_000, 1_000), rates)
    config = {"agent.actor_lr": declared}
    seen = observed({"actor/lr": logged}, evaluations([]), None, config)
    run = blank(config=config, signals={"actor/lr": logged}, observed=seen)
    found = finding("config.effective", run)
    assert found.verdict is (Verdict.PASS if met else Verdict.FAIL), found.message


@pytest.mark.parametrize(
    ("returns", "names", "verdict"),
    [
        ([150.0, 400.0, *[500.0] * 6], {}, "WARN"),
        ([600.0, 400.0, *[500.0] * 6], {}, "FAIL"),
        ([500.0] * 8, {}, "FAIL"),
        ([150.0, 400.0, *[500.0] * 6], {"env_id": "Driving-v0"}, "FAIL"),
    ],
)
def test_the_best_result_may_come_again_where_the_task_may_be_solved(returns, names, verdict):
    run = blank(
        phases=phases(100, 9_000),
        evaluations=evaluations(range(1_000, 9_000, 1_000), mean_return=returns),
        config={f"config.yaml:{key}": value for key, value in names.items()},
    )
    found = finding("evaluation.frozen", run)
    assert found.verdict == verdict, found.message


@pytest.mark.parametrize(("paid", "verdict"), [(0.0, "VACUOUS"), (0.1, "FAIL")])
def test_a_loss_may_rise_from_where_nothing_was_paid(paid, verdict):
    returns = [paid * (number % 2) for number in range(30)] + [1.0] * 70
    run = blank(
        episodes=table([100.0] * 100, returns),
        signals={
            "critic/loss": signal(
                "critic/loss", range(100, 10_001, 100), np.geomspace(1e-6, 1e-2, 100)
            )
        },
    )
    found = finding("critic.loss_rising", run)
    assert found.verdict == verdict, found.message


@pytest.mark.parametrize(("same", "verdict"), [(True, "PASS"), (False, "FAIL")])
def test_episodes_as_long_as_many_others_are_taken_as_cut_off_where_no_reason_is_known(
    same, verdict
):
    lengths = [25.0] * 60 if same else [*np.linspace(5, 24, 59), 25.0]
    steps = range(1000, 1500, 10)
    run = blank(
        config={"agent.discount": 0.99},
        episodes=table(lengths, [0.5 * length for length in lengths]),
        phases=phases(100, 1500),
        signals={"critic/q1_mean": signal("critic/q1_mean", steps, [50.0] * 50)},
    )
    found = finding("critic.value_bias", run)
    assert found.verdict == verdict, found.message


@pytest.mark.parametrize(
    ("kind", "total", "verdict"),
    [("recording", 1_001, "PASS"), ("rca", 1_001, "FAIL"), ("recording", 1_002, "FAIL")],
)
def test_the_steps_of_a_loop_that_counts_from_0_are_one_more(kind, total, verdict):
    run = blank(kind=kind, episodes=table([500.0, total - 500.0], [1.0, 1.0]))
    run = replace(run, outcome=replace(run.outcome, executed_steps=1_000))
    found = finding("episodes.add_up", run)
    assert found.verdict == verdict, found.message


def with_nan(name: str, places: slice) -> RunRecord:
    run = healthy()
    values = run.signals[name].values.copy()
    values[places] = math.nan
    return with_signals(run, signal(name, run.signals[name].steps, values))


@pytest.mark.parametrize("places", [slice(700, 702), slice(700, 701), slice(-1, None)])
def test_single_nan_of_a_learner_are_named(places):
    found = finding("signals.finite", with_nan("critic/loss", places))
    assert found.verdict is Verdict.WARN
    assert f"critic/loss ({len(range(5_000)[places])})" in found.message


@pytest.mark.parametrize("name", ["env/step_seconds", "explore/noise"])
def test_nan_by_design_is_counted_and_accuses_nobody(name):
    found = finding("signals.finite", with_nan(name, slice(700, 702)))
    assert found.verdict is Verdict.PASS
    assert f"{name} (2)" in found.message


def test_nan_before_the_first_value_was_not_due():
    found = finding("signals.finite", with_nan("critic/loss", slice(0, 50)))
    assert found.verdict is Verdict.PASS
    assert "critic/loss" not in found.message


def test_results_are_looked_for_without_phases():
    run = replace(healthy(), phases=())
    assert finding("seed.results_logged", run).verdict is Verdict.PASS
    assert finding("seed.results_logged", replace(run, results={})).verdict is Verdict.FAIL


@pytest.mark.parametrize("odd", [10**400, True, "5", None, math.nan])
def test_results_that_are_no_numbers_are_left_out(odd):
    run = healthy()
    listed = run.results["training_rewards"]
    assert isinstance(listed, list)
    returns = run.episodes["return"].to_numpy().copy()
    returns[3] = math.nan
    changed = replace(
        run,
        results={**run.results, "training_rewards": [*listed[:3], odd, *listed[4:]]},
        episodes=run.episodes.assign(**{"return": returns}),
    )
    found = finding("results.episodes", changed)
    assert found.verdict is Verdict.PASS, found.message


@pytest.mark.parametrize("odd", [10**400, True, -1])
def test_an_impossible_number_of_steps_is_no_claim(odd):
    run = healthy()
    changed = replace(run, results={**run.results, "total_timesteps": odd})
    assert finding("results.steps_claimed", changed).verdict is Verdict.VACUOUS


def test_our_trainer_is_said_to_have_no_alarms():
    found = finding("alerts.can_fire", healthy())
    assert found.verdict is Verdict.NOT_RUN
    assert "our trainer has no alarms" in found.message


def test_ended_episodes_alone_are_a_lower_bound(tmp_path):
    results = {
        "total_timesteps": 1_000,
        "training_rewards": [1.0, 2.0],
        "episode_lengths": [300, 300],
    }
    (tmp_path / "results.json").write_text(json.dumps(results), encoding="utf-8")
    found = finding("results.steps_claimed", load_run(tmp_path))
    assert found.verdict is Verdict.VACUOUS, found.message
    assert "at least 600" in found.message


def test_more_steps_in_ended_episodes_than_claimed_are_seen(tmp_path):
    results = {
        "total_timesteps": 500,
        "training_rewards": [1.0, 2.0],
        "episode_lengths": [300, 300],
    }
    (tmp_path / "results.json").write_text(json.dumps(results), encoding="utf-8")
    assert finding("results.steps_claimed", load_run(tmp_path)).verdict is Verdict.FAIL


SEED = ("seed.stage_0_10k", "seed.stage_10_20k", "seed.stage_20_30k", "seed.test_30k_steps")


@pytest.mark.parametrize("check_id", SEED)
def test_the_seeds_returns_are_not_asked_of_our_reward(check_id):
    found = finding(check_id, replace(twice_the_seed_items(healthy()), kind="rca"))
    assert found.verdict is Verdict.VACUOUS
    assert "its reward, not for ours" in found.message


@pytest.mark.parametrize("check_id", [*SEED, "seed.test_10k_steps"])
def test_without_a_random_phase_nothing_shows_learning(check_id):
    run = twice_the_seed_items(healthy())
    found = finding(check_id, replace(run, phases=run.phases[1:]))
    assert found.verdict is Verdict.VACUOUS, found.message
    assert "what random actions reach is not known" in found.message


def test_a_missed_limit_is_missed_without_a_control():
    assert within("length", 3, 50, 100, control=math.nan).met is False
    assert within("length", 60, 50, 100, control=math.nan).met is None
    assert within("length", 60, 50, 100).met is True


@pytest.mark.parametrize("num", [17, 20, 25])
def test_three_long_episodes_before_few_short_ones_are_not_no_change(num):
    rng = np.random.default_rng(2)
    run = lengths([1000.0] * 3 + rng.integers(2, 9, num).tolist(), [300.0] * 20)(healthy())
    found = finding("ordering.random_phase", run)
    assert found.verdict is Verdict.VACUOUS, found.message
    assert "1,000 to" in found.message
    assert "at step 3,001" in found.message


KINDS: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "exponential": lambda rng, size: 1 + rng.exponential(50, size),
    "one in 2 long": lambda rng, size: np.where(rng.uniform(size=size) < 0.5, 1000.0, 3.0),
    "one in 10 long": lambda rng, size: np.where(rng.uniform(size=size) < 0.1, 1000.0, 3.0),
    "one in 30 long": lambda rng, size: np.where(rng.uniform(size=size) < 1 / 30, 1000.0, 3.0),
}


def control(random: np.ndarray, means: list[float], episodes: float = 10) -> RunRecord:
    """Two evaluations without an update before them, after random episodes of these lengths."""
    steps, each = [random.sum() / 2, random.sum()], [episodes] * 2
    return blank(
        kind="rca",
        config={"budget.eval_episodes": 5, "env.max_episode_steps": 1_000},
        phases=phases(None, int(random.sum())),
        episodes=table(random.tolist(), random.tolist()),
        evaluations=evaluations(steps, mean_length=means, episodes=each),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_zero_update_control_holds_its_level(kind):
    """A false alarm in a hundred at most; of 120 draws, 6 come from such a rate in 1 in 800."""
    rng = np.random.default_rng(12)
    alarms = 0
    for num in (3, 10) * 60:
        random = KINDS[kind](rng, int(rng.integers(20, 200)))
        means = KINDS[kind](rng, 2 * num).reshape(2, num).mean(axis=1)
        alarms += finding("evaluation.control", control(random, means, num)).verdict is Verdict.FAIL
    assert alarms <= 5


def test_the_zero_update_control_sees_what_chance_does_not_do():
    random = KINDS["exponential"](np.random.default_rng(1), 100)
    found = finding("evaluation.control", control(random, [800.0, 4.0]))
    assert found.verdict is Verdict.FAIL
    assert "10 episodes each, counted number" in found.message
    assert "and so are its routes" in found.message
    foreign = replace(control(random, [800.0, 4.0]), kind="recording")
    assert "they or the simulator changed" in finding("evaluation.control", foreign).message


@pytest.mark.parametrize(
    ("means", "verdict", "reason"),
    [
        ([95.0, 4.0], Verdict.WARN, "one episode longer than any"),
        ([60.0, 25.0], Verdict.VACUOUS, "chance may explain"),
    ],
)
def test_the_zero_update_control_says_what_else_explains_a_difference(means, verdict, reason):
    random = KINDS["exponential"](np.random.default_rng(1), 100)
    found = finding("evaluation.control", control(random, means))
    assert found.verdict is verdict, found.message
    assert reason in found.message


@pytest.mark.parametrize("kind", KINDS)
def test_evaluations_that_leave_episodes_alone_stretch_none(kind):
    """A false alarm in a hundred at most; of 120 draws, 6 come from such a rate in 1 in 800."""
    rng = np.random.default_rng(14)
    alarms = 0
    for _ in range(120):
        lengths = KINDS[kind](rng, 1_500)
        run = blank(
            episodes=table(lengths.tolist(), lengths.tolist()),
            evaluations=evaluations(np.arange(1, 16) * 2_000),
        )
        alarms += finding("evaluation.running_episode", run).verdict is Verdict.FAIL
    assert alarms <= 5


def test_episodes_that_decide_when_evaluations_come_show_nothing():
    rng = np.random.default_rng(15)
    lengths = rng.integers(3, 2_000, 200).astype(float)
    starts = np.cumsum(lengths)[9::20]
    run = blank(episodes=table(lengths.tolist(), lengths.tolist()), evaluations=evaluations(starts))
    found = finding("evaluation.running_episode", run)
    assert found.verdict is Verdict.VACUOUS
    assert "not evenly spaced" in found.message


def test_the_zero_update_control_says_where_its_number_of_episodes_is_from():
    run = control(np.full(40, 50.0), [60.0, 50.0], math.nan)
    assert "5 episodes each, declared number" in finding("evaluation.control", run).message
    bare = replace(run, config={})
    assert "number of episodes unknown" in finding("evaluation.control", bare).message
    few = finding("evaluation.control", replace(run, episodes=run.episodes[:5]))
    assert few.verdict is Verdict.VACUOUS
    assert "5 random episodes" in few.message


def placed(run: RunRecord, earliest: int, latest: int, rule: str) -> RunRecord:
    known = {"step": 1_001, "earliest": earliest, "latest": latest, "rule": rule}
    return replace(run, kind="recording", provenance={"first_update": known})


def test_a_declared_step_is_not_held_against_itself():
    run = placed(healthy(), 901, 1_100, f"{DECLARED} of 1,000")
    found = finding("phases.found", run)
    assert found.verdict is Verdict.VACUOUS
    assert "(declared; certain between 901 and 1,100)" in found.message
    asked = finding("seed.config_learning_starts", run).message
    assert "seen" not in asked
    assert "(declared; certain between 901 and 1,100)" in asked


@pytest.mark.parametrize(
    ("rule", "starts", "verdict"),
    [
        ("exploration noise, logged from step 1,000 on", 1_000, Verdict.PASS),
        ("the last record without critic/loss", 2_000, Verdict.FAIL),
        ("the last record without critic/loss", 500, Verdict.FAIL),
        (f"{COUNTER} (to a step)", 1_000, Verdict.PASS),
        (f"{COUNTER} (to a step)", 950, Verdict.FAIL),
    ],
)
def test_a_first_update_is_held_against_where_it_certainly_lies(rule, starts, verdict):
    run = with_config(placed(healthy(), 901, 1_100, rule), {"agent.learning_starts": starts})
    assert finding("phases.found", run).verdict is verdict


def test_before_any_update_means_before_the_earliest_possible_one():
    run = lengths([3.0] * 30, [3.0] * 300)(healthy())
    late = placed(run, 40, 200, f"{DECLARED} of 1,000")
    found = finding("ordering.short_episodes", replace(late, phases=phases(201, 990)))
    assert "13 of 13 episodes before any update" in found.message
    assert "certain between 40 and 200" in found.message
    assert finding("ordering.random_phase", late).message.startswith("13 random episodes")


def test_pictures_that_show_a_start_from_rest_unevenly_are_only_warned_of():
    uneven = signal("env/observation_age", range(100, 800, 100), [1, 3, 2, 2, 4, 1, 2])
    found = finding("env.observation_age", with_signals(healthy(), uneven))
    assert found.verdict is Verdict.WARN


def test_evaluations_alone_show_that_successes_are_not_counted():
    at = np.array([1_000, 2_000])
    bare = blank(
        evaluations=evaluations(at, episodes=[10, 10], success_rate=[0, 0], mean_collisions=[0, 0])
    )
    reasons = [signal("evaluation/ended_goal", at, [0.0, 0.6])]
    reasons += [signal("evaluation/ended_collision", at, [0.0, 0.0])]
    found = finding("metrics.counted", with_signals(bare, *reasons))
    assert found.verdict is Verdict.FAIL
    assert "0 success counted where 6 episodes" in found.message


@pytest.mark.parametrize("reason", ["collision", "off_road"])
def test_a_counter_that_nothing_should_move_is_not_judged(reason):
    ended = table([20.0] * 2, [1.0] * 2, success=0.0, collisions=0.0, end_reason=reason)
    found = finding("metrics.counted", blank(episodes=ended))
    assert found.verdict is Verdict.VACUOUS


def test_noise_on_stored_actions_is_not_taken_for_actions_stored_wrongly():
    noisy = wired(actions={"executed": 0, "visits": 500, "varied": 500, "added": 0.2})(healthy())
    found = finding("wiring.actions", noisy)
    assert found.suspects == ("smoothing_wrong",)
    same = wired(actions={"executed": 0, "visits": 500, "varied": 3})(healthy())
    assert "action_path_wrong" in finding("wiring.actions", same).suspects


def seen(check_id: str, **parts: dict[str, object]) -> Finding:
    """The answer where the audit saw something else in parts of its facts."""
    return finding(check_id, wired(**parts)(healthy()))


def test_a_queue_that_delays_all_but_a_few_episodes_fails():
    late = signal("env/observation_age", range(100, 1_000, 100), [10, 10, 4, 10, 10, 10, 7, 10, 10])
    found = finding("env.observation_age", with_signals(healthy(), late))
    assert found.verdict is Verdict.FAIL


def test_pixels_divided_twice_are_not_scaled_and_a_black_picture_is_another_matter():
    dark = seen("wiring.inputs", inputs={"pixels": {"critic_encoder": 1 / 255}})
    assert dark.suspects == ("image_unscaled",)
    assert "at least 0.01" in dark.message
    assert seen("wiring.inputs", inputs={"pixels": {"critic_encoder": 0.0}}).verdict is Verdict.PASS


def test_a_picture_that_is_not_finite_is_no_matter_of_scale():
    found = seen("wiring.inputs", inputs={"pixels": {"actor_encoder": 1.0, "critic_encoder": None}})
    assert found.verdict is Verdict.FAIL
    assert found.suspects == ("nan_values",)
    assert "a picture of critic_encoder is not finite" in found.message


def test_the_policys_own_actions_are_told_from_smoothing():
    found = seen(
        "wiring.actions", actions={"executed": 0, "own": 10_000, "visits": 99, "varied": 99}
    )
    assert found.suspects == ("action_path_wrong", "replay_wrong")
    assert "the policy's present action" in found.message


def test_rows_of_zeros_are_the_memorys_fault_and_not_the_cars():
    found = seen("wiring.actions", actions={"executed": 40, "zeros": 1_800, "repeated": None})
    assert found.verdict is Verdict.FAIL
    assert found.suspects == ("replay_wrong",)
    assert "1,800 hold zeros instead" in found.message


def test_critics_in_the_actors_optimizer_are_no_shared_encoder():
    run = wired_module("critic", in_several=Names(count=12, names=("critic.first.0.weight",)))
    found = finding("wiring.stepped_twice", run(healthy()))
    assert found.suspects == ("optimizer_wrong",)
    assert "and no encoder" in found.message
    likely = {item.cause.id for item in diagnose(run(healthy()), [found]).ranked[:1]}
    assert likely == {"optimizer_wrong"}


@pytest.mark.parametrize(
    ("world", "verdict"),
    [
        ({"other": {"reward": 2}}, Verdict.PASS),
        ({"other": {"reward": 3}}, Verdict.FAIL),
        ({"other": {"heading error": 8}}, Verdict.PASS),  # of 900 steps
        ({"other": {"pedal": 3}}, Verdict.FAIL),
        ({"other": {"something newer": 3}}, Verdict.WARN),
        ({"other": {"heading error": 9}}, Verdict.FAIL),
        ({"other": {"route": 9}}, Verdict.WARN),
        ({"steps": 49}, Verdict.VACUOUS),
        ({"error": "AttributeError: rig"}, Verdict.NOT_RUN),
        ({"routes": 6}, Verdict.FAIL),  # of 13
        ({"routes": 7}, Verdict.PASS),
        ({"routes": 1, "begun": 4}, Verdict.PASS),
        ({"routes": None}, Verdict.PASS),
    ],
    ids=str,
)
def test_steps_are_the_simulators_but_for_what_rounding_decides(world, verdict):
    assert seen("env.witnessed", world=world).verdict is verdict


def test_a_terminal_flag_turned_round_is_no_discount_of_nothing():
    blind = {"discount": 0.0, "terminals": {"bootstrapped": 20, "cut": 1}}
    assert seen("wiring.discount", equation=blind).verdict is Verdict.NOT_RUN
    assert seen("wiring.terminals", equation=blind).suspects == ("terminal_missing",)
    nothing = {"discount": 0.0, "terminals": {"unclear": 21}}
    assert seen("wiring.discount", equation=nothing).suspects == ("discount_wrong",)


def with_rates(first: float, last: float, kind: Literal["rca", "recording"] = "rca") -> RunRecord:
    """A run whose critic's rate was one at the first look and another at the last."""
    run = healthy()
    assert run.wiring is not None
    optimizers = {
        name: item.model_copy(
            update={
                "first_rates": dict.fromkeys(item.rates, first),
                "rates": dict.fromkeys(item.rates, last),
            }
        )
        for name, item in run.wiring.optimizers.items()
    }
    changed = run.wiring.model_copy(update={"optimizers": optimizers})
    rates = {f"agent.{part}_lr": 3e-4 for part in ("actor", "critic")}
    rates |= {f"agent.{part}_encoder_lr": 3e-4 for part in ("actor", "critic")}
    return replace(with_config(run, rates), wiring=changed, kind=kind)


@pytest.mark.parametrize(
    ("first", "last", "kind", "verdict", "suspects"),
    [
        (3e-4, 3e-4, "rca", Verdict.PASS, ()),
        (3e-4, 1e-5, "rca", Verdict.FAIL, ("learning_rate_wrong",)),
        (1e-3, 1e-5, "rca", Verdict.FAIL, ("learning_rate_wrong", "config_not_read")),
        (3e-4, 1e-5, "recording", Verdict.PASS, ()),  # a schedule is its own business
        (3e-4, 0.0, "recording", Verdict.PASS, ()),  # read as the run was closed
        (0.0, 3e-4, "recording", Verdict.PASS, ()),  # a warm-up
        (0.0, 1e-4, "recording", Verdict.PASS, ()),  # that is not at its end
        (1e-3, 1e-5, "recording", Verdict.PASS, ()),  # passes through it
        (1e-3, 5e-4, "recording", Verdict.FAIL, ("config_not_read",)),
        (1e-9, 1e-9, "recording", Verdict.FAIL, ("config_not_read",)),
    ],
)
def test_rates_that_change_on_the_way(first, last, kind, verdict, suspects):
    found = finding("wiring.learning_rates", with_rates(first, last, kind))
    assert (found.verdict, found.suspects) == (verdict, suspects)


def test_a_rate_that_begins_as_declared_and_falls_was_read():
    steps = range(1_001, 2_001, 100)
    falling = signal("critic/lr", steps, 3e-4 * 0.9 ** np.arange(10))
    run = with_signals(with_rates(3e-4, 1e-4), falling)
    assert finding("config.effective", run).verdict is Verdict.PASS
    unaudited = finding("config.effective", replace(run, wiring=None))
    assert unaudited.verdict is Verdict.FAIL


UNPAID = signal("env/reward", range(10, 30_001, 10), [0.0] * 3_000)


@pytest.mark.parametrize("check_id", ["critic.soft_divergence", "critic.twin_gap"])
def test_values_before_the_first_reward_are_those_of_the_first_weights(check_id):
    run = with_signals(healthy(), UNPAID)
    run = replace(run, episodes=run.episodes.assign(**{"return": 0.0}))
    assert finding(check_id, run).verdict is Verdict.VACUOUS
    steps = range(1_010, 30_001, 10)
    apart = signal("critic/q_spread", steps, [50.0] * len(steps))
    paid = signal("env/reward", UNPAID.steps, [*UNPAID.values[:-1], 1e-3])
    far = with_signals(run, paid, apart)
    assert finding(check_id, far).verdict is Verdict.FAIL


def test_the_spread_of_a_batch_is_what_a_gap_of_twins_is_held_against():
    run = healthy()
    q1 = run.signals["critic/q1_mean"]
    level = signal("critic/q1_mean", q1.steps, [0.01] * len(q1))
    spread = signal("critic/q1_std", q1.steps, [1.0] * len(q1))
    bare = finding("critic.twin_gap", with_signals(run, level))
    assert bare.verdict is Verdict.FAIL
    assert finding("critic.twin_gap", with_signals(run, level, spread)).verdict is Verdict.PASS


def test_a_gap_of_twins_is_not_held_against_a_nan():
    run = healthy()
    q1 = run.signals["critic/q1_mean"]
    late = q1.steps > 0.5 * q1.steps[-1]
    gone = signal("critic/q1_mean", q1.steps, np.where(late, math.nan, q1.values))
    assert finding("critic.twin_gap", with_signals(run, gone)).verdict is Verdict.NOT_RUN


def foreign(check_id: str, change: Callable[[RunRecord], RunRecord]) -> Finding:
    return finding(check_id, replace(change(healthy()), kind="recording"))


@pytest.mark.parametrize(
    ("held_by", "stepped_by", "verdict"),
    [
        (("critic_optimizer", "encoder_optimizer"), None, Verdict.PASS),
        (("actor_optimizer", "critic_optimizer"), None, Verdict.FAIL),
        (("actor_optimizer", "critic_optimizer", "encoder_optimizer"), None, Verdict.NOT_RUN),
        (
            ("actor_optimizer", "critic_optimizer", "encoder_optimizer"),
            ("critic_optimizer", "encoder_optimizer"),
            Verdict.PASS,
        ),
        (
            ("actor_optimizer", "critic_optimizer", "encoder_optimizer"),
            ("actor_optimizer", "critic_optimizer"),
            Verdict.FAIL,
        ),
    ],
)
def test_of_others_only_what_the_actors_optimizer_steps_too_is_accused(
    held_by, stepped_by, verdict
):
    change = wired_module(
        "critic_encoder",
        in_several=Names(count=4, names=("critic_encoder.0.weight",)),
        held_by=held_by,
        stepped_by=stepped_by,
    )
    assert foreign("wiring.stepped_twice", change).verdict is verdict
    assert finding("wiring.stepped_twice", change(healthy())).verdict is Verdict.FAIL


def without_others(run: RunRecord, steps: int, **fields: object) -> RunRecord:
    """A run whose critic's target alone is watched, and stood still in every look."""
    assert run.wiring is not None
    still = {"moved": 0, "tau": None, "residual": None}
    target = run.wiring.targets["critic_target"].model_copy(update=still)
    slow = run.wiring.modules["critic_target"].model_copy(update=fields)
    optimizers = {
        name: item.model_copy(update={"steps": steps})
        for name, item in run.wiring.optimizers.items()
    }
    changes = {
        "targets": {"critic_target": target},
        "modules": {**run.wiring.modules, "critic_target": slow},
        "optimizers": optimizers,
    }
    config = {key: value for key, value in run.config.items() if key != "agent.tau"}
    return replace(run, wiring=run.wiring.model_copy(update=changes), config=config)


TWELVE = Names(count=12, names=("critic_target.first.0.weight",))


@pytest.mark.parametrize(
    ("steps", "fields", "config", "verdict"),
    [
        (900, {"not_changed": TWELVE}, {}, Verdict.VACUOUS),
        (1_000, {"not_changed": TWELVE}, {}, Verdict.FAIL),
        (900, {"not_changed": TWELVE}, {"agent.tau": 0.005}, Verdict.FAIL),
        (900, {"not_changed": TWELVE}, {"agent.tau": 1.0}, Verdict.VACUOUS),
        (5_000, {}, {}, Verdict.VACUOUS),  # it moved where nobody looked
        (5_000, {"not_changed": TWELVE}, {"watch:target_update_freq": 8_000}, Verdict.VACUOUS),
        (5_000, {"not_changed": TWELVE}, {"watch:target_update_freq": 2}, Verdict.FAIL),
    ],
)
def test_a_target_that_no_look_saw_move_may_be_copied_rarely(steps, fields, config, verdict):
    run = with_config(without_others(healthy(), steps, **fields), config)
    assert finding("wiring.targets", replace(run, kind="recording")).verdict is verdict
    assert finding("wiring.targets", run).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"residual": 0.7, "beyond": 0.0}, Verdict.PASS),
        ({"residual": 0.7, "beyond": None}, Verdict.WARN),
        ({"residual": 0.7, "beyond": 0.6}, Verdict.FAIL),
        ({"tau": 1.0, "moved": 5}, Verdict.PASS),
        ({"tau": 1.0, "moved": 25}, Verdict.FAIL),
        ({"residual": None}, Verdict.NOT_RUN),  # weights that are no numbers
    ],
)
def test_a_target_of_others_may_follow_between_the_looks_or_be_copied(fields, verdict):
    found = foreign("wiring.targets", wired_target(**fields))
    assert found.verdict is verdict, found.message
    ours = finding("wiring.targets", wired_target(**fields)(healthy()))
    assert ours.verdict is (Verdict.FAIL if verdict is not Verdict.NOT_RUN else verdict)


@pytest.mark.parametrize(
    ("calls", "verdict"),
    [({"critic_encoder": 1}, Verdict.NOT_RUN), ({"critic_encoder": 58}, "WARN")],
)
def test_features_that_were_the_online_ones_in_the_first_look_only_show_nothing(calls, verdict):
    run = healthy()
    assert run.wiring is not None
    features = {name: dict(fed) for name, fed in run.wiring.features.items()}
    seen = features["critic_target"]["target"]
    features["critic_target"]["target"] = seen.model_copy(update={"encoders": calls})
    changed = replace(run, wiring=run.wiring.model_copy(update={"features": features}))
    assert finding("wiring.target_features", changed).verdict == verdict


@pytest.mark.parametrize(
    ("fitted", "late", "verdict"),
    [(3, 0, "NOT_RUN"), (60, 4, "NOT_RUN"), (3, 110, "FAIL"), (110, 0, "PASS")],
)
def test_another_equation_that_fits_now_and_then_accuses_nobody(fitted, late, verdict):
    wrong = {"terminals": {"bootstrapped": 60}, "discount": 1.2, "reductions": {"max": 9}}
    change = wired(equation={"fitted": fitted, "late": late, **wrong})
    assert foreign("wiring.rewards", change).verdict == verdict
    for name in ("terminals", "discount", "twin_minimum"):
        found = foreign(f"wiring.{name}", change)
        assert found.verdict == ("FAIL" if verdict == "PASS" else "NOT_RUN"), found.message
        assert finding(f"wiring.{name}", change(healthy())).verdict is Verdict.FAIL
    ours = finding("wiring.rewards", change(healthy()))
    assert ours.verdict == ("PASS" if verdict == "PASS" else "FAIL")


def test_equal_twins_are_one_critic_and_may_be_logged_twice_elsewhere():
    values = healthy().signals["critic/q1_mean"]
    same = with_signals(healthy(), signal("critic/q2_mean", values.steps, values.values))
    same = with_signals(same, without=["critic/q_spread"])
    ours = finding("critic.twin_gap", same)
    assert (ours.verdict, ours.suspects) == (Verdict.FAIL, ("critic_twin_untrained",))
    theirs = finding("critic.twin_gap", replace(same, kind="recording"))
    assert theirs.verdict is Verdict.WARN
    assert "or logged twice" in theirs.message


def test_the_norm_of_no_gradient_is_no_nan_where_every_gradient_is_looked_at():
    norm = healthy().signals["critic/grad_norm"]
    values = np.where(np.arange(len(norm)) < len(norm) // 2, norm.values, np.nan)
    run = with_signals(healthy(), signal("critic/grad_norm", norm.steps, values))
    ours = finding("signals.finite", run)
    assert (ours.verdict, ours.suspects) == (Verdict.WARN, ("critic_frozen",))
    theirs = finding("signals.finite", replace(run, kind="recording"))
    assert theirs.suspects == ("critic_diverged",)


def test_noise_as_large_as_random_actions_is_too_much_whatever_reads_the_setting():
    large = seen("wiring.exploration", exploration={"deviation": 0.7})
    assert large.verdict is Verdict.FAIL
    assert large.suspects[0] == "exploration_noise_high"
    assert "little of the policy is left" in large.message
    small = seen("wiring.exploration", exploration={"deviation": 0.3})
    assert small.suspects[0] == "config_not_read"


@pytest.mark.parametrize(
    ("other", "suspects"),
    [
        ({"speed": 900, "vector late": 12}, ("observation_wrong",)),
        ({"vector late": 900}, ("frames_wrong",)),
        ({"speed": 5, "vector late": 900}, ("frames_wrong", "observation_wrong")),
        ({"speed": 900, "vector late": 400}, ("frames_wrong", "observation_wrong")),
        ({"picture": 900, "picture late": 12}, ("frames_wrong",)),
    ],
)
def test_what_looks_late_by_chance_is_not_blamed(other, suspects):
    found = seen("env.witnessed", world={"other": other})
    assert set(found.suspects) == set(suspects)
    assert all(f"{what} in" in found.message for what in other)


def test_a_copy_of_the_actor_that_drives_is_missed_where_the_actor_is_asked_for_nothing():
    run = healthy()
    assert run.wiring is not None
    features = {name: dict(fed) for name, fed in run.wiring.features.items()}
    features["actor"].pop("acting", None)
    alone = replace(run, wiring=run.wiring.model_copy(update={"features": features}))
    found = finding("wiring.exploration", alone)
    assert found.verdict is Verdict.FAIL
    assert "asked for no action" in found.message
    hurried = with_config(alone, {"agent.updates_per_step": 100})
    assert "asked for no action" not in finding("wiring.exploration", hurried).message


@pytest.mark.parametrize(
    ("exploration", "verdict"),
    [
        ({"steps": 50, "unasked": 15}, Verdict.FAIL),
        ({"steps": 97, "unasked": 3}, Verdict.FAIL),
        ({"steps": 50, "unasked": 2}, Verdict.PASS),
    ],
)
def test_actions_that_nobody_asked_the_policy_for_are_somebody_elses(exploration, verdict):
    found = seen("wiring.exploration", exploration=exploration)
    assert found.verdict is verdict
    if verdict is Verdict.FAIL:
        assert found.suspects[0] == "policy_not_driving"
        assert "was not asked in {unasked} of {steps} steps".format(**exploration) in found.message


@pytest.mark.parametrize(
    ("pedal", "steer", "verdict"),
    [
        (0.5, 0.0, Verdict.PASS),
        (0.0, 0.5, Verdict.FAIL),
        (-0.5, 0.0, Verdict.FAIL),
        (0.0, 0.0, Verdict.VACUOUS),  # a weak response is no other one
    ],
)
def test_the_speed_follows_the_pedal(pedal, steer, verdict):
    rng = np.random.default_rng(1)
    steps = np.arange(1, 1_000)
    pedals, steers, noise = rng.uniform(-1, 1, (3, len(steps)))
    speed = 10 + np.cumsum(pedal * pedals + steer * steers + 0.2 * noise)
    run = with_signals(
        healthy(),
        signal("explore/net_drive", steps, pedals),
        signal("explore/steer", steps, steers),
        signal("env/speed", steps, speed),
    )
    assert finding("env.controls", run).verdict is verdict


@pytest.mark.parametrize(
    ("foreign", "verdict"),
    [
        ([0, 0, 0], Verdict.PASS),
        ([300, 150, 30], Verdict.WARN),  # of each step four
        ([299, 148, 28], Verdict.WARN),  # the last ones ended before their repetitions did
        ([300, 150, 31], Verdict.FAIL),
        ([300, 0, 0], Verdict.FAIL),
        ([100, 30, 6], Verdict.FAIL),
    ],
)
def test_actions_that_are_repeated_are_nobody_elses_steps(foreign, verdict):
    three = table([100, 50, 10], [0.0, 0.0, 0.0])
    run = with_signals(blank(), signal("episode/foreign_steps", three["end_step"], foreign))
    found = finding("evaluation.foreign_steps", replace(run, episodes=three))
    assert found.verdict is verdict
    assert ("each step of the trainer's is 4" in found.message) == (verdict is Verdict.WARN)


@pytest.mark.parametrize(
    ("at", "verdict"),
    [
        ([6_000.0, 15_000.0], Verdict.WARN),  # the lengths change with the first one
        ([5_000.0, 15_000.0], Verdict.PASS),
        ([*range(500, 18_000, 500)], Verdict.VACUOUS),  # an eighth of all episodes follow one
    ],
)
def test_a_change_of_lengths_is_told_where_chance_would_hardly_put_it_behind_an_evaluation(
    at, verdict
):
    size = [*np.random.default_rng(3).integers(25, 36, 200).astype(float)]
    size += [*np.random.default_rng(4).integers(95, 126, 120).astype(float)]
    at = [float(sum(size[:200])) if step == 6_000.0 else float(step) for step in at]
    turn = table(size, [-1.0] * len(size)).sample(frac=1, random_state=0)  # as several cars end
    run = replace(healthy(), episodes=turn, evaluations=evaluations(at))
    found = finding("evaluation.episode_shift", run)
    assert found.verdict is verdict, found.message


@pytest.mark.parametrize(("critics", "verdict"), [(3e-4, Verdict.PASS), (1e-4, Verdict.FAIL)])
def test_a_detached_encoder_is_judged_by_the_rate_in_force(critics, verdict):
    rates = {"agent.actor_encoder_lr": 1e-4, "agent.critic_encoder_lr": critics}
    detached = with_config(healthy(), {**rates, "agent.encoder_sharing": "detached"})
    found = finding("seed.config_learning_rates", detached)
    assert found.verdict is verdict
    assert "actor_encoder not used" in found.message
    separate = with_config(healthy(), rates)
    assert "actor_encoder 0.0001" in finding("seed.config_learning_rates", separate).message
