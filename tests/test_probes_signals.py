"""Each signal against an independent plain-numpy version of itself, on a real short run."""

import math
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.stats
import torch

from rca.build import default_build
from rca.config import AgentConfig, BudgetConfig, ProbeConfig, RunConfig
from rca.probes.engine import Probes, load_probes
from rca.td3.evaluation import Evaluation
from rca.td3.events import ActorGrads, CriticGrads, EpisodeEnded, Evaluated, Stepped, Updated
from rca.td3.train import train
from tests.test_probes_planted import PLANTED
from tests.tiny_env import Pointing

CLIPS = {"actor": 1e-3, "actor_encoder": 1e3, "critic": 1e-3, "critic_encoder": 1e3}
CONFIG = RunConfig(
    agent=AgentConfig(
        learning_starts=10,
        batch_size=8,
        buffer_size=100,
        actor_clip=CLIPS["actor"],
        actor_encoder_clip=CLIPS["actor_encoder"],
        critic_clip=CLIPS["critic"],
        critic_encoder_clip=CLIPS["critic_encoder"],
    ),
    budget=BudgetConfig(steps=22, seed=1, eval_every=11, eval_episodes=3),
)
PROBES = load_probes()
JUMP = 7
"""Step at which the frame stack does not move on by one frame."""


class Slipping(Pointing):
    """Goes wrong in every way that a step can show, and remembers what it did.

    It carries out half of each action, pays what no term tells, counts steps that nobody took and
    knows of traffic at odd steps only. The first episode jumps a frame and touches a lane marking
    in its third step; the second shows its images two steps late and calls its end a time-out
    that is terminal; the third stands still in its first step.

    Attributes:
        told: What it said of each step of the episode, with what it was given.
        shown: Observations of the episode, from its reset on.
    """

    def reset(self, *, seed=None, options=None):
        obs, info = super().reset(seed=seed, options=options)
        self.index = self.episodes
        self.real, self.shown, self.told = [obs], [obs], []
        return obs, info

    def step(self, action):
        obs, reward, terminated, truncated, info = super().step(action)
        self.real.append(obs)
        self.shown.append(self._bent(obs))
        reward += 0.25 * (self.steps % 3 == 0)
        told = info | self._odd(terminated)
        told |= {"applied": np.asarray(action) / 2, "max_brake": 0.2}
        self.told.append(
            {**told, "sent": action.copy(), "reward": reward, "terminated": terminated}
        )
        return self.shown[-1], reward, terminated, truncated, told

    def _bent(self, obs):
        if self.index == 1:
            return self.real[max(0, self.steps - 2)]
        if self.index == 0 and self.steps == JUMP:
            return obs | {"image": np.repeat(obs["image"][-1:], self.frames, axis=0)}
        return obs

    def _odd(self, terminated):
        odd: dict[str, Any] = {"frame": self.steps + 2 + self.index}
        if self.index == 0 and self.steps >= 3:
            odd["after_touch"] = self.steps - 3
        if self.index == 1 and terminated:
            odd["end_reason"] = "time_out"
        if self.index == 2 and self.steps == 1:
            odd["speed"] = 0.0
        if self.steps % 2 == 0:
            odd["traffic_speed"] = math.nan
        return odd


class Crashing(Pointing):
    """Every third episode ends in a collision, the others at the goal."""

    def _info(self, terminated):
        crashed = {} if self.episodes % 3 else {"end_reason": "collision"}
        return super()._info(terminated) | crashed


def forgiving(run, env):
    """Makes the memory begin anew where the stack jumps, which it refuses."""
    store = run.replay.add

    def add(action, reward, obs, terminated):
        if len(env.told) == JUMP and env.index == 0:
            run.replay.begin(obs)
        else:
            store(action, reward, obs, terminated)

    run.replay.add = add


def wavering(agent, answers):
    """Makes the agent answer otherwise each time that it is asked for an action without noise."""
    act = agent.act

    def waver(obs, noise, rng):
        action = act(obs, noise, rng)
        if noise:
            return action
        answers.append(action + np.float32(0.01 * (-1) ** len(answers) * len(answers)))
        return answers[-1]

    agent.act = waver


