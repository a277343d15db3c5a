"""Probes: they are read when due, and the run is the same with and without them."""

import math
import random

import numpy as np
import pytest
import torch

from rca.build import default_build
from rca.config import AgentConfig, BudgetConfig, ProbeConfig, RunConfig
from rca.probes.engine import Measurement, Probes, load_probes, norm, probe, probe_from_start
from rca.td3.events import ActorGrads, CriticGrads, Stepped, Updated
from rca.td3.train import train
from tests.tiny_env import Pointing

CONFIG = RunConfig(
    agent=AgentConfig(learning_starts=10, batch_size=8, buffer_size=100),
    budget=BudgetConfig(steps=35, seed=1),
)


EVERY_UPDATE = ProbeConfig()


def run(probes=None, settings=EVERY_UPDATE):
    """Trains; returns the agent and what was measured; `probes` None: nothing is read at all."""
    found = []
    engine: list[Probes] = []

    def emit(event):
        if engine:
            found.extend(engine[0].measure(event))

    training = default_build(CONFIG).training(Pointing(), emit)
    if probes is not None:
        engine.append(Probes(settings, training.agent, probes))
    train(training)
    return training, found


def everything(training):
    """All that a probe could disturb."""
    agent, streams = training.agent, training.streams
    weights = [
        w
        for part in (agent.modules(), agent.targets)
        for m in part.values()
        for w in m.parameters()
    ]
    moments = [
        value
        for optimizer in (agent.actor_optimizer, agent.critic_optimizer)
        for state in optimizer.state.values()
        for value in state.values()
    ]
    states = [agent.smoothing.get_state()]
    numbers = torch.tensor([streams.exploration.random(), streams.replay.random()])
    return [*weights, *moments, *states, numbers]


def test_weights_are_bit_identical_with_and_without_all_probes():
    plain, _ = run()
    probed, found = run(load_probes())
    assert len({m.name for m in found}) >= 15
    for one, two in zip(everything(plain), everything(probed), strict=True):
        assert torch.equal(one, two)


@probe("test/greedy", on=Updated, unit="1", cost="slow")
def greedy(event):
    """Draws from every generator that it can reach."""
    event.agent.smoothing.manual_seed(random.randrange(99))
    return float(torch.rand(1)) + np.random.random()  # noqa: NPY002


def global_states():
    return torch.get_rng_state().tolist(), random.getstate(), repr(np.random.get_state())  # noqa: NPY002


def test_no_probe_of_ours_draws_from_a_global_generator():
    found: list[Measurement] = []
    training = default_build(CONFIG).training(
        Pointing(), lambda event: found.extend(probes.measure(event))
    )
    probes = Probes(EVERY_UPDATE, training.agent)
    before = global_states()
    train(training)
    assert found
    assert global_states() == before


def test_a_probe_that_draws_changes_no_generator():
    plain, _ = run()
    training = default_build(CONFIG).training(Pointing(), lambda event: None)
    before = global_states()
    engine = Probes(ProbeConfig(slow_every=1), training.agent, [greedy])
    for step in range(3):
        zero = torch.zeros(1)
        batch = training.replay  # not looked at
        event = Updated(step, step + 1, training.agent, batch, zero, zero, zero, zero, None)  # type: ignore[arg-type]
        assert engine.measure(event)
    assert global_states() == before
    probed, _ = run([greedy], ProbeConfig(slow_every=1))
    for one, two in zip(everything(plain), everything(probed), strict=True):
        assert torch.equal(one, two)


@probe("*/twice", on=Updated, unit="1")
def two_keys(event):
    return {"a": 1.0, "b": torch.tensor(math.nan)}


@probe("test/slow", on=CriticGrads, unit="m", cost="slow")
def slow(event):
    return math.inf


@probe("test/actor", on=ActorGrads, unit="1")
def actor(event):
    return 0.5


@probe("test/nothing", on=Stepped, unit="1")
def nothing(event):
    return None


@probe_from_start("test/started", on=Updated, unit="1")
class Started:
    """Counts its readings from the agent it was started with."""

    def __init__(self, agent):
        self.updates = agent.critic_updates

    def __call__(self, event):
        return float(event.update - self.updates)


def steps(found, name):
    return [m.step for m in found if m.name == name]


def test_probes_are_read_when_they_are_due():
    probes = [two_keys, slow, actor, nothing, Started]
    _, found = run(probes, ProbeConfig(every=3, slow_every=20))
    assert steps(found, "a/twice") == [11, *range(13, 36, 3)]
    assert steps(found, "test/slow") == [11, 30]
    assert steps(found, "test/actor") == [12, 16, 22, 28, 34]
    assert [m.value for m in found if m.name == "test/started"] == [1, *range(3, 26, 3)]


def test_what_is_not_finite_stays_so_and_what_is_not_read_is_absent():
    _, found = run([two_keys, slow, nothing])
    assert all(math.isnan(m.value) for m in found if m.name == "b/twice")
    assert all(m.value == math.inf and m.unit == "m" for m in found if m.name == "test/slow")
    assert steps(found, "test/nothing") == []


def test_the_norm_of_nothing_is_nan():
    assert math.isnan(float(norm([None])))
    assert float(norm([None, torch.tensor([3.0, 4.0])])) == pytest.approx(5.0)


def test_the_folder_holds_the_signals_of_the_design_card():
    names = {item.signal for item in load_probes()}
    assert {"*/grad_norm", "*/drift", "critic/q_spread", "env/reward"} <= names
