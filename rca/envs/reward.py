"""What a step is worth: named terms, a pure function of what happened."""

from dataclasses import dataclass

from rca.config import RewardConfig
from rca.envs.ending import IDLE_SPEED, EndReason


@dataclass(frozen=True)
class Situation:
    """What one step brought.

    Attributes:
        progress: Metres gained along the route; negative when going back.
        speed: Forward speed after the step, m/s; negative when going back.
        lateral: Distance from the route, metres, positive to the right.
        steering_change: Difference to the previous step's steering, which spans [-1, 1].
        end_reason: Why the episode ended with this step; None if it goes on.
    """

    progress: float
    speed: float
    lateral: float
    steering_change: float
    end_reason: EndReason | None


def reward_terms(now: Situation, weights: RewardConfig) -> dict[str, float]:
    """Returns each weighted term of a step's reward; the reward is their sum."""
    ended = now.end_reason
    return {
        "progress": weights.progress * now.progress,
        "speed": weights.speed * speed_match(now.speed, weights.target_speed),
        "lane_keeping": weights.lane_keeping * -abs(now.lateral),
        "steering": weights.steering * -abs(now.steering_change),
        "idle": weights.idle * -(abs(now.speed) < IDLE_SPEED),
        "collision": weights.collision * -(ended == "collision"),
        "off_road": weights.off_road * -(ended in ("off_road", "wrong_way")),
        "stuck": weights.stuck * -(ended == "stuck"),
        "goal": weights.goal * (ended == "goal"),
    }


def speed_match(speed: float, target: float) -> float:
    """Returns 1 at the target speed, 0 at rest and at twice the target, -1 at the worst."""
    return min(1.0, max(-1.0, 1 - abs(speed - target) / target))
