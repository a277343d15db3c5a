"""The executed steps, found again in the critic's batches by the bytes of their actions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from rca.wiring.call import Call

MAX_STEPS = 300_000
"""Executed steps that are remembered; a longer run is no longer asked for its actions (60 MB)."""
SOME = 0.1
"""Share of a batch's rows that are as they were told, from which not all are altered on the way."""
MAX_WINDOWS = 64
"""Places per layer at which an action is looked for, from the end."""


@dataclass
class Executed:
    """One executed step.

    Attributes:
        index: Of the step, from 0.
        reward: Of it, as the agent should learn from it.
        terminated: Whether the episode ended by itself.
        truncated: Whether it was cut off.
        before: The step before it in its episode; None at the start.
        following: The step after it in its episode; None at the end.
    """

    index: int
    reward: float
    terminated: bool
    truncated: bool
    before: "Executed | None" = None
    following: "Executed | None" = None

    @property
    def ended(self) -> bool:
        """Whether the episode was over with it."""
        return self.terminated or self.truncated


@dataclass(frozen=True)
class Lookup:
    """A critic's batch, held against the executed steps.

    Attributes:
        steps: Per row; None where the action was never executed or more than once. [batch]
        recognised: Whether most rows hold an executed action; else the columns mean nothing.
        layer: Which of the call's inputs holds the action.
        columns: First column of it there and the one behind its last.
    """

    steps: list[Executed | None]
    recognised: bool
    layer: int
    columns: tuple[int, int]


class Actions:
    """Remembers executed steps by the bytes of their actions.

    Attributes:
        rows: Rows of critic batches that were looked up.
        known: Those whose action was executed.
        zeros: Those whose action is all zeros and was not.
        size: Numbers in an action; 0: no step with an action was told.
        full: Whether there were more steps than are remembered.
        told: Steps told.
        largest: Largest absolute number in an executed action.
        is_older: Whether batches held more transitions that were never told than steps were told:
            some of them are of before the recorder.
    """

    def __init__(self) -> None:
        self.rows = self.known = self.zeros = self.size = self.told = 0
        self.full = self.is_older = False
        self.largest = 0.0
        self._strangers: set[bytes] = set()
        self._steps: dict[bytes, Executed | None] = {}
        self._last: dict[int, Executed] = {}

    def add(
        self,
        action: NDArray[np.float32],
        reward: float,
        *,
        terminated: bool,
        truncated: bool,
        env: int = 0,
    ) -> None:
        """Remembers a step; an action executed twice no longer names one."""
        if self.full:
            return
        self.size, key = action.size, _keys(action.reshape(1, -1))[0]
        self.largest = max(self.largest, float(np.abs(action).max(initial=0.0)))
        before = self._last.get(env)
        step = Executed(self.told, reward, terminated, truncated)
        if before is not None and not before.ended:
            before.following, step.before = step, before
        self._last[env] = step
        self._steps[key] = None if key in self._steps else step
        self.told += 1
        self.full = self.told >= MAX_STEPS

    def look_up(self, call: Call) -> Lookup | None:
        """Returns the step of each row of a critic's batch, None if there is no action in it.

        Columns of the input that are no features are tried; those are the action whose rows were
        executed most often.
        """
        if not self.size or self.full:
            return None
        best: Lookup | None = None
        most, zeros, nothing = -1, 0, bytes(4 * self.size)
        found: list[bytes] = []
        for layer, columns, window in self._windows(call):
            keys = _keys(window)
            hits = sum(key in self._steps for key in keys)
            if hits > most:
                most, found = hits, keys
                zeros = 0 if nothing in self._steps else keys.count(nothing)
                steps = [self._steps.get(key) for key in keys]
                best = Lookup(steps, hits > len(keys) // 2, layer, columns)
                if best.recognised:
                    break
        if best is not None:
            self._note_strangers(found, most)
            self.rows += len(best.steps)
            self.known += most
            self.zeros += zeros
        return best

    def _note_strangers(self, keys: Sequence[bytes], hits: int) -> None:
        """Notes the rows of a batch that were never told.

        What is stored wrongly is so in every row, and in no more rows than there were steps. So the
        first batch counts, and others in which some rows are as they were told.
        """
        if self.is_older or (self.rows and hits < SOME * len(keys)):
            return
        self._strangers.update(key for key in keys if key not in self._steps)
        self.is_older = len(self._strangers) > self.told
        if self.is_older:
            self._strangers.clear()

    def _windows(self, call: Call) -> Iterator[tuple[int, tuple[int, int], NDArray[np.float32]]]:
        """Yields columns that are no features: the layer, the columns and the numbers in them."""
        for layer, (tensor, places) in enumerate(zip(call.inputs, call.found, strict=True)):
            batch = tensor.float().cpu().numpy()
            free = np.ones(batch.shape[1], bool)
            for first, behind in places:
                free[first:behind] = False
            starts = (
                start
                for start in range(batch.shape[1] - self.size, -1, -1)
                if free[start : start + self.size].all()
            )
            for start in islice(starts, MAX_WINDOWS):
                columns = (start, start + self.size)
                yield layer, columns, batch[:, slice(*columns)]


def _keys(rows: NDArray[np.float32]) -> list[bytes]:
    """Returns the bytes of each row; minus zero is zero."""
    return [row.tobytes() for row in np.ascontiguousarray(rows, np.float32) + np.float32(0)]


def as_action(action: object) -> NDArray[np.float32]:
    """Returns an executed action as the critic will see it: float32, flat."""
    if isinstance(action, torch.Tensor):
        action = action.detach().float().cpu().numpy()  # numpy has no bfloat16
    if not isinstance(action, np.ndarray | Sequence | float | int | np.generic):
        raise TypeError(f"action is a {type(action).__name__}; give numbers")
    return np.asarray(action, np.float32).ravel()
