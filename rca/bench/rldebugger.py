"""A rival: the rules and thresholds that RLDebugger publishes, on the same recordings.

Its defaults (rached1997/RLDebugger, config_data_classes) as far as a recording can decide them; it
looks at every recorded value, as its checkers do, and names no probability: what it names, it is
taken to be sure of. Which cause a rule points at is read from the advice that it prints.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rca.runs.record import RunRecord

WINDOW = 5
"""Values of a moving average (loss_config: window_size)."""
GROWTH = 2.0
"""Factor between two windows from which a loss diverges (incr_abs_rate_max_thresh)."""
DECREASE = 0.05
"""Share by which a loss must fall from its first window (non_dec: decr_percentage)."""
DEAD = 0.5
"""Share of dead neurons from which a layer is dead (neurons_ratio_max_thresh)."""
SIMILAR = 0.8
"""Share of equal actions from which actions stagnate (similarity_pct_thresh)."""
STAGNANT = 0.25
"""Share of the best return under which a steady return has stagnated (stagnation_thresh)."""
EPISODES = 20
"""Episodes over which it must be steady (stagnation_episodes)."""
TOLERANCE = 0.01
"""How steady (reward_stagnation_tolerance)."""
POLYAK = 1e-6
"""Distance of a target from its Polyak average from which the update is wrong (signals.md)."""


@dataclass(frozen=True)
class Rule:
    """A rule and the causes that its advice names, the first first."""

    fires: Callable[[RunRecord], bool]
    causes: tuple[str, ...]


def ranking(run: RunRecord) -> tuple[tuple[str, float], ...]:
    """Returns the causes that its rules name, in the order in which it runs them."""
    named = [cause for rule in RULES if rule.fires(run) for cause in rule.causes]
    return tuple((cause, 1.0) for cause in dict.fromkeys(named))


def _values(run: RunRecord, *names: str) -> NDArray[np.float64]:
    parts = [run.signals[name].values for name in names if name in run.signals]
    return np.concatenate(parts) if parts else np.zeros(0)


def _numeric(run: RunRecord) -> bool:
    # NaN is how our recordings say "not measured", so losses of updates alone are looked at
    losses = _values(run, "critic/loss")
    return len(losses) > 0 and not np.isfinite(losses).all()


def _target(run: RunRecord) -> bool:
    names = [name for name in run.signals if name.endswith("/target_error")]
    errors = _values(run, *names)
    return bool((errors[np.isfinite(errors)] > POLYAK).any())


def _windows(run: RunRecord, name: str) -> NDArray[np.float64]:
    values = _values(run, name)
    values = values[np.isfinite(values)]
    whole = values[: len(values) // WINDOW * WINDOW].reshape(-1, WINDOW)
    return np.asarray(whole.mean(axis=1), np.float64)


def _diverging(run: RunRecord) -> bool:
    means = np.abs(_windows(run, "critic/loss"))
    return bool((means[1:] > GROWTH * means[:-1]).any())


def _not_falling(run: RunRecord) -> bool:
    means = _windows(run, "critic/loss")
    return len(means) > 1 and bool(means[-1] > (1 - DECREASE) * means[0])


def _dead(run: RunRecord) -> bool:
    names = [name for name in run.signals if name.endswith("/dormant")]
    return bool((_values(run, *names) > DEAD).any())


def _same_actions(run: RunRecord) -> bool:
    return bool((_values(run, "actor/saturation") > SIMILAR).any())


def _same_returns(run: RunRecord) -> bool:
    returns = run.episodes["return"].dropna().to_numpy(float)
    if len(returns) < 2 * EPISODES:
        return False
    last, best = returns[-EPISODES:], float(np.abs(returns).max())
    steady = float(np.std(last)) <= TOLERANCE * best
    return steady and float(last.mean()) < STAGNANT * best


RULES = (
    Rule(_numeric, ("nan_values", "learning_rate_wrong")),
    Rule(_target, ("target_wrong",)),
    Rule(_dead, ("units_dead", "network_poor")),
    Rule(_diverging, ("learning_rate_wrong", "critic_diverged")),
    Rule(_not_falling, ("learning_rate_wrong", "network_poor")),
    Rule(_same_actions, ("actor_saturated", "exploration_noise_high")),
    Rule(_same_returns, ("reward_design", "exploration_noise_high")),
)
"""Networks before returns, as its documentation advises to read them."""
