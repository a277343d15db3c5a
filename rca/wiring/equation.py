"""The equation that the critic learns from, inferred from what passes through its networks.

For a squared error every output q of the critic receives the gradient g = c (q - y). With the
rewards r of the executed steps and the target critic's values Q', every transition must fulfil

    q = g / c + s (r0 + gamma r1 + ... + gamma^(n-1) r(n-1)) + gamma^n Q'

which is linear in 1/c, in a weight for each reward and in one for Q'. Least squares over some
hundred rows finds them for n = 1, 2, ...; a residual near zero proves the equation, and the weights
show the discount, the reward's scale and n in force. Rows in which an episode ended then tell
whether they bootstrap.

Rewards that are all the same, or nearly all 0, fit for any n: three steps at -1 are one at -2.97.
Such a batch proves the equation and decides neither n nor the discount.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rca.wiring.actions import Executed
from rca.wiring.facts import End, EquationFacts

Floats = NDArray[np.float64]

FIT = 1e-3
"""Residual over the size of q up to which the equation counts as proven; float32 leaves 1e-5."""
STEPS = 5
"""Largest n tried."""
MIN_ROWS = 4
"""Rows per fitted number."""
CLEAR = 0.02
"""A row tells only if its |Q'| is this share of the largest: else 0 and gamma look alike."""
NEAR = 0.25
"""Distance from 0 or 1 up to which a share of Q' counts as none or whole."""
BLIND = 0.01
"""Discount up to which the rows within episodes count no next value."""
APART = 10.0
"""Times the best reduction's residual that every other leaves where a batch tells which it is: none
does where Q' does not count, as with a discount of 0."""
TOLD = 2.0
"""Times FIT, relative as it is, that the reward of one step more must weigh beyond what the fitted
columns can stand for: if it were in the equation, a batch without it would not have fitted."""
BOUND = 1e-6
"""Relative difference up to which two gradients count as the same bound of a Huber loss."""
REDUCTIONS: dict[str, Callable[..., Floats]] = {"min": np.min, "max": np.max, "mean": np.mean}
"""Of the target critics' values."""


@dataclass(frozen=True)
class Rows:
    """Transitions of one batch whose step is known.

    Attributes:
        q: Critic's output. [n]
        gradient: Of the loss by it. [n]
        targets: Values of the target critics. [critics, n]
        steps: What was executed. [n]
    """

    q: Floats
    gradient: Floats
    targets: Floats
    steps: Sequence[Executed]


@dataclass(frozen=True)
class _Fit:
    """Weights of the equation for one n and one reduction of the target critics."""

    n: int
    reduction: str
    per_gradient: float
    rewards: Floats
    value: float
    residual: float
    is_decided: bool = False
    """Whether the rewards tell this n from a larger one."""

    @property
    def discount(self) -> float:
        """Of a step: from Q' and, for n > 1, sign and size as the n-th root."""
        return math.copysign(abs(self.value) ** (1 / self.n), self.value)


