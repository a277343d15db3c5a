"""Steps of our own driving task, held against the simulator's own account of the car.

What the agent chose, was shown and was paid may be changed on its way to the car and back, by
wrappers and by code that is overridden. The vehicle knows which control it was given and where it
is; what follows from that by the settings is computed plainly (`rca.envs.plain`) and compared. The
route, the picture, collisions and touched markings are taken as the innermost environment has them.
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
from rca.td3.events import EpisodeBegan, Event, Stepped
from rca.wiring.recomputed import WorldFacts

if TYPE_CHECKING:
    from rca.envs.rig import Rig  # needs a carla wheel, which not every machine has

LOG = logging.getLogger("rca")
Pixels = NDArray[np.uint8]
CLOSE = 1e-4
"""Difference of two controls or entries of a vector, and relative difference of two rewards, from
which they are two; float32 leaves 1e-6."""
NOTHING = 1e-5
"""Reward that is none: a thousandth of what a slow step earns."""
MEMORY = 20
"""Earlier steps whose observation a late one may be: a second."""
STATE = ("speed", "lateral offset", "heading error")
"""First entries of a vector; route points follow."""


UNSCALED = "vector unscaled"


class World(Protocol):
    """What is asked of the environment: `rca.envs.driving.DrivingEnv` without its wrappers."""

    rig: "Rig"
    route: Route


class Witnessing:
    """Listens to episodes' beginnings and steps, and asks the simulator about each."""

    def __init__(self, config: EnvConfig, world: Callable[[], World | None]) -> None:
        """Compares nothing yet: an episode that is under way is left out.

        Args:
            config: The task as it is declared.
            world: Returns the environment that a step was taken in; None: of another kind.
        """
        self._config, self._world = config, world
        self._episode: PlainEpisode | None = None
        self._route: Route | None = None
        self._routes: set[int] = set()
        self._images: deque[Pixels] = deque(maxlen=config.frame_stack + MEMORY)
        self._vectors: deque[NDArray[np.float64]] = deque(maxlen=MEMORY)
        self._steps = self._begun = self._ends = 0
        self._other: Counter[str] = Counter()
        self._error = ""

    def __call__(self, event: Event) -> None:
        """Compares; an error ends the comparing and no more."""
        if self._error or not isinstance(event, EpisodeBegan | Stepped):
            return
        try:
            if isinstance(event, EpisodeBegan):
                self._begin(event)
            else:
                self._step(event)
        except Exception as error:  # noqa: BLE001  whatever it is, the training goes on
            self._error = f"{type(error).__name__}: {error}"
            LOG.warning("steps are compared no more, training goes on: %s", self._error)

    def facts(self) -> WorldFacts | None:
        """Returns what was found as plain data; None where no such task was driven."""
        if not self._begun and not self._error:
            return None
        return WorldFacts(
            steps=self._steps,
            begun=self._begun,
            routes=len(self._routes),
            ends=self._ends,
            other=self._other,
            error=self._error,
        )

    def _begin(self, event: EpisodeBegan) -> None:
        world = self._world()
        if world is None:
            return
        self._route = world.route
        self._episode = PlainEpisode(self._config, world.route.points[:, :2], _car(world.rig))
        self._begun += 1
        self._routes.add(hash(world.route.points.tobytes()))
        self._images.clear()
        self._vectors.clear()
        self._images.extend([world.rig.reading.sensed.image] * self._config.frame_stack)
        self._hold_image(event.image, "first picture")
        apart = _apart(event.vector, self._episode.vector)
        if apart.max() > CLOSE:
            is_unscaled = UNSCALED in _entries(event.vector, apart)
            self._note(UNSCALED if is_unscaled else "first vector", True)
        self._vectors.append(self._episode.vector)

    def _step(self, event: Stepped) -> None:
        world = self._world() if event.stored else None  # a failed simulator says nothing
        if world is None or event.vector is None or event.image is None:
            self._episode = None
        elif self._episode and world.route is not self._route:
            self._note("route", True)  # somebody else has begun another episode
            self._episode = None
        if world is None or event.vector is None or event.image is None or not self._episode:
            return
        car = _car(world.rig)
        due = self._episode.step(car)
        self._steps += 1
        self._ends += bool(due.ending)
        self._hold_controls(event.action, car)
        self._images.append(world.rig.reading.sensed.image)
        self._hold_image(event.image, "picture")
        self._hold_vector(event.vector, due.vector)
        self._hold_payment(event, due)

    def _hold_controls(self, action: NDArray[np.float32], car: Car) -> None:
        steer, pedal = (float(value) for value in np.clip(action, -1.0, 1.0))
        brake = self._config.max_brake * max(-pedal, 0.0)
        self._note("steering", abs(car.steer - steer) > CLOSE)
        off = max(abs(car.throttle - max(pedal, 0.0)), abs(car.brake - brake))
        self._note("pedal", off > CLOSE)

    def _hold_image(self, image: Pixels, what: str) -> None:
        """Compares all frames of a picture with the camera's last ones."""
        if not np.array_equal(image, self._stack(0)):
            earlier = range(1, len(self._images) - self._config.frame_stack + 1)
            is_late = any(np.array_equal(image, self._stack(late)) for late in earlier)
            self._note("picture late" if is_late else what, True)

    def _stack(self, late: int) -> Pixels:
        """Returns a picture, [frames, height, width], that is so many steps late."""
        end = len(self._images) - late
        return np.stack([self._images[at] for at in range(end - self._config.frame_stack, end)])

    def _hold_vector(self, vector: NDArray[np.float32], due: NDArray[np.float64]) -> None:
        apart = _apart(vector, due)
        if apart.max() > CLOSE:
            is_late = any(_apart(vector, was).max() <= CLOSE for was in self._vectors)
            for what in {"vector late"} if is_late else _entries(vector, apart):
                self._note(what, True)
        self._vectors.append(due)

    def _hold_payment(self, event: Stepped, due: Due) -> None:
        """Compares reward and flag; terms that the settings do not know are taken as declared."""
        declared = (event.reward_terms[name] for name in event.reward_terms.keys() - due.terms)
        wanted = math.fsum([*due.terms.values(), *declared])
        self._note("reward", not abs(event.reward - wanted) <= NOTHING + CLOSE * abs(wanted))
        is_over = event.terminated or event.truncated
        if due.ending == "time_out":
            self._note("time-out terminal", event.terminated)
            self._note("time-out missing", not is_over)
        else:
            self._note("ending missing", bool(due.ending) and not event.terminated)
            self._note("ending added", event.terminated and not due.ending)

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
    """Returns how far each entry is from what is due; infinitely if they are not as many."""
    if vector.shape != due.shape:
        return np.array([math.inf])
    return np.nan_to_num(np.abs(vector - due), nan=math.inf, posinf=math.inf)


def _entries(vector: NDArray[np.float32], apart: NDArray[np.float64]) -> set[str]:
    """Names the entries that are other ones: UNSCALED if any is beyond the range."""
    if len(apart) != vector.size:
        return {"vector shape"}
    if np.abs(vector).max(initial=0.0) > 1.0 + CLOSE:
        return {UNSCALED}
    names = [*STATE, *["route points"] * max(0, len(apart) - len(STATE))]
    return {name for name, off in zip(names, apart, strict=False) if off > CLOSE}
