"""One abnormality per check, planted in a healthy record, and a healthy record for each check."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from rca.config import load_config
from rca.runs.record import Outcome, RunRecord
from rca.wiring.facts import Names
from tests.records import (
    STARTS,
    STEPS,
    episodes,
    evaluations,
    healthy,
    phases,
    signal,
    with_config,
    with_signals,
)
from tests.wiring_facts import fed, recomputed

Change = Callable[[RunRecord], RunRecord]
LEARNED = np.arange(STARTS + 10, STEPS + 1, 10)
EVERY = np.arange(10, STEPS + 1, 10)


def constant(name: str, value: float) -> Change:
    return lambda run: with_signals(run, signal(name, LEARNED, np.full(len(LEARNED), value)))


def halfway(name: str, value: float) -> Change:
    """Changes the second half of a signal to one value."""

    def change(run: RunRecord) -> RunRecord:
        old = run.signals[name]
        values = old.values.copy()
        values[len(values) // 2 :] = value
        return with_signals(run, replace(old, values=values))

    return change


def config(**values: object) -> Change:
    return lambda run: with_config(run, {f"agent.{key}": value for key, value in values.items()})


def outcome(**values: Any) -> Change:
    return lambda run: replace(run, outcome=replace(run.outcome, **values))


def no_update(run: RunRecord) -> RunRecord:
    """Never learned, though its configuration wanted it to."""
    return replace(
        run,
        phases=phases(None),
        outcome=Outcome("finished", STEPS, STEPS, 0, 0),
        config={**run.config, "agent.learning_starts": 1_000},
    )


def lengths(random: list[float], learned: list[float], reward: float = -1.0) -> Change:
    """Episodes of these lengths, whose phases begin and end with them."""

    def change(run: RunRecord) -> RunRecord:
        every = np.array([*random, *learned])
        table = episodes(every.tolist(), (every * reward).tolist())
        return replace(run, episodes=table, phases=phases(int(sum(random)) + 1, int(sum(every))))

    return change


def short_from_the_start(run: RunRecord) -> RunRecord:
    rng = np.random.default_rng(3)
    return lengths([1000, 1000, *rng.geometric(0.3, 400)], [300] * 20)(run)


def twice_the_seed_items(run: RunRecord) -> RunRecord:
    """Learns within what the seed expects of each of its stages."""
    rng = np.random.default_rng(4)
    size = [*rng.integers(20, 40, 60), *rng.integers(60, 90, 115), *rng.integers(120, 180, 66)]
    size += [*rng.integers(250, 450, 29)]
    ends = np.cumsum(size)
    rising = np.interp(ends, [0, 2_000, 10_000, 20_000, 30_000], [-60, -25, -11, -6, 0.5]) * 1e3
    success = (rng.uniform(size=len(size)) < ends / 200_000).astype(float)
    success[-20:] = [1, 0, 0, 0, 0] * 4
    success[ends <= 2_000] = 0
    table = episodes(size, rising + rng.normal(0, 50, len(size)), success=success)
    steps = int(ends[-1])
    return replace(
        run,
        kind="recording",  # the seed's returns are of its own reward
        episodes=table,
        phases=phases(2_001, steps),
        outcome=Outcome("finished", steps, steps),
    )


def seed_config(run: RunRecord) -> RunRecord:
    return replace(run, config=load_config("fixed").flat())


def early_learning(run: RunRecord, encoder_gradient: float = 1.0) -> RunRecord:
    """Updates from step 21 on, so that a test of 100 steps can see them."""
    first = replace(run, phases=phases(21), config={**run.config, "agent.learning_starts": 20})
    steps = np.arange(21, 101)
    levels = {
        "actor_encoder/grad_norm": encoder_gradient,
        "critic_encoder/grad_norm": 1.0,
        "critic/loss": 1.0,
    }
    seen = (signal(name, steps, np.full(len(steps), level)) for name, level in levels.items())
    return with_signals(first, *seen)


def speeds(random: float, learned: float) -> Change:
    def change(run: RunRecord) -> RunRecord:
        return with_signals(
            run, signal("env/speed", EVERY, np.where(EVERY > STARTS, learned, random))
        )

    return change


def evaluated(steps: list[float], **columns: list[float]) -> Change:
    return lambda run: replace(run, evaluations=evaluations(steps, **columns))


def slow_after_evaluation(run: RunRecord) -> RunRecord:
    seconds = np.where(EVERY > 5_000, 0.4, 0.02)
    return with_signals(run, signal("env/step_seconds", EVERY, seconds, "s"))


def without_results(run: RunRecord) -> RunRecord:
    return replace(run, results={})


def success_never_fed(run: RunRecord) -> RunRecord:
    table = run.episodes.assign(success=0.0, collisions=0.0, end_reason=None)
    changed = evaluations([5_000, 10_000], success_rate=[0, 0], mean_collisions=[0, 0])
    return replace(run, episodes=table, evaluations=changed)


def returns(run: RunRecord, change: Callable[[np.ndarray], np.ndarray]) -> RunRecord:
    table = run.episodes.copy()
    table["return"] = change(table["return"].to_numpy())
    return replace(run, episodes=table)


def identical_while_learning(run: RunRecord) -> RunRecord:
    table = run.episodes.copy()
    late = table["end_step"] > STARTS
    table.loc[late, "length"], table.loc[late, "return"] = 1000.0, -52_990.0
    return replace(run, episodes=table)


def all_of(*changes: Change) -> Change:
    def change(run: RunRecord) -> RunRecord:
        for part in changes:
            run = part(run)
        return run

    return change


def extra(name: str, value: float, spread: float = 0.0) -> Change:
    """Adds a signal that only foreign trainers record."""
    rng = np.random.default_rng(6)
    noise = rng.normal(0, 1, len(LEARNED)) * spread

    return lambda run: with_signals(run, signal(name, LEARNED, value + noise))


def fading(name: str, first: float, last: float) -> Change:
    values = np.linspace(first, last, len(LEARNED))
    return lambda run: with_signals(run, signal(name, LEARNED, values))


def spike(name: str, value: float) -> Change:
    def change(run: RunRecord) -> RunRecord:
        old = run.signals[name]
        values = old.values.copy()
        values[777] = value  # where no evaluation takes place
        return with_signals(run, replace(old, values=values))

    return change


def spike_alert(run: RunRecord) -> RunRecord:
    values = np.zeros(len(LEARNED))
    values[5] = 1
    return with_signals(run, signal("alerts/explosion", LEARNED, values))


def idling(reward: float, moved: float) -> Change:
    """A policy that stands still at a reward per step, after episodes of moving that paid less."""

    def change(run: RunRecord) -> RunRecord:
        lengths = [30.0] * 60 + [1000.0] * 28
        totals = [moved] * 60 + [reward * 1000] * 28
        return all_of(
            lambda r: replace(r, episodes=episodes(lengths, totals), phases=phases(1_801)),
            speeds(0.0, 0.0),
            lambda r: with_signals(r, signal("env/reward", EVERY, np.full(len(EVERY), reward))),
        )(run)

    return change


def collapse(run: RunRecord) -> RunRecord:
    rng = np.random.default_rng(9)
    return lengths(rng.integers(40, 70, 40).tolist(), rng.integers(14, 20, 300).tolist())(run)


def short_after_evaluation(run: RunRecord) -> RunRecord:
    rng = np.random.default_rng(10)
    long, short = rng.integers(200, 400, 40).tolist(), rng.integers(2, 6, 300).tolist()
    changed = lengths([60.0] * 15, [*long, *short])(run)
    return replace(changed, evaluations=evaluations([sum(long) + 800.0], mean_return=[1.0]))


def stretched_by_evaluations(run: RunRecord) -> RunRecord:
    """Episodes of 3 to 12 steps; the one running at each evaluation goes on for 1,000."""
    rng = np.random.default_rng(13)
    size: list[float] = []
    for due in range(2_000, 10_001, 2_000):
        while sum(size) <= due - 12:
            size.append(float(rng.integers(3, 13)))
        size.append(1_000.0)
    changed = replace(run, episodes=episodes(size, [-1.0] * len(size)))
    return replace(changed, evaluations=evaluations(range(2_000, 10_001, 2_000)))


def failing_fast(pays: float) -> Change:
    """Episodes of 3 steps beside longer ones, at a return each."""

    def change(run: RunRecord) -> RunRecord:
        table = episodes([3.0] * 40 + [60.0] * 80, [pays] * 40 + [90.0] * 80)
        return replace(run, episodes=table)

    return change


def one_reason(reason: str) -> Change:
    return lambda run: replace(run, episodes=run.episodes.assign(end_reason=reason))


def jerky(run: RunRecord) -> RunRecord:
    every = np.arange(1, 500)
    values = 5.0 + 3.0 * (every % 7 == 0)
    return with_signals(run, signal("env/speed", every, values))


def smooth(run: RunRecord) -> RunRecord:
    every = np.arange(1, 500)
    return with_signals(run, signal("env/speed", every, 5 + np.sin(every / 50)))


def at_standstill(reward: float) -> Change:
    def change(run: RunRecord) -> RunRecord:
        still = EVERY % 100 == 0
        old, pay = run.signals["env/speed"].values, run.signals["env/reward"].values
        return with_signals(
            run,
            signal("env/speed", EVERY, np.where(still, 0.0, old)),
            signal("env/reward", EVERY, np.where(still, reward, pay)),
        )

    return change


def fewer_stored(run: RunRecord) -> RunRecord:
    return with_signals(run, signal("replay/size", EVERY, EVERY * 0.8))


def fewer_results(run: RunRecord) -> RunRecord:
    listed = run.results["training_rewards"]
    assert isinstance(listed, list)
    return replace(run, results={**run.results, "training_rewards": listed[:50]})


def lost_episodes(run: RunRecord) -> RunRecord:
    return replace(run, episodes=run.episodes.iloc[:100])


def falling(run: RunRecord) -> RunRecord:
    return returns(run, lambda r: -np.arange(len(r), dtype=float))


def spelt_twice(run: RunRecord) -> RunRecord:
    keys = {"a.yaml:reward.off_road_penalty": -100.0, "b.yaml:reward.offroad_penalty": -500.0}
    return with_config(run, keys)


def twofold_updates(run: RunRecord) -> RunRecord:
    """Two updates per step, as configured."""
    return all_of(config(updates_per_step=2), outcome(critic_updates=2 * (STEPS - STARTS)))(run)


def scheduled_noise(run: RunRecord) -> RunRecord:
    """Exploration noise that falls from 1.0 to 0.1 over the first 10,000 learning steps."""
    values = np.interp(LEARNED, [STARTS + 1, STARTS + 10_001], [1.0, 0.1])
    schedule = config(
        exploration_noise=1.0, exploration_noise_final=0.1, exploration_noise_steps=10_000
    )
    return with_signals(schedule(run), signal("explore/noise", LEARNED, values))


def scaled_rewards(factor: float, clip: float | None = None) -> Change:
    """Values of an agent that learns from scaled and clipped rewards; recorded ones are as paid."""

    def change(run: RunRecord) -> RunRecord:
        values = [s for name, s in run.signals.items() if name.startswith("critic/q")]
        changed = with_signals(run, *(replace(s, values=s.values * factor) for s in values))
        return config(reward_scale=factor, reward_clip=clip)(changed)

    return change


def every_step(name: str, sign: float = 1.0) -> Change:
    """Adds a signal of 0.1 at every step, less at a failure, more at a goal."""

    def change(run: RunRecord) -> RunRecord:
        steps = np.arange(1, STEPS + 1)
        values = np.full(STEPS, 0.1)
        for reason, paid in (("collision", -20.0), ("off_road", -1.0), ("goal", 2.0)):
            ends = run.episodes.loc[run.episodes["end_reason"] == reason, "end_step"]
            values[np.isin(steps, ends.to_numpy())] += paid
        return with_signals(run, signal(name, steps, sign * values))

    return change


def late(name: str, steps: int) -> Change:
    """Delays a signal."""

    def change(run: RunRecord) -> RunRecord:
        old = run.signals[name]
        return with_signals(run, replace(old, values=np.roll(old.values, steps)))

    return change


def wanted_speed(value: float) -> Change:
    keys = {"env.reward.speed": 0.1, "env.reward.target_speed": value}
    return lambda run: with_config(run, keys)


TERMS_AND_REWARD = all_of(every_step("env/reward"), every_step("reward/all"))
LEVEL_EVALUATIONS = evaluated(
    [5_000.0, 10_000.0, 15_000.0, 20_000.0, 25_000.0], mean_return=[3.0, 1.0, 2.0, 3.0, 1.0]
)
DISCOUNTED = all_of(extra("batch/terminal_share", 0.01), extra("batch/discount_mean", 0.99 * 0.99))


def wired(**parts: dict[str, Any]) -> Change:
    """Changes fields of parts of the wiring facts."""

    def change(run: RunRecord) -> RunRecord:
        assert run.wiring is not None
        changed = {
            part: getattr(run.wiring, part).model_copy(update=fields)
            for part, fields in parts.items()
        }
        return replace(run, wiring=run.wiring.model_copy(update=changed))

    return change


def wired_module(name: str, **fields: Any) -> Change:
    def change(run: RunRecord) -> RunRecord:
        assert run.wiring is not None
        modules = dict(run.wiring.modules)
        modules[name] = modules[name].model_copy(update=fields)
        return replace(run, wiring=run.wiring.model_copy(update={"modules": modules}))

    return change


def wired_optimizer(name: str, **fields: Any) -> Change:
    def change(run: RunRecord) -> RunRecord:
        assert run.wiring is not None
        optimizers = dict(run.wiring.optimizers)
        optimizers[name] = optimizers[name].model_copy(update=fields)
        return replace(run, wiring=run.wiring.model_copy(update={"optimizers": optimizers}))

    return change


def wired_features(network: str, situation: str, encoder: str) -> Change:
    def change(run: RunRecord) -> RunRecord:
        assert run.wiring is not None
        features = {name: dict(seen) for name, seen in run.wiring.features.items()}
        features[network][situation] = fed(encoder, 28)
        return replace(run, wiring=run.wiring.model_copy(update={"features": features}))

    return change


def wired_target(**fields: Any) -> Change:
    def change(run: RunRecord) -> RunRecord:
        assert run.wiring is not None
        targets = dict(run.wiring.targets)
        targets["critic_target"] = targets["critic_target"].model_copy(update=fields)
        return replace(run, wiring=run.wiring.model_copy(update={"targets": targets}))

    return change


def known(**entries: object) -> Change:
    return lambda run: replace(run, provenance={**run.provenance, **entries})


EIGHT = Names(count=8, names=("critic_encoder.layers.0.weight",))


def driven(*, exchanged: bool) -> Change:
    """A car that speeds up by half of what is on its pedal, or of what is steered."""

    def change(run: RunRecord) -> RunRecord:
        rng = np.random.default_rng(0)
        steps = np.arange(1, STARTS)
        pedal, steer = rng.uniform(-1, 1, (2, len(steps)))
        speed = 10 + np.cumsum(0.5 * (steer if exchanged else pedal))
        return with_signals(
            run,
            signal("explore/net_drive", steps, pedal),
            signal("explore/steer", steps, steer),
            signal("env/speed", steps, speed),
        )

    return change


BAD: dict[str, Change] = {
    "config.frame_stack": lambda run: with_config(run, {"env.frame_stack": 1}),
    "config.seed_in_force": known(first_weights=["0123456789ab", "ba9876543210"]),
    "env.action_path": extra("env/action_gap", 0.8),
    "env.controls": driven(exchanged=True),
    "env.witnessed": wired(world={"other": {"pedal": 900}}),
    "env.traffic": extra("env/traffic_speed", 0.0),
    "env.observation_age": extra("env/observation_age", 1.0),
    "episodes.time_outs": extra("episode/time_out_terminal", 1.0),
    "evaluation.foreign_steps": extra("episode/foreign_steps", 31.0),
    "env.frame_stack": extra("env/stack_moves", 0.0),
    "env.reward_path": extra("env/reward_gap", 0.5),
    "evaluation.deterministic": extra("evaluation/action_gap", 0.4),
    "reward.promises": known(reward_promises={"driving is worth more than standing still": -1.0}),
    "updates.policy_delay": outcome(actor_updates=100),
    "wiring.acting": wired(exploration={"otherwise": 50}),
    "wiring.actions": wired(actions={"executed": 20}),
    "wiring.batches": wired(actions={"reach": 0.01}),
    "wiring.checkpoint": wired(checkpoint={"absent": {"critic_encoder": 8}}),
    "wiring.critic_loss": wired(equation={"ascending": 116}),
    "wiring.discount": wired(equation={"discount": 0.0}),
    "wiring.exploration": wired(exploration={"deviation": 0.001}),
    "wiring.features": wired_features("critic", "actor loss", "actor_encoder"),
    "wiring.frames": wired(frames={"moved": 25}),
    "wiring.gradients": wired_module("critic_encoder", not_reached=EIGHT),
    "wiring.inputs": wired(inputs={"pixels": {"critic_encoder": 255.0}}),
    "wiring.learning_rates": lambda run: with_config(run, {"agent.actor_lr": 0.7}),
    "wiring.memory": wired(memory={"other": {"next vector": 400}}),
    "wiring.modes": wired_module(
        "critic_encoder", modes={"eval": 58}, mode_layers=("BatchNorm2d",)
    ),
    "wiring.next_state": wired(inputs={"same_next": 1.0}),
    "wiring.optimizers": wired_module("critic_encoder", in_no_optimizer=EIGHT),
    "wiring.policy_features": wired_features("actor", "learning", "critic_encoder"),
    "wiring.recomputed": wired(recomputed={"parts": {"gradient of critic": recomputed(0.6, 0.4)}}),
    "wiring.rewards": wired(equation={"fitted": 3, "late": 110}),
    "wiring.smoothing": wired(smoothing={"largest": 0.9}),
    "wiring.squared_error": wired(loss={"single": 58}),
    "wiring.steps": wired_optimizer("critic_optimizer", piled=57),
    "wiring.stepped_twice": wired_module("critic_encoder", in_several=EIGHT),
    "wiring.target_features": wired_features("critic_target", "target", "critic_encoder"),
    "wiring.targets": wired_target(moved=0, tau=None, residual=None),
    "wiring.terminals": wired(equation={"terminals": {"bootstrapped": 60}}),
    "wiring.time_outs": wired(equation={"time_outs": {"cut": 40}}),
    "wiring.twin_minimum": wired(equation={"reductions": {"max": 116}}),
    "wiring.weights_move": wired_module("critic_encoder", not_changed=EIGHT),
    "actor.diversity": extra("actor/diversity", 0.0),
    "actor.image_use": extra("actor/image_use", 0.0),
    "actor.saturation": extra("actor/saturation", 1.0),
    "alerts.can_fire": all_of(extra("alerts/explosion", 0.0), extra("actor/q_max", 1e9)),
    "critic.action_sensitivity": extra("critic/action_sensitivity", 0.0),
    "critic.td_tails": extra("critic/td_tail", 300.0),
    "critic.validation_td": fading("critic/validation_td", 1.0, 5.0),
    "actor.encoder_consistency": extra("actor/encoder_mixup", 0.95),
    "encoder.effective_rank": fading("critic_encoder/effective_rank", 100.0, 5.0),
    "gradients.clipped": extra("critic/clipped", 1.0),
    "learner.dormant_units": extra("critic/dormant", 0.9),
    "learner.update_ratio": all_of(
        extra("actor/update_ratio", 1e-3), extra("critic_encoder/update_ratio", 0.0)
    ),
    "reward.dominance": all_of(extra("reward/progress", 0.1), extra("reward/collision", -90.0)),
    "reward.penalty_size": spike("env/reward", -50_000.0),
    "targets.follow": extra("critic/target_error", 1e-2),
    "reward.sign_and_lag": all_of(TERMS_AND_REWARD, late("env/reward", 1)),
    "reward.endings_paid": every_step("env/reward", -1.0),
    "reward.progress_sign": constant("reward/progress", -0.1),
    "config.speed_unit": wanted_speed(0.4),
    "observation.frames": extra("observation/duplicates", 0.9),
    "config.discount": all_of(
        extra("batch/terminal_share", 0.01), extra("batch/discount_mean", 0.9 * 0.99)
    ),
    "config.random_share": config(learning_starts=25_000),
    "config.twice": spelt_twice,
    "critic.fits_target": extra("critic/target_mean", 500.0),
    "critic.loss_rising": halfway("critic/loss", 1e5),
    "critic.value_bias": constant("critic/q1_mean", 1e4),
    "encoder.weight_growth": halfway("actor_encoder/drift", 20.0),
    "env.physics": jerky,
    "env.stalls": spike("env/step_seconds", 600.0),
    "episodes.add_up": lost_episodes,
    "episodes.end_reasons": one_reason("off_road"),
    "episodes.improving": falling,
    "episodes.lane_endings": extra("episode/lane_invasions", 1.0),
    "episodes.touch_ends": extra("episode/after_touch", 0.0),
    "evaluation.running_episode": stretched_by_evaluations,
    "evaluation.episode_shift": short_after_evaluation,
    "evaluation.improves": LEVEL_EVALUATIONS,
    "gradients.explosion": spike("critic/grad_norm", 1e6),
    "ordering.learning_collapse": collapse,
    "config.activation": config(activation="tanh"),
    "replay.action_range": extra("batch/action_size", 1.2),
    "replay.batch_share": config(batch_size=256),
    "replay.size": fewer_stored,
    "replay.terminal_share": extra("batch/terminal_share", 0.2),
    "results.episodes": fewer_results,
    "reward.early_end_pays": failing_fast(pays=30.0),
    "reward.idle_optimal": idling(reward=-53.0, moved=-50_000.0),
    "reward.idle_pays": at_standstill(0.7),
    "updates.replay_ratio": outcome(critic_updates=5_000),
    "actor.dead": constant("actor/grad_norm", 0.0),
    "actor.policy_q_gap": constant("actor/loss", -1e5),
    "config.effective": constant("explore/noise", 0.3),
    "critic.soft_divergence": halfway("critic/q1_mean", 1e4),
    "critic.twin_gap": halfway("critic/q_spread", 50.0),
    "encoder.drift": constant("critic_encoder/drift", 0.0),
    "env.random_drive": speeds(0.0, 5.0),
    "env.standing_still": speeds(5.0, 0.0),
    "episodes.identical": identical_while_learning,
    "episodes.learned_against_random": lambda run: returns(run, lambda r: -np.arange(len(r)) - 0.0),
    "episodes.modes": lengths([3] * 500, [1000] * 26),
    "episodes.return_length": lambda run: returns(run, lambda r: r * 1e4),
    "evaluation.control": all_of(
        lambda run: replace(run, phases=phases(None)),
        evaluated([2_000, 4_000], mean_length=[800, 4], mean_return=[1, 2], episodes=[10, 10]),
    ),
    "evaluation.frozen": evaluated([5_000, 6_000, 7_000], mean_return=[3.5, 3.5, 3.5]),
    "evaluation.step_time": slow_after_evaluation,
    "gradients.flow": constant("critic_encoder/grad_norm", 0.0),
    "metrics.constant": success_never_fed,
    "metrics.counted": lambda run: replace(run, episodes=run.episodes.assign(success=0.0)),
    "metrics.endings": success_never_fed,
    "ordering.random_phase": short_from_the_start,
    "ordering.short_episodes": short_from_the_start,
    "phases.found": lambda run: replace(run, phases=phases(5_001)),
    "results.steps_claimed": outcome(executed_steps=12_000),
    "run.finished": outcome(status="crashed", executed_steps=12_000, error="no answer"),
    "run.readable": lambda run: replace(run, gaps=("events: truncated at record 7",)),
    "seed.cnn_diagnostics": constant("actor_encoder/drift", 0.0),
    "seed.config_batch_size": config(batch_size=256),
    "seed.config_exploration_noise": constant("explore/noise", 0.2),
    "seed.config_learning_rates": config(critic_encoder_lr=1e-4),
    "seed.config_learning_starts": config(learning_starts=10_000),
    "seed.results_logged": without_results,
    "seed.stage_0_10k": lengths([60.0] * 30, [10.0] * 3_000),
    "seed.stage_10_20k": lengths([60.0] * 30, [10.0] * 3_000),
    "seed.stage_20_30k": lengths([60.0] * 30, [10.0] * 3_000),
    "seed.test_100_steps": lambda run: early_learning(run, encoder_gradient=0.0),
    "seed.test_10k_steps": lengths([60.0] * 30, [10.0] * 3_000),
    "seed.test_30k_steps": lengths([60.0] * 30, [10.0] * 3_000),
    "signals.finite": halfway("critic/loss", np.nan),
    "updates.executed": no_update,
}
"""What each check must see."""

GOOD: dict[str, Change] = {
    "env.action_path": extra("env/action_gap", 0.0),
    "env.controls": driven(exchanged=False),
    "env.traffic": extra("env/traffic_speed", 6.0),
    "env.observation_age": extra("env/observation_age", 0.0),
    "episodes.time_outs": extra("episode/time_out_terminal", 0.0),
    "evaluation.foreign_steps": extra("episode/foreign_steps", 0.0),
    "env.frame_stack": extra("env/stack_moves", 1.0),
    "env.reward_path": extra("env/reward_gap", 1e-9),
    "evaluation.deterministic": extra("evaluation/action_gap", 0.0),
    "actor.diversity": extra("actor/diversity", 0.3),
    "actor.image_use": extra("actor/image_use", 0.2),
    "actor.saturation": extra("actor/saturation", 0.1),
    "alerts.can_fire": spike_alert,
    "critic.action_sensitivity": extra("critic/action_sensitivity", 0.5),
    "critic.td_tails": extra("critic/td_tail", 8.0),
    "critic.validation_td": fading("critic/validation_td", 5.0, 1.2),
    "actor.encoder_consistency": extra("actor/encoder_mixup", 0.1),
    "encoder.effective_rank": fading("critic_encoder/effective_rank", 80.0, 90.0),
    "gradients.clipped": extra("critic/clipped", 0.0),
    "learner.dormant_units": extra("critic/dormant", 0.1),
    "learner.update_ratio": extra("critic_encoder/update_ratio", 1e-3),
    "reward.dominance": all_of(extra("reward/progress", 0.1), extra("reward/idle", -0.1)),
    "targets.follow": extra("critic/target_error", 1e-9),
    "reward.sign_and_lag": TERMS_AND_REWARD,
    "reward.endings_paid": every_step("env/reward"),
    "reward.progress_sign": constant("reward/progress", 0.1),
    "config.speed_unit": wanted_speed(8.0),
    "observation.frames": all_of(
        extra("observation/duplicates", 0.02), extra("observation/spread", 0.2)
    ),
    "config.discount": DISCOUNTED,
    "critic.fits_target": extra("critic/target_mean", 9.0, spread=0.2),
    "critic.soft_divergence": scaled_rewards(100.0),
    "critic.value_bias": scaled_rewards(100.0),
    "config.effective": scheduled_noise,
    "updates.replay_ratio": twofold_updates,
    "env.physics": smooth,
    "episodes.lane_endings": extra("episode/lane_invasions", 1.0, spread=1.0),
    "episodes.touch_ends": extra("episode/after_touch", 9.0),
    "ordering.learning_collapse": lengths(
        np.random.default_rng(11).integers(30, 90, 40).tolist(), [60.0, 90.0, 70.0] * 30
    ),
    "config.activation": config(activation="relu"),
    "replay.action_range": extra("batch/action_size", 1.0),
    "replay.batch_share": config(batch_size=32),
    "replay.terminal_share": extra("batch/terminal_share", 0.006),
    "reward.early_end_pays": failing_fast(pays=-30.0),
    "reward.idle_optimal": idling(reward=-0.1, moved=20.0),
    "reward.idle_pays": at_standstill(-0.1),
    "evaluation.control": all_of(
        lambda run: replace(run, phases=phases(None)),
        evaluated([2_000, 4_000], mean_length=[57, 49], mean_return=[1, 2], episodes=[10, 10]),
    ),
    "ordering.random_phase": lengths(
        np.random.default_rng(5).integers(30, 90, 60).tolist(), [300] * 20
    ),
    "seed.config_batch_size": seed_config,
    "seed.config_exploration_noise": seed_config,
    "seed.config_learning_rates": seed_config,
    "seed.config_learning_starts": seed_config,
    "seed.stage_0_10k": twice_the_seed_items,
    "seed.stage_10_20k": twice_the_seed_items,
    "seed.stage_20_30k": twice_the_seed_items,
    "seed.test_100_steps": early_learning,
    "seed.test_10k_steps": twice_the_seed_items,
    "seed.test_30k_steps": twice_the_seed_items,
}
"""Healthy records for checks that the common healthy run gives nothing to judge."""


def bad(check_id: str) -> RunRecord:
    return BAD[check_id](healthy())


def good(check_id: str) -> RunRecord:
    return GOOD[check_id](healthy()) if check_id in GOOD else healthy()
