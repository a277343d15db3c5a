"""Whether target networks follow: tau and residual, from the weights before and after."""

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch

from rca.wiring.facts import TargetFacts
from rca.wiring.modules import ENCODER, TARGET, Agent

Roots = tuple[torch.nn.Module, ...]
RUNNING = ("running_mean", "running_var")
"""How torch's normalisations call what they keep; other buffers may rightly differ."""
Buffers = dict[str, tuple[torch.Tensor, torch.Tensor]]
"""Of a target and of its online network."""
Weights = list[torch.Tensor]
BETWEEN = 2.0
"""Times its move from look to look that an online network may have been away from both in between:
two steps of its optimizers that point to different sides end nearer than each of them went."""
TELLING = 0.5
"""Share of the way that may be laid to that; of a shorter way nothing could be said."""


@dataclass
class Following:
    """What was seen of one target.

    Attributes:
        target: Its name.
        online: What it should follow.
        looked: Pairs of consecutive updates between which it was compared.
        online_moved: Of these, those in which the online network moved.
        moved: Of these, those in which the target moved.
        taus: Estimated share that was taken over, per move.
        residuals: Part of the move that the online network does not explain, relative, per move.
        beyond: The same, less what the online network's own steps between the looks explain; of
            moves of which something can be said.
        comparable: False if the two have parameters of different shapes.
        roots: Modules of both.
        first: Running statistics of both at the first look, None before.
    """

    target: str
    online: str
    looked: int = 0
    online_moved: int = 0
    moved: int = 0
    taus: list[float] = field(default_factory=list)
    residuals: list[float] = field(default_factory=list)
    beyond: list[float] = field(default_factory=list)
    comparable: bool = True
    roots: tuple[Roots, Roots] = ((), ())
    first: Buffers | None = None

    def facts(self, calls: int) -> TargetFacts:
        """Returns what was seen as plain data, with how often the target was called."""
        taus = [tau for tau in self.taus if math.isfinite(tau)]
        return TargetFacts(
            online=self.online,
            comparable=self.comparable,
            calls=calls,
            looked=self.looked,
            online_moved=self.online_moved,
            moved=self.moved,
            tau=statistics.median(taus) if taus else None,
            residual=_largest(self.residuals),
            beyond=_largest(self.beyond),
            left=tuple(sorted(self._left())),
        )

    def look_at_statistics(self) -> None:
        """Remembers them at the first look."""
        if self.first is None:
            now = _statistics(*self.roots)
            self.first = {name: (slow.clone(), fast.clone()) for name, (slow, fast) in now.items()}

    def _left(self) -> Iterator[str]:
        """Yields the statistics that are what they were while the online network's moved."""
        now = _statistics(*self.roots)
        then = self.first or {}
        for name in then.keys() & now.keys():
            slow, fast = zip(then[name], now[name], strict=True)
            if torch.equal(*slow) and not torch.equal(*fast):
                yield name


class Targets:
    """Compares targets with their online networks from update to update."""

    def __init__(self, agent: Agent) -> None:
        self.following: list[Following] = []
        self._pairs: list[tuple[Weights, Weights]] = []
        self._before: list[tuple[torch.Tensor, torch.Tensor]] | None = None
        for name, role in agent.roles.items():
            if name.endswith(TARGET):
                online = agent.roles[name.removesuffix(TARGET)]
                for end, slow, fast in _pairs(role.roots, online.roots):
                    for inside, pair in _parts(agent, _weights(slow), _weights(fast)):
                        whole = f"{online.name}{end}{inside}"
                        following = Following(f"{name}{end}{inside}", whole)
                        following.comparable = _alike(*pair)
                        following.roots = ((), ()) if inside else (slow, fast)
                        self.following.append(following)
                        self._pairs.append(pair)

    def look(self) -> None:
        """Compares with the last look; called once per update, before its weights change."""
        now = [(_flat(t), _flat(o)) if f.comparable else None for f, (t, o) in self._items()]
        for following in self.following:
            following.look_at_statistics()
        if self._before is not None:
            for following, then, pair in zip(self.following, self._before, now, strict=True):
                if pair is not None and then is not None:
                    _compare(following, then, pair)
        self._before = now  # type: ignore[assignment]

    def forget(self) -> None:
        """Starts anew: the next look compares with nothing."""
        self._before = None

    def _items(self) -> list[tuple[Following, tuple[Weights, Weights]]]:
        return list(zip(self.following, self._pairs, strict=True))


