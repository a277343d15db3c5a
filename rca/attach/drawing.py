"""The batches that Stable-Baselines3's replay memories draw, told to a recorder."""

from typing import Any

from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.her.her_replay_buffer import HerReplayBuffer

from rca.attach.watch import Watch

PARTS = {
    "obs": "observations",
    "action": "actions",
    "reward": "rewards",
    "next_obs": "next_observations",
    "terminated": "dones",
}
"""What `Watch.batch` is told, and what a sample calls it."""


class Drawing:
    """Stands in for `sample` of one memory, and returns what it returns.

    Pickled or copied with the memory, as by `save_replay_buffer`, it is the memory's own `sample`.
    """

    def __init__(self, memory: ReplayBuffer, recorder: Watch, *, is_normalised: bool) -> None:
        """Listens from now on, unless what the memory holds did not take place (HER).

        Args:
            memory: Of the algorithm.
            recorder: Told of each batch.
            is_normalised: Whether batches are normalised (VecNormalize): flags alone are told.
        """
        if isinstance(memory.sample, Drawing):  # of a `learn` that broke off
            memory.sample.end()
        self._memory = memory
        self._own = vars(memory).get("sample")  # of who put another one in its place before
        self._sample = memory.sample
        self._recorder = recorder
        self._is_normalised = is_normalised
        if not isinstance(memory, HerReplayBuffer):
            memory.sample = self  # type: ignore[method-assign]

    def __call__(self, *args: Any, **named: Any) -> Any:  # noqa: ANN401  as any memory's
        """Returns a batch as the memory draws it."""
        drawn = self._sample(*args, **named)
        if all(hasattr(drawn, part) for part in PARTS.values()):
            told = {name: getattr(drawn, part) for name, part in PARTS.items()}
            if self._is_normalised:  # by statistics of now, not of when it was told
                told |= {"obs": None, "reward": None, "next_obs": None}
            self._recorder.batch(**told)
        return drawn

    def __reduce__(self) -> tuple[Any, ...]:
        return _sample_of, (self._memory, self._own)

    def end(self) -> None:
        """Leaves the memory as it was."""
        if vars(self._memory).get("sample") is not self:
            return
        del self._memory.sample
        if self._own is not None:
            self._memory.sample = self._own


def _sample_of(memory: ReplayBuffer, own: Any) -> Any:  # noqa: ANN401  as above
    """Returns what a copy of a memory draws by."""
    return own or type(memory).sample.__get__(memory)
