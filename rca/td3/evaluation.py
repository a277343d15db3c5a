"""Evaluation: the same held-out episodes each time, driven without noise."""

import numpy as np

from rca.config import OnNan
from rca.td3.agent import TD3
from rca.td3.episode import Episode, learned_reward
from rca.td3.events import EpisodeEnded
from rca.td3.replay import Obs, Replay
from rca.td3.streams import episode_seed
from rca.td3.train import Env, drivable


class Evaluation:
    """Drives held-out episodes when called; disturbs neither training nor its generators."""

    def __init__(
        self,
        agent: TD3,
        env: Env,
        episodes: int,
        root: int,
        memory: Replay | None = None,
        on_nan: OnNan = "stop",
    ) -> None:
        """Prepares it.

        Args:
            agent: Drives.
            env: Another environment than the one trained in, whose episode must not be disturbed.
            episodes: Number of them.
            root: Of their seeds, `Streams.held_out`.
            memory: Gets the transitions of each evaluation in place of those of the one before.
            on_nan: `budget.on_nan`, see `drivable`.
        """
        self._agent = agent
        self._env = env
        self._episodes = episodes
        self._root = root
        self._memory = memory
        self._on_nan = on_nan
        self._unused = np.random.default_rng(0)  # no noise, no draw

    def __call__(self) -> tuple[EpisodeEnded, ...]:
        """Returns the episodes in order; their steps count within the evaluation."""
        if self._memory is not None:
            self._memory.clear()
        ended: list[EpisodeEnded] = []
        for index in range(self._episodes):
            ended.append(self._drive(index, ended[-1].step if ended else 0))
        return tuple(ended)

    def _drive(self, index: int, start_step: int) -> EpisodeEnded:
        agent, memory = self._agent, self._memory
        obs, _ = self._env.reset(seed=episode_seed(self._root, index))
        first_value, gap = self._first(obs)
        episode = Episode(agent.config, index, start_step)
        if memory is not None:
            memory.begin(obs)
        while True:
            action = drivable(agent.act(obs, 0.0, self._unused), self._on_nan)
            obs, reward, terminated, truncated, info = self._env.step(action)
            episode.add(float(reward))
            if info.get("end_reason") == "simulator_fault":
                return self._drive(index, start_step)  # the environment gives up after a few
            if memory is not None:
                memory.add(action, learned_reward(float(reward), agent.config), obs, terminated)
            if terminated or truncated:
                return episode.ended(info, truncated, first_value, gap)

    def _first(self, obs: Obs) -> tuple[float, float]:
        """Returns Q1 of the first action, and how far a second answer is from it."""
        first, again = (self._agent.act(obs, 0.0, self._unused) for _ in range(2))
        return self._agent.value(obs, first), float(np.abs(first - again).max())
