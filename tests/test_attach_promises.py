"""What is told to a recorder never ends a training: odd values are taken, or end the recording."""

import argparse
import logging
import math

import numpy as np
import pytest
import torch

from rca.checking import Verdict, builtin_checks, load_checks, run_checks, select
from rca.runs.load import load_run
from tests.test_wiring_copies import Loop


@pytest.fixture
def loop(tmp_path):
    made = Loop(tmp_path / "run")
    yield made
    made.recorder.close()


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "rca"]


def recorded(out, name):
    found = load_run(out).signals.get(name)
    return [] if found is None else found.values.tolist()


@pytest.mark.parametrize(
    "action",
    [
        torch.tensor([0.5, -0.25], dtype=torch.bfloat16),
        torch.tensor([[0.5, -0.25]], dtype=torch.float16, requires_grad=True),
        np.array([0.5, -0.25], np.float64),
        [0.5, -0.25],
    ],
    ids=lambda action: str(getattr(action, "dtype", "list")),
)
def test_an_action_of_any_type_is_known_again(action, loop, tmp_path, caplog):
    for _ in range(3):
        loop.recorder.step(torch.tensor(1.5, dtype=torch.bfloat16), action=action)
    known = loop.recorder._audit.batches.actions
    assert (known.told, known.size) == (3, 2)
    loop.recorder.close()
    assert recorded(tmp_path / "run", "env/reward") == [1.5] * 3
    assert warnings(caplog) == []


def test_a_reading_of_none_is_none(loop, tmp_path):
    for number in range(4):
        loop.recorder.step(0.0, noise=None)
        actor_loss = None if number % 2 else torch.tensor([0.5])
        loop.recorder.update(critic_loss=torch.tensor(1.0), actor_loss=actor_loss)
    loop.recorder.close()
    assert recorded(tmp_path / "run", "critic/loss") == [1.0] * 4
    assert recorded(tmp_path / "run", "actor/loss") == [0.5] * 2
    assert recorded(tmp_path / "run", "explore/noise") == []


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_an_evaluation_is_taken_as_a_list_an_array_or_a_tensor(kind, loop, tmp_path):
    loop.recorder.evaluation(kind([1.0, 2.0]), successes=kind([True, False]))
    loop.recorder.evaluation(kind([]))
    loop.recorder.close()
    first, second = load_run(tmp_path / "run").evaluations.to_dict("records")
    assert (first["mean_return"], first["success_rate"], first["episodes"]) == (1.5, 0.5, 2)
    assert math.isnan(first["mean_length"])
    assert math.isnan(second["mean_return"])


ODD = {
    "action": lambda recorder: recorder.step(0.0, action="left"),
    "reward": lambda recorder: recorder.step("much"),
    "reading": lambda recorder: recorder.step(0.0, speed=object()),
    "info": lambda recorder: recorder.step(0.0, info=3, terminated=True),
    "end": lambda recorder: recorder.step(0.0, terminated=np.zeros(2)),
    "loss": lambda recorder: recorder.update(critic_loss=torch.zeros(2)),
    "evaluation": lambda recorder: recorder.evaluation(3),
    "returns": lambda recorder: recorder.evaluation(["good"]),
    "episode": lambda recorder: recorder.episode(length="long", episode_return=0.0),
    "checkpoint": lambda recorder: recorder.checkpoint(3),
}


@pytest.mark.parametrize("odd", ODD)
def test_what_cannot_be_taken_ends_the_recording_and_no_training(odd, loop, tmp_path, caplog):
    loop.recorder.step(1.0)
    ODD[odd](loop.recorder)
    loop.update()
    loop.recorder.step(1.0)
    loop.recorder.close()
    assert len(warnings(caplog)) == 1
    assert "the audit broke off, training goes on" in warnings(caplog)[0]
    assert recorded(tmp_path / "run", "env/reward") == [1.0]
    assert "the wiring audit broke off" in str(load_run(tmp_path / "run").gaps)


