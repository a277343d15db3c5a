"""A run from its config to its finished folder."""

import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import torch

from rca.build import Build, Change, MakeEnv, default_build
from rca.config import RunConfig
from rca.envs.probe import probe_reward
from rca.envs.servers import Address
from rca.envs.start import server_for
from rca.envs.supervise import SupervisedEnv
from rca.errors import UsageError
from rca.faults import find_fault
from rca.probes.engine import Probes
from rca.runs.auditor import Auditor, was_heard
from rca.runs.board import FOLDER, Board
from rca.runs.folder import RunWriter
from rca.runs.guard import Guard
from rca.runs.manifest import WITHOUT_REPLAY, read_manifest
from rca.runs.record import Outcome
from rca.runs.recorder import Recorder
from rca.runs.stopping import stop_on_ctrl_c, unstoppable
from rca.runs.strips import Strips
from rca.td3.agent import TD3
from rca.td3.checkpoint import FINAL, restore, save, save_final
from rca.td3.evaluation import Evaluation
from rca.td3.events import Emit, EpisodeEnded, Event
from rca.td3.replay import Obs
from rca.td3.streams import Streams
from rca.td3.train import Episode, Evaluate, Progress, Training, train

CHECKPOINTS = "checkpoints"
"""Folder in the run folder."""
PROMISES = "reward_promises"
"""Entry of the manifest: what a sound reward keeps, and by which margin this one does."""
CHANGES = "changes"
"""Entry of the manifest: ids of the changes done to the default Build."""
WORLD = "world"
"""Entry of the manifest: the simulator that the run drives in, EMBEDDED or where another one is."""
EMBEDDED = "embedded"
FAULTS = "simulator_faults"
"""Entry of the manifest: a line for each fault of a simulator, in training and in evaluation."""


def new_folder(root: Path, name: str, config: RunConfig) -> Path:
    """Returns a name for a run folder that says what is in it and when it began."""
    began = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return root / f"{name}-{config.budget.steps}-s{config.budget.seed}-{began}"