EVERY_UPDATE = ProbeConfig(slow_every=1, rare_every=1)


def arrays(module, gradient=False):
    chosen = [w.grad if gradient else w for w in module.parameters()]
    return [w.detach().numpy().copy() for w in chosen]


def length(parts):
    return math.sqrt(sum(float(np.sum(np.square(part, dtype=np.float64))) for part in parts))


class Run(NamedTuple):
    """A short run.

    Attributes:
        measured: Values by name and step.
        expected: The same recomputed in numpy.
        emitted: Names that each of PROBES gave a value for.
    """

    measured: dict[str, dict[int, float]]
    expected: dict[str, dict[int, float]]
    emitted: list[set[str]]


@pytest.fixture(scope="module")
def run():
    found = Run({}, {}, [set() for _ in PROBES])
    engines: list[Probes] = []
    start: dict[str, Any] = {"env": Slipping(), "answers": []}

    def note(name, event, value):
        found.expected.setdefault(name, {})[event.step] = float(value)

    def emit(event):
        for engine, names in zip(engines, found.emitted, strict=True):
            for m in engine.measure(event):
                names.add(m.name)
                found.measured.setdefault(m.name, {})[m.step] = m.value
        recompute(event, note, start)

    training = default_build(CONFIG).training(start["env"], emit)
    agent = training.agent
    forgiving(training, start["env"])
    wavering(agent, start["answers"])
    for name in agent.modules():
        start[name] = arrays(agent.modules()[name])
    engines += [Probes(EVERY_UPDATE, agent, [item]) for item in PROBES]
    start["agent"] = agent
    evaluate = Evaluation(agent, Crashing(terminal_every=1), 3, 5, training.held_out)
    train(training, evaluate=evaluate)
    assert [engine.broken for engine in engines if engine.broken] == []
    return found


def recompute(event, note, start):
    for kind, version in VERSIONS:
        if isinstance(event, kind):
            version(event, note, start)


def gradients(event, note, start):
    part = "critic" if isinstance(event, CriticGrads) else "actor"
    for name in (part, f"{part}_encoder"):
        size = length(arrays(getattr(event.agent, name), gradient=True))
        note(f"{name}/grad_norm", event, size)
        note(f"{name}/clipped", event, size > CLIPS[name])


def targets_before(event, note, start):
    start["targets"] = {name: arrays(target) for name, target in event.agent.targets.items()}


def values(event, note, start):
    q1, q2, target = (t.numpy() for t in (event.q1, event.q2, event.target))
    note("critic/q_spread", event, np.mean(np.abs(q1 - q2)))
    note("critic/q1_mean", event, np.mean(q1))
    note("critic/q2_mean", event, np.mean(q2))
    note("critic/q1_min", event, min(q1))
    note("critic/q1_max", event, max(q1))
    note("critic/q1_std", event, np.std(q1, ddof=1))
    note("critic/target_mean", event, np.mean(target))
    note("critic/loss", event, np.mean((q1 - target) ** 2) + np.mean((q2 - target) ** 2))
    if event.actor_loss is not None:
        note("actor/loss", event, event.actor_loss.numpy())
    error = q1 - target
    p50, p99 = np.percentile(np.abs(error), [50, 99])
    note("critic/td_tail", event, p99 / p50)
    note("critic/td_kurtosis", event, scipy.stats.kurtosis(error, fisher=False))
    note("batch/terminal_share", event, np.mean(event.batch.terminated.numpy()))
    note("batch/action_size", event, np.abs(event.batch.action.numpy()).max())
    note("batch/reward_min", event, min(event.batch.reward.numpy()))
    note("batch/reward_max", event, max(event.batch.reward.numpy()))
    note("replay/ratio", event, event.update / (event.step - 10))


