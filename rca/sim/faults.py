"""Ways in which a simulator fails, planted on purpose for tests: `--fault NAME[:NUMBER]`."""

import logging
import math
import os
import time

from rca.errors import UsageError
from rca.sim.actors import Actor
from rca.sim.maps import Map
from rca.sim.rpc import CallError
from rca.sim.streams import Streams
from rca.sim.wire import Transform
from rca.sim.world import World

LOG = logging.getLogger("rca.sim")

NAMES = {
    "freeze": "stops for ever before this tick (from 1, those in synchronous mode count)",
    "die": "ends with exit code 9 in this tick",
    "slow": "every tick takes this many real seconds longer",
    "drop-frame": "camera frames of this tick are not sent",
    "late-frame": "camera frames of this tick are sent after those of the next",
    "refuse-spawn": "vehicle spawns are refused after this many",
    "leak-actors": "destroying answers yes and does nothing",
    "leak-memory": "every tick takes this many MiB and never gives them back",
    "go-async": "switches to asynchronous mode at this tick",
    "half-open": "from this tick on no connection of then is served again, and none is closed",
}
"""What can go wrong, and what the number means."""


class FaultyWorld(World):
    """A world with one planted fault.

    Raises:
        UsageError: There is no such fault, or its number is none, negative or infinite.
    """

    def __init__(self, start: Map, seed: int, streams: Streams, npcs: int, fault: str) -> None:
        self._fault, _, number = fault.partition(":")
        if self._fault not in NAMES:
            raise UsageError(f"--fault {self._fault!r} is unknown: use one of {', '.join(NAMES)}")
        try:
            self._number = float(number or 1)
        except ValueError:
            raise UsageError(f"--fault {fault}: {number!r} is not a number") from None
        if not 0.0 <= self._number < math.inf:
            raise UsageError(f"--fault {fault}: {number!r} is not a number from 0 on")
        self._ticks = self._spawned = 0
        self._leaked: list[bytes] = []
        self._kept: list[tuple[Actor, bytes, bytes | memoryview]] = []
        super().__init__(start, seed, streams, npcs)

    def _is_now(self, fault: str) -> bool:
        return self._fault == fault and self._ticks == int(self._number)

    def tick(self) -> int:
        """Ticks, unless the fault says otherwise."""
        if not self.settings.synchronous:
            return super().tick()
        self._ticks += 1
        self._fail()
        kept, self._kept = self._kept, []
        frame = super().tick()
        for actor, head, body in kept:
            self.streams.publish(actor.stream, head, body)
        return frame

    def _fail(self) -> None:
        if self._fault == "slow":
            time.sleep(self._number)
        if self._fault == "leak-memory":
            self._leaked.append(b"\xff" * int(self._number * 2**20))
        if self._is_now("freeze"):
            LOG.warning("fault: frozen before tick %d", self._ticks)
            while True:
                time.sleep(3600.0)
        if self._is_now("die"):
            LOG.warning("fault: dying in tick %d", self._ticks)
            os._exit(9)
        if self._is_now("go-async"):
            self.settings.synchronous = False
        if self._is_now("half-open"):
            self.streams.abandon_everyone()

    def spawn(
        self,
        name: str,
        given: list[tuple[str, str]],
        place: Transform,
        parent: Actor | None = None,
    ) -> Actor:
        """Spawns, unless spawns are refused."""
        if self._fault == "refuse-spawn" and name.startswith("vehicle."):
            self._spawned += 1
            if self._spawned > int(self._number):
                raise CallError("Spawn failed because of collision at spawn position")
        return super().spawn(name, given, place, parent)

    def destroy(self, actor_id: int) -> bool:
        """Destroys, unless actors leak."""
        return (
            actor_id in self.actors if self._fault == "leak-actors" else super().destroy(actor_id)
        )

    def _deliver(self, actor: Actor, head: bytes, body: bytes | memoryview) -> None:
        camera = actor.blueprint.id.startswith("sensor.camera.")
        if camera and self._is_now("drop-frame"):
            return
        if camera and self._is_now("late-frame"):
            self._kept.append((actor, head, body))
            return
        super()._deliver(actor, head, body)
