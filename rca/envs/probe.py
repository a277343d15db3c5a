"""What a reward configuration makes worth doing: six behaviours through the real reward code.

The car is a point on a straight route; its endings and rewards come from the same functions that
`DrivingEnv` calls.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from rca.config import EnvConfig
from rca.envs.ending import IDLE_SPEED, EndReason, Standing, end_reason
from rca.envs.reward import Situation, reward_terms

ACCELERATION = 2.5
"""Of a brisk start, m/s^2."""
CRUISE = 8.0
"""Speed of the driving behaviours, m/s: pure pursuit's."""
CRAWL = 2.0
"""Speed of trying and failing, and of reversing, m/s: about that of a random policy."""
DRIFT = 1.0
"""Sideways speed of leaving the road, m/s."""
TOUCH = 1.0
"""Lateral offset at which a car in a 3.5 m lane touches its marking, metres."""
TOUCH_SECONDS = 2.0
"""When the lane is touched, after the start."""


@dataclass(frozen=True)
class Moment:
    """What the car does in one step.

    Attributes:
        speed: Forward, m/s.
        lateral: Metres.
        collided: Whether it hits something.
        lane_touched: Whether it touches a marking.
    """

    speed: float
    lateral: float = 0.0
    collided: bool = False
    lane_touched: bool = False


@dataclass(frozen=True)
class Behaviour:
    """What one behaviour earns until its episode ends.

    Attributes:
        name: Such as "idle".
        steps: Length of the episode.
        end_reason: How it ended.
        terms: Each reward term, summed over the episode, undiscounted.
        total: Their sum.
        discounted: The episode's discounted return; after a time-out the last step's reward goes
            on for ever, as a learner that bootstraps there sees it.
        peak: The highest discounted return from any of its steps on: what a learner would lose
            there by ending the episode.
    """

    name: str
    steps: int
    end_reason: EndReason
    terms: dict[str, float]
    total: float
    discounted: float
    peak: float


@dataclass(frozen=True)
class Promise:
    """Something that a sound reward keeps.

    Attributes:
        text: What is promised.
        margin: Reward by which it holds; negative if it is broken.
    """

    text: str
    margin: float

    @property
    def holds(self) -> bool:
        """Whether it is kept."""
        return self.margin > 0


@dataclass(frozen=True)
class RewardProbe:
    """What behaviours are worth under one configuration.

    Attributes:
        discount: Weight of the next step.
        behaviours: By name.
        promises: What follows from them.
    """

    discount: float
    behaviours: dict[str, Behaviour]
    promises: tuple[Promise, ...]


def probe_reward(config: EnvConfig, discount: float) -> RewardProbe:
    """Returns what idling, driving and failing are worth.

    Args:
        config: The task, its reward included.
        discount: In [0, 1]; `agent.discount`. At 1 a time-out is the end: what comes after it
            has no finite worth.

    Raises:
        ValueError: The discount is not in [0, 1].
    """
    if not 0 <= discount <= 1:
        raise ValueError(f"discount must be in [0, 1], got {discount}")
    found = {
        name: _lived(name, moments, config, discount)
        for name, moments in _behaviours(config).items()
    }
    return RewardProbe(discount, found, _promises(found))


def _promises(found: dict[str, Behaviour]) -> tuple[Promise, ...]:
    worth = {name: behaviour.discounted for name, behaviour in found.items()}
    return (
        Promise("driving to the goal is worth more than nothing", worth["drive"]),
        Promise("driving is worth more than standing still", worth["drive"] - worth["idle"]),
        Promise(
            "trying and failing is worth more than standing still",
            worth["off_road"] - worth["idle"],
        ),
        Promise(
            "touching a lane costs less than leaving the road",
            worth["lane_touch"] - worth["off_road"],
        ),
        Promise("driving forward is worth more than backward", worth["drive"] - worth["reverse"]),
        Promise(
            "a collision costs more than driving on is worth",
            -found["collide"].terms["collision"] - found["drive"].peak,
        ),
    )


def _behaviours(config: EnvConfig) -> dict[str, Callable[[float], Moment]]:
    """Returns what the car does at a time in seconds after the start, by name."""
    length = _longest_route(config)
    duration = length / CRUISE + CRUISE / ACCELERATION / 2  # of driving it all
    limit = config.max_episode_steps * config.dt

    def speed(t: float, top: float = CRUISE) -> float:
        return min(top, ACCELERATION * t)

    def touch(t: float) -> Moment:
        touched = 0 <= t - TOUCH_SECONDS < config.dt - 1e-9
        return Moment(speed(t), TOUCH * touched, lane_touched=touched)

    return {
        "idle": lambda t: Moment(0.0),
        "drive": lambda t: Moment(speed(t)),
        "lane_touch": touch,
        "off_road": lambda t: Moment(
            speed(t, CRAWL), DRIFT * t, lane_touched=abs(DRIFT * t - TOUCH) < DRIFT * config.dt / 2
        ),
        # As late as can be: just before the goal or the time limit, when most has been earned.
        "collide": lambda t: Moment(speed(t), collided=t >= min(duration, limit) - 0.5),
        "reverse": lambda t: Moment(-speed(t, CRAWL)),
    }


def _longest_route(config: EnvConfig) -> float:
    return config.route_length * (1 + config.route_length_spread)


def _lived(
    name: str, moments: Callable[[float], Moment], config: EnvConfig, discount: float
) -> Behaviour:
    """Lives one episode of a behaviour."""
    length, along, idle_steps, step = _longest_route(config), 0.0, 0, 0
    terms: Counter[str] = Counter()
    rewards: list[float] = []
    reason = None
    while reason is None:
        step += 1
        now = moments(step * config.dt)
        idle_steps = idle_steps + 1 if abs(now.speed) < IDLE_SPEED else 0
        progress = now.speed * config.dt
        along += progress
        standing = Standing(
            now.collided, now.lane_touched, now.lateral, 0.0, length - along, step, idle_steps
        )
        reason = end_reason(standing, config)
        earned = reward_terms(
            Situation(progress, now.speed, now.lateral, 0.0, reason), config.reward
        )
        terms.update(earned)
        rewards.append(sum(earned.values()))
    goes_on = reason == "time_out" and discount < 1
    value = rewards[-1] / (1 - discount) if goes_on else 0.0
    returns = [value := reward + discount * value for reward in reversed(rewards)]
    total = math.fsum(terms.values())
    return Behaviour(name, step, reason, dict(terms), total, returns[-1], max(returns))