def movement(event, note, start):
    agent = event.agent
    for name, module in agent.modules().items():
        now = arrays(module)
        moved = [a - b for a, b in zip(now, start[name], strict=True)]
        if name.endswith("encoder"):
            note(f"{name}/drift", event, length(moved) / length(start[name]))
        is_updated = name.startswith("critic") or event.actor_loss is not None
        if is_updated:
            last = start.get(f"last {name}", start[name])
            way = [a - b for a, b in zip(now, last, strict=True)]
            note(f"{name}/update_ratio", event, length(way) / length(now))
            start[f"last {name}"] = now
        slow = arrays(agent.targets[name])
        behind = [a - b for a, b in zip(now, slow, strict=True)]
        note(f"{name}/target_lag", event, length(behind) / length(now))
        tau = agent.config.tau if event.actor_loss is not None else 0.0
        expected = [
            tau * a + (1 - tau) * b for a, b in zip(now, start["targets"][name], strict=True)
        ]
        worst = max(np.abs(a - b).max() for a, b in zip(slow, expected, strict=True))
        note(f"{name}/target_error", event, worst)


def dense(layer, h):
    return h @ layer.weight.detach().numpy().T + layer.bias.detach().numpy()


def convolved(layer, h):
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    size, stride = weight.shape[-1], layer.stride[0]
    windows = np.lib.stride_tricks.sliding_window_view(h, (size, size), axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride]  # optimized, it is a product of matrices
    out = np.einsum("bchwij,ocij->bohw", windows, weight, optimize=True)
    return out + bias[:, None, None]


def encoded(module, image, units):
    h = image
    for index in (0, 2, 4):
        h = np.maximum(convolved(module.layers[index], h), 0)
        units.append(np.abs(h).mean(axis=(0, 2, 3)))
    h = np.maximum(dense(module.layers[7], h.reshape(len(h), -1)), 0)
    units.append(np.abs(h).mean(axis=0))
    return h


def mlp(layers, h, units):
    for index in (0, 2):
        h = np.maximum(dense(layers[index], h), 0)
        units.append(np.abs(h).mean(axis=0))
    return dense(layers[4], h)


def slopes(layers, inputs):
    """The derivative of the MLP's output by its inputs, layer by layer backwards."""
    first = dense(layers[0], inputs)
    second = dense(layers[2], np.maximum(first, 0))
    weights = [layers[index].weight.detach().numpy() for index in (0, 2, 4)]
    back = np.broadcast_to(weights[2], second.shape) * (second > 0)
    return ((back @ weights[1]) * (first > 0)) @ weights[0]


def looks(event, note, start):
    agent, obs = event.agent, event.batch.obs
    image, vector = obs.image.numpy() / np.float32(255), obs.vector.numpy()
    units: dict[str, list[np.ndarray]] = {name: [] for name in agent.modules()}
    own = encoded(agent.actor_encoder, image, units["actor_encoder"])
    features = encoded(agent.critic_encoder, image, units["critic_encoder"])
    given = mlp(agent.actor.layers, np.hstack([own, vector]), units["actor"])
    note("actor/pre_tanh", event, np.abs(given).mean())
    policy = np.tanh(given)
    action = event.batch.action.numpy()

    def q1(action, into):
        return mlp(agent.critic.first, np.hstack([features, vector, action]), into)[:, 0]

    q1(action, units["critic"])
    mlp(agent.critic.second, np.hstack([features, vector, action]), units["critic"])
    for name, layers in units.items():
        quiet = np.concatenate([layer / layer.mean() <= 0.025 for layer in layers])
        note(f"{name}/dormant", event, quiet.mean())
    singular = np.linalg.svd(features.astype(np.float64), compute_uv=False)
    rank = np.argmax(np.cumsum(singular) / singular.sum() >= 0.99) + 1
    note("critic_encoder/effective_rank", event, rank)
    on_policy = q1(policy, [])
    note("actor/q_mean", event, on_policy.mean())
    note("actor/q_min", event, on_policy.min())
    note("actor/q_max", event, on_policy.max())
    note("actor/saturation", event, np.mean(np.abs(policy) > 0.99))
    note("actor/diversity", event, policy.std(axis=0, ddof=1).mean())
    black = encoded(agent.actor_encoder, np.zeros_like(image), [])
    blind = np.tanh(mlp(agent.actor.layers, np.hstack([black, vector]), []))
    note("actor/image_use", event, np.sqrt(((policy - blind) ** 2).sum(axis=1)).mean())
    frames = obs.image.numpy()
    equal = [np.array_equal(stack[-1], stack[-2]) for stack in frames]
    note("observation/duplicates", event, np.mean(equal))
    note("observation/spread", event, np.mean([np.std(s / 255, ddof=1) for s in frames]))
    slope = slopes(agent.critic.first, np.hstack([features, vector, action]))[:, -2:]
    note("critic/action_sensitivity", event, np.sqrt((slope**2).sum(axis=1)).mean())
    drawn = 2 * torch.rand(16, 2, generator=torch.Generator().manual_seed(0)).numpy() - 1
    of_each = [q1(np.repeat(one[None], len(vector), axis=0), []) for one in drawn]
    note("critic/action_spread", event, np.std(of_each, axis=0, ddof=1).mean())

    if event.actor_loss is not None:
        value = -event.actor_loss.numpy()
        swapped = mlp(agent.critic.first, np.hstack([own, vector, policy]), [])[:, 0].mean()
        gaps = [abs(value - on_policy.mean()), abs(value - swapped)]
        note("actor/encoder_mixup", event, gaps[0] / sum(gaps))
        way = np.sqrt(((policy - start["policy"]) ** 2).sum(axis=1))
        note("actor/churn", event, way.mean())


