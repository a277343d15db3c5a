"""Steps of our own driving task, held against the simulator's own account of the car.

What the agent chose, was shown and was paid may be changed on its way to the car and back, by
wrappers and by code that is overridden. The vehicle knows which control it was given and where it
is; what follows from that by the settings is computed plainly (`rca.envs.plain`) and compared.
"""

import logging
import math
from collections import Counter, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rca.config import EnvConfig
from rca.envs.plain import Car, Due, PlainEpisode
from rca.envs.route import Route
from rca.td3.events import Stepped
from rca.wiring.recomputed import WorldFacts

if TYPE_CHECKING:
    from rca.envs.rig import Rig  # needs a carla wheel, which not every machine has

LOG = logging.getLogger("rca")
CLOSE = 1e-3
"""Difference of two controls or entries of a vector, and relative difference of two rewards, from
which they are two; float32 leaves 1e-6."""
MEMORY = 20
"""Earlier steps whose observation a late one may be: a second."""
STATE = ("speed", "lateral offset", "heading error")
"""First entries of a vector; route points follow."""


class World(Protocol):
    """What is asked of the environment: `rca.envs.driving.DrivingEnv` without its wrappers."""

    rig: "Rig"
    route: Route


class Witnessing:
    """Listens to steps and asks the simulator about each."""

    def __init__(
        self, config: EnvConfig, world: Callable[[], World | None], *, is_under_way: bool = False
    ) -> None:
        """Compares nothing yet.

        Args:
            config: The task as it is declared.
            world: Returns the environment that a step was taken in; None: of another kind.
            is_under_way: Whether the next step may lie within an episode, which is then left out.
        """
        self._config, self._world = config, world
        self._episode: PlainEpisode | None = None
        self._route: Route | None = None
        self._begins = not is_under_way
        self._seen: deque[tuple[NDArray[np.uint8], NDArray[np.float64]]] = deque(maxlen=MEMORY)
        self._steps = self._ends = 0
        self._other: Counter[str] = Counter()
        self._error = ""

    def step(self, event: Stepped) -> None:
        """Compares a step; an error ends the comparing and no more."""
        if self._error:
            return
        try:
            self._compare(event)
        except Exception as error:  # noqa: BLE001  whatever it is, the training goes on
            self._error = f"{type(error).__name__}: {error}"
            LOG.warning("steps are compared no more, training goes on: %s", self._error)

    def facts(self) -> WorldFacts:
        """Returns what was found as plain data."""
        return WorldFacts(steps=self._steps, ends=self._ends, other=self._other, error=self._error)

    def _compare(self, event: Stepped) -> None:
        world = self._world() if event.stored else None  # a failed simulator says nothing
        is_first, self._begins = self._begins, event.terminated or event.truncated
        if world is None or event.vector is None or event.frame is None:
            self._episode = None
            return
        if is_first:
            self._route = world.route
            self._episode = PlainEpisode(self._config, world.route.points[:, :2])
            self._seen.clear()
        elif self._episode and world.route is not self._route:
            self._note("route", True)  # somebody else has begun another episode
            self._episode = None
        if self._episode is None:
            return
        car = _car(world.rig)
        due = self._episode.step(car)
        self._steps += 1
        self._ends += bool(due.ending)
        self._hold_controls(event.action, car)
        self._hold_observation(event.frame, event.vector, world.rig.reading.sensed.image, due)
        self._hold_payment(event, due)

    def _hold_controls(self, action: NDArray[np.float32], car: Car) -> None:
        steer, pedal = (float(value) for value in np.clip(action, -1.0, 1.0))
        brake = self._config.max_brake * max(-pedal, 0.0)
        self._note("steering", abs(car.steer - steer) > CLOSE)
        off = max(abs(car.throttle - max(pedal, 0.0)), abs(car.brake - brake))
        self._note("pedal", off > CLOSE)

    def _hold_observation(
        self,
        frame: NDArray[np.uint8],
        vector: NDArray[np.float32],
        image: NDArray[np.uint8],
        due: Due,
    ) -> None:
        if not np.array_equal(frame, image):
            is_late = any(np.array_equal(frame, was) for was, _ in self._seen)
            self._note("picture late" if is_late else "picture", True)
        apart = _apart(vector, due.vector)
        if apart.max() > CLOSE:
            is_late = any(_apart(vector, was).max() <= CLOSE for _, was in self._seen)
            for what in {"vector late"} if is_late else _entries(vector, apart):
                self._note(what, True)
        self._seen.append((image, due.vector))

    def _hold_payment(self, event: Stepped, due: Due) -> None:
        """Compares reward and flag; terms that the settings do not know are taken as declared."""
        declared = (event.reward_terms[name] for name in event.reward_terms.keys() - due.terms)
        wanted = math.fsum([*due.terms.values(), *declared])
        self._note("reward", not abs(event.reward - wanted) <= CLOSE * max(1.0, abs(wanted)))
        is_final = due.ending not in {"", "time_out"}
        self._note("ending missing", is_final and not event.terminated)
        self._note("ending added", event.terminated and not is_final)

    def _note(self, what: str, is_other: bool) -> None:
        if is_other:
            self._other[what] += 1


def _car(rig: "Rig") -> Car:
    """Returns what the simulator says of our car after its newest tick."""
    vehicle: Any = rig.vehicle
    transform, velocity = vehicle.get_transform(), vehicle.get_velocity()
    control = vehicle.get_control()
    heading = math.radians(transform.rotation.yaw)
    return Car(
        x=transform.location.x,
        y=transform.location.y,
        heading=heading,
        speed=velocity.x * math.cos(heading) + velocity.y * math.sin(heading),
        steer=control.steer,
        throttle=control.throttle,
        brake=control.brake,
        collided=rig.reading.sensed.collided,
        lane_touched=rig.reading.sensed.lane_touched,
    )


def _apart(vector: NDArray[np.float32], due: NDArray[np.float64]) -> NDArray[np.float64]:
    """Returns how far each entry is from what is due; infinitely if it is none or not finite."""
    if vector.shape != due.shape:
        return np.array([math.inf])
    return np.nan_to_num(np.abs(vector - due), nan=math.inf, posinf=math.inf)


def _entries(vector: NDArray[np.float32], apart: NDArray[np.float64]) -> set[str]:
    """Names the entries that are another: "vector unscaled" if any is beyond the range."""
    if np.abs(vector).max(initial=0.0) > 1.0 + CLOSE:
        return {"vector unscaled"}
    names = [*STATE, *["route points"] * max(0, len(apart) - len(STATE))]
    return {name for name, off in zip(names, apart, strict=False) if off > CLOSE}
