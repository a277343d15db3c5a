"""The health of any gymnasium environment for visual continuous control, in one pass."""

from collections.abc import Callable, Sequence
from functools import partial

import gymnasium as gym

from rca.checking import Finding, Verdict
from rca.preflight.behaviour import (
    MakeEnv,
    actors,
    control,
    deterministic,
    endings,
    idle,
    random_policy,
    rewards,
    speed,
    starts,
)
from rca.preflight.observations import actions, data, images, spaces, stack, vectors
from rca.preflight.rollout import Seen, rollout, said

STEPS = 400
"""Of the random policy; enough for ten episodes of 40 steps."""
Question = Callable[[], Finding | list[Finding]]


def probe_env(make: MakeEnv, *, steps: int = STEPS, seed: int = 0) -> list[Finding]:
    """Returns findings about an environment; one that raises is an ERROR of the question asked.

    Args:
        make: Returns a new one; called three times.
        steps: Of the random policy.
        seed: Of environments and actions.
    """
    try:
        env = make()
    except Exception as error:  # noqa: BLE001  user code may raise anything
        return [said("made", Verdict.ERROR, f"the factory raised {_words(error)}")]
    if not isinstance(env, gym.Env):
        kind = type(env).__name__
        return [said("made", Verdict.ERROR, f"the factory returned a {kind}, no gymnasium.Env")]
    found = _asked([("spaces", partial(spaces, env))])
    if found[0].verdict is not Verdict.ERROR:  # else nothing can be asked of it
        found += _asked([("actions", partial(actions, env))])
        try:
            seen = rollout(env, steps, seed)
        except Exception as error:  # noqa: BLE001
            found.append(said("random_policy", Verdict.ERROR, f"acting at random: {_words(error)}"))
        else:
            found += _asked(_questions(env, seen, seed))
    found += _asked([("closed", partial(_closed, env))])
    if found[0].verdict is not Verdict.ERROR:  # two more, once none else drives the simulator
        found += _asked([("determinism", partial(deterministic, make, seed))])
    return found


def _closed(env: gym.Env) -> list[Finding]:
    env.close()
    return []


def _questions(env: gym.Env, seen: Seen, seed: int) -> Sequence[tuple[str, Question]]:
    return [
        ("data", partial(data, seen)),
        ("images", partial(images, seen)),
        ("vectors", partial(vectors, seen)),
        ("frame_stack", partial(stack, seen)),
        ("rewards", partial(rewards, seen)),
        ("endings", partial(endings, seen)),
        ("random_policy", partial(random_policy, seen)),
        ("idle", partial(idle, env, seen, seed)),
        ("zero_update_control", partial(control, env, seed)),
        ("starts", partial(starts, env)),
        ("step_time", partial(speed, seen)),
        ("actors", partial(actors, env)),
    ]


def _asked(questions: Sequence[tuple[str, Question]]) -> list[Finding]:
    found: list[Finding] = []
    for name, question in questions:
        try:
            answer = question()
        except Exception as error:  # noqa: BLE001  a broken environment is a result, not a crash
            answer = said(name, Verdict.ERROR, _words(error))
        found += answer if isinstance(answer, list) else [answer]
    return found


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
