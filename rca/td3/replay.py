"""Replay memory that keeps each frame once, as uint8."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rca.td3.networks import Shapes

Obs = Mapping[str, NDArray[Any]]
"""What an environment returns: `image` uint8 [frames, height, width], `vector` float32 [n]."""


class Observations(NamedTuple):
    """A batch of observations.

    Attributes:
        image: Pixels, uint8. [batch, frames, height, width]
        vector: Float32. [batch, vector]
    """

    image: Tensor
    vector: Tensor


@dataclass(frozen=True, slots=True)
class Batch:
    """Transitions to learn from.

    Attributes:
        obs: Before the action.
        action: Executed, in [-1, 1]. [batch, action]
        reward: Of the step, or the discounted sum over `steps`. [batch]
        next_obs: After it; of the same episode, also where that ended.
        terminated: 1.0 where next_obs has no future; 0.0 at a time-out. [batch]
        steps: Environment steps from obs to next_obs, 1 unless n-step returns are used. [batch]
    """

    obs: Observations
    action: Tensor
    reward: Tensor
    next_obs: Observations
    terminated: Tensor
    steps: Tensor | float = 1.0

    def to(self, device: torch.device) -> "Batch":
        """Returns the batch with every tensor on a device; itself if it is there already."""
        if self.action.device == device:
            return self
        obs, after = (
            Observations(part.image.to(device), part.vector.to(device))
            for part in (self.obs, self.next_obs)
        )
        steps = self.steps.to(device) if isinstance(self.steps, Tensor) else self.steps
        action, reward, terminated = (
            column.to(device) for column in (self.action, self.reward, self.terminated)
        )
        return Batch(obs, action, reward, after, terminated, steps)


class Replay:
    """A ring of transitions; the oldest are overwritten.

    A transition holds the row numbers of its `frames + 1` frames, so neighbours share frames and
    no episode border can be crossed. An episode of n steps takes n + 1 rows (more if the frames
    that it starts with differ). Rows are reused in the order in which they fall free. Memory is
    reserved at once but taken only as rows are written.
    """

    def __init__(self, capacity: int, shapes: Shapes) -> None:
        frames, height, width = shapes.image
        rows = 2 * capacity + frames + 1  # enough for episodes of one step
        self.capacity = capacity
        self._frames = np.empty((rows, height, width), np.uint8)
        self._vectors = np.empty((rows, shapes.vector), np.float32)
        self._rows = np.full((capacity, frames + 1), -1, np.int32)
        self._actions = np.empty((capacity, shapes.action), np.float32)
        self._rewards = np.empty(capacity, np.float32)
        self._terminated = np.empty(capacity, np.float32)
        self._added = 0
        self._used_rows = 0
        self._live: deque[int] = deque()  # rows in order of time
        self._free: deque[int] = deque()
        self._current: list[int] = []  # rows of the newest observation

    def __len__(self) -> int:
        return min(self._added, self.capacity)

    @property
    def nbytes(self) -> int:
        """Bytes of the rows and transitions written so far."""
        row = self._frames[:1].nbytes + self._vectors[:1].nbytes
        transition = sum(column[:1].nbytes for column in self._columns().values())
        return self._used_rows * row + len(self) * transition

    def clear(self) -> None:
        """Forgets everything."""
        self._added = self._used_rows = 0
        self._rows.fill(-1)
        self._live.clear()
        self._free.clear()
        self._current = []

    def begin(self, obs: Obs) -> None:
        """Starts an episode with the observation of a reset."""
        image = obs["image"]
        self._current = []
        for index, frame in enumerate(image):
            if index == 0 or not np.array_equal(frame, image[index - 1]):
                row = self._store(frame, obs["vector"])
            self._current.append(row)

    def add(self, action: NDArray[Any], reward: float, next_obs: Obs, terminated: bool) -> None:
        """Stores the step that led from the newest observation to `next_obs`.

        Args:
            action: Executed action, in [-1, 1]. [action]
            reward: Of the step.
            next_obs: After the step.
            terminated: Whether next_obs has no future; False at a time-out.

        Raises:
            ValueError: There is no newest observation, or the image is not the last one with
                its oldest frame dropped and a new one appended.
        """
        if not self._current:
            raise ValueError("call begin() with the observation of a reset first")
        image = next_obs["image"]
        if not np.array_equal(image[:-1], self._frames[self._current[1:]]):
            raise ValueError("image is not a sliding stack of frames; keep the older frames in it")
        row = self._store(image[-1], next_obs["vector"])
        slot = self._added % self.capacity
        self._rows[slot] = [*self._current, row]
        self._actions[slot] = action
        self._rewards[slot] = reward
        self._terminated[slot] = terminated
        self._added += 1
        self._current = [*self._current[1:], row]
        self._release()

    def sample(
        self, size: int, rng: np.random.Generator, n_step: int = 1, discount: float = 1.0
    ) -> Batch:
        """Returns transitions drawn uniformly, with replacement.

        Args:
            size: How many.
            rng: Source of the draw.
            n_step: Rewards summed, fewer where the episode or the memory ends before.
            discount: Of each further reward.
        """
        slots = rng.integers(len(self), size=size)
        reward, last, steps = self._sums(slots, n_step, discount)
        frames = self._rows.shape[1] - 1
        before = self._rows[slots, :frames]
        after = self._rows[last, 1:]
        return Batch(
            obs=self._observations(before),
            action=torch.from_numpy(self._actions[slots]),
            reward=torch.from_numpy(reward),
            next_obs=self._observations(after),
            terminated=torch.from_numpy(self._terminated[last]),
            steps=torch.from_numpy(steps) if n_step > 1 else 1.0,
        )

    def state_dict(self) -> dict[str, Any]:
        """Returns what has been stored; tensors share memory with the replay."""
        used, size = self._used_rows, len(self)
        return {
            "frames": torch.from_numpy(self._frames[:used]),
            "vectors": torch.from_numpy(self._vectors[:used]),
            **{name: torch.from_numpy(column[:size]) for name, column in self._columns().items()},
            "added": self._added,
            "live": torch.tensor(list(self._live), dtype=torch.int32),
            "free": torch.tensor(list(self._free), dtype=torch.int32),
            "current": list(self._current),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes over what `state_dict` of a replay of the same capacity and shapes returned."""
        self._used_rows = len(state["frames"])
        while self._used_rows > len(self._frames):
            self._grow()
        self._frames[: self._used_rows] = state["frames"].numpy()
        self._vectors[: self._used_rows] = state["vectors"].numpy()
        for name, column in self._columns().items():
            column[: len(state[name])] = state[name].numpy()
        self._added = state["added"]
        self._live, self._free = (deque(state[name].tolist()) for name in ("live", "free"))
        self._current = list(state["current"])

    def _columns(self) -> dict[str, NDArray[Any]]:
        return {
            "rows": self._rows,
            "actions": self._actions,
            "rewards": self._rewards,
            "terminated": self._terminated,
        }

    def _sums(
        self, slots: NDArray[np.int64], n_step: int, discount: float
    ) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
        """Returns discounted sums of rewards, the last slot of each and the number of steps."""
        reward: NDArray[np.float32] = self._rewards[slots]
        last = slots
        steps = np.ones(len(slots), np.float32)
        goes_on = np.ones(len(slots), bool)
        for power in range(1, n_step):
            following = (last + 1) % self.capacity
            # The next slot goes on with the episode if it starts at the frame where this one ends.
            goes_on &= self._rows[following, -2] == self._rows[last, -1]
            # A slot where it does not go on may not be written yet.
            later = np.where(goes_on, self._rewards[following], np.float32(0))
            reward = (reward + np.float32(discount**power) * later).astype(np.float32)
            last = np.where(goes_on, following, last)
            steps += goes_on
        return reward, last, steps

    def _observations(self, rows: NDArray[np.int32]) -> Observations:
        planes = [self._frames.take(column, axis=0) for column in rows.T]
        vectors = self._vectors.take(rows[:, -1], axis=0)
        return Observations(_interleaved(planes), torch.from_numpy(vectors))

    def _store(self, frame: NDArray[Any], vector: NDArray[Any]) -> int:
        row = self._free.popleft() if self._free else self._new_row()
        self._frames[row] = frame
        self._vectors[row] = vector
        self._live.append(row)
        return row

    def _new_row(self) -> int:
        if self._used_rows == len(self._frames):  # only if starting frames differ all the time
            self._grow()
        self._used_rows += 1
        return self._used_rows - 1

    def _grow(self) -> None:
        self._frames = np.concatenate([self._frames, np.empty_like(self._frames)])
        self._vectors = np.concatenate([self._vectors, np.empty_like(self._vectors)])

    def _release(self) -> None:
        """Frees the rows that are older than the oldest transition."""
        oldest = self._added % self.capacity if self._added > self.capacity else 0
        while self._live[0] != self._rows[oldest, 0]:
            self._free.append(self._live.popleft())


def _interleaved(planes: list[NDArray[np.uint8]]) -> Tensor:
    """Returns [batch, frames, height, width] of one [batch, height, width] per frame.

    It is channels last in memory, which the encoders want; OpenCV does that 8 times as fast as a
    copy between strides.
    """
    batch, height, width = planes[0].shape
    merged = cv2.merge([plane.reshape(batch * height, width) for plane in planes])
    pixels = torch.from_numpy(merged).view(batch, height, width, len(planes))
    return pixels.permute(0, 3, 1, 2)
