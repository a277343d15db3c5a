"""The health of any gymnasium environment for visual continuous control, in one pass."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from rca.checking import Finding, Verdict

MakeEnv = Callable[[], gym.Env]
STEPS = 400
"""Of the random policy; enough for ten episodes of 40 steps."""
CONTROL_EPISODES = 3
VECTOR_LIMIT = 10.0
"""Size of a vector entry above which it counts as not normalised (signals.md, unit check)."""
SLOWER = 2.0
"""Factor between the last and the first third of step times from which something leaks."""


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
    """

    observations: dict[str, list[NDArray[np.generic]]] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)
    terminated: list[bool] = field(default_factory=list)
    both: int = 0
    seconds: list[float] = field(default_factory=list)

    def look(self, observation: object) -> None:
        """Keeps an observation's leaves."""
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


def probe_env(make: MakeEnv, *, steps: int = STEPS, seed: int = 0) -> list[Finding]:
    """Returns findings about an environment.

    Args:
        make: Returns a new one; called three times.
        steps: Of the random policy.
        seed: Of environments and actions.
    """
    env = make()
    try:
        broken = _spaces(env)
        if broken.verdict is Verdict.ERROR:
            return [broken]  # nothing else can be asked of it
        seen = _random(env, steps, seed)
        return [
            broken,
            _actions(env),
            *_images(seen),
            *_vectors(seen),
            _stack(seen),
            _rewards(seen),
            _endings(seen),
            _idle(env, seen, seed),
            _control(env, seed),
            _deterministic(make, seed),
            _starts(env),
            _speed(seen),
            *_actors(env),
        ]
    finally:
        env.close()


def _said(check: str, verdict: Verdict, message: str) -> Finding:
    return Finding(verdict, message, check=f"env.{check}")


def _spaces(env: gym.Env) -> Finding:
    """Observations lie in their space, `reset` and `step` return what gymnasium wants."""
    import warnings

    from gymnasium.utils.env_checker import check_env

    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            check_env(env.unwrapped, skip_render_check=True)
    except AssertionError as error:
        return _said("spaces", Verdict.FAIL, " ".join(str(error).split())[:300])
    except Exception as error:  # noqa: BLE001  user code may raise anything
        return _said("spaces", Verdict.ERROR, f"{type(error).__name__}: {error}")
    own = [" ".join(str(w.message).split()) for w in said if "gymnasium" in str(w.filename)]
    if own:
        return _said("spaces", Verdict.WARN, own[0][:300])
    return _said("spaces", Verdict.PASS, "0 complaints of gymnasium's check_env")


def _actions(env: gym.Env) -> Finding:
    space = env.action_space
    if not isinstance(space, gym.spaces.Box):
        return _said("actions", Verdict.FAIL, f"TD3 needs a Box, this is {space}")
    low, high = float(space.low.min()), float(space.high.max())
    message = f"{space.shape} actions from {low:g} to {high:g}"
    if not np.isfinite([low, high]).all():
        return _said("actions", Verdict.FAIL, f"{message}: a policy's tanh cannot be scaled to it")
    if (space.low != -1).any() or (space.high != 1).any():
        return _said("actions", Verdict.WARN, f"{message}: not -1 to 1; who rescales, and once?")
    return _said("actions", Verdict.PASS, message)


def _random(env: gym.Env, steps: int, seed: int) -> Seen:
    seen, rng = Seen(), np.random.default_rng(seed)
    observation, _ = env.reset(seed=seed)
    seen.starts.append(0)
    seen.look(observation)
    length = 0
    for _ in range(steps):
        began = time.perf_counter()
        observation, reward, terminated, truncated, _ = env.step(_drawn(env, rng))
        seen.seconds.append(time.perf_counter() - began)
        seen.rewards.append(float(reward))
        seen.look(observation)
        seen.both += bool(terminated and truncated)
        length += 1
        if terminated or truncated:
            seen.lengths.append(length)
            seen.terminated.append(bool(terminated))
            observation, _ = env.reset()
            seen.starts.append(len(next(iter(seen.observations.values()))))
            seen.look(observation)
            length = 0
    return seen


def _drawn(env: gym.Env, rng: np.random.Generator) -> NDArray[np.generic]:
    space = env.action_space
    if isinstance(space, gym.spaces.Box) and np.isfinite(space.low).all():
        return np.asarray(rng.uniform(space.low, space.high), space.dtype)
    return np.asarray(space.sample())


def _is_image(leaf: NDArray[np.generic]) -> bool:
    return (leaf.ndim == 3 and min(leaf.shape[:2]) >= 8) or (leaf.ndim == 3 and leaf.shape[-1] >= 8)


