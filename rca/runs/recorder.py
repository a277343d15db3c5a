"""What the trainer tells, written down: probes' readings, episodes, evaluations, counters."""

from collections.abc import Mapping, Sequence

from rca.probes.engine import Probes
from rca.probes.spread import histograms, load_spreads
from rca.runs.board import Board
from rca.runs.folder import RunWriter
from rca.runs.manifest import BROKEN_PROBES
from rca.runs.tags import EPISODE, EVALUATION
from rca.td3.agent import TD3
from rca.td3.events import EpisodeEnded, Evaluated, Event, Stepped, Updated


class Recorder:
    """Listens to a run and writes its folder, and event files for TensorBoard if wanted."""

    def __init__(
        self, writer: RunWriter, probes: Probes, agent: TD3, board: Board | None = None
    ) -> None:
        self._writer = writer
        self._probes = probes
        self._agent = agent
        self._board = board
        self._spreads = load_spreads()

    def __call__(self, event: Event) -> None:
        """Writes what an event shows."""
        before = len(self._probes.broken)
        measured = self._probes.measure(event)
        for signal, why in [*self._probes.broken.items()][before:]:
            broken = {"signal": signal, "step": event.step, "why": why}
            self._writer.notes.append(BROKEN_PROBES, broken)
        for found in measured:
            self._writer.signal(found.name, found.unit, found.step, found.value)
            if self._board:
                self._board.scalar(found.name, found.step, found.value)
        if isinstance(event, Stepped | Updated):
            agent = self._agent
            self._writer.count(event.step, agent.critic_updates, agent.actor_updates)
        elif isinstance(event, EpisodeEnded):
            self._writer.episode(row := episode_row(event))
            self._show(EPISODE, event.step, row)
        elif isinstance(event, Evaluated):
            self._writer.evaluation(row := evaluation_row(event))
            self._show(EVALUATION, event.step, row)
            self._count(event)

    def _count(self, event: Evaluated) -> None:
        for found in histograms(event, self._agent, self._spreads):
            self._writer.histogram(found)
            if self._board:
                self._board.histogram(found)

    def _show(self, prefix: str, step: int, row: Mapping[str, object]) -> None:
        if self._board:
            self._board.row(prefix, step, row)


def episode_row(event: EpisodeEnded) -> Mapping[str, object]:
    """Returns an episode under the names of EPISODE_COLUMNS."""
    return {
        "start_step": event.start_step,
        "end_step": event.step,
        "length": event.length,
        "return": event.episode_return,
        "end_reason": event.end_reason or None,
        "success": event.success,
        "collisions": event.collisions,
        "distance": event.distance,
    }


def evaluation_row(event: Evaluated) -> Mapping[str, object]:
    """Returns an evaluation under the names of EVALUATION_COLUMNS; NaN where nobody measured."""
    return {
        "step": event.step,
        "updates": event.updates,
        "episodes": len(event.episodes),
        "mean_return": _mean([e.episode_return for e in event.episodes]),
        "mean_length": _mean([e.length for e in event.episodes]),
        "success_rate": _mean([e.success for e in event.episodes]),
        "mean_collisions": _mean([e.collisions for e in event.episodes]),
        "mean_distance": _mean([e.distance for e in event.episodes]),
    }


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