def test_steps_follow_the_updates_that_were_made_before_them(loop, tmp_path):
    """As from demonstrations: no step of the record has values of both."""
    for _ in range(30):
        loop.update()
        loop.recorder.update(critic_loss=1.0)
    for number in range(12):
        loop.recorder.step(0.5, truncated=number % 4 == 3)
        loop.update()
        loop.recorder.update(critic_loss=1.0)
    loop.recorder.evaluation([1.0])
    assert load_run(tmp_path / "run").provenance["updates_before_steps"] == 30  # also if killed
    loop.recorder.close()
    run = load_run(tmp_path / "run")
    assert run.signals["critic/loss"].steps.tolist() == list(range(1, 43))
    assert run.signals["env/reward"].steps.tolist() == list(range(31, 43))
    assert run.episodes[["start_step", "end_step", "length"]].to_numpy().tolist() == [
        [30, 34, 4],
        [34, 38, 4],
        [38, 42, 4],
    ]
    assert run.evaluations["step"].tolist() == [42]
    assert run.outcome.executed_steps == 42
    checks = select(load_checks([builtin_checks()]), ["episodes.*", "updates.*", "phases.*"])
    found = {f.check: f for f in run_checks(checks, run)}
    assert [f.message for f in found.values() if f.verdict is Verdict.FAIL] == []
    assert found["episodes.add_up"].verdict is Verdict.PASS
    assert found["updates.replay_ratio"].verdict is Verdict.VACUOUS


def test_returns_are_of_rewards_as_given_and_the_equation_of_those_learned_from(loop, tmp_path):
    for number in range(4):
        action = np.array([0.1 * number, 0.5])
        loop.recorder.step(100.0, learned_reward=1.0, action=action, truncated=number == 3)
    told = list(loop.recorder._audit.batches.actions._steps.values())
    assert [step.reward for step in told if step is not None] == [1.0] * 4
    loop.recorder.close()
    assert load_run(tmp_path / "run").episodes["return"].tolist() == [400.0]
    assert recorded(tmp_path / "run", "env/reward") == [100.0] * 4


def test_a_checkpoint_that_cannot_be_read_is_told_once_and_the_check_says_why(
    loop, tmp_path, caplog
):
    whole = {"networks": [loop.actor.state_dict(), loop.critic.state_dict()]}
    whole["optimizers"] = [optimizer.state_dict() for optimizer in loop.optimizers]
    torch.save({**whole, "args": argparse.Namespace(lr=1e-3)}, tmp_path / "all.pt")
    torch.save(whole, tmp_path / "plain.pt")

    def said():
        found = {item.check: item for item in loop.recorder.findings()}
        return found["wiring.checkpoint"]

    with caplog.at_level(logging.WARNING, "rca"):
        for name in ("all.pt", "all.pt", "none.pt"):
            loop.recorder.checkpoint(tmp_path / name)
    assert len(warnings(caplog)) == 1
    assert "all.pt" in warnings(caplog)[0]
    assert said().verdict is Verdict.NOT_RUN
    assert "none.pt" in said().message
    loop.recorder.checkpoint(tmp_path / "all.pt")
    assert "all.pt" in said().message
    assert "it holds argparse.Namespace" in said().message
    loop.recorder.checkpoint(tmp_path / "plain.pt")
    assert said().verdict is Verdict.PASS
    loop.update()
    loop.recorder.step(1.0)
    loop.recorder.close()
    assert load_run(tmp_path / "run").outcome.critic_updates == 1
    assert recorded(tmp_path / "run", "env/reward") == [1.0]


def test_what_is_told_after_the_end_is_dropped_and_said_once(loop, tmp_path, caplog):
    loop.recorder.step(1.0)
    loop.recorder.close()
    for _ in range(3):
        loop.recorder.step(1.0)
        loop.recorder.update(critic_loss=1.0)
        loop.update()
    assert len(warnings(caplog)) == 1
    assert "is closed" in warnings(caplog)[0]
    assert loop.recorder.findings()
    assert recorded(tmp_path / "run", "env/reward") == [1.0]


def test_a_pause_leaves_a_finished_run_that_may_go_on(tmp_path):
    loop = Loop(tmp_path / "run")
    loop.recorder.step(1.0)
    loop.recorder.pause()
    outcome = load_run(tmp_path / "run").outcome
    assert (outcome.status, outcome.executed_steps) == ("finished", 1)
    loop.recorder.resume()
    assert load_run(tmp_path / "run").outcome.status == "running"
    loop.recorder.step(1.0, terminated=True)
    loop.update()
    loop.recorder.close()
    run = load_run(tmp_path / "run")
    assert (run.outcome.status, run.outcome.executed_steps) == ("finished", 2)
    assert run.outcome.critic_updates == 1
    assert run.results["executed_timesteps"] == 2
    assert run.episodes["length"].tolist() == [2]
