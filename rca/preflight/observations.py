"""Questions to what an environment shows: spaces, pictures, vectors, frame stacks."""

import re
import warnings

import gymnasium as gym
import numpy as np
from gymnasium.utils.env_checker import check_env
from numpy.typing import NDArray

from rca.checking import Finding, Verdict
from rca.preflight.rollout import Seen, said

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
VECTOR_LIMIT = 10.0
"""Size of a vector entry above which it counts as not normalised (signals.md, unit check)."""


def spaces(env: gym.Env) -> Finding:
    """Observations lie in their space, `reset` and `step` return what gymnasium wants."""
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            check_env(env.unwrapped, skip_render_check=True)
    except AssertionError as error:
        return said("spaces", Verdict.FAIL, " ".join(str(error).split())[:300])
    except Exception as error:  # noqa: BLE001  user code may raise anything
        return said("spaces", Verdict.ERROR, f"{type(error).__name__}: {error}")
    said_so = [str(w.message) for w in heard if "gymnasium" in str(w.filename)]
    own = [" ".join(COLOUR.sub("", text).removeprefix("WARN: ").split()) for text in said_so]
    if own:
        return said("spaces", Verdict.WARN, own[0][:300])
    return said("spaces", Verdict.PASS, "0 complaints of gymnasium's check_env")


def data(seen: Seen) -> Finding:
    """Every observation lies in the space of the environment as it is given, wrappers and all."""
    count = len(next(iter(seen.observations.values())))
    if seen.outside:
        return said("data", Verdict.FAIL, f"{seen.outside}; {count} observations")
    return said("data", Verdict.PASS, f"{count} observations lie in their space")


def actions(env: gym.Env) -> Finding:
    """Actions are a Box from -1 to 1."""
    space = env.action_space
    if not isinstance(space, gym.spaces.Box):
        return said("actions", Verdict.FAIL, f"TD3 needs a Box, this is {space}")
    low, high = float(space.low.min()), float(space.high.max())
    message = f"{space.shape} actions from {low:g} to {high:g}"
    if not np.isfinite([low, high]).all():
        return said("actions", Verdict.FAIL, f"{message}: a policy's tanh cannot be scaled to it")
    if (space.low != -1).any() or (space.high != 1).any():
        return said("actions", Verdict.WARN, f"{message}: not -1 to 1; who rescales, and once?")
    return said("actions", Verdict.PASS, message)


def _is_image(leaf: NDArray[np.generic]) -> bool:
    return (leaf.ndim == 3 and min(leaf.shape[:2]) >= 8) or (leaf.ndim == 3 and leaf.shape[-1] >= 8)


def images(seen: Seen) -> list[Finding]:
    """Pictures change, and are scaled once."""
    found = []
    for name, values in seen.observations.items():
        if not _is_image(values[0]):
            continue
        low = float(np.min([v.min() for v in values]))  # NaN if one is, as min() would not be
        high = float(np.max([v.max() for v in values]))
        kind = values[0].dtype
        message = f"{name}: {kind} from {low:g} to {high:g} in {len(values)} pictures"
        if not np.isfinite([low, high]).all():
            found.append(said("images", Verdict.FAIL, f"{name}: NaN or infinity in it"))
        elif all(np.array_equal(values[0], v) for v in values):
            found.append(said("images", Verdict.FAIL, f"{message}, all of them the same"))
        elif kind == np.uint8 and high <= 1:
            found.append(said("images", Verdict.FAIL, f"{message}: scaled twice?"))
        elif kind != np.uint8 and high > 2:
            found.append(said("images", Verdict.WARN, f"{message}: floats that are not scaled"))
        else:
            found.append(said("images", Verdict.PASS, message))
    return found or [said("images", Verdict.VACUOUS, "0 pictures in the observation")]


def vectors(seen: Seen) -> list[Finding]:
    """Vectors change, are finite and of a size near 1."""
    found = []
    for name, values in seen.observations.items():
        if _is_image(values[0]):
            continue
        stacked = np.array(values, float).reshape(len(values), -1)
        largest = float(np.abs(stacked).max())
        constant = int((np.ptp(stacked, axis=0) == 0).sum())
        message = f"{name}: {stacked.shape[1]} numbers up to {largest:.3g}, {constant} never change"
        if not np.isfinite(stacked).all():
            found.append(said("vectors", Verdict.FAIL, f"{name}: NaN or infinity in it"))
        elif largest > VECTOR_LIMIT:
            found.append(said("vectors", Verdict.WARN, f"{message}: not normalised"))
        elif constant == stacked.shape[1]:
            found.append(said("vectors", Verdict.FAIL, message))
        else:
            found.append(said("vectors", Verdict.PASS, message))
    return found


def stack(seen: Seen) -> Finding:
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
                return said("frame_stack", verdict, message)
        if depth in (2, 4) or depth > 4:
            message = f"{name}: {depth} channels, and in 0 steps the older are those of before"
            return said("frame_stack", Verdict.FAIL, message)
    return said("frame_stack", Verdict.VACUOUS, "0 frame stacks in the observation")


def _moved(values: list[NDArray[np.generic]], n: int, axis: int, channels: int) -> bool:
    now, before = (np.moveaxis(values[place], axis, 0) for place in (n, n - 1))
    return bool(np.array_equal(now[:-channels], before[channels:]))
