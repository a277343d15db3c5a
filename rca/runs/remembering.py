"""Batches of our own trainer, row by row against a plain list of what took place.

The list is told of every step as the environment returned it. A row is found in it by its action;
what else it holds must be that step's: both observations, the sum of rewards, the flag.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rca.config import AgentConfig
from rca.td3.episode import learned_reward
from rca.td3.events import EpisodeBegan, Stepped
from rca.td3.replay import Batch, Observations
from rca.wiring.recomputed import MemoryFacts

MAX_STEPS = 100_000
"""Steps that are remembered (35 MB); a longer run is no longer asked."""
CLOSE = 1e-4
"""Relative difference of two sums of rewards; float32 leaves 1e-6."""


Seen = tuple[bytes, bytes]
"""Digests of a picture, all its frames, and of a vector."""


@dataclass(frozen=True, slots=True)
class _Step:
    """One step; before, after: digests of picture and vector observed then."""

    reward: float
    terminated: bool
    ended: bool
    stored: bool
    before: Seen | None
    after: Seen


class Remembering:
    """Keeps what took place, and holds batches against it."""

    def __init__(self, config: AgentConfig) -> None:
        self._config = config
        self._steps: list[_Step] = []
        self._by_action: dict[bytes, int | None] = {}
        self._rows = self._unknown = self._never = 0
        self._other: Counter[str] = Counter()
        self._full = False
        self._ends = 0
        self._expected_ends = 0.0
        self._observed: Seen | None = None
        self._places: list[float] = []
        self._expected_places: list[float] = []
        self._before: set[int] = set()
        self._again = 0
        self._expected_again = 0.0

    def begin(self, event: EpisodeBegan) -> None:
        """Remembers what an episode begins with."""
        if self._full:
            return
        self._observed = _digest(event.image), _digest(event.vector)

    def step(self, event: Stepped) -> None:
        """Remembers a step; an action taken twice no longer names one."""
        if self._full or event.image is None or event.vector is None:
            return
        before, after = self._observed, (_digest(event.image), _digest(event.vector))
        is_over = event.terminated or event.truncated
        self._observed = None if is_over else after
        key = _digest(event.action)
        self._by_action[key] = None if key in self._by_action else len(self._steps)
        self._steps.append(
            _Step(
                learned_reward(event.reward, self._config),
                event.terminated,
                is_over,
                event.stored,
                before,
                after,
            )
        )
        self._full = len(self._steps) >= MAX_STEPS

    def learned(self, batch: Batch) -> None:
        """Compares a batch on the CPU."""
        if self._full or not self._steps:
            return
        flags, rewards = batch.terminated.tolist(), batch.reward.tolist()
        before, after = _digests(batch.obs), _digests(batch.next_obs)
        oldest = max(0, len(self._steps) - self._config.buffer_size)
        named = [at for at in self._by_action.values() if at is not None and at >= oldest]
        place, ends = self._even_draw(named, oldest)
        drawn: set[int] = set()
        for row, action in enumerate(batch.action.numpy()):
            self._rows += 1
            key = _digest(action)
            first = self._by_action.get(key)
            if first is None:
                self._unknown += 1
                self._never += key not in self._by_action
                continue
            last, total = self._sum(first)
            end = self._steps[last]
            drawn.add(first)
            self._again += first in self._before
            self._expected_again += len(self._before) / len(named)
            self._places.append(first - oldest)
            self._expected_places.append(place)
            if not oldest:  # later it is not known how many of the ends are still there
                self._ends += end.terminated
                self._expected_ends += ends
            shown = self._steps[first].before
            self._note("reward", abs(rewards[row] - total) > CLOSE * max(1.0, abs(total)))
            self._note("terminal missing", end.terminated and not flags[row])
            self._note("terminal added", bool(flags[row]) and not end.terminated)
            self._note("next picture", after[row][0] != end.after[0])
            self._note("next vector", after[row][1] != end.after[1])
            if shown:
                self._note("picture", before[row][0] != shown[0])
                self._note("vector", before[row][1] != shown[1])
        self._before = drawn

    def facts(self) -> MemoryFacts:
        """Returns what was found as plain data."""
        return MemoryFacts(
            rows=self._rows,
            unknown=self._unknown,
            never=self._never,
            other=self._other,
            ends=self._ends,
            expected_ends=self._expected_ends,
            place=self._place(),
            again=self._again,
            expected_again=self._expected_again,
        )

    def _place(self) -> float | None:
        """Returns the mean place of the rows over that of an even draw, halved: 0.5 if even."""
        wanted = sum(self._expected_places)
        return 0.5 * sum(self._places) / wanted if wanted else None

    def _even_draw(self, named: Sequence[int], oldest: int) -> tuple[float, float]:
        """Returns mean place and share of ends of the steps that a row could be known as.

        Those whose action was taken once: a pinned policy repeats itself, and its steps have no
        name.
        """
        if not named:
            return 0.0, 0.0
        ends = sum(self._steps[at].terminated for at in named) / len(named)
        return float(np.mean(named)) - oldest, ends

    def _sum(self, first: int) -> tuple[int, float]:
        """Returns the last of a row's steps, and the discounted sum of their rewards."""
        last, total = first, self._steps[first].reward
        for power in range(1, self._config.n_step):
            is_last = self._steps[last].ended or last + 1 == len(self._steps)
            if is_last or not self._steps[last + 1].stored:
                break
            last += 1
            total += self._config.discount**power * self._steps[last].reward
        return last, total

    def _note(self, what: str, is_other: bool) -> None:
        self._other[what] += is_other


def _digest(array: NDArray[np.generic]) -> bytes:
    kept = array if array.dtype == np.uint8 else array.astype(np.float32) + np.float32(0)  # no -0
    return hashlib.blake2b(np.ascontiguousarray(kept).tobytes(), digest_size=8).digest()


def _digests(obs: Observations) -> list[Seen]:
    """Returns digests of picture and vector of each row."""
    images, vectors = obs.image.numpy(), obs.vector.numpy()
    return [(_digest(one), _digest(two)) for one, two in zip(images, vectors, strict=True)]
