"""A record says that its task is driving, or questions about driving are not asked of it."""

import pytest

from rca.checking import Verdict, builtin_checks, load_checks, run_checks
from rca.runs.task import drives
from tests.records import blank, episodes, healthy, phases, signal

PENDULUM = {"file:env_id": "Pendulum-v1", "agent.batch_size": 64, "file:planet": "Earth"}


@pytest.mark.parametrize(
    "run",
    [
        blank(kind="rca"),
        blank(signals={"env/speed": signal("env/speed", [1], [3.0])}),
        blank(signals={"eval/avg_lane_invasions": signal("eval/avg_lane_invasions", [1], [0.0])}),
        blank(config={"training.yaml:town": "Town04"}),
        blank(config={"file:env_id": "CarlaEnv-v0"}),
        blank(episodes=episodes([30], [1.0], collisions=[0.0])),
        blank(episodes=episodes([30], [1.0], end_reason=["off_road"])),
        blank(episodes=episodes([30], [1.0], distance=[12.0])),
    ],
    ids=["ours", "speed", "tag", "town", "carla", "collisions", "ending", "distance"],
)
def test_a_road_a_car_or_its_mishaps_are_driving(run):
    assert drives(run)


@pytest.mark.parametrize(
    "run",
    [
        blank(),
        blank(config=PENDULUM),
        blank(signals={"locomotion/speed": signal("locomotion/speed", [1], [3.0])}),
        blank(episodes=episodes([30], [1.0], end_reason=["time_out"], success=[1.0])),
    ],
    ids=["nothing", "settings", "a robot's speed", "time-out"],
)
def test_another_task_is_not(run):
    assert not drives(run)


def test_questions_about_driving_are_not_asked_of_another_task():
    checks = [item for item in load_checks([builtin_checks()]) if item.driving]
    assert {"seed.test_100_steps", "ordering.short_episodes"} <= {item.id for item in checks}
    short = episodes([25.0] * 40, [1.0] * 40, end_reason="time_out")
    run = blank(config=PENDULUM, episodes=short, phases=phases(301, 1000))
    asked = [item for item in run_checks(checks, run) if item.verdict is not Verdict.NOT_RUN]
    assert "ordering.short_episodes" in {item.check for item in asked}
    assert {item.verdict for item in asked} == {Verdict.VACUOUS}
    assert all("driving" in item.message for item in asked)


def test_they_are_asked_of_a_run_that_drives():
    checks = [item for item in load_checks([builtin_checks()]) if item.driving]
    found = run_checks(checks, healthy())
    assert not [item for item in found if "nothing in this record names" in item.message]