def _images(seen: Seen) -> list[Finding]:
    found = []
    for name, values in seen.observations.items():
        if not _is_image(values[0]):
            continue
        low = min(float(v.min()) for v in values)
        high = max(float(v.max()) for v in values)
        kind = values[0].dtype
        message = f"{name}: {kind} from {low:g} to {high:g} in {len(values)} pictures"
        if all(np.array_equal(values[0], v) for v in values):
            found.append(_said("images", Verdict.FAIL, f"{message}, all of them the same"))
        elif kind == np.uint8 and high <= 1:
            found.append(_said("images", Verdict.FAIL, f"{message}: scaled twice?"))
        elif kind != np.uint8 and high > 2:
            found.append(_said("images", Verdict.WARN, f"{message}: floats that are not scaled"))
        else:
            found.append(_said("images", Verdict.PASS, message))
    return found or [_said("images", Verdict.VACUOUS, "0 pictures in the observation")]


def _vectors(seen: Seen) -> list[Finding]:
    found = []
    for name, values in seen.observations.items():
        if _is_image(values[0]):
            continue
        stacked = np.array(values, float).reshape(len(values), -1)
        largest = float(np.abs(stacked).max())
        constant = int((np.ptp(stacked, axis=0) == 0).sum())
        message = f"{name}: {stacked.shape[1]} numbers up to {largest:.3g}, {constant} never change"
        if not np.isfinite(stacked).all():
            found.append(_said("vectors", Verdict.FAIL, f"{name}: NaN or infinity in it"))
        elif largest > VECTOR_LIMIT:
            found.append(_said("vectors", Verdict.WARN, f"{message}: not normalised"))
        elif constant == stacked.shape[1]:
            found.append(_said("vectors", Verdict.FAIL, message))
        else:
            found.append(_said("vectors", Verdict.PASS, message))
    return found


def _stack(seen: Seen) -> Finding:
    """The older frames of a stack are the newer ones of the step before."""
    for name, values in seen.observations.items():
        if not _is_image(values[0]) or min(values[0].shape[0], values[0].shape[-1]) < 2:
            continue
        axis = 0 if values[0].shape[0] <= values[0].shape[-1] else 2
        inside = [n for n in range(1, len(values)) if n not in seen.starts]
        moving = [n for n in inside if not np.array_equal(values[n], values[n - 1])]
        depth = values[0].shape[axis]
        for channels in (1, 3):
            if depth % channels or depth == channels:
                continue
            share = float(
                np.mean([float(_moved(values, n, axis, channels)) for n in moving] or [0.0])
            )
            if share > 0.5:
                message = f"{name}: {depth // channels} frames, moved on in {share:.0%} of steps"
                verdict = Verdict.PASS if share > 0.99 else Verdict.FAIL
                return _said("frame_stack", verdict, message)
        if depth in (2, 4) or depth > 4:
            message = f"{name}: {depth} channels, and in 0 steps the older are those of before"
            return _said("frame_stack", Verdict.FAIL, message)
    return _said("frame_stack", Verdict.VACUOUS, "0 frame stacks in the observation")


def _moved(values: list[NDArray[np.generic]], n: int, axis: int, channels: int) -> bool:
    now, before = (np.moveaxis(values[place], axis, 0) for place in (n, n - 1))
    return bool(np.array_equal(now[:-channels], before[channels:]))


def _rewards(seen: Seen) -> Finding:
    rewards = np.array(seen.rewards)
    message = (
        f"{len(rewards)} random steps: {rewards.min():.3g} to {rewards.max():.3g}, mean "
        f"{rewards.mean():.3g}"
    )
    if not np.isfinite(rewards).all():
        return _said("rewards", Verdict.FAIL, f"{message}: NaN or infinity")
    if np.ptp(rewards) == 0:
        return _said("rewards", Verdict.FAIL, f"{message}: always the same, nothing to learn from")
    if np.abs(rewards).max() > 100:
        return _said("rewards", Verdict.WARN, f"{message}: scale them to about 1")
    return _said("rewards", Verdict.PASS, message)


def _endings(seen: Seen) -> Finding:
    n = len(seen.lengths)
    if seen.both:
        return _said("endings", Verdict.WARN, f"{seen.both} steps are terminated and truncated")
    if not n:
        return _said("endings", Verdict.VACUOUS, "0 episodes ended")
    longest = max(seen.lengths)
    at_limit = [
        e for length, e in zip(seen.lengths, seen.terminated, strict=True) if length == longest
    ]
    message = (
        f"{n} episodes of {min(seen.lengths)} to {longest} steps, {sum(seen.terminated)} terminated"
    )
    if len(at_limit) >= 3 and all(at_limit) and longest > 1:
        return _said(
            "endings",
            Verdict.WARN,
            f"{message}; {len(at_limit)} of exactly {longest} steps are called terminated: if that "
            "is a time limit, truncate instead",
        )
    return _said("endings", Verdict.PASS, message)


def _episode(
    env: gym.Env, policy: Callable[[object], object], seed: int, limit: int
) -> list[float]:
    observation, _ = env.reset(seed=seed)
    rewards = []
    for _ in range(limit):
        observation, reward, terminated, truncated, _ = env.step(policy(observation))
        rewards.append(float(reward))
        if terminated or truncated:
            break
    return rewards


