"""Small RunRecords for tests of checks: a healthy run, and one thing changed in it at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from rca.config import RunConfig
from rca.runs.record import (
    EPISODE_COLUMNS,
    EVALUATION_COLUMNS,
    Outcome,
    Phase,
    RunRecord,
    Signal,
    empty_episodes,
    empty_evaluations,
)
from tests.wiring_facts import sound

STEPS = 30_000
STARTS = 1_000


def signal(name: str, steps: Iterable[float], values: Iterable[float], unit: str = "") -> Signal:
    return Signal(
        name, unit, np.array(list(steps), dtype=np.int64), np.array(list(values), dtype=np.float64)
    )


def episodes(lengths: Sequence[float], returns: Sequence[float], **columns: Any) -> pd.DataFrame:
    """Episodes one after the other from step 0 on; what is not given is not recorded."""
    ends = np.cumsum(np.asarray(lengths, dtype=float))
    table = empty_episodes().reindex(range(len(ends)))
    table["length"], table["return"] = np.asarray(lengths, float), np.asarray(returns, float)
    table["start_step"], table["end_step"] = ends - np.asarray(lengths, float), ends
    for name, values in columns.items():
        assert name in EPISODE_COLUMNS
        table[name] = values
    return table


def evaluations(steps: Iterable[float], **columns: Any) -> pd.DataFrame:
    at = np.asarray(list(steps), float)
    table = empty_evaluations().reindex(range(len(at)))
    table["step"] = at
    for name, values in columns.items():
        assert name in EVALUATION_COLUMNS
        table[name] = np.asarray(values, float)
    return table


def blank(**changes: Any) -> RunRecord:
    """A record of nothing at all."""
    empty = RunRecord(
        "blank", "recording", {}, {}, Outcome(), (), {}, empty_episodes(), empty_evaluations()
    )
    return replace(empty, **changes)


def phases(first_update: int | None = STARTS + 1, steps: int = STEPS) -> tuple[Phase, ...]:
    if first_update is None or first_update > steps:
        return (Phase("random", 1, steps),)
    return (Phase("random", 1, first_update - 1), Phase("learning", first_update, steps))


def with_signals(run: RunRecord, *signals: Signal, without: Iterable[str] = ()) -> RunRecord:
    kept = {name: item for name, item in run.signals.items() if name not in set(without)}
    return replace(run, signals={**kept, **{item.name: item for item in signals}})


def with_config(run: RunRecord, values: Mapping[str, object]) -> RunRecord:
    return replace(run, config={**run.config, **values})


def healthy(seed: int = 0) -> RunRecord:
    """A run that learns to drive: 1,000 random steps, then ever longer and better episodes."""
    rng = np.random.default_rng(seed)
    table = _healthy_episodes(rng)
    return RunRecord(
        id="healthy",
        kind="rca",
        config=RunConfig().flat(),
        provenance={
            "seed": seed,
            "first_weights": ["0123456789ab", "0123456789ab"],
            "reward_promises": {"driving is worth more than standing still": 2.4},
        },
        outcome=Outcome("finished", STEPS, STEPS, STEPS - STARTS, (STEPS - STARTS) // 2),
        phases=phases(),
        signals={item.name: item for item in _healthy_signals(rng, table)},
        episodes=table,
        evaluations=_healthy_evaluations(rng),
        results=_results(table),
        wiring=sound(),
    )


def _healthy_episodes(rng: np.random.Generator) -> pd.DataFrame:
    lengths: list[int] = []
    returns: list[float] = []
    skills: list[float] = []
    while sum(lengths) < STEPS - 600:
        skill = max(0.0, (sum(lengths) - STARTS) / (STEPS - STARTS))
        length = int(20 + rng.gamma(6, 6) + 330 * skill * rng.uniform(0.6, 1.2))
        lengths.append(length)
        returns.append(length * (-0.05 + 0.3 * skill) + rng.normal(0, 1) - 30 * (1 - skill))
        skills.append(skill)
    skilled = np.array(skills)
    success = (rng.uniform(size=len(skilled)) < 0.3 * skilled).astype(float)
    crash = ((success == 0) & (rng.uniform(size=len(skilled)) < 0.4)).astype(float)
    ends = np.select([success == 1, crash == 1], ["goal", "collision"], "off_road")
    distance = np.array(lengths) * 0.05 * (1 + 6 * skilled)
    return episodes(
        lengths, returns, success=success, collisions=crash, end_reason=ends, distance=distance
    )


def _healthy_evaluations(rng: np.random.Generator) -> pd.DataFrame:
    steps = np.arange(5_000, STEPS + 1, 5_000)
    skill = steps / STEPS
    return evaluations(
        steps,
        updates=steps - STARTS,
        episodes=np.full(len(steps), 5),
        mean_return=-20 + 100 * skill + rng.normal(0, 1, len(steps)),
        mean_length=60 + 330 * skill + rng.normal(0, 3, len(steps)),
        success_rate=np.round(0.3 * skill * 5) / 5,
        mean_collisions=0.8 - 0.6 * skill,
        mean_distance=10 + 100 * skill,
    )


def _healthy_signals(rng: np.random.Generator, table: pd.DataFrame) -> list[Signal]:
    every = np.arange(10, STEPS + 1, 10)
    learned = np.arange(STARTS + 10, STEPS + 1, 10)
    skill = np.clip((every - STARTS) / (STEPS - STARTS), 0, 1)
    late = (learned - STARTS) / (STEPS - STARTS)
    q = 2 + 8 * late + rng.normal(0, 0.2, len(learned))

    def noisy(level: float, spread: float = 0.2) -> np.ndarray:
        return level * np.exp(rng.normal(0, spread, len(learned)))

    return [
        signal("env/speed", every, 1 + 6 * skill + rng.gamma(2, 0.5, len(every)), "m/s"),
        signal("env/reward", every, rng.normal(0, 0.3, len(every)) + 0.3 * skill, "1"),
        signal("env/step_seconds", every, rng.gamma(50, 0.002 / 50, len(every)), "s"),
        signal("episode/length", table["end_step"], table["length"], "steps"),
        signal("episode/return", table["end_step"], table["return"]),
        signal("explore/noise", learned, np.full(len(learned), 0.1)),
        signal("replay/size", every, every.astype(float), "transitions"),
        signal("actor/grad_norm", learned, noisy(0.5)),
        signal("critic/grad_norm", learned, noisy(5)),
        signal("actor_encoder/grad_norm", learned, noisy(0.3)),
        signal("critic_encoder/grad_norm", learned, noisy(3)),
        signal("actor_encoder/drift", learned, 0.3 * (1 - np.exp(-3 * late)) + 1e-4, "1"),
        signal("critic_encoder/drift", learned, 0.5 * (1 - np.exp(-3 * late)) + 1e-4, "1"),
        signal("critic/q_spread", learned, noisy(0.3)),
        signal("critic/q1_mean", learned, q),
        signal("critic/q2_mean", learned, q + rng.normal(0, 0.1, len(learned))),
        signal("critic/loss", learned, noisy(1.0, 0.4)),
        signal("actor/loss", learned, -q + rng.normal(0, 0.2, len(learned))),
    ]


def _results(table: pd.DataFrame) -> dict[str, object]:
    rates = [0.0, 0.2]
    return {
        "scenario": 0,
        "seed": 0,
        "total_timesteps": STEPS,
        "executed_timesteps": STEPS,
        "total_episodes": len(table),
        "training_rewards": table["return"].tolist(),
        "episode_lengths": table["length"].tolist(),
        "eval_rewards": [1.0, 2.0],
        "eval_success_rates": rates,
        "eval_collisions": rates,
        "final_eval_mean_reward": 2.0,
        "final_eval_success_rate": 0.2,
    }
