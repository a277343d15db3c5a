"""Questions to how an environment behaves: rewards, endings, controls, time, actors."""

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np

from rca.checking import Finding, Verdict
from rca.preflight.rollout import Seen, drawn, leaves, said

MakeEnv = Callable[[], gym.Env]
CONTROL_EPISODES = 3
SLOWER = 2.0
"""Factor between the last and the first third of step times from which something leaks."""


def rewards(seen: Seen) -> Finding:
    """Rewards are finite, differ, and are of a size near 1."""
    found = np.array(seen.rewards)
    message = (
        f"{len(found)} random steps: {found.min():.3g} to {found.max():.3g}, mean "
        f"{found.mean():.3g}"
    )
    if not np.isfinite(found).all():
        return said("rewards", Verdict.FAIL, f"{message}: NaN or infinity")
    if np.ptp(found) == 0 and len(set(seen.lengths)) > 1:
        return said("rewards", Verdict.PASS, f"{message}: the length of an episode alone counts")
    if np.ptp(found) == 0:
        return said("rewards", Verdict.FAIL, f"{message}: always the same, nothing to learn from")
    if np.abs(found).max() > 100:
        return said("rewards", Verdict.WARN, f"{message}: scale them to about 1")
    return said("rewards", Verdict.PASS, message)


def endings(seen: Seen) -> Finding:
    """Time limits truncate, and nothing both truncates and terminates."""
    n = len(seen.lengths)
    if seen.both:
        return said("endings", Verdict.WARN, f"{seen.both} steps are terminated and truncated")
    if not n:
        return said("endings", Verdict.VACUOUS, "0 episodes ended")
    longest = max(seen.lengths)
    at_limit = [
        e for length, e in zip(seen.lengths, seen.terminated, strict=True) if length == longest
    ]
    message = (
        f"{n} episodes of {min(seen.lengths)} to {longest} steps, {sum(seen.terminated)} terminated"
    )
    if len(at_limit) >= 3 and all(at_limit) and longest > 1:
        return said(
            "endings",
            Verdict.WARN,
            f"{message}; {len(at_limit)} of exactly {longest} steps are called terminated: if that "
            "is a time limit, truncate instead",
        )
    return said("endings", Verdict.PASS, message)


def random_policy(seen: Seen) -> Finding:
    """What acting at random earns, which learning has to beat; it neither solves nor dies at once.

    Henderson et al. 2018: a return means something beside that of a random policy.
    """
    returns = np.array(seen.returns)
    if len(returns) < CONTROL_EPISODES:
        return said("random_policy", Verdict.VACUOUS, f"{len(returns)} random episodes ended")
    message = (
        f"{len(returns)} episodes of a random policy earn {returns.mean():.3g} +- "
        f"{returns.std():.3g}, {returns.min():.3g} to {returns.max():.3g}: to be beaten"
    )
    if max(seen.lengths) == 1:
        return said("random_policy", Verdict.WARN, f"{message}; each lasts 1 step")
    if seen.successes and np.mean(seen.successes) > 0.5:
        share = np.mean(seen.successes)
        return said("random_policy", Verdict.WARN, f"{message}; {share:.0%} count as success")
    return said("random_policy", Verdict.PASS, message)


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


def idle(env: gym.Env, seen: Seen, seed: int) -> Finding:
    """Doing nothing should not earn far more than the best of random tries."""
    nothing = np.zeros_like(drawn(env, np.random.default_rng(seed)))
    limit = max(seen.lengths, default=len(seen.rewards))
    idle = [sum(_episode(env, lambda _: nothing, seed + n, limit)) for n in range(CONTROL_EPISODES)]
    tried = seen.returns
    if len(tried) < CONTROL_EPISODES:
        return said("idle", Verdict.VACUOUS, f"{len(tried)} random episodes ended")
    if not np.isfinite([*tried, *idle]).all():
        return said("idle", Verdict.VACUOUS, f"{len(tried)} returns, not all of them numbers")
    best, worst = max(tried), min(tried)
    message = (
        f"an episode of zero actions earns {np.mean(idle):.3g}, {len(tried)} random ones "
        f"{worst:.3g} to {best:.3g}"
    )
    if np.mean(idle) > best + (best - worst) / 2:
        return said("idle", Verdict.WARN, f"{message}: standing still is what is learnt first")
    return said("idle", Verdict.PASS, message)


