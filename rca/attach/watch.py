"""`rca.watch`: three lines in a trainer, and a run folder for `rca check` and `rca diagnose`."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, SupportsFloat

import torch

from rca.attach.episodes import Episodes
from rca.attach.measures import Measures
from rca.attach.remembered import Remembered
from rca.attach.told import discount, known, mean, number, plain
from rca.checking import Finding, builtin_checks, load_checks, run_checks, select
from rca.errors import UsageError
from rca.runs.folder import RunWriter
from rca.runs.load import load_run
from rca.runs.manifest import UPDATES_BEFORE, WIRING, write_json
from rca.runs.record import Outcome
from rca.wiring.actions import as_action
from rca.wiring.audit import Audit
from rca.wiring.call import Call
from rca.wiring.listening import LOG
from rca.wiring.modules import Agent, Modules, find_agent, name_optimizers
from rca.wiring.trained import trained_by

EVERY = 10
"""Updates between two readings of gradient norms and learning rates."""
READINGS = {
    "critic_loss": ("critic/loss", "reward^2"),
    "actor_loss": ("actor/loss", "reward"),
    "noise": ("explore/noise", "1"),
    "speed": ("env/speed", "m/s"),
    "buffer_size": ("replay/size", "transitions"),
}
"""What `update` and `step` may be told by keyword, and the signals that it becomes."""

Optimizers = (
    torch.optim.Optimizer | Sequence[torch.optim.Optimizer] | Mapping[str, torch.optim.Optimizer]
)


def watch(
    *,
    actor: Modules,
    critic: Modules,
    optimizers: Optimizers,
    out: str | Path,
    actor_encoder: Modules | None = None,
    critic_encoder: Modules | None = None,
    targets: Mapping[str, Modules] | None = None,
    config: Mapping[str, object] | None = None,
    every: int = EVERY,
    n_step: int | None = None,
) -> "Watch":
    """Attaches the probes and the wiring audit to a torch actor-critic that is not ours.

    Updates are found by hooks; training stays bit-identical. Told nothing else, a step of the
    record is an update. With `recorder.step(...)` per environment step the record counts steps
    (behind updates made before, from demonstrations, say) and knows episodes, and the audit can
    ask whether the stored actions are the executed ones and whether time-outs bootstrap.

    Args:
        actor: The policy; a module or several.
        critic: The critic; a module, or one per Q network.
        optimizers: Those that step these modules: one, several, or by name.
        out: A new or empty folder for the run.
        actor_encoder: What turns pictures into the actor's features; may be inside the actor, and
            may be the critic's.
        critic_encoder: The same for the critic.
        targets: Target networks by what they follow: "actor", "critic", "critic_encoder" ...
        config: What the trainer was configured with, as declared; plain values.
        every: Updates between two readings of gradient norms.
        n_step: Steps whose rewards a row of a batch sums, for `Watch.batch`; None: found out. Sums
            are compared where the config has a `discount` or `gamma`.

    Returns:
        The recorder; close it, or use it as a context manager.

    Raises:
        UsageError: The folder is not empty, or an argument is not what it should be.
    """
    agent = find_agent(
        actor=actor,
        critic=critic,
        actor_encoder=actor_encoder,
        critic_encoder=critic_encoder,
        targets=targets or {},
    )
    if every < 1:
        raise UsageError(f"watch: every is {every}; give at least 1")
    named = name_optimizers(optimizers, agent)
    trained_by(named, agent)  # before a folder is made
    manifest = {"watched": True, "declared": plain(config or {})}
    writer = RunWriter.create(Path(out), None, manifest)
    remembered = Remembered(n_step, discount(config or {}))
    return Watch(agent, named, writer, every, remembered)


class Watch:
    """Records a foreign trainer and audits its wiring; made by `watch`."""

    def __init__(
        self,
        agent: Agent,
        optimizers: Mapping[str, torch.optim.Optimizer],
        writer: RunWriter,
        every: int,
        remembered: Remembered,
    ) -> None:
        self._writer = writer
        self._every = every
        self._steps = 0
        self._before = 0  # updates before the first step
        self._told_steps = False
        self._episodes = Episodes(writer)
        self._is_closed = self._is_over = False
        self._is_silent = False
        self._measures = Measures(agent, self._signal)
        self._remembered = remembered
        self._audit = Audit(
            agent,
            optimizers,
            on_step=lambda *seen: self._safely(self._before_step, *seen),
            on_update=lambda looked: self._safely(self._after_update, looked),
        )

    @property
    def folder(self) -> Path:
        """Where the run is recorded."""
        return self._writer.folder

    def step(
        self,
        reward: SupportsFloat,
        *,
        terminated: bool = False,
        truncated: bool = False,
        action: object = None,
        info: Mapping[str, Any] | None = None,
        env: int = 0,
        learned_reward: SupportsFloat | None = None,
        obs: object = None,
        next_obs: object = None,
        **readings: SupportsFloat | None,
    ) -> None:
        """Tells of one environment step, after it was taken.

        Args:
            reward: As the environment gave it; returns are sums of it.
            terminated: Whether the episode ended by itself.
            truncated: Whether it was cut off.
            action: As executed, in the scale in which the replay memory should hold it.
            info: The environment's; `end_reason` and `is_success` are read.
            env: Number of the environment where several run side by side.
            learned_reward: What the agent is to learn from, if that is another number (scaled,
                clipped, normalised).
            obs: What was observed before it: an array, or a mapping or tuple of them.
            next_obs: What was observed after it, the last one of an episode too, not what `reset`
                returned; for `batch`.
            readings: More values of this step, such as `noise` or `speed`; see READINGS.
        """
        learned = reward if learned_reward is None else learned_reward
        self._safely(
            self._step,
            reward,
            learned,
            ends=(terminated, truncated),
            action=action,
            observed=(obs, next_obs),
            info=info if info is not None else {},
            env=env,
            readings=readings,
        )

    def _step(
        self,
        reward: SupportsFloat,
        learned: SupportsFloat,
        *,
        ends: tuple[bool, bool],
        action: object,
        observed: tuple[object, object],
        info: Mapping[str, Any],
        env: int,
        readings: Mapping[str, SupportsFloat | None],
    ) -> None:
        value, told = number(reward), known(readings)
        over: Any = {"terminated": bool(ends[0]), "truncated": bool(ends[1]), "env": env}
        executed = None if action is None else as_action(action)
        if not self._steps:
            self._note_updates_before()
        self._told_steps = True
        self._steps += 1
        if executed is not None:
            pays = number(learned)
            self._audit.step(executed, pays, **over)
            self._remembered.step(executed, pays, observed, **over)
        self._episodes.step(self._before + self._steps, value, info=info, **over)
        self._signal("env/reward", "reward", value)
        self._readings(told)
        self._count()

    def batch(
        self, *, obs: object, action: object, reward: object, next_obs: object, terminated: object
    ) -> None:
        """Tells of a batch as it was drawn from the replay memory, before it is learned from.

        Its rows are held against the steps that were told with `action` and `next_obs`.

        Args:
            obs: As `step` was told, an array, or a mapping or tuple of them, and as it is kept, not
                relabelled; obs, reward and next_obs may be None: not told. [batch, ...]
            action: As `step` was told. [batch, ...]
            reward: What is learned from. [batch]
            next_obs: As obs.
            terminated: Whether nothing follows: 1 where the target does not bootstrap. [batch]
        """
        self._safely(self._remembered.batch, obs, action, reward, next_obs, terminated)

    def _note_updates_before(self) -> None:
        """Notes how many updates the record begins with, at once: a kill loses what waits."""
        self._before = self._audit.counts["critic"]
        if self._before:
            self._writer.notes.add(UPDATES_BEFORE, self._before)
            self._writer.notes.write()

    def episode(
        self,
        *,
        length: int,
        episode_return: float,
        end_reason: str | None = None,
        success: float = math.nan,
    ) -> None:
        """Tells of a finished episode; `step` does it by itself.

        Args:
            length: Steps.
            episode_return: Undiscounted sum of rewards.
            end_reason: One of rca.runs.record.END_REASONS; None: unknown.
            success: 1.0, 0.0, NaN: unknown.
        """
        told = {"length": length, "episode_return": episode_return, "success": success}
        self._safely(self._episode, **told, end_reason=end_reason)

    def _episode(
        self,
        *,
        length: int,
        **told: Any,  # noqa: ANN401  as in `episode`
    ) -> None:
        length = int(length)
        if not self._told_steps:
            self._steps += length
        end_step = self._before + self._steps
        start_step = max(0, end_step - length)
        self._episodes.over(start_step=start_step, end_step=end_step, length=length, **told)

    def update(self, **readings: SupportsFloat | None) -> None:
        """Tells of values that hooks cannot see: `critic_loss`, `actor_loss`, any other by name.

        None is no value: `actor_loss=None` where the actor was not updated this time.
        """
        self._safely(lambda: self._readings(known(readings)))

    def evaluation(
        self,
        returns: Sequence[SupportsFloat],
        lengths: Sequence[SupportsFloat] = (),
        successes: Sequence[SupportsFloat] = (),
    ) -> None:
        """Tells of an evaluation: one value per episode in each list."""
        self._safely(self._evaluation, returns, lengths, successes)

    def _evaluation(
        self,
        returns: Sequence[SupportsFloat],
        lengths: Sequence[SupportsFloat],
        successes: Sequence[SupportsFloat],
    ) -> None:
        row: dict[str, object] = {
            "step": self._before + self._steps,
            "updates": self._audit.counts["critic"],
            "episodes": len(returns),
            "mean_return": mean(returns),
            "mean_length": mean(lengths),
            "success_rate": mean(successes),
        }
        self._writer.evaluation(row)

    def checkpoint(self, content: Path | str | Mapping[str, object]) -> None:
        """Audits a checkpoint, a file or its mapping, made of the weights as they are now.

        Of a file that cannot be read without running code from it, it is said why.
        """
        self._safely(self._audit.checkpoint, content)

    def findings(self) -> list[Finding]:
        """Returns what the wiring checks say so far."""
        if not self._is_closed:
            self._write_wiring()
            self._writer.commit()
        checks = select(load_checks([builtin_checks()]), ["wiring.*"])
        return run_checks(checks, load_run(self.folder))

    def pause(self) -> None:
        """Writes the folder as that of a finished run; `resume` says that it goes on after all."""
        self._is_over = True
        # Also where the recording broke off: the folder is to say so.
        safely = self._safely if self._is_closed else self._audit.listening.safely
        safely(self._pause)

    def _pause(self) -> None:
        self._write_wiring()
        self._writer.settle(self._outcome())

    def resume(self, *, anew: bool = False) -> None:
        """Says that the training goes on after a `pause`.

        Args:
            anew: Whether the environments begin new episodes.
        """
        self._is_over = False
        if anew:
            self._episodes.clear()
        self._safely(self._writer.go_on)

    def close(self, *, error: str = "") -> None:
        """Removes every hook and finishes the folder; the networks are as they were.

        Args:
            error: Why the training broke off, "" if it did not; ignored after a `pause`.
        """
        if self._is_closed:
            return
        safely = self._audit.listening.safely  # as in `pause`
        safely(self._audit.detach)
        safely(self._write_wiring)
        self._is_closed = True
        safely(self._writer.finish, self._outcome("" if self._is_over else error))

    def _outcome(self, error: str = "") -> Outcome:
        updates = (self._audit.counts["critic"], self._audit.counts["actor"])
        status: Literal["crashed", "finished"] = "crashed" if error else "finished"
        return Outcome(status, self._position(), None, *updates, error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(error=f"{type(error).__name__}: {error}" if error else "")

    def _safely(self, act: Callable[..., None], *args: object, **kwargs: object) -> None:
        """Does something; if that breaks, recording ends and the training goes on."""
        if self._is_silent:
            return
        if self._is_closed:
            self._is_silent = True
            LOG.warning("rca: %s is closed: what is told from now on is not recorded", self.folder)
            return
        try:
            act(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  it must not cost the user his run
            self._is_silent = True
            self._audit.listening.fail(error)

    def _before_step(self, part: str, optimizer: torch.optim.Optimizer, calls: list[Call]) -> None:
        self._measures.values(calls)
        if part and self._audit.counts[part] % self._every == 1 % self._every:
            self._measures.gradients(optimizer)

    def _after_update(self, looked: bool) -> None:
        self._count()
        if looked:
            self._measures.drift()
            self._write_wiring()

    def _readings(self, readings: Mapping[str, float]) -> None:
        for name, value in readings.items():
            signal, unit = READINGS.get(name, (f"user/{name}", ""))
            self._signal(signal, unit, value)

    def _signal(self, name: str, unit: str, value: float) -> None:
        self._writer.signal(name, unit, self._position(), value)

    def _position(self) -> int:
        """Returns environment steps so far, or updates as long as nobody tells of steps."""
        return self._before + self._steps if self._steps else self._audit.counts["critic"]

    def _count(self) -> None:
        self._writer.count(
            self._position(), self._audit.counts["critic"], self._audit.counts["actor"]
        )

    def _write_wiring(self) -> None:
        facts, error = self._audit.facts(), self._remembered.error
        unseen = {**facts.unseen, **({"memory": error} if error else {})}
        also = {"memory": self._remembered.facts(), "unseen": unseen}
        write_json(self.folder / WIRING, facts.model_copy(update=also).plain())
