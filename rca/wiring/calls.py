"""Which features feed which network: seen from the numbers that pass, not from names.

A forward hook keeps the first and the last row of what each encoder returns. When a linear layer of
the critic or the actor is called, its input is searched for these rows: that holds through
`torch.cat`, `detach` and `no_grad`, where the autograd graph shows nothing.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rca.wiring.modules import TARGET, Agent, Role, is_compiled

Kind = Literal["critic", "actor", "none"]
KEPT = 32
"""Outputs of encoders that are remembered: a few updates' worth, as features may be used again."""
MAX_NODES = 20_000
"""Of an autograd graph that are walked; a TD3 update has some hundred."""
MAX_COMPARISONS = 10_000_000
"""Numbers compared in one search for features."""


@dataclass(frozen=True)
class Features:
    """What an encoder returned.

    Attributes:
        encoder: Its name.
        rows: Of the batch.
        first: First row, flattened. [features]
        last: Last row, flattened. [features]
    """

    encoder: str
    rows: int
    first: NDArray[np.float32]
    last: NDArray[np.float32]


@dataclass
class Call:
    """One call of a network.

    Attributes:
        role: "critic", "actor" or one of their targets.
        with_grad: Whether autograd recorded it.
        through_actor: Whether its input depends on the actor's own parameters.
        features: Encoders whose features it was given.
        inputs: Of its linear layers, detached. [batch, in]
        found: Columns of features in each of them: (first, behind the last).
        outputs: Critic: its heads with one output each, detached, [batch]; actor: its result.
        gradients: Of the loss by these outputs, once a backward has passed. [batch]
        waited: How often it was left for later because no gradient had come yet.
    """

    role: str
    with_grad: bool
    through_actor: bool = False
    features: set[str] = field(default_factory=set)
    inputs: list[torch.Tensor] = field(default_factory=list)
    found: list[list[tuple[int, int]]] = field(default_factory=list)
    outputs: list[torch.Tensor] = field(default_factory=list)
    gradients: dict[int, torch.Tensor] = field(default_factory=dict)
    waited: int = 0

    @property
    def loss(self) -> Kind:
        """Which loss an online critic's call belongs to."""
        if not self.with_grad:
            return "none"
        return "actor" if self.through_actor else "critic"


class Calls:
    """Listens to the forward passes of an agent while `listening` is set.

    Attributes:
        seen: Calls since they were last taken.
        pixels: Largest absolute value that entered each encoder's first convolution.
        pictures: Encoder and what entered it, batches only, since the calls were last taken;
            each [batch, channels, rows, columns].
        acted: Encoder and the single picture that entered it last, [channels, rows, columns].
    """

    def __init__(self, agent: Agent) -> None:
        self.listening = False
        self.seen: list[Call] = []
        self.pixels: dict[str, float] = {}
        self.pictures: list[tuple[str, torch.Tensor]] = []
        self.acted: dict[str, torch.Tensor] = {}
        self._agent = agent
        self._features: deque[Features] = deque(maxlen=KEPT)
        self._open: list[tuple[str, Call]] = []
        self._own = {id(p) for p in agent.roles["actor"].parameters.values()}
        self.handles = [handle for role in agent.roles.values() for handle in self._hooks(role)]

    def taken(self) -> list[Call]:
        """Returns the calls since the last time, and forgets them.

        A critic's call whose gradient is still to come is kept for the next time: some loops
        compute both losses before the first backward.
        """
        seen, self.seen = self.seen, []
        for call in seen:
            if call.role == "critic" and call.with_grad and call.outputs and not call.gradients:
                call.waited += 1
                if call.waited == 1:
                    self.seen.append(call)
        return [call for call in seen if call.waited != 1]

    def _hooks(self, role: Role) -> Iterator[Any]:
        name = role.name
        if role.is_encoder:
            for root in role.roots:
                yield root.register_forward_hook(self._guarded(root, self._encoded(name)))
                yield from self._at_pixels(name, root)
            return
        for root in role.roots:
            opened, closed = self._guarded(root, self._opened(name)), self._guarded(root, self._end)
            yield root.register_forward_pre_hook(opened, with_kwargs=True)
            yield root.register_forward_hook(closed, always_call=True)
        for layer, is_first in _linear_layers(self._agent, role):
            entered = self._guarded(layer, self._entered(name, is_first))
            yield layer.register_forward_pre_hook(entered)
            if name.removesuffix(TARGET) == "critic" and layer.out_features == 1:
                yield layer.register_forward_hook(self._guarded(layer, self._valued(name)))

    def _guarded(self, module: nn.Module, hook: Callable[..., None]) -> Callable[..., None]:
        """Returns a hook for one module while listening; a deep copy of it has the hook as well."""

        def guarded(called: nn.Module, *rest: object) -> None:
            if self.listening and called is module:
                hook(called, *rest)

        return guarded

    def _at_pixels(self, name: str, root: nn.Module) -> Iterator[Any]:
        """Hooks the first convolution of an encoder."""
        first = next((m for m in root.modules() if isinstance(m, nn.Conv2d)), None)
        if first is None or is_compiled(root):
            return

        def hook(module: nn.Module, args: tuple[object, ...]) -> None:
            for tensor in _tensors(args)[:1]:
                largest = float(tensor.detach().abs().max())
                self.pixels[name] = max(self.pixels.get(name, 0.0), largest)
                if len(tensor) > 1:
                    self.pictures.append((name, tensor.detach()))
                elif tensor.dim() == 4:
                    self.acted[name] = tensor[0].detach().clone()  # its memory may be used again

        yield first.register_forward_pre_hook(self._guarded(first, hook))

    def _encoded(self, name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: object, output: object) -> None:
            for tensor in _tensors(output):
                if tensor.dim() >= 2 and tensor.is_floating_point() and len(tensor):
                    first, last = (_row(tensor, number) for number in (0, -1))
                    self._features.append(Features(name, len(tensor), first, last))
                    return

        return hook

    def _opened(self, role: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: object, kwargs: object) -> None:
            if self._open and self._open[-1][0] == role:
                self._open.append(self._open[-1])  # one root inside another
            else:
                self._open.append((role, self._begun(role)))
            if is_compiled(module):  # a compiled module: its layers are not called
                for tensor in _tensors((args, kwargs)):
                    self._read(self._open[-1][1], tensor)

        return hook

    def _end(self, module: nn.Module, args: object, output: object) -> None:
        if self._open:
            role, call = self._open.pop()
            if role.removesuffix(TARGET) == "actor":
                call.outputs = [tensor.detach() for tensor in _tensors(output)[:1]]
            elif is_compiled(module):
                for tensor in _tensors(output):
                    self._value(call, tensor)

    def _entered(self, role: str, is_first: bool) -> Callable[..., None]:
        def hook(module: nn.Module, args: tuple[object, ...]) -> None:
            tensors = _tensors(args)
            if tensors:
                call = self._call(role)
                if call is None and not is_first:
                    call = self._last(role)
                self._read(call or self._begun(role), tensors[0])

        return hook

    def _valued(self, role: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: object, output: torch.Tensor) -> None:
            call = self._call(role) or self._last(role)
            if call is not None:
                self._value(call, output)

        return hook

    def _value(self, call: Call, output: torch.Tensor) -> None:
        if output.dim() != 2 or output.shape[1] != 1:
            return
        number = len(call.outputs)
        call.outputs.append(output.detach()[:, 0])
        if output.requires_grad:

            def keep(gradient: torch.Tensor) -> None:
                call.gradients[number] = gradient.detach()[:, 0].clone()

            output.register_hook(keep)  # type: ignore[no-untyped-call]

    def _call(self, role: str) -> Call | None:
        """Returns the call of a role's whole module that is under way."""
        return self._open[-1][1] if self._open and self._open[-1][0] == role else None

    def _last(self, role: str) -> Call | None:
        return next((call for call in reversed(self.seen) if call.role == role), None)

    def _begun(self, role: str) -> Call:
        call = Call(role, torch.is_grad_enabled())
        self.seen.append(call)
        return call

    def _read(self, call: Call, tensor: torch.Tensor) -> None:
        places = [*self._places(tensor)]
        call.features.update(name for name, _ in places)
        if tensor.dim() == 2 and tensor.is_floating_point():
            call.inputs.append(tensor.detach())
            call.found.append([columns for _, columns in places])
        call.through_actor |= bool(self._own & reached(tensor))

    def _places(self, tensor: torch.Tensor) -> Iterator[tuple[str, tuple[int, int]]]:
        """Yields the encoders whose newest features stand in an input, and where.

        Encoders with equal weights return equal features: then none is yielded, as nobody can
        tell them apart.
        """
        if tensor.dim() < 2 or not tensor.is_floating_point() or not len(tensor):
            return
        first, last = _row(tensor, 0), _row(tensor, -1)
        by_place: dict[tuple[int, int], set[str]] = {}
        for features in self._features:
            place = _find(features, first, last, len(tensor))
            if place is not None:
                by_place.setdefault(place, set()).add(features.encoder)
        yield from ((names.pop(), at) for at, names in by_place.items() if len(names) == 1)


