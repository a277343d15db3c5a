"""A run under way: its servers, its listeners, its checkpoints, and what is known when it ends."""

import copy
import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from pathlib import Path

import torch

from rca.build import Build, MakeEnv
from rca.envs.servers import Address
from rca.envs.start import server_for
from rca.envs.supervise import SupervisedEnv
from rca.errors import UsageError
from rca.probes.engine import Probes
from rca.runs.auditor import Auditor, was_heard
from rca.runs.board import FOLDER, Board
from rca.runs.folder import RunWriter
from rca.runs.guard import Guard
from rca.runs.manifest import WITHOUT_REPLAY
from rca.runs.record import Outcome
from rca.runs.recorder import Recorder
from rca.runs.stopping import deferred
from rca.runs.strips import Strips
from rca.runs.witnessing import Witnessing, World
from rca.td3.agent import TD3
from rca.td3.checkpoint import FINAL, restore, save, save_final, set_newer_aside
from rca.td3.episode import Episode
from rca.td3.evaluation import Evaluation
from rca.td3.events import Emit, EpisodeEnded, Event
from rca.td3.replay import Obs
from rca.td3.streams import Streams
from rca.td3.train import Evaluate, Progress, Training, train

CHECKPOINTS = "checkpoints"
"""Folder in the run folder."""
FAULTS = "simulator_faults"
"""Entry of the manifest: a line for each fault of a simulator, in training and in evaluation."""
NOT_EVALUATED = "not_evaluated"
"""Entry of the manifest: why nothing is evaluated although the config says so."""


