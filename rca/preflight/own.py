"""rca's own TD3 as an agent to be examined: `rca probe agent rca.preflight.own:td3`."""

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from rca.build import Build, default_build
from rca.config import AgentConfig, BudgetConfig, EnvConfig, RunConfig
from rca.preflight.tasks import Picture, Task
from rca.td3.replay import Obs
from rca.td3.train import train


class WithVector(gym.ObservationWrapper[Obs, NDArray[np.float32], Picture]):
    """Gives one channel of the picture the company of a vector that says nothing."""

    def __init__(self, env: Task) -> None:
        super().__init__(env)
        vector = gym.spaces.Box(-1, 1, (1,), np.float32)
        image = gym.spaces.Box(0, 255, (1, *env.observation_space.shape[1:]), np.uint8)
        space: Any = gym.spaces.Dict(image=image, vector=vector)
        self.observation_space = space

    def observation(self, observation: Picture) -> Obs:
        """Returns picture and vector."""
        return _obs(observation)


class Own:
    """Our TD3 in a task.

    Attributes:
        build: What it is made of; faults change it.
    """

    def __init__(self, env: Task, build: Build) -> None:
        self.build = build
        self._training = build.training(WithVector(env), lambda event: None)

    def learn(self, steps: int) -> None:
        """Trains for the budget of the build; a second call is of no effect."""
        train(self._training)

    def act(self, picture: Picture) -> NDArray[np.float32]:
        """Returns the greedy action."""
        return self._training.agent.act(_obs(picture), 0.0, np.random.default_rng(0))

    def value(self, picture: Picture, action: NDArray[np.float32]) -> float:
        """Returns Q1."""
        return self._training.agent.value(_obs(picture), action)


def _obs(picture: Picture) -> Obs:
    return {"image": picture[:1], "vector": np.zeros(1, np.float32)}


def config(discount: float, seed: int, steps: int) -> RunConfig:
    """Returns settings under which our TD3 passes: a small network and quick steps."""
    return RunConfig(
        env=EnvConfig(image_size=36, frame_stack=1),
        agent=AgentConfig(
            encoder="small",
            features=32,
            batch_size=32,
            buffer_size=10_000,
            learning_starts=100,
            discount=discount,
            exploration_noise=0.3,
            critic_warmup=100,
            actor_lr=3e-4,
            critic_lr=1e-3,
            actor_encoder_lr=3e-4,
            critic_encoder_lr=1e-3,
            tau=0.05,
        ),
        budget=BudgetConfig(steps=steps, seed=seed, threads=1, eval_every=0, checkpoint_every=0),
    )


def td3(env: Task, discount: float, seed: int, steps: int = 700) -> Own:
    """Returns our TD3 for a task."""
    return Own(env, default_build(config(discount, seed, steps)))
