"""The car's sensors, read frame by frame: what a tick showed belongs to that tick."""

import queue
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import carla
import cv2
import numpy as np
from numpy.typing import NDArray

from rca.envs.connect import Connection

CAMERA_PLACE = carla.Transform(carla.Location(x=1.5, z=2.0), carla.Rotation(pitch=-10.0))
"""Above the bonnet, metres and degrees: the road from 4 m ahead fills the lower half."""
FIELD_OF_VIEW = 90
"""Of the camera, degrees."""
FIRST_FRAME_SECONDS = 0.5
"""Wall-clock seconds to wait for a new camera's frame before ticking again."""


@dataclass(frozen=True)
class Sensed:
    """What the sensors say of one tick.

    Attributes:
        image: Grey, top row first. [size, size]
        collided: Whether the car hit something.
        lane_touched: Whether it touched a lane marking.
    """

    image: NDArray[np.uint8]
    collided: bool
    lane_touched: bool


class Sensors:
    """A camera, a collision and a lane sensor on one car; their events wait in queues."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._actors: list[Any] = []
        self._callback: int | None = None
        self._images: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._snapshots: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._collisions: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._lane_touches: queue.SimpleQueue[int] = queue.SimpleQueue()

    def attach(self, vehicle: Any, image_size: int) -> None:  # noqa: ANN401  a carla.Vehicle
        """Spawns the sensors on a car and listens.

        Args:
            vehicle: `carla.Vehicle` that carries them.
            image_size: Width and height, pixels.

        Raises:
            RuntimeError: The server refuses or does not answer.
        """
        size = str(image_size)
        camera = {"image_size_x": size, "image_size_y": size, "fov": str(FIELD_OF_VIEW)}
        self._spawn(vehicle, "sensor.camera.rgb", CAMERA_PLACE, camera).listen(self._images.put)
        collisions = self._spawn(vehicle, "sensor.other.collision", carla.Transform(), {})
        collisions.listen(lambda event: self._collisions.put(event.frame))
        lanes = self._spawn(vehicle, "sensor.other.lane_invasion", carla.Transform(), {})
        lanes.listen(lambda event: self._lane_touches.put(event.frame))
        # The client computes lane touches on each snapshot, in order of subscription: once our own
        # callback has run, those of the same frame are known.
        self._callback = self._connection.world.on_tick(
            lambda snapshot: self._snapshots.put(snapshot.frame)
        )

    def _spawn(
        self,
        vehicle: Any,  # noqa: ANN401  a carla.Vehicle
        kind: str,
        place: Any,  # noqa: ANN401  a carla.Transform
        attributes: dict[str, str],
    ) -> Any:  # noqa: ANN401  a carla.Sensor
        world = self._connection.world
        blueprint = world.get_blueprint_library().find(kind)
        for name, value in attributes.items():
            blueprint.set_attribute(name, value)
        sensor = world.spawn_actor(blueprint, place, attach_to=vehicle)
        self._actors.append(sensor)
        return sensor

    def awake(self, frame: int) -> bool:
        """Says whether the camera has sent a frame; waits half a second for it."""
        with suppress(queue.Empty):
            while self._images.get(timeout=FIRST_FRAME_SECONDS).frame < frame:
                pass
            return True
        return False

    def read(self, frame: int) -> Sensed:
        """Returns what they say of a tick; waits for it.

        Raises:
            SimulatorFault: The image or the snapshot does not come in time.
        """
        image = self._await_image(frame)
        self._await_snapshot(frame)
        return Sensed(
            _grey(image), _emptied(self._collisions) > 0, _emptied(self._lane_touches) > 0
        )

    def _await_image(self, frame: int) -> Any:  # noqa: ANN401  a carla.Image
        timeout = self._connection.timeout
        try:
            while (image := self._images.get(timeout=timeout)).frame < frame:
                pass
        except queue.Empty:
            what = f"the camera image of frame {frame} did not come within {timeout:g} s"
            raise self._connection.fault(what) from None
        if image.frame != frame:
            what = f"the camera left out frame {frame} and sent frame {image.frame}"
            raise self._connection.fault(what)
        return image

    def _await_snapshot(self, frame: int) -> None:
        try:
            while self._snapshots.get(timeout=self._connection.timeout) < frame:
                pass
        except queue.Empty:
            raise self._connection.fault(f"the snapshot of frame {frame} did not come") from None

    def drain(self) -> None:
        """Forgets all events that came so far."""
        for events in (self._images, self._snapshots, self._collisions, self._lane_touches):
            _emptied(events)

    def stop(self) -> None:
        """Stops listening; needs no answer of the server."""
        if self._callback is not None:
            self._connection.world.remove_on_tick(self._callback)
        for actor in self._actors:
            actor.stop()

    def destroy(self) -> bool:
        """Destroys the sensors; says whether the server did."""
        actors, self._actors = self._actors, []
        return all(actor.destroy() for actor in actors)


def _grey(image: Any) -> NDArray[np.uint8]:  # noqa: ANN401  a carla.Image
    pixels = np.frombuffer(image.raw_data, dtype=np.uint8)  # BGRA
    pixels = pixels.reshape(image.height, image.width, 4)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGRA2GRAY), dtype=np.uint8)


def _emptied(events: "queue.SimpleQueue[Any]") -> int:
    """Empties a queue and returns how many events were in it."""
    count = 0
    with suppress(queue.Empty):
        while True:
            events.get_nowait()
            count += 1
    return count
