"""A rival that reads nothing but settings: whatever differs from the plain preset is to blame.

It is what comparing two configurations gives, by who knows the preset and what each setting can do.
Chosen with the planted faults in view, which is more than a rival could know; it sees no run, and
names no probability.
"""

from collections.abc import Mapping

CAUSES = {
    "agent.actor_encoder_lr": "learning_rate_imbalance",
    "agent.critic_encoder_lr": "learning_rate_imbalance",
    "agent.actor_lr": "learning_rate_wrong",
    "agent.critic_lr": "learning_rate_wrong",
    "agent.exploration_noise": "exploration_noise_high",
    "agent.learning_starts": "learning_starts_early",
    "agent.buffer_size": "replay_wrong",
    "agent.batch_size": "batch_size_large",
    "agent.updates_per_step": "update_ratio_wrong",
    "agent.policy_delay": "update_ratio_wrong",
    "agent.discount": "discount_wrong",
    "agent.tau": "target_wrong",
    "agent.encoder_tau": "target_wrong",
    "agent.encoder_targets": "encoder_targets_missing",
    "agent.encoder_sharing": "encoder_stepped_twice",
    "agent.target_noise": "smoothing_wrong",
    "agent.actor_clip": "gradients_clipped_away",
    "agent.critic_clip": "gradients_clipped_away",
    "agent.activation": "network_altered",
    "agent.random_phase": "no_net_force",
    "agent.reward": "reward_wrong",
    "env.reward.collision": "collision_pays",
    "env.reward.off_road": "penalty_too_large",
    "env.reward": "reward_design",
    "env.lane_touch_terminates": "lane_touch_terminates",
    "env.frame_stack": "frames_wrong",
    "env.max_brake": "no_net_force",
}
"""The first part of a setting's key, and the cause that it stands for; the first named first."""


def ranking(
    config: Mapping[str, object], plain: Mapping[str, object]
) -> tuple[tuple[str, float], ...]:
    """Returns the causes of the settings that differ.

    Args:
        config: Of a run, by dotted key.
        plain: Of the preset.
    """
    other = [key for key, value in plain.items() if config.get(key) != value]
    named = [cause for key, cause in CAUSES.items() if any(k.startswith(key) for k in other)]
    return tuple((cause, 1.0) for cause in dict.fromkeys(named))
