"""The order of stacked frames on their way into the acting network."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from rca.build import default_build
from rca.checking import Verdict, builtin_checks, load_checks, run_checks, select
from rca.config import load_config
from rca.faults import find_fault
from rca.runs.auditor import Auditor
from rca.runs.json_file import read_json
from rca.td3.events import Event
from rca.td3.replay import Replay
from rca.td3.train import train
from rca.wiring.batches import Batches, inwards
from rca.wiring.calls import Calls
from rca.wiring.facts import Wiring, read_wiring
from rca.wiring.frames import Frames
from rca.wiring.listening import Listening
from rca.wiring.modules import find_agent
from tests.records import healthy
from tests.test_faults import SETTINGS
from tests.tiny_env import Pointing

VIDEO = torch.rand(40, 8, 8, generator=torch.Generator().manual_seed(0))


def seen(*stacks, ended=()):
    frames = Frames()
    for number, stack in enumerate(stacks):
        frames.see(number, stack, ended=number in ended)
    return frames.facts()


def stacks(order=None, size=3):
    order = order or (lambda n: range(size))
    return [VIDEO[n : n + size][list(order(n))] for n in range(30)]


@pytest.mark.parametrize("order", [lambda n: [0, 1, 2], lambda n: [2, 1, 0]])
def test_a_stack_moves_on_oldest_or_newest_first(order):
    facts = seen(*stacks(order))
    assert facts.sharing == facts.moved == 27  # the first three pictures tell what stands still


def test_shuffled_frames_share_without_moving_on():
    rng = np.random.default_rng(0)
    facts = seen(*stacks(lambda n: rng.permutation(3)))
    assert facts.sharing == 27
    assert facts.moved < 10


def test_frames_that_come_again_are_a_stack_all_the_same():
    """A dot that goes to and fro in a corridor of six cells."""
    rng = np.random.default_rng(0)
    cells = np.clip(np.cumsum(rng.choice([-1, 1], 400)), 0, 5)
    frames = VIDEO[torch.from_numpy(cells % 6)]
    facts = seen(*[frames[n : n + 4] for n in range(390)])
    assert facts.sharing == facts.moved == 20  # elsewhere the dot is where it was


def test_a_shuffle_of_colour_frames_is_seen_in_short_episodes():
    rng = np.random.default_rng(0)
    colours = torch.rand(200, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    stacks = [colours[n : n + 4][list(rng.permutation(4))].flatten(0, 1) for n in range(96)]
    facts = seen(*stacks, ended=set(range(7, 96, 8)))
    assert facts.sharing > 20
    assert facts.moved < 0.5 * facts.sharing


def test_a_channel_that_never_changes_is_no_frame():
    fixed = torch.ones(1, 8, 8)
    assert seen(*[torch.cat([VIDEO[2 * n : 2 * n + 2], fixed]) for n in range(20)]).sharing == 0
    facts = seen(*[torch.cat([stack, fixed]) for stack in stacks()])
    assert facts.sharing == facts.moved == 26  # four channels
    goals = [torch.full((1, 8, 8), float(n // 10)) for n in range(20)]  # another in each episode
    both = [torch.cat([VIDEO[2 * n : 2 * n + 2], goal]) for n, goal in enumerate(goals)]
    assert seen(*both, ended={9}).sharing == 0


def test_a_stack_whose_newest_frame_replaces_the_oldest_in_place_does_not_move_on():
    slots = [[VIDEO[n - (n - slot) % 3] for slot in range(3)] for n in range(3, 30)]
    facts = seen(*[torch.stack(slot) for slot in slots])
    assert facts.sharing == 24
    assert facts.moved == 0


def test_a_swap_that_stays_the_same_is_no_queue_either():
    assert seen(*stacks(lambda n: [1, 0, 2])).moved == 0


def test_colours_of_one_frame_standing_still_and_new_episodes_tell_nothing():
    assert seen(*VIDEO[:30].reshape(10, 3, 8, 8)).sharing == 0
    assert seen(*[VIDEO[:1].expand(3, 8, 8)] * 5).sharing == 0
    assert seen(*stacks(), ended={9, 19}).sharing == 21
    assert seen(stacks()[0], None, stacks()[1]).sharing == 0


def audited(fault, folder, *settings) -> Wiring:
    """Trains in the tiny task under our own auditor."""
    build = default_build(load_config("healthy", [*SETTINGS, "budget.steps=90", *settings]))
    build = replace(
        build,
        make_env=lambda config, host, port: Pointing(),
        make_guide=lambda config: None,
    )
    if fault:
        build = find_fault(fault).apply(build)
    hear: list[Callable[[Event], None]] = []

    def emit(event: Event) -> None:
        for listener in hear:
            listener(event)

    training = build.training(build.make_env(build.config, "", 0), emit)
    auditor = Auditor(training.agent, folder)
    hear.append(auditor)
    train(training)
    auditor.close()
    content = read_json(folder / "wiring.json")
    assert isinstance(content, dict)
    return read_wiring(content, "wiring.json")


@pytest.mark.parametrize(
    ("fault", "verdict"), [(None, Verdict.PASS), ("frames_shuffled", Verdict.FAIL)]
)
def test_the_audit_sees_a_shuffle_behind_the_memory(fault, verdict, tmp_path):
    (tested,) = select(load_checks([builtin_checks()]), ["wiring.frames"])
    (found,) = run_checks([tested], replace(healthy(), wiring=audited(fault, tmp_path)))
    assert found.verdict is verdict, found.message


@pytest.mark.parametrize("fault", [None, "smoothing_on_critic_action"])
def test_the_audit_tells_noise_on_stored_actions_from_actions_stored_wrongly(fault, tmp_path):
    (tested,) = select(load_checks([builtin_checks()]), ["wiring.actions"])
    wiring = audited(fault, tmp_path)
    (found,) = run_checks([tested], replace(healthy(), wiring=wiring))
    assert found.suspects == (("smoothing_wrong",) if fault else ()), found.message
    if fault:
        assert wiring.actions.varied >= 0.95 * wiring.actions.visits
        # Noise of 0.2 clipped at 0.5 is 0.197; the clip of actions at 1 takes a little of it.
        assert wiring.actions.added == pytest.approx(0.19, abs=0.02)
    else:
        assert found.verdict is Verdict.PASS


@pytest.mark.parametrize("fault", [None, "critic_loss_sign"])
def test_the_audit_sees_a_loss_that_is_climbed_and_still_the_discount(fault, tmp_path):
    seen = audited(fault, tmp_path, "agent.batch_size=32", "budget.steps=50").equation
    assert seen.fitted >= 3
    assert seen.ascending == (seen.fitted if fault else 0)
    assert seen.discount == pytest.approx(load_config("healthy").agent.discount, abs=1e-3)


def test_actions_stored_in_another_scale_are_no_noise(tmp_path, monkeypatch):
    add = Replay.add
    monkeypatch.setattr(Replay, "add", lambda self, action, *rest: add(self, action / 2, *rest))
    seen = audited(None, tmp_path).actions
    assert seen.executed == seen.varied == 0
    assert seen.visits > 100


def heard():
    """Returns the networks of an agent, and what listens to them."""
    build = default_build(load_config("healthy", SETTINGS))
    modules = build.training(Pointing(), lambda event: None).agent.modules()
    names = ("actor", "critic", "actor_encoder", "critic_encoder")
    agent = find_agent(**{name: [modules[name]] for name in names}, targets={})
    calls = Calls(agent, Listening(on=True))
    calls.attach()
    return modules, calls


def test_one_nan_among_many_pictures_is_not_lost():
    modules, calls = heard()
    pictures = torch.zeros(3, 4, 2, 36, 36)
    pictures[1, 2, 0, 0, 0] = torch.nan
    for batch in pictures:
        modules["critic_encoder"](batch)
    facts = Batches().input_facts(calls.pictures.pixels)
    assert json.loads(facts.model_dump_json())["pixels"] == {"critic_encoder": None}


def test_a_picture_is_kept_though_its_memory_is_used_again():
    modules, calls = heard()
    buffer = torch.zeros(1, 2, 36, 36)
    modules["actor_encoder"](buffer)
    buffer.fill_(1.0)
    assert calls.pictures.acted["actor_encoder"].max() == 0.0


@pytest.mark.parametrize("policy", [0.0, 0.5, 0.97, -1 + 1e-6])
def test_exploration_noise_is_measured_where_the_ends_of_the_range_do_not_clip_it(policy):
    rng = np.random.default_rng(0)
    meant = np.full(4_000, policy, np.float32)
    executed = np.clip(meant + rng.normal(0, 0.1, 4_000), -1, 1).astype(np.float32)
    seen = inwards(executed, meant)
    assert len(seen) > 1_500
    assert np.sqrt(np.mean(np.square(seen))) == pytest.approx(0.1, rel=0.05)
    assert set(inwards(meant, meant)) == {0.0}  # no noise at all is seen as none
