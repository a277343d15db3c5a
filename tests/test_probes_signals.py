"""Each signal against an independent plain-numpy version of itself, on a real short run."""

import math

import numpy as np
import pytest
import torch

from rca.build import default_build
from rca.config import AgentConfig, BudgetConfig, ProbeConfig, RunConfig
from rca.probes.engine import Probes
from rca.td3.events import ActorGrads, CriticGrads, Stepped, Updated
from rca.td3.train import train
from tests.tiny_env import Pointing

CONFIG = RunConfig(
    agent=AgentConfig(learning_starts=10, batch_size=8, buffer_size=100),
    budget=BudgetConfig(steps=22, seed=1),
)


def arrays(module, gradient=False):
    chosen = [w.grad if gradient else w for w in module.parameters()]
    return [w.detach().numpy().copy() for w in chosen]


def length(parts):
    return math.sqrt(sum(float(np.sum(np.square(part, dtype=np.float64))) for part in parts))


@pytest.fixture(scope="module")
def run():
    """Measured values by name and step, and the same recomputed in numpy."""
    measured: dict[str, dict[int, float]] = {}
    expected: dict[str, dict[int, float]] = {}
    engine: list[Probes] = []
    start: dict[str, list[np.ndarray]] = {}

    def note(name, event, value):
        expected.setdefault(name, {})[event.step] = float(value)

    def emit(event):
        for m in engine[0].measure(event):
            measured.setdefault(m.name, {})[m.step] = m.value
        recompute(event, note, start)

    training = default_build(CONFIG).training(Pointing(), emit)
    for name in ("actor_encoder", "critic_encoder"):
        start[name] = arrays(training.agent.modules()[name])
    engine.append(Probes(ProbeConfig(slow_every=1), training.agent))
    train(training)
    return measured, expected


def recompute(event, note, start):
    if isinstance(event, CriticGrads | ActorGrads):
        part = "critic" if isinstance(event, CriticGrads) else "actor"
        for name in (part, f"{part}_encoder"):
            grads = arrays(getattr(event.agent, name), gradient=True)
            note(f"{name}/grad_norm", event, length(grads))
    if isinstance(event, Updated):
        q1, q2, target = (t.numpy() for t in (event.q1, event.q2, event.target))
        note("critic/q_spread", event, np.mean(np.abs(q1 - q2)))
        note("critic/q1_mean", event, np.mean(q1))
        note("critic/q2_mean", event, np.mean(q2))
        note("critic/q1_min", event, min(q1))
        note("critic/q1_max", event, max(q1))
        note("critic/target_mean", event, np.mean(target))
        note("critic/loss", event, np.mean((q1 - target) ** 2) + np.mean((q2 - target) ** 2))
        if event.actor_loss is not None:
            note("actor/loss", event, event.actor_loss.numpy())
        for name, then in start.items():
            now = arrays(getattr(event.agent, name))
            moved = [a - b for a, b in zip(now, then, strict=True)]
            note(f"{name}/drift", event, length(moved) / length(then))
    if isinstance(event, Stepped):
        note("env/reward", event, event.reward)
        note("env/speed", event, event.speed)
        note("env/step_seconds", event, event.seconds)
        note("explore/noise", event, event.noise)
        note("replay/size", event, min(event.step, 100))


NAMES = [
    *(f"{m}/grad_norm" for m in ("actor", "actor_encoder", "critic", "critic_encoder")),
    "actor_encoder/drift",
    "critic_encoder/drift",
    "critic/q_spread",
    "critic/q1_mean",
    "critic/q2_mean",
    "critic/q1_min",
    "critic/q1_max",
    "critic/target_mean",
    "critic/loss",
    "actor/loss",
    "env/reward",
    "env/speed",
    "env/step_seconds",
    "explore/noise",
    "replay/size",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_signal_equals_its_numpy_version(run, name):
    measured, expected = run
    assert measured[name].keys() == expected[name].keys()
    for step, value in expected[name].items():
        assert measured[name][step] == pytest.approx(value, rel=1e-4, abs=1e-7, nan_ok=True), step


def test_no_signal_goes_untested(run):
    assert set(run[0]) == set(NAMES)


def test_learning_moves_both_encoders(run):
    measured, _ = run
    for name in ("actor_encoder", "critic_encoder"):
        values = list(measured[f"{name}/drift"].values())
        assert values[-1] > values[2] > 0


def test_a_frozen_encoder_has_no_gradient_and_no_drift():
    found: dict[str, list[float]] = {}

    def emit(event):
        for m in engine.measure(event):
            found.setdefault(m.name, []).append(m.value)

    training = default_build(CONFIG).training(Pointing(), emit)
    training.agent.critic_encoder.requires_grad_(False)
    engine = Probes(ProbeConfig(slow_every=1), training.agent)
    train(training)
    assert all(math.isnan(value) for value in found["critic_encoder/grad_norm"])
    assert set(found["critic_encoder/drift"]) == {0.0}
    assert found["actor_encoder/drift"][-1] > 0


def test_a_broken_critic_shows_as_nan_not_as_zero():
    found: dict[str, dict[int, float]] = {}

    def emit(event):
        if isinstance(event, Stepped) and event.step == 15:
            with torch.no_grad():
                next(training.agent.critic.second.parameters()).fill_(math.nan)
        for m in engine.measure(event):
            found.setdefault(m.name, {})[m.step] = m.value

    training = default_build(CONFIG).training(Pointing(), emit)
    engine = Probes(ProbeConfig(), training.agent)
    train(training)
    assert math.isfinite(found["critic/q_spread"][14])
    for name in ("critic/q_spread", "critic/q2_mean", "critic/loss", "critic/grad_norm"):
        assert math.isnan(found[name][16]), name
