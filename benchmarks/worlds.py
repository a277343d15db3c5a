"""What the built-in worlds look like and whether they can be driven: pictures and a table.

python benchmarks/worlds.py --out reports/worlds [--routes 100]

Every picture is what a camera of the real client received from the embedded server.
"""

import argparse
import queue
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import carla
import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rca.config import EnvConfig
from rca.envs.driving import DrivingEnv
from rca.envs.pursuit import PurePursuit
from rca.envs.sensors import CAMERA_PLACE, FIELD_OF_VIEW
from rca.envs.servers import embedded
from rca.sim.built_in import BUILT_IN

Image = NDArray[np.uint8]  # [height, width, 3] RGB

AIM = 0.95
"""Share of routes that the scripted driver has to finish on every map."""
DT = 0.05
SIZE = 400, 250
"""Width and height of a picture, pixels."""
CARS = 6
"""Other cars on each map."""
WEATHERS = ("ClearNoon", "CloudyNoon", "HardRainNoon", "ClearSunset", "ClearNight", "DustStorm")
FOG = carla.WeatherParameters(cloudiness=80, fog_density=60, fog_distance=5, sun_altitude_angle=40)
CHASE = carla.Transform(carla.Location(x=-7.0, z=3.2), carla.Rotation(pitch=-12.0))
HEIGHT = 90.0
"""Of the view from above, metres."""


@dataclass
class Car:
    """A car in a synchronous world, with cameras that are read one by one."""

    world: Any
    actor: Any
    cameras: dict[str, "queue.SimpleQueue[carla.Image]"]

    def tick(self, steps: int = 1, **control: float) -> dict[str, Image]:
        """Drives some steps and returns each camera's last picture."""
        for _ in range(steps):
            self.actor.apply_control(carla.VehicleControl(**control))
            frame = self.world.tick()
            images = {name: self._of(name, frame) for name in self.cameras}
        return images

    def _of(self, name: str, frame: int) -> Image:
        image = self.cameras[name].get(timeout=10.0)
        while image.frame < frame:
            image = self.cameras[name].get(timeout=10.0)
        if name == "semantic":
            image.convert(carla.ColorConverter.CityScapesPalette)
        pixels = np.frombuffer(image.raw_data, np.uint8).reshape(image.height, image.width, 4)
        return np.ascontiguousarray(pixels[..., 2::-1])


@contextmanager
def car_in(name: str) -> Iterator[Car]:
    """Yields a car with cameras on a built-in map that has other cars too."""
    with embedded(name, seed=3, options=("--npc", str(CARS))) as server:
        client = carla.Client(server.host, server.port)
        client.set_timeout(10.0)
        world = client.get_world()
        settings = world.get_settings()
        settings.synchronous_mode, settings.fixed_delta_seconds = True, DT
        world.apply_settings(settings)
        library, points = world.get_blueprint_library(), world.get_map().get_spawn_points()
        model = library.find("vehicle.tesla.model3")
        actor = next(filter(None, (world.try_spawn_actor(model, point) for point in points)))
        above = carla.Transform(carla.Location(z=HEIGHT), carla.Rotation(pitch=-90.0))
        places = {
            "rgb": ("sensor.camera.rgb", CAMERA_PLACE, SIZE),
            "semantic": ("sensor.camera.semantic_segmentation", CAMERA_PLACE, SIZE),
            "chase": ("sensor.camera.rgb", CHASE, SIZE),
            "above": ("sensor.camera.rgb", above, SIZE),
            "agent": ("sensor.camera.rgb", CAMERA_PLACE, (84, 84)),
        }
        cameras: dict[str, queue.SimpleQueue[carla.Image]] = {}
        sensors = []
        for key, (kind, place, (width, height)) in places.items():
            blueprint = library.find(kind)
            blueprint.set_attribute("image_size_x", str(width))
            blueprint.set_attribute("image_size_y", str(height))
            blueprint.set_attribute("fov", str(FIELD_OF_VIEW))
            sensors.append(world.spawn_actor(blueprint, place, attach_to=actor))
            cameras[key] = queue.SimpleQueue()
            sensors[-1].listen(cameras[key].put)
        yield Car(world, actor, cameras)
        for sensor in sensors:
            sensor.stop()
        time.sleep(0.3)  # what is under way arrives before the server ends


