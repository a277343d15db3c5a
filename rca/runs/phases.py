"""Where a recording's random phase ends: the first gradient update, placed as well as it can be.

A learner value (loss, Q value, gradient norm, ...) exists only once an update was made. So the
first update lies after the last moment at which such a value would have been logged and was not,
and not after the first one logged. Within these bounds the exact step is taken from, in this order:
the update counter, the declared `agent.learning_starts` (updates follow it), the first record of
exploration noise (the policy acts from then on), the lower bound.

No learner value at all means no update, if the recording holds other training values of trainers
known to log learner values, no exploration noise, no tag of unknown meaning, which may be one, and
all columns that were logged. That is an inference and is noted as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rca.runs.record import Phase, Signal

LEARNER_PARTS = ("actor", "critic", "actor_encoder", "critic_encoder", "batch")
NOT_FROM_UPDATES = ("lr", "param_mean", "param_std", "drift")
"""Quantities of networks that exist without an update."""
UPDATES = "learner/updates"
NOISE = "explore/noise"
SLACK = 1
"""Steps by which a log can be early: Stable-Baselines3 writes it before the update of its step."""
COMPANION_SHARE = 0.9
"""Share of learner records that another tag must have too to count as logged together with them."""
COUNTER = "the update counter"
"""How the rule begins of one that is counted back from the trainer's own counter."""
DECLARED = "the declared learning_starts"
"""How the rule begins of a first update that only the configuration places."""


@dataclass(frozen=True)
class FirstUpdate:
    """The first gradient update.

    Attributes:
        step: Environment step at which it took place, as well as known.
        earliest: It did not take place before this step.
        latest: Nor after this one.
        rule: What `step` was taken from, for people.
    """

    step: int
    earliest: int
    latest: int
    rule: str

    @property
    def is_declared(self) -> bool:
        """Tells whether the configuration alone says the exact step."""
        return self.rule.startswith(DECLARED) and self.earliest < self.latest

    def __str__(self) -> str:
        if self.earliest == self.latest:
            return f"step {self.step:,}"
        how = "declared; " if self.is_declared else ""
        return f"step {self.step:,} ({how}certain between {self.earliest:,} and {self.latest:,})"


def is_learner(name: str) -> bool:
    """Tells whether a signal exists only where updates are made."""
    part, _, quantity = name.rpartition("/")
    if part in LEARNER_PARTS:
        return quantity not in NOT_FROM_UPDATES
    return name == UPDATES or "loss" in quantity.lower()


def first_update(
    signals: Mapping[str, Signal],
    config: Mapping[str, object],
    ended: Mapping[str, Signal] | None = None,
) -> FirstUpdate | None:
    """Returns the place of the first update, None if no learner value was logged.

    Args:
        signals: By name, over steps.
        config: Declared values by our dotted key.
        ended: What was recorded at the end of episodes; shows only that the run was under way.
    """
    begins = {name: _begin(signal) for name, signal in signals.items() if is_learner(name)}
    logged = {name: step for name, step in begins.items() if step is not None}
    if not logged:
        return None
    name, latest = min(logged.items(), key=lambda item: item[1])
    begun = min(int(s.steps[0]) for s in (*signals.values(), *(ended or {}).values()) if len(s))
    earliest = _last_chance(signals, signals[name], latest, begun) + 1
    for step, rule in _candidates(signals, config):
        if earliest - SLACK <= step <= latest:
            return FirstUpdate(step, min(step, earliest), latest, rule)
    return FirstUpdate(earliest, earliest, latest, f"the last record without {name}")


def _begin(signal: Signal) -> int | None:
    """Returns the first step with a value other than 0, which some trainers log while they wait."""
    meant = np.flatnonzero(signal.values != 0)  # NaN is a logged update too
    return int(signal.steps[meant[0]]) if len(meant) else None


def _last_chance(signals: Mapping[str, Signal], learner: Signal, latest: int, begun: int) -> int:
    """Returns the last step before `latest` at which the learner value would have been logged."""
    together = [
        signal.steps
        for name, signal in signals.items()
        if not is_learner(name) and _share(learner, signal) >= COMPANION_SHARE
    ]
    before = [steps[steps < latest] for steps in together]
    chances = [int(steps[-1]) for steps in before if len(steps)]
    if chances:
        return max(chances)
    interval = int(np.median(np.diff(learner.steps))) if len(learner) > 1 else latest
    return max(0, latest - interval) if begun <= latest - interval else 0


def _share(learner: Signal, other: Signal) -> float:
    return float(np.mean(np.isin(learner.steps, other.steps)))


def _candidates(
    signals: Mapping[str, Signal], config: Mapping[str, object]
) -> list[tuple[int, str]]:
    found = []
    counter = signals.get(UPDATES)
    if counter is not None and len(counter) > 1:
        step = _counted_back(counter)
        if step is not None:
            step = _declared_beside(step, config)
            found.append((step, f"{COUNTER} {counter.tag or counter.name} (to a step)"))
    declared = config.get("agent.learning_starts")
    if isinstance(declared, int) and not isinstance(declared, bool):
        found.append((declared + 1, f"{DECLARED} of {declared:,}"))
    noise = signals.get(NOISE)
    if noise is not None and len(noise):
        start = int(noise.steps[0])
        found.append((start + 1, f"exploration noise, logged from step {start:,} on"))
    return found


def _declared_beside(step: int, config: Mapping[str, object]) -> int:
    """Returns the declared first update where the counter is off by no more than it can be."""
    declared = config.get("agent.learning_starts")
    if isinstance(declared, bool) or not isinstance(declared, int):
        return step
    return declared + 1 if abs(declared + 1 - step) <= SLACK else step


def _counted_back(counter: Signal) -> int | None:
    """Extrapolates the counter to its first update."""
    updates, steps = counter.values[1] - counter.values[0], counter.steps[1] - counter.steps[0]
    if not (np.isfinite(updates) and updates > 0 and steps > 0):
        return None
    return round(float(counter.steps[0] - (counter.values[0] - 1) * steps / updates))


def split(first: FirstUpdate | None, executed: int | None) -> tuple[Phase, ...]:
    """Returns the phases of a run in which the first update (None: no update) is placed."""
    if not executed:
        return ()
    if first is None or first.step > executed:
        return (Phase("random", 1, executed),)
    learning = Phase("learning", max(1, first.step), executed)
    return (Phase("random", 1, first.step - 1), learning) if first.step > 1 else (learning,)