@dataclass
class Equation:
    """What all batches together show.

    Attributes:
        tried: Batches with enough rows.
        residuals: Best relative residual of each batch tried.
        late: Batches that only the reward of the step before explains.
        time_outs: Rows cut off: "bootstrapped", "cut" or "unclear".
        terminals: Rows that ended by themselves: the same.
        reductions: Batches by the reduction of the target critics that alone explains them.
    """

    tried: int = 0
    late: int = 0
    residuals: list[float] = field(default_factory=list)
    time_outs: Counter[End] = field(default_factory=Counter)
    terminals: Counter[End] = field(default_factory=Counter)
    reductions: Counter[str] = field(default_factory=Counter)
    _fits: list[_Fit] = field(default_factory=list)
    _bound: float = math.nan
    _unproven: list[int] = field(default_factory=list)
    """Of each batch that no n explains, the largest n for which it had enough rows."""

    def add(self, rows: Rows) -> None:
        """Fits one batch; one with values that are not finite is left out."""
        rows = self._inside(rows)
        rewards = np.array([step.reward for step in rows.steps])
        if not all(np.isfinite(part).all() for part in (rows.q, rows.gradient, rows.targets)):
            return
        if not np.isfinite(rewards).all():
            return
        fits: list[_Fit] = []
        proven, enough = False, 0
        for n in range(1, STEPS + 1):  # the smallest that explains the batch: larger ones do too
            fits += (found := _fits(rows, n, _ahead))
            enough = n if found else enough
            proven = any(fit.residual <= FIT for fit in found)
            if proven:
                break
        if not fits:
            return
        self.tried += 1
        self.residuals.append(min(fit.residual for fit in fits))
        if not proven:
            self._unproven.append(enough)
            self.late += any(fit.residual <= FIT for fit in _fits(rows, 1, _behind))
            return
        best = min(found, key=lambda fit: fit.residual)
        best = replace(best, is_decided=_is_decided(rows, best))
        self._fits.append(best)
        reduced = _reduced(rows.targets)
        values = reduced[best.reduction]
        # Where one critic is the smaller in every row, it alone and the minimum are the same.
        others = [f for f in found if not np.array_equal(reduced[f.reduction], values)]
        if others and min(f.residual for f in others) > APART * best.residual:
            self.reductions[best.reduction] += 1
        self.time_outs.update(_endings(rows, values, best, terminated=False))
        self.terminals.update(_endings(rows, values, best, terminated=True))

    def _inside(self, rows: Rows) -> Rows:
        """Returns the rows that a Huber loss does not cut: several share the largest gradient."""
        sizes = np.abs(rows.gradient)
        largest = sizes.max(initial=0.0)
        if np.isclose(sizes, largest, rtol=BOUND, atol=0).sum() > 1:
            self._bound = largest
        kept = np.flatnonzero(~np.isclose(sizes, self._bound, rtol=BOUND, atol=0))
        steps = [rows.steps[int(number)] for number in kept]
        return Rows(rows.q[kept], rows.gradient[kept], rows.targets[:, kept], steps)

    def facts(self) -> EquationFacts:
        """Returns what was seen as plain data."""
        fits = self._fits
        decided = [fit for fit in fits if fit.is_decided]
        telling = decided or fits
        steps = round(_median([fit.n for fit in telling]) or 0)
        return EquationFacts(
            tried=self.tried,
            fitted=len(fits),
            late=self.late,
            residual=_median(self.residuals),
            decided=len(decided),
            short=sum(enough < steps for enough in self._unproven),
            steps=steps or None,
            discount=_median([fit.discount for fit in telling]),
            reward_scale=_median([float(fit.rewards[0]) for fit in telling]),
            reductions=self.reductions,
            time_outs=self.time_outs,
            terminals=self.terminals,
            ascending=sum(fit.per_gradient < 0 for fit in fits),
        )


def _reduced(targets: Floats) -> dict[str, Floats]:
    if len(targets) == 1:
        return {"one": targets[0]}
    found = {name: reduce(targets, axis=0) for name, reduce in REDUCTIONS.items()}
    return found | {f"critic {number} alone": row for number, row in enumerate(targets, 1)}


def _ahead(step: Executed, n: int) -> list[float] | None:
    """Returns the rewards of n steps, None if the episode ends within them."""
    rewards: list[float] = []
    now: Executed | None = step
    while now is not None and not now.ended and len(rewards) < n:
        rewards.append(now.reward)
        now = now.following
    return rewards if len(rewards) == n else None


def _behind(step: Executed, n: int) -> list[float] | None:
    """Returns the reward of the step before instead."""
    return [step.before.reward] if step.before is not None and not step.ended else None


