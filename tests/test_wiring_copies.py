"""Networks that are watched may be saved, pickled and copied: nothing of the audit goes along."""

import copy
import io
import pickle
from multiprocessing.reduction import ForkingPickler

import pytest
import torch
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

import rca
from rca.runs.load import load_run
from tests.foreign_trainers import STYLES, train

OBSERVED, ACTIONS, ROWS = 3, 2, 8


class Loop:
    """The smallest trainer of a watched actor and critic, made of torch's own modules."""

    def __init__(self, out):
        torch.manual_seed(0)
        self.actor = nn.Sequential(nn.Linear(OBSERVED, 8), nn.ReLU(), nn.Linear(8, ACTIONS))
        self.critic = nn.Sequential(nn.Linear(OBSERVED + ACTIONS, 8), nn.ReLU(), nn.Linear(8, 1))
        self.optimizers = [
            torch.optim.Adam(self.actor.parameters(), 1e-3),
            torch.optim.Adam(self.critic.parameters(), 1e-3),
        ]
        self.recorder = rca.watch(
            actor=self.actor, critic=self.critic, optimizers=self.optimizers, out=out
        )

    def update(self):
        seen, action = torch.randn(ROWS, OBSERVED), torch.randn(ROWS, ACTIONS)
        value = self.critic(torch.cat([seen, action], 1))
        climbed = lambda: -self.critic(torch.cat([seen, self.actor(seen)], 1)).mean()  # noqa: E731
        for optimizer, loss in zip(
            self.optimizers[::-1], [value.square().mean, climbed], strict=True
        ):
            optimizer.zero_grad()
            loss().backward()
            optimizer.step()
        return value


@pytest.fixture
def loop(tmp_path):
    made = Loop(tmp_path / "run")
    made.update()
    assert made.critic._forward_pre_hooks  # the audit looks
    yield made
    made.recorder.close()


def saved(thing):
    file = io.BytesIO()
    torch.save(thing, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def pickled(thing):
    content = pickle.dumps(thing)
    assert b"rca" not in content  # it is read where rca is not installed
    return pickle.loads(content)


def sent_to_a_worker(thing):
    return pickle.loads(ForkingPickler.dumps(thing))


@pytest.mark.parametrize("way", [saved, pickled, sent_to_a_worker, copy.deepcopy])
def test_what_is_made_of_a_watched_network_computes_the_same_and_is_not_heard(way, loop, tmp_path):
    actor, critic = way(loop.actor), way(loop.critic)
    seen = torch.randn(ROWS, OBSERVED)
    assert torch.equal(actor(seen), loop.actor(seen).detach())
    loop.update()
    for _ in range(5):
        both = torch.cat([seen, actor(seen)], 1)
        critic(both).mean().backward()
    loop.update()
    loop.recorder.close()
    wiring = load_run(tmp_path / "run").wiring
    assert wiring is not None
    assert wiring.error == ""
    assert wiring.features["critic"]["critic loss"].calls == 3
    assert wiring.features["actor"]["learning"].calls == 4  # one is the test's own


def test_a_copy_holds_nothing_of_the_audit(loop):
    for copied in (copy.deepcopy(loop.critic), pickled(loop.critic)):
        hooks = [*copied._forward_pre_hooks.values(), *copied._forward_hooks.values()]
        assert hooks
        assert {type(hook.__self__).__module__ for hook in hooks} == {"contextlib"}


def test_an_export_of_the_policy_is_no_call_of_it(loop):
    with FakeTensorMode(allow_non_fake_inputs=True), torch.no_grad():  # as torch.export traces it
        loop.actor(torch.zeros(1, OBSERVED))
    loop.update()
    assert loop.recorder._audit.listening.error == ""


def test_optimizers_and_values_are_pickled_during_a_look(loop):
    value = loop.update()
    assert torch.equal(pickled(value), value)
    optimizer = pickled(loop.optimizers[0])
    assert len(optimizer.state) == 4
    optimizer.step()
    assert loop.recorder._audit.counts["actor"] == 2


@pytest.mark.parametrize("style", ["CleanRL", "OneEncoder", "SpinningUp", "OneAdam"])
def test_a_trainer_of_any_style_may_be_saved_while_it_is_watched(style, tmp_path):
    class Saving(STYLES[style]):  # type: ignore[misc,valid-type]
        def update(self, *batch):
            torch.save(vars(self), tmp_path / "all.pt")
            super().update(*batch)

    train(Saving(), tmp_path / "run", 5)
    run = load_run(tmp_path / "run")
    assert run.outcome.critic_updates == 5
    assert [gap for gap in run.gaps if "broke off" in gap] == []
