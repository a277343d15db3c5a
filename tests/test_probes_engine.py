"""Probes: they are read when due, and the run is the same with and without them."""

import math
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch

from rca.build import default_build
from rca.config import AgentConfig, BudgetConfig, ProbeConfig, RunConfig
from rca.probes.engine import Probes, load_probes, norm, probe, probe_from_start
from rca.td3.evaluation import Evaluation
from rca.td3.events import ActorGrads, CriticGrads, Stepped, Updated
from rca.td3.train import train
from tests.tiny_env import Telling

SETTINGS = AgentConfig(
    learning_starts=10,
    batch_size=8,
    buffer_size=100,
    random_shift=2,
    actor_clip=1.0,
    critic_clip=1.0,
)
SHARED = SETTINGS.model_copy(update={"encoder_sharing": "shared"})
ALWAYS = ProbeConfig(slow_every=1, rare_every=1)
SILENT: dict[str, set[str]] = {
    "separate": set(),
    "shared": {"actor/encoder_mixup"},  # of two encoders' features none can be the wrong ones
}
"""Signals that cannot be read, by sharing of encoders: every other is, and finite at least once."""


EVERY_UPDATE = ProbeConfig()


def started(probes=None, settings=EVERY_UPDATE, agent=SETTINGS):
    """Returns a run about to begin and where its readings will be; None: nothing is read at all."""
    found = []
    engine: list[Probes] = []

    def emit(event):
        if engine:
            found.extend(engine[0].measure(event))

    budget = BudgetConfig(steps=35, seed=1, eval_every=15)
    training = default_build(RunConfig(agent=agent, budget=budget)).training(Telling(), emit)
    if probes is not None:
        engine.append(Probes(settings, training.agent, probes))
    return training, found


def trained(training):
    """Trains and evaluates; returns the same run."""
    memory, root = training.held_out, training.streams.held_out
    train(training, evaluate=Evaluation(training.agent, Telling(), 2, root, memory))
    return training


def run(*probed):
    """Returns a run that is over and its readings, see `started`."""
    training, found = started(*probed)
    return trained(training), found


def listened(probes, heard):
    """The same probes, each of whose finite readings is counted in `heard` by its number."""

    def listening(number, item):
        def start(agent):
            read = item.start(agent)

            def listen(event):
                reading = read(event)
                values = reading if isinstance(reading, Mapping) else {"": reading}
                heard[number] += sum(v is not None and math.isfinite(v) for v in values.values())
                return reading

            return listen

        return replace(item, start=start)

    return [listening(number, item) for number, item in enumerate(probes)]


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
    gradients = [w.grad for m in agent.modules().values() for w in m.parameters()]
    states = [agent.smoothing.get_state()]
    numbers = torch.tensor([streams.exploration.random(), streams.replay.random()])
    return [*weights, *moments, *gradients, *states, numbers]


def silent(heard):
    return {item.signal for number, item in enumerate(load_probes()) if not heard[number]}


@pytest.mark.parametrize("agent", [SETTINGS, SHARED], ids=lambda c: c.encoder_sharing)
def test_every_probe_reads_and_the_run_is_bit_identical_without_them(agent):
    heard = Counter[int]()
    plain, _ = run(None, ALWAYS, agent)
    probed, _ = run(listened(load_probes(), heard), ALWAYS, agent)
    for one, two in zip(everything(plain), everything(probed), strict=True):
        assert torch.equal(one, two)
    assert silent(heard) == SILENT[agent.encoder_sharing]


@probe("test/greedy", on=Updated, unit="1", cost="slow")
def greedy(event):
    """Draws from every generator that it can reach."""
    event.agent.smoothing.manual_seed(random.randrange(99))
    return float(torch.rand(1)) + np.random.random()  # noqa: NPY002


def global_states():
    return torch.get_rng_state().tolist(), random.getstate(), repr(np.random.get_state())  # noqa: NPY002


@pytest.mark.parametrize("agent", [SETTINGS, SHARED], ids=lambda c: c.encoder_sharing)
def test_no_probe_of_ours_moves_a_global_generator(agent):
    heard = Counter[int]()
    training, _ = started(listened(load_probes(), heard), ALWAYS, agent)
    before = global_states()  # making networks draws, as torch does before we set the weights
    trained(training)
    assert global_states() == before
    assert silent(heard) == SILENT[agent.encoder_sharing]


def test_a_probe_that_draws_changes_no_generator():
    plain, _ = run()
    training, _ = started()
    before = global_states()
    engine = Probes(ProbeConfig(slow_every=1), training.agent, [greedy])
    for step in range(3):
        zero = torch.zeros(1)
        batch = training.replay  # not looked at
        event = Updated(step, step + 1, training.agent, batch, zero, zero, zero, zero, None)
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


def test_a_probe_that_raises_is_left_out_and_said_and_the_others_go_on(caplog):
    @probe("env/odd", on=Stepped, unit="1")
    def odd(event):
        raise np.linalg.LinAlgError("did not\nconverge")

    @probe("env/even", on=Stepped, unit="1")
    def even(event):
        return 2.0

    training, found = started()
    probes = Probes(ProbeConfig(), training.agent, [odd, even])
    training.emit = lambda event: found.extend(probes.measure(event))
    train(training, stops=lambda episode: training.progress.step == 3)
    assert [(m.name, m.step) for m in found] == [("env/even", 1), ("env/even", 2), ("env/even", 3)]
    assert probes.broken == {"env/odd": "LinAlgError: did not converge"}
    assert caplog.text.count("env/odd broke off") == 1
