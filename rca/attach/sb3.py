"""`RcaCallback`: Stable-Baselines3's TD3, DDPG and SAC, watched while they learn."""

import atexit
import os
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rca.attach.watch import EVERY, Watch, watch
from rca.errors import UsageError

try:
    from stable_baselines3.common.buffers import DictReplayBuffer, ReplayBuffer
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
except ImportError as error:
    raise UsageError(
        "RcaCallback needs stable-baselines3: pip install stable-baselines3"
    ) from error

from rca.attach.drawing import Drawing  # it needs stable-baselines3 too

DECLARED = (
    "learning_rate", "buffer_size", "learning_starts", "batch_size", "tau", "gamma", "policy_delay",
    "target_policy_noise", "target_noise_clip", "gradient_steps", "seed",
)  # fmt: skip
"""Attributes of an algorithm that are its configuration."""
BROKEN_OFF = "learn() did not come to its end"


class RcaCallback(BaseCallback):
    """Records a run and audits its wiring: `model.learn(..., callback=RcaCallback("runs/x"))`.

    After `learn` the record is that of a finished run. Another `learn` of the same model with the
    same callback goes on with it, until `close` or the interpreter's exit.

    Attributes:
        recorder: The recorder, from the start of training on.
    """

    def __init__(
        self,
        out: str | Path,
        *,
        every: int = EVERY,
        config: Mapping[str, object] | None = None,
        verbose: int = 0,
    ) -> None:
        """Prepares to record.

        Args:
            out: A new or empty folder for the run.
            every: Updates between two readings of gradient norms.
            config: What else was configured, beside what the algorithm says; `{"task": "driving"}`
                has the questions about driving asked where the environment's name does not.
            verbose: As in Stable-Baselines3.
        """
        super().__init__(verbose)
        self._out = Path(out)
        self._every = every
        self._config = dict(config or {})
        self._actor: object = None
        self.recorder: Watch | None = None
        self._drawing: Drawing | None = None

    def _on_training_start(self) -> None:
        model = self.model
        if not isinstance(model, OffPolicyAlgorithm) or not hasattr(model, "critic_target"):
            raise UsageError(
                f"RcaCallback: {type(model).__name__} is no actor-critic with a replay memory; "
                "use it with TD3, DDPG or SAC"
            )
        if self.recorder is None:
            parts = _parts(model)
            parts["config"] = {**parts["config"], **_world(model), **self._config}
            self.recorder = watch(out=self._out, every=self._every, **parts)
            self._actor = model.actor
            _keep(self, self.recorder)
        elif model.actor is not self._actor:
            raise UsageError(
                f"RcaCallback: {self._out} is the record of another model; give this one a "
                "callback of its own"
            )
        else:
            self.recorder.resume(anew=model.num_timesteps == 0)
        self._stop_drawing()
        if isinstance(model.replay_buffer, ReplayBuffer):
            is_normalised = model.get_vec_normalize_env() is not None
            self._drawing = Drawing(model.replay_buffer, self.recorder, is_normalised=is_normalised)

    def _on_step(self) -> bool:
        assert self.recorder is not None
        told = self.locals
        stored, normalised = told.get("buffer_actions"), self.model.get_vec_normalize_env()
        learned = told["rewards"]
        last, new = getattr(self.model, "_last_obs", None), told.get("new_obs")
        rewards = learned if normalised is None else normalised.get_original_reward()
        for number, (reward, pays, done, info) in enumerate(
            zip(rewards, learned, told["dones"], told["infos"], strict=True)
        ):
            here = _of(new, number)
            cut = bool(done) and bool(info.get("TimeLimit.truncated", False))
            self.recorder.step(
                float(reward),
                learned_reward=float(pays),
                terminated=bool(done) and not cut,
                truncated=cut,
                action=None if stored is None else np.asarray(stored[number]),
                obs=_of(last, number),
                next_obs=info.get("terminal_observation", here) if done else here,
                info=info,
                env=number,
            )
        return True

    def _on_training_end(self) -> None:
        assert self.recorder is not None
        self._stop_drawing()
        self.recorder.pause()
        # They hold the callback itself, which would keep it alive when nobody can go on with it.
        self.locals, self.globals = {}, {}

    def close(self) -> None:
        """Removes the hooks and finishes the folder; a later `learn` is not recorded."""
        self._stop_drawing()
        if self.recorder is not None:
            self.recorder.close(error=BROKEN_OFF)

    def _stop_drawing(self) -> None:
        if self._drawing is not None:
            self._drawing.end()
            self._drawing = None


