"""The wiring audit of our own trainer: hooked on from outside, as on anybody else's."""

import logging
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rca.errors import EvidenceError
from rca.runs.json_file import read_json
from rca.runs.manifest import WIRING, write_json
from rca.runs.recomputing import CPU, Recomputing, is_due
from rca.runs.remembering import Remembering
from rca.runs.witnessing import Witnessing
from rca.td3.agent import TD3
from rca.td3.episode import learned_reward
from rca.td3.events import CriticGrads, EpisodeBegan, Event, Stepped
from rca.wiring.audit import Audit
from rca.wiring.fact import Fact
from rca.wiring.facts import MIN_LOOKS, read_wiring
from rca.wiring.modules import find_agent

LOG = logging.getLogger("rca")
ACTOR = "actor_optimizer"


class Auditor:
    """Tells the audit of executed steps and writes down what it saw; never ends the training."""

    def __init__(
        self,
        agent: TD3,
        folder: Path,
        *,
        tells: bool = True,
        witnessing: Witnessing | None = None,
    ) -> None:
        """Installs the hooks.

        Args:
            agent: Audited.
            folder: Of the run.
            tells: Whether the audit is told of executed steps: of all that are learned from.
            witnessing: Holds them against the simulator; None where there is none.
        """
        self._tells = tells
        self._config = agent.config
        self._path = folder / WIRING
        self._is_unwritable = False
        self._observed: NDArray[np.float32] | None = None
        self._recomputing = Recomputing(agent)
        self._remembering = Remembering(agent.config)
        self._witnessing = witnessing
        modules, targets = agent.modules(), agent.targets
        self._audit = Audit(
            find_agent(
                actor=modules["actor"],
                critic=modules["critic"],
                actor_encoder=modules["actor_encoder"],
                critic_encoder=modules["critic_encoder"],
                targets={n: targets[n] for n in targets if targets[n] is not modules[n]},
            ),
            {ACTOR: agent.actor_optimizer, "critic_optimizer": agent.critic_optimizer},
            on_update=self._after_update,
        )

    def __call__(self, event: Event) -> None:
        """Remembers executed steps, and recomputes updates and their batches."""
        self._recomputing(event)
        safely = self._audit.listening.safely
        if isinstance(event, CriticGrads) and is_due(event.update, self._config):
            safely(self._remembering.learned, event.batch.to(CPU))
        if self._witnessing:
            self._witnessing(event)
        if isinstance(event, EpisodeBegan):
            self._observed = np.array(event.vector, np.float32)
        if self._tells and isinstance(event, EpisodeBegan):
            safely(self._remembering.begin, event)
        if self._tells and isinstance(event, Stepped):
            safely(self._remembering.step, event)
        if self._tells and isinstance(event, Stepped) and event.stored:
            safely(
                self._audit.step,
                event.action,
                learned_reward(event.reward, self._config),
                terminated=event.terminated,
                truncated=event.truncated,
                observed=self._observed,
            )
        if isinstance(event, Stepped):
            is_over = event.terminated or event.truncated or event.vector is None
            self._observed = None if is_over else np.array(event.vector, np.float32)

    def muted(self) -> AbstractContextManager[None]:
        """Hears nothing meanwhile."""
        return self._audit.muted()

    def close(self) -> None:
        """Removes the hooks and writes what was seen."""
        self._audit.detach()
        self._recomputing.close()
        self._audit.listening.safely(self._write)

    def _after_update(self, looked: bool) -> None:
        if looked:
            self._audit.listening.safely(self._write)

    def _write(self) -> None:
        """Writes what was seen; where the disk does not take it, the next look tries again."""
        ours: dict[str, Fact] = {
            "recomputed": self._recomputing.facts(),
            "memory": self._remembering.facts(),
        }
        if self._witnessing and (world := self._witnessing.facts()):
            ours["world"] = world
        facts = self._audit.facts().model_copy(update=ours).plain()
        try:
            write_json(self._path, facts)
        except OSError as error:
            if not self._is_unwritable:
                LOG.warning("%s: not written, training goes on: %s", self._path, error)
            self._is_unwritable = True


def was_heard(folder: Path) -> bool:
    """Tells whether a run's audit has heard enough, the actor too, and says so in its folder."""
    path = folder / WIRING
    try:
        content = read_json(path)
        heard = read_wiring(content, path) if isinstance(content, dict) else None
    except EvidenceError:
        return False
    actor = heard.optimizers.get(ACTOR) if heard else None
    return (
        heard is not None and heard.updates >= MIN_LOOKS and actor is not None and actor.steps > 0
    )
