"""Sound trainers that are not as TD3's paper has it are not accused; the same ones, broken, are."""

import re

import pytest

from rca.checking import Verdict, builtin_checks, load_checks, run_checks, select
from rca.runs.load import load_run
from tests import foreign_trainers, sound_trainers

CHECKS = select(load_checks([builtin_checks()]), ["wiring.*", "config.effective", "encoder.drift"])
PASS, WARN, FAIL, VACUOUS, NOT_RUN = (
    *(Verdict.PASS, Verdict.WARN, Verdict.FAIL),
    *(Verdict.VACUOUS, Verdict.NOT_RUN),
)


def judged(name, out, updates=50):
    """Trains; a finding per check."""
    kind = getattr(sound_trainers, name)
    loop = sound_trainers if issubclass(kind, sound_trainers.Sound) else foreign_trainers
    loop.train(kind(), out, updates)
    run = load_run(out)
    assert [gap for gap in run.gaps if "broke off" in gap] == []
    return {found.check: found for found in run_checks(CHECKS, run)}


SOUND = {
    "Sound": {"wiring.rewards": PASS, "wiring.discount": PASS, "wiring.targets": PASS},
    "Prioritized": {"wiring.rewards": NOT_RUN},
    "HalfPrecision": {"wiring.rewards": NOT_RUN, "wiring.discount": NOT_RUN},
    "Entropy": {"wiring.rewards": NOT_RUN, "wiring.twin_minimum": NOT_RUN},
    "Normalised": {"wiring.rewards": NOT_RUN},
    "Sums": {"wiring.discount": NOT_RUN, "wiring.rewards": PASS},
    "Unpaid": {"wiring.discount": NOT_RUN, "wiring.rewards": PASS},
    "Copies": {"wiring.targets": PASS},
    "CopiesRarely": {"wiring.targets": VACUOUS},
    "DeclaredCopies": {"wiring.targets": VACUOUS},
    "Scheduled": {"wiring.learning_rates": PASS, "config.effective": PASS},
    "WarmUp": {"wiring.learning_rates": PASS, "config.effective": PASS},
    "Scaled": {"wiring.smoothing": PASS, "wiring.exploration": PASS},
    "ScaledDown": {"wiring.smoothing": PASS, "wiring.exploration": PASS},
    "Unscaled": {"wiring.smoothing": PASS},
    "GoesOn": {"wiring.actions": NOT_RUN, "wiring.memory": NOT_RUN},
    "Demonstrations": {"wiring.actions": NOT_RUN, "wiring.memory": NOT_RUN},
    "FewDemonstrations": {"wiring.actions": NOT_RUN},
    "ByHand": {"wiring.gradients": NOT_RUN, "wiring.weights_move": PASS},
    "ActorByHand": {"wiring.gradients": NOT_RUN, "wiring.weights_move": PASS},
    "Pretrained": {
        "wiring.gradients": WARN,
        "wiring.optimizers": WARN,
        "wiring.weights_move": WARN,
        "encoder.drift": WARN,
    },
    "PretrainedAtRest": {"wiring.modes": PASS, "wiring.optimizers": WARN},
    "Backbone": {"wiring.modes": PASS, "wiring.optimizers": WARN, "wiring.weights_move": WARN},
    "BothLossesFirst": {"wiring.next_state": PASS},
    "TargetEncoder": {"wiring.policy_features": PASS},
    "SacAe": {"wiring.targets": PASS, "wiring.target_features": NOT_RUN},
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_trainer_is_not_accused(name, tmp_path):
    found = judged(name, tmp_path / "run")
    accused = {key: f.message for key, f in found.items() if f.verdict in ("FAIL", "ERROR")}
    assert accused == {}
    wanted = {"wiring.memory": PASS, **SOUND[name]}
    assert {key: found[key].verdict for key in wanted} == wanted, [
        found[key].message for key in wanted
    ]


BROKEN = {
    "Late": ("wiring.rewards", "fit the reward of the step before"),
    "Blind": ("wiring.discount", "0.0980 in force"),
    "CopiesAlways": ("wiring.targets", "takes over 1 of"),
    "CopiesNever": ("wiring.targets", "stood still in 49 updates"),
    "AnotherRate": ("config.effective", "MISSED: agent.actor_lr declared 0.0003"),
    "Unclipped": ("wiring.smoothing", "configured 0.198"),
    "Altered": ("wiring.actions", "0.0% of 1,600 rows"),
    "Forgotten": ("wiring.optimizers", "encoder: 4"),
    "SacAeOfAnother": ("wiring.targets", "critic_target[encoder] moves by 100%"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_true_fault_is_still_named(name, tmp_path):
    check_id, named = BROKEN[name]
    found = judged(name, tmp_path / "run")[check_id]
    assert found.verdict is Verdict.FAIL, found.message
    assert named in found.message


def test_the_period_of_copies_is_named(tmp_path):
    found = judged("Copies", tmp_path / "run", updates=51)["wiring.targets"]
    assert "copied about every 25 updates" in found.message


def test_each_part_of_a_target_has_its_own_pace(tmp_path):
    found = judged("SacAe", tmp_path / "run")["wiring.targets"]
    encoder = re.search(r"critic_target\[encoder\] ([\d.]+)", found.message)
    assert encoder, found.message
    assert float(encoder[1]) == pytest.approx(0.05, abs=0.003)  # a step of the decoder's in between
    assert "critic_target 0.01" in found.message
