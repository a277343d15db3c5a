"""Evaluating in a server of its own changes nothing in training, and repeats exactly."""

import numpy as np
import pytest

from rca.config import EnvConfig
from rca.envs.driving import DrivingEnv
from rca.envs.pursuit import PurePursuit
from rca.envs.servers import embedded

pytestmark = pytest.mark.carla
CONFIG = EnvConfig(route_length=30.0, max_episode_steps=60)


@pytest.fixture(scope="module")
def envs():
    """Returns a training and an evaluation environment, each in its own server."""
    with embedded("oval") as one, embedded("oval") as two:
        made = [DrivingEnv(CONFIG, host=at.host, port=at.port) for at in (one, two)]
        yield made
        for env in made:
            env.close()


def evaluation(env):
    """Returns all that two episodes of a fixed policy give, bit for bit."""
    driver, seen = PurePursuit(CONFIG), []
    for seed in (100, 101):
        obs, _ = env.reset(seed=seed)
        over = False
        while not over:
            obs, reward, terminated, truncated, info = env.step(driver(obs))
            over = terminated or truncated
            seen.append((obs["image"].tobytes(), obs["vector"].tobytes(), reward, info))
    return seen


def training(env, pause):
    """Returns all that random actions give, with `pause` called in the middle of episodes."""
    rng, seen = np.random.default_rng(7), []
    env.reset(seed=1)
    for step in range(90):
        obs, reward, terminated, truncated, info = env.step(
            rng.uniform([-0.4, 0.0], [0.4, 1.0]).astype(np.float32)
        )
        seen.append((obs["image"].tobytes(), obs["vector"].tobytes(), reward, info))
        if step % 40 == 30:
            pause()
        if terminated or truncated:
            obs, _ = env.reset()  # follows from the first seed
            seen.append((obs["image"].tobytes(), obs["vector"].tobytes(), 0.0, {}))
    return seen


def test_two_evaluations_with_no_update_between_agree_exactly(envs):
    assert evaluation(envs[1]) == evaluation(envs[1])


def test_training_is_the_same_with_and_without_evaluation(envs):
    train_env, eval_env = envs
    evaluations = []
    alone = training(train_env, lambda: None)
    accompanied = training(train_env, lambda: evaluations.append(evaluation(eval_env)))
    assert alone == accompanied
    assert len(evaluations) == 2
    assert evaluations[0] == evaluations[1]


def test_the_comparison_would_notice_a_disturbed_world(envs):
    """The control of the control: one tick more, taken by an evaluation in the same world."""
    train_env, _ = envs
    alone = training(train_env, lambda: None)
    disturbed = training(train_env, lambda: train_env.rig.drive(0.0, 0.0, 1.0))
    assert alone != disturbed
