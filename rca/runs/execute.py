"""A run from its config to its finished folder."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from rca.build import Build, Change, default_build
from rca.config import RunConfig
from rca.envs.probe import probe_reward
from rca.envs.servers import Address
from rca.errors import UsageError
from rca.faults import find_fault
from rca.runs.folder import RunWriter
from rca.runs.manifest import (
    CODE_OF_CHANGES,
    code_of,
    last_session,
    other_versions,
    read_manifest,
)
from rca.runs.record import Outcome
from rca.runs.stopping import stop_on_ctrl_c, unstoppable
from rca.runs.under_way import CHECKPOINTS, FAULTS, Run
from rca.td3.events import Emit

PROMISES = "reward_promises"
"""Entry of the manifest: what a sound reward keeps, and by which margin this one does."""
CHANGES = "changes"
"""Entry of the manifest: ids of the changes done to the default Build."""
WORLD = "world"
"""Entry of the manifest: the simulator that the run drives in, EMBEDDED or where another one is."""
EMBEDDED = "embedded"


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
            is therefore left out, which is told.
        listener: Told every event after it was recorded.
        probe_updates: Updates made on a copy of the agent after a run that was not stopped, from
            what it stored, so that a test too short for an update shows whether gradients flow.
            Recorded under `probed/`, with the number of the update in place of the step. An error
            or a Ctrl-C in them is told; the run is finished all the same.
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
        CODE_OF_CHANGES: code_of(change.id for change in changes),
        PROMISES: {promise.text: promise.margin for promise in probed.promises},
        FAULTS: [],
        WORLD: _world(server),
    }
    writer = RunWriter.create(folder, build.config, extra)
    try:
        run = Run(writer, build, listener, server, told, tensorboard=tensorboard)
    except BaseException as error:
        with unstoppable():
            steps = build.config.budget.steps
            writer.finish(Outcome("crashed", 0, steps, 0, 0, _in_words(error)))
        raise
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
    that was under way is driven to where it was. A checkpoint without replay
    (`budget.checkpoint_replay`) gives another run, as the manifest says; other versions of torch,
    carla or rca may, which is told.

    Args:
        folder: Of the run.
        server: As for `execute`.
        listener: As for `execute`.
        probe_updates: As for `execute`.
        budget: Other values of `budget.on_nan` and `budget.device` for what is left; config.yaml
            keeps the first ones, the manifest's entry of this session has these.
        halt: As for `execute`.
        tensorboard: As for `execute`.
        told: As for `execute`.

    Raises:
        RcaError: The run is finished or still going on, none of its checkpoints can be read, or it
            drove in a simulator of another kind.
    """
    before = read_manifest(folder)
    world = before.get(WORLD)
    if world is not None and (world == EMBEDDED) != (server is None):
        raise UsageError(
            f"{folder}: the run drove in the {world} world; "
            + ("leave out" if world == EMBEDDED else "give")
            + " --host and --port, or --carla-root"
        )
    writer = RunWriter.reopen(folder, budget)
    try:
        build = changed(default_build(writer.config), planted(folder))
        # The recorded config is the effective one: a change of settings took place before.
        config = writer.config
        rest = config.budget.model_copy(update=budget or {})
        build = replace(build, config=config.model_copy(update={"budget": rest}))
        where = folder / CHECKPOINTS
        run = Run(writer, build, listener, server, told, where, tensorboard=tensorboard)
        if other := other_versions(last_session(before)):
            told(f"not bit for bit the run: {', '.join(other)} in the session before")
    except BaseException:
        writer.abandon()
        raise
    if world is None:
        writer.notes.add(WORLD, _world(server))
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
    run: Run, probe_updates: int, halt: Callable[[], str], told: Callable[[str], None]
) -> Outcome:
    """Trains; the folder is finished before the servers are stopped.

    A simulator client can take the whole process down when its server goes.
    """
    with ExitStack() as stack, stop_on_ctrl_c(told) as was_asked:
        try:
            progress = run.train(stack, halt, was_asked)
            if not progress.stopped:
                run.probe(probe_updates, was_asked)
        except BaseException as error:
            with unstoppable():
                if run.writer.is_as_found:  # not begun: what is recorded stays as it was
                    run.writer.abandon()
                else:
                    run.writer.finish(run.outcome("crashed", _in_words(error)))
            raise
        with unstoppable():
            ended = ("interrupted", run.halted) if progress.stopped else ("finished",)
            outcome = run.outcome(*ended)
            run.writer.finish(outcome)
    return outcome


def _in_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
