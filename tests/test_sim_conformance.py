"""Every function that the README lists as supported, driven by the real client."""

import re
import subprocess
import sys
from pathlib import Path

import carla
import pytest

from rca.sim import actor_calls, batch_calls, rpc, vehicle_calls, world_calls
from rca.sim.built_in import country
from rca.sim.launch import launch
from tests.sim_world import fresh_world, served

pytestmark = pytest.mark.carla

README = Path(rpc.__file__).parent / "README.md"
FUNCTIONS = set(rpc.marked(world_calls, actor_calls, vehicle_calls, batch_calls))


@pytest.fixture(scope="module")
def both():
    with served("oval", options=("--log", "DEBUG")) as running:
        yield running


@pytest.fixture
def client(both):
    return both[1]


@pytest.fixture
def world(client):
    return fresh_world(client)


@pytest.fixture
def car(world):
    blueprint = world.get_blueprint_library().find("vehicle.lincoln.mkz_2020")
    car = world.spawn_actor(blueprint, world.get_map().get_spawn_points()[0])
    world.tick()
    return car


def ticked(world, count=1):
    for _ in range(count):
        world.tick()


def test_the_readme_lists_exactly_the_functions_that_exist():
    table = README.read_text().split("## Functions")[1].split("## Known")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    listed = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(listed) == sorted(FUNCTIONS)


def test_the_handshake(client, world):
    assert client.get_server_version() == "0.9.16"
    settings = world.get_settings()
    assert (settings.synchronous_mode, settings.fixed_delta_seconds) == (True, 0.05)
    settings.fixed_delta_seconds, settings.no_rendering_mode = 0.1, True
    settings.max_substeps = 7
    frame = world.apply_settings(settings)
    assert world.get_settings() == settings
    assert world.tick() > frame
    assert world.get_snapshot().timestamp.delta_seconds == pytest.approx(0.1)
    assert client.get_required_files() == []


def test_an_impossible_step_is_refused(world):
    settings = world.get_settings()
    settings.fixed_delta_seconds = 1000.0
    with pytest.raises(RuntimeError, match="fixed_delta_seconds"):
        world.apply_settings(settings)


def test_maps(client, world):
    assert client.get_available_maps()[:3] == ["oval", "town", "country"]
    names = world.get_names_of_all_objects()
    assert len(names) == len(set(names)) > 50
    assert {name.rsplit("_", 1)[0] for name in names} == {"barrier", "tree", "building"}
    town = client.load_world("town")
    assert town.get_map().name == "town"
    assert len(town.get_map().get_topology()) == 48
    assert not town.get_settings().synchronous_mode
    parameters = carla.OpendriveGenerationParameters()
    own = client.generate_opendrive_world(country(), parameters)
    assert own.get_map().name == "OpenDriveMap"
    assert len(own.get_map().get_topology()) == 56
    assert client.load_world("oval").get_map().name == "oval"


def test_a_broken_uploaded_map_is_refused(client, world):
    with pytest.raises(RuntimeError, match="not a usable OpenDRIVE"):
        client.generate_opendrive_world("<OpenDRIVE/>", carla.OpendriveGenerationParameters())


def test_weather_lights_and_drawings(client, world):
    world.set_weather(carla.WeatherParameters.HardRainNoon)
    assert world.get_weather() == carla.WeatherParameters.HardRainNoon
    world.debug.draw_point(carla.Location(), 0.1, carla.Color(255, 0, 0), 1.0)
    world.debug.draw_line(carla.Location(), carla.Location(x=3.0), 0.1, carla.Color(), 1.0)
    world.reset_all_traffic_lights()
    world.tick()


