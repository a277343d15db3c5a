# mypy: disable-error-code="misc,name-defined,has-type"
"""A hand-written TD3, watched: sound it gives no FAIL, and each wiring fault is named."""

import copy
import json

import numpy as np
import pytest
import torch
from torch import nn

import rca
from rca.checking import Verdict
from rca.errors import UsageError
from rca.runs.load import load_run
from tests.example_loop import example

STEPS = 250 + 50
"""50 updates: within them every fault must be named."""


def trained(kind, out, monkeypatch=None, **patches):
    torch.manual_seed(0)
    agent = kind(2)
    example.train(agent, out, STEPS, learning_starts=250, batch=32)
    return agent


def wiring(out):
    found = load_run(out).wiring
    assert found is not None
    return found


def findings(out):
    from rca.checking import builtin_checks, load_checks, run_checks, select

    checks = select(load_checks([builtin_checks()]), ["wiring.*"])
    return {found.check: found for found in run_checks(checks, load_run(out))}


class Mixed(example.TD3):
    """The recorded failure: Q in the actor's loss on the actor's features."""

    def actor_loss(self, picture):
        features = self.actor_encoder(picture)
        return -self.critic(features, self.actor(features))[0].mean()


class ActsOnOther(example.TD3):
    def act(self, picture):
        with torch.no_grad():
            features = self.critic_encoder(torch.from_numpy(picture)[None])
            return self.actor(features)[0].numpy()


class Forgotten(example.TD3):
    def optimizers(self):
        return (
            torch.optim.Adam([*self.actor.parameters(), *self.actor_encoder.parameters()], 3e-4),
            torch.optim.Adam(self.critic.parameters(), 1e-3),
        )


class Normed(example.Encoder):
    def __init__(self):
        super().__init__()
        self.body.insert(1, nn.BatchNorm2d(8))


class Resting(example.TD3):
    def __init__(self, actions):
        super().__init__(actions)
        self.critic_encoder = Normed()
        self.target_critic_encoder = copy.deepcopy(self.critic_encoder)
        self.actor_optimizer, self.critic_optimizer = self.optimizers()
        self.critic_encoder.eval()


class Stale(example.TD3):
    def follow(self):
        online, self.critic = self.critic, copy.deepcopy(self.target_critic)
        super().follow()
        self.critic = online


class Copied(example.TD3):
    def follow(self):
        for target, online in (
            (self.target_critic, self.critic),
            (self.target_critic_encoder, self.critic_encoder),
        ):
            target.load_state_dict(online.state_dict())


class SteppedTwice(example.TD3):
    def __init__(self, actions):
        super().__init__(actions)
        self.actor_encoder = self.critic_encoder
        self.target_actor_encoder = self.target_critic_encoder
        self.actor_optimizer, self.critic_optimizer = self.optimizers()


class Detached(example.TD3):
    def critic_loss(self, picture, action, target):
        features = self.critic_encoder(picture).detach()
        q1, q2 = self.critic(features, action)
        return ((q1 - target) ** 2 + (q2 - target) ** 2).mean()


class ActorDetached(example.TD3):
    def actor_loss(self, picture):
        action = self.actor(self.actor_encoder(picture)).detach()
        return -self.critic(self.critic_encoder(picture).detach(), action)[0].mean()


class Largest(example.TD3):
    @torch.no_grad()
    def target(self, reward, following, terminated):
        action = self.target_actor(self.target_actor_encoder(following))
        values = self.target_critic(self.target_critic_encoder(following), action)
        return reward + example.DISCOUNT * (1 - terminated) * torch.max(*values)


class Unscaled(example.TD3):
    def __init__(self, actions):
        super().__init__(actions)
        for encoder in (self.critic_encoder, self.target_critic_encoder):
            encoder.forward = lambda picture, e=encoder: e.out(e.body(picture.float()))


FAULTS = {
    Mixed: ("wiring.features", "actor_encoder"),
    ActsOnOther: ("wiring.policy_features", "critic_encoder"),
    Forgotten: ("wiring.optimizers", "critic_encoder.body.0.weight"),
    Resting: ("wiring.modes", "critic_encoder (BatchNorm2d)"),
    Stale: ("wiring.targets", "critic_target"),
    Copied: ("wiring.targets", "critic_target takes over 1"),
    SteppedTwice: ("wiring.stepped_twice", "actor_optimizer and critic_optimizer"),
    Detached: ("wiring.gradients", "critic_encoder"),
    ActorDetached: ("wiring.gradients", "actor.fc1.weight"),
    Largest: ("wiring.twin_minimum", "max"),
    Unscaled: ("wiring.inputs", "255"),
}
"""What is planted: the check that must fail within 50 updates, and what it must name."""


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_a_planted_wiring_fault_is_named(kind, tmp_path):
    check_id, named = FAULTS[kind]
    trained(kind, tmp_path / "run")
    seen = findings(tmp_path / "run")[check_id]
    assert seen.verdict is Verdict.FAIL, seen.message
    assert named in seen.message


