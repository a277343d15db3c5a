"""How a fault gets into a Build: other settings, another agent, memory or environment."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray

from rca.build import Build
from rca.config import RunConfig
from rca.td3.agent import TD3
from rca.td3.networks import Shapes
from rca.td3.replay import Replay
from rca.td3.streams import Streams
from rca.td3.train import Env

Wrap = Callable[[Env], Env]


def with_settings(build: Build, **settings: object) -> Build:
    """Returns the Build with other settings, such as `agent__tau=1.0`; they are recorded."""
    tree = build.config.model_dump()
    for key, value in settings.items():
        *sections, leaf = key.split("__")
        branch: dict[str, Any] = tree
        for section in sections:
            branch = branch[section]
        branch[leaf] = value
    return replace(build, config=RunConfig.model_validate(tree))


def with_agent(build: Build, kind: type[TD3]) -> Build:
    """Returns the Build with a subclass of the agent."""

    def make(config: RunConfig, shapes: Shapes, streams: Streams) -> TD3:
        return kind(config.agent, shapes, init=streams.init, smoothing=streams.smoothing)

    return replace(build, make_agent=make)


def with_altered_agent(build: Build, alter: Callable[[TD3], None]) -> Build:
    """Returns the Build whose agent is altered once it is made."""
    before = build.make_agent

    def make(config: RunConfig, shapes: Shapes, streams: Streams) -> TD3:
        agent = before(config, shapes, streams)
        alter(agent)
        return agent

    return replace(build, make_agent=make)


def with_replay(build: Build, kind: type[Replay]) -> Build:
    """Returns the Build with a subclass of the replay memory."""

    def make(config: RunConfig, shapes: Shapes) -> Replay:
        return kind(config.agent.buffer_size, shapes)

    return replace(build, make_replay=make)


def with_wrapper(build: Build, wrap: Wrap, *, evaluation: bool = True) -> Build:
    """Returns the Build with a wrapper around the environment trained in.

    Args:
        build: Changed.
        wrap: Puts the wrapper around an environment.
        evaluation: Whether the one evaluated in gets it too.
    """
    train, evaluate = build.make_env, build.make_eval_env

    def make_env(config: RunConfig, host: str, port: int) -> Env:
        return wrap(train(config, host, port))

    def make_eval_env(config: RunConfig, host: str, port: int) -> Env:
        return wrap(evaluate(config, host, port))

    wrapped = replace(build, make_env=make_env)
    return replace(wrapped, make_eval_env=make_eval_env) if evaluation else wrapped


def without_group(optimizer: torch.optim.Optimizer, name: str) -> None:
    """Takes a module's weights out of an optimizer."""
    optimizer.param_groups[:] = [g for g in optimizer.param_groups if g["name"] != name]


Step = tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]
Action = NDArray[np.float32]
Wrapper = gym.Wrapper[Any, Action, Any, Action]
