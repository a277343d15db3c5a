"""What the trainer tells; whoever listens (probes, recorder, progress display) is given to it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

    from rca.td3.agent import TD3
    from rca.td3.replay import Batch

Phase = Literal["random", "learning"]


@dataclass(frozen=True, slots=True)
class EpisodeBegan:
    """The environment was reset and an episode begins.

    Attributes:
        step: Environment steps taken so far.
        image: Of the first observation, oldest frame first, valid during the call. [frames, height,
            width]
        vector: Of the first observation, valid during the call. [vector]
    """

    step: int
    image: NDArray[np.uint8]
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Stepped:
    """An environment step was taken, and stored unless the simulator failed in it.

    Attributes:
        step: Environment steps taken so far, from 1.
        phase: "random" while actions are drawn uniformly, "learning" afterwards.
        action: Executed action, in [-1, 1]. [action]
        applied: What the environment says that it got; None if it does not say. [action]
        reward: Of this step.
        terminated: Whether it ended the episode.
        truncated: Whether the episode was cut off with it.
        stored: Whether it went into the replay memory.
        stack_moves: Whether the older frames of the next observation are the newer ones of this;
            None with a single frame.
        age: At the step at which an episode's vector (without one: picture) first changes, the
            steps before it in which the car had moved; else, and if it changes without the car
            moving, None.
        reward_terms: Its named parts; empty if the environment does not report them.
        speed: m/s; NaN if the environment does not report it.
        traffic_speed: Mean of the other cars, m/s; NaN without any, or if it is not reported.
        noise: Standard deviation of the exploration noise; NaN in the random phase.
        seconds: Wall-clock seconds that the environment took.
        replay_size: Transitions in the replay memory now.
        image: The next observation's, grey, oldest frame first, valid during the call; None where a
            trainer shows none. [frames, height, width]
        vector: The next observation's, valid during the call; None likewise. [vector]
        max_brake: Brake that the action's last entry, a pedal, gives at -1; at 1 it gives full
            throttle. NaN if the environment does not say that it is one.
    """

    step: int
    phase: Phase
    action: NDArray[np.float32]
    applied: NDArray[np.float32] | None
    reward: float
    terminated: bool
    truncated: bool
    stored: bool
    stack_moves: bool | None
    age: int | None
    reward_terms: Mapping[str, float]
    speed: float
    traffic_speed: float
    noise: float
    seconds: float
    replay_size: int
    image: NDArray[np.uint8] | None = None
    vector: NDArray[np.float32] | None = None
    max_brake: float = math.nan

    @property
    def frame(self) -> NDArray[np.uint8] | None:
        """The newest frame, [height, width], of the next observation."""
        return None if self.image is None else self.image[-1]


@dataclass(frozen=True, slots=True)
class Redriven:
    """A step was driven again to bring an episode to where its checkpoint was made.

    It was told, stored and counted when it was taken first; who remembers the steps of an episode
    sees it once more.

    Attributes:
        step: Environment steps taken when it was taken first.
        phase: As then, see Stepped.
        action: Executed, as then. [action]
        frame: Newest frame of the next observation, valid during the call. [height, width]
    """

    step: int
    phase: Phase
    action: NDArray[np.float32]
    frame: NDArray[np.uint8] | None = None


@dataclass(frozen=True, slots=True)
class EpisodeEnded:
    """An episode was over.

    Attributes:
        step: Environment steps taken so far.
        start_step: Environment steps taken before the episode.
        index: Episodes before it.
        length: Steps.
        episode_return: Undiscounted sum of rewards.
        end_reason: As `info["end_reason"]` names it, "time_out" for a truncation.
        success: 1.0, 0.0, or NaN if the environment does not say.
        collisions: Number, NaN if the environment does not say.
        frames: Steps since its reset as the environment counts them, NaN if it does not say.
        terminated: Whether it counts as ended by itself; False where it was cut off.
        distance: Metres along the route, NaN if the environment does not say.
        discounted_return: Discounted sum of rewards as the agent learns from them; NaN if the
            episode was cut off while later rewards would still have counted.
        first_value: Q1 of its first state and action; NaN outside evaluations.
        action_gap: Largest difference between two greedy actions for its first observation, 0
            without noise; NaN outside evaluations.
        after_touch: Steps from the first touch of a lane marking to the end; NaN if there was none
            or the environment does not say.
    """

    step: int
    start_step: int
    index: int
    length: int
    episode_return: float
    end_reason: str
    success: float
    collisions: float
    distance: float
    frames: float
    terminated: bool
    discounted_return: float = math.nan
    first_value: float = math.nan
    action_gap: float = math.nan
    after_touch: float = math.nan


@dataclass(frozen=True, slots=True, eq=False)
class CriticGrads:
    """The critics' gradients are there and not yet applied.

    Attributes:
        step: Environment steps taken so far.
        update: Critic updates so far, this one included.
        agent: Before the update.
        batch: What it is computed on.
    """

    step: int
    update: int
    agent: "TD3"
    batch: "Batch"


@dataclass(frozen=True, slots=True, eq=False)
class ActorGrads:
    """The actor's gradients are there and not yet applied.

    TD3 here leaves the critics' `.grad` alone; a foreign trainer's may hold both losses' sum now.
    """

    step: int
    update: int
    agent: "TD3"


@dataclass(frozen=True, slots=True, eq=False)
class Updated:
    """An update is complete.

    Attributes:
        step: Environment steps taken so far.
        update: Critic updates so far, from 1.
        agent: After the update.
        batch: What it was computed on.
        q1: First critic's values of the batch, before the update. [batch]
        q2: The second's. [batch]
        target: What both were regressed on. [batch]
        critic_loss: Sum of both mean squared errors.
        actor_loss: None if this update left the actor alone.
    """

    step: int
    update: int
    agent: "TD3"
    batch: "Batch"
    q1: "torch.Tensor"
    q2: "torch.Tensor"
    target: "torch.Tensor"
    critic_loss: "torch.Tensor"
    actor_loss: "torch.Tensor | None"


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The policy was evaluated without exploration noise.

    Attributes:
        step: Environment steps of training so far.
        updates: Critic updates so far.
        episodes: One per evaluation episode; step and start_step count within the evaluation.
        held_out: Transitions of these episodes, which are never learned from; None if not kept.
        trained: As many that are learned from; None if there are none.
    """

    step: int
    updates: int
    episodes: tuple[EpisodeEnded, ...]
    held_out: "Batch | None" = None
    trained: "Batch | None" = None


Event = (
    EpisodeBegan
    | Stepped
    | Redriven
    | EpisodeEnded
    | CriticGrads
    | ActorGrads
    | Updated
    | Evaluated
)
Emit = Callable[[Event], None]
