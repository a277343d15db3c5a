"""What a trainer tells of its steps and of the batches that it draws, held against each other."""

import logging
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rca.wiring.history import Seen, Step, digest
from rca.wiring.memory import Memory, MemoryFacts, Row

LOG = logging.getLogger("rca")
ROWS, EVERY = 2_000, 500
"""Batches are compared until there are so many rows, and then one of so many."""


class Remembered:
    """Holds batches of a memory that is not ours against the steps that it was given.

    What it cannot read ends the comparison, which is said once, and nothing else.

    Attributes:
        error: Why nothing more is compared, "" if nothing is wrong.
    """

    def __init__(self, n_step: int | None = None, discount: float | None = None) -> None:
        """Begins with nothing; n_step and discount as in `Memory`."""
        self.error = ""
        self._memory = Memory(n_step=n_step, discount=discount, capacity=None)
        self._batches = self._rows = 0
        self._bytes: set[str] = set()

    def step(
        self,
        action: NDArray[np.float32],
        reward: float,
        observed: tuple[object, object],
        *,
        terminated: bool,
        truncated: bool,
        env: int,
    ) -> None:
        """Remembers a step.

        Args:
            action: As the memory is to hold it.
            reward: As the agent is to learn from it.
            observed: Before and after it, None: unknown.
            terminated: Whether the episode ended by itself.
            truncated: Whether it was cut off.
            env: Number of the environment.
        """
        ends = (terminated, truncated)
        self._safely(lambda: self._step(action, reward, ends, *observed, env))

    def batch(
        self, obs: object, action: object, reward: object, next_obs: object, terminated: object
    ) -> None:
        """Compares a batch, if it is one of those that are looked at."""
        self._batches += 1
        if self._rows < ROWS or not self._batches % EVERY:
            self._safely(lambda: self._batch(obs, action, reward, next_obs, terminated))

    def facts(self) -> MemoryFacts | None:
        """Returns what was found, None as long as no batch was held against a step."""
        found = self._memory.facts()
        return found if found.rows else None

    def _safely(self, act: Callable[[], None]) -> None:
        if self.error or self._memory.history.is_full:
            return
        try:
            act()
        except Exception as error:  # noqa: BLE001  whatever a stranger's observations are
            self.error = f"{type(error).__name__}: {error}"
            LOG.warning("rca: batches are no longer compared, all else goes on: %s", self.error)

    def _step(
        self,
        action: NDArray[np.float32],
        reward: float,
        ends: tuple[bool, bool],
        obs: object,
        next_obs: object,
        env: int,
    ) -> None:
        shown = {} if next_obs is None else _parts(next_obs)
        self._bytes |= {name for name, part in shown.items() if part.dtype == np.uint8}
        # An array that is changed in place is told as what it is after the step.
        before = None if obs is None or obs is next_obs else _seen(_parts(obs))
        step = Step(reward, *ends, before=before, after=_seen(shown))
        self._memory.history.add(action, step, env=env)

    def _batch(
        self, obs: object, action: object, reward: object, next_obs: object, terminated: object
    ) -> None:
        actions = _array(action)
        nothing: list[Seen] = [{}] * len(actions)
        rewards = np.full(len(actions), np.nan) if reward is None else _array(reward).ravel()
        flags = _array(terminated).ravel() != 0
        before = nothing if obs is None else self._rows_of(obs)
        after = nothing if next_obs is None else self._rows_of(next_obs)
        told = (rewards, flags, before, after)
        if {len(part) for part in told} != {len(actions)}:
            lengths = ", ".join(str(len(part)) for part in (actions, *told))
            raise ValueError(
                f"batch: action, reward, terminated, obs, next_obs have {lengths} rows"
            )
        self._rows += len(actions)
        parts = zip(rewards.tolist(), flags.tolist(), before, after, strict=True)
        self._memory.batch(actions, [Row(*row) for row in parts])

    def _rows_of(self, obs: object) -> list[Seen]:
        """Returns what each row of a batch of observations shows; bytes may be kept as floats."""
        parts = _parts(obs)
        for name in self._bytes & parts.keys():
            if parts[name].dtype == np.uint8:
                continue
            whole = np.clip(parts[name], 0, 255).astype(np.uint8)
            if np.array_equal(whole, parts[name]):
                parts[name] = whole
        rows = zip(*parts.values(), strict=True)
        return [dict(zip(parts, map(digest, row), strict=True)) for row in rows]


def _seen(parts: Mapping[str, NDArray[Any]]) -> Seen:
    return {name: digest(part) for name, part in parts.items()}


def _parts(obs: object) -> dict[str, NDArray[Any]]:
    """Returns the arrays of an observation by name: of a Dict space its keys, of a Tuple places."""
    if isinstance(obs, tuple):
        obs = dict(enumerate(obs))
    if isinstance(obs, Mapping):  # with a word before it: a key may be called "reward"
        return {f"observation {name}": _array(part) for name, part in obs.items()}
    return {"observation": _array(obs)}


def _array(value: object) -> NDArray[Any]:
    if isinstance(value, torch.Tensor):
        known = value.detach().cpu()
        return (known.float() if known.dtype == torch.bfloat16 else known).numpy()
    return np.asarray(value)