def _compare(
    following: Following,
    then: tuple[torch.Tensor, torch.Tensor],
    now: tuple[torch.Tensor, torch.Tensor],
) -> None:
    """Fits target_now - target_then = tau (online - target_then)."""
    following.looked += 1
    (target_then, online_then), (target, online) = then, now
    following.online_moved += not torch.equal(online, online_then)
    if torch.equal(target, target_then):
        return
    following.moved += 1
    move = target - target_then
    # An actor that is stepped before the critic was followed as it was at the look before.
    fits = [_fit(move, way - target_then) for way in (online, online_then)]
    best = min(fits, key=lambda fit: fit.unexplained)
    following.taus.append(best.tau)
    # A move below what float32 resolves of the weights is rounding, whoever made it.
    rounding = torch.finfo(torch.float32).eps * math.sqrt(_square(target))
    residual = max(0.0, best.unexplained - rounding) / math.sqrt(_square(move))
    following.residuals.append(residual)
    # Or it was followed between two of its own steps, where no look saw it.
    away = BETWEEN * math.sqrt(_square(online - online_then))
    if away < TELLING * best.length:
        slack = away / best.length if best.tau > 0 else 0.0
        following.beyond.append(max(0.0, residual - slack))


class _Fit(NamedTuple):
    """A move held against a way.

    Attributes:
        tau: Share of the way that the move took.
        unexplained: Length of what the way does not explain.
        length: Of the way.
    """

    tau: float
    unexplained: float
    length: float


def _fit(move: torch.Tensor, way: torch.Tensor) -> _Fit:
    square = _square(way)
    if not square:
        return _Fit(math.nan, math.sqrt(_square(move)), 0.0)
    tau = float(torch.dot(move, way)) / square
    return _Fit(tau, math.sqrt(_square(move - tau * way)), math.sqrt(square))


def _largest(parts: Sequence[float]) -> float | None:
    """Returns NaN if one of them is."""
    return float(np.max(parts)) if parts else None


def _square(vector: torch.Tensor) -> float:
    return float(torch.dot(vector, vector))


def _pairs(slow: Roots, fast: Roots) -> list[tuple[str, Roots, Roots]]:
    """Returns modules that belong together and the end of their name: one by one, if as many."""
    if len(slow) != len(fast) or len(slow) == 1:
        return [("", slow, fast)]
    pairs = enumerate(zip(slow, fast, strict=True))
    return [(f"[{number}]", (one,), (other,)) for number, (one, other) in pairs]


def _parts(agent: Agent, slow: Weights, fast: Weights) -> list[tuple[str, tuple[Weights, Weights]]]:
    """Returns what is compared on its own, and the end of its name: encoders and the rest.

    An encoder inside a network may be followed at a pace of its own (SAC-AE); one that a target
    shares is not followed at all.
    """
    if not _alike(slow, fast):
        return [("", (slow, fast))]
    shared = [one is other for one, other in zip(slow, fast, strict=True)]
    found: dict[str, tuple[Weights, Weights]] = {}
    for one, other, is_same in zip(slow, fast, shared, strict=True):
        if is_same and not all(shared):
            continue
        owner = agent.owner[id(other)]
        is_inside = agent.roles[owner].is_encoder
        pair = found.setdefault(ENCODER if is_inside else "", ([], []))
        pair[0].append(one)
        pair[1].append(other)
    if len(found) == 1:
        return [("", pair) for pair in found.values()]
    return [(f"[{name}]" if name else "", pair) for name, pair in found.items()]


def _weights(roots: Sequence[torch.nn.Module]) -> list[torch.Tensor]:
    return [parameter for root in roots for parameter in root.parameters()]


def _statistics(slow: Roots, fast: Roots) -> Buffers:
    """Returns means and variances that normalisations keep; a name twice has a number before it."""
    slows, fasts = (
        {
            f"{number}.{name}" if number else name: buffer
            for number, root in enumerate(roots)
            for name, buffer in root.named_buffers()
            if name.endswith(RUNNING)
        }
        for roots in (slow, fast)
    )
    return {name: (slows[name], fasts[name]) for name in slows.keys() & fasts.keys()}


def _alike(one: Sequence[torch.Tensor], other: Sequence[torch.Tensor]) -> bool:
    return [tensor.shape for tensor in one] == [tensor.shape for tensor in other]


def _flat(weights: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.cat([weight.detach().flatten().float().cpu() for weight in weights])
