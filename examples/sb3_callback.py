"""Stable-Baselines3's TD3 from pixels, watched by rca: `python examples/sb3_callback.py`."""

import argparse
from pathlib import Path

import gymnasium
import numpy as np
from stable_baselines3 import TD3
from stable_baselines3.common.noise import NormalActionNoise
from td3_pixels import Dot

import rca  # rca


def main():
    """Trains for a minute and says where the evidence is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/sb3"))
    parser.add_argument("--steps", type=int, default=2_000)
    wanted = parser.parse_args()
    env = gymnasium.wrappers.TimeLimit(Dot(), 25)
    small = {"features_extractor_kwargs": {"features_dim": 32}, "net_arch": [64, 64]}
    model = TD3(
        "CnnPolicy", env, learning_starts=200, batch_size=32, buffer_size=10_000, seed=0,
        learning_rate=3e-4,  # SB3's 1e-3 drives this actor to the ends of tanh within 100 updates
        action_noise=NormalActionNoise(np.zeros(2), np.full(2, 0.2)), policy_kwargs=small,
    )  # fmt: skip
    model.learn(wanted.steps, callback=rca.RcaCallback(wanted.out))  # rca
    print(f"next: rca check {wanted.out}")


if __name__ == "__main__":
    main()
