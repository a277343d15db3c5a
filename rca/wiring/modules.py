"""The user's modules under plain names, and whose each parameter is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from rca.errors import UsageError

Modules = nn.Module | Sequence[nn.Module]
ENCODER = "encoder"
"""Name of an encoder that actor and critic share."""
TARGET = "_target"
"""Ending of a target's name: `critic_target` follows `critic`."""
COMPILED = "_orig_mod."
"""What torch.compile puts into parameter names."""


@dataclass(frozen=True)
class Role:
    """One part of the agent.

    Attributes:
        name: "actor", "critic", "actor_encoder", "critic_encoder", "encoder" or one of these with
            TARGET behind it.
        roots: The modules given for it.
        parameters: Those that belong to it alone, by dotted name. An encoder inside the actor
            belongs to the encoder.
    """

    name: str
    roots: tuple[nn.Module, ...]
    parameters: Mapping[str, nn.Parameter]

    @property
    def kind(self) -> str:
        """The classes of its modules, as in the user's code."""
        return ", ".join(sorted({type(_original(root)).__name__ for root in self.roots}))

    @property
    def is_encoder(self) -> bool:
        """Whether it is an encoder, or an encoder's target."""
        return self.name.removesuffix(TARGET).endswith(ENCODER)


@dataclass(frozen=True)
class Agent:
    """All parts, and whose each parameter is.

    Attributes:
        roles: By name.
        owner: Role of each parameter, by id().
        name_of: Its full dotted name, by id().
    """

    roles: Mapping[str, Role]
    owner: Mapping[int, str]
    name_of: Mapping[int, str]

    def encoders(self) -> Iterator[Role]:
        """Yields encoders and their targets."""
        return (role for role in self.roles.values() if role.is_encoder)

    def layers(self, role: Role) -> Iterator[nn.Module]:
        """Yields the submodules of a role without those of encoders inside it."""
        inside: set[int] = set()
        if not role.is_encoder:
            inside = {id(m) for other in self.encoders() for r in other.roots for m in r.modules()}
        seen: set[int] = set()
        for root in role.roots:
            for module in root.modules():
                if id(module) not in inside | seen:
                    seen.add(id(module))
                    yield module

    def linear_layers(self, role: Role) -> Iterator[tuple[nn.Linear, bool]]:
        """Yields the linear layers of a network, and whether each is the first of its parent."""
        firsts: set[int] = set()
        # A hook inside a compiled module would break its graph; only calls of the whole are seen.
        layers = [] if any(map(is_compiled, role.roots)) else list(self.layers(role))
        for module in layers:
            child = next((c for c in module.children() if isinstance(c, nn.Linear)), None)
            if child is not None:
                firsts.add(id(child))
        for module in layers:
            if isinstance(module, nn.Linear):
                yield module, id(module) in firsts or module in role.roots


def find_agent(
    *,
    actor: Modules,
    critic: Modules,
    actor_encoder: Modules | None,
    critic_encoder: Modules | None,
    targets: Mapping[str, Modules],
) -> Agent:
    """Returns the agent that some modules make.

    Raises:
        UsageError: A module without parameters, or a target of nothing.
    """
    given: dict[str, tuple[nn.Module, ...]] = {}
    encoders = _encoders(actor_encoder, critic_encoder)
    given.update(encoders)
    given["actor"], given["critic"] = _roots("actor", actor), _roots("critic", critic)
    for name, module in targets.items():
        online = ENCODER if name not in given and ENCODER in given else name
        if online not in given:
            known = ", ".join(sorted(given))
            raise UsageError(f"watch: targets[{name!r}] is the target of nothing; known: {known}")
        given[f"{online}{TARGET}"] = _roots(f"targets[{name!r}]", module)
    order = sorted(given, key=lambda name: not name.removesuffix(TARGET).endswith(ENCODER))
    return _owned({name: given[name] for name in order})


