"""Each planted fault of the server shows at the real client as it should."""

import queue
import time

import pytest

from rca.errors import UsageError
from rca.sim.launch import launch
from tests.sim_world import Rig, fresh_world, served

pytestmark = pytest.mark.carla


def failing(fault):
    return served("oval", options=("--fault", fault))


def test_a_freeze_is_a_time_out_at_the_client():
    # apply_settings ticks once by itself, so the third tick is the second one of the test.
    with failing("freeze:3") as (server, client):
        world = fresh_world(client)
        world.tick()
        client.set_timeout(0.5)
        with pytest.raises(RuntimeError, match="time-out"):
            world.tick()
        assert server.alive()


def test_dying_ends_the_process_with_its_code():
    with failing("die:3") as (server, client):
        world = fresh_world(client)
        world.tick()
        client.set_timeout(0.5)
        with pytest.raises(RuntimeError, match="time-out"):
            world.tick()
        assert server.exit_code() == 9


def test_slow_ticks_take_longer():
    with failing("slow:0.2") as (_, client):
        world = fresh_world(client)
        begin = time.monotonic()
        world.tick()
        assert time.monotonic() - begin > 0.2


def frames_of(fault, ticks=4):
    """Returns, for every tick after the first, the frames that came, counted from that tick."""
    with failing(fault) as (_, client):
        world = fresh_world(client)
        rig = Rig(world)
        came = []
        for _ in range(ticks):
            frame = world.tick()
            own = []
            while True:
                try:
                    own.append(rig.frames.get(timeout=0.3).frame - frame)
                except queue.Empty:
                    break
            came.append(own)
        rig.close()
        return came


def test_a_dropped_frame_never_comes():
    assert frames_of("drop-frame:3") == [[0], [], [0], [0]]


def test_a_late_frame_comes_after_the_next_one():
    assert frames_of("late-frame:3") == [[0], [], [0, -1], [0]]


def test_spawns_are_refused_from_the_number_on():
    with failing("refuse-spawn:1") as (_, client):
        world = fresh_world(client)
        blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
        points = world.get_map().get_spawn_points()
        assert world.try_spawn_actor(blueprint, points[0]) is not None
        assert world.try_spawn_actor(blueprint, points[5]) is None


def test_leaked_actors_stay():
    with failing("leak-actors") as (_, client):
        world = fresh_world(client)
        blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
        car = world.spawn_actor(blueprint, world.get_map().get_spawn_points()[0])
        world.tick()
        assert car.destroy()
        world.tick()
        assert len(world.get_actors().filter("vehicle.*")) == 1


def test_the_server_flips_to_asynchronous_mode():
    with failing("go-async:3") as (_, client):
        world = fresh_world(client)
        assert world.get_settings().synchronous_mode
        world.tick()
        world.tick()
        assert not world.get_settings().synchronous_mode


def test_a_half_open_connection_neither_answers_nor_closes():
    with failing("half-open:3") as (server, client):
        world = fresh_world(client)
        world.tick()
        client.set_timeout(0.5)
        with pytest.raises(RuntimeError, match="time-out"):
            world.tick()
        with pytest.raises(RuntimeError, match="time-out"):
            world.get_settings()
        assert server.alive()


@pytest.mark.parametrize("fault", ["melt", "freeze:soon", "freeze:nan", "slow:inf", "slow:-1"])
def test_an_unknown_fault_is_refused(fault):
    with pytest.raises(UsageError, match=fault.split(":")[-1]):
        launch("oval", options=("--fault", fault))
