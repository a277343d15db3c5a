"""The real client against a real server process."""

import contextlib
import socket
import struct
import threading
import time

import carla
import numpy as np
import pytest

from tests.sim_world import DT, Rig, fresh_world, served

pytestmark = pytest.mark.carla


@pytest.fixture(scope="module")
def both():
    with served("oval", seed=3) as running:
        yield running


@pytest.fixture
def server(both):
    return both[0]


@pytest.fixture
def client(both):
    return both[1]


@pytest.fixture(scope="module")
def kept():
    """Further clients, kept until the module ends."""
    return []


@pytest.fixture
def world(client):
    return fresh_world(client)


@pytest.fixture
def rig(world):
    rig = Rig(world)
    yield rig
    rig.close()


def drain(events):
    time.sleep(0.05)  # callbacks run on the client's threads
    return [events.get_nowait() for _ in range(events.qsize())]


def test_versions_agree(client):
    assert client.get_server_version() == client.get_client_version() == "0.9.16"


def test_a_tick_advances_frame_and_time_by_one_step(world):
    first = world.get_snapshot()
    frame = world.tick()
    snapshot = world.get_snapshot()
    assert snapshot.frame == frame == first.frame + 1
    assert snapshot.timestamp.delta_seconds == pytest.approx(DT)
    gone = snapshot.timestamp.elapsed_seconds - first.timestamp.elapsed_seconds
    assert gone == pytest.approx(DT)


def test_nothing_moves_without_a_tick_in_synchronous_mode(world):
    frame = world.get_snapshot().frame
    time.sleep(0.2)
    assert world.get_snapshot().frame == frame


def test_asynchronous_mode_ticks_by_itself(client):
    world = client.reload_world()
    assert not world.get_settings().synchronous_mode
    first = world.wait_for_tick(2.0).frame
    assert world.wait_for_tick(2.0).frame > first


def test_full_throttle_moves_the_car_ahead_to_town_speed(rig):
    start = rig.place.location
    for _ in range(120):
        rig.step(throttle=1.0)
    assert 15.0 < rig.speed() < 35.0
    moved = rig.car.get_location() - start
    forward = rig.place.get_forward_vector()
    assert moved.dot(forward) == pytest.approx(moved.length(), abs=0.5)


def test_brake_stops_at_about_eight_metres_per_second_squared(rig):
    for _ in range(80):
        rig.step(throttle=1.0)
    before = rig.speed()
    for _ in range(10):
        rig.step(brake=1.0)
    assert 7.5 < (before - rig.speed()) / (10 * DT) < 9.5
    for _ in range(60):
        rig.step(brake=1.0)
    assert rig.speed() == 0.0


def test_steering_right_turns_clockwise(rig):
    for _ in range(30):
        rig.step(throttle=0.5)
    yaw = rig.car.get_transform().rotation.yaw
    for _ in range(5):
        rig.step(throttle=0.3, steer=0.2)
    turned = (rig.car.get_transform().rotation.yaw - yaw + 180) % 360 - 180
    assert turned > 1.0


def test_reverse_drives_backwards(rig):
    for _ in range(40):
        rig.step(throttle=0.6, reverse=True)
    moved = rig.car.get_location() - rig.place.location
    assert moved.dot(rig.place.get_forward_vector()) < -1.0
    assert rig.car.get_control().gear == -1


def test_every_tick_has_its_camera_frame_from_the_first_on(world):
    for _ in range(5):
        rig = Rig(world)
        for _ in range(20):
            rig.step(throttle=0.5)  # asserts that the frame belongs to the tick
        rig.close()


def test_camera_image_shows_sky_above_and_road_below(rig):
    image = rig.step()
    pixels = np.frombuffer(image.raw_data, np.uint8).reshape(84, 84, 4)
    assert (pixels[..., 3] == 255).all()
    blue, green, red = (float(pixels[:10, :, k].mean()) for k in range(3))
    assert blue > green > red
    asphalt = pixels[-8:, 30:54, :3].astype(float)
    assert 40 < asphalt.mean() < 120
    assert np.ptp(asphalt.mean(axis=(0, 1))) < 15  # grey


def test_driving_into_the_wall_is_a_collision(rig):
    for _ in range(400):
        rig.step(throttle=0.8)
        if not rig.hits.empty():
            break
    (hit, *_) = drain(rig.hits)
    assert hit.actor.id == rig.car.id
    assert hit.other_actor.type_id == "static.wall"
    assert hit.normal_impulse.length() > 1000.0  # N s


def test_hitting_another_vehicle_names_it(rig):
    ahead = rig.place
    ahead.location += 15.0 * ahead.get_forward_vector()
    other = rig.world.spawn_actor(rig.library.find("vehicle.audi.tt"), ahead)
    for _ in range(100):
        rig.step(throttle=1.0)
    hits = drain(rig.hits)
    assert hits
    assert {hit.other_actor.id for hit in hits} == {other.id}
    assert other.get_location().distance(ahead.location) > 0.5  # it was pushed
    other.destroy()


def test_leaving_the_lane_to_the_left_crosses_the_broken_line(rig):
    for _ in range(40):
        rig.step(throttle=0.5)
    for _ in range(25):
        rig.step(throttle=0.4, steer=-0.05)
    events = drain(rig.crossings)
    kinds = {str(mark.type) for event in events for mark in event.crossed_lane_markings}
    assert "Broken" in kinds


