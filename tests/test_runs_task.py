"""A run of another task is not asked about driving; whatever may be driving is."""

import numpy as np
import pytest

from rca.checking import Verdict, builtin_checks, load_checks, run_checks
from rca.diagnosis.diagnose import diagnose
from rca.runs.task import drives
from tests.records import blank, episodes, evaluations, healthy, phases, signal

CHECKS = load_checks([builtin_checks()])
WATCHED = {"watched": True}
PENDULUM = {"watch:env_id": "Pendulum-v1", "agent.batch_size": 64}


def watched(**parts):
    return blank(provenance=WATCHED, **parts)


def logs(name):
    return {name: signal(name, [1], [1.0])}


@pytest.mark.parametrize(
    "run",
    [
        blank(kind="rca"),
        blank(),
        blank(signals=logs("rollout/ep_len_mean")),
        blank(config={"config.yaml:env_id": "CarlaEnv-v0"}),
        blank(config=PENDULUM, signals=logs("episode/collisions")),
        blank(config={"td3.yaml:env.name": "mine"}),
        watched(signals=logs("eval/laneInvasions")),
        watched(signals=logs("action/throttle")),
        watched(config={"watch:env": "carla"}),
        watched(config={"watch:task": "autonomous-driving"}),
        watched(config={"watch:maps": ["Town01_Opt", "Town02"]}),
        watched(config={"watch:env_id": "LaneFollow-v0"}),
        watched(episodes=episodes([30], [1.0], collisions=[0.0])),
        watched(episodes=episodes([30], [1.0], end_reason=["off_road"])),
        watched(episodes=episodes([30], [1.0], distance=[12.0])),
        watched(evaluations=evaluations([10], mean_collisions=[0.0])),
    ],
)
def test_what_drives_or_may_be_driving_is_asked(run):
    assert drives(run)


@pytest.mark.parametrize(
    "run",
    [
        watched(),
        watched(config=PENDULUM),
        watched(config={"watch:env_id": "MountainCarContinuous-v0"}),
        watched(config={"watch:env_id": "PyFlyt/QuadX-Waypoints-v1"}),
        watched(config={"watch:render_collision_mesh": False, "watch:throttle_secs": 5}),
        watched(config={"watch:log_dir": "/data/carla/runs", "watch:composer": "Scarlatti"}),
        watched(signals=logs("locomotion/speed")),
        watched(signals=logs("env/speed")),
        watched(episodes=episodes([30], [1.0], end_reason=["time_out"], success=[1.0])),
        blank(config={"events.out.tfevents.1.carla-ws.1:env_id": "Hopper-v4"}),
        blank(config={"monitor.csv:env_id": "Pendulum-v1"}),
    ],
)
def test_another_task_is_not(run):
    assert not drives(run)


def accused(run):
    found = run_checks(CHECKS, run)
    return {item.check: item.message for item in found if item.verdict is Verdict.FAIL}


def test_questions_about_driving_are_not_asked_of_another_task():
    short = episodes([25.0] * 40, [1.0] * 40, end_reason="time_out")
    run = watched(config=PENDULUM, episodes=short, phases=phases(301, 1000))
    asked = [item for item in CHECKS if item.driving]
    found = {item.check: item for item in run_checks(asked, run)}
    assert found["ordering.short_episodes"].verdict is Verdict.VACUOUS
    assert found["seed.config_batch_size"].verdict is Verdict.VACUOUS
    seen = {item.verdict for item in found.values()}
    assert seen == {Verdict.VACUOUS, Verdict.NOT_RUN}  # the second where nothing was recorded


def test_they_are_asked_of_a_run_that_drives():
    found = run_checks([item for item in CHECKS if item.driving], healthy())
    assert not [item for item in found if "nothing recorded names a road" in item.message]


@pytest.mark.parametrize(
    ("lengths", "returns"),
    [
        (
            np.linspace(20, 1000, 60).round(),
            np.linspace(20, 1000, 60),
        ),  # survival: CartPole
        (np.linspace(900, 60, 60).round(), np.linspace(-900, 90, 60)),  # over sooner at the goal
        (np.full(60, 50.0), np.full(60, -50.0)),  # sparse, -1 a step: FetchPush
    ],
    ids=["survival", "goal ends early", "sparse"],
)
def test_episodes_of_sound_trainers_of_other_tasks_are_not_accused(lengths, returns):
    table = episodes(lengths, returns)
    steps = int(lengths.sum())
    run = watched(config=PENDULUM, episodes=table, phases=phases(101, steps))
    assert accused(run) == {}


def test_what_is_wrong_with_driving_alone_is_not_thought_of_in_another_task():
    run = watched(config=PENDULUM, phases=phases(101, 1000))
    found = diagnose(run, run_checks(CHECKS, run))
    untested = {item.cause.id for item in found.untested}
    assert "target_wrong" in untested
    assert not untested & {"lane_touch_terminates", "no_net_force", "traffic_frozen"}
    asked = diagnose(blank(), run_checks(CHECKS, blank()))
    assert {"lane_touch_terminates", "no_net_force"} <= {i.cause.id for i in asked.untested}