def test_another_action_in_the_memory_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(
        example, "stored_action", lambda executed, rng: executed + rng.normal(0, 0.1, 2)
    )
    trained(example.TD3, tmp_path / "run")
    assert findings(tmp_path / "run")["wiring.actions"].verdict is Verdict.FAIL


def test_time_outs_that_are_stored_as_terminal_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(example, "stored_end", lambda terminated, truncated: terminated | truncated)
    trained(example.TD3, tmp_path / "run")
    seen = findings(tmp_path / "run")
    assert seen["wiring.time_outs"].verdict is Verdict.FAIL
    assert seen["wiring.terminals"].verdict is Verdict.PASS


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    out = tmp_path_factory.mktemp("watched") / "run"
    agent = trained(example.TD3, out)
    return agent, out


def test_a_sound_loop_gives_no_accusation(sound):
    _, out = sound
    accused = {name: f for name, f in findings(out).items() if f.verdict in ("FAIL", "WARN")}
    assert accused == {}
    passed = [name for name, found in findings(out).items() if found.verdict is Verdict.PASS]
    assert len(passed) >= 17


def test_the_equation_of_the_critic_is_found(sound):
    equation = wiring(sound[1]).equation
    assert equation.fitted == equation.tried >= 90
    assert equation.steps == 1
    assert equation.discount == pytest.approx(example.DISCOUNT, abs=1e-4)
    assert equation.reductions == {"min": equation.fitted}
    assert set(equation.time_outs) == {"bootstrapped"}
    assert set(equation.terminals) == {"cut"}


def test_a_discount_of_nothing_says_nothing_of_the_minimum(tmp_path, monkeypatch):
    monkeypatch.setattr(example, "DISCOUNT", 0.0)
    trained(example.TD3, tmp_path / "run")
    seen = findings(tmp_path / "run")
    assert seen["wiring.discount"].verdict is Verdict.FAIL
    assert seen["wiring.twin_minimum"].verdict is Verdict.NOT_RUN


def test_tau_of_every_target_is_found(sound):
    targets = wiring(sound[1]).targets
    assert len(targets) == 4
    for target in targets.values():
        assert target.tau == pytest.approx(example.TAU, rel=1e-2)


def test_the_record_is_a_run(sound):
    run = load_run(sound[1])
    assert run.kind == "recording"
    assert run.outcome.executed_steps == STEPS
    assert run.outcome.critic_updates == 50
    assert run.outcome.actor_updates == 25
    assert run.first_update_step() == 251
    assert run.episodes["length"].sum() <= STEPS
    assert set(run.episodes["end_reason"].dropna()) == {"time_out"}
    assert run.config["agent.discount"] == example.DISCOUNT
    assert {"critic/grad_norm", "actor_encoder/lr", "critic/q1_mean"} <= set(run.signals)


def test_training_is_bit_identical_with_it_and_hooks_are_gone(sound, tmp_path, monkeypatch):
    class Unwatched:
        def __enter__(self):
            return self

        def __exit__(self, *rest):
            pass

        def step(self, *args, **kwargs):
            pass

        batch = step

    monkeypatch.setattr(example.TD3, "watched", lambda self, out: Unwatched())
    plain = trained(example.TD3, tmp_path)
    for one, other in zip(sound[0].critic.parameters(), plain.critic.parameters(), strict=True):
        assert torch.equal(one, other)
    for module in (sound[0].critic, sound[0].actor, sound[0].actor_encoder):
        for layer in module.modules():
            assert not layer._forward_hooks
            assert not layer._forward_pre_hooks
    assert not sound[0].critic_optimizer._optimizer_step_pre_hooks


def watch(agent, out, **changes):
    parts = {
        "actor": agent.actor,
        "critic": agent.critic,
        "actor_encoder": agent.actor_encoder,
        "critic_encoder": agent.critic_encoder,
        "optimizers": [agent.actor_optimizer, agent.critic_optimizer],
    }
    return rca.watch(**{**parts, **changes}, out=out)


def batches(count, size=32):
    rng = np.random.default_rng(0)
    for _ in range(count):
        pictures = torch.from_numpy(rng.integers(0, 255, (2, size, 3, 36, 36), dtype=np.uint8))
        rest = (torch.from_numpy(rng.uniform(-1, 1, (size, n)).astype(np.float32)) for n in (2, 1))
        yield (*pictures, *rest, torch.zeros(size, 1))


def test_nothing_but_the_modules_is_enough(tmp_path):
    agent = Mixed(2)
    with watch(agent, tmp_path / "run") as recorder:
        for batch in batches(40):
            agent.update(batch)
        found = {item.check: item for item in recorder.findings()}
    assert found["wiring.features"].verdict is Verdict.FAIL
    assert found["wiring.actions"].verdict is Verdict.NOT_RUN
    run = load_run(tmp_path / "run")
    assert run.outcome.critic_updates == 40
    names = json.loads((tmp_path / "run" / "wiring.json").read_text())["optimizers"]
    assert set(names) == {
        "optimizer of actor and actor_encoder",
        "optimizer of critic and critic_encoder",
    }


