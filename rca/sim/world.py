"""The simulated world: episode, actors, time, and what a tick does."""

import contextlib
import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rca.sim import wire
from rca.sim.actors import NOWHERE, Actor
from rca.sim.blueprints import Blueprint, library
from rca.sim.collision import overlap
from rca.sim.maps import Map
from rca.sim.physics import Contact, advance
from rca.sim.rpc import CallError
from rca.sim.sensors import Sensor, make_sensor
from rca.sim.solids import Faces, car_faces, prop_faces
from rca.sim.streams import Listener, Streams
from rca.sim.traffic import ROLE, Traffic
from rca.sim.vehicle import Car
from rca.sim.weather import Weather
from rca.sim.wire import Transform

if TYPE_CHECKING:
    from rca.sim.camera import Scene

LOG = logging.getLogger("rca.sim")

MAX_ACTORS = 1000
ASYNC_PERIOD = 0.05
"""Seconds between ticks, simulated and real, in asynchronous mode without a fixed step."""


@dataclass
class Settings:
    """Episode settings; the tail of fields that mean nothing here is kept and given back."""

    synchronous: bool = False
    no_rendering: bool = False
    fixed_delta: float | None = None
    rest: list[object] = field(
        default_factory=lambda: [True, 0.01, 10, 0.0, False, 3000.0, 2000.0, True]
    )

    @property
    def step(self) -> float:
        """Simulated seconds per tick."""
        return self.fixed_delta if self.fixed_delta is not None else ASYNC_PERIOD


