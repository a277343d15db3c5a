"""Some updates of our own trainer, computed once more by a plain implementation from the settings.

Whatever is wrong with an update, known or not, makes it another one than TD3's (Fujimoto et al.
2018, algorithm 1) with these settings. The update is taken apart, and each part is recomputed from
what the agent had there, so that a mistake shows in its own part and not in those behind it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from rca.config import AgentConfig
from rca.td3.agent import MODULES, TD3
from rca.td3.events import ActorGrads, CriticGrads, Event, Updated
from rca.td3.plain import Moments, Plain, Weights
from rca.wiring.recomputed import PartFacts, RecomputedFacts

LOG = logging.getLogger("rca")
AT = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)
"""Delayed updates that are recomputed, and the critic update behind each, counted from the first
and from the actor's first: a few in every decade. Each costs 1.6 updates at 84x84, batch 128, and
3.2 at 36x36, batch 32: 0.2% of 20,000 updates, 8% of the 1,000 of a benchmark's run."""
RESOLUTION = 1e-6
"""Moves relative to the weights below which float32, whose steps are 6e-8, leaves no direction."""
TRAINED = {"critic": ("critic", "critic_encoder"), "actor": ("actor", "actor_encoder")}
"""What each loss trains, by the names that settings give it."""
CPU = torch.device("cpu")


@dataclass(frozen=True)
class _State:
    """An agent between two updates; counts: steps of its optimizers."""

    weights: Weights
    moments: Moments
    counts: Mapping[str, int]
    noise: Tensor


@dataclass
class _Part:
    updates: list[int] = field(default_factory=list)
    differences: list[float] = field(default_factory=list)
    shares: list[float | None] = field(default_factory=list)

    def add(self, update: int, found: Tensor, wanted: Tensor, least: float) -> None:
        size, own = float(wanted.norm()), float(found.norm())
        largest = max(size, own, least)
        difference = float((found - wanted).norm()) / largest if largest else 0.0
        share = float(found @ wanted) / size**2 if size > least else None
        self.updates.append(update)
        self.differences.append(difference)
        self.shares.append(share)


