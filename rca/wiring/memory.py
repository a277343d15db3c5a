"""Batches, row by row against a plain list of what took place.

A row is found in the list by its action; what else it holds must be that step's: both observations,
the sum of rewards, the flag.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from rca.wiring.fact import Fact
from rca.wiring.history import MAX_STEPS, REWARD, History, Seen, differ, digest

NEXT = "next "
"""In front of the name of a part of the next observation."""
SEVERAL = 10
"""Values told, from which one that is held in their place is no form of them."""
Count = Annotated[int, Field(ge=0, le=10**12)]


class Example(Fact):
    """A row that holds something else than its step.

    Attributes:
        step: Number of the step that its action names, from 1 on in the order told; of several
            whose rewards it sums, or that lie before its next observation, the first.
        of: Number of a step that what it holds was told of, the nearest one; None: of none.
        side: Whether an observation was told before or after that step.
        held: Its reward; None: it is not the reward that is wrong.
        due: The reward that was told, or the sum of several.
    """

    step: Count
    of: Count | None = None
    side: Literal["before", "after"] | None = None
    held: float | None = None
    due: float | None = None


class MemoryFacts(Fact):
    """Rows of batches, held against a plain list of what took place.

    Attributes:
        rows: Looked up.
        unknown: Those whose action was never taken, or more than once.
        never: Those whose action was never taken.
        elsewhere: Of these, those whose observation was never told either, nor any part of it: they
            are of steps that nobody told of.
        asked: Of the known rows, those that were compared, by what: "reward", "terminal missing",
            "terminal added", the name of a part of an observation, such as "picture" or "vector",
            or "next" and that name. Empty: written by a version that compared all.
        other: Of these, those that hold something else than their step, by what.
        strange: Of these, those that hold what was told of no step at all, as it would be if it was
            told in another form, scaled, or changed on purpose.
        examples: The first of the rows that hold what was told of another step, by what; else the
            first of those that hold something else.
        same: Parts of an observation that are one and the same in all strange rows, though many
            were told, as in slots that were never written.
        as_told: Known rows whose observation is their step's, in all parts.
        steps: Told.
        rewards: Different ones among theirs.
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
    asked: Mapping[str, Count] = Field(default_factory=dict)
    strange: Mapping[str, Count] = Field(default_factory=dict)
    examples: Mapping[str, Example] = Field(default_factory=dict)
    same: tuple[str, ...] = ()
    as_told: Count = 0
    steps: Count = 0
    rewards: Count = 0
    never: Count = 0
    elsewhere: Count = 0
    cuts: Count = 0
    ends: Count = 0
    expected_ends: float = 0.0
    place: float | None = None
    again: Count = 0
    expected_again: float = 0.0

    def compared(self, what: str) -> int:
        """Returns how many rows were compared in this."""
        return self.asked.get(what, 0 if self.asked else self.rows - self.unknown)


@dataclass(frozen=True)
class Row:
    """What a row of a batch holds.

    Attributes:
        reward: Or the sum of several.
        terminal: Whether nothing follows, by its flag.
        before: The observation.
        after: The next one.
    """

    reward: float
    terminal: bool
    before: Seen
    after: Seen