class World:
    """One running simulation. Same seed, map and calls give the same states and images."""

    def __init__(self, start: Map, seed: int, streams: Streams, npcs: int = 0) -> None:
        self.streams = streams
        self.seed = seed
        self.npcs = npcs
        self.frame = 0
        self.episode = 0
        self.settings = Settings()
        self.blueprints = library()
        self.maps = {start.name: start}
        self.traffic_managers: dict[int, str] = {}  # port -> host
        self._next_id = 0
        self._next_stream = 0
        self.streams_of_world: list[int] = []
        self._last_snapshot: tuple[bytes, bytes] = (b"", b"")
        streams.on_subscribe = self._greet
        self.load(start)

    def load(self, new: Map) -> None:
        """Starts a new episode on a map: nobody there but the spectator, time at zero."""
        self.map = new
        self.episode += 1
        self.elapsed = 0.0
        self.traffic = self._new_traffic()
        self.weather = Weather()
        self.actors: dict[int, Actor] = {}
        self.sensors: dict[int, Sensor] = {}
        self._models: dict[int, Faces] = {}
        self._scene: tuple[int, Scene] | None = None
        self.spectator = self._add(Blueprint(0, "spectator", ()), {})
        self._populate()
        self.untouched = True
        self._open_world_stream()
        self.frame += 1
        self._publish_snapshot(wire.MAP_CHANGED)

    def _new_traffic(self) -> Traffic:
        return Traffic(self.map.lanes, np.random.default_rng([self.seed, 1]))

    def rewind(self) -> None:
        """Puts the lane followers back to where the episode began, and time to zero.

        An episode begins in asynchronous mode. Until a client has switched to synchronous mode the
        world has moved for a while, as long as the client's machine likes; if nobody has added or
        removed anything yet, this makes the same start of it every time.
        """
        self.elapsed = 0.0
        self.traffic = self._new_traffic()
        for actor in self.actors.values():
            if actor.blueprint.chassis is not None:
                actor.car = Car(actor.blueprint.chassis, actor.fixed)
                self.traffic.take(actor)

    def _populate(self) -> None:
        """Puts the lane followers asked for at random spawn points, as far as there is room."""
        rng = np.random.default_rng([self.seed, 0])
        models = [item.id for item in self.blueprints.values() if item.chassis is not None]
        points = self.map.spawn_points
        for number in rng.permutation(len(points))[: self.npcs]:
            model = models[int(rng.integers(len(models)))]
            with contextlib.suppress(CallError):
                self.spawn(model, [("role_name", ROLE)], points[number])

    def tick(self) -> int:
        """Advances the world by one step, streams snapshot and sensors, returns the frame."""
        self.streams.barrier()
        step = self.settings.step
        self.frame += 1
        self.elapsed += step
        actors = list(self.actors.values())
        self.traffic.drive(actors)
        contacts = advance(actors, self.map.obstacles, step)
        for actor in actors:
            actor.follow()
        self._publish_snapshot(0)
        self._publish_sensors(contacts)
        return self.frame

    def spawn(
        self,
        name: str,
        given: list[tuple[str, str]],
        place: Transform,
        parent: Actor | None = None,
    ) -> Actor:
        """Adds an actor; `place` is in the parent's frame where there is one.

        Raises:
            CallError: Unknown blueprint, no room, or too many actors.
        """
        blueprint = self.blueprints.get(name)
        if blueprint is None:
            raise CallError(f"unknown blueprint {name[:80]!r}")
        if len(self.actors) >= MAX_ACTORS:
            raise CallError(f"there are {MAX_ACTORS} actors already")
        values = blueprint.configured(given)
        if blueprint.chassis is not None and not self._is_free(blueprint, place):
            raise CallError("Spawn failed because of collision at spawn position")
        self.untouched = False
        sensor = make_sensor(name, values)
        actor = self._add(blueprint, values, place, parent)
        if actor.car is not None and values.get("role_name") == ROLE:
            self.traffic.take(actor)
        if sensor is not None:
            actor.stream = self._new_stream()
            actor.token = wire.token(actor.stream, self.streams.port)
            self.sensors[actor.id] = sensor
        return actor

    def _add(
        self,
        blueprint: Blueprint,
        values: dict[str, str],
        place: Transform = NOWHERE,
        parent: Actor | None = None,
    ) -> Actor:
        self._next_id += 1
        actor = Actor(self._next_id, blueprint, values, place, parent, place)
        if blueprint.chassis is not None:
            actor.car = Car(blueprint.chassis, place)
        actor.follow()
        self.actors[actor.id] = actor
        return actor

    def _is_free(self, blueprint: Blueprint, place: Transform) -> bool:
        probe = Actor(0, blueprint, {}, place).footprint()
        others = [actor.footprint() for actor in self.actors.values() if actor.solid]
        near = self.map.obstacles.near(place[0], place[1], probe.radius)
        others += [self.map.obstacles.footprints[number] for number in near]
        return all(overlap(probe, other) is None for other in others)

    def destroy(self, actor_id: int) -> bool:
        """Removes an actor; what was attached to it stays where it is."""
        actor = self.actors.get(actor_id)
        if actor is None or actor is self.spectator:
            return False
        self.untouched = False
        del self.actors[actor_id]
        self.sensors.pop(actor_id, None)
        self._models.pop(actor_id, None)
        self.traffic.forget(actor_id)
        for other in self.actors.values():
            if other.parent is actor:
                other.parent = None
        return True

    def actor(self, actor_id: object) -> Actor:
        """Returns an actor by id.

        Raises:
            CallError: There is none.
        """
        found = self.actors.get(wire.integer(actor_id))
        if found is None:
            raise CallError(f"actor {actor_id} does not exist")
        return found

    def car(self, actor_id: object) -> Car:
        """Returns a vehicle's car by actor id.

        Raises:
            CallError: There is no such vehicle.
        """
        car = self.actor(actor_id).car
        if car is None:
            raise CallError(f"actor {actor_id} is not a vehicle")
        return car

    def stream_token(self, stream: int) -> bytes:
        """Returns the token of a stream and notes that its listener is about to connect."""
        known = stream in self.streams_of_world or any(
            a.stream == stream for a in self.actors.values()
        )
        if known:
            self.streams.expect(stream)
        return wire.token(stream, self.streams.port)

    def scene(self) -> "Scene":
        """Returns what cameras see, put together once per frame."""
        if self._scene is None or self._scene[0] != self.frame:
            from rca.sim.camera import Scene  # needs OpenCV, 0.2 s

            movers = [
                (self._model(actor), actor.transform)
                for actor in self.actors.values()
                if actor.blueprint.extent[0] > 0.0
            ]
            self._scene = (
                self.frame,
                Scene(self.map.ground, self.map.faces, movers, self.weather),
            )
        return self._scene[1]

    def _model(self, actor: Actor) -> Faces:
        model = self._models.get(actor.id)
        if model is None:
            extent = actor.blueprint.extent
            colour = actor.values.get("color", "")
            model = prop_faces(extent) if actor.car is None else car_faces(extent, colour)
            self._models[actor.id] = model
        return model

    def _new_stream(self) -> int:
        self._next_stream += 1
        return self._next_stream

    def _open_world_stream(self) -> None:
        """Gives the episode a world stream of its own, and lets earlier ones go on.

        A client that sees a new episode opens its world stream before it closes the last one. It
        files them by number, so with one number for both it frees what its threads still use.
        """
        recent = self.streams_of_world[-2:]
        heard = [number for number in self.streams_of_world[:-2] if self.streams.wanted(number)]
        self.streams_of_world = [*heard, *recent, self._new_stream()]

    def _greet(self, listener: Listener) -> None:
        if listener.stream in self.streams_of_world:
            self.streams.send(listener, *self._last_snapshot)

    def _publish_snapshot(self, state: int) -> None:
        head = wire.sensor_header(wire.WORLD_OBSERVER, self.frame, self.elapsed, NOWHERE)
        records = [actor.record() for actor in self.actors.values()]
        now = time.perf_counter()
        body = wire.snapshot_header(self.episode, now, self.settings.step, state)
        self._last_snapshot = head, body + b"".join(records)
        for stream in self.streams_of_world:
            self.streams.publish(stream, *self._last_snapshot)

    def _publish_sensors(self, contacts: list[Contact]) -> None:
        for actor_id, sensor in self.sensors.items():
            actor = self.actors[actor_id]
            if not self.streams.wanted(actor.stream) or not sensor.due(self.elapsed):
                continue
            for body in sensor.measure(self, actor, contacts):
                head = wire.sensor_header(sensor.kind, self.frame, self.elapsed, actor.transform)
                self._deliver(actor, head, body)

    def _deliver(self, actor: Actor, head: bytes, body: bytes | memoryview) -> None:
        self.streams.publish(actor.stream, head, body)