def _fits(
    rows: Rows, n: int, rewards_of: Callable[[Executed, int], list[float] | None]
) -> list[_Fit]:
    """Returns a fit per reduction, none if there are too few rows."""
    rewards = [rewards_of(step, n) for step in rows.steps]
    used = [number for number, known in enumerate(rewards) if known is not None]
    if len(used) < MIN_ROWS * (n + 2):
        return []
    known = np.array([rewards[number] for number in used])
    found = []
    for name, values in _reduced(rows.targets).items():
        columns = np.column_stack([rows.gradient[used], known, values[used]])
        solved, residual = _least_squares(columns, rows.q[used])
        found.append(_Fit(n, name, float(solved[0]), solved[1:-1], float(solved[-1]), residual))
    return found


def _is_decided(rows: Rows, fit: _Fit) -> bool:
    """Tells whether the reward of one step more than a fit has could not have hidden in it."""
    more = [_rewards_from(step, fit.n + 1) for step in rows.steps]
    used = [number for number, known in enumerate(more) if len(known) > fit.n]
    if not used:
        return False
    known = np.array([more[number] for number in used])
    values = _reduced(rows.targets)[fit.reduction][used]
    columns = np.column_stack([rows.gradient[used], known[:, :-1], values])
    apart = _size(_left(columns, known[:, -1])[1]) * float(np.abs(fit.rewards).max())
    target = rows.q[used] - fit.per_gradient * rows.gradient[used]
    return apart > TOLD * FIT * min(_size(rows.q[used]), _size(target))


def _rewards_from(step: Executed, n: int) -> list[float]:
    """Returns the rewards of up to n steps, as many as the episode has."""
    rewards: list[float] = []
    now: Executed | None = step
    while now is not None and len(rewards) < n:
        rewards.append(now.reward)
        now = now.following
    return rewards


def _left(columns: Floats, known: Floats) -> tuple[Floats, Floats]:
    """Returns the weights of the columns, and what they leave of what is known."""
    size = np.abs(columns).max(axis=0)
    size[size == 0] = 1.0
    solved = np.linalg.lstsq(columns / size, known, rcond=None)[0] / size
    return solved, known - columns @ solved


def _least_squares(columns: Floats, known: Floats) -> tuple[Floats, float]:
    """Returns the weights and the residual, relative to the size of q and of the target y.

    Where the critic has run away from its target q is all gradient, and a residual that is small
    beside q would let rewards and Q' have any weight.
    """
    solved, left = _left(columns, known)
    target = known - solved[0] * columns[:, 0]
    spread = min(_size(known), _size(target)) or 1.0
    return solved, _size(left) / spread


def _size(values: Floats) -> float:
    return math.sqrt(values @ values / len(values))


def _endings(rows: Rows, values: Floats, fit: _Fit, *, terminated: bool) -> list[End]:
    """Returns per row that ends the episode whether the next state's value entered its target."""
    largest = float(np.abs(values).max()) or 1.0
    found: list[End] = []
    for number, step in enumerate(rows.steps):
        if not step.ended or step.terminated != terminated:
            continue
        y = rows.q[number] - fit.per_gradient * rows.gradient[number]
        left = y - fit.rewards[0] * step.reward
        # Without any discount elsewhere a next value at a terminal is one that the flag let in.
        is_blind = terminated and abs(fit.discount) < BLIND
        whole = (1.0 if is_blind else fit.discount) * values[number]
        share = left / whole if whole else math.nan
        if abs(values[number]) < CLEAR * largest or not _is_weighed(fit, step.reward, whole):
            found.append("unclear")
        elif abs(share - 1) < NEAR:
            found.append("bootstrapped")
        else:
            found.append("cut" if abs(share) < NEAR and not is_blind else "unclear")
    return found


def _is_weighed(fit: _Fit, reward: float, whole: float) -> bool:
    """Tells whether it is known what a reward weighs, or that it is little beside a next value."""
    weight = STEPS * max(float(np.abs(fit.rewards).max()), 1.0)  # at most: of so many steps at once
    return fit.is_decided or weight * abs(reward) < NEAR * abs(whole)


def _median(values: Sequence[float]) -> float | None:
    finite = [value for value in values if np.isfinite(value)]
    return float(np.median(finite)) if finite else None
