"""Batches held against a plain list of steps: sound ones pass, each mix-up shows as what it is."""

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from checks.wiring_memory import memory
from rca.build import default_build
from rca.checking import Verdict, run_checks
from rca.config import AgentConfig, BudgetConfig, RunConfig
from rca.faults import find_fault
from rca.runs.remembering import Remembering
from rca.td3.events import CriticGrads, EpisodeBegan, Stepped
from rca.td3.replay import Batch, Observations
from rca.td3.train import train
from tests.records import healthy
from tests.tiny_env import Pointing

STEP = Stepped(
    step=1, phase="random", action=np.array([0.0, 0.5], np.float32), applied=None, reward=0.0,
    terminated=False, truncated=False, stored=True, stack_moves=None, age=None,
    reward_terms={}, speed=0.0, traffic_speed=0.0, noise=0.0, seconds=0.0, replay_size=1,
    image=np.zeros((2, 36, 36), np.uint8), vector=np.zeros(3, np.float32),
)  # fmt: skip


def facts_of(fault=None, change=lambda batch: batch, n_step=1, buffer_size=100, steps=130):
    """What remembering says of a tiny run, each batch of which may be changed before it is told."""
    agent = AgentConfig(
        learning_starts=60,
        batch_size=16,
        buffer_size=buffer_size,
        encoder="small",
        features=32,
        n_step=n_step,
    )
    build = default_build(RunConfig(agent=agent, budget=BudgetConfig(steps=steps, seed=3)))
    if fault:
        build = find_fault(fault).apply(build)
    remembering = Remembering(build.config.agent)

    def listen(event):
        if isinstance(event, EpisodeBegan):
            remembering.begin(event)
        elif isinstance(event, Stepped):
            remembering.step(event)
        elif isinstance(event, CriticGrads):
            remembering.learned(change(event.batch))

    train(build.training(Pointing(length=7), listen))
    return remembering.facts()


def finding(facts):
    run = healthy()
    assert run.wiring is not None
    run = replace(run, wiring=run.wiring.model_copy(update={"memory": facts}))
    return run_checks([memory], run)[0]


@pytest.mark.parametrize("n_step", [1, 3])
@pytest.mark.parametrize("buffer_size", [40, 1000])
def test_our_memory_holds_what_took_place(n_step, buffer_size):
    facts = facts_of(n_step=n_step, buffer_size=buffer_size)
    assert facts.rows == 70 * 16
    assert facts.unknown < 0.05 * facts.rows  # the actor's ends are acted twice
    assert set(facts.other) == {
        *("reward", "terminal missing", "terminal added"),
        *("picture", "vector", "next picture", "next vector"),
    }
    assert not any(facts.other.values())
    assert finding(facts).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("fault", "what", "suspects"),
    [
        ("reward_in_wrong_slot", {"reward"}, {"replay_wrong"}),
        ("never_terminal", {"terminal missing"}, {"terminal_missing"}),
        (
            "terminal_inverted",
            {"terminal missing", "terminal added"},
            {"terminal_missing", "time_outs_terminal"},
        ),
        ("next_is_same", {"next picture", "next vector"}, {"replay_wrong"}),
    ],
)
def test_a_memory_that_mixes_up_is_told_what(fault, what, suspects):
    facts = facts_of(fault)
    assert {name for name, count in facts.other.items() if count} == what
    found = finding(facts)
    assert found.verdict is Verdict.FAIL
    assert set(found.suspects) == suspects
    assert all(name in found.message for name in what)


def test_a_row_is_named_and_the_step_that_it_was_taken_from():
    message = finding(facts_of("next_is_same")).message
    row = re.search(
        r"next vector in [\d,]+ \(such as step (\d+)'s, told (\w+) step (\d+)\)", message
    )
    assert row, message
    assert int(row[3]) == int(row[1]) - (row[2] == "after")  # or before it, where none ended so
    message = finding(facts_of("reward_in_wrong_slot")).message
    row = re.search(r"\(such as step (\d+)'s: \S+, told of step (\d+), instead of \S+\)", message)
    assert row, message
    assert int(row[2]) == int(row[1]) - 1


def test_what_was_told_of_no_step_was_changed_not_mixed_up():
    def halved(batch):
        return replace(batch, reward=batch.reward / 2 + 0.001)

    message = finding(facts_of(change=halved)).message
    assert re.search(r"'s: \S+, told of no step, instead of \S+\); rewards are changed$", message)
    one = facts_of(change=shuffled("obs"))
    assert re.search(r"vector in [\d,]+ \(such as step \d+'s, told", finding(one).message)
    assert finding(one).message.endswith("; steps are mixed up")


def test_a_record_of_a_version_that_kept_no_examples_is_read():
    facts = facts_of("next_is_same").model_copy(update={"examples": {}})
    assert "(such as" not in finding(facts).message


def test_rewards_summed_past_the_end_of_an_episode_show():
    assert finding(facts_of("n_step_past_the_end")).verdict is Verdict.FAIL


def shuffled(part):
    def change(batch):
        obs = getattr(batch, part)
        return replace(batch, **{part: obs._replace(vector=obs.vector.roll(1, 0))})

    return change


@pytest.mark.parametrize("part", ["obs", "next_obs"])
def test_numbers_of_another_row_show_beside_the_right_picture(part):
    facts = facts_of(change=shuffled(part))
    name = "vector" if part == "obs" else "next vector"
    assert {other for other, count in facts.other.items() if count} == {name}


