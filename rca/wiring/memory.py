"""Batches, row by row against a plain list of what took place.

The list is told of every step as the environment returned it. A row is found in it by its action;
what else it holds must be that step's: both observations, the sum of rewards, the flag.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from rca.wiring.fact import Fact

MAX_STEPS = 100_000
"""Steps that are remembered (67 MB); a longer run is no longer asked."""
CLOSE = 1e-4
"""Relative difference of two sums of rewards; float32 leaves 1e-6."""
MAX_N = 20
"""Steps that a return is taken to sum at most; Rainbow has 3, Ape-X 5."""
NEXT = "next "
"""In front of the name of a part of the next observation."""
Count = Annotated[int, Field(ge=0, le=10**12)]


class MemoryFacts(Fact):
    """Rows of batches, held against a plain list of what took place.

    Attributes:
        rows: Looked up.
        unknown: Those whose action was never taken, or more than once.
        never: Those whose action was never taken.
        elsewhere: Of these, those whose observation was never told either, nor any part of it: they
            are of steps that nobody told of.
        other: Of the rest, those that hold something else than their step, by what: "reward",
            "terminal missing", "terminal added", the name of a part of an observation, such as
            "picture" or "vector", or "next" and that name.
        strange: Of these, those that hold what was told of no step at all, by what: where all do,
            it was told in another form, or scaled.
        cuts: Rows that end with a time-out.
        ends: Rows that end an episode by themselves, until the memory was full.
        expected_ends: As many as an even draw has of them, in the mean.
        place: Half of the rows' mean place in the memory over that of an even draw of the steps
            that can be known: 0.5 if even, 0 if all are the oldest; None: no row is known.
        again: Known rows that the batch compared before held too, often the one before.
        expected_again: As many as an even draw has of them, in the mean.
    """

    rows: Count
    unknown: Count
    other: Mapping[str, Count]
    strange: Mapping[str, Count] = Field(default_factory=dict)
    never: Count = 0
    elsewhere: Count = 0
    cuts: Count = 0
    ends: Count = 0
    expected_ends: float = 0.0
    place: float | None = None
    again: Count = 0
    expected_again: float = 0.0


Seen = Mapping[str, bytes]
"""Digests of an observation's parts, by their names."""


@dataclass(slots=True)
class _Step:
    """One step; before, after: what was observed then; following: the place of the next one."""

    reward: float
    terminated: bool
    truncated: bool
    before: Seen | None
    after: Seen
    following: int | None = None