def roughness(event, note, start):
    """The discontinuity score, pixel by pixel, of the gradient by the 3x3 map before the last."""
    agent, batch = event.agent, event.batch
    layers = agent.critic_encoder.layers
    maps = batch.obs.image.numpy() / np.float32(255)
    for index in (0, 2):
        maps = np.maximum(convolved(layers[index], maps), 0)
    last = convolved(layers[4], maps)[:, :, 0, 0]  # one pixel is left of 36
    hidden = dense(layers[7], np.maximum(last, 0))
    inputs = np.hstack([np.maximum(hidden, 0), batch.obs.vector, batch.action])
    back = np.zeros_like(hidden)
    for critic in (agent.critic.first, agent.critic.second):
        error = mlp(critic, inputs, [])[:, 0] - event.target.numpy()
        back += (2 / len(error) * error[:, None] * slopes(critic, inputs))[:, : hidden.shape[1]]
    back = ((back * (hidden > 0)) @ layers[7].weight.detach().numpy()) * (last > 0)
    slope = np.einsum("bo,ochw->chw", back, layers[4].weight.detach().numpy()) / len(back)
    scores = []
    for plane in slope.astype(np.float64):
        around = np.pad(plane, 1, mode="edge")
        for (row, column), own in np.ndenumerate(plane):
            near = np.delete(around[row : row + 3, column : column + 3].ravel(), 4)
            scores.append(math.log(1 + ((near - own) ** 2).sum() / ((near**2).sum() + 8e-20)))
    note("critic_encoder/grad_jitter", event, np.mean(scores))


def policy_before(event, note, start):
    agent, obs = event.agent, event.batch.obs
    features = encoded(agent.actor_encoder, obs.image.numpy() / np.float32(255), [])
    start["policy"] = np.tanh(mlp(agent.actor.layers, np.hstack([features, obs.vector]), []))


def td_error(agent, batch, noise):
    """The mean distance of Q1 from a target computed layer by layer, with given smoothing noise."""
    config, targets = agent.config, agent.targets
    now, later = (
        (part.image.numpy() / np.float32(255), part.vector.numpy())
        for part in (batch.obs, batch.next_obs)
    )
    own = encoded(targets["actor_encoder"], later[0], [])
    action = np.tanh(mlp(targets["actor"].layers, np.hstack([own, later[1]]), []))
    bound = config.target_noise_clip
    action = np.clip(action + np.clip(noise * config.target_noise, -bound, bound), -1, 1)
    features = encoded(targets["critic_encoder"], later[0], [])
    inputs = np.hstack([features, later[1], action])
    critics = (targets["critic"].first, targets["critic"].second)
    value = np.minimum(*(mlp(critic, inputs, [])[:, 0] for critic in critics))
    goes_on = 1 - batch.terminated.numpy()
    target = batch.reward.numpy() + config.discount * goes_on * value
    features = encoded(agent.critic_encoder, now[0], [])
    q1 = mlp(agent.critic.first, np.hstack([features, now[1], batch.action.numpy()]), [])[:, 0]
    return np.abs(q1 - target).mean()