def test_actions_that_nobody_took_leave_nothing_to_compare():
    facts = facts_of(change=lambda batch: replace(batch, action=batch.action + 0.001))
    assert facts.unknown == facts.rows
    assert finding(facts).verdict is Verdict.NOT_RUN


def test_a_draw_from_the_oldest_steps_alone_is_uneven():
    drawn = []

    def always_the_first(batch):
        drawn.append(batch)
        return drawn[0]

    facts = facts_of(change=always_the_first, steps=300, buffer_size=1000)
    assert facts.place is not None
    assert facts.place < 0.4
    found = finding(facts)
    assert found.verdict is Verdict.FAIL
    assert "drawn unevenly" in found.message


def test_actions_that_were_stored_otherwise_are_no_uneven_draw():
    """Rows of the learning phase are not known by what was stored: the known ones are old."""

    def greedy(batch):
        noisy = batch.action + 0.001 * (batch.obs.vector.abs().sum(1, keepdim=True) > 1)
        return replace(batch, action=noisy)

    facts = facts_of(change=greedy, steps=300, buffer_size=1000)
    assert 0.1 < facts.never / facts.rows < 0.45
    uneven = facts.model_copy(update={"place": 0.35})
    assert finding(uneven).verdict is Verdict.PASS
    assert finding(uneven.model_copy(update={"never": 0})).verdict is Verdict.FAIL


def test_a_flag_that_is_missing_at_most_endings_is_missing_however_rare_they_are():
    sound = facts_of(steps=200, buffer_size=1000).model_copy(update={"rows": 10_000, "ends": 5})
    for missing, verdict in ((2, Verdict.PASS), (3, Verdict.FAIL), (5, Verdict.FAIL)):
        found = finding(sound.model_copy(update={"other": {"terminal missing": missing}}))
        assert found.verdict is verdict
    assert found.suspects == ("terminal_missing",)
    many = {"ends": 7, "other": {"terminal missing": 3}}
    assert finding(sound.model_copy(update=many)).verdict is Verdict.PASS


def test_flags_of_mixed_up_steps_are_not_blamed_on_the_flags():
    sound = facts_of(steps=200, buffer_size=1000)
    known = sound.rows - sound.unknown
    other = {"next picture": 0.9 * known, "terminal missing": 0.05 * known}
    mixed = sound.model_copy(update={"other": {k: int(n) for k, n in other.items()}})
    assert finding(mixed).suspects == ("replay_wrong",)
    assert "terminal" not in finding(mixed).message
    slipped = mixed.model_copy(update={"other": {**mixed.other, "next picture": int(0.1 * known)}})
    assert finding(slipped).suspects == ("replay_wrong", "terminal_missing")


def test_endings_that_are_never_drawn_are_missed():
    sound = facts_of(steps=200, buffer_size=1000)
    assert sound.expected_ends > 20
    assert 0.7 < sound.ends / sound.expected_ends < 1.3
    assert sound.place == pytest.approx(0.5, abs=0.03)
    found = finding(sound.model_copy(update={"ends": 0}))
    assert found.verdict is Verdict.FAIL
    assert "no ending is drawn" in found.message


def test_a_pinned_policy_whose_steps_have_no_name_is_no_uneven_draw():
    """The later steps repeat one action: rows are known as the older ones alone."""
    remembering = Remembering(AgentConfig())
    rng = np.random.default_rng(0)
    shown, flat = np.zeros((2, 36, 36), np.uint8), np.zeros(3, np.float32)
    actions = np.concatenate([rng.uniform(-1, 1, (250, 2)), np.ones((150, 2))]).astype(np.float32)
    for number, action in enumerate(actions, 1):
        ends = number % 10 == 0
        remembering.step(replace(STEP, step=number, action=action, terminated=ends))
    rows = rng.integers(len(actions), size=300)
    seen = Observations(
        torch.from_numpy(np.stack([shown] * 300)), torch.from_numpy(np.stack([flat] * 300))
    )
    flags = torch.from_numpy(((rows + 1) % 10 == 0).astype(np.float32))
    action = torch.from_numpy(actions[rows])
    remembering.learned(Batch(seen, action, torch.zeros(300), seen, flags))
    facts = remembering.facts()
    assert 80 < facts.unknown < 140
    assert facts.place == pytest.approx(0.5, abs=0.04)
    assert 0.5 < facts.ends / facts.expected_ends < 1.5
    assert finding(facts).verdict is Verdict.PASS


def test_minus_zero_is_zero():
    remembering = Remembering(AgentConfig())
    remembering.step(STEP)
    again = replace(STEP, action=np.array([-0.0, 0.5], np.float32))
    remembering.step(again)
    assert list(remembering._memory.history.by_action.values()) == [None]


def test_rows_of_the_batch_before_are_drawn_again_no_oftener_than_by_chance():
    sound, reseeded = facts_of(), facts_of("sampler_reseeded")
    assert 0.7 < sound.again / sound.expected_again < 1.3
    assert finding(sound).verdict is Verdict.PASS
    found = finding(reseeded)
    assert found.verdict is Verdict.FAIL
    assert "are drawn again, in the batch before too" in found.message
    assert found.suspects == ("replay_wrong",)
