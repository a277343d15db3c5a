"""Config values that a recording's telemetry shows to have been in force, beside the declared."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from rca.runs.part import Floats
from rca.runs.phases import NOISE, UPDATES, FirstUpdate
from rca.runs.record import Observed, Signal

READ_OFF = 1e-3
"""Relative uncertainty of a logged value: TensorBoard keeps 24 bits, quotients lose some."""
RATES = {
    "agent.actor_lr": ("actor/lr", "learner/lr"),
    "agent.critic_lr": ("critic/lr", "learner/lr"),
    "agent.actor_encoder_lr": ("actor_encoder/lr",),
    "agent.critic_encoder_lr": ("critic_encoder/lr",),
    "agent.exploration_noise": (NOISE,),
}
UPDATES_PER_STEP = "agent.updates_per_step"
EVAL_EVERY = "budget.eval_every"


def observed(
    signals: Mapping[str, Signal],
    evaluations: pd.DataFrame,
    first: FirstUpdate | None,
    config: Mapping[str, object],
) -> dict[str, Observed]:
    """Returns the values in force by our dotted key, each with what was declared under it.

    Args:
        signals: Of the recording.
        evaluations: Its evaluation table.
        first: The first update, None if there was none or it is unknown.
        config: Declared values by our dotted key.
    """
    found: dict[str, Observed] = {}
    for key, names in RATES.items():
        signal = next((signals[name] for name in names if name in signals), None)
        if signal is not None and len(signal.finite()):
            found[key] = _read_off(signal.finite(), signal.tag or signal.name)
    found.update(_replay(signals))
    found.update(_rhythm(signals, evaluations))
    if first is not None:
        found["agent.learning_starts"] = Observed(
            value=first.step - 1,
            last=first.step - 1,
            low=first.earliest - 1,
            high=first.latest - 1,
            source=first.rule,
        )
    beside = {key: _beside(item, config.get(key)) for key, item in found.items()}
    every, envs = beside.get(EVAL_EVERY), config.get("env.side_by_side")
    if every is not None and every.declared and isinstance(envs, int):
        # Stable-Baselines3's EvalCallback counts a step of each of n environments as one.
        counted = replace(every, declared=every.declared * envs)
        beside[EVAL_EVERY] = every if counted.differs else counted
    return beside


def _read_off(values: Floats, source: str) -> Observed:
    value, slack = float(values[0]), READ_OFF * abs(float(values[0]))
    return Observed(value, float(values[-1]), value - slack, value + slack, source)


def _beside(item: Observed, declared: object) -> Observed:
    if isinstance(declared, bool) or not isinstance(declared, int | float):
        return item
    return Observed(item.value, item.last, item.low, item.high, item.source, float(declared))


def _replay(signals: Mapping[str, Signal]) -> dict[str, Observed]:
    """Reads the buffer's size off its fill, the discount off what the batches saw of it."""
    found = {}
    size = _quotient(signals, "replay/size", "replay/fill", lambda fill: fill)
    if size is not None:
        found["agent.buffer_size"] = _read_off(np.round([size]), "replay size / fill")
    # A batch's mean discount is (1 - share of terminal transitions) * discount.
    discount = _quotient(
        signals, "batch/discount_mean", "batch/terminal_share", lambda share: 1 - share
    )
    if discount is not None:
        found["agent.discount"] = _read_off(np.array([discount]), "mean discount of batches")
    return found


def _quotient(
    signals: Mapping[str, Signal], above: str, below: str, divisor: Callable[[Floats], Floats]
) -> float | None:
    """Returns the median quotient of two signals at common steps, None if there is none."""
    if above not in signals or below not in signals:
        return None
    over, under = signals[above], signals[below]
    _, a, b = np.intersect1d(over.steps, under.steps, return_indices=True)
    over_values, under_values = over.values[a], divisor(under.values[b])
    usable = np.isfinite(over_values) & np.isfinite(under_values) & (under_values > 0)
    if not usable.any():
        return None
    with np.errstate(over="ignore"):
        median = float(np.median(over_values[usable] / under_values[usable]))
    return median if np.isfinite(median) else None


def _rhythm(signals: Mapping[str, Signal], evaluations: pd.DataFrame) -> dict[str, Observed]:
    """Reads updates per step off the counter, steps between evaluations off the evaluations."""
    found = {}
    counter = signals.get(UPDATES)
    if counter is not None and len(counter) > 1 and np.isfinite(counter.values[[0, -1]]).all():
        steps = int(counter.steps[-1] - counter.steps[0])
        updates = float(counter.values[-1] - counter.values[0])
        if steps > 0 and updates > 0:
            found[UPDATES_PER_STEP] = _read_off(np.array([updates / steps]), counter.tag or UPDATES)
    # The last comes at the end of the run, whatever the rhythm.
    between = np.diff(evaluations["step"].dropna().to_numpy())
    between = between[:-1] if len(between) > 1 else between
    if len(between) and np.median(between) > 0:
        found[EVAL_EVERY] = _read_off(np.array([np.median(between)]), "evaluations")
    return found