def validation(event, note, start):
    agent = start["agent"]
    if not event.updates:
        return
    state = agent.smoothing.get_state()
    noise = torch.randn(event.held_out.action.shape, generator=agent.smoothing).numpy()
    agent.smoothing.set_state(state)
    held_out, trained = (td_error(agent, b, noise) for b in (event.held_out, event.trained))
    note("critic/validation_td", event, held_out / trained)


def steps(event, note, start):
    env, told = start["env"], start["env"].told[-1]
    if len(env.told) > 1:
        last = env.told[-2]["sent"]
        note("explore/action_jitter", event, sum(abs(told["sent"] - last)) / 2)
    note("explore/noise", event, math.nan if event.step <= 10 else 0.1)
    throttle, brake = max(told["sent"][1], 0), 0.2 * max(-told["sent"][1], 0)
    note("explore/net_drive", event, throttle - brake)
    note("explore/steer", event, told["sent"][0])
    note("env/reward", event, told["reward"])
    for name, value in told["reward_terms"].items():
        note(f"reward/{name}", event, value)
    note("env/reward_gap", event, 0.25 if env.steps % 3 == 0 else 0.0)
    note("env/action_gap", event, max(abs(a) for a in told["sent"]) / 2)
    note("env/speed", event, told["speed"])
    if env.steps % 2:
        note("env/traffic_speed", event, told["traffic_speed"])
    note("env/step_seconds", event, event.seconds)
    note("replay/size", event, event.step - (event.step >= JUMP))
    before, after = (obs["image"] for obs in env.shown[-2:])
    note("env/stack_moves", event, (before[1:] == after[:-1]).all())
    age = age_of_the_first_change(env)
    if age is not None:
        note("env/observation_age", event, age)


def age_of_the_first_change(env):
    """The steps that a car moved in before its observation changed, at the step where it did."""
    first = env.shown[0]
    changed = [any((obs[key] != first[key]).any() for key in first) for obs in env.shown[1:]]
    moved = [told["speed"] > 1e-3 for told in env.told]
    is_due = changed[-1] and sum(changed) == 1 and any(moved)
    return sum(moved[:-1]) if is_due else None


def ending(event, note, start):
    env, told = start["env"], start["env"].told[-1]
    note("episode/foreign_steps", event, told["frame"] - len(env.told))
    if told["end_reason"] == "time_out":
        note("episode/time_out_terminal", event, told["terminated"])
    touches = [step for step, said in enumerate(env.told, 1) if "after_touch" in said]
    if touches:
        note("episode/after_touch", event, len(env.told) - touches[0])


def bias(event, note, start):
    gaps = [e.first_value - e.discounted_return for e in event.episodes]
    mean = abs(np.mean([e.discounted_return for e in event.episodes]))
    note("critic/value_bias", event, np.mean(gaps) / mean)
    # It asks twice before each episode of ten steps.
    answers = np.array(start["answers"]).reshape(len(event.episodes), 12, 2)
    start["answers"].clear()
    note("evaluation/action_gap", event, np.abs(answers[:, 0] - answers[:, 1]).max())
    note("evaluation/ended_goal", event, 2 / 3)
    note("evaluation/ended_collision", event, 1 / 3)


