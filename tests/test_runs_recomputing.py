"""Updates recomputed: the same with every switch, another one with any mistake, where it is."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from checks.wiring_recomputed import LIMITS, recomputed
from rca.checking import Verdict, run_checks
from rca.config import ProbeConfig
from rca.probes.engine import Probes
from rca.runs.recomputing import Recomputing
from rca.td3.agent import TD3
from rca.wiring.recomputed import PartFacts, RecomputedFacts
from tests.records import healthy
from tests.test_td3_agent import CONFIG, SHAPES, SWITCHES, make_batch, weights

UPDATES = 31


def made(kind=TD3, config=CONFIG):
    generators = [torch.Generator().manual_seed(i) for i in range(2)]
    return kind(config, SHAPES, init=generators[0], smoothing=generators[1])


def facts_of(agent, updates=UPDATES):
    recomputing = Recomputing(agent)
    for update in range(1, updates + 1):
        agent.update(make_batch(update), recomputing, update)
    return recomputing.facts()


def finding(facts):
    run = healthy()
    assert run.wiring is not None
    run = replace(run, wiring=run.wiring.model_copy(update={"recomputed": facts}))
    return run_checks([recomputed], run)[0]


MORE = [
    {"random_shift": 2},
    {"activation": "elu"},
    {"activation": "tanh"},
    {"critic_warmup": 10},
    {"target_noise": 0.0},
]


@pytest.mark.parametrize("switches", [{}, *SWITCHES, *MORE], ids=str)
def test_an_update_with_any_switch_is_recomputed_far_within_the_limits(switches):
    facts = facts_of(made(config=CONFIG.model_copy(update=switches)))
    assert not facts.error
    for name, part in facts.parts.items():
        limit = LIMITS[name.split()[0]]
        assert len(part.updates) >= 3, name
        assert max(part.differences) <= limit / 5, (name, part)
    found = finding(facts)
    assert found.verdict is Verdict.PASS
    assert "the actor's too" in found.message


@pytest.mark.parametrize("delay", [1, 2])
def test_what_probes_ask_the_networks_is_not_taken_for_the_updates(delay):
    agent = made(config=CONFIG.model_copy(update={"policy_delay": delay}))
    probes = Probes(ProbeConfig(every=1, slow_every=1, rare_every=1), agent)
    recomputing = Recomputing(agent)

    def emit(event):
        probes.measure(event)
        recomputing(event)

    for update in range(1, UPDATES + 1):
        agent.update(make_batch(update), emit, update)
    facts = recomputing.facts()
    assert all(d is not None and d < 1e-6 for d in facts.parts["policy"].differences)
    assert finding(facts).verdict is Verdict.PASS


def test_recomputing_leaves_the_training_as_it_is_bit_for_bit():
    alone, recomputed_one = made(), made()
    for update in range(1, 8):
        alone.update(make_batch(update), lambda event: None, update)
    facts_of(recomputed_one, 7)
    one, two = weights(alone), weights(recomputed_one)
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not recomputed_one.critic_encoder._forward_pre_hooks


class OnlineActor(TD3):
    def _target_value(self, batch):
        slow, self.targets["actor"] = self.targets["actor"], self.actor
        try:
            return super()._target_value(batch)
        finally:
            self.targets["actor"] = slow


class Unsmoothed(TD3):
    def _smoothed(self, action):
        super()._smoothed(action)
        return action


class Absolute(TD3):
    def _critic_loss(self, q1, q2, target):
        return (q1 - target).abs().mean() + (q2 - target).abs().mean()


class Descending(TD3):
    def _update_actor(self, image, vector, features, emit, step):
        right = self.critic.q1
        self.critic.q1 = lambda *inputs: -right(*inputs)  # type: ignore[method-assign]
        try:
            return super()._update_actor(image, vector, features, emit, step)
        finally:
            del self.critic.q1


class Decaying(TD3):
    def _adam(self, *names):
        adam = super()._adam(*names)
        groups = [{key: g[key] for key in ("params", "lr", "name")} for g in adam.param_groups]
        return torch.optim.AdamW(groups, weight_decay=50.0)


class HalfRate(TD3):
    def _adam(self, *names):
        adam = super()._adam(*names)
        for group in adam.param_groups:
            group["lr"] /= 2
        return adam


class Disturbing(TD3):
    def _update_actor(self, image, vector, features, emit, step):
        loss = super()._update_actor(image, vector, features, emit, step)
        for weight in self.critic.first.parameters():
            weight.data.add_(1e-3)
        return loss


class Hurried(TD3):
    def _update_targets(self):
        super()._update_targets()
        super()._update_targets()


class Fading(TD3):
    def update(self, batch, emit, step):
        super().update(batch, emit, step)
        for weight in self.critic.parameters():
            weight.data.mul_(0.999)


class Mirroring(TD3):
    def _pixels(self, image):
        return super()._pixels(image.flip(3))


class Darkening(TD3):
    def _pixels(self, image):
        return super()._pixels(image) / 255


class Blind(TD3):
    """The encoder in front of the critics hears nothing of their loss."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        forward = self.critic.forward
        self.critic.forward = lambda features, *rest: forward(features.detach(), *rest)  # type: ignore[method-assign]