class Recomputing:
    """Listens to updates and recomputes some of them; draws none of the agent's random numbers."""

    def __init__(self, agent: TD3) -> None:
        """Remembers the agent if its next update is to be recomputed.

        Args:
            agent: On a CPU; elsewhere nothing is recomputed.
        """
        self._parts: dict[str, _Part] = {}
        self._before: _State | None = None
        self._between: Weights | None = None
        self._grads: Weights = {}
        self._moved = torch.zeros(0)
        self._fed: list[Tensor] = []
        self._asked: list[Tensor] = []
        self._hook: RemovableHandle | None = None
        self._error = ""
        self._safely(lambda: self._remember(agent))

    def __call__(self, event: Event) -> None:
        """Listens to an event; an error ends the recomputing and no more."""
        if self._error:
            return
        if isinstance(event, CriticGrads | ActorGrads) and self._before:
            self._safely(lambda: self._keep(event))
        elif isinstance(event, Updated):
            self._safely(lambda: self._next(event))

    def close(self) -> None:
        """Removes the hook that may wait for the next update."""
        self._unhook()

    def facts(self) -> RecomputedFacts:
        """Returns what was found as plain data."""
        parts = {
            name: PartFacts(
                updates=tuple(part.updates),
                differences=tuple(part.differences),
                shares=tuple(part.shares),
            )
            for name, part in self._parts.items()
        }
        return RecomputedFacts(parts=parts, error=self._error)

    def _safely(self, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception as error:  # noqa: BLE001  whatever it is, the training goes on
            self._error = f"{type(error).__name__}: {error}"
            self._forget()
            LOG.warning("updates are recomputed no more, training goes on: %s", self._error)

    def _next(self, event: Updated) -> None:
        self._compare(event)
        self._remember(event.agent)

    def _forget(self) -> None:
        self._before, self._between, self._grads, self._fed, self._asked = None, None, {}, [], []
        self._unhook()

    def _remember(self, agent: TD3) -> None:
        self._forget()
        if agent.device != CPU:
            self._error = f"on {agent.device}, whose rounding is another one, nothing is recomputed"
        elif is_due(agent.critic_updates + 1, agent.config):
            moments, counts = _moments(agent)
            noise = agent.smoothing.get_state()
            self._hook = agent.critic_encoder.register_forward_pre_hook(self._hear)
            self._before = _State(_weights(agent), moments, counts, noise)

    def _keep(self, event: CriticGrads | ActorGrads) -> None:
        """Keeps the gradients, and the weights that the losses were computed with."""
        now = _weights(event.agent)
        if isinstance(event, ActorGrads):
            self._unhook()  # probes may ask the actor for their own ends
            self._between = now
        elif self._before:
            self._unhook()  # what the critics learn from is fed by now
            self._hook = event.agent.actor.register_forward_hook(self._hear_policy)
            self._moved = _flat([now[name] - was for name, was in self._before.weights.items()])
            self._before = replace(self._before, weights=now)
        trained = TRAINED["critic" if isinstance(event, CriticGrads) else "actor"]
        for module in trained:
            for key, weight in event.agent.modules()[module].named_parameters():
                grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
                self._grads[f"{module}.{key}"] = grad.detach().to(CPU, copy=True)

    def _hear(self, _: torch.nn.Module, inputs: tuple[Tensor, ...]) -> None:
        """Keeps what the critics' encoder is fed until their gradients are there."""
        self._fed += [one.detach() for one in inputs[:1] if isinstance(one, Tensor)]

    def _hear_policy(self, _: torch.nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        """Keeps what the actor was asked for its loss, features and vector, and its answer."""
        if isinstance(output, Tensor) and output.requires_grad:  # probes ask without
            heard = (*inputs, output)
            self._asked = [one.detach() for one in heard if isinstance(one, Tensor)]

    def _nearest(self, image: Tensor) -> list[Tensor]:
        """Returns those pictures among the fed ones that are most like a batch's, none if none are.

        An encoder may be fed others between them, such as a target's or an auxiliary loss's.
        """
        alike = [one.to(CPU) for one in self._fed if one.shape == image.shape]
        alike = [one / 255 if one.dtype == torch.uint8 else one for one in alike]
        return sorted(alike, key=lambda one: float((one - image).norm()))[:1]

    def _unhook(self) -> None:
        if self._hook:
            self._hook.remove()
            self._hook = None

    def _compare(self, event: Updated) -> None:
        if self._before is None:
            return
        config, before, after = event.agent.config, self._before, _weights(event.agent)
        between = after if self._between is None else self._between
        batch, target = event.batch.to(CPU), event.target.detach().to(CPU)
        is_delayed = event.update % config.policy_delay == 0

        self._add(event, "weights between updates", self._moved, torch.zeros_like(self._moved))
        critics = self._plain(event, before.weights)
        image, next_image = critics.pixels(batch)
        if fed := self._nearest(image):
            self._add(event, "input", fed[0].flatten(), image.flatten())
        self._add(event, "target value", target, critics.target(batch, next_image))
        values = critics.values(critics.encode("critic", image), batch.obs.vector, batch.action)
        found = torch.cat([event.q1, event.q2]).detach().to(CPU)
        self._add(event, "value", found, torch.cat(values))
        of_critics = critics.critic_step(batch, image, target, before.counts["critic"] + 1)
        self._add_steps(event, "critic", before.weights, between, critics)

        actor = self._plain(event, between)
        if self._between is not None and len(self._asked) == 3:
            features, vector, action = self._asked
            self._add(event, "policy", action.flatten(), actor.policy(features, vector).flatten())
        if is_delayed and event.update > config.critic_warmup:
            actor.actor_step(batch, image, of_critics, before.counts["actor"] + 1)
        self._add_steps(event, "actor", between, after, actor)

        slow = {n: w for n, w in before.weights.items() if n.startswith("target.")}
        targets = self._plain(event, after | slow)
        if is_delayed:
            targets.follow()
        for name in (f"target.{module}" for module in MODULES):
            self._add_moves(event, f"move of {name}", [name], before.weights, after, targets)

    def _plain(self, event: Updated, weights: Weights) -> Plain:
        assert self._before is not None
        plain = Plain(weights, self._before.noise, event.agent.config)
        plain.moments = dict(self._before.moments)
        return plain

    def _add_steps(
        self, event: Updated, loss: str, start: Weights, end: Weights, plain: Plain
    ) -> None:
        """Adds gradient and step of each module that a loss trains, and what else moved."""
        of = {part: _module(part, plain) for part in TRAINED[loss]}
        for part, module in of.items():
            names = [name for name in plain.grads if name.startswith(f"{module}.")]
            if names:
                found = [self._grads[part + name.removeprefix(module)] for name in names]
                wanted = [plain.grads[name] for name in names]
                self._add(event, f"gradient of {part}", _flat(found), _flat(wanted))
            self._add_moves(event, f"step of {part}", [module], start, end, plain)
        others = [module for module in MODULES if module not in of.values()]
        self._add_moves(event, f"others in the step of {loss}", others, start, end, plain)

    def _add_moves(
        self,
        event: Updated,
        part: str,
        modules: Sequence[str],
        start: Weights,
        end: Weights,
        plain: Plain,
    ) -> None:
        prefixes = tuple(f"{module}." for module in modules)
        names = [name for name in plain.w if name.startswith(prefixes)]
        if names:
            found, wanted = (
                _flat([of[name].detach() - start[name] for name in names]) for of in (end, plain.w)
            )
            least = RESOLUTION * float(_flat([start[name] for name in names]).norm())
            self._add(event, part, found, wanted, least)

    def _add(
        self, event: Updated, part: str, found: Tensor, wanted: Tensor, least: float = 0.0
    ) -> None:
        self._parts.setdefault(part, _Part()).add(event.update, found, wanted, least)


def is_due(update: int, config: AgentConfig) -> bool:
    """Tells whether a critic update is recomputed: a delayed one, or the one behind it."""
    delayed, rest = divmod(update, config.policy_delay)
    return rest < 2 and (
        delayed in AT or delayed - config.critic_warmup // config.policy_delay in AT
    )


def _module(part: str, plain: Plain) -> str:
    """Returns the module of a setting: the critics' encoder may be the actor's too."""
    return plain.encoder("actor") if part == "actor_encoder" else part


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.flatten() for tensor in tensors])


