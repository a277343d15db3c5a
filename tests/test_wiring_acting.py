"""Acting beside learning: what is kept of it, and which action was the policy's."""

import copy

import numpy as np
import pytest
import torch

import rca
from rca.checking import Verdict, builtin_checks, load_checks, run_checks, select
from rca.runs.load import load_run
from rca.wiring.calls import MAX_CALLS
from rca.wiring.pictures import MAX_PICTURES
from tests.example_loop import example
from tests.foreign_trainers import CleanRL, OneAdam, train

NOISE, ACTIONS, ROWS = 0.1, 2, 32
CHECKS = load_checks([builtin_checks()])


@pytest.fixture
def agent():
    torch.manual_seed(0)
    return example.TD3(ACTIONS)


def watch(agent, out, *, shared=False):
    if shared:
        agent.actor_encoder = agent.critic_encoder
        agent.target_actor_encoder = agent.target_critic_encoder
        agent.actor_optimizer, agent.critic_optimizer = agent.optimizers()
    return rca.watch(
        actor=agent.actor,
        critic=agent.critic,
        actor_encoder=agent.actor_encoder,
        critic_encoder=agent.critic_encoder,
        targets={
            "actor": agent.target_actor,
            "critic": agent.target_critic,
            "critic_encoder": agent.target_critic_encoder,
        },
        optimizers=[agent.actor_optimizer, agent.critic_optimizer],
        config={"exploration_noise": NOISE},
        out=out,
    )


def picture(rng):
    return rng.integers(0, 255, (3, 36, 36), dtype=np.uint8)


def act_in_batches(agent, rng):
    pictures = torch.from_numpy(np.stack([picture(rng) for _ in range(4)]))
    with torch.no_grad():
        agent.actor(agent.actor_encoder(pictures))


def learn(agent, rng):
    pictures = torch.from_numpy(rng.integers(0, 255, (2, ROWS, 3, 36, 36), dtype=np.uint8))
    rest = (torch.from_numpy(rng.uniform(-1, 1, (ROWS, n)).astype(np.float32)) for n in (2, 1))
    agent.update((*pictures, *rest, torch.zeros(ROWS, 1)))


def seen(out):
    found = load_run(out).wiring
    assert found is not None
    assert found.error == ""
    return found


def judged(out, pattern):
    found = run_checks(select(CHECKS, [pattern]), load_run(out))
    return {item.check: item for item in found}


def test_random_actions_beside_evaluations_are_not_held_against_the_policy(agent, tmp_path):
    rng = np.random.default_rng(0)
    with watch(agent, tmp_path / "run") as recorder:
        for step in range(120):
            for _ in range(3 if step % 4 == 0 else 0):  # an evaluation
                agent.act(picture(rng))
            recorder.step(0.0, action=rng.uniform(-1, 1, ACTIONS).astype(np.float32))
    assert seen(tmp_path / "run").exploration.numbers == 0
    found = judged(tmp_path / "run", "wiring.exploration")["wiring.exploration"]
    assert found.verdict is Verdict.NOT_RUN, found.message


@pytest.mark.parametrize("asked", [1, 2])
def test_an_action_of_the_policy_is_held_against_it(asked, agent, tmp_path):
    rng = np.random.default_rng(0)
    with watch(agent, tmp_path / "run") as recorder:
        for _ in range(50):  # a random phase that asks the policy and does not listen
            agent.act(picture(rng))
            recorder.step(0.0, action=rng.uniform(-1, 1, ACTIONS).astype(np.float32))
        learn(agent, rng)
        for _ in range(120):
            now = picture(rng)
            for _ in range(asked):
                meant = agent.act(now)
            executed = np.clip(meant + rng.normal(0, NOISE, ACTIONS), -1, 1)
            recorder.step(0.0, action=executed.astype(np.float32))
    exploration = seen(tmp_path / "run").exploration
    assert exploration.numbers > 80
    assert exploration.deviation == pytest.approx(NOISE, rel=0.2)
    assert seen(tmp_path / "run").features["actor"]["acting"].calls == 50 + 120 * asked


def test_noise_is_measured_beside_the_first_updates_alone(agent, tmp_path):
    """A schedule goes on: in later looks it has another value than the configured one."""
    rng = np.random.default_rng(0)

    def explore(noise):
        executed = agent.act(picture(rng)) + rng.normal(0, noise, ACTIONS)
        recorder.step(0.0, action=np.clip(executed, -1, 1).astype(np.float32))

    with watch(agent, tmp_path / "run") as recorder:
        for _ in range(60):
            learn(agent, rng)
            explore(NOISE)
        numbers = recorder._audit.batches.exploration_facts().numbers
        recorder._audit.counts["critic"] = 1_999  # as if the next look had come
        recorder._audit.counts["actor"] = 1_000
        for _ in range(4):
            learn(agent, rng)
            explore(NOISE / 10)
        assert recorder._audit.listening.on
        assert recorder._audit.batches.exploration_facts().numbers == numbers > 40


