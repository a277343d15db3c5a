"""Speed and size of the embedded server, measured through the real client.

`python benchmarks/sim.py [--steps N] [--size PIXELS]` prints, per built-in map: real seconds from
launch to the first camera frame, environment steps per second (control, tick, camera frame;
collision and lane invasion listening), CPU milliseconds of the server per step, resident memory.
"""

import argparse
import os
import queue
import time

import carla
import psutil

from rca.sim.built_in import BUILT_IN
from rca.sim.launch import launch

DT = 0.05
WARM_UP = 50


def attach(
    world: carla.World,
    name: str,
    car: carla.Actor,
    place: carla.Transform | None = None,
    **attributes: object,
) -> carla.Actor:
    """Spawns a sensor on the car."""
    blueprint = world.get_blueprint_library().find(name)
    for key, value in attributes.items():
        blueprint.set_attribute(key, str(value))
    return world.spawn_actor(blueprint, place or carla.Transform(), attach_to=car)


def measure(name: str, steps: int, size: int, options: tuple[str, ...]) -> dict[str, float]:
    """Returns the figures of one map."""
    begin = time.perf_counter()
    with launch(name, options=options) as server:
        client = carla.Client("127.0.0.1", server.port)
        client.set_timeout(10.0)
        world = client.get_world()
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, DT
        world.apply_settings(settings)
        place = world.get_map().get_spawn_points()[0]
        car = world.spawn_actor(world.get_blueprint_library().find("vehicle.tesla.model3"), place)
        mount = carla.Transform(carla.Location(1.5, 0.0, 2.0), carla.Rotation(pitch=-5.0))
        camera = attach(
            world, "sensor.camera.rgb", car, mount, image_size_x=size, image_size_y=size
        )
        hits = attach(world, "sensor.other.collision", car)
        lines = attach(world, "sensor.other.lane_invasion", car)
        frames: queue.Queue[carla.Image] = queue.Queue()
        camera.listen(frames.put)
        hits.listen(lambda event: None)
        lines.listen(lambda event: None)
        world.tick()
        frames.get(timeout=10.0)
        first = time.perf_counter() - begin
        process = psutil.Process(server.pid)
        for step in range(steps + WARM_UP):
            if step == WARM_UP:
                start, cpu = time.perf_counter(), sum(process.cpu_times()[:2])
            if step % 200 == 0:  # the same stretch of road again and again
                car.set_transform(place)
            car.apply_control(carla.VehicleControl(throttle=0.5 + 0.001 * (step % 2)))
            frame = world.tick()
            while frames.get(timeout=10.0).frame != frame:
                raise RuntimeError(f"the frame of tick {frame} was lost")
        seconds = time.perf_counter() - start
        used = sum(process.cpu_times()[:2]) - cpu
        resident = process.memory_info().rss / 2**20
        for sensor in (camera, hits, lines):
            sensor.stop()
    return {
        "first frame s": first,
        "steps/s": steps / seconds,
        "server CPU ms/step": 1000 * used / steps,
        "resident MiB": resident,
    }


def main() -> None:
    """Measures and prints one line per map."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--size", type=int, default=84, help="picture width and height, pixels")
    parser.add_argument("--npc", type=int, default=0, help="lane followers")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} before the start, {options.size} px pictures")
    for name in BUILT_IN:
        figures = measure(name, options.steps, options.size, ("--npc", str(options.npc)))
        print(f"{name:8}", "  ".join(f"{key} {value:.2f}" for key, value in figures.items()))


if __name__ == "__main__":
    main()
