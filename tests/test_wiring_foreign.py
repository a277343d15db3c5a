"""Trainers in the styles of strangers: sound ones are not accused, planted faults are named."""

import copy
import logging

import pytest
import torch
from torch import nn
from torch.nn import functional

import rca
from rca.attach.measures import Measures
from rca.checking import Verdict, builtin_checks, load_checks, run_checks, select
from rca.errors import UsageError
from rca.runs import folder
from rca.runs.folder import RunWriter
from rca.runs.load import load_run
from rca.wiring.actions import Actions
from rca.wiring.backwards import Backwards
from rca.wiring.calls import Calls
from tests.foreign_trainers import STYLES, CleanRL, OneEncoder, train

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch's, while it compiles

CHECKS = select(load_checks([builtin_checks()]), ["wiring.*"])
EQUATION = {"squared_error", "discount", "rewards", "terminals", "time_outs", "twin_minimum"}
ALWAYS = {
    *("actions", "batches", "gradients", "modes", "optimizers", "stepped_twice"),
    "weights_move",
}


def judged(trainer, out, updates=30):
    """Trains for fewer than the 50 updates that are promised; a finding per wiring check."""
    train(trainer, out, updates)
    run = load_run(out)
    assert run.outcome.critic_updates == updates
    assert [gap for gap in run.gaps if "broke off" in gap] == []
    return {found.check.removeprefix("wiring."): found for found in run_checks(CHECKS, run)}


@pytest.mark.parametrize("style", STYLES)
def test_a_sound_trainer_is_not_accused_and_its_equation_is_found(style, tmp_path):
    found = judged(STYLES[style](), tmp_path / "run")
    accused = {name: f.message for name, f in found.items() if f.verdict in ("FAIL", "ERROR")}
    assert accused == {}
    passed = {name for name, f in found.items() if f.verdict is Verdict.PASS}
    assert passed >= ALWAYS
    if style != "TiedSac":  # its target has an entropy
        assert passed >= EQUATION
    if style != "CleanRL":  # it has no encoder
        assert passed >= {"features", "policy_features", "inputs"}
    if style != "OneAdam":  # its targets are no modules
        assert "targets" in passed
    wiring = load_run(tmp_path / "run").wiring
    assert wiring is not None
    for optimizer in wiring.optimizers.values():
        assert optimizer.uphill <= 0.3 * optimizer.compared
        assert optimizer.piled == 0


@pytest.mark.parametrize(
    ("fault", "style", "check", "named"),
    [
        ("mix_up", "SpinningUp", "features", "features of actor_encoder"),
        ("mix_up", "OneAdam", "features", "features of actor_encoder"),
        ("mix_up", "TiedSac", "features", "features of actor_encoder"),
        ("mix_up", "Methods", "features", "features of actor_encoder"),
        ("mix_up", "Compiled", "features", "features of actor_encoder"),
        ("missing_optimizer", "CleanRL", "optimizers", "critic[1].fc1.weight"),
        ("missing_optimizer", "OneEncoder", "optimizers", "encoder.convnet.0.weight"),
        ("missing_optimizer", "Parallel", "optimizers", "critic_encoder.module.body.0.weight"),
        ("eval_mode", "SpinningUp", "modes", "critic_encoder (BatchNorm2d)"),
        ("eval_mode", "OneEncoder", "modes", "encoder (BatchNorm2d)"),
        ("stale_target", "CleanRL", "targets", "critic_target[1] stood still"),
        ("stale_target", "OneEncoder", "targets", "critic_target stood still"),
        ("stale_target", "Compiled", "targets", "critic_encoder_target stood still"),
        ("stepped_twice", "OneEncoder", "stepped_twice", "encoder: 4 in actor_opt and encoder_opt"),
        ("stepped_twice", "TiedSac", "stepped_twice", "encoder: 4 in"),
        ("detached_critic", "CleanRL", "gradients", "critic[1].fc1.weight"),
        ("detached_critic", "OneAdam", "gradients", "critic_encoder.convs.0.weight"),
        ("wrong_action", "CleanRL", "actions", "0.0% of"),
        ("wrong_action", "SpinningUp", "actions", "0.0% of"),
    ],
)
def test_a_planted_fault_is_named_in_any_style(fault, style, check, named, tmp_path):
    found = judged(STYLES[style](fault), tmp_path / "run")[check]
    assert found.verdict is Verdict.FAIL, found.message
    assert named in found.message