def test_the_traffic_managers_registry(both, client, world, unused_port):
    manager = client.get_trafficmanager(unused_port)
    assert manager.get_port() == unused_port
    # Another process finds the manager of this one by asking the server.
    code = (
        "import carla, os; c = carla.Client('127.0.0.1', {0}); c.set_timeout(5.0);"
        "print(c.get_trafficmanager({1}).get_port(), flush=True); os._exit(0)"
    )
    command = [sys.executable, "-c", code.format(both[0].port, unused_port)]
    out = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    assert int(out.stdout) == unused_port
    manager.shut_down()


def test_blueprints_actors_and_spectator(world, car):
    library = world.get_blueprint_library()
    assert len(library.filter("vehicle.*")) == 6
    with pytest.raises(IndexError):
        library.find("vehicle.none")
    assert world.get_spectator().type_id == "spectator"
    assert world.get_actors([car.id])[0].id == car.id
    imu = library.find("sensor.other.imu")
    child = world.spawn_actor(imu, carla.Transform(carla.Location(x=1.0)), attach_to=car)
    world.tick()
    assert child.parent.id == car.id
    assert child.get_location().distance(car.get_location()) == pytest.approx(1.0, abs=0.01)
    assert car.bounding_box.extent.x == pytest.approx(2.45)
    assert car.attributes["number_of_wheels"] == "4"
    assert child.destroy()
    assert car.destroy()
    world.tick()
    assert [actor.type_id for actor in world.get_actors()] == ["spectator"]


def test_places(world, car):
    points = world.get_map().get_spawn_points()
    car.set_transform(points[7])
    world.tick()
    assert car.get_location().distance(points[7].location) < 0.5
    yaw = car.get_transform().rotation.yaw
    car.set_location(points[3].location)
    world.tick()
    assert car.get_location().distance(points[3].location) < 0.5
    assert car.get_transform().rotation.yaw == pytest.approx(yaw, abs=0.1)
    spectator = world.get_spectator()
    spectator.set_transform(carla.Transform(carla.Location(1, 2, 30), carla.Rotation(pitch=-90)))
    world.tick()
    assert spectator.get_transform().rotation.pitch == pytest.approx(-90.0)


def test_physics_switches(world, car):
    car.set_collisions(False)
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    inside = world.try_spawn_actor(blueprint, car.get_transform())
    assert inside is not None
    car.set_simulate_physics(False)
    car.apply_control(carla.VehicleControl(throttle=1.0))
    ticked(world, 10)
    assert car.get_velocity().length() == 0.0
    car.set_simulate_physics(True)
    ticked(world, 10)
    assert car.get_velocity().length() > 1.0


def test_motion(world, car):
    ahead = car.get_transform().get_forward_vector()
    car.apply_control(carla.VehicleControl(steer=0.5))
    ticked(world, 20)
    front = car.get_wheel_steer_angle(carla.VehicleWheelLocation.FL_Wheel)
    assert front == pytest.approx(35.0, abs=0.5)
    assert car.get_wheel_steer_angle(carla.VehicleWheelLocation.BL_Wheel) == 0.0
    car.apply_control(carla.VehicleControl(steer=0.0))
    car.set_target_velocity(5.0 * ahead)
    car.set_target_angular_velocity(carla.Vector3D())
    world.tick()
    assert car.get_velocity().length() == pytest.approx(5.0, abs=0.2)
    car.enable_constant_velocity(carla.Vector3D(x=3.0))
    ticked(world, 5)
    assert car.get_velocity().length() == pytest.approx(3.0, abs=1e-3)
    car.disable_constant_velocity()
    mass = car.get_physics_control().mass
    car.add_impulse(2.0 * mass * ahead)
    world.tick()
    assert car.get_velocity().length() == pytest.approx(5.0, abs=0.1)