def _linear_layers(agent: Agent, role: Role) -> Iterator[tuple[nn.Linear, bool]]:
    """Yields the linear layers of a network, and whether each is the first of its parent."""
    firsts: set[int] = set()
    # A hook inside a compiled module would break its graph; there only calls of the whole are seen.
    layers = [] if any(map(is_compiled, role.roots)) else list(agent.layers(role))
    for module in layers:
        child = next((c for c in module.children() if isinstance(c, nn.Linear)), None)
        if child is not None:
            firsts.add(id(child))
    for module in layers:
        if isinstance(module, nn.Linear):
            yield module, id(module) in firsts or module in role.roots


def reached(tensor: torch.Tensor) -> set[int]:
    """Returns the id() of each leaf that a tensor's autograd graph reaches."""
    leaves: set[int] = set()
    if tensor.grad_fn is None:
        return leaves
    ahead, seen = [tensor.grad_fn], {tensor.grad_fn}
    while ahead and len(seen) < MAX_NODES:
        node: Any = ahead.pop()
        leaf = getattr(node, "variable", None)
        if leaf is not None:
            leaves.add(id(leaf))
        for following, _ in node.next_functions:
            if following is not None and following not in seen:
                seen.add(following)
                ahead.append(following)
    return leaves


def _find(
    features: Features, first: NDArray[np.float32], last: NDArray[np.float32], rows: int
) -> tuple[int, int] | None:
    """Returns the columns of an input that are an encoder's features, None if none are."""
    wide = len(features.first)
    spare = len(first) - wide
    if rows != features.rows or spare < 0 or (spare + 1) * wide > MAX_COMPARISONS:
        return None
    if len(np.unique(features.first[features.first != 0])) < 2:
        return None  # a dead encoder's zeros are found everywhere
    windows = np.lib.stride_tricks.sliding_window_view(first, wide)
    for place in np.flatnonzero((windows == features.first).all(axis=1)):
        if np.array_equal(last[place : place + wide], features.last):
            return int(place), int(place) + wide
    return None


def _row(tensor: torch.Tensor, number: int) -> NDArray[np.float32]:
    row: NDArray[np.float32] = tensor[number].detach().float().flatten().cpu().numpy().copy()
    return row


def _tensors(value: object) -> list[torch.Tensor]:
    """Returns the tensors in arguments or results, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in _tensors(item)]
    return []
