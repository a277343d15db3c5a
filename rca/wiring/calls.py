"""Which features feed which network: seen from the numbers that pass, not from names.

Forward hooks remember what each encoder returns. When a linear layer of the critic or the actor is
called, its input is searched for that (`rca.wiring.features`).
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils.hooks import unserializable_hook

from rca.wiring.call import Call
from rca.wiring.features import Remembered
from rca.wiring.hook import Hook
from rca.wiring.listening import Listening
from rca.wiring.modules import TARGET, Agent, Role, is_compiled
from rca.wiring.pictures import Pictures

MAX_HEADS = 16
"""Values per row that a critic may return; more are taken for a distribution."""
MAX_NODES = 20_000
"""Of an autograd graph that are walked; a TD3 update has some hundred."""
MAX_CALLS = 32
"""Newest calls of a network, with gradients and without, that are kept between two steps of the
optimizers: ten critics and both losses make 20. Acting makes any number before the first update."""


class Calls:
    """Listens to the forward passes of an agent.

    Attributes:
        seen: Calls since they were last taken.
        heard: Calls of each network and encoder so far.
        pictures: What entered the encoders' first convolutions.
    """

    def __init__(self, agent: Agent, listening: Listening) -> None:
        self.seen: list[Call] = []
        self.heard: Counter[str] = Counter()
        self.pictures = Pictures()
        self._agent = agent
        self._listening = listening
        self._features = Remembered()
        self._open: list[tuple[str, Call]] = []
        self._depth: Counter[str] = Counter()
        self._own = {id(p) for p in agent.roles["actor"].parameters.values()}
        self._handles: list[Any] = []

    def attach(self) -> None:
        """Installs the hooks: a module that has one is called more slowly."""
        if not self._handles:
            roles = self._agent.roles.values()
            self._handles = [handle for role in roles for handle in self._hooks(role)]

    def detach(self) -> None:
        """Removes the hooks and forgets what was seen since the last time."""
        for handle in self._handles:
            handle.remove()
        for kept in (self._handles, self.seen, self.pictures.batches, self._open, self._depth):
            kept.clear()

    def taken(self) -> list[Call]:
        """Returns the calls since the last time, and forgets them.

        A critic's call whose gradient is still to come is kept for the next time: some loops
        compute both losses before the first backward.
        """
        seen, self.seen = self.seen, []
        self._depth.clear()
        self._features.forget()
        for call in seen:
            if call.role == "critic" and call.with_grad and call.outputs and not call.gradients:
                call.waited += 1
                if call.waited == 1:
                    self.seen.append(call)
        return [call for call in seen if call.waited != 1]

    def acting(self) -> list[Call]:
        """Returns the policy's calls without gradients since the last time, and forgets them.

        Pictures go with them: none of a batch to learn from entered between updates.
        """
        found = [call for call in self.seen if call.role == "actor" and not call.with_grad]
        if found:
            self.seen = [call for call in self.seen if call not in found]
        self.pictures.batches.clear()
        return found

    def _hooks(self, role: Role) -> Iterator[Any]:
        name = role.name
        if role.is_encoder:
            for root in role.roots:
                yield from self._at_features(name, root)
                yield from self._at_pixels(name, root)
            return
        layers = list(self._agent.linear_layers(role))
        for root in role.roots:
            opened = self._opened(name, is_opaque=not layers)
            yield root.register_forward_pre_hook(self._guarded(root, opened), with_kwargs=True)
            yield root.register_forward_hook(self._guarded(root, self._end), always_call=True)
        for layer, is_first in layers:
            entered = self._guarded(layer, self._entered(name, is_first))
            yield layer.register_forward_pre_hook(entered)
            if name.removesuffix(TARGET) == "critic" and layer.out_features == 1:
                yield layer.register_forward_hook(self._guarded(layer, self._valued(name)))

    def _guarded(self, module: nn.Module, hook: Callable[..., None]) -> Hook:
        """Returns a safe hook for one module."""
        return Hook(module, self._listening.guarded(hook))

    def _at_features(self, name: str, root: nn.Module) -> Iterator[Any]:
        """Hooks what an encoder returns, be it from `forward` or from its layers one by one."""
        encoded = self._encoded(name)

        def enter(module: nn.Module, args: object) -> None:
            self._depth[name] += 1

        def leave(module: nn.Module, args: object, output: object) -> None:
            self._depth[name] = max(0, self._depth[name] - 1)
            if not self._depth[name]:
                encoded(module, args, output)

        for module in [root] if is_compiled(root) else root.modules():
            yield module.register_forward_pre_hook(self._guarded(module, enter))
            yield module.register_forward_hook(self._guarded(module, leave), always_call=True)

    def _at_pixels(self, name: str, root: nn.Module) -> Iterator[Any]:
        """Hooks the first convolution of an encoder."""
        first = next((m for m in root.modules() if isinstance(m, nn.Conv2d)), None)
        if first is None or is_compiled(root):
            return

        def hook(module: nn.Module, args: tuple[object, ...]) -> None:
            for tensor in _tensors(args)[:1]:
                self.pictures.enter(name, tensor)

        yield first.register_forward_pre_hook(self._guarded(first, hook))

    def _encoded(self, name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: object, output: object) -> None:
            for tensor in _tensors(output):
                if tensor.dim() >= 2 and tensor.is_floating_point() and len(tensor):
                    self._features.add(name, tensor)
                    self.heard[name] += 1
                    return

        return hook

    def _opened(self, role: str, *, is_opaque: bool) -> Callable[..., None]:
        def hook(module: nn.Module, args: object, kwargs: object) -> None:
            if self._open and self._open[-1][0] == role:
                self._open.append(self._open[-1])  # one root inside another
            else:
                self._open.append((role, self._begun(role)))
            call = self._open[-1][1]
            call.roots.add(id(module))
            if is_opaque:  # its layers cannot be hooked, or are none that are known
                for tensor in _tensors((args, kwargs)):
                    self._read(call, tensor)

        return hook

    def _end(self, module: nn.Module, args: object, output: object) -> None:
        if not self._open:
            return
        role, call = self._open.pop()
        if output is None and call in self.seen:  # it raised; the trainer may have caught that
            self.seen.remove(call)
        if role.removesuffix(TARGET) == "actor":
            call.outputs = [tensor.detach() for tensor in _tensors(output)[:1]]
        elif not call.outputs:  # no layer with one output was heard
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
            if call is not None and _tensors(output):
                self._value(call, output)

        return hook

    def _value(self, call: Call, output: torch.Tensor) -> None:
        rows = len(call.inputs[0]) if call.inputs else None
        values = _by_head(output.detach(), rows)
        if values is None:
            return
        first = len(call.outputs)
        call.outputs += values.unbind(1)
        if output.requires_grad:

            def keep(gradient: torch.Tensor) -> None:
                if call.held is None:
                    call.held = self._holds_gradient(call.role)
                parts = _by_head(gradient.detach(), rows)
                if parts is not None:
                    for number, part in enumerate(parts.unbind(1), first):
                        call.gradients[number] = part.clone()

            hook = self._listening.guarded(keep)
            # Else torch warns whoever pickles the output that its hook is left out.
            unserializable_hook(hook)  # type: ignore[no-untyped-call]
            output.register_hook(hook)  # type: ignore[no-untyped-call]

    def _holds_gradient(self, role: str) -> bool:
        """Whether a network's parameters hold gradients: those of this pass have yet to come."""
        held = (p.grad for p in self._agent.roles[role].parameters.values())
        return any(grad is not None and bool(grad.any()) for grad in held)

    def _call(self, role: str) -> Call | None:
        """Returns the call of a role's whole module that is under way."""
        return self._open[-1][1] if self._open and self._open[-1][0] == role else None

    def _last(self, role: str) -> Call | None:
        return next((call for call in reversed(self.seen) if call.role == role), None)

    def _begun(self, role: str) -> Call:
        call = Call(role, torch.is_grad_enabled())
        alike = [c for c in self.seen if (c.role, c.with_grad) == (role, call.with_grad)]
        if len(alike) >= MAX_CALLS:
            self.seen.remove(alike[0])
        self.seen.append(call)
        self.heard[role] += 1
        return call

    def _read(self, call: Call, tensor: torch.Tensor) -> None:
        places = [*self._features.places(tensor)]
        call.features.update(name for name, _ in places)
        if tensor.dim() == 2 and tensor.is_floating_point():
            call.inputs.append(tensor.detach())
            call.found.append([columns for _, columns in places])
        call.through_actor |= bool(self._own & reached(tensor))


def _by_head(values: torch.Tensor, rows: int | None) -> torch.Tensor | None:
    """Returns what a critic returned as [batch, heads], None if it is no value per row."""
    if values.dim() == 3 and values.shape[-1] == 1:
        values = values[..., 0]
    if values.dim() == 1:
        values = values[:, None]
    if values.dim() != 2 or not values.is_floating_point():
        return None
    if len(values) != rows is not None and values.shape[1] == rows:
        values = values.T
    fits = rows in (None, len(values)) and 1 <= values.shape[1] <= MAX_HEADS
    return values if fits else None


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


def _tensors(value: object) -> list[torch.Tensor]:
    """Returns the tensors in arguments or results, in order, those that hold numbers.

    Inside a torch.func.vmap, and while torch.export traces a network, they hold none.
    """
    if isinstance(value, torch.Tensor):
        wrapped = torch._C._functorch.is_functorch_wrapped_tensor(value)
        return [] if wrapped or isinstance(value, FakeTensor) else [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in _tensors(item)]
    return []
