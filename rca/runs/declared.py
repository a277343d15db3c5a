"""Keys of foreign configs and what they mean here: what a recording's config files declare."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from rca.config import flatten

KNOWN: Mapping[str, tuple[str, ...]] = {
    "agent.actor_lr": ("actor_lr", "actor_learning_rate", "actor.learning_rate", "actor.lr",
                       "pi_lr", "policy_lr", "algorithm.learning_rate", "agent.learning_rate",
                       "learning_rate", "lr"),
    "agent.critic_lr": ("critic_lr", "critic_learning_rate", "critic.learning_rate", "critic.lr",
                        "q_lr", "algorithm.learning_rate", "agent.learning_rate",
                        "learning_rate", "lr"),
    "agent.actor_encoder_lr": ("actor_cnn_lr", "actor_encoder_lr", "cnn.learning_rate",
                               "cnn_extractor.learning_rate", "cnn_lr", "encoder_lr"),
    "agent.critic_encoder_lr": ("critic_cnn_lr", "critic_encoder_lr", "cnn.learning_rate",
                                "cnn_extractor.learning_rate", "cnn_lr", "encoder_lr"),
    "agent.exploration_noise": ("exploration_noise", "expl_noise", "act_noise",
                                "action_noise_sigma"),
    "agent.learning_starts": ("learning_starts", "start_timesteps", "start_steps",
                              "warmup_steps", "update_after"),
    "agent.batch_size": ("batch_size", "minibatch_size"),
    "agent.buffer_size": ("buffer_size", "replay_size", "replay_buffer_size", "memory_size"),
    "agent.discount": ("discount", "gamma", "discount_factor"),
    "agent.tau": ("tau",),
    "agent.policy_delay": ("policy_freq", "policy_delay", "policy_frequency"),
    "agent.target_noise": ("policy_noise", "target_policy_noise", "target_noise"),
    "agent.target_noise_clip": ("noise_clip", "target_noise_clip", "target_policy_noise_clip"),
    "env.dt": ("fixed_delta_seconds", "dt"),
    "env.map": ("map_name", "town"),
    "env.image_size": ("image_size", "img_size", "input_height"),
    "env.frame_stack": ("stack_frames", "frame_stack", "num_frames", "n_stack"),
    "env.num_waypoints": ("num_waypoints", "num_waypoints_ahead"),
    "env.side_by_side": ("n_envs", "num_envs"),
    "env.max_episode_steps": ("max_episode_steps", "max_ep_len", "episode.max_steps"),
    "budget.seed": ("seed",),
    "budget.steps": ("total_timesteps", "max_timesteps", "total_steps"),
    "budget.eval_every": ("eval_freq", "eval_every", "eval_interval"),
    "budget.eval_from": ("eval_from",),
    "budget.eval_episodes": ("n_eval_episodes", "num_eval_episodes", "eval_episodes"),
}  # fmt: skip
"""Our key: the ends of foreign dotted keys that mean it, the most telling first."""
PARTS = {"actor": {"actor", "policy", "pi"}, "critic": {"critic", "q", "qf"}}
"""Names of a part in the path of a key: `critic.optimizer.lr` is not the actor's."""
SHARED = ("learning_rate", "lr")
"""Ends that say nothing of the part that they are of."""
EVALUATION = {"eval", "evaluation", "eval_env"}
TEXT = ("env.map",)
WHOLE = ("agent.learning_starts", "agent.batch_size", "agent.buffer_size", "agent.policy_delay",
         "env.image_size", "env.frame_stack", "env.num_waypoints", "env.max_episode_steps",
         "env.side_by_side", "budget.seed", "budget.steps", "budget.eval_every", "budget.eval_from",
         "budget.eval_episodes")  # fmt: skip


@dataclass(frozen=True)
class Declared:
    """What the config files of a recording declare.

    Attributes:
        config: Under our keys where known, all others as `file:their.key`.
        origin: Our key: the `file:their.key` that it was taken from.
        others: Our key: further places that set the same thing, with their values.
    """

    config: Mapping[str, object] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


def declared(leaves: Mapping[str, object]) -> Declared:
    """Returns the declared values under our keys.

    Args:
        leaves: Values as `file:their.key`, files in the order of their authority.
    """
    config: dict[str, object] = {}
    origin: dict[str, str] = {}
    others: dict[str, dict[str, object]] = {}
    for ours, ends in KNOWN.items():
        places = [
            place
            for end in ends
            for place in leaves
            if _means(place, end) and not _is_of_another(ours, place, end)
        ]
        usable = [place for place in dict.fromkeys(places) if _fits(ours, leaves[place])]
        if not usable:
            continue
        first, *rest = usable
        config[ours] = _value(ours, leaves[first])
        origin[ours] = first
        more = {place: leaves[place] for place in rest if place.endswith(_end(ours, first))}
        if more:
            others[ours] = more
    used = set(origin.values())
    _updates_per_step(leaves, config, origin)
    config.update({place: value for place, value in leaves.items() if place not in used})
    return Declared(config, origin, others)


def _updates_per_step(
    leaves: Mapping[str, object], config: dict[str, object], origin: dict[str, str]
) -> None:
    """Derives `agent.updates_per_step` from how often and how much is trained.

    -1 gradient steps mean as many as environment steps (Stable-Baselines3, which counts one step
    of each of n environments side by side as one in `train_freq`).
    """
    every = next((place for place in leaves if _means(place, "train_freq")), None)
    steps = next((place for place in leaves if _means(place, "gradient_steps")), None)
    if every is None or steps is None:
        return
    between, updates = as_number(leaves[every]), as_number(leaves[steps])
    if between is not None and updates is not None and between >= 1 and updates != 0:
        between *= max(1, as_number(config.get("env.side_by_side")) or 1)
        config["agent.updates_per_step"] = 1.0 if updates < 0 else updates / between
        origin["agent.updates_per_step"] = every


def _is_of_another(ours: str, place: str, end: str) -> bool:
    """Tells whether a key stands below the name of a part that ours does not mean."""
    above = place.partition(":")[2].lower().removesuffix(end).split(".")
    if EVALUATION & set(above) and not ours.startswith("budget.eval"):
        return True
    named = [part for name in above for part, words in PARTS.items() if name in words]
    # What a key says itself counts before what stands above it, the nearest before the farthest.
    is_of_a_part = any(part in ours for part in PARTS)
    return is_of_a_part and end in SHARED and bool(named) and named[-1] not in ours


def _end(ours: str, place: str) -> str:
    """Returns the end by which a place was recognised; others with that end set the same."""
    return next(end for end in KNOWN[ours] if _means(place, end))


def _means(place: str, end: str) -> bool:
    key = place.partition(":")[2].lower().replace("-", "_")
    return key == end or key.endswith(f".{end}")


def _fits(ours: str, value: object) -> bool:
    if ours in TEXT:
        return isinstance(value, str)
    read = as_number(value)
    return read is not None and (ours not in WHOLE or read == int(read))


def _value(ours: str, value: object) -> object:
    if ours in TEXT:
        return value
    read = as_number(value)
    assert read is not None
    return int(read) if ours in WHOLE else read


def as_number(value: object) -> float | None:
    """Returns a finite number, also from `3e-4`, which YAML 1.1 reads as text; else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        read = float(value)
    except (ValueError, OverflowError):
        return None
    return read if math.isfinite(read) else None


def leaves_of(name: str, tree: Mapping[str, object]) -> dict[str, object]:
    """Returns a config file's values as `file:their.key`."""
    plain = {str(key): value for key, value in tree.items()}
    return {f"{name}:{key}": value for key, value in flatten(plain).items()}
