"""Tiny tasks with a known answer: each needs one part of an agent more than the one before.

After Andy Jones, "Debugging RL, Without the Agonizing Pain" (2021), section "probe environments",
for pictures and continuous actions.
"""

from collections.abc import Callable
from dataclasses import dataclass

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

SIZE = 36
"""Pixels a side: the smallest that NatureCNN takes."""
Picture = NDArray[np.uint8]


def picture(level: int) -> Picture:
    """Returns a picture of one brightness, the lower half darker, [3, SIZE, SIZE]."""
    shown = np.full((3, SIZE, SIZE), level, np.uint8)
    shown[:, SIZE // 2 :] = level // 2
    return shown


DARK, BRIGHT, GREY = picture(20), picture(230), picture(120)


class Task(gym.Env[Picture, NDArray[np.float32]]):
    """An episode shows pictures in turn and pays by a rule.

    Args of the constructor:
        length: Steps of an episode.
        show: Returns the picture at a step of an episode, given whether it is a bright one and
            the first action.
        pay: Returns the reward of a step, given the step, whether it is a bright episode and the
            first action of the episode and this one's.
        cut_off: Whether the end is a time-out.
    """

    observation_space = gym.spaces.Box(0, 255, (3, SIZE, SIZE), np.uint8)
    action_space = gym.spaces.Box(-1, 1, (1,), np.float32)

    def __init__(
        self,
        length: int,
        show: Callable[[int, bool, float], Picture],
        pay: Callable[[int, bool, float, float], float],
        *,
        cut_off: bool = False,
    ) -> None:
        self.length, self.show, self.pay, self.cut_off = length, show, pay, cut_off

    def reset(
        self, *, seed: int | None = None, options: dict[str, object] | None = None
    ) -> tuple[Picture, dict[str, object]]:
        """Begins a bright or a dark episode."""
        super().reset(seed=seed)
        self.at, self.bright, self.first = 0, bool(self.np_random.integers(2)), 0.0
        return self.show(0, self.bright, 0.0), {}

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[Picture, float, bool, bool, dict[str, object]]:
        """Pays, and shows the next picture."""
        now = float(np.clip(action, -1, 1).ravel()[0])
        self.first = now if self.at == 0 else self.first
        reward = self.pay(self.at, self.bright, self.first, now)
        self.at += 1
        over = self.at == self.length
        shown = self.show(self.at, self.bright, self.first)
        return shown, reward, over and not self.cut_off, over and self.cut_off, {}


@dataclass(frozen=True)
class Exam:
    """A task, and what an agent that learned it says.

    Attributes:
        name: For tables.
        title: What has to work for it.
        make: Returns the environment.
        discount: The agent's.
        values: Wanted Q of a picture and an action. Empty: not asked.
        actions: Wanted greedy action for a picture. Empty: not asked.
        blame: Where to look if it fails though the ones before it passed.
        tolerance: Of values and actions.
    """

    name: str
    title: str
    make: Callable[[], Task]
    discount: float
    values: tuple[tuple[Picture, float, float], ...] = ()
    actions: tuple[tuple[Picture, float], ...] = ()
    blame: str = ""
    tolerance: float = 0.25


def _grey(step: int, bright: bool, first: float) -> Picture:
    return GREY


def _either(step: int, bright: bool, first: float) -> Picture:
    return BRIGHT if bright else DARK


def _in_turn(step: int, bright: bool, first: float) -> Picture:
    return (DARK, BRIGHT, GREY)[step]


def _tells(step: int, bright: bool, first: float) -> Picture:
    """Shows what the first action was: without it no critic could value that action."""
    return DARK if step == 0 else picture(round(140 + 90 * first))


EXAMS = (
    Exam(
        "one_step",
        "the value of a single reward",
        lambda: Task(1, _grey, lambda step, bright, first, now: 1.0),
        0.5,
        values=((GREY, 0.0, 1.0),),
        blame="the critic's loss, its optimizer, rewards in the memory, terminal states",
    ),
    Exam(
        "picture_decides",
        "a value that depends on the picture",
        lambda: Task(1, _either, lambda step, bright, first, now: 1.0 if bright else -1.0),
        0.5,
        values=((BRIGHT, 0.0, 1.0), (DARK, 0.0, -1.0)),
        blame="gradients into the critic's encoder, scaling of pictures, stored observations",
    ),
    Exam(
        "two_steps",
        "a value carried back over a step",
        lambda: Task(2, _in_turn, lambda step, bright, first, now: float(step == 1)),
        0.5,
        values=((BRIGHT, 0.0, 1.0), (DARK, 0.0, 0.5)),
        blame="discount, next observations in the memory, target networks",
    ),
    Exam(
        "action_decides",
        "an action that pays",
        lambda: Task(1, _grey, lambda step, bright, first, now: now),
        0.5,
        actions=((GREY, 1.0),),
        blame="the actor's loss and its sign, its optimizer, actions in the memory",
        tolerance=0.5,
    ),
    Exam(
        "picture_and_action",
        "an action that depends on the picture",
        lambda: Task(1, _either, lambda step, bright, first, now: now if bright else -now),
        0.5,
        actions=((BRIGHT, 1.0), (DARK, -1.0)),
        blame="the actor's encoder, and whose features its loss sees the critic through",
        tolerance=0.5,
    ),
    Exam(
        "delayed_reward",
        "an action that pays a step later",
        lambda: Task(2, _tells, lambda step, bright, first, now: first * (step == 1)),
        0.9,
        actions=((DARK, 1.0),),
        blame="bootstrapping of the value that the actor climbs; the order of stored steps",
        tolerance=0.5,
    ),
    Exam(
        "time_out",
        "a future beyond a time-out",
        lambda: Task(4, _grey, lambda step, bright, first, now: 1.0, cut_off=True),
        0.75,
        # cut off as if terminal, the value is 1 / (1 - 0.75 * 3 / 4) = 2.3: too low by 1.7
        values=((GREY, 0.0, 4.0),),
        blame="time-outs stored as terminal (Pardo et al. 2018)",
        tolerance=0.8,
    ),
)
