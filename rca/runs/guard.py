"""Stops a training at the first number of an update that is NaN or infinite, or records it."""

import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from rca.errors import NotFiniteError, UsageError
from rca.probes.gradients import gradient_norms
from rca.runs.folder import RunWriter
from rca.runs.notes import NOT_FINITE
from rca.td3.agent import TD3
from rca.td3.events import ActorGrads, CriticGrads, Event, Updated

Odd = tuple[str, str]
"""Name of a tensor that is not finite, and how many of its entries are what."""


class Guard:
    """Looks at every update's losses and gradient norms: what is not finite reaches most of them.

    Weights and targets are looked at every `probes.slow_every` updates: an infinite bias before a
    tanh leaves all the rest finite.

    On the first one that is not finite it names the first tensor in the order of computation, which
    for gradients is backwards, and saves the batch as `not_finite-step-<steps>.npz`; then it raises
    NotFiniteError or goes on.
    """

    def __init__(self, writer: RunWriter, on_nan: Literal["stop", "continue"]) -> None:
        self._writer = writer
        self._on_nan = on_nan
        self._every = writer.config.probes.slow_every
        self._gradients: dict[type[Event], Odd] = {}  # of the update under way
        found = writer.notes.get(NOT_FINITE)  # by the session before
        self._first: dict[str, object] = dict(found) if isinstance(found, dict) else {}
        before = self._first.pop("updates", 0)
        self._updates = before if isinstance(before, int) else 0

    def __call__(self, event: Event) -> None:
        """Looks at an event of an update.

        Raises:
            NotFiniteError: Something is not finite, and on_nan is "stop".
        """
        if isinstance(event, CriticGrads | ActorGrads):
            sizes = gradient_norms(event).values()
            if not all(math.isfinite(size) for size in sizes if size is not None):
                # Named now: clipping a norm that is NaN makes NaN of all that it is the norm of.
                self._gradients[type(event)] = odd_gradient(event)
        elif isinstance(event, Updated):
            if self._gradients or not _is_finite(event.critic_loss, event.actor_loss):
                self._found(event, None)
            elif weight := self._look(event):
                self._found(event, weight)
            self._gradients.clear()

    def _look(self, event: Updated) -> Odd | None:
        """Returns a weight that is not finite, if it is time to look at them."""
        is_due = event.update == 1 or event.update % self._every == 0
        return odd_weight(event.agent) if is_due else None

    def _found(self, event: Updated, weight: Odd | None) -> None:
        self._updates += 1
        if is_first := not self._first:
            name, how = weight or self._name(event)
            file = f"not_finite-step-{event.step:09d}.npz"
            self._first = {
                "tensor": name,
                "how": how,
                "step": event.step,
                "update": event.update,
                "batch": file if self._dump(event, file) else None,
            }
        self._writer.notes.add(NOT_FINITE, {**self._first, "updates": self._updates})
        if is_first:
            with suppress(UsageError):  # the disk is full: the line is said all the same
                self._writer.notes.write()
        if self._on_nan == "stop":
            raise NotFiniteError(self._line())

    def _name(self, event: Updated) -> Odd:
        """Returns the update's first tensor that is not finite."""
        loss = event.actor_loss
        found = (
            first_odd(tensors(event))
            or self._gradients.get(CriticGrads)
            or first_odd([] if loss is None else [("actor_loss", loss)])
            or self._gradients.get(ActorGrads)
        )
        assert found, "asked for only where there is one"
        return found

    def _dump(self, event: Updated, name: str) -> bool:
        """Saves the batch and what the critics made of it; returns whether the disk took it."""
        path = self._writer.folder / name
        arrays = {key: tensor.detach().cpu().numpy() for key, tensor in tensors(event)}
        try:
            np.savez_compressed(path, **arrays)  # type: ignore[arg-type]  # numpy's stub: bool
        except OSError:
            path.unlink(missing_ok=True)
            return False
        return True

    def _line(self) -> str:
        first, folder = self._first, self._writer.folder
        batch = first["batch"]
        where = f"batch in {folder / str(batch)}" if batch else "the batch could not be written"
        return (
            f"update {first['update']:,} at step {first['step']:,}: {first['tensor']} is not "
            f"finite ({first['how']}); {where}; mend what makes it, or train on with "
            "--on-nan continue"
        )


def tensors(event: Updated) -> Iterator[tuple[str, Tensor]]:
    """Yields what an update was computed from and its first results, in that order, by name."""
    batch = event.batch
    yield "batch.obs.image", batch.obs.image
    yield "batch.obs.vector", batch.obs.vector
    yield "batch.action", batch.action
    yield "batch.reward", batch.reward
    yield "batch.next_obs.image", batch.next_obs.image
    yield "batch.next_obs.vector", batch.next_obs.vector
    yield "batch.terminated", batch.terminated
    yield "batch.steps", torch.as_tensor(batch.steps)
    yield "target", event.target
    yield "q1", event.q1
    yield "q2", event.q2
    yield "critic_loss", event.critic_loss


def first_odd(named: Iterable[tuple[str, Tensor]]) -> Odd | None:
    """Returns the first tensor that is not finite."""
    for name, tensor in named:
        odd = tensor[~torch.isfinite(tensor)]
        if odd.numel():
            return name, f"{odd.numel():,} of {tensor.numel():,} entries, {float(odd[0])}"
    return None


def odd_gradient(event: CriticGrads | ActorGrads) -> Odd:
    """Returns the first gradient that is not finite on the way back through the networks."""
    found = first_odd(_gradients(event))
    return found or ("gradient norm", "each entry is finite, their norm is not")


@torch.no_grad()
def odd_weight(agent: TD3) -> Odd | None:
    """Returns the first weight of the networks, then of their targets, that is not finite."""
    targets = {f"{name}_target": target for name, target in agent.targets.items()}
    named = dict(nn.ModuleDict({**agent.modules(), **targets}).named_parameters())  # each once
    norms = torch.stack(torch._foreach_norm([*named.values()]))
    return None if bool(torch.isfinite(norms).all()) else first_odd(named.items())


def _gradients(event: CriticGrads | ActorGrads) -> Iterator[tuple[str, Tensor]]:
    agent = event.agent
    is_critic = isinstance(event, CriticGrads)
    optimizer = agent.critic_optimizer if is_critic else agent.actor_optimizer
    for module in (str(group["name"]) for group in optimizer.param_groups):
        for name, weight in reversed([*agent.modules()[module].named_parameters()]):
            if weight.grad is not None:
                yield f"{module}.{name}.grad", weight.grad


def _is_finite(*losses: Tensor | None) -> bool:
    return all(math.isfinite(float(loss)) for loss in losses if loss is not None)
