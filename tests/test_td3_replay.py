"""Replay: what is sampled is what was seen, whatever the borders; frames are kept once."""

import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rca.td3.networks import Shapes
from rca.td3.replay import Replay

SIZE = 3


class Naive:
    """Keeps whole observations: the obvious buffer."""

    def __init__(self, capacity):
        self.capacity = capacity
        self.kept = []

    def add(self, obs, action, reward, next_obs, terminated):
        copies = [{k: v.copy() for k, v in o.items()} for o in (obs, next_obs)]
        self.kept.append((copies[0], action, reward, copies[1], terminated))
        self.kept = self.kept[-self.capacity :]


def frame(number):
    return np.full((SIZE, SIZE), number % 256, np.uint8)


def observation(stack, number):
    return {"image": np.stack(stack), "vector": np.array([number, -number], np.float32)}


@settings(max_examples=100, deadline=None)
@given(
    capacity=st.integers(1, 12),
    frames=st.integers(1, 4),
    episodes=st.lists(
        st.tuples(st.integers(0, 9), st.booleans(), st.booleans()), min_size=1, max_size=12
    ),
)
def test_samples_equal_a_naive_buffers(capacity, frames, episodes):
    replay = Replay(capacity, Shapes((frames, SIZE, SIZE), 2, 1))
    naive = Naive(capacity)
    number = 0
    for length, ends_terminal, starts_filled in episodes:
        first = [frame(number if starts_filled else number + i) for i in range(frames)]
        number += frames
        obs = observation(first, number)
        replay.begin(obs)
        for step in range(length):
            number += 1
            stack = [*obs["image"][1:], frame(number)]
            next_obs = observation(stack, number)
            terminated = ends_terminal and step == length - 1
            action = np.array([number / 1000], np.float32)
            replay.add(action, float(number), next_obs, terminated)
            naive.add(obs, action, float(number), next_obs, terminated)
            obs = next_obs
    assert len(replay) == len(naive.kept)
    if not naive.kept:
        return
    batch = replay.sample(64, np.random.default_rng(0))
    by_reward = {kept[2]: kept for kept in naive.kept}
    for i in range(64):
        obs, action, _, next_obs, terminated = by_reward[float(batch.reward[i])]
        np.testing.assert_array_equal(batch.obs.image[i], obs["image"])
        np.testing.assert_array_equal(batch.obs.vector[i], obs["vector"])
        np.testing.assert_array_equal(batch.next_obs.image[i], next_obs["image"])
        np.testing.assert_array_equal(batch.next_obs.vector[i], next_obs["vector"])
        np.testing.assert_array_equal(batch.action[i], action)
        assert bool(batch.terminated[i]) == terminated


def test_every_transition_is_sampled_about_equally_often():
    replay = filled(capacity=20, steps=50, episode=7)
    rewards = replay.sample(20_000, np.random.default_rng(0)).reward.numpy()
    kept, counts = np.unique(rewards, return_counts=True)
    np.testing.assert_array_equal(kept, np.arange(30, 50))
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(1000)


def filled(capacity, steps, episode, size=SIZE, vector=2):
    replay = Replay(capacity, Shapes((4, size, size), vector, 2))
    rng = np.random.default_rng(0)
    for step in range(steps):
        if step % episode == 0:
            first = rng.integers(256, size=(size, size), dtype=np.uint8)
            image = np.repeat(first[None], 4, axis=0)
            replay.begin({"image": image, "vector": np.zeros(vector, np.float32)})
        new = rng.integers(256, size=(1, size, size), dtype=np.uint8)
        image = np.concatenate([image[1:], new])
        obs = {"image": image, "vector": np.zeros(vector, np.float32)}
        replay.add(np.zeros(2, np.float32), float(step), obs, False)
    return replay


def test_memory_per_100k_transitions_stays_within_the_promise():
    resident = psutil.Process().memory_info().rss
    replay = filled(capacity=3000, steps=7000, episode=200, size=84, vector=53)
    grown = psutil.Process().memory_info().rss - resident
    assert replay.nbytes / 3000 * 100_000 <= 0.75e9
    assert grown / 3000 * 100_000 <= 0.75e9 + 3e8  # the process itself grows a little too


def test_a_short_run_takes_little_memory():
    resident = psutil.Process().memory_info().rss
    replay = Replay(100_000, Shapes((4, 84, 84), 53, 2))
    replay.begin({"image": np.zeros((4, 84, 84), np.uint8), "vector": np.zeros(53, np.float32)})
    assert psutil.Process().memory_info().rss - resident < 20e6


def test_the_environment_may_reuse_its_arrays():
    replay = Replay(10, Shapes((2, SIZE, SIZE), 1, 1))
    image, vector = np.zeros((2, SIZE, SIZE), np.uint8), np.zeros(1, np.float32)
    replay.begin({"image": image, "vector": vector})
    for number in (1, 2):
        image[0], image[1], vector[0] = image[1].copy(), number, number
        replay.add(np.zeros(1), float(number), {"image": image, "vector": vector}, False)
    batch = replay.sample(50, np.random.default_rng(0))
    np.testing.assert_array_equal(batch.next_obs.vector[:, 0], batch.reward)
    np.testing.assert_array_equal(batch.obs.image[:, 1, 0, 0], batch.reward - 1)


def test_an_image_that_is_no_sliding_stack_is_refused():
    replay = Replay(10, Shapes((2, SIZE, SIZE), 1, 1))
    vector = np.zeros(1, np.float32)
    replay.begin({"image": np.zeros((2, SIZE, SIZE), np.uint8), "vector": vector})
    other: dict[str, np.ndarray] = {"image": np.ones((2, SIZE, SIZE), np.uint8), "vector": vector}
    with pytest.raises(ValueError, match="sliding stack"):
        replay.add(np.zeros(1), 0.0, other, False)


def test_a_step_before_any_reset_is_refused():
    replay = Replay(10, Shapes((1, SIZE, SIZE), 1, 1))
    obs: dict[str, np.ndarray] = {
        "image": np.zeros((1, SIZE, SIZE), np.uint8),
        "vector": np.zeros(1, np.float32),
    }
    with pytest.raises(ValueError, match="begin"):
        replay.add(np.zeros(1), 0.0, obs, False)


def test_n_step_sums_do_not_read_slots_that_were_never_written():
    replay = Replay(50, Shapes((2, 36, 36), 3, 2))
    replay._rewards.fill(np.nan)  # what unwritten memory may hold
    obs: dict[str, np.ndarray] = {
        "image": np.zeros((2, 36, 36), np.uint8),
        "vector": np.zeros(3, np.float32),
    }
    replay.begin(obs)
    for _ in range(4):
        replay.add(np.zeros(2), 1.0, obs, False)
    batch = replay.sample(100, np.random.default_rng(0), n_step=3, discount=0.5)
    assert set(batch.reward.tolist()) == {1.0, 1.5, 1.75}
