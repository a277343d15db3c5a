"""The server that a config and a command line ask for."""

import carla
import numpy as np
import pytest

from rca.config import EnvConfig
from rca.envs.driving import DrivingEnv
from rca.envs.pursuit import PurePursuit
from rca.envs.servers import Address
from rca.envs.start import server_for
from rca.errors import UsageError
from tests.test_envs_installed import SERVE, carla_root

pytestmark = pytest.mark.carla


def vehicles(address):
    client = carla.Client(address.host, address.port)
    client.set_timeout(5.0)
    return client.get_world().get_actors().filter("vehicle.*")


def test_the_cars_asked_for_are_there():
    with server_for(EnvConfig(npcs=3)) as address:
        assert len(vehicles(address)) == 3


def test_other_cars_in_a_foreign_server_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"env\.npcs=2 .* set it to 0"):
        server_for(EnvConfig(npcs=2), Address("127.0.0.1", 2000))


def test_a_running_server_is_driven_in_and_an_installed_one_is_started(tmp_path):
    root = carla_root(tmp_path, SERVE)
    with server_for(EnvConfig(), root) as started:
        assert len(vehicles(started)) == 0
        with server_for(EnvConfig(), Address(started.host, started.port)) as running:
            assert running.port == started.port
            assert running.process is None


def test_an_episode_among_other_cars_begins_clear_of_them():
    config = EnvConfig(npcs=8, image_size=36, route_length=30.0, max_episode_steps=20)
    with server_for(config) as address:
        env = DrivingEnv(config, host=address.host, port=address.port)
        driver = PurePursuit(config)
        for seed in range(15):
            obs, info = env.reset(seed=seed)
            for _ in range(10):
                obs, *_, info = env.step(driver(obs))
            assert (seed, info["collisions"]) == (seed, 0)
        cars = env.rig.world.get_actors().filter("vehicle.*")  # a new client may have no frame yet
        place = next(car for car in cars if car.id != env.rig.vehicle.id).get_location()
        assert not env.rig.is_free(np.array([place.x + 3.0, place.y, 0.0]))
        env.close()