def _weights(agent: TD3) -> Weights:
    """Returns copies of all weights by name, as Plain takes them."""
    slow = {f"target.{name}": network for name, network in agent.targets.items()}
    return {
        f"{name}.{key}": weight.detach().to(CPU, copy=True)
        for name, network in (agent.modules() | slow).items()
        for key, weight in network.named_parameters()
    }


def _moments(agent: TD3) -> tuple[Moments, dict[str, int]]:
    """Returns Adam's moments as Plain has them, and the steps that each optimizer took."""
    names: dict[int, str] = {}
    for name in ("critic", "critic_encoder", "actor", "actor_encoder"):  # a shared one: critics'
        for key, weight in agent.modules()[name].named_parameters():
            names.setdefault(id(weight), f"{name}.{key}")
    moments: Moments = {}
    counts: dict[str, int] = {}
    for part, optimizer in (("critic", agent.critic_optimizer), ("actor", agent.actor_optimizer)):
        counts[part] = 0
        for group in optimizer.param_groups:
            for weight in group["params"]:
                state = optimizer.state.get(weight, {})
                if {"step", "exp_avg", "exp_avg_sq"} <= state.keys() and id(weight) in names:
                    counts[part] = max(counts[part], int(state["step"]))
                    first, second = (
                        state[key].to(CPU, copy=True) for key in ("exp_avg", "exp_avg_sq")
                    )
                    moments[str(group["name"]), names[id(weight)]] = first, second
    return moments, counts