def test_a_loss_that_broadcasts_is_named_and_the_memory_is_not_blamed(tmp_path, monkeypatch):
    def broadcasting(q, y):
        return (q[:, None] - y).square().mean()

    monkeypatch.setattr(functional, "mse_loss", broadcasting)
    found = judged(CleanRL(), tmp_path / "run")
    assert found["squared_error"].verdict is Verdict.FAIL
    assert "all rows have one target" in found["squared_error"].message
    assert found["rewards"].verdict is not Verdict.FAIL


@pytest.mark.parametrize("beta", [0.1, 1.0])
def test_a_huber_loss_is_no_wrong_reward(beta, tmp_path, monkeypatch):
    def huber(q, y):
        return functional.smooth_l1_loss(q, y, beta=beta)

    monkeypatch.setattr(functional, "mse_loss", huber)
    found = judged(CleanRL(), tmp_path / "run")
    assert {name for name, f in found.items() if f.verdict is Verdict.FAIL} == set()


def test_a_target_that_is_replaced_is_said_to_be_out_of_use(tmp_path):
    class Replaced(OneEncoder):
        def update(self, *batch):
            super().update(*batch)
            self.critic_target = copy.deepcopy(self.critic)

    found = judged(Replaced(), tmp_path / "run")["targets"]
    assert found.verdict is Verdict.WARN
    assert "critic_target in 1; is it what the loss uses?" in found.message


def test_a_call_that_raises_and_is_caught_disturbs_nothing(tmp_path):
    class Probing(CleanRL):
        def update(self, obs, following, action, *rest):
            with pytest.raises(RuntimeError):
                self.qf1(obs, action[:, :1])
            loss = self.qf1(obs, action).mean()
            loss.register_hook(lambda gradient: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                loss.backward()
            super().update(obs, following, action, *rest)

    found = judged(Probing(), tmp_path / "run")
    assert {name: f.message for name, f in found.items() if f.verdict is Verdict.FAIL} == {}


PLACES = [
    (Calls, "_read"),
    (Calls, "_value"),
    (Calls, "taken"),
    (Calls, "attach"),
    (Actions, "add"),
    (Actions, "look_up"),
    (Measures, "gradients"),
    (Measures, "values"),
    (Backwards, "_accumulated"),
    (Backwards, "_ended"),
    (RunWriter, "signal"),
    (folder, "results"),
]


def untrained():
    torch.manual_seed(1)
    return CleanRL()


@pytest.fixture(scope="module")
def left_alone(tmp_path_factory):
    """A trainer whose audit did not break, trained once for all the places where it may."""
    trainer = untrained()
    train(trainer, tmp_path_factory.mktemp("sound") / "run", 25)
    return trainer


@pytest.mark.parametrize(("kind", "name"), PLACES, ids=lambda part: getattr(part, "__name__", part))
def test_an_error_of_ours_is_said_once_and_changes_no_weight(
    kind, name, left_alone, tmp_path, monkeypatch, caplog
):
    """Wherever rca breaks, in a hook or a backward pass, the user's training goes on as it was."""
    broken = untrained()
    calls = []

    def breaks(self, *args, **kwargs):
        calls.append(name)
        raise ArithmeticError("no answer")

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING, "rca"):
        patched.setattr(kind, name, breaks)
        train(broken, tmp_path / "broken", 25)
    assert calls
    said = [record.getMessage() for record in caplog.records if record.name == "rca"]
    assert said == ["rca: the audit broke off, training goes on: ArithmeticError: no answer"]
    pairs = zip(left_alone.qf1.parameters(), broken.qf1.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)


@pytest.mark.parametrize(
    ("critic", "words"),
    [
        (lambda: torch.jit.script(nn.Linear(4, 1)), "takes no hooks"),
        (lambda: nn.LazyLinear(1), "call it once before"),
    ],
)
@pytest.mark.filterwarnings("ignore:Lazy modules", "ignore:.*torch.jit.script.*")
def test_networks_that_cannot_be_watched_are_refused_before_training(critic, words, tmp_path):
    actor = nn.Linear(2, 2)
    with pytest.raises(UsageError, match=words):
        rca.watch(
            actor=actor,
            critic=critic(),
            optimizers=torch.optim.Adam(actor.parameters()),
            out=tmp_path / "run",
        )
    assert not (tmp_path / "run").exists()
