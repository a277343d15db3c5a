"""What a probe is, and the engine that reads probes without disturbing the run."""

import logging
import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import numpy as np
import torch

from rca.collect import collect
from rca.config import ProbeConfig
from rca.td3.agent import TD3
from rca.td3.events import ActorGrads, CriticGrads, Event, Updated

LOG = logging.getLogger("rca")
Number = float | torch.Tensor
Reading = Number | Mapping[str, Number] | None
Reader = Callable[[Event], Reading]
E = TypeVar("E", bound=Event)
Cost = Literal["cheap", "slow", "rare"]
"""When a probe of updates is due: every `probes.every`, `slow_every` or `rare_every` updates."""


class Measurement(NamedTuple):
    """One value of a signal.

    Attributes:
        name: `<part>/<quantity>`.
        unit: Such as "m/s"; "1" for ratios.
        step: Environment steps taken when it was read.
        value: NaN or infinite if that is what was found.
    """

    name: str
    unit: str
    step: int
    value: float


@dataclass(frozen=True)
class Probe:
    """How one signal, or one signal per module, is read off an event.

    Attributes:
        signal: `<part>/<quantity>`; a `*` stands for the keys of the mapping that is returned.
        on: The events it is read at.
        unit: Of its values.
        cost: How often it is due.
        start: Called with the agent before training, returns the reader: a number, one number per
            key, or None if the event has nothing to read.
    """

    signal: str
    on: tuple[type[Event], ...]
    unit: str
    cost: Cost
    start: Callable[[TD3], Reader]


def probe(
    signal: str, *, on: type[E], unit: str, cost: Cost = "cheap"
) -> Callable[[Callable[[E], Reading]], Probe]:
    """Marks a function of an event as a probe, see Probe for the arguments.

    A cheap probe may draw from no generator, a slow or rare one from any.
    """

    def mark(read: Callable[[E], Reading]) -> Probe:
        return Probe(signal, (on,), unit, cost, lambda agent: read)  # type: ignore[return-value, arg-type]

    return mark


def probe_from_start(
    signal: str, *, on: type[E] | tuple[type[E], ...], unit: str, cost: Cost = "cheap"
) -> Callable[[Callable[[TD3], Callable[[E], Reading]]], Probe]:
    """Marks a class whose instances, made with the untrained agent, read the events."""

    def mark(start: Callable[[TD3], Callable[[E], Reading]]) -> Probe:
        events = on if isinstance(on, tuple) else (on,)
        return Probe(signal, events, unit, cost, start)  # type: ignore[arg-type]

    return mark


def load_probes() -> list[Probe]:
    """Returns the probes in this folder."""
    return collect(Path(__file__).parent, Probe)


class Probes:
    """Reads every probe that is due at an event.

    Attributes:
        broken: Why a probe raised and is left out since, by its signal.
    """

    def __init__(
        self, config: ProbeConfig, agent: TD3, probes: Iterable[Probe] | None = None
    ) -> None:
        """Starts the probes.

        Args:
            config: How often they are due.
            agent: Before its first update; a resumed run gives one made anew from its seed.
            probes: Which ones; None for all of this folder.
        """
        self._every: dict[Cost, int] = {
            "cheap": config.every,
            "slow": config.slow_every,
            "rare": config.rare_every,
        }
        self.broken: dict[str, str] = {}
        chosen = load_probes() if probes is None else list(probes)
        self._readers: dict[type[Event], list[tuple[Probe, Reader]]] = {}
        for item in chosen:
            reader = item.start(agent)
            for kind in item.on:
                self._readers.setdefault(kind, []).append((item, reader))

    def measure(self, event: Event) -> list[Measurement]:
        """Returns what the event shows; generators, weights and gradients stay as they are."""
        due = [pair for pair in self._readers.get(type(event), []) if self._due(pair[0], event)]
        if not due:
            return []
        found: list[Measurement] = []
        is_cheap = all(item.cost == "cheap" for item, _ in due)
        with nullcontext() if is_cheap else _untouched_generators(event), torch.no_grad():
            for item, read in due:
                try:
                    found += [
                        Measurement(name, item.unit, event.step, float(value))
                        for name, value in _by_name(item.signal, read(event)).items()
                    ]
                except Exception as error:  # noqa: BLE001  it must not cost the user his run
                    self._leave_out(item, error)
        return found

    def _leave_out(self, broken: Probe, error: Exception) -> None:
        self.broken[broken.signal] = f"{type(error).__name__}: {' '.join(str(error).split())}"
        LOG.warning(
            "rca: probe %s broke off, training goes on without it: %s",
            broken.signal,
            self.broken[broken.signal],
        )
        for kind, pairs in self._readers.items():
            self._readers[kind] = [pair for pair in pairs if pair[0] is not broken]

    def _due(self, item: Probe, event: Event) -> bool:
        """Updates 1, every, 2 every, ...: the first one shows that a probe is alive."""
        if isinstance(event, ActorGrads):
            count = event.agent.actor_updates
        elif isinstance(event, CriticGrads | Updated):
            count = event.update
        else:
            return True
        return count == 1 or count % self._every[item.cost] == 0


def _by_name(signal: str, reading: Reading) -> Mapping[str, Number]:
    if reading is None:
        return {}
    if isinstance(reading, Mapping):
        return {signal.replace("*", key): value for key, value in reading.items()}
    return {signal: reading}


@contextmanager
def _untouched_generators(event: Event) -> Iterator[None]:
    """Puts the generators that a probe can reach back to where they were.

    Not around cheap probes, which draw nothing: it takes longer than most of them.
    """
    smoothing = getattr(getattr(event, "agent", None), "smoothing", None)
    generators = [torch.default_generator, *([smoothing] if smoothing is not None else [])]
    states = [generator.get_state() for generator in generators]
    others = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
        random.setstate(others[0])
        np.random.set_state(others[1])  # noqa: NPY002


def norm(tensors: Iterable[torch.Tensor | None]) -> torch.Tensor:
    """Returns the L2 norm over all tensors that are there, NaN if none is."""
    present = [tensor for tensor in tensors if tensor is not None]
    if not present:
        return torch.tensor(math.nan)
    total: torch.Tensor = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(present)))
    return total
