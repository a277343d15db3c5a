"""results.json: what the recorded failures have too, so that runs compare."""

import math
import sqlite3

from rca.config import RunConfig
from rca.runs.record import Outcome

RESULTS = "results.json"


def results(
    database: sqlite3.Connection, config: RunConfig | None, outcome: Outcome
) -> dict[str, object]:
    """Returns the content of results.json, in the keys of the recorded ones, null for NaN."""
    episodes = database.execute('SELECT "return", length FROM episode ORDER BY rowid').fetchall()
    columns = "mean_return, success_rate, mean_collisions"
    evaluations = database.execute(f"SELECT {columns} FROM evaluation ORDER BY rowid").fetchall()
    returns, rates, collisions = ([_plain(row[i]) for row in evaluations] for i in range(3))
    return {
        "scenario": config.env.map if config else None,
        "seed": config.budget.seed if config else None,
        "total_timesteps": outcome.planned_steps,
        "executed_timesteps": outcome.executed_steps,
        "total_episodes": len(episodes),
        "training_rewards": [_plain(row[0]) for row in episodes],
        "episode_lengths": [_plain(row[1]) for row in episodes],
        "eval_rewards": returns,
        "eval_success_rates": rates,
        "eval_collisions": collisions,
        "final_eval_mean_reward": returns[-1] if returns else None,
        "final_eval_success_rate": rates[-1] if rates else None,
    }


def _plain(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
