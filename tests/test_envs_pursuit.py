"""The healthy control finishes its routes."""

from collections import Counter

import numpy as np
import pytest

from rca.config import EnvConfig
from rca.envs.driving import DrivingEnv
from rca.envs.pursuit import PurePursuit
from rca.envs.servers import embedded
from rca.sim.built_in import BUILT_IN


@pytest.mark.carla
def test_pursuit_finishes_every_route_on_the_oval():
    config = EnvConfig(route_length=80.0, image_size=36)  # it does not look at the image
    with embedded("oval") as server:
        env = DrivingEnv(config, host=server.host, port=server.port)
        driver = PurePursuit(config)
        try:
            for seed in range(4):
                obs, _ = env.reset(seed=seed)
                over, total = False, 0.0
                while not over:
                    obs, reward, terminated, truncated, info = env.step(driver(obs))
                    over, total = terminated or truncated, total + reward
                    assert abs(obs["vector"][1]) < 0.4  # within a metre of the lane's centre
                assert (seed, info["end_reason"], info["success"]) == (seed, "goal", True)
                assert total > 0.08 * env.route.length
        finally:
            env.close()


def test_it_steers_towards_the_route_and_slows_for_bends():
    config = EnvConfig()
    driver = PurePursuit(config)

    def act(speed, radius):
        along = np.arange(1, 11) * 4.0 / radius
        points = np.stack([radius * np.sin(along), radius * (1 - np.cos(along))], axis=1)
        vector = np.concatenate([[speed / 20.0, 0.0, 0.0], points.ravel() / 40.0])
        return driver({"vector": vector.astype(np.float32)})

    straight, right, left, tight = act(8.0, 1e6), act(8.0, 40.0), act(8.0, -40.0), act(8.0, 12.0)
    assert abs(straight[0]) < 0.01
    assert right[0] > 0.02
    assert left[0] == pytest.approx(-right[0])
    assert tight[0] > right[0]
    assert tight[1] < -0.5  # brakes: 8 m/s is 5.3 m/s^2 sideways there
    assert straight[1] == pytest.approx(0.0, abs=0.01)
    assert act(2.0, 1e6)[1] == 1.0


@pytest.mark.slow
@pytest.mark.carla
@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_pursuit_finishes_at_least_95_of_100_routes(name):
    config = EnvConfig(map=name, image_size=36)  # it does not look at the image
    with embedded(name) as server:
        env = DrivingEnv(config, host=server.host, port=server.port)
        driver, endings = PurePursuit(config), Counter[str]()
        try:
            for seed in range(100):
                obs, info = env.reset(seed=seed)
                while info.get("end_reason") is None:
                    obs, *_, info = env.step(driver(obs))
                endings[info["end_reason"]] += 1
        finally:
            env.close()
    assert endings["goal"] >= 95, endings