class Memory:
    """Keeps what took place, and holds batches against it.

    Attributes:
        is_full: Whether no more steps are remembered, and no batches compared.
    """

    def __init__(self, *, n_step: int | None, discount: float | None, capacity: int | None) -> None:
        """Begins with nothing.

        Args:
            n_step: Steps whose rewards a row sums; None: found out from the first batch.
            discount: Of these rewards; None: unknown, and sums of several are not compared.
            capacity: Steps that the memory holds; None: unknown.
        """
        self.is_full = False
        self._n_step = n_step
        self._discount = discount
        self._capacity = capacity
        self._steps: list[_Step] = []
        self._last: dict[int, int] = {}
        self._by_action: dict[bytes, int | None] = {}
        self._told: defaultdict[str, set[bytes]] = defaultdict(set)
        self._rows = self._unknown = self._never = self._elsewhere = 0
        self._other: Counter[str] = Counter()
        self._strange: Counter[str] = Counter()
        self._ends = self._cuts = 0
        self._expected_ends = 0.0
        self._places: list[float] = []
        self._expected_places: list[float] = []
        self._before: set[int] = set()
        self._again = 0
        self._expected_again = 0.0

    def step(
        self,
        action: NDArray[np.generic],
        reward: float,
        *,
        terminated: bool,
        truncated: bool,
        before: Seen | None,
        after: Seen,
        stored: bool = True,
        env: int = 0,
    ) -> None:
        """Remembers a step; an action taken twice no longer names one.

        Args:
            action: As the memory is to hold it.
            reward: As the agent is to learn from it.
            terminated: Whether the episode ended by itself.
            truncated: Whether it was cut off.
            before: What was observed before it; None: unknown.
            after: What was observed after it.
            stored: Whether the memory is given it.
            env: Number of the environment where several run side by side.
        """
        if self.is_full:
            return
        here, former = len(self._steps), self._last.pop(env, None)
        if former is not None and stored:
            self._steps[former].following = here
        if not (terminated or truncated):
            self._last[env] = here
        key = digest(action)
        self._by_action[key] = None if key in self._by_action else here
        self._steps.append(_Step(reward, terminated, truncated, before, after))
        for name, seen in [*(before or {}).items(), *after.items()]:
            self._told[name].add(seen)
        self._told["reward"].add(digest(np.float32(reward)))
        self.is_full = len(self._steps) >= MAX_STEPS

    def batch(
        self,
        action: NDArray[np.generic],
        reward: Sequence[float],
        terminated: Sequence[float],
        before: Sequence[Seen],
        after: Sequence[Seen],
    ) -> None:
        """Compares a batch, the rows of which are the same step in each argument."""
        if self.is_full or not self._steps:
            return
        oldest = max(0, len(self._steps) - (self._capacity or MAX_STEPS))
        named = [at for at in self._by_action.values() if at is not None and at >= oldest]
        place, ends = self._even_draw(named, oldest)
        drawn: set[int] = set()
        keys = [digest(one) for one in action]
        found = [self._by_action.get(key) for key in keys]
        if self._n_step is None:
            self._n_step = self._steps_summed(found, after)
        for row, first in enumerate(found):
            self._rows += 1
            if first is None:
                self._unknown += 1
                if keys[row] not in self._by_action:
                    self._never += 1
                    self._elsewhere += not any(
                        seen in self._told[name] for name, seen in before[row].items()
                    )
                continue
            drawn.add(first)
            self._again += first in self._before
            self._expected_again += len(self._before) / len(named) if named else 0.0
            self._places.append(first - oldest)
            self._expected_places.append(place)
            last = self._chain(first, self._n_step)[-1]
            if not oldest:  # later it is not known how many of the ends are still there
                self._ends += self._steps[last].terminated
                self._expected_ends += ends
            self._compare(first, reward[row], bool(terminated[row]), before[row], after[row])
        self._before = drawn

    def facts(self) -> MemoryFacts:
        """Returns what was found as plain data."""
        return MemoryFacts(
            rows=self._rows,
            unknown=self._unknown,
            never=self._never,
            elsewhere=self._elsewhere,
            other=self._other,
            strange=self._strange,
            cuts=self._cuts,
            ends=self._ends,
            expected_ends=self._expected_ends,
            place=self._place(),
            again=self._again,
            expected_again=self._expected_again,
        )

    def _compare(
        self, first: int, reward: float, is_terminal: bool, before: Seen, after: Seen
    ) -> None:
        """Notes what of a row is not that of its steps; what follows an end teaches nothing."""
        chain = self._chain(first, self._n_step or 1)
        begun, end = self._steps[first], self._steps[chain[-1]]
        discount = 1.0 if len(chain) == 1 else self._discount
        if discount is not None:
            total = sum(discount**k * self._steps[at].reward for k, at in enumerate(chain))
            is_other = abs(reward - total) > CLOSE * max(1.0, abs(total))
            self._note("reward", "reward", is_other, digest(np.float32(reward)))
        self._cuts += end.truncated and not end.terminated
        self._other["terminal missing"] += end.terminated and not is_terminal
        self._other["terminal added"] += is_terminal and not end.terminated
        for name, seen in after.items() if not is_terminal else ():
            self._note(f"{NEXT}{name}", name, seen != end.after.get(name), seen)
        for name, seen in before.items() if begun.before else ():
            self._note(name, name, seen != (begun.before or {}).get(name), seen)

    def _note(self, what: str, part: str, is_other: bool, seen: bytes) -> None:
        self._other[what] += is_other
        self._strange[what] += is_other and seen not in self._told[part]

    def _chain(self, first: int, length: int) -> list[int]:
        """Returns the places of the steps that a row sums: up to the end of the episode."""
        chain = [first]
        while len(chain) < length and (following := self._steps[chain[-1]].following) is not None:
            chain.append(following)
        return chain

    def _steps_summed(self, found: Sequence[int | None], after: Sequence[Seen]) -> int:
        """Returns behind how many steps most rows have their next observation, 1 if none does."""
        votes: Counter[int] = Counter()
        for first, seen in zip(found, after, strict=True):
            chain = [] if first is None else self._chain(first, MAX_N)
            votes.update(
                length for length, at in enumerate(chain, 1) if self._steps[at].after == seen
            )
        return max(votes, key=lambda length: (votes[length], -length), default=1)

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


def digest(array: NDArray[np.generic] | np.generic) -> bytes:
    """Returns what tells an array from others: of bytes as they are, of all else as float32."""
    kept = array if array.dtype == np.uint8 else array.astype(np.float32) + np.float32(0)  # no -0
    return hashlib.blake2b(np.ascontiguousarray(kept).tobytes(), digest_size=8).digest()