def squashed():
    agent = made()
    agent.critic.first.append(nn.Tanh())
    return agent


def rectified(kind=TD3):
    agent = made(kind)
    for actor in (agent.actor, agent.targets["actor"]):
        actor.layers[-1] = nn.Sequential(nn.ReLU(), nn.Tanh())
    return agent


@pytest.mark.parametrize(
    ("agent", "part", "suspect"),
    [
        (lambda: made(OnlineActor), "target value off", "target_value_wrong"),
        (lambda: made(Unsmoothed), "target value off", "target_value_wrong"),
        (lambda: made(Absolute), "gradient of critic off", "loss_wrong"),
        (lambda: made(Descending), "gradient of actor off", "policy_loss_wrong"),
        (lambda: made(Decaying), "step of critic off", "optimizer_wrong"),
        (lambda: made(HalfRate), "at last 0.5 times what it should be", "optimizer_wrong"),
        (lambda: made(Disturbing), "others in the step of actor off", "optimizer_wrong"),
        (lambda: made(Hurried), "move of target.critic off", "target_wrong"),
        (lambda: made(Fading), "weights between updates off", "optimizer_wrong"),
        (lambda: made(Blind), "critic_encoder gets no gradient", "encoder_frozen"),
        (squashed, ": value off", "network_altered"),
        (rectified, ": policy off", "network_altered"),
        (lambda: made(Mirroring), "pictures fed are not the batch's: off by", "frames_wrong"),
        (lambda: made(Darkening), "pixels are 0.0039 times what", "image_unscaled"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_mistake_shows_in_its_part_and_in_no_other(agent, part, suspect):
    found = finding(facts_of(agent()))
    assert found.verdict is Verdict.FAIL
    assert part in found.message
    assert found.suspects == (suspect,)


def test_an_altered_actor_hides_no_mistake_of_the_critics():
    agent = rectified(Absolute)
    found = finding(facts_of(agent))
    assert "policy off" in found.message
    assert set(found.suspects) == {"network_altered", "loss_wrong"}


def test_little_of_a_gradient_is_not_none():
    found = told([0.995] * 9, [0.005] * 9, "gradient of critic")
    assert "gradient of critic off by 99.5%" in found.message
    assert found.suspects == ("loss_wrong",)


def test_networks_of_another_kind_are_said_to_be_so_and_end_no_training():
    agent = made()
    agent.critic.first = nn.Sequential(nn.Flatten(), *agent.critic.first)
    agent.targets["critic"].first = nn.Sequential(nn.Flatten(), *agent.targets["critic"].first)
    found = finding(facts_of(agent))
    assert found.verdict is Verdict.NOT_RUN
    assert "KeyError: 'target.critic.first" in found.message
    assert agent.critic_updates == UPDATES


def test_no_error_inside_ends_a_training():
    """A last layer without its second dimension is an IndexError in torch."""

    class Flat(nn.Module):
        def __init__(self, like):
            super().__init__()
            self.weight, self.bias = nn.Parameter(like.weight[0].detach().clone()), like.bias

        def forward(self, hidden):
            return hidden @ self.weight[:, None] + self.bias

    agent = made()
    for critic in (agent.critic, agent.targets["critic"]):
        for head in (critic.first, critic.second):
            head[-1] = Flat(head[-1])
    found = finding(facts_of(agent))
    assert found.verdict is Verdict.NOT_RUN
    assert agent.critic_updates == UPDATES


def told(differences, shares=None, name="step of critic"):
    """Sound facts with one part replaced."""
    run = healthy()
    assert run.wiring is not None
    assert run.wiring.recomputed is not None
    part = PartFacts(
        updates=tuple(range(len(differences))),
        differences=tuple(differences),
        shares=tuple(shares or [1.0] * len(differences)),
    )
    return finding(RecomputedFacts(parts={**run.wiring.recomputed.parts, name: part}))


@pytest.mark.parametrize(
    ("differences", "verdict", "says"),
    [
        ([0.0] * 6 + [1.0] * 3, Verdict.FAIL, "off by 100.0%"),  # only later
        ([1.0] + [0.0] * 8, Verdict.WARN, "off in 1 of 9, a slip"),
        ([0.5, 0.5], Verdict.PASS, "18 parts the same"),  # too few, and not counted
        ([None] * 9, Verdict.PASS, "18 parts the same"),
    ],
)
def test_what_is_off_later_fails_and_what_is_not_seen_is_not_the_same(differences, verdict, says):
    found = told(differences)
    assert found.verdict is verdict
    assert says in found.message


def test_nothing_but_nan_is_no_pass():
    run = healthy()
    assert run.wiring is not None
    assert run.wiring.recomputed is not None
    nan = PartFacts(updates=(1, 2, 3), differences=(None,) * 3, shares=(None,) * 3)
    facts = RecomputedFacts(parts=dict.fromkeys(run.wiring.recomputed.parts, nan))
    assert finding(facts).verdict is Verdict.VACUOUS


def test_an_actor_that_was_too_seldom_seen_is_not_called_the_same():
    found = told([1.0], name="gradient of actor")
    assert found.verdict is Verdict.PASS
    assert "the actor's not judged" in found.message


@pytest.mark.parametrize(
    ("difference", "share", "says"),
    [
        (0.5, 0.5, "at last 0.5 times"),
        (0.5, 2.0, "at last 2 times"),
        (2.0, -1.0, "at last -1 times"),
        (0.9, 1.0, "off by 90.0%"),
    ],
)
def test_a_step_that_is_a_multiple_is_said_to_be_one(difference, share, says):
    found = told([difference] * 5, [share] * 5)
    assert says in found.message
    assert ("times" in found.message) == ("times" in says)


def test_what_stands_still_may_not_move_once_in_a_while():
    name = "others in the step of actor"
    assert told([0.0] * 7 + [1.0] * 2, [None] * 9, name).verdict is Verdict.WARN
    assert told([1.0, 0.0, 1.0, 0.0, 1.0], [None] * 5, name).verdict is Verdict.FAIL


def test_parts_of_a_later_version_are_passed_over():
    assert told([1.0] * 5, name="dreams of sheep").verdict is Verdict.PASS


def test_a_record_with_unequal_columns_is_refused():
    with pytest.raises(ValueError, match="not equally long"):
        PartFacts(updates=(1, 2), differences=(0.0,), shares=(None, None))
