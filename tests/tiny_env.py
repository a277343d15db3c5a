"""A small real environment with the driving task's spaces and a known optimum."""

import gymnasium as gym
import numpy as np


class Pointing(gym.Env):
    """Point where the bright bar is; 1.0 a step is the optimum, a random policy gets about 1/3.

    The image's newest frame shows a bar whose place stands for the wanted first action; the
    vector's first entry is the wanted second action. Episodes last `length` steps; every
    `terminal_every`-th ends as terminal, the others by time-out. `errors` are the distances of all
    actions taken from the wanted ones, [steps][2]: who does not look has 1/2 in the first.
    """

    def __init__(self, size=36, frames=2, length=10, terminal_every=2, is_mute=False):
        self.observation_space = gym.spaces.Dict(
            image=gym.spaces.Box(0, 255, (frames, size, size), np.uint8),
            vector=gym.spaces.Box(-1, 1, (3,), np.float32),
        )
        self.action_space = gym.spaces.Box(-1, 1, (2,), np.float32)
        self.size, self.frames, self.length = size, frames, length
        self.terminal_every, self.is_mute = terminal_every, is_mute
        self.episodes = 0
        self.errors = []

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        self._draw_wanted()
        self.stack = np.repeat(self._frame()[None], self.frames, axis=0)
        return self._obs(), {}

    def step(self, action):
        first, second = np.abs(np.asarray(action) - self.wanted)
        self.errors.append((first, second))
        self.terms = {"first": 0.5 - float(first) / 2, "second": 0.5 - float(second) / 2}
        reward = sum(self.terms.values())
        self.steps += 1
        self._draw_wanted()
        self.stack = np.concatenate([self.stack[1:], self._frame()[None]])
        ended = self.steps == self.length
        self.episodes += ended
        terminated = ended and self.episodes % self.terminal_every == 0
        return self._obs(), reward, terminated, ended and not terminated, self._info(terminated)

    def _info(self, terminated):
        if self.is_mute:
            return {}
        return {
            "reward_terms": self.terms,
            "speed": float(self.steps),
            "traffic_speed": self.steps / 2,
            "distance": 2.0 * self.steps,
            "end_reason": "goal" if terminated else "time_out",
            "success": float(terminated),
            "collisions": 0.0,
        }

    def _draw_wanted(self):
        self.wanted = self.np_random.uniform(-1, 1, 2).astype(np.float32)

    def _frame(self):
        frame = np.zeros((self.size, self.size), np.uint8)
        left = round((self.wanted[0] + 1) / 2 * (self.size - 6))
        frame[:, left : left + 6] = 255
        return frame

    def _obs(self):
        vector = np.array([self.wanted[1], self.steps / self.length, 0.0], np.float32)
        return {"image": self.stack, "vector": vector}


class Telling(Pointing):
    """Says what it got and counts its frames, so that there is something for every probe.

    The third step of each episode touches a lane marking. Its second action is a pedal.
    """

    def step(self, action):
        self.got = action
        return super().step(action)

    def _info(self, terminated):
        told = {"applied": self.got, "frame": self.steps, "max_brake": 0.2}
        if self.steps >= 3:
            told["after_touch"] = self.steps - 3
        return {**super()._info(terminated), **told}
