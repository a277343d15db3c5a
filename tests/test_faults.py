"""Every planted fault names what stands, and changes what it says."""

import json
import math
from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
import torch

from rca.build import default_build
from rca.checking import builtin_checks, load_checks
from rca.config import load_config
from rca.diagnosis.cause import load_causes
from rca.errors import UsageError
from rca.faults import FAULTS, find_fault, load_faults
from rca.faults import simulator_hangs as hanging
from rca.runs.execute import execute
from rca.td3.evaluation import Evaluation
from rca.td3.events import EpisodeEnded, Event, Stepped, Updated
from rca.td3.networks import Shapes
from rca.td3.train import train
from tests.tiny_env import Pointing

LOADED = load_faults()
CHECKS = {check.id for check in load_checks([builtin_checks()])}
CAUSES = {cause.id for cause in load_causes()}
SETTINGS = [
    "env.image_size=36",
    "env.frame_stack=2",
    "agent.encoder=small",
    "agent.features=16",
    "agent.batch_size=8",
    "agent.learning_starts=20",
    "agent.critic_warmup=0",
    "agent.policy_delay=2",
    "agent.buffer_size=1000",
    "budget.steps=40",
    "budget.threads=1",
    "budget.eval_every=0",
]


@cache
def settled(*settings):
    """The settings of a tiny run; read once, as its files stay the same."""
    return load_config("healthy", [*SETTINGS, *settings])


def tiny(fault=None, *settings):
    """Trains in the tiny task, with a fault planted; returns the run, its events, its Build."""
    build = default_build(settled(*settings))
    build = replace(
        build,
        make_env=lambda config, host, port: Pointing(),
        make_eval_env=lambda config, host, port: Pointing(),
        make_guide=lambda config: None,
    )
    if fault:
        build = LOADED[fault].apply(build)
    seen: list[Event] = []
    env = build.make_env(build.config, "", 0)
    training = build.training(env, seen.append)
    train(training)
    return training, seen, build


def weights(training):
    modules = {
        **training.agent.modules(),
        **{f"t_{k}": v for k, v in training.agent.targets.items()},
    }
    return {
        f"{name}.{key}": value.clone()
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    }


HEALTHY = tiny()


def test_there_are_at_least_forty_one_a_file():
    assert len(LOADED) >= 40
    assert {path.stem for path in FAULTS.glob("[!_]*.py")} == set(LOADED)


@pytest.mark.parametrize("fault", LOADED.values(), ids=LOADED)
def test_a_fault_names_checks_and_causes_that_exist_and_its_source(fault):
    assert set(fault.causes) <= CAUSES
    assert fault.causes
    assert set(fault.caught_by) <= CHECKS
    assert bool(fault.caught_by) != fault.unseen
    assert fault.title
    assert fault.source


@pytest.mark.parametrize("name", LOADED)
def test_a_planted_fault_changes_settings_or_what_is_learned(name):
    build = default_build(settled())
    if LOADED[name].apply(build).config != build.config:
        return  # recorded as another effective setting; tests of the settings hold what they do
    if name in {
        "noise_in_evaluation",
        "metrics_not_wired",
        "evaluation_in_training_world",
        "simulator_slow",
        "reward_nan_once",
        "idling_pays",
        "vector_unscaled",
        "simulator_hangs",
        "traffic_parked",
        "points_not_turned",
        "heading_not_wrapped",
        "penalties_pay",
        "progress_as_crow_flies",
        "actions_before_clipping",
        "equalised_in_training_only",
        "failures_are_truncations",
        "pedals_never_released",
    }:
        pytest.skip("needs more steps, an evaluation or the driving task: tests of its own")
    training, _, _ = tiny(name)
    same_weights = all(
        torch.equal(now, then)
        for now, then in zip(weights(training).values(), weights(HEALTHY[0]).values(), strict=True)
    )
    assert not same_weights


class Standing(gymnasium.Env):
    """A grey picture, an ending that is no success, and a car that notes how it is driven."""

    def __init__(self):
        self.driven: list[tuple[float, ...]] = []
        self.rig = SimpleNamespace(drive=lambda *control: self.driven.append(control))

    def reset(self, *, seed=None, options=None):
        return self._seen(), {}

    def step(self, action):
        self.rig.drive(max(action[1], 0.0), action[0], max(-action[1], 0.0))
        return self._seen(), 0.0, True, False, {"success": False}

    def _seen(self):
        return {"image": np.arange(100, 116, dtype=np.uint8).reshape(1, 4, 4)}