_kept: list[tuple[int, weakref.ref[RcaCallback], Watch]] = []
"""Process, callback and recorder of what may be gone on with; a forked process has its parent's."""


def _keep(callback: RcaCallback, recorder: Watch) -> None:
    """Has a recorder closed at the interpreter's exit; closes those whose callbacks are gone."""
    for process, known, former in [*_kept]:
        if known() is None and process == os.getpid():
            former.close(error=BROKEN_OFF)
            _kept.remove((process, known, former))
    _kept.append((os.getpid(), weakref.ref(callback), recorder))


@atexit.register
def _close_all() -> None:
    for process, _, recorder in _kept:
        if process == os.getpid():
            recorder.close(error=BROKEN_OFF)


def _parts(model: Any) -> dict[str, Any]:  # noqa: ANN401  three classes without a common base
    """Returns what `watch` is to be told of an algorithm."""
    actor, critic = model.actor, model.critic
    parts: dict[str, Any] = {
        "actor": actor,
        "critic": critic,
        "optimizers": {"actor.optimizer": actor.optimizer, "critic.optimizer": critic.optimizer},
        "targets": {"critic": model.critic_target},
        "config": {name: _value(getattr(model, name, None)) for name in DECLARED},
        "n_step": _steps_summed(model.replay_buffer),
    }
    if getattr(model, "actor_target", None) is not None:
        parts["targets"]["actor"] = model.actor_target
    for name, online in (("actor", actor), ("critic", critic)):
        encoder = online.features_extractor
        if encoder is not None and any(True for _ in encoder.parameters()):
            parts[f"{name}_encoder"] = encoder
            target = parts["targets"].get(name)
            if target is not None:
                parts["targets"][f"{name}_encoder"] = target.features_extractor
    if parts.get("actor_encoder") is parts.get("critic_encoder"):
        parts["targets"].pop("actor_encoder", None)
    return parts


def _steps_summed(memory: ReplayBuffer | None) -> int | None:
    """Returns of how many steps a row is, None where somebody else's memory does not say."""
    if type(memory) in (ReplayBuffer, DictReplayBuffer):
        return 1
    steps = getattr(memory, "n_steps", None)
    return steps if isinstance(steps, int) else None


def _world(model: Any) -> dict[str, object]:  # noqa: ANN401  as above
    """Returns what an algorithm trains in, and how often; a step is one of any environment."""
    inner = model.env.envs[0].unwrapped if hasattr(model.env, "envs") else None
    spec = getattr(inner, "spec", None)
    found: dict[str, object] = {"n_envs": model.n_envs}
    if inner is not None:
        found["env_id"] = spec.id if spec is not None else type(inner).__name__
        found["environment"] = type(inner).__module__
    every = getattr(model.train_freq, "frequency", None)
    if every is not None and model.train_freq.unit.value == "step":
        found["train_freq"], found["steps_between_updates"] = every, every * model.n_envs
    elif spec is not None and spec.max_episode_steps:  # it trains behind whole episodes
        found["steps_between_updates"] = spec.max_episode_steps * model.n_envs
    return found


def _of(obs: Any, env: int) -> object:  # noqa: ANN401  an array, or one for each key
    """Returns what one of several environments shows, None if that is not known."""
    if isinstance(obs, dict):
        return {key: part[env] for key, part in obs.items()}
    return obs[env] if isinstance(obs, np.ndarray) else None


def _value(value: object) -> object:
    return value if isinstance(value, int | float | str | None) else type(value).__name__
