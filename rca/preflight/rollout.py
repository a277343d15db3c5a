"""What a random policy sees of an environment; the questions are asked of it afterwards."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from rca.checking import Finding, Verdict


@dataclass
class Seen:
    """What a random policy saw.

    Attributes:
        observations: Leaves by name, every step and reset, in order. [n, ...]
        starts: Places in them at which an episode begins.
        rewards: [steps]
        lengths: Of whole episodes, steps.
        terminated: Whether each of these ended by itself.
        both: Steps that were terminated and truncated at once.
        seconds: Of each step.
        outside: What of the observations and where is not in their space, the first case.
        successes: `is_success` of each whole episode that said so.
    """

    observations: dict[str, list[NDArray[np.generic]]] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    terminated: list[bool] = field(default_factory=list)
    both: int = 0
    seconds: list[float] = field(default_factory=list)
    outside: str = ""
    successes: list[bool] = field(default_factory=list)

    @property
    def returns(self) -> list[float]:
        """Sum of rewards of each whole episode."""
        parts = np.split(np.array(self.rewards), np.cumsum(self.lengths))
        return [float(part.sum()) for part in parts[: len(self.lengths)]]

    def look(self, observation: object, space: gym.Space[Any]) -> None:
        """Keeps an observation's leaves."""
        if not self.outside and not space.contains(observation):
            step = len(self.rewards)
            self.outside = f"at step {step}: {_misfit(dict(leaves(observation)), space)}"
        for name, leaf in leaves(observation):
            self.observations.setdefault(name, []).append(leaf)


def leaves(observation: object, name: str = "") -> Iterator[tuple[str, NDArray[np.generic]]]:
    """Yields the arrays of an observation with dotted names; a plain one is called "obs"."""
    if isinstance(observation, dict):
        for key, value in observation.items():
            yield from leaves(value, f"{name}.{key}" if name else str(key))
    elif isinstance(observation, tuple):
        for number, value in enumerate(observation):
            yield from leaves(value, f"{name}.{number}" if name else str(number))
    else:
        yield name or "obs", np.array(observation)


def _misfit(found: dict[str, NDArray[np.generic]], space: gym.Space[Any]) -> str:
    """Returns in words what of an observation is not as its space says."""
    for name, wanted in _boxes(space):
        got = found.get(name)
        if got is None:
            return f"{name} is missing"
        said = f"{name} is {got.dtype} {got.shape}"
        if got.dtype != wanted.dtype or got.shape != wanted.shape:
            return f"{said}, its space {wanted.dtype} {wanted.shape}"
        if not np.isfinite(got).all():
            return f"{name} holds NaN or infinity"
        numbers = got.astype(np.float64)
        if (numbers < wanted.low).any() or (numbers > wanted.high).any():
            low, high = wanted.low.min(), wanted.high.max()
            given = f"{name} from {numbers.min():g} to {numbers.max():g}"
            return f"{given}, its space {low:g} to {high:g}"
    return f"{', '.join(found)} and {type(space).__name__} do not match"


def _boxes(space: gym.Space[Any], name: str = "") -> Iterator[tuple[str, gym.spaces.Box]]:
    if isinstance(space, gym.spaces.Dict):
        for key, part in space.spaces.items():
            yield from _boxes(part, f"{name}.{key}" if name else str(key))
    elif isinstance(space, gym.spaces.Tuple):
        for number, part in enumerate(space.spaces):
            yield from _boxes(part, f"{name}.{number}" if name else str(number))
    elif isinstance(space, gym.spaces.Box):
        yield name or "obs", space


def said(check: str, verdict: Verdict, message: str) -> Finding:
    """Returns a finding about an environment."""
    return Finding(verdict, message, check=f"env.{check}")


def rollout(env: gym.Env, steps: int, seed: int) -> Seen:
    """Acts at random for some steps and returns what was seen."""
    seen, rng = Seen(), np.random.default_rng(seed)
    observation, _ = env.reset(seed=seed)
    seen.starts.append(0)
    seen.look(observation, env.observation_space)
    length = 0
    for _ in range(steps):
        action = drawn(env, rng)
        began = time.perf_counter()
        observation, reward, terminated, truncated, info = env.step(action)
        seen.seconds.append(time.perf_counter() - began)
        seen.rewards.append(float(reward))
        seen.look(observation, env.observation_space)
        seen.both += bool(terminated and truncated)
        length += 1
        if terminated or truncated:
            seen.lengths.append(length)
            seen.terminated.append(bool(terminated))
            if "is_success" in info:
                seen.successes.append(bool(info["is_success"]))
            observation, _ = env.reset()
            seen.starts.append(len(next(iter(seen.observations.values()))))
            seen.look(observation, env.observation_space)
            length = 0
    return seen


def drawn(env: gym.Env, rng: np.random.Generator) -> NDArray[np.generic]:
    """Returns a random action."""
    space = env.action_space
    if isinstance(space, gym.spaces.Box) and np.isfinite([space.low, space.high]).all():
        return np.asarray(rng.uniform(space.low, space.high), space.dtype)
    space.seed(int(rng.integers(2**31)))
    return np.asarray(space.sample())