class Run:
    """The parts of a run under way, and what is known of it when it ends."""

    def __init__(
        self,
        writer: RunWriter,
        build: Build,
        listener: Emit,
        server: Address | Path | None,
        told: Callable[[str], None],
        checkpoints: Path | None = None,
        tensorboard: bool = False,
    ) -> None:
        """Prepares a run; with checkpoints it goes on from the newest of them."""
        self.writer = writer
        self._build = build
        self._listeners: list[Emit] = [listener]
        self._server = server
        self._told = told
        self._checkpoints = checkpoints
        self._board = Board(writer.folder / FOLDER) if tensorboard else None
        self.halted = ""
        self._training: Training | None = None
        self._unheard: Callable[[], AbstractContextManager[None]] = nullcontext

    def train(
        self, stack: ExitStack, halt: Callable[[], str], was_asked: Callable[[], bool]
    ) -> Progress:
        """Starts servers and environments, which the stack closes, and trains.

        Args:
            stack: Closed at the end of the run.
            halt: Asked before each step for a reason to stop.
            was_asked: Asked before each step whether to save and stop.
        """
        config = self._build.config
        if self._board:
            stack.callback(self._board.close)
        torch.set_num_threads(config.budget.threads)
        env = stack.enter_context(closing(self._supervised(self._build.make_env)))
        self.writer.notes.add_to_session("simulator_versions", env.versions)
        self._training = training = self._build.training(env, self._emit)
        probes = Probes(config.probes, training.agent)  # of the untrained agent, also when resumed
        self._listeners.insert(0, Recorder(self.writer, probes, training.agent, self._board))
        self._note_reproducible(training.agent)
        self.writer.notes.add_to_session("device", str(training.agent.device))
        self._listeners.append(Strips(self.writer, config.budget.steps))
        begun = self._go_on(training, self._checkpoints) if self._checkpoints else None
        self._listeners.append(Guard(self.writer, config.budget.on_nan))
        auditor = self._audited(training, env)
        progress = train(
            training,
            begun=begun,
            evaluate=self._evaluate(stack, training),
            stops=self._checkpointing(training, was_asked, halt),
        )
        if auditor:
            auditor.close()
        self.writer.notes.add("weights_digest", weights_digest(training.agent.modules()))
        if not progress.stopped:
            try:
                save_final(self.writer.folder / CHECKPOINTS, training)
            except UsageError as error:  # the run is done all the same
                self._told(f"its last weights are not kept: {error}")
        return progress

    def _audited(self, training: Training, env: SupervisedEnv) -> Auditor | None:
        """Returns the audit of the wiring, None where the session before has heard it.

        One that begins in the middle has not seen the steps that the replay holds, so it is told
        of none: it would miss them in every batch.
        """
        folder, is_resumed = self.writer.folder, bool(training.progress.step)
        if is_resumed and was_heard(folder):
            return None
        witnessing = Witnessing(self._build.config.env, lambda: _driving(env))
        auditor = Auditor(training.agent, folder, tells=not is_resumed, witnessing=witnessing)
        self._listeners.append(auditor)
        self._unheard = auditor.muted
        return auditor

    def _go_on(self, training: Training, checkpoints: Path) -> tuple[Obs, Episode] | None:
        """Puts the run where its newest checkpoint was made; without one it is at its beginning.

        Returns:
            The episode that was under way.
        """
        used = restore(checkpoints, training)
        if used is None:
            self._told(f"{self.writer.folder}: no checkpoint yet; it begins again from its seed")
        for aside in set_newer_aside(used) if used else ():
            self._told(f"goes on from {used}; a newer one cannot be read, now called {aside.name}")
        if self._build.config.env.npcs and training.progress.step:
            self._told("the other cars (env.npcs) are not where they were: not bit for bit the run")
        if training.refill:
            self.writer.notes.append(WITHOUT_REPLAY, training.progress.step)
            self._told(f"no replay in the checkpoint: {training.refill:,} steps without updates")
        (checkpoints / FINAL).unlink(missing_ok=True)
        agent = training.agent
        self.writer.rewind(training.progress.step, agent.critic_updates, agent.actor_updates)
        if self._board:
            self._board.again_from(training.progress.step)
        was_under_way = training.under_way is not None
        begun = training.begin()
        if was_under_way and not begun:
            self._told("the episode under way went another way than before: it begins anew")
        return begun

    def _note_reproducible(self, agent: TD3) -> None:
        """Notes the digest of the first weights, and of those that the same seed gives again."""
        config = self._build.config
        again = self._build.make_agent(config, agent.shapes, Streams.spawn(config.budget.seed))
        digests = [weights_digest(made.modules()) for made in (agent, again)]
        self.writer.notes.add("first_weights", digests)

    def _checkpointing(
        self, training: Training, was_asked: Callable[[], bool], halt: Callable[[], str]
    ) -> Callable[[Episode | None], bool]:
        """Returns what saves a checkpoint between episodes when one is due, or before a stop."""
        every, saved = self._build.config.budget.checkpoint_every, training.progress.step

        def save_when_due(episode: Episode | None) -> bool:
            nonlocal saved
            self.halted = halt()
            # Asked once: a Ctrl-C during the saving stops before the next step.
            is_last = was_asked() or bool(self.halted)
            is_due = episode is None and every and training.progress.step - saved >= every
            if is_last or is_due:
                with deferred():  # rows written, but not forgotten yet, would be written twice
                    # A resumed run does not record again what was before it.
                    self.writer.commit(durably=True)
                save(self.writer.folder / CHECKPOINTS, training, episode)
                saved = training.progress.step
            return is_last

        return save_when_due

    def _supervised(self, make: MakeEnv) -> SupervisedEnv:
        """Returns an environment whose server is replaced when it fails."""
        config, server = self._build.config, self._server

        def start() -> AbstractContextManager[Address]:
            return server_for(config.env, server)

        return SupervisedEnv(
            start,
            lambda there: make(config, there.host, there.port),
            told=lambda fault: self.writer.notes.append(FAULTS, fault),
        )

    def probe(self, updates: int, was_asked: Callable[[], bool]) -> None:
        """Makes updates on a copy of the agent; the run's own agent and counters stay.

        The training is complete by then: whatever ends the probing is told and ends no more.

        Args:
            updates: To be made.
            was_asked: Asked before each whether to leave it.
        """
        try:
            self._probe(updates, was_asked)
        except KeyboardInterrupt:
            self._told("Ctrl-C ended the probing; the run is finished")
        except Exception as error:  # noqa: BLE001  it must not cost the user his run
            why = f"{type(error).__name__}: {error}"
            self._told(f"the probing broke off, the run is finished: {why}")

    def _probe(self, updates: int, was_asked: Callable[[], bool]) -> None:
        training, config = self._training, self._build.config
        if not updates or training is None or not len(training.replay):
            return
        agent = copy.deepcopy(training.agent)
        rng = copy.deepcopy(training.streams.replay)
        probes = Probes(config.probes, agent)

        def record(event: Event) -> None:
            for found in probes.measure(event):
                self.writer.signal(f"probed/{found.name}", found.unit, found.step, found.value)

        wanted = config.agent
        for number in range(1, updates + 1):
            if was_asked():
                raise KeyboardInterrupt
            batch = training.replay.sample(wanted.batch_size, rng, wanted.n_step, wanted.discount)
            agent.update(batch, record, number)

    def outcome(self, status: str, error: str = "") -> Outcome:
        """Returns how far the run came."""
        training = self._training
        return Outcome(
            status=status,  # type: ignore[arg-type]  # one of three literals, see execute
            executed_steps=training.progress.step if training else 0,
            planned_steps=self._build.config.budget.steps,
            critic_updates=training.agent.critic_updates if training else 0,
            actor_updates=training.agent.actor_updates if training else 0,
            error=error,
        )

    def _emit(self, event: Event) -> None:
        with self._unheard():
            for listener in self._listeners:
                listener(event)

    def _evaluate(self, stack: ExitStack, training: Training) -> Evaluate | None:
        """Returns an evaluation whose server starts when it is first asked for.

        In a server that was given there is none, see `execute`, which is told and noted.
        """
        config = self._build.config
        if self._server is not None:
            if every := config.budget.eval_every:
                why = (
                    f"budget.eval_every={every} has no effect: an evaluation would disturb the "
                    "world of the server that was given"
                )
                self._told(why)
                self.writer.notes.add(NOT_EVALUATED, why)
                self.writer.notes.write()  # outlives a kill
            return None
        opened: list[Evaluate] = []

        def evaluate() -> tuple[EpisodeEnded, ...]:
            if not opened:
                env = stack.enter_context(closing(self._supervised(self._build.make_eval_env)))
                episodes, root = config.budget.eval_episodes, training.streams.held_out
                agent, memory = training.agent, training.held_out
                on_nan = config.budget.on_nan
                opened.append(Evaluation(agent, env, episodes, root, memory, on_nan))
            with self._unheard():
                return opened[0]()

        return evaluate


def _driving(env: SupervisedEnv) -> World | None:
    """Returns the driving task inside, None between two servers or if it is another task."""
    from rca.envs.driving import DrivingEnv  # needs a carla wheel, which not every machine has

    return env.inner if isinstance(env.inner, DrivingEnv) else None


def weights_digest(modules: Mapping[str, torch.nn.Module]) -> str:
    """Returns 12 hex digits of a SHA-256 over all weights, bit for bit, by name."""
    digest = hashlib.sha256()
    for name, module in sorted(modules.items()):
        for key, tensor in sorted(module.state_dict().items()):
            digest.update(f"{name}.{key}".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]