VERSIONS = [
    (CriticGrads, gradients),
    (CriticGrads, targets_before),
    (CriticGrads, policy_before),
    (ActorGrads, gradients),
    (Updated, values),
    (Updated, movement),
    (Updated, looks),
    (Updated, roughness),
    (Stepped, steps),
    (EpisodeEnded, ending),
    (Evaluated, bias),
    (Evaluated, validation),
]
MODULES = ("actor", "actor_encoder", "critic", "critic_encoder")
NAMES = [
    *(
        f"{module}/{quantity}"
        for module in MODULES
        for quantity in ("grad_norm", "update_ratio", "target_lag", "target_error", "dormant")
    ),
    *(f"{module}/clipped" for module in MODULES),
    *(f"{module}/drift" for module in ("actor_encoder", "critic_encoder")),
    *(f"critic/q1_{quantity}" for quantity in ("mean", "min", "max", "std")),
    *(f"critic/{q}" for q in ("q_spread", "q2_mean", "target_mean", "loss", "value_bias")),
    *(f"critic/{q}" for q in ("td_tail", "td_kurtosis", "action_sensitivity", "action_spread")),
    *(f"actor/{q}" for q in ("loss", "q_mean", "q_min", "q_max")),
    *(f"actor/{q}" for q in ("saturation", "diversity", "image_use", "encoder_mixup", "churn")),
    "actor/pre_tanh",
    "critic/validation_td",
    "explore/action_jitter",
    *(f"critic_encoder/{quantity}" for quantity in ("effective_rank", "grad_jitter")),
    *(
        f"batch/{quantity}"
        for quantity in ("terminal_share", "reward_min", "reward_max", "action_size")
    ),
    *(f"env/{quantity}" for quantity in ("reward", "speed", "traffic_speed", "step_seconds")),
    *(
        f"env/{quantity}"
        for quantity in ("action_gap", "reward_gap", "stack_moves", "observation_age")
    ),
    *(f"evaluation/{quantity}" for quantity in ("action_gap", "ended_goal", "ended_collision")),
    *(f"explore/{quantity}" for quantity in ("noise", "net_drive", "steer")),
    *(f"replay/{quantity}" for quantity in ("size", "ratio")),
    *(f"reward/{term}" for term in ("first", "second")),
    *(f"episode/{quantity}" for quantity in ("foreign_steps", "time_out_terminal", "after_touch")),
    *(f"observation/{quantity}" for quantity in ("duplicates", "spread")),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_signal_equals_its_numpy_version(run, name):
    measured, expected = run.measured[name], run.expected[name]
    assert measured.keys() == expected.keys()
    for step, value in expected.items():
        assert measured[step] == pytest.approx(value, rel=1e-4, abs=1e-6, nan_ok=True), step


@pytest.mark.parametrize("number", range(len(PROBES)), ids=[item.signal for item in PROBES])
def test_every_probe_has_a_numpy_version_and_a_planted_abnormality(run, number):
    emitted = run.emitted[number]
    assert emitted, "reads nothing in this run: let Slipping give it something to read"
    assert emitted <= set(NAMES), "recompute it in numpy, see VERSIONS"
    assert emitted & PLANTED.keys(), "plant something in tests/test_probes_planted.py"


def test_the_run_shows_both_answers_of_what_is_seldom_wrong(run):
    for name in ("env/stack_moves", "env/observation_age", "episode/time_out_terminal"):
        assert len(set(run.expected[name].values())) == 2, name
    assert min(run.expected["evaluation/action_gap"].values()) > 0


ACTORS = {
    "separate": {"actor", "actor_encoder"},
    "detached": {"actor"},
    "shared": {"actor"},
}
"""What moves in updates of the actor alone, by sharing of encoders."""


@pytest.mark.parametrize("sharing", ACTORS)
def test_an_update_ratio_is_of_one_update_however_long_the_last_reading_is_ago(sharing):
    agent_config = CONFIG.agent.model_copy(update={"encoder_sharing": sharing})
    settings = CONFIG.model_copy(update={"agent": agent_config})
    measured: dict[int, dict[str, float]] = {}
    expected: dict[int, dict[str, float]] = {}
    last: dict[str, Any] = {}

    def emit(event):
        found = {m.name: m.value for m in engine.measure(event) if m.name.endswith("/update_ratio")}
        if not isinstance(event, Updated):
            assert not found
            return
        moved = {"critic", "critic_encoder"} | (ACTORS[sharing] if event.actor_loss else set())
        measured[event.update], expected[event.update] = found, {}
        for name in moved:
            now = arrays(event.agent.modules()[name])
            way = [a - b for a, b in zip(now, last[name], strict=True)]
            expected[event.update][f"{name}/update_ratio"] = length(way) / length(now)
            last[name] = now

    training = default_build(settings).training(Pointing(), emit)
    last |= {name: arrays(module) for name, module in training.agent.modules().items()}
    engine = Probes(ProbeConfig(slow_every=3), training.agent)
    train(training)
    assert [update for update, found in measured.items() if found] == [1, 3, 6, 9, 12]
    assert "actor/update_ratio" in measured[6].keys() - measured[9].keys()
    for update in (1, 3, 6, 9, 12):
        assert measured[update] == pytest.approx(expected[update], rel=1e-4)


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.SGD])
@pytest.mark.parametrize("every", [1, 4, 99])
def test_an_update_in_which_an_optimizer_makes_no_step_has_no_ratio(every, kind, monkeypatch):
    found: dict[int, float] = {}

    def emit(event):
        for m in engine.measure(event):
            if m.name == "critic/update_ratio":
                found[event.update] = m.value

    training = default_build(CONFIG).training(Pointing(), emit)
    agent = training.agent
    groups = [
        {k: g[k] for k in ("params", "lr", "name")} for g in agent.critic_optimizer.param_groups
    ]
    agent.critic_optimizer = kind(groups)
    step = agent.critic_optimizer.step

    def step_in_turn():
        if agent.critic_updates % every == 0:
            step()

    monkeypatch.setattr(agent.critic_optimizer, "step", step_in_turn)
    engine = Probes(EVERY_UPDATE, agent)
    train(training)
    moved = {update: ratio for update, ratio in found.items() if ratio}
    assert list(moved) == [*range(every, 13, every)]
    if kind is torch.optim.Adam:  # the other does not count its steps
        assert moved == found


