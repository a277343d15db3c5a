"""Stable-Baselines3's TD3 as an agent to be examined: `rca probe agent rca.preflight.sb3:td3`."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rca.errors import UsageError
from rca.preflight.tasks import Picture, Task

try:
    from stable_baselines3 import TD3
    from stable_baselines3.common.noise import NormalActionNoise
except ImportError as error:
    raise UsageError(
        "rca.preflight.sb3 needs stable-baselines3: pip install stable-baselines3"
    ) from error


class Examined:
    """A model of Stable-Baselines3 with twin critics in a task."""

    def __init__(self, model: Any) -> None:  # noqa: ANN401  any off-policy model
        self.model = model

    def learn(self, steps: int) -> None:
        """Trains."""
        self.model.learn(steps)

    def act(self, picture: Picture) -> NDArray[np.float32]:
        """Returns the greedy action."""
        return np.asarray(self.model.predict(picture, deterministic=True)[0], np.float32)

    def value(self, picture: Picture, action: NDArray[np.float32]) -> float:
        """Returns Q1."""
        import torch

        with torch.no_grad():
            seen, _ = self.model.policy.obs_to_tensor(picture)
            values = self.model.critic(seen, torch.from_numpy(action[None]))
        return float(values[0])


def td3(env: Task, discount: float, seed: int) -> Examined:
    """Returns Stable-Baselines3's TD3 with its NatureCNN, cut to 32 features."""
    model = TD3(
        "CnnPolicy",
        env,
        gamma=discount,
        seed=seed,
        learning_starts=100,
        batch_size=32,
        buffer_size=10_000,
        tau=0.05,
        learning_rate=3e-4,
        action_noise=NormalActionNoise(np.zeros(1), 0.3 * np.ones(1)),
        policy_kwargs={"features_extractor_kwargs": {"features_dim": 32}, "net_arch": [64, 64]},
        device="cpu",
    )
    return Examined(model)
