"""A rival: the rules and thresholds that RLDebugger publishes, on the same recordings.

Its checkers and defaults (rached1997/RLDebugger, debugger/checkers and config_data_classes) as far
as a recording can decide them. It names no probability: what it names, it is taken to be sure of.
Which cause a rule points at is read from the advice that its checkers print.

The rules for a loss are its own to the letter. Adapted: targets are held against the recorded
distance from the Polyak average, the Bellman equation against what our audit fitted to the critic's
gradients, dead layers are those of which most units are dormant (Sokar et al. 2023), and returns
are looked at once, over the whole of the exploration, which is too short in the benchmark's runs
for its least number of episodes. Left out: its checks of weights, biases, gradients and
activations, which need the tensors; of the loss and the network before training; of actions, which
need the probabilities of discrete ones; of exploration and uncertainty, which need a discrete
policy or dropout; of environments, states and steps, and the rules for returns that need the return
at which a task counts as solved.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rca.judging import number
from rca.runs.record import RunRecord

Floats = NDArray[np.float64]
PERIOD = 10
"""Losses of a mean (loss_config: period)."""
WINDOW = 5
"""Means that decide together (loss_config: window_size of `non_dec` and `div`)."""
GROWTH = 2.0
"""Ratio of a mean to the one before at which a loss diverges (incr_abs_rate_max_thresh)."""
DECREASE = 0.05
"""Share of the mean before by which a loss must fall (decr_percentage)."""
SMOOTH_WINDOW = 50
"""Means over which a loss must be smooth (fluct: window_size)."""
SMOOTH = 0.5
"""Share of them at which its direction must not turn (smoothness_ratio_min_thresh)."""
DEAD = 0.5
"""Share of dead neurons from which a layer is dead (neurons_ratio_max_thresh)."""
EARLY = 0.2
"""Share of the planned steps that counts as exploration (reward_config: exploration_perc)."""
RETURNS = 3
"""Episodes whose returns have one standard deviation (reward_config: window_size)."""
STARTS = 5
"""Such standard deviations before anything is said (start)."""
FLUCTUATION = 0.1
"""Below this scatter around their line, returns do not vary (fluctuation_rmse_min)."""
POLYAK = 1e-6
"""Distance of a target from its Polyak average from which the update is wrong (signals.md)."""

DISCOUNT = 0.01
"""Distance of the discount in force from the configured one; it compares targets bit by bit."""


@dataclass(frozen=True)
class Rule:
    """A rule and the causes that its advice names, the first first."""

    fires: Callable[[RunRecord], bool]
    causes: tuple[str, ...]


def ranking(run: RunRecord) -> tuple[tuple[str, float], ...]:
    """Returns the causes that its rules name, in the order in which it runs them."""
    named = [cause for rule in RULES if rule.fires(run) for cause in rule.causes]
    return tuple((cause, 1.0) for cause in dict.fromkeys(named))


def _values(run: RunRecord, *names: str) -> Floats:
    parts = [run.signals[name].values for name in names if name in run.signals]
    return np.concatenate(parts) if parts else np.zeros(0)


def not_finite(run: RunRecord) -> bool:
    """Whether a loss is NaN or infinite (loss_check: check_numerical_instabilities)."""
    # NaN is how our recordings say "not measured", so losses of updates alone are looked at
    losses = _values(run, "critic/loss")
    return len(losses) > 0 and not np.isfinite(losses).all()


def target_off(run: RunRecord) -> bool:
    """Whether a target differs from its Polyak average (agent_check, q_target_check)."""
    names = [name for name in run.signals if name.endswith("/target_error")]
    errors = _values(run, *names)
    return bool((errors[np.isfinite(errors)] > POLYAK).any())


def dead(run: RunRecord) -> bool:
    """Whether most units of a layer are silent (activation_check: check_dead_layers)."""
    names = [name for name in run.signals if name.endswith("/dormant")]
    return bool((_values(run, *names) > DEAD).any())


def bellman_off(run: RunRecord) -> bool:
    """Whether the critic does not learn what the Bellman equation says (value_function_check)."""
    equation = None if run.wiring is None else run.wiring.equation
    if equation is None or not equation.tried:
        return False
    if equation.fitted <= 0.5 * equation.tried:
        return True
    wanted, ends = number(run, "agent.discount"), equation.terminals
    is_other = equation.discount is not None and abs(equation.discount - wanted) > DISCOUNT
    return is_other or ends.get("bootstrapped", 0) > ends.get("cut", 0)


def _means(run: RunRecord) -> Floats:
    values = _values(run, "critic/loss")
    values = values[np.isfinite(values)]
    whole = values[: len(values) // PERIOD * PERIOD].reshape(-1, PERIOD)
    return np.asarray(whole.mean(axis=1), np.float64)


def _all_of_a_window(holds: NDArray[np.bool_]) -> bool:
    """Whether WINDOW means follow one another of which each holds against the one before."""
    run = WINDOW - 1
    return len(holds) >= run and bool(
        np.lib.stride_tricks.sliding_window_view(holds, run).all(axis=1).any()
    )


def diverging(run: RunRecord) -> bool:
    """Whether the mean loss doubles four times in a row (check_loss_curve: div)."""
    means = _means(run)
    return _all_of_a_window(means[1:] >= GROWTH * means[:-1])


def not_falling(run: RunRecord) -> bool:
    """Whether the mean loss falls by less than 5% four times in a row (non_dec)."""
    means = _means(run)
    return _all_of_a_window(means[:-1] - means[1:] < DECREASE * means[:-1])


def fluctuating(run: RunRecord) -> bool:
    """Whether the mean loss turns more often than every other time (fluct)."""
    means = _means(run)
    rises = means[1:] > means[:-1]
    for end in range(1, len(means) + 1):
        first = max(0, end - SMOOTH_WINDOW)
        turns = np.count_nonzero(np.diff(rises[first : end - 1]))
        if (end - first - turns) / (end - first) < SMOOTH:
            return True
    return False


def same_returns(run: RunRecord) -> bool:
    """Whether returns do not vary while the agent explores (reward_check: fluctuation)."""
    planned = run.outcome.planned_steps or 0
    early = run.episodes[run.episodes["end_step"] < EARLY * planned]["return"].dropna()
    returns = early.to_numpy(float)
    groups = returns[: len(returns) // RETURNS * RETURNS].reshape(-1, RETURNS)
    if len(groups) < STARTS:
        return False
    scatter = groups.std(axis=1, ddof=1)
    line = np.polyval(np.polyfit(np.arange(len(scatter)), scatter, 1), np.arange(len(scatter)))
    return float(np.sqrt(np.mean((scatter - line) ** 2))) < FLUCTUATION


RULES = (
    Rule(not_finite, ("nan_values", "learning_rate_wrong")),
    Rule(target_off, ("target_wrong",)),
    Rule(bellman_off, ("target_value_wrong", "discount_wrong")),
    Rule(dead, ("units_dead", "network_poor")),
    Rule(diverging, ("learning_rate_wrong", "critic_diverged")),
    Rule(not_falling, ("learning_rate_wrong", "network_poor")),
    Rule(fluctuating, ("learning_rate_wrong", "batch_size_large")),
    Rule(same_returns, ("reward_design", "exploration_noise_high")),
)
"""Networks before returns, as its documentation advises to read them."""