def test_straight_driving_crosses_no_line(rig):
    for _ in range(80):
        rig.step(throttle=0.4)
    assert drain(rig.crossings) == []


def test_teleport_puts_the_car_there_and_keeps_its_control(rig):
    rig.step(throttle=0.7)
    target = rig.world.get_map().get_spawn_points()[20]
    rig.car.set_transform(target)
    rig.step()
    assert rig.car.get_location().distance(target.location) < 1.0
    assert rig.car.get_control().throttle == pytest.approx(0.7)


def test_a_target_velocity_holds_from_the_next_tick(rig):
    rig.car.set_target_velocity(6.0 * rig.place.get_forward_vector())
    rig.step()
    assert rig.speed() == pytest.approx(6.0, abs=0.2)


def test_switching_physics_off_holds_the_car(rig):
    rig.step(throttle=1.0)
    rig.car.set_simulate_physics(False)
    rig.step()
    place = rig.car.get_location()
    for _ in range(5):
        rig.step()
    assert rig.car.get_location() == place


def recorded(world, steps=60):
    """Drives a fixed course and returns the states and pictures, frame numbers left out."""
    rig = Rig(world)
    states, pictures = [], []
    for step in range(steps):
        image = rig.step(throttle=0.6, steer=0.1 * np.sin(step / 7))
        for car in sorted(world.get_actors().filter("vehicle.*"), key=lambda car: car.id):
            place, speed = car.get_transform(), car.get_velocity()
            turn = place.rotation
            states.append((place.location.x, place.location.y, turn.yaw, speed.x, speed.y))
        pictures.append(bytes(image.raw_data))
    rig.close()
    return states, pictures


@pytest.mark.parametrize(("name", "npcs"), [("oval", 0), ("town", 6)])
def test_same_actions_give_the_same_states_and_pictures_after_a_reload_and_elsewhere(name, npcs):
    options = ("--npc", str(npcs))
    with served(name, seed=3, options=options) as (_, client):
        first = recorded(fresh_world(client))
        assert len(first[0]) == 60 * (1 + npcs)
        assert recorded(fresh_world(client)) == first
    with served(name, seed=3, options=options) as (_, other):
        assert recorded(fresh_world(other)) == first


def test_reload_gives_a_new_episode_without_the_old_actors(client, world):
    rig = Rig(world)
    rig.step()
    fresh = client.reload_world()
    assert fresh.id != world.id
    assert [actor.type_id for actor in fresh.get_actors()] == ["spectator"]
    assert fresh.get_actor(rig.car.id) is None


def test_spawning_on_top_of_another_car_is_refused(rig):
    rig.step()
    assert rig.world.try_spawn_actor(rig.library.find("vehicle.audi.tt"), rig.place) is None


def test_batch_spawns_controls_and_destroys(client, world):
    library, points = world.get_blueprint_library(), world.get_map().get_spawn_points()
    blueprint = library.find("vehicle.mini.cooper_s")
    throttle = carla.VehicleControl(throttle=1.0)
    follow = carla.command.ApplyVehicleControl(carla.command.FutureActor, throttle)
    spawns = [carla.command.SpawnActor(blueprint, p).then(follow) for p in points[:3]]
    results = client.apply_batch_sync([*spawns, spawns[0]], True)
    assert [bool(result.error) for result in results] == [False, False, False, True]
    for _ in range(10):
        world.tick()
    cars = [world.get_actor(result.actor_id) for result in results[:3]]
    assert all(car.get_velocity().length() > 0.5 for car in cars)
    ends = client.apply_batch_sync([carla.command.DestroyActor(car) for car in cars], True)
    assert not any(result.error for result in ends)
    assert len(world.get_actors().filter("vehicle.*")) == 0


def test_an_unknown_function_is_refused_and_logged_not_met_with_silence(server, rig):
    with pytest.raises(RuntimeError, match="rpc_error"):
        rig.car.get_telemetry_data()
    assert "not implemented: get_telemetry_data" in server.log()


def test_an_unknown_map_is_refused_with_its_name(client):
    with pytest.raises(RuntimeError, match="Nowhere"):
        client.load_world("Nowhere")


GARBAGE = [
    b"\x00" * 64,
    b"GET / HTTP/1.1\r\n\r\n",
    b"\xc1" * 10,
    b"\xdd\xff\xff\xff\xff",  # an array of 4 billion items is announced
    b"\xdb\x80\x00\x00\x00abc",  # a string of 2 GB is announced
    b"\xdd\x00\x00\x1f\xff" * 2000,  # arrays in arrays
    b"\x94\x00\x01\xa7version\x90",  # no metadata
    b"\x94\x00\x01\xa8tick_cue\x92\x91\xc2\x05",  # too many arguments
    struct.pack("<I", 0x80000000) * 4,
]


@pytest.mark.parametrize("which", ["port", "stream_port"])
def test_garbage_on_either_port_leaves_the_server_alive(server, client, which):
    for data in GARBAGE:
        address = "127.0.0.1", getattr(server, which)
        # The server may hang up at any time; that it still serves is asked below.
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=2) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(65536):
                pass
    assert client.get_server_version() == "0.9.16"


def test_two_clients_see_one_world(server, rig, kept):
    rig.step()
    kept.append(carla.Client("127.0.0.1", server.port))
    second = kept[0].get_world()
    assert second.get_actor(rig.car.id).type_id == "vehicle.tesla.model3"
    done = threading.Event()
    second.on_tick(lambda snapshot: done.set())
    rig.step()
    assert done.wait(2.0)