def test_acting_before_the_first_update_is_not_kept(agent, tmp_path):
    rng = np.random.default_rng(0)
    with watch(agent, tmp_path / "run") as recorder:
        for _ in range(100):
            agent.act(picture(rng))
        calls = recorder._audit.calls
        assert len(calls.seen) == MAX_CALLS
        recorder.step(0.0, action=np.zeros(ACTIONS, np.float32))
        assert calls.seen == []


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("told", [False, True])
def test_batches_that_are_acted_on_are_not_kept_and_updates_are_understood(
    shared, told, agent, tmp_path
):
    rng = np.random.default_rng(0)
    with watch(agent, tmp_path / "run", shared=shared) as recorder:
        calls = recorder._audit.calls
        for _ in range(30):
            for _ in range(3):
                act_in_batches(agent, rng)
                assert len(calls.pictures.batches) <= (MAX_PICTURES if shared else 0)
                if told:
                    recorder.step(0.0, action=np.zeros(ACTIONS, np.float32))
                    assert not calls.pictures.batches
            learn(agent, rng)
    found = seen(tmp_path / "run")
    critic = "encoder" if shared else "critic_encoder"
    assert found.features["critic"]["critic loss"].encoders == {critic: 30}
    assert found.features["critic_target"]["target"].calls == 30
    assert found.actions.told == told
    assert (found.inputs.same_next == 0) == (told or not shared)


def test_a_call_that_waits_for_its_gradient_is_not_lost_to_acting(agent, tmp_path):
    rng = np.random.default_rng(0)
    with watch(agent, tmp_path / "run") as recorder:
        for _ in range(6):
            pictures = torch.from_numpy(np.stack([picture(rng) for _ in range(ROWS)]))
            action = torch.from_numpy(rng.uniform(-1, 1, (ROWS, ACTIONS)).astype(np.float32))
            loss = agent.critic_loss(pictures, action, torch.zeros(ROWS, 1))
            for _ in range(2 * MAX_CALLS):
                agent.act(picture(rng))
            recorder.step(0.0, action=np.zeros(ACTIONS, np.float32))
            agent.critic_optimizer.zero_grad()
            loss.backward()
            agent.critic_optimizer.step()
    assert seen(tmp_path / "run").losses["critic"].passes == 6


def test_a_step_of_one_optimizer_for_all_is_an_update_of_both(tmp_path):
    train(OneAdam(), tmp_path / "run", 110)
    run = load_run(tmp_path / "run")
    assert (run.outcome.critic_updates, run.outcome.actor_updates) == (110, 110)
    found = judged(tmp_path / "run", "updates.*")
    assert found["updates.policy_delay"].verdict is Verdict.PASS, found["updates.policy_delay"]
    accused = {name: item.message for name, item in found.items() if item.verdict == "FAIL"}
    assert accused == {}


class TwoSteps(OneAdam):
    """One optimizer that steps twice: for the critic, and every second time for the actor."""

    def update(self, obs, following, action, reward, terminated):
        self.updates += 1
        latent = self.value_encoder(obs)["latent"]
        values = self.value({"latent": latent, "action": action})
        self.step((values - reward[:, None]).square().mean())
        if self.updates % 2 == 0:
            fixed = copy.deepcopy(self.value).requires_grad_(False)
            seen = {"latent": latent.detach(), "action": self.action_of(obs)}
            self.step(-fixed(seen)[:, 0].mean())

    def step(self, loss):
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()


def test_a_step_counts_for_what_it_has_gradients_of(tmp_path):
    train(TwoSteps(), tmp_path / "run", 20)
    run = load_run(tmp_path / "run")
    assert (run.outcome.critic_updates, run.outcome.actor_updates) == (20, 10)


def test_an_actor_that_one_optimizer_never_moves_is_still_named(tmp_path):
    class Frozen(OneAdam):
        def action_of(self, pictures):
            return super().action_of(pictures).detach()

    train(Frozen(), tmp_path / "run", 110)
    assert load_run(tmp_path / "run").outcome.actor_updates == 0
    found = judged(tmp_path / "run", "updates.policy_delay")["updates.policy_delay"]
    assert found.verdict is Verdict.FAIL
    assert "actor_frozen" in found.suspects


def test_an_optimizer_that_holds_the_critic_too_is_the_actors_beside_the_critics_own(tmp_path):
    class Greedy(CleanRL):
        def build(self):
            super().build()
            self.actor_optimizer.add_param_group({"params": [*self.qf1.parameters()]})

        def watched(self, out):
            return rca.watch(
                actor=self.actor,
                critic=[self.qf1, self.qf2],
                optimizers=[self.actor_optimizer, self.q_optimizer],
                out=out,
            )

    train(Greedy(), tmp_path / "run", 20)
    run = load_run(tmp_path / "run")
    assert (run.outcome.critic_updates, run.outcome.actor_updates) == (20, 10)
