"""A car with sensors in the embedded server, driven through the real client."""

import contextlib
import queue

import carla

from rca.sim.launch import launch

DT = 0.05


@contextlib.contextmanager
def served(name, **options):
    """Yields (server, client) and lets the client go only after the server has ended.

    A client that is dropped while a message is on its way can crash the process: its own threads
    still use what it frees.
    """
    with launch(name, **options) as server:
        client = carla.Client("127.0.0.1", server.port)
        client.set_timeout(10.0)
        yield server, client
    del client


def fresh_world(client):
    """Returns the world of a new episode in synchronous mode."""
    world = client.reload_world()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DT
    world.apply_settings(settings)
    return world


class Rig:
    """One car, its camera, collision and lane invasion sensors; frames and events in queues."""

    def __init__(self, world, *, spawn: int = 0, size: int = 84, model="vehicle.tesla.model3"):
        self.world = world
        self.library = world.get_blueprint_library()
        self.place = world.get_map().get_spawn_points()[spawn]
        self.car = world.spawn_actor(self.library.find(model), self.place)
        self.frames: queue.Queue[carla.Image] = queue.Queue()
        self.hits: queue.Queue[carla.CollisionEvent] = queue.Queue()
        self.crossings: queue.Queue[carla.LaneInvasionEvent] = queue.Queue()
        mount = carla.Transform(carla.Location(1.5, 0.0, 2.0), carla.Rotation(pitch=-5.0))
        self.camera = self.attach(
            "sensor.camera.rgb", mount, image_size_x=str(size), image_size_y=str(size)
        )
        self.camera.listen(self.frames.put)
        self.collision = self.attach("sensor.other.collision")
        self.collision.listen(self.hits.put)
        self.lane = self.attach("sensor.other.lane_invasion")
        self.lane.listen(self.crossings.put)

    def attach(self, name, place=None, **attributes):
        blueprint = self.library.find(name)
        for key, value in attributes.items():
            blueprint.set_attribute(key, value)
        return self.world.spawn_actor(blueprint, place or carla.Transform(), attach_to=self.car)

    def step(self, **control):
        """Ticks once and returns the camera's image of that tick."""
        if control:
            self.car.apply_control(carla.VehicleControl(**control))
        frame = self.world.tick()
        image = self.frames.get(timeout=5.0)
        assert image.frame == frame
        return image

    def speed(self):
        return self.car.get_velocity().length()

    def close(self):
        """Stops the sensors after the frame of the last tick was received, then removes all."""
        for sensor in (self.camera, self.collision, self.lane):
            sensor.stop()
            sensor.destroy()
        self.car.destroy()
