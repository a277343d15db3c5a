"""`rca.watch`: three lines in a trainer, and a run folder for `rca check` and `rca diagnose`."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from rca.attach.measures import Measures
from rca.checking import Finding, builtin_checks, load_checks, run_checks, select
from rca.errors import UsageError
from rca.runs.folder import RunWriter
from rca.runs.load import load_run
from rca.runs.manifest import WIRING, write_json
from rca.runs.record import END_REASONS, Outcome
from rca.wiring.actions import as_action
from rca.wiring.audit import Audit
from rca.wiring.calls import Call
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
) -> "Watch":
    """Attaches the probes and the wiring audit to a torch actor-critic that is not ours.

    Updates are found by hooks; training stays bit-identical. Told nothing else, a step of the
    record is an update. With `recorder.step(...)` per environment step the record counts steps,
    knows episodes, and the audit can ask whether the stored actions are the executed ones and
    whether time-outs bootstrap.

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
    manifest = {"watched": True, "declared": _plain(config or {})}
    writer = RunWriter.create(Path(out), None, manifest)
    return Watch(agent, named, writer, every)


class Watch:
    """Records a foreign trainer and audits its wiring; made by `watch`."""

    def __init__(
        self,
        agent: Agent,
        optimizers: Mapping[str, torch.optim.Optimizer],
        writer: RunWriter,
        every: int,
    ) -> None:
        self._writer = writer
        self._every = every
        self._steps = 0
        self._told_steps = False
        self._running: dict[int, list[float]] = {}
        self._closed = False
        self._is_silent = False
        self._measures = Measures(agent, self._signal)
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
        reward: float,
        *,
        terminated: bool = False,
        truncated: bool = False,
        action: object = None,
        info: Mapping[str, Any] | None = None,
        env: int = 0,
        **readings: float,
    ) -> None:
        """Tells of one environment step, after it was taken.

        Args:
            reward: As the environment gave it.
            terminated: Whether the episode ended by itself.
            truncated: Whether it was cut off.
            action: As executed, in the scale in which the replay memory should hold it.
            info: The environment's; `end_reason` and `is_success` are read.
            env: Number of the environment where several run side by side.
            readings: More values of this step, such as `noise` or `speed`; see READINGS.
        """
        executed = None if action is None else as_action(action)
        values = {name: float(value) for name, value in readings.items()}
        end = (terminated, truncated)
        self._safely(self._step, float(reward), *end, executed, info or {}, env, values)

    def _step(
        self,
        reward: float,
        terminated: bool,
        truncated: bool,
        action: NDArray[np.float32] | None,
        info: Mapping[str, Any],
        env: int,
        readings: Mapping[str, float],
    ) -> None:
        self._told_steps = True
        self._steps += 1
        if action is not None:
            self._audit.step(action, reward, terminated=terminated, truncated=truncated, env=env)
        rewards = self._running.setdefault(env, [])
        rewards.append(reward)
        if terminated or truncated:
            self._episode(
                length=len(rewards),
                episode_return=math.fsum(rewards),
                end_reason=_end_reason(info, truncated=truncated and not terminated),
                success=_success(info),
            )
            rewards.clear()
        self._signal("env/reward", "reward", reward)
        self._readings(readings)
        self._count()

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
        self, *, length: int, episode_return: float, end_reason: str | None, success: float
    ) -> None:
        if not self._told_steps:
            self._steps += length
        self._writer.episode(
            {
                "start_step": max(0, self._steps - length),
                "end_step": self._steps,
                "length": length,
                "return": episode_return,
                "end_reason": end_reason,
                "success": success,
            }
        )

    def update(self, **readings: float | torch.Tensor) -> None:
        """Tells of values that hooks cannot see: `critic_loss`, `actor_loss`, any other by name."""
        self._safely(self._readings, {name: float(value) for name, value in readings.items()})

    def evaluation(
        self,
        returns: Sequence[float],
        lengths: Sequence[float] = (),
        successes: Sequence[float] = (),
    ) -> None:
        """Tells of an evaluation: one value per episode in each list."""
        row: dict[str, object] = {
            "step": self._steps,
            "updates": self._audit.counts["critic"],
            "episodes": len(returns),
        }
        for name, values in (
            ("mean_return", returns),
            ("mean_length", lengths),
            ("success_rate", successes),
        ):
            row[name] = float(np.mean(values)) if len(values) else math.nan
        self._safely(self._writer.evaluation, row)

    def checkpoint(self, content: Path | str | Mapping[str, object]) -> None:
        """Audits a checkpoint, a file or its mapping, made of the weights as they are now.

        Raises:
            EvidenceError: The file cannot be read without unpickling foreign objects.
        """
        self._audit.checkpoint(content)

    def findings(self) -> list[Finding]:
        """Returns what the wiring checks say so far."""
        self._write_wiring()
        self._writer.commit()
        checks = select(load_checks([builtin_checks()]), ["wiring.*"])
        return run_checks(checks, load_run(self.folder))

    def close(self, *, error: str = "") -> None:
        """Removes every hook and finishes the folder; the networks are as they were.

        Args:
            error: Why the training broke off, "" if it did not.
        """
        if self._closed:
            return
        self._closed = True
        self._audit.detach()
        self._safely(self._write_wiring)
        updates = (self._audit.counts["critic"], self._audit.counts["actor"])
        outcome = Outcome(
            "crashed" if error else "finished", self._position(), None, *updates, error
        )
        self._audit.listening.safely(self._writer.finish, outcome)

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
        listening = self._audit.listening
        if self._is_silent:
            return
        try:
            act(*args, **kwargs)
        except Exception as error:  # noqa: BLE001  it must not cost the user his run
            self._is_silent = True
            listening.fail(error)

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
            self._signal(signal, unit, float(value))

    def _signal(self, name: str, unit: str, value: float) -> None:
        self._writer.signal(name, unit, self._position(), value)

    def _position(self) -> int:
        """Returns environment steps so far, or updates where nobody tells of steps."""
        return self._steps if self._steps else self._audit.counts["critic"]

    def _count(self) -> None:
        self._writer.count(
            self._position(), self._audit.counts["critic"], self._audit.counts["actor"]
        )

    def _write_wiring(self) -> None:
        write_json(self.folder / WIRING, self._audit.facts().plain())


def _end_reason(info: Mapping[str, Any], *, truncated: bool) -> str | None:
    said = info.get("end_reason")
    if said in END_REASONS:
        return str(said)
    return "time_out" if truncated else None


def _success(info: Mapping[str, Any]) -> float:
    said = info.get("is_success", info.get("success"))
    return float(said) if isinstance(said, bool | int | float | np.bool_ | np.number) else math.nan


def _plain(config: Mapping[str, object]) -> dict[str, object]:
    """Returns a config as JSON values; what is none becomes text."""
    found: dict[str, object] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            found[str(key)] = _plain({str(k): v for k, v in value.items()})
        else:
            is_json = isinstance(value, bool | int | str | None) or (
                isinstance(value, float) and math.isfinite(value)
            )
            found[str(key)] = value if is_json else str(value)
    return found
