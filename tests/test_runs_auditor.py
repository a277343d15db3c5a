"""The audit of our own trainer: what befalls it does not befall the training."""

import json
from dataclasses import replace

import pytest

from rca.checking import Verdict, builtin_checks, load_checks, run_checks, select
from rca.faults import find_fault
from rca.runs.auditor import Auditor
from rca.td3.train import train
from rca.wiring.facts import read_wiring
from tests.records import healthy
from tests.test_td3_train import config, tiny_build
from tests.tiny_env import Pointing

STEPS = ["wiring.steps", "wiring.squared_error"]
SMALL = {"encoder": "small", "features": 32}


def test_facts_that_cannot_be_written_are_told_once_and_end_no_training(tmp_path, caplog):
    place = tmp_path / "wiring.json"
    place.mkdir()  # a file cannot take the place of a folder
    training = tiny_build(config(steps=80)).training(Pointing(), lambda event: None)
    auditor = Auditor(training.agent, tmp_path)
    train(training)  # the first look ends after 50 updates
    auditor.close()
    assert training.agent.critic_updates == 60
    (line,) = caplog.messages
    assert line.startswith(f"{place}: not written, training goes on: [Errno 21] Is a directory")
    place.rmdir()
    auditor.close()
    assert place.is_file()


def test_an_error_inside_the_audit_ends_the_audit_alone(tmp_path, caplog, monkeypatch):
    told: list[Auditor] = []
    training = tiny_build(config(steps=80)).training(Pointing(), lambda event: told[0](event))
    told.append(Auditor(training.agent, tmp_path))
    monkeypatch.setattr(told[0]._audit, "step", lambda *args, **ends: 1 / 0)
    train(training)
    assert training.agent.critic_updates == 60
    (line,) = caplog.messages
    assert "the audit broke off, training goes on: ZeroDivisionError" in line


@pytest.mark.parametrize(
    ("fault", "failed", "says"),
    [
        (None, [], ""),
        ("actor_descends", ["wiring.steps"], "turned round: actor_optimizer"),
        ("gradients_pile_up", ["wiring.steps"], "piled up: critic_optimizer"),
        ("critic_loss_broadcasts", ["wiring.squared_error"], "all rows have one target"),
        ("critic_output_bounded", ["wiring.squared_error"], "no squared error"),
    ],
)
def test_steps_and_losses_of_our_trainer_are_judged(fault, failed, says, tmp_path):
    build = tiny_build(config(steps=90, **SMALL))
    build = find_fault(fault).apply(build) if fault else build
    training = build.training(Pointing(), lambda event: None)
    auditor = Auditor(training.agent, tmp_path)
    train(training)
    auditor.close()
    wiring = read_wiring(json.loads((tmp_path / "wiring.json").read_text()), tmp_path)
    found = run_checks(
        select(load_checks([builtin_checks()]), STEPS), replace(healthy(), wiring=wiring)
    )
    assert [f.check for f in found if f.verdict is Verdict.FAIL] == failed
    assert all(f.verdict is Verdict.PASS for f in found if f.check not in failed)
    assert any(says in f.message for f in found)


OURS = [
    *("wiring.recomputed", "wiring.memory", "wiring.acting", "wiring.exploration"),
    *("wiring.targets", "wiring.actions"),
]


@pytest.mark.parametrize(
    ("fault", "failed", "says"),
    [
        (None, [], "the actor's too"),
        ("bootstrap_of_three", ["wiring.recomputed"], "target value off"),
        ("empty_slots_sampled", ["wiring.actions"], "hold zeros instead"),
        ("n_step_past_the_end", ["wiring.memory"], "reward in"),
        ("optimizer_for_all", ["wiring.recomputed"], "others in the step of actor off"),
        ("rewards_standardised", ["wiring.memory"], "reward in"),
        ("statistics_left_behind", ["wiring.targets"], "keeps its first layers.1.running_mean"),
        ("actor_loss_sign", ["wiring.recomputed"], "gradient of actor off"),
        ("freeze_forgotten", ["wiring.recomputed"], "critic gets no gradient"),
        ("loop_breaks_first", ["wiring.memory"], "no ending is drawn"),
        ("memory_of_references", ["wiring.memory"], "vector in"),
        ("online_actor_in_target", ["wiring.recomputed"], "target value off"),
        ("random_actions_stay", ["wiring.exploration"], "was not asked in"),
        ("sampler_of_the_start", ["wiring.memory"], "drawn unevenly"),
        ("states_normalised_half", ["wiring.acting"], "with other numbers"),
        ("weights_decay", ["wiring.recomputed"], "step of critic off"),
        ("worker_on_its_own", ["wiring.exploration"], "asked for no action"),
    ],
)
def test_what_our_trainer_tells_is_held_against_what_it_should_do(fault, failed, says, tmp_path):
    told: list[Auditor] = []

    def emit(event):
        for auditor in told:
            with auditor.muted():
                auditor(event)

    build = tiny_build(config(steps=150, batch_size=32, **SMALL))
    build = find_fault(fault).apply(build) if fault else build
    training = build.training(Pointing(terminal_every=1), emit)
    told.append(Auditor(training.agent, tmp_path))
    train(training)
    told[0].close()
    wiring = read_wiring(json.loads((tmp_path / "wiring.json").read_text()), tmp_path)
    found = run_checks(
        select(load_checks([builtin_checks()]), OURS), replace(healthy(), wiring=wiring)
    )
    assert [f.check for f in found if f.verdict is Verdict.FAIL] == failed
    assert any(says in f.message for f in found), found