def execute(
    config: RunConfig,
    folder: Path,
    *,
    server: Address | Path | None = None,
    listener: Emit = lambda event: None,
    probe_updates: int = 0,
    changes: Sequence[Change] = (),
    halt: Callable[[], str] = str,
    tensorboard: bool = False,
    told: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Trains and records; whatever happens, the folder says how it ended.

    Ctrl-C finishes the step and saves a checkpoint, from which `resume` goes on exactly; a
    second one stops at once.

    Args:
        config: The effective config.
        folder: New or empty.
        server: A CARLA server that runs already, or the folder of an installed one to start; None
            starts an embedded one. Evaluation always has an embedded server of its own, because a
            second environment in the world that is trained in disturbs it; with a server given it
            is therefore left out.
        listener: Told every event after it was recorded.
        probe_updates: Updates made on a copy of the agent after the run, from what the run
            stored, so that a test too short for an update shows whether gradients flow. Recorded
            under `probed/`, with the number of the update in place of the step.
        changes: Done to the default Build, in order; the manifest names them. Settings that they
            change are recorded as the effective ones.
        halt: Asked before each step for a reason to stop, "" for none; recorded as the outcome's
            error.
        tensorboard: Whether event files are written too, in the folder's `tensorboard/`.
        told: Told a line that whoever waits wants to read at once; it may come from inside a
            signal's handler.

    Returns:
        How the run ended: "finished" or "interrupted" (after Ctrl-C, or for a reason to stop).

    Raises:
        RcaError: The folder cannot be written, or the simulator failed.
        NotFiniteError: A number of an update is NaN or infinite, and `budget.on_nan` is "stop".
    """
    build = changed(default_build(config), changes)
    probed = probe_reward(build.config.env, build.config.agent.discount)
    extra = {
        CHANGES: [change.id for change in changes],
        PROMISES: {promise.text: promise.margin for promise in probed.promises},
        FAULTS: [],
        WORLD: _world(server),
    }
    writer = RunWriter.create(folder, build.config, extra)
    run = _Run(writer, build, listener, server, told, tensorboard=tensorboard)
    return _finished(run, probe_updates, halt, told)


def resume(
    folder: Path,
    *,
    server: Address | Path | None = None,
    listener: Emit = lambda event: None,
    probe_updates: int = 0,
    budget: Mapping[str, object] | None = None,
    halt: Callable[[], str] = str,
    tensorboard: bool = False,
    told: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Goes on with a run that was interrupted or killed, from its newest checkpoint.

    One that was killed before its first checkpoint begins again from its seed, in the same folder.
    In the embedded world without other cars the result is, bit for bit, that of a run that was
    never stopped: an episode follows from the seed, its number and the actions taken in it, and one
    that was under way is driven to where it was. The first update ratio after the checkpoint alone
    is missing. A checkpoint without replay (`budget.checkpoint_replay`) gives another run, as the
    manifest says.

    Args:
        folder: Of the run.
        server: As for `execute`.
        listener: As for `execute`.
        probe_updates: As for `execute`.
        budget: Other values of `budget.on_nan` and `budget.device` for what is left.
        halt: As for `execute`.
        tensorboard: As for `execute`.
        told: As for `execute`.

    Raises:
        RcaError: The run is finished or still going on, none of its checkpoints can be read, or it
            drove in a simulator of another kind.
    """
    before = read_manifest(folder).get(WORLD)
    if before is not None and (before == EMBEDDED) != (server is None):
        raise UsageError(
            f"{folder}: the run drove in the {before} world; "
            + ("leave out" if before == EMBEDDED else "give")
            + " --host and --port, or --carla-root"
        )
    writer = RunWriter.reopen(folder)
    try:
        build = changed(default_build(writer.config), planted(folder))
        # The recorded config is the effective one: a change of settings took place before.
        config = writer.config
        rest = config.budget.model_copy(update=budget or {})
        build = replace(build, config=config.model_copy(update={"budget": rest}))
        where = folder / CHECKPOINTS
        run = _Run(writer, build, listener, server, told, where, tensorboard=tensorboard)
    except BaseException:
        writer.abandon()
        raise
    if before is None:
        writer.note(WORLD, _world(server))
    return _finished(run, probe_updates, halt, told)


def _world(server: Address | Path | None) -> str:
    if server is None:
        return EMBEDDED
    return f"{server.host}:{server.port}" if isinstance(server, Address) else "installed CARLA"


def changed(build: Build, changes: Sequence[Change]) -> Build:
    """Returns a Build with changes done to it, in order."""
    for change in changes:
        build = change.apply(build)
    return build


def planted(folder: Path) -> list[Change]:
    """Returns the faults that were planted in a recorded run.

    Raises:
        UsageError: One of them is not known here.
    """
    named = read_manifest(folder).get(CHANGES)
    return [find_fault(str(name)) for name in named] if isinstance(named, list) else []


def _finished(
    run: "_Run", probe_updates: int, halt: Callable[[], str], told: Callable[[str], None]
) -> Outcome:
    """Trains; the folder is finished before the servers are stopped.

    A simulator client can take the whole process down when its server goes.
    """
    with ExitStack() as stack, stop_on_ctrl_c(told) as was_asked:
        try:
            progress = run.train(stack, halt, was_asked)
            run.probe(probe_updates)
        except BaseException as error:
            with unstoppable():
                if run.writer.is_as_found:  # not begun: what is recorded stays as it was
                    run.writer.abandon()
                else:
                    run.writer.finish(run.outcome("crashed", f"{type(error).__name__}: {error}"))
            raise
        with unstoppable():
            ended = ("interrupted", run.halted) if progress.stopped else ("finished",)
            outcome = run.outcome(*ended)
            run.writer.finish(outcome)
    return outcome


class _Run:
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
        self.writer.note("simulator_versions", env.versions)
        self._training = training = self._build.training(env, self._emit)
        probes = Probes(config.probes, training.agent)  # of the untrained agent, also when resumed
        self._listeners.insert(0, Recorder(self.writer, probes, training.agent, self._board))
        self._note_reproducible(training.agent)
        self.writer.note("device", str(training.agent.device))
        self._listeners.append(Strips(self.writer, config.budget.steps))
        begun = self._go_on(training, self._checkpoints) if self._checkpoints else None
        self._listeners.append(Guard(self.writer, config.budget.on_nan))
        auditor = self._audited(training)
        progress = train(
            training,
            begun=begun,
            evaluate=self._evaluate(stack, training) if self._server is None else None,
            stops=self._checkpointing(training, was_asked, halt),
        )
        if auditor:
            auditor.close()
        self.writer.note("weights_digest", weights_digest(training.agent.modules()))
        if not progress.stopped:
            try:
                save_final(self.writer.folder / CHECKPOINTS, training)
            except UsageError as error:  # the run is done all the same
                self._told(f"its last weights are not kept: {error}")
        return progress

    def _audited(self, training: Training) -> Auditor | None:
        """Returns the audit of the wiring, None where the session before has heard it.

        One that begins in the middle has not seen the steps that the replay holds, so it is told
        of none: it would miss them in every batch.
        """
        folder, is_resumed = self.writer.folder, bool(training.progress.step)
        if is_resumed and was_heard(folder):
            return None
        auditor = Auditor(training.agent, folder, tells=not is_resumed)
        self._listeners.append(auditor)
        self._unheard = auditor.muted
        return auditor

    def _go_on(self, training: Training, checkpoints: Path) -> tuple[Obs, Episode] | None:
        """Puts the run where its newest checkpoint was made; without one it is at its beginning.

        Returns:
            The episode that was under way.
        """
        if restore(checkpoints, training) is None:
            self._told(f"{self.writer.folder}: no checkpoint yet; it begins again from its seed")
        if self._build.config.env.npcs and training.progress.step:
            self._told("the other cars (env.npcs) are not where they were: not bit for bit the run")
        if training.refill:
            self.writer.append_note(WITHOUT_REPLAY, training.progress.step)
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
        self.writer.note("first_weights", digests)

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
                self.writer.commit()  # a resumed run does not record again what was before it
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
            told=lambda fault: self.writer.append_note(FAULTS, fault),
        )

    def probe(self, updates: int) -> None:
        """Makes updates on a copy of the agent; the run's own agent and counters stay."""
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

    def _evaluate(self, stack: ExitStack, training: Training) -> Evaluate:
        """Returns an evaluation whose server starts when it is first asked for."""
        config = self._build.config
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


def weights_digest(modules: Mapping[str, torch.nn.Module]) -> str:
    """Returns 12 hex digits of a SHA-256 over all weights, bit for bit, by name."""
    digest = hashlib.sha256()
    for name, module in sorted(modules.items()):
        for key, tensor in sorted(module.state_dict().items()):
            digest.update(f"{name}.{key}".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]