def _idle(env: gym.Env, seen: Seen, seed: int) -> Finding:
    """Doing nothing should not earn far more than the best of random tries."""
    nothing = np.zeros_like(_drawn(env, np.random.default_rng(seed)))
    limit = max(seen.lengths, default=len(seen.rewards))
    idle = [sum(_episode(env, lambda _: nothing, seed + n, limit)) for n in range(CONTROL_EPISODES)]
    ends = np.cumsum(seen.lengths)
    tried = [sum(part) for part in np.split(np.array(seen.rewards), ends)[: len(ends)]]
    if len(tried) < CONTROL_EPISODES:
        return _said("idle", Verdict.VACUOUS, f"{len(tried)} random episodes ended")
    best, worst = max(tried), min(tried)
    message = (
        f"an episode of zero actions earns {np.mean(idle):.3g}, {len(tried)} random ones "
        f"{worst:.3g} to {best:.3g}"
    )
    if np.mean(idle) > best + (best - worst) / 2:
        return _said("idle", Verdict.WARN, f"{message}: standing still is what is learnt first")
    return _said("idle", Verdict.PASS, message)


def _control(env: gym.Env, seed: int) -> Finding:
    """Two evaluations with nothing learned in between agree (zero-update control)."""

    def evaluate() -> list[list[float]]:
        results = []
        for n in range(CONTROL_EPISODES):
            rng = np.random.default_rng(seed + n)
            results.append(_episode(env, lambda _, rng=rng: _drawn(env, rng), seed + n, 200))  # type: ignore[misc]
        return results

    first, second = evaluate(), evaluate()
    totals = [float(np.mean([sum(e) for e in results])) for results in (first, second)]
    message = (
        f"two evaluations of one policy on {CONTROL_EPISODES} seeds: {totals[0]:.6g}, "
        f"{totals[1]:.6g}"
    )
    verdict = Verdict.PASS if first == second else Verdict.FAIL
    return _said("zero_update_control", verdict, message)


def _deterministic(make: MakeEnv, seed: int) -> Finding:
    """Two new environments with one seed and the same actions show the same."""
    traces = []
    for _ in range(2):
        env, rng = make(), np.random.default_rng(seed)
        try:
            observation, _ = env.reset(seed=seed)
            trace = [[leaf.tobytes() for _, leaf in leaves(observation)]]
            for _ in range(50):
                observation, reward, terminated, truncated, _ = env.step(_drawn(env, rng))
                leaf_bytes = [leaf.tobytes() for _, leaf in leaves(observation)]
                trace.append([*leaf_bytes, np.float64(reward).tobytes()])
                if terminated or truncated:
                    break
            traces.append(trace)
        finally:
            env.close()
    if traces[0] == traces[1]:
        return _said(
            "determinism", Verdict.PASS, f"{len(traces[0])} observations are bit-identical"
        )
    pairs = enumerate(zip(*traces, strict=False))
    first = next((n for n, (a, b) in pairs if a != b), min(map(len, traces)))
    return _said("determinism", Verdict.FAIL, f"seed {seed} differs from itself at step {first}")


def _starts(env: gym.Env) -> Finding:
    """Resets without a seed begin anew, not always in the same place."""
    env.reset(seed=1)
    starts = []
    for _ in range(5):
        observation, _ = env.reset()
        starts.append([leaf.tobytes() for _, leaf in leaves(observation)])
    distinct = len({tuple(start) for start in starts})
    if distinct == 1:
        return _said("starts", Verdict.WARN, "5 resets without a seed begin in 1 place")
    return _said("starts", Verdict.PASS, f"5 resets without a seed begin in {distinct} places")


def _speed(seen: Seen) -> Finding:
    seconds = np.array(seen.seconds)
    third = max(1, len(seconds) // 3)
    early, late = float(np.median(seconds[:third])), float(np.median(seconds[-third:]))
    message = (
        f"a step takes {1000 * np.median(seconds):.3g} ms, 1 in 100 more than "
        f"{1000 * np.percentile(seconds, 99):.3g} ms; {late / early:.2g} times as long at the end"
    )
    verdict = Verdict.WARN if late > SLOWER * early and len(seconds) >= 100 else Verdict.PASS
    return _said("step_time", verdict, message)


def _actors(env: gym.Env) -> list[Finding]:
    """On CARLA: as many actors after ten resets as after two."""
    world = getattr(env.unwrapped, "world", None)
    if world is None or not hasattr(world, "get_actors"):
        return []
    counts = []
    for resets in (2, 8):
        for _ in range(resets):
            env.reset()
        counts.append(len(world.get_actors()))
    message = f"{counts[0]} actors after 2 resets, {counts[1]} after 10"
    verdict = Verdict.PASS if counts[0] == counts[1] else Verdict.FAIL
    return [_said("actors", verdict, message)]
