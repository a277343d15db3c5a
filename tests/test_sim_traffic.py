"""Cars that the server drives, and cars that the client's Traffic Manager drives."""

import time

import carla
import pytest

from tests.sim_world import fresh_world, served

pytestmark = pytest.mark.carla


def cars_of(world):
    return sorted(world.get_actors().filter("vehicle.*"), key=lambda car: car.id)


def off_lane(world, car):
    """Returns how far a car is from the middle of the nearest lane, metres."""
    nearest = world.get_map().get_waypoint(car.get_location())
    return nearest.transform.location.distance(car.get_location())


def driven(client, ticks=300):
    world = fresh_world(client)
    paths = []
    for _ in range(ticks):
        world.tick()
        places = [car.get_location() for car in cars_of(world)]
        paths.append([(place.x, place.y) for place in places])
    return world, paths


def test_lane_followers_drive_in_their_lanes_the_same_way_in_every_episode():
    with served("town", seed=5, options=("--npc", "6")) as (_, client):
        world, paths = driven(client)
        assert len(paths[-1]) == 6
        for (x0, y0), (x1, y1) in zip(paths[0], paths[-1], strict=True):
            assert abs(x1 - x0) + abs(y1 - y0) > 30.0
        assert max(off_lane(world, car) for car in cars_of(world)) < 1.2
        assert driven(client)[1] == paths


def test_a_lane_follower_stops_behind_a_standing_car():
    with served("oval") as (_, client):
        world = fresh_world(client)
        library, points = world.get_blueprint_library(), world.get_map().get_spawn_points()
        blueprint = library.find("vehicle.audi.tt")
        behind, ahead = points[0], points[2]
        standing = world.spawn_actor(blueprint, ahead)
        blueprint.set_attribute("role_name", "lane_follower")
        follower = world.spawn_actor(blueprint, behind)
        for _ in range(300):
            world.tick()
        gap = follower.get_location().distance(standing.get_location())
        assert 4.3 < gap < 12.0
        assert follower.get_velocity().length() < 0.3
        assert standing.get_location().distance(ahead.location) < 0.5


def test_the_clients_traffic_manager_drives(unused_port):
    with served("oval", seed=1) as (_, client):
        world = fresh_world(client)
        library, points = world.get_blueprint_library(), world.get_map().get_spawn_points()
        # Not in its synchronous mode: there the client can lose the wake-up between its two
        # threads (TrafficManagerLocal notifies without the lock) and tick() then waits for ever.
        manager = client.get_trafficmanager(unused_port)
        starts = [points[k] for k in (0, 4, 22)]
        cars = [world.spawn_actor(library.find("vehicle.audi.tt"), start) for start in starts]
        world.tick()
        for car in cars:
            car.set_autopilot(True, unused_port)
        for _ in range(2000):
            world.tick()
            time.sleep(0.005)  # real time for the manager's own thread
            gone = [
                c.get_location().distance(s.location) for c, s in zip(cars, starts, strict=True)
            ]
            if min(gone) > 15.0:
                break
        assert min(gone) > 15.0
        assert max(off_lane(world, car) for car in cars) < 1.0
        for car in cars:
            car.set_autopilot(False, unused_port)
        manager.shut_down()
        client.apply_batch_sync([carla.command.DestroyActor(car) for car in cars], True)
