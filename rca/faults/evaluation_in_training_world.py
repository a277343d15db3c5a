"""The evaluation drives in the environment that is trained in."""

from dataclasses import replace
from typing import Any

import numpy as np

from rca.build import Build
from rca.config import RunConfig
from rca.faults import fault
from rca.faults._plant import Action, Step, Wrapper
from rca.td3.train import Env


class Stacked(Wrapper):
    """Stacks frames itself, around the environment that the evaluation uses too."""

    def reset(self, **options: Any) -> tuple[Any, dict[str, Any]]:
        obs, info = self.env.reset(**options)
        self._stack = obs["image"]
        return obs, info

    def step(self, action: Action) -> Step:
        obs, reward, terminated, truncated, info = self.env.step(action)
        self._stack = np.concatenate([self._stack[1:], obs["image"][-1:]])
        return {**obs, "image": self._stack}, float(reward), terminated, truncated, info


class Borrowed(Wrapper):
    """Leaves the environment open for whoever made it."""

    def close(self) -> None:
        pass


@fault(
    "evaluation_in_training_world",
    causes=("evaluation_disturbs_simulator",),
    caught_by=("evaluation.foreign_steps",),
    source="defect D03",
)
def evaluation_in_training_world(build: Build) -> Build:
    """Evaluations reset and step the environment that is trained in."""
    made: list[Env] = []

    def make_env(config: RunConfig, host: str, port: int) -> Env:
        made.append(build.make_env(config, host, port))
        return Stacked(made[-1])

    def make_eval_env(config: RunConfig, host: str, port: int) -> Env:
        return Borrowed(made[-1])

    return replace(build, make_env=make_env, make_eval_env=make_eval_env)