def planted(fault):
    """Returns the environments of training and evaluation, with a fault in them."""
    build = replace(
        default_build(settled()),
        make_env=lambda config, host, port: Standing(),
        make_eval_env=lambda config, host, port: Standing(),
    )
    build = LOADED[fault].apply(build)
    return [make(build.config, "", 0) for make in (build.make_env, build.make_eval_env)]


def test_pictures_are_equalised_in_training_alone():
    spans = [np.ptp(env.reset()[0]["image"]) for env in planted("equalised_in_training_only")]
    assert spans == [255, 15]


def test_an_ending_that_is_no_success_is_told_as_cut_off():
    for env in planted("failures_are_truncations"):
        assert env.step(np.zeros(2))[2:4] == (False, True)


def test_a_pedal_stays_where_it_was_until_it_is_pressed_anew():
    for env in planted("pedals_never_released"):
        for pedal in (0.5, -0.25, 0.75):
            env.step(np.array([0.0, pedal]))
        assert env.unwrapped.driven == [(0.5, 0.0, 0.0), (0.5, 0.0, 0.25), (0.75, 0.0, 0.25)]


def test_actions_stored_before_clipping_go_beyond_what_can_be_executed():
    def largest(*fault):
        training, _, _ = tiny(*fault or (None,), "agent.exploration_noise=1.0")
        return float(training.replay.sample(500, np.random.default_rng(0)).action.abs().max())

    assert largest() <= 1.0
    assert largest("actions_before_clipping") > 1.0


@cache
def first_and_last(fault):
    """Weights before the first update and after the last of a run with a fault."""
    return weights(tiny(fault, "budget.steps=1")[0]), weights(tiny(fault)[0])


def moved(fault, prefix):
    """Whether weights of a module changed in a run with a fault, against its first weights."""
    before, after = first_and_last(fault)
    return any(not torch.equal(before[k], after[k]) for k in before if k.startswith(prefix))


@pytest.mark.parametrize(
    ("fault", "frozen", "free"),
    [
        ("encoder_frozen", "critic_encoder.", "critic."),
        ("encoder_not_optimized", "critic_encoder.", "actor_encoder."),
        ("encoder_detached", "critic_encoder.", "critic."),
        ("target_frozen", "t_critic.", "critic."),
        ("target_encoder_stale", "t_critic_encoder.", "t_critic."),
        ("actor_not_optimized", "actor.", "actor_encoder."),
        ("one_critic_trained", "critic.second", "critic.first"),
        (None, "nothing", "t_actor_encoder."),
    ],
)
def test_what_a_fault_freezes_stays_and_the_rest_learns(fault, frozen, free):
    assert not moved(fault, frozen)
    assert moved(fault, free)


def test_one_update_in_fifty_takes_place():
    _, seen, _ = tiny("updates_few", "budget.steps=130")
    assert sum(isinstance(event, Updated) for event in seen) == 2  # of 110


def test_no_ending_is_stored_as_terminal():
    training, _, _ = tiny("never_terminal")
    batch = training.replay.sample(500, np.random.default_rng(0))
    assert batch.terminated.sum() == 0
    assert HEALTHY[0].replay.sample(500, np.random.default_rng(0)).terminated.sum() > 0


def test_time_outs_become_terminal():
    training, seen, _ = tiny("time_outs_terminal")
    assert all(event.terminated for event in seen if isinstance(event, EpisodeEnded))
    terminal = training.replay.state_dict()["terminated"].sum()
    assert terminal == 2 * HEALTHY[0].replay.state_dict()["terminated"].sum()


def test_the_memory_of_a_fault_is_wrong_in_the_way_it_says():
    late, _, _ = tiny("reward_in_wrong_slot")
    rewards, right = (run.replay.state_dict()["rewards"] for run in (late, HEALTHY[0]))
    torch.testing.assert_close(rewards[1:20], right[:19])
    late, _, _ = tiny("action_in_wrong_slot")
    actions, right = (run.replay.state_dict()["actions"] for run in (late, HEALTHY[0]))
    torch.testing.assert_close(actions[1:20], right[:19])
    again = tiny("transitions_repeated")[0].replay.sample(16, np.random.default_rng(0))
    assert len(torch.unique(again.obs.image.flatten(1), dim=0)) <= 2
    assert torch.equal(again.action[:8], again.action[:1].expand(8, -1))
    same, _, _ = tiny("next_is_same")
    batch = same.replay.sample(8, np.random.default_rng(0))
    assert torch.equal(batch.obs.image, batch.next_obs.image)