def _encoders(actor: Modules | None, critic: Modules | None) -> dict[str, tuple[nn.Module, ...]]:
    found = {
        name: _roots(name, modules)
        for name, modules in (("actor_encoder", actor), ("critic_encoder", critic))
        if modules is not None
    }
    if len(found) == 2 and _same(*found.values()):
        return {ENCODER: found["critic_encoder"]}
    return found


def _same(one: tuple[nn.Module, ...], other: tuple[nn.Module, ...]) -> bool:
    return [id(_original(root)) for root in one] == [id(_original(root)) for root in other]


def _roots(name: str, modules: Modules) -> tuple[nn.Module, ...]:
    roots = (modules,) if isinstance(modules, nn.Module) else tuple(modules)
    for root in roots:
        if not isinstance(root, nn.Module):
            raise UsageError(f"watch: {name} is a {type(root).__name__}; give a torch.nn.Module")
        if isinstance(root, torch.jit.ScriptModule):
            raise UsageError(f"watch: {name} is a ScriptModule, which takes no hooks")
    found = [parameter for root in roots for parameter in root.parameters()]
    if not found:
        raise UsageError(f"watch: {name} has no parameters; give the network itself")
    if any(isinstance(p, nn.UninitializedParameter) for p in found):
        raise UsageError(f"watch: {name} has lazy layers without a shape; call it once before")
    return roots


def _owned(given: Mapping[str, tuple[nn.Module, ...]]) -> Agent:
    """Gives each parameter to the first role that holds it; encoders come first."""
    roles: dict[str, Role] = {}
    owner: dict[int, str] = {}
    name_of: dict[int, str] = {}
    for name, roots in given.items():
        own: dict[str, nn.Parameter] = {}
        for number, root in enumerate(roots):
            prefix = name if len(roots) == 1 else f"{name}[{number}]"
            for key, parameter in root.named_parameters():
                if id(parameter) not in owner:
                    owner[id(parameter)] = name
                    name_of[id(parameter)] = full = f"{prefix}.{key.replace(COMPILED, '')}"
                    own[full] = parameter
        roles[name] = Role(name, roots, own)
    return Agent(roles, owner, name_of)


def is_compiled(module: nn.Module) -> bool:
    """Tells whether torch.compile made a module."""
    return hasattr(module, "_orig_mod")


def _original(module: nn.Module) -> nn.Module:
    """Returns the module inside a compiled one."""
    inner = getattr(module, "_orig_mod", module)
    return inner if isinstance(inner, nn.Module) else module


def name_optimizers(
    optimizers: torch.optim.Optimizer
    | Sequence[torch.optim.Optimizer]
    | Mapping[str, torch.optim.Optimizer],
    agent: Agent,
) -> dict[str, torch.optim.Optimizer]:
    """Returns optimizers by name; where the user gave none, after what they hold.

    Raises:
        UsageError: Something that is no optimizer.
    """
    if isinstance(optimizers, Mapping):
        named = dict(optimizers)
    else:
        several = [optimizers] if isinstance(optimizers, torch.optim.Optimizer) else optimizers
        named = {}
        for optimizer in several:
            name = _holds(optimizer, agent)
            named[name if name not in named else f"{name} ({len(named) + 1})"] = optimizer
    for name, optimizer in named.items():
        if not isinstance(optimizer, torch.optim.Optimizer):
            kind = type(optimizer).__name__
            raise UsageError(f"watch: optimizers[{name!r}] is a {kind}; give a torch optimizer")
    return named


def _holds(optimizer: object, agent: Agent) -> str:
    if not isinstance(optimizer, torch.optim.Optimizer):
        return type(optimizer).__name__
    held = dict.fromkeys(agent.owner.get(id(p), "others") for p in parameters(optimizer))
    return f"optimizer of {' and '.join(sorted(held))}"


def parameters(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    """Returns all parameters of an optimizer."""
    return [p for group in optimizer.param_groups for p in group["params"]]
