"""What a trainer tells of its steps and of the batches that it draws, held against each other."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rca.wiring.memory import Memory, MemoryFacts, Seen, digest

ROWS, EVERY = 2_000, 500
"""Batches are compared until there are so many rows, and then one of so many."""


class Remembered:
    """Holds batches of a memory that is not ours against the steps that it was given."""

    def __init__(self) -> None:
        self._memory = Memory(n_step=None, discount=None, capacity=None)
        self._batches = self._rows = 0

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
        """Remembers a step, unless nothing was told of what was observed after it.

        Args:
            action: As the memory is to hold it.
            reward: As the agent is to learn from it.
            observed: Before and after it, None: unknown.
            terminated: Whether the episode ended by itself.
            truncated: Whether it was cut off.
            env: Number of the environment.
        """
        obs, next_obs = observed
        if next_obs is None or self._memory.is_full:
            return
        self._memory.step(
            action,
            reward,
            terminated=terminated,
            truncated=truncated,
            before=None if obs is None else _seen(obs),
            after=_seen(next_obs),
            env=env,
        )

    def batch(
        self, obs: object, action: object, reward: object, next_obs: object, terminated: object
    ) -> None:
        """Compares a batch, if it is one of those that are looked at.

        Raises:
            ValueError: The parts are not of one length.
        """
        self._batches += 1
        if self._memory.is_full or (self._rows >= ROWS and self._batches % EVERY):
            return
        actions = _array(action)
        self._rows += len(actions)
        told = (_array(reward).ravel(), _array(terminated).ravel(), _rows(obs), _rows(next_obs))
        if {len(part) for part in told} != {len(actions)}:
            lengths = ", ".join(str(len(part)) for part in (actions, *told))
            raise ValueError(
                f"batch: action, reward, terminated, obs, next_obs have {lengths} rows"
            )
        rewards, flags, before, after = told
        self._memory.batch(actions, rewards.tolist(), flags.tolist(), before, after)

    def facts(self) -> MemoryFacts | None:
        """Returns what was found, None as long as no batch was held against a step."""
        found = self._memory.facts()
        return found if found.rows else None


def _seen(obs: object) -> Seen:
    return {name: digest(part) for name, part in _parts(obs).items()}


def _rows(obs: object) -> list[Seen]:
    """Returns what each row of a batch of observations shows."""
    parts = _parts(obs)
    rows = zip(*parts.values(), strict=True)
    return [dict(zip(parts, map(digest, row), strict=True)) for row in rows]


def _parts(obs: object) -> dict[str, NDArray[Any]]:
    """Returns the arrays of an observation by name: of a Dict space its keys, of a Tuple places."""
    if isinstance(obs, Mapping):
        return {str(name): _array(part) for name, part in obs.items()}
    if isinstance(obs, tuple):
        return {f"part {place}": _array(part) for place, part in enumerate(obs)}
    return {"observation": _array(obs)}


def _array(value: object) -> NDArray[Any]:
    if isinstance(value, torch.Tensor):
        known = value.detach().cpu()
        return (known.float() if known.dtype == torch.bfloat16 else known).numpy()
    return np.asarray(value)