class Memory:
    """Holds batches against what took place.

    Attributes:
        history: To be told of every step.
    """

    def __init__(self, *, n_step: int | None, discount: float | None, capacity: int | None) -> None:
        """Begins with nothing.

        Args:
            n_step: Steps whose rewards a row sums; None: found out from each batch.
            discount: Of these rewards; None: unknown, and sums of several are not compared.
            capacity: Steps that the memory holds; None: unknown.
        """
        self.history = History()
        self._n_step = n_step
        self._discount = discount
        self._capacity = capacity
        self._rows = self._unknown = self._never = self._elsewhere = 0
        self._asked: Counter[str] = Counter()
        self._other: Counter[str] = Counter()
        self._strange: Counter[str] = Counter()
        self._examples: dict[str, Example] = {}
        self._strange_examples: dict[str, Example] = {}
        self._strangers: defaultdict[str, set[bytes]] = defaultdict(set)
        self._ends = self._cuts = self._as_told = 0
        self._expected_ends = self._places = self._expected_places = 0.0
        self._before: set[int] = set()
        self._again = 0
        self._expected_again = 0.0

    def batch(self, action: NDArray[np.generic], rows: Sequence[Row]) -> None:
        """Compares a batch.

        Args:
            action: Of each row. [batch, ...]
            rows: What else they hold. [batch]
        """
        steps, by_action = self.history.steps, self.history.by_action
        if self.history.is_full or not steps:
            return
        oldest = max(0, len(steps) - (self._capacity or MAX_STEPS))
        named = [at for at in by_action.values() if at is not None and at >= oldest]
        place, ends = self._even_draw(named, oldest)
        drawn: set[int] = set()
        keys = [digest(one) for one in action]
        found = [by_action.get(key) for key in keys]
        length = self._n_step or self.history.steps_summed(
            found, [row.reward for row in rows], [row.after for row in rows]
        )
        for first, key, row in zip(found, keys, rows, strict=True):
            self._rows += 1
            if first is None:
                self._note_unknown(key, row)
                continue
            drawn.add(first)
            self._again += first in self._before
            self._expected_again += len(self._before) / len(named) if named else 0.0
            self._places += first - oldest
            self._expected_places += place
            chain = self.history.chain(first, length or 1)
            if not oldest:  # later it is not known how many of the ends are still there
                self._ends += steps[chain[-1]].terminated
                self._expected_ends += ends
            self._compare(chain, row, is_sure=length is not None)
        self._before = drawn

    def facts(self) -> MemoryFacts:
        """Returns what was found as plain data."""
        wanted, told = self._expected_places, self.history.told
        alike = (what for what, held in self._strangers.items() if len(held) == 1)
        return MemoryFacts(
            rows=self._rows,
            unknown=self._unknown,
            never=self._never,
            elsewhere=self._elsewhere,
            asked=self._asked,
            other=self._other,
            strange=self._strange,
            examples={**self._strange_examples, **self._examples},
            same=tuple(w for w in alike if len(told[w.removeprefix(NEXT)]) >= SEVERAL),
            as_told=self._as_told,
            steps=len(self.history.steps),
            rewards=len(told[REWARD]),
            cuts=self._cuts,
            ends=self._ends,
            expected_ends=self._expected_ends,
            place=0.5 * self._places / wanted if wanted else None,
            again=self._again,
            expected_again=self._expected_again,
        )

    def _note_unknown(self, key: bytes, row: Row) -> None:
        self._unknown += 1
        if key not in self.history.by_action:
            self._never += 1
            told = (seen in self.history.told[name] for name, seen in row.before.items())
            self._elsewhere += not any(told)

    def _compare(self, chain: Sequence[int], row: Row, *, is_sure: bool) -> None:
        """Notes what of a row is not that of its steps; what follows an end teaches nothing."""
        begun, end = (self.history.steps[at] for at in (chain[0], chain[-1]))
        before = begun.before or {}
        known = row.before.keys() & before.keys()
        self._as_told += all(row.before[name] == before[name] for name in known)
        if is_sure:
            flag = Example(step=chain[0] + 1)
            self._cuts += end.truncated and not end.terminated
            self._note("terminal missing", end.terminated and not row.terminal, lambda: flag)
            self._note("terminal added", row.terminal and not end.terminated, lambda: flag)
            self._compare_reward(chain, row.reward)
        if not row.terminal:
            self._compare_parts(NEXT, row.after, end.after, chain)
        self._compare_parts("", row.before, before, chain)

    def _compare_parts(self, prefix: str, held: Seen, told: Seen, chain: Sequence[int]) -> None:
        for name, seen in held.items():
            if name not in told:
                continue
            what, is_strange = f"{prefix}{name}", seen not in self.history.told[name]

            def example(name: str = name, seen: bytes = seen) -> Example:
                return self._observed(chain, name, seen, is_next=bool(prefix))

            self._note(what, seen != told[name], example, is_strange=is_strange)
            if is_strange and len(strangers := self._strangers[what]) < SEVERAL:
                strangers.add(seen)

    def _observed(self, chain: Sequence[int], name: str, seen: bytes, *, is_next: bool) -> Example:
        """Returns a row with an observation that is not its steps', with where that was told."""
        first, at = chain[0] + 1, chain[-1] if is_next else chain[0]
        after = self.history.nearest(at, lambda step: step.after.get(name) == seen)
        before = self.history.nearest(at, lambda step: (step.before or {}).get(name) == seen)
        if after is not None and (is_next or before is None):
            return Example(step=first, of=after, side="after")
        return Example(step=first, of=before, side=None if before is None else "before")

    def _compare_reward(self, chain: Sequence[int], reward: float) -> None:
        discount = 1.0 if len(chain) == 1 else self._discount
        if discount is None or math.isnan(reward):
            return
        due = sum(discount**k * self.history.steps[at].reward for k, at in enumerate(chain))
        is_other = differ(reward, due)
        is_told = digest(np.float32(reward)) in self.history.told[REWARD]

        def example() -> Example:
            held = np.float32(reward)
            of = self.history.nearest(chain[0], lambda step: np.float32(step.reward) == held)
            return Example(step=chain[0] + 1, of=of, held=reward, due=due)

        self._note(REWARD, is_other, example, is_strange=is_other and not is_told)

    def _note(
        self,
        what: str,
        is_other: bool,
        example: Callable[[], Example],
        *,
        is_strange: bool = False,
    ) -> None:
        self._asked[what] += 1
        self._other[what] += is_other
        self._strange[what] += is_strange
        examples = self._strange_examples if is_strange else self._examples
        if is_other and what not in examples:
            examples[what] = example()

    def _even_draw(self, named: Sequence[int], oldest: int) -> tuple[float, float]:
        """Returns mean place and share of ends of the steps that a row could be known as.

        Those whose action was taken once: a pinned policy repeats itself, and its steps have no
        name.
        """
        if not named:
            return 0.0, 0.0
        ends = sum(self.history.steps[at].terminated for at in named) / len(named)
        return float(np.mean(named)) - oldest, ends
