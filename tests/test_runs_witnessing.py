"""Steps held against a real server's account of the car: sound ones pass, each change shows."""

from dataclasses import replace

import gymnasium
import numpy as np
import pytest

from checks.env_witnessed import witnessed
from rca.build import default_build
from rca.checking import Verdict, run_checks
from rca.config import load_config
from rca.envs.servers import embedded
from rca.faults import find_fault
from rca.runs.witnessing import Witnessing
from rca.td3.events import EpisodeBegan, Stepped
from rca.td3.train import train
from rca.wiring.recomputed import WorldFacts
from tests.records import healthy

pytestmark = pytest.mark.carla


@pytest.fixture(scope="module")
def server():
    with embedded("oval") as address:
        yield address


def facts_of(
    server,
    fault=None,
    *settings,
    steps=400,
    first=1,
    wrap=lambda env: env,
    upset=lambda env, step: None,
):
    """What is seen of a random phase from a step on; `upset` is called before each is told."""
    every = [f"budget.steps={steps}", f"agent.learning_starts={steps}", "budget.eval_every=0"]
    build = default_build(load_config("quick", [*every, "budget.seed=3", *settings]))
    declared = build.config.env
    if fault:
        build = find_fault(fault).apply(build)
    env = wrap(build.make_env(build.config, server.host, server.port))
    witnessing = Witnessing(declared, lambda: env.unwrapped)

    def listen(event):
        if isinstance(event, EpisodeBegan | Stepped):
            upset(env, event.step)
            if event.step >= first - isinstance(event, EpisodeBegan):
                witnessing(event)

    try:
        train(build.training(env, listen))
    finally:
        env.close()
    return witnessing.facts()


def finding(facts):
    run = healthy()
    assert run.wiring is not None
    run = replace(run, wiring=run.wiring.model_copy(update={"world": facts}))
    return run_checks([witnessed], run)[0]


@pytest.mark.parametrize(
    "settings",
    [
        ["agent.random_phase=uniform", "env.stuck_seconds=3"],
        ["agent.guided_share=0.9", "env.route_length=20"],
        ["env.max_episode_steps=70", "env.stuck_seconds=2", "env.off_road_distance=1"],
        ["env.reward.steering=0.3", "env.reward.idle=0.2", "env.reward.target_speed=2"],
        ["env.num_waypoints=2", "env.frame_stack=1", "env.lane_touch_terminates=true"],
        ["env.dt=0.1", "env.reward.collision=3", "env.off_road_distance=40"],
    ],
)
def test_our_environment_is_as_the_simulator_has_it(server, settings):
    facts = facts_of(server, None, *settings, steps=600)
    begun = facts.begun
    assert facts == WorldFacts(steps=600, begun=begun, routes=begun, ends=facts.ends, other={})
    assert facts.begun - 1 <= facts.ends <= facts.begun
    assert facts.ends > 1
    assert finding(facts).verdict is Verdict.PASS


def test_neither_are_junctions_other_cars_and_collisions_taken_for_something_else():
    with embedded("town", options=["--npc", "10"]) as town:
        facts = facts_of(town, None, "env.map=town", "env.npcs=10", steps=700)
    begun = facts.begun
    assert facts == WorldFacts(steps=700, begun=begun, routes=begun, ends=facts.ends, other={})


@pytest.mark.parametrize(
    ("fault", "seen", "suspects"),
    [
        ("controls_filtered", {"steering", "pedal"}, {"action_path_wrong"}),
        ("controls_exchanged", {"steering", "pedal"}, {"action_path_wrong"}),
        ("steer_sign", {"steering"}, {"action_path_wrong"}),
        ("throttle_bias", {"pedal"}, {"action_path_wrong"}),
        ("points_not_turned", {"route points", "first vector"}, {"observation_wrong"}),
        ("observation_late", {"picture late", "vector late"}, {"frames_wrong"}),
        ("vector_late", {"vector late"}, {"frames_wrong"}),
        ("vector_unscaled", {"vector unscaled"}, {"observation_unscaled"}),
        ("reward_clipped_to_sign", {"reward"}, {"reward_wrong"}),
        ("reward_noisy", {"reward"}, {"reward_wrong"}),
        ("reward_late", {"reward"}, {"reward_wrong"}),
        ("steering_dead_zone", {"steering"}, {"action_path_wrong"}),
        ("skip_pays_last", {"reward"}, {"reward_wrong"}),
        ("progress_as_crow_flies", {"reward"}, {"reward_wrong"}),
        ("steering_accumulates", {"steering"}, {"action_path_wrong"}),
        ("time_outs_terminal", {"ending added"}, {"time_outs_terminal"}),
    ],
)
def test_what_is_changed_on_the_way_is_seen(server, fault, seen, suspects):
    settings = ["agent.guided_share=1.0"] if fault == "time_outs_terminal" else []
    facts = facts_of(server, fault, *settings, steps=700 if settings else 200)  # 150 an episode
    assert set(facts.other) == seen
    found = finding(facts)
    assert found.verdict is Verdict.FAIL
    assert set(found.suspects) == suspects