def test_physics_control_and_ackermann(world, car):
    physics = car.get_physics_control()
    assert len(physics.wheels) == 4
    assert physics.wheels[0].max_steer_angle == pytest.approx(70.0)
    physics.mass = 1234.0
    car.apply_physics_control(physics)
    assert car.get_physics_control().mass == pytest.approx(1234.0)
    car.apply_ackermann_control(carla.VehicleAckermannControl(speed=6.0))
    for _ in range(80):  # the client sends it again only when it changes
        world.tick()
        speed = car.get_velocity().length()
        car.apply_ackermann_control(carla.VehicleAckermannControl(speed=6.0, acceleration=speed))
    assert car.get_velocity().length() == pytest.approx(6.0, abs=0.7)


def test_vehicle_lights(world, car):
    brake = carla.VehicleLightState(carla.VehicleLightState.Brake)
    car.set_light_state(brake)
    world.tick()
    assert car.get_light_state() == brake
    assert world.get_vehicles_light_states()[car.id] == brake


def test_batches(client, world, car):
    moved = carla.Transform(car.get_location() + carla.Location(z=0.5), carla.Rotation(yaw=90.0))
    commands = [
        carla.command.ApplyTransform(car, moved),
        carla.command.ApplyTargetVelocity(car, carla.Vector3D(y=4.0)),
        carla.command.ApplyVehicleControl(car, carla.VehicleControl(throttle=0.5)),
        carla.command.SetSimulatePhysics(car, True),
        carla.command.DestroyActor(987654),
    ]
    results = client.apply_batch_sync(commands, True)
    assert [bool(result.error) for result in results] == [False] * 4 + [True]
    assert car.get_transform().rotation.yaw == pytest.approx(90.0, abs=1.0)
    assert car.get_velocity().y == pytest.approx(4.0, abs=0.3)
    assert car.get_control().throttle == pytest.approx(0.5)
    place = world.get_map().get_spawn_points()[5]
    lights = carla.VehicleLightState(carla.VehicleLightState.Brake)
    mass = car.get_physics_control().mass
    more = [
        carla.command.ApplyTargetVelocity(car, carla.Vector3D()),
        carla.command.ApplyTargetAngularVelocity(car, carla.Vector3D()),
        carla.command.ApplyTransform(car, place),
        carla.command.ApplyImpulse(car, 3.0 * mass * place.get_forward_vector()),
        carla.command.SetVehicleLightState(car.id, int(lights)),
    ]
    assert [result.error for result in client.apply_batch_sync(more, True)] == [""] * len(more)
    assert car.get_location().distance(place.location) < 0.5
    assert car.get_velocity().length() == pytest.approx(3.0, abs=0.3)
    assert car.get_light_state() == lights
    (refused,) = client.apply_batch_sync([carla.command.SetEnableGravity(car, True)], False)
    assert "not implemented" in refused.error
    model = world.get_blueprint_library().find("vehicle.audi.tt")
    free = world.get_map().get_spawn_points()[9]
    (spawned,) = client.apply_batch_sync([carla.command.SpawnActor(model, free)], True)
    client.apply_batch([carla.command.DestroyActor(spawned.actor_id)])
    client.apply_batch([carla.command.DestroyActor(car)])
    world.tick()
    assert len(world.get_actors().filter("vehicle.*")) == 0


def test_every_episode_has_a_world_stream_of_its_own(client):
    numbers = set()
    for _ in range(3):
        client.reload_world()
        numbers.add(client.get_world().id)
    assert len(numbers) == 3


def test_two_servers_share_nothing():
    with launch("oval") as one, launch("town") as other:
        assert len({one.port, one.stream_port, other.port, other.stream_port}) == 4


def test_every_function_was_called_by_the_tests_before(both, request):
    own = {item.name for item in request.session.items if item.path == request.path}
    defined = {name for name in globals() if name.startswith("test_")}
    if own != defined:
        pytest.skip("only says something after all tests of this file")
    log = both[0].log()
    called = set(re.findall(r"call: (\w+)", log))
    assert FUNCTIONS - called == set()
    # What the client asks for on its way and the server does not have.
    assert set(re.findall(r"not implemented: (\w+)", log)) == set()
