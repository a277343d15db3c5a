"""Build: a config and the factories that turn it into a run. Change: one thing done to a Build."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from rca.config import RunConfig
from rca.errors import UsageError
from rca.td3.agent import TD3
from rca.td3.events import Emit
from rca.td3.networks import Shapes
from rca.td3.replay import Replay
from rca.td3.streams import Streams
from rca.td3.train import HELD_OUT, Env, Guide, Training

MakeEnv = Callable[[RunConfig, str, int], Env]
"""Called with the config and the host and port of a running CARLA server."""
MakeAgent = Callable[[RunConfig, Shapes, Streams], TD3]
MakeReplay = Callable[[RunConfig, Shapes], Replay]
MakeGuide = Callable[[RunConfig], Guide | None]


@dataclass(frozen=True)
class Build:
    """What a run is made of; faults and fixes replace parts of it (`dataclasses.replace`).

    Attributes:
        config: Every setting.
        make_env: Makes the environment trained in.
        make_eval_env: Makes the one evaluated in.
        make_agent: Makes the agent.
        make_replay: Makes the replay memory.
        make_guide: Makes the scripted driver of the random phase, None for uniform actions.
    """

    config: RunConfig
    make_env: MakeEnv
    make_eval_env: MakeEnv
    make_agent: MakeAgent
    make_replay: MakeReplay
    make_guide: MakeGuide

    def training(self, env: Env, emit: Emit) -> Training:
        """Returns a run in an environment, ready for `rca.td3.train.train`.

        Args:
            env: As `make_env` made it.
            emit: Told what happens.

        Raises:
            UsageError: The device asked for is not there.
        """
        shapes = Shapes.of(env)
        streams = Streams.spawn(self.config.budget.seed)
        agent = self.make_agent(self.config, shapes, streams)
        agent.to(chosen_device(self.config.budget.device))
        replay = self.make_replay(self.config, shapes)
        guide = self.make_guide(self.config)
        held_out = Replay(HELD_OUT, shapes)
        return Training(
            agent, replay, env, self.config, streams, emit, guide=guide, held_out=held_out
        )


def chosen_device(name: str) -> torch.device:
    """Returns the device that `budget.device` names.

    Raises:
        UsageError: It is not there.
    """
    is_there = torch.cuda.is_available()
    if name == "cuda" and not is_there:
        raise UsageError("budget.device cuda: torch sees no GPU; use --device auto or cpu")
    return torch.device("cuda" if is_there and name != "cpu" else "cpu")


@dataclass(frozen=True)
class Change:
    """One thing done to a Build; a fault and a fix are the same type.

    Attributes:
        id: Short name, such as `lr_mismatch`.
        title: One line for tables.
        apply: Returns the changed Build.
    """

    id: str
    title: str
    apply: Callable[[Build], Build]


def default_build(config: RunConfig) -> Build:
    """Returns TD3 in the driving task, nothing changed."""
    return Build(config, _driving_env, _driving_env, _td3, _replay, _guide)


def _driving_env(config: RunConfig, host: str, port: int) -> Env:
    from rca.envs.driving import DrivingEnv  # needs a carla wheel, which not every machine has

    return DrivingEnv(config.env, host=host, port=port)


def _td3(config: RunConfig, shapes: Shapes, streams: Streams) -> TD3:
    return TD3(config.agent, shapes, init=streams.init, smoothing=streams.smoothing)


def _replay(config: RunConfig, shapes: Shapes) -> Replay:
    return Replay(config.agent.buffer_size, shapes)


def _guide(config: RunConfig) -> Guide | None:
    if config.agent.random_phase == "uniform":
        return None
    from rca.envs.pursuit import PurePursuit  # carla, as above

    return PurePursuit(config.env)