def test_a_heading_that_is_not_wrapped_ends_episodes_that_head_west(server):
    settings = ["agent.guided_share=1.0", "env.max_episode_steps=60"]
    facts = facts_of(server, "heading_not_wrapped", *settings, steps=900)
    assert facts.other["ending added"] == facts.other["reward"] >= 1  # the fine for a wrong way


def test_a_first_step_that_is_paid_across_a_reset_is_seen(server):
    facts = facts_of(server, "progress_across_resets", "env.max_episode_steps=50")
    assert facts.other.keys() == {"reward"}
    assert facts.other["reward"] <= facts.begun
    assert finding(facts).suspects == ("reward_wrong",)


@pytest.mark.parametrize("fault", ["idling_pays", "metrics_not_wired", "simulator_slow"])
def test_declared_terms_and_other_reports_are_left_alone(server, fault):
    assert finding(facts_of(server, fault)).verdict is Verdict.PASS


def test_penalties_that_are_paid_are_seen_at_the_endings(server):
    settings = ["env.off_road_distance=0.5", "env.stuck_seconds=1"]
    facts = facts_of(server, "penalties_pay", *settings)
    assert facts.other == {"reward": facts.ends}
    assert facts.ends > 5
    assert finding(facts).suspects == ("reward_wrong",)


def test_the_same_route_again_and_again_is_seen(server):
    facts = facts_of(server, "one_route", "env.max_episode_steps=30")
    assert (facts.routes, facts.other) == (1, {})
    assert facts.begun > 5
    found = finding(facts)
    assert found.verdict is Verdict.FAIL
    assert found.suspects == ("seed_ignored",)
    assert f"1 different routes in {facts.begun} episodes (seeds)" in found.message


def test_another_route_within_an_episode_is_told_and_the_rest_left_out(server):
    def upset(env, step):
        if step % 60 == 15:
            env.unwrapped.reset(seed=step)

    settings = ["env.frame_stack=1", "env.max_episode_steps=40"]  # a stack would not slide
    facts = facts_of(server, None, *settings, upset=upset)
    assert facts.other["route"] >= 3
    assert set(facts.other) == {"route"}
    assert facts.steps < 300
    assert finding(facts).verdict is Verdict.WARN


def test_an_error_ends_the_comparing_and_not_the_training(server, caplog):
    def upset(env, step):
        if step == 100:
            del env.unwrapped.rig.reading

    facts = facts_of(server, None, steps=120, upset=upset)
    assert facts.steps in {99, 100}
    found = finding(facts)
    assert found.verdict is Verdict.NOT_RUN
    assert "AttributeError" in found.message
    (line,) = caplog.messages
    assert "training goes on" in line


def test_a_run_that_goes_on_within_an_episode_waits_for_the_next(server):
    facts = facts_of(server, first=20)
    assert 0 < facts.steps < 380
    assert facts.other == {}


class Longer(gymnasium.ObservationWrapper):
    """Adds a number to the vector, and says so."""

    def __init__(self, env):
        super().__init__(env)
        spaces = dict(env.observation_space.spaces)
        spaces["vector"] = gymnasium.spaces.Box(-1, 1, (spaces["vector"].shape[0] + 1,), np.float32)
        self.observation_space = gymnasium.spaces.Dict(spaces)

    def observation(self, obs):
        return {**obs, "vector": np.append(obs["vector"], np.float32(0.5))}


def test_a_vector_of_another_length_is_called_that(server):
    facts = facts_of(server, None, "agent.random_phase=uniform", wrap=Longer)
    assert facts.other == {"vector shape": facts.steps, "first vector": facts.begun}
    assert finding(facts).suspects == ("observation_wrong",)


class Patient(gymnasium.Wrapper):
    """Tells of no end by time, and lets an episode go on."""

    def step(self, action):
        obs, reward, terminated, _, info = self.env.step(action)
        return obs, reward, terminated, False, info


def test_time_outs_that_nobody_tells_of_are_told(server):
    settings = ["env.max_episode_steps=30", "env.off_road_distance=50", "env.stuck_seconds=90"]
    facts = facts_of(server, None, *settings, steps=100, wrap=Patient)
    assert facts.other["time-out missing"] == facts.ends >= 30
    assert finding(facts).verdict is Verdict.WARN


class Mirrored(gymnasium.ObservationWrapper):
    def observation(self, obs):
        return {**obs, "image": obs["image"][:, :, ::-1]}


def test_a_picture_that_is_not_the_cameras_is_seen(server):
    facts = facts_of(server, wrap=Mirrored)
    assert facts.other == {"picture": facts.steps, "first picture": facts.begun}
    assert finding(facts).suspects == ("frames_wrong",)


class Stale(gymnasium.Wrapper):
    """Begins an episode with the numbers with which the one before ended."""

    last = None

    def reset(self, **options):
        obs, info = self.env.reset(**options)
        return {**obs, "vector": obs["vector"] if self.last is None else self.last}, info

    def step(self, action):
        obs, *rest = self.env.step(action)
        self.last = obs["vector"]
        return obs, *rest


def test_a_beginning_that_is_the_last_end_is_seen(server):
    facts = facts_of(server, None, "env.max_episode_steps=30", wrap=Stale)
    assert facts.other == {"first vector": facts.begun - 1}
    assert facts.begun > 4
    assert finding(facts).suspects == ("observation_wrong",)