def test_a_full_memory_keeps_what_came_first_and_the_newest_transition():
    build = LOADED["newest_slot_overwritten"].apply(default_build(settled("agent.buffer_size=30")))
    memory = build.make_replay(build.config, Shapes.of(Pointing()))
    env = Pointing(length=200)
    memory.begin(env.reset(seed=0)[0])
    for number in range(80):
        memory.add(np.zeros(2), float(number), env.step(np.zeros(2))[0], False)
        rewards = memory.state_dict()["rewards"].tolist()
        assert rewards == [*range(min(number, 29)), number]
    drawn = memory.sample(100, np.random.default_rng(0))
    pairs = zip(drawn.obs.image[:, 1], drawn.next_obs.image[:, 0], strict=True)
    assert all(torch.equal(*pair) for pair in pairs)


def test_twenty_updates_a_step_are_made_in_a_fifth_of_the_steps():
    settings = ("agent.learning_starts=1000", "budget.steps=2000")
    made = LOADED["updates_many"].apply(default_build(settled(*settings))).config
    assert (made.agent.updates_per_step, made.budget.steps) == (20, 1200)


@pytest.mark.parametrize(("fault", "age"), [(None, 0), ("observation_late", 1)])
def test_the_first_motion_is_observed_at_once_or_a_step_late(fault, age):
    ages = [e.age for e in tiny(fault)[1] if isinstance(e, Stepped) and e.age is not None]
    assert ages == [age] * 4  # episodes of 10 steps


@pytest.mark.parametrize(("fault", "counted"), [(None, 1.0), ("metrics_not_wired", 0.0)])
def test_goals_that_end_an_episode_are_counted_unless_not_wired(fault, counted):
    ended = [e for e in tiny(fault)[1] if isinstance(e, EpisodeEnded) and e.end_reason == "goal"]
    assert [e.success for e in ended] == [counted] * 2


def test_the_reward_is_negated():
    _, seen, _ = tiny("reward_sign")
    first = [e.episode_return for e in (seen, HEALTHY[1]) for e in e if isinstance(e, EpisodeEnded)]
    half = len(first) // 2
    assert first[0] == pytest.approx(-first[half])


def test_evaluation_is_noisy_only_with_the_fault():
    for fault, agrees in ((None, True), ("noise_in_evaluation", False)):
        training, _, _ = tiny(fault)
        noisy = Evaluation(training.agent, Pointing(), 2, 7)
        quiet = [
            training.agent.act(Pointing().reset(seed=0)[0], 0.0, np.random.default_rng(n))
            for n in (0, 1)
        ]
        assert np.array_equal(quiet[0], quiet[1]) == agrees
        assert all(math.isfinite(ended.episode_return) for ended in noisy())


def test_an_evaluation_in_the_training_world_restarts_its_episode():
    build = find_fault("evaluation_in_training_world").apply(tiny()[2])
    trained, evaluated = (
        make(load_config(), "", 0) for make in (build.make_env, build.make_eval_env)
    )
    trained.reset(seed=0)
    trained.step(np.zeros(2, np.float32))
    evaluated.reset(seed=1)
    inner = trained.unwrapped
    assert isinstance(inner, Pointing)
    assert inner.steps == 0


def test_one_reward_is_not_a_number():
    env = find_fault("reward_nan_once").apply(tiny()[2]).make_env(load_config(), "", 0)
    env.reset(seed=0)
    rewards = []
    for _ in range(1600):
        _, reward, terminated, truncated, _ = env.step(np.zeros(2, np.float32))
        rewards.append(float(reward))
        if terminated or truncated:
            env.reset()
    assert np.flatnonzero(np.isnan(rewards)).tolist() == [1499]


def test_one_step_of_a_hanging_simulator_takes_longer_than_a_minute(monkeypatch):
    waited: list[float] = []
    monkeypatch.setattr(hanging, "AT", 30)
    monkeypatch.setattr("rca.faults.simulator_hangs.time.sleep", waited.append)
    planted = hanging.Hanging(Pointing())
    planted.reset(seed=0)
    for _ in range(50):
        planted.step(np.zeros(2, np.float32))
    assert waited == [hanging.SECONDS]
    assert hanging.SECONDS > 60


def test_an_unknown_fault_gets_the_nearest_name():
    with pytest.raises(UsageError, match="did you mean encoder_frozen"):
        find_fault("encoder_frosen")


def test_a_planted_run_says_so_and_records_the_effective_settings(tmp_path):
    config = load_config("healthy", [*SETTINGS, "budget.steps=25"])
    changes = [find_fault("target_copied"), find_fault("encoders_swapped")]
    execute(config, tmp_path / "run", changes=changes)
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["changes"] == ["target_copied", "encoders_swapped"]
    assert load_config(str(tmp_path / "run" / "config.yaml")).agent.tau == 1.0