def control(env: gym.Env, seed: int) -> Finding:
    """Two evaluations with nothing learned in between agree (zero-update control)."""

    def evaluate() -> list[list[float]]:
        results = []
        for n in range(CONTROL_EPISODES):
            rng = np.random.default_rng(seed + n)
            results.append(_episode(env, lambda _, rng=rng: drawn(env, rng), seed + n, 200))  # type: ignore[misc]
        return results

    first, second = evaluate(), evaluate()
    totals = [float(np.mean([sum(e) for e in results])) for results in (first, second)]
    message = (
        f"two evaluations of one policy on {CONTROL_EPISODES} seeds: {totals[0]:.6g}, "
        f"{totals[1]:.6g}"
    )
    verdict = Verdict.PASS if first == second else Verdict.FAIL
    return said("zero_update_control", verdict, message)


def deterministic(make: MakeEnv, seed: int) -> Finding:
    """Two new environments with one seed and the same actions show the same."""
    traces = []
    for _ in range(2):
        env, rng = make(), np.random.default_rng(seed)
        try:
            observation, _ = env.reset(seed=seed)
            trace = [[leaf.tobytes() for _, leaf in leaves(observation)]]
            for _ in range(50):
                observation, reward, terminated, truncated, _ = env.step(drawn(env, rng))
                leaf_bytes = [leaf.tobytes() for _, leaf in leaves(observation)]
                trace.append([*leaf_bytes, np.float64(reward).tobytes()])
                if terminated or truncated:
                    break
            traces.append(trace)
        finally:
            env.close()
    if traces[0] == traces[1]:
        return said("determinism", Verdict.PASS, f"{len(traces[0])} observations are bit-identical")
    pairs = enumerate(zip(*traces, strict=False))
    first = next((n for n, (a, b) in pairs if a != b), min(map(len, traces)))
    return said("determinism", Verdict.FAIL, f"seed {seed} differs from itself at step {first}")


def starts(env: gym.Env) -> Finding:
    """Resets without a seed begin anew, not always in the same place."""
    env.reset(seed=1)
    starts = []
    for _ in range(5):
        observation, _ = env.reset()
        starts.append([leaf.tobytes() for _, leaf in leaves(observation)])
    distinct = len({tuple(start) for start in starts})
    if distinct == 1:
        return said("starts", Verdict.WARN, "5 resets without a seed begin in 1 place")
    return said("starts", Verdict.PASS, f"5 resets without a seed begin in {distinct} places")


def speed(seen: Seen) -> Finding:
    """Steps take as long at the end as at the beginning."""
    seconds = np.array(seen.seconds)
    third = max(1, len(seconds) // 3)
    early, late = float(np.median(seconds[:third])), float(np.median(seconds[-third:]))
    message = (
        f"a step takes {1000 * np.median(seconds):.3g} ms, 1 in 100 more than "
        f"{1000 * np.percentile(seconds, 99):.3g} ms; {late / early:.2g} times as long at the end"
    )
    verdict = Verdict.WARN if late > SLOWER * early and len(seconds) >= 100 else Verdict.PASS
    return said("step_time", verdict, message)


def actors(env: gym.Env) -> list[Finding]:
    """On CARLA: as many actors after ten resets as after two."""
    world = _world(env.unwrapped)
    if world is None:
        return []
    counts = []
    for resets in (2, 8):
        for _ in range(resets):
            env.reset()
        counts.append(len(world.get_actors()))
    message = f"{counts[0]} actors after 2 resets, {counts[1]} after 10"
    verdict = Verdict.PASS if counts[0] == counts[1] else Verdict.FAIL
    return [said("actors", verdict, message)]


def _world(env: object) -> Any:  # noqa: ANN401  carla.World, or what behaves like one
    """Returns the CARLA world of an environment, held by itself or by one of its parts."""
    for holder in (env, *vars(env).values()):
        world = getattr(holder, "world", None)
        if callable(getattr(world, "get_actors", None)):
            return world
    return None