def test_a_module_that_no_optimizer_holds_stands_still_and_is_not_missing():
    found: dict[str, float] = {}

    def emit(event):
        found.update({m.name: m.value for m in engine.measure(event)})

    training = default_build(CONFIG).training(Pointing(), emit)
    actor, encoder = training.agent.actor_optimizer.param_groups
    training.agent.actor_optimizer.param_groups[:] = [encoder]
    assert actor["name"] == "actor"
    engine = Probes(EVERY_UPDATE, training.agent)
    train(training)
    assert found["actor/update_ratio"] == 0 < found["actor_encoder/update_ratio"]


def test_a_module_that_is_frozen_on_the_way_stands_still_and_is_not_missing():
    found: dict[str, list[float]] = {}

    def emit(event):
        for m in engine.measure(event):
            found.setdefault(m.name, []).append(m.value)
        if isinstance(event, Updated) and event.update == 6:
            event.agent.critic.requires_grad_(False)

    training = default_build(CONFIG).training(Pointing(), emit)
    engine = Probes(EVERY_UPDATE, training.agent)
    train(training)
    assert [ratio > 0 for ratio in found["critic/update_ratio"]] == [True] * 6 + [False] * 6
    assert min(found["critic_encoder/update_ratio"]) > 0


def test_learning_moves_both_encoders(run):
    for name in ("actor_encoder", "critic_encoder"):
        values = list(run.measured[f"{name}/drift"].values())
        assert values[-1] > values[2] > 0


def test_a_frozen_encoder_has_no_gradient_and_no_drift():
    found: dict[str, list[float]] = {}

    def emit(event):
        for m in engine.measure(event):
            found.setdefault(m.name, []).append(m.value)

    training = default_build(CONFIG).training(Pointing(), emit)
    training.agent.critic_encoder.requires_grad_(False)
    engine = Probes(EVERY_UPDATE, training.agent)
    train(training)
    assert all(math.isnan(value) for value in found["critic_encoder/grad_norm"])
    assert set(found["critic_encoder/drift"]) == {0.0}
    assert found["actor_encoder/drift"][-1] > 0


def test_a_broken_critic_shows_as_nan_not_as_zero():
    found: dict[str, dict[int, float]] = {}

    def emit(event):
        if isinstance(event, Stepped) and event.step == 15:
            with torch.no_grad():
                next(training.agent.critic.second.parameters()).fill_(math.nan)
        for m in engine.measure(event):
            found.setdefault(m.name, {})[m.step] = m.value

    training = default_build(CONFIG).training(Pointing(), emit)
    engine = Probes(ProbeConfig(), training.agent)
    train(training)
    assert math.isfinite(found["critic/q_spread"][14])
    for name in ("critic/q_spread", "critic/q2_mean", "critic/loss", "critic/grad_norm"):
        assert math.isnan(found[name][16]), name
