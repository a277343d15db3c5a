"""The batches that Stable-Baselines3's replay memories draw, told to a recorder."""

from functools import partial
from typing import Any

from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.her.her_replay_buffer import HerReplayBuffer

from rca.attach.watch import Watch

PARTS = ("observations", "actions", "rewards", "next_observations", "dones")


class Drawing:
    """Stands in for `sample` of one memory, and returns what it returns.

    Pickled or copied with the memory, as by `save_replay_buffer`, it is that memory's own `sample`.
    """

    def __init__(self, memory: ReplayBuffer, recorder: Watch) -> None:
        """Listens from now on, unless what the memory holds did not take place (HER)."""
        self._memory = memory
        self._sample = memory.sample
        self._recorder = recorder
        if not isinstance(memory, HerReplayBuffer):
            memory.sample = self  # type: ignore[method-assign]

    def __call__(self, batch_size: int, *others: Any, **named: Any) -> Any:  # noqa: ANN401  any memory's
        """Returns a batch as the memory draws it."""
        drawn = self._sample(batch_size, *others, **named)
        if all(hasattr(drawn, part) for part in PARTS):
            obs, action, reward, next_obs, done = (getattr(drawn, part) for part in PARTS)
            self._recorder.batch(
                obs=obs, action=action, reward=reward, next_obs=next_obs, terminated=done
            )
        return drawn

    def __reduce__(self) -> tuple[Any, ...]:
        return partial, (type(self._memory).sample, self._memory)

    def end(self) -> None:
        """Leaves the memory as it was."""
        if vars(self._memory).get("sample") is self:
            del self._memory.sample
