"""Batches of our own trainer, held against a plain list of what took place."""

from rca.config import AgentConfig
from rca.td3.episode import learned_reward
from rca.td3.events import EpisodeBegan, Stepped
from rca.td3.replay import Batch, Observations
from rca.wiring.history import Seen, Step, digest
from rca.wiring.memory import Memory, MemoryFacts, Row


class Remembering:
    """Tells the list of steps, and compares batches."""

    def __init__(self, config: AgentConfig) -> None:
        self._config = config
        self._memory = Memory(
            n_step=config.n_step, discount=config.discount, capacity=config.buffer_size
        )
        self._observed: Seen | None = None

    def begin(self, event: EpisodeBegan) -> None:
        """Remembers what an episode begins with."""
        self._observed = {"picture": digest(event.image), "vector": digest(event.vector)}

    def step(self, event: Stepped) -> None:
        """Remembers a step."""
        if self._memory.history.is_full or event.image is None or event.vector is None:
            return
        after = {"picture": digest(event.image), "vector": digest(event.vector)}
        reward, ends = (
            learned_reward(event.reward, self._config),
            (event.terminated, event.truncated),
        )
        step = Step(reward, *ends, before=self._observed, after=after)
        self._memory.history.add(event.action, step, stored=event.stored)
        self._observed = None if any(ends) else after

    def learned(self, batch: Batch) -> None:
        """Compares a batch on the CPU."""
        if self._memory.history.is_full:
            return
        flags = (bool(flag) for flag in batch.terminated.tolist())
        told = (batch.reward.tolist(), flags, _seen(batch.obs), _seen(batch.next_obs))
        self._memory.batch(batch.action.numpy(), [Row(*row) for row in zip(*told, strict=True)])

    def facts(self) -> MemoryFacts:
        """Returns what was found as plain data."""
        return self._memory.facts()


def _seen(obs: Observations) -> list[Seen]:
    images, vectors = obs.image.numpy(), obs.vector.numpy()
    rows = zip(images, vectors, strict=True)
    return [{"picture": digest(image), "vector": digest(vector)} for image, vector in rows]
