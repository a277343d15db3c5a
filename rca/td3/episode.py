"""An episode under way: what is counted of it until it ends."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rca.config import AgentConfig
from rca.td3.events import EpisodeEnded
from rca.td3.replay import Obs

NEGLIGIBLE = 0.05
"""Weight of later rewards below which a cut-off return counts as whole (20:1)."""
MOVING = 1e-3
"""m/s from which a car moves at all; the speed that is observed shows it."""


@dataclass
class Episode:
    """An episode under way.

    Attributes:
        index: Episodes before it.
        start_step: Environment steps before it.
        length: Steps so far.
        total: Undiscounted sum of rewards so far.
        discounted: Discounted sum of rewards as learned from so far.
        guided: Whether the scripted driver drives the present stretch of the random phase.
        waits: Whether what shows motion in the observation is still as at the reset.
        moved: Steps in which the car moved meanwhile.
        actions: Executed so far in training, in [-1, 1]. [length][action]
        last: Observation after the last of them.
    """

    config: AgentConfig

    index: int
    start_step: int
    length: int = 0
    total: float = 0.0
    discounted: float = 0.0
    guided: bool = False
    waits: bool = True
    moved: int = 0
    actions: list[NDArray[np.float32]] = field(default_factory=list)
    last: Obs = field(default_factory=dict)

    def age(self, speed: float, *, changed: bool) -> int | None:
        """Returns how many steps old the first change is that is observed, see Stepped."""
        self.waits = not changed
        if changed:
            return self.moved if self.moved or speed > MOVING else None
        self.moved += speed > MOVING
        return None

    def add(self, reward: float) -> None:
        """Counts a step."""
        weight = self.config.discount**self.length
        self.discounted += weight * learned_reward(reward, self.config)
        self.length += 1
        self.total += reward

    def ended(
        self,
        info: Mapping[str, Any],
        truncated: bool,
        first_value: float = math.nan,
        action_gap: float = math.nan,
    ) -> EpisodeEnded:
        """Returns the event of its end; what info does not say is NaN or ""."""
        is_cut_off = truncated and self.config.discount**self.length > NEGLIGIBLE
        return EpisodeEnded(
            step=self.start_step + self.length,
            start_step=self.start_step,
            index=self.index,
            length=self.length,
            episode_return=self.total,
            end_reason=info.get("end_reason") or ("time_out" if truncated else ""),
            success=float(info.get("success", math.nan)),
            collisions=float(info.get("collisions", math.nan)),
            distance=float(info.get("distance", math.nan)),
            frames=float(info.get("frame", math.nan)),
            terminated=not truncated,
            discounted_return=math.nan if is_cut_off else self.discounted,
            first_value=first_value,
            action_gap=action_gap,
            after_touch=float(info.get("after_touch", math.nan)),
        )


def learned_reward(reward: float, config: AgentConfig) -> float:
    """Returns a reward as the agent learns from it: scaled, then clipped."""
    scaled = config.reward_scale * reward
    bound = config.reward_clip
    return scaled if bound is None else float(np.clip(scaled, -bound, bound))
