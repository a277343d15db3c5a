"""A plain list of what took place, told step by step, and what is found in it."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_STEPS = 100_000
"""Steps that are remembered (58 MB, 67 of two parts an observation); a longer run is not asked."""
MAX_N = 64
"""Steps that a return is taken to sum at most where nobody says; Rainbow has 3, Ape-X 5."""
CLOSE = 1e-4
"""Relative difference of two sums of rewards; float32 leaves 1e-6."""
REWARD = "reward"

Seen = Mapping[str, bytes]
"""Digests of an observation's parts, by their names."""


@dataclass(slots=True)
class Step:
    """One step.

    Attributes:
        reward: As the agent is to learn from it.
        terminated: Whether the episode ended by itself.
        truncated: Whether it was cut off.
        before: What was observed before it; None: unknown.
        after: What was observed after it; empty: unknown.
        following: Place of the next step of the episode; None: there is none.
    """

    reward: float
    terminated: bool
    truncated: bool
    before: Seen | None
    after: Seen
    following: int | None = None


class History:
    """The steps, in their order.

    Attributes:
        steps: All of them.
        by_action: The place of each step by the digest of its action; None: there are several.
        told: Digests of everything observed, by part, and of all rewards.
        is_full: Whether no more steps are remembered.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.by_action: dict[bytes, int | None] = {}
        self.told: defaultdict[str, set[bytes]] = defaultdict(set)
        self.is_full = False
        self._last: dict[int, int] = {}

    def add(
        self, action: NDArray[np.generic], step: Step, *, stored: bool = True, env: int = 0
    ) -> None:
        """Remembers a step; an action taken twice no longer names one.

        Where `before` is not what the step before ended with, an episode was cut without a word.

        Args:
            action: As the memory is to hold it.
            step: Without what follows it.
            stored: Whether the memory is given it.
            env: Number of the environment where several run side by side.
        """
        if self.is_full:
            return
        here, former = len(self.steps), self._last.pop(env, None)
        if former is not None:
            known = self.steps[former].after
            if not known or step.before in (None, known):
                step.before = known or step.before
                if stored:
                    self.steps[former].following = here
        if not (step.terminated or step.truncated):
            self._last[env] = here
        key = digest(action)
        self.by_action[key] = None if key in self.by_action else here
        self.steps.append(step)
        for name, seen in [*(step.before or {}).items(), *step.after.items()]:
            self.told[name].add(seen)
        self.told[REWARD].add(digest(np.float32(step.reward)))
        self.is_full = len(self.steps) >= MAX_STEPS

    def chain(self, first: int, length: int) -> list[int]:
        """Returns the places of the steps that a row sums: up to the end of the episode."""
        chain = [first]
        while len(chain) < length and (following := self.steps[chain[-1]].following) is not None:
            chain.append(following)
        return chain

    def nearest(self, place: int, holds: Callable[[Step], bool]) -> int | None:
        """Returns the number (from 1 on) of the step nearest to a place that holds something.

        None if no step does. Looks at all of them: 30 ms, so not for every row.
        """
        found = (at for at, step in enumerate(self.steps) if holds(step))
        nearest = min(found, key=lambda at: abs(at - place), default=None)
        return None if nearest is None else nearest + 1

    def steps_summed(
        self, found: Sequence[int | None], reward: Sequence[float], after: Sequence[Seen]
    ) -> int | None:
        """Returns behind how many steps most rows have their next observation, None if unknown.

        A row that looks at the end of its episode, or at the newest step, might look further. If
        most have the reward of one step alone, they sum none, wherever they look.

        Args:
            found: Place of each row's step; None: unknown. [batch]
            reward: That each row holds. [batch]
            after: What each row holds as the next observation. [batch]
        """
        sure: Counter[int] = Counter()
        least = alone = several = 0
        for row, first in enumerate(found):
            chain = [] if first is None else self.chain(first, MAX_N)
            at = [k for k, place in enumerate(chain, 1) if self.steps[place].after == after[row]]
            sure.update(length for length in at if length < len(chain))  # all, if nothing moves
            least = max(least, at[0] if at else 0)
            if len(chain) > 1 and self.steps[chain[1]].reward:
                several += 1
                alone += not differ(reward[row], self.steps[chain[0]].reward)
        if several and alone > 0.5 * several:
            return 1
        return max(sure, key=lambda length: (sure[length], -length)) if sure else least or None


def differ(one: float, other: float) -> bool:
    """Tells whether two sums of rewards are not the same."""
    return abs(one - other) > CLOSE * max(1.0, abs(other))


def digest(array: NDArray[np.generic] | np.generic) -> bytes:
    """Returns what tells an array from others: of bytes as they are, of all else as float32."""
    kept = array if array.dtype == np.uint8 else array.astype(np.float32) + np.float32(0)  # no -0
    return hashlib.blake2b(np.ascontiguousarray(kept).tobytes(), digest_size=8).digest()