def grid(pictures: dict[str, Image], columns: int, path: Path) -> None:
    """Writes pictures side by side, each under its name."""
    tiles = [_named(title, picture) for title, picture in pictures.items()]
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[k : k + columns]) for k in range(0, len(tiles), columns)]
    cv2.imwrite(str(path), np.vstack(rows)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


def _named(title: str, picture: Image) -> Image:
    head = np.full((22, picture.shape[1], 3), 255, np.uint8)
    cv2.putText(head, title, (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return np.pad(np.vstack([head, picture]), ((0, 4), (2, 2), (0, 0)), constant_values=255)


def photograph(name: str, out: Path) -> None:
    """Writes the pictures of one map: every weather, and every camera in clear weather."""
    with car_in(name) as car:
        car.tick(30, brake=1.0)
        weathers = {label: getattr(carla.WeatherParameters, label) for label in WEATHERS}
        pictures = {}
        for label, weather in {**weathers, "fog 60%": FOG}.items():
            car.world.set_weather(weather)
            pictures[f"{name}, {label}"] = car.tick(2, brake=1.0)["rgb"]
        car.world.set_weather(carla.WeatherParameters.ClearNoon)
        views = car.tick(2, brake=1.0)
    grid(pictures, 2, out / f"{name}-weather.jpg")
    grey = cv2.cvtColor(views["agent"], cv2.COLOR_RGB2GRAY)
    grey = cv2.cvtColor(cv2.resize(grey, (250, 250), interpolation=0), cv2.COLOR_GRAY2RGB)
    seen = np.full((SIZE[1], SIZE[0], 3), 255, np.uint8)
    seen[:, 75:325] = grey
    shown = {
        "sensor.camera.rgb, behind the car": views["chase"],
        "sensor.camera.semantic_segmentation": views["semantic"],
        f"sensor.camera.rgb, {HEIGHT:.0f} m above": views["above"],
        "what the agent sees: 84 x 84, grey": seen,
    }
    grid(shown, 2, out / f"{name}-cameras.jpg")


def numbers(name: str, out: Path) -> None:
    """Draws what the sensors without a picture say of a drive that ends in a crash."""
    heard: dict[str, list[tuple[float, float]]] = {}

    def note(label: str, event: Any, value: float) -> None:  # noqa: ANN401  a carla.SensorData
        heard.setdefault(label, []).append((event.timestamp, value))

    reads = {
        "imu": ("forward acceleration, m/s²", lambda e: e.accelerometer.x),
        "gnss": ("longitude, degrees", lambda e: e.longitude),
        "obstacle": ("distance of the obstacle ahead, m", lambda e: e.distance),
        "collision": ("collision, impulse in kN s", lambda e: e.normal_impulse.length() / 1000),
        "lane_invasion": ("lane markings crossed", lambda e: len(e.crossed_lane_markings)),
    }
    with car_in(name) as car:
        library, sensors = car.world.get_blueprint_library(), []
        for kind, (label, read) in reads.items():
            blueprint = library.find(f"sensor.other.{kind}")
            if kind == "obstacle":
                blueprint.set_attribute("distance", "40")
            nose = carla.Transform(carla.Location(x=2.5, z=0.7))
            sensors.append(car.world.spawn_actor(blueprint, nose, attach_to=car.actor))
            sensors[-1].listen(lambda e, label=label, read=read: note(label, e, read(e)))
        car.tick(80, throttle=0.6)
        car.tick(80, throttle=0.6, steer=0.12)
        for sensor in sensors:
            sensor.stop()
    figure, axes = plt.subplots(len(reads), 1, figsize=(8, 9), sharex=True)
    for axis, (label, _) in zip(axes, reads.values(), strict=True):
        series = np.array(heard.get(label, [])).reshape(-1, 2)
        axis.plot(series[:, 0], series[:, 1], ".", markersize=3)
        axis.set_title(f"{label} ({len(series)} events)", fontsize=9, loc="left")
    axes[-1].set_xlabel("simulated seconds")
    figure.tight_layout()
    figure.savefig(out / "numbers.png", dpi=80)
    plt.close(figure)


def routes(name: str, count: int) -> dict[str, object]:
    """Returns how the scripted driver fares on drawn routes of one map."""
    config = EnvConfig(map=name, image_size=36)  # it does not look at the image
    endings, offsets, speeds, metres = Counter[str](), [0.0], [0.0], 0.0
    with embedded(name) as server:
        env = DrivingEnv(config, host=server.host, port=server.port)
        driver = PurePursuit(config)
        try:
            for seed in range(count):
                obs, info = env.reset(seed=seed)
                while info.get("end_reason") is None:
                    obs, *_, info = env.step(driver(obs))
                    offsets.append(abs(float(obs["vector"][1])) * config.off_road_distance)
                    speeds.append(info["speed"])
                endings[str(info["end_reason"])] += 1
                metres += float(info["distance"])
        finally:
            env.close()
    others = {reason: number for reason, number in endings.items() if reason != "goal"}
    return {
        "map": name,
        "routes": count,
        "finished": endings["goal"],
        "other endings": ", ".join(f"{key} {value}" for key, value in others.items()) or "none",
        "km": round(metres / 1000, 1),
        "mean speed, m/s": round(float(np.mean(speeds)), 1),
        "99% of offsets below, m": round(float(np.quantile(offsets, 0.99)), 2),
        "largest offset, m": round(max(offsets), 2),
    }


def page(table: pd.DataFrame) -> str:
    """Returns the gallery in Markdown."""
    lines = [table.columns, ["--:"] * len(table.columns), *table.itertuples(index=False)]
    drawn = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
    text = (
        "# The built-in worlds\n\n"
        "Made by `make worlds` (benchmarks/worlds.py): every picture is what a camera of the real\n"
        "carla 0.9.16 client received from the embedded server, with"
        f" {CARS} other cars on each map.\n\n"
        "## Can they be driven?\n\n"
        "The scripted driver (pure pursuit) on routes drawn from seeds 0, 1, ...:\n\n"
        f"{drawn}\n\n"
        "`rca run --agent pure-pursuit` writes an ordinary run folder of the same driver.\n"
        "[endurance.md](endurance.md): 100,000 steps in a row.\n"
    )
    for name in sorted(BUILT_IN):
        text += f"\n## {name}\n\n![{name} in every weather]({name}-weather.jpg)\n"
        text += f"\n![{name} through every camera]({name}-cameras.jpg)\n"
    text += (
        "\n## Sensors without a picture\n\nA drive off the road of the town, into what is there."
    )
    return f"{text}\n\n![their readings](numbers.png)\n"


def main() -> int:
    """Writes pictures and page; 1 if the driver finished too few routes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--routes", type=int, default=100)
    parser.add_argument("--only-pictures", action="store_true", help="leave page and table alone")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in sorted(BUILT_IN):
        photograph(name, options.out)
    numbers("town", options.out)
    if options.only_pictures:
        return 0
    table = pd.DataFrame([routes(name, options.routes) for name in sorted(BUILT_IN)])
    (options.out / "README.md").write_text(page(table), encoding="utf-8")
    print(table.to_string(index=False))
    short = [str(row["map"]) for _, row in table.iterrows() if row.finished < AIM * row.routes]
    print(f"aim ({AIM:.0%} of the routes finished on every map): ", end="")
    print(f"missed on {', '.join(short)}" if short else "met")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
