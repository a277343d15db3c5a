"""Episodes of a trainer that is not ours: summed up step by step, or told as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, SupportsFloat

from rca.attach.told import end_reason, number, success
from rca.runs.folder import RunWriter


@dataclass
class _Running:
    """An episode under way: the step of the record at which it began, and what is summed so far."""

    start_step: int
    length: int = 0
    total: float = 0.0


class Episodes:
    """Those under way, one in each environment."""

    def __init__(self, writer: RunWriter) -> None:
        self._writer = writer
        self._running: dict[int, _Running] = {}

    def step(
        self,
        position: int,
        reward: float,
        *,
        terminated: bool,
        truncated: bool,
        info: Mapping[str, Any],
        env: int,
    ) -> None:
        """Adds a step, and records the episode that ends with it.

        Args:
            position: Of the record behind the step.
            reward: As the environment gave it.
            terminated: Whether the episode ended by itself.
            truncated: Whether it was cut off.
            info: The environment's.
            env: Number of the environment.
        """
        running = self._running.setdefault(env, _Running(position - 1))
        running.length += 1
        running.total += reward
        if terminated or truncated:
            del self._running[env]
            self.over(
                start_step=running.start_step,
                end_step=position,
                length=running.length,
                episode_return=running.total,
                end_reason=end_reason(info, truncated=truncated and not terminated),
                success=success(info),
            )

    def over(
        self,
        *,
        start_step: int,
        end_step: int,
        length: int,
        episode_return: SupportsFloat,
        end_reason: str | None,
        success: SupportsFloat,
    ) -> None:
        """Records an episode."""
        self._writer.episode(
            {
                "start_step": start_step,
                "end_step": end_step,
                "length": length,
                "return": number(episode_return),
                "end_reason": end_reason,
                "success": number(success),
            }
        )

    def clear(self) -> None:
        """Forgets those under way: the environments begin new ones."""
        self._running.clear()