@pytest.mark.filterwarnings("ignore:The .grad attribute")  # torch's own, while it compiles
def test_compiled_modules_and_lists_are_understood(tmp_path):
    agent = Mixed(2)
    agent.critic = torch.compile(agent.critic, backend="eager")
    agent.critic_encoder = torch.compile(agent.critic_encoder, backend="eager")
    with watch(agent, tmp_path / "run", actor=[agent.actor]) as recorder:
        for batch in batches(30):
            agent.update(batch)
        found = {item.check: item for item in recorder.findings()}
    assert found["wiring.features"].verdict is Verdict.FAIL
    assert found["wiring.optimizers"].verdict is Verdict.PASS


def test_a_deep_copy_of_a_watched_network_is_not_taken_for_it(tmp_path):
    agent = example.TD3(2)
    with watch(agent, tmp_path / "run") as recorder:
        copied = copy.deepcopy(agent.critic)
        for batch in batches(25):
            agent.update(batch)
            copied(torch.randn(32, 32), batch[2])
        found = {item.check: item for item in recorder.findings()}
    calls = wiring(tmp_path / "run").features["critic"]["critic loss"].calls
    assert calls == 25
    assert found["wiring.features"].verdict is Verdict.PASS


def test_half_a_checkpoint_is_named(tmp_path):
    agent = example.TD3(2)
    whole = {
        **{name: getattr(agent, name).state_dict() for name in ("actor", "critic")},
        "encoders": [agent.actor_encoder.state_dict(), agent.critic_encoder.state_dict()],
        "optimizers": [agent.actor_optimizer.state_dict(), agent.critic_optimizer.state_dict()],
    }
    torch.save(whole, tmp_path / "whole.pt")
    torch.save({"actor": agent.actor.state_dict()}, tmp_path / "half.pt")
    with watch(agent, tmp_path / "run") as recorder:
        recorder.checkpoint(tmp_path / "whole.pt")
        assert by_id(recorder)["wiring.checkpoint"].verdict is Verdict.PASS
        recorder.checkpoint(tmp_path / "half.pt")
        half = by_id(recorder)["wiring.checkpoint"]
        assert half.verdict is Verdict.FAIL
        assert "8 parameters of critic_encoder" in half.message
        (tmp_path / "foreign.pt").write_bytes(b"\x80\x04cos\nsystem\n.")
        recorder.checkpoint(tmp_path / "foreign.pt")  # nothing of it is run
        assert by_id(recorder)["wiring.checkpoint"] == half


def by_id(recorder):
    return {item.check: item for item in recorder.findings()}


def test_a_crash_of_the_trainer_is_recorded(tmp_path):
    agent = example.TD3(2)
    with pytest.raises(RuntimeError, match="boom"), watch(agent, tmp_path / "run"):
        raise RuntimeError("boom")
    outcome = load_run(tmp_path / "run").outcome
    assert (outcome.status, outcome.error) == ("crashed", "RuntimeError: boom")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"critic": nn.ReLU()}, "critic has no parameters"),
        ({"critic": "critic"}, "critic is a str"),
        ({"targets": {"actors": nn.Linear(2, 2)}}, "target of nothing"),
        ({"optimizers": []}, "holds a parameter of the critic"),
        ({"optimizers": {"a": "Adam"}}, "is a str"),
        ({"every": 0}, "every is 0"),
    ],
)
def test_a_wrong_argument_is_one_clear_line(wrong, message, tmp_path):
    with pytest.raises(UsageError, match=message):
        watch(example.TD3(2), tmp_path / "run", **wrong)
    assert not (tmp_path / "run").exists()


def test_a_damaged_audit_is_a_gap_and_no_crash(sound, tmp_path):
    import shutil

    shutil.copytree(sound[1], tmp_path / "run")
    (tmp_path / "run" / "wiring.json").write_text('{"updates": "many"}')
    run = load_run(tmp_path / "run")
    assert run.wiring is None
    assert any("wiring.json" in gap for gap in run.gaps)


def test_an_audit_that_breaks_lets_the_training_go_on(tmp_path, monkeypatch):
    from rca.wiring.actions import Actions

    def broken(self, call):
        raise ArithmeticError("no answer")

    monkeypatch.setattr(Actions, "look_up", broken)
    trained(example.TD3, tmp_path / "run")
    run = load_run(tmp_path / "run")
    assert run.outcome.critic_updates == 50
    assert any("ArithmeticError: no answer" in gap for gap in run.gaps)


def test_values_that_are_not_finite_break_nothing(tmp_path):
    class Broken(example.TD3):
        def target(self, reward, following, terminated):
            return super().target(reward, following, terminated) * float("nan")

    agent = Broken(2)
    with watch(agent, tmp_path / "run"):
        for batch in batches(30):
            agent.update(batch)
    run = load_run(tmp_path / "run")
    assert run.outcome.critic_updates == 30
    assert not [gap for gap in run.gaps if "broke off" in gap]
