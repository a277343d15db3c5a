"""Maps: what we write, read by the real client's own map code, and what we read ourselves."""

import math

import carla
import numpy as np
import psutil
import pytest

from rca.errors import UsageError
from rca.sim.built_in import BUILT_IN
from rca.sim.launch import launch
from rca.sim.maps import Map, levelled
from rca.sim.opendrive import Lane, Pose, Road, Shape, closed_polygon, to_xml
from rca.sim.roads import driving_strips, read_network
from tests.sim_world import Rig, fresh_world, served


@pytest.fixture(scope="module", params=list(BUILT_IN))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def seen_by_client(name):
    return carla.Map(name, BUILT_IN[name]())


def turn(a, b):
    return abs((b.transform.rotation.yaw - a.transform.rotation.yaw + 180) % 360 - 180)


def test_every_waypoint_has_a_next_one_close_by_and_little_turned(seen_by_client):
    points = seen_by_client.generate_waypoints(2.0)
    assert len(points) > 200
    for point in points:
        following = point.next(2.0)
        assert following
        for after in following:
            gap = after.transform.location.distance(point.transform.location)
            assert 1.3 < gap < 2.7
            assert turn(point, after) < 12.0


def test_opposite_lanes_lie_side_by_side_and_lead_the_other_way(seen_by_client):
    for point in seen_by_client.generate_waypoints(25.0):
        if point.lane_id in (1, -1) and not point.is_junction:
            other = point.get_left_lane()
            assert other.lane_id == -point.lane_id
            assert turn(point, other) == pytest.approx(180.0, abs=0.5)


def deviation(transform, x, y, yaw):
    """Returns how far a place lies ahead and to the right of a transform, and is turned."""
    own = math.radians(transform.rotation.yaw)
    dx, dy = x - transform.location.x, y - transform.location.y
    along, aside = dx * math.cos(own) + dy * math.sin(own), dy * math.cos(own) - dx * math.sin(own)
    return along, aside, (yaw - transform.rotation.yaw + 180) % 360 - 180


def test_our_reading_agrees_with_the_clients(name, seen_by_client):
    network = read_network(BUILT_IN[name](), name)
    for strip in driving_strips(network):
        for index in range(2, len(strip.path) - 2, 17):
            x, y = strip.path[index]
            s = seen_by_client.get_waypoint(carla.Location(float(x), float(y), 0.0))
            if s.is_junction:
                continue  # several lanes cross there
            assert (s.road_id, s.lane_id) == (strip.road, strip.lane)
            along, aside, turned = deviation(s.transform, x, y, np.degrees(strip.yaw[index]))
            assert abs(along) < 0.2  # the client finds its nearest point by segments
            assert abs(aside) < 0.03
            assert abs(turned) < 2.0
            assert s.lane_width == pytest.approx(strip.width, abs=0.01)


def test_spawn_points_are_lane_centres_in_driving_direction(name, seen_by_client):
    points = Map.load(name).spawn_points
    assert len(points) >= 20
    for x, y, z, _, yaw, _ in points:
        nearest = seen_by_client.get_waypoint(carla.Location(x, y, z)).transform
        along, aside, turned = deviation(nearest, x, y, yaw)
        assert abs(along) < 0.2
        assert abs(aside) < 0.03
        assert abs(turned) < 1.0


def test_nothing_stands_on_a_driving_lane(name):
    loaded = Map.load(name)
    for strip in driving_strips(loaded.network):
        for x, y in np.concatenate([strip.inner, strip.outer, strip.path])[::3]:
            for number in loaded.obstacles.near(x, y, 0.0):
                box = loaded.obstacles.footprints[number]
                dx, dy = x - box.x, y - box.y
                along = abs(dx * box.cos + dy * box.sin)
                aside = abs(-dx * box.sin + dy * box.cos)
                assert along > box.half_length or aside > box.half_width


def test_town_has_two_junctions_of_three_arms_and_two_lanes_each_way():
    network = read_network(BUILT_IN["town"](), "town")
    arms: dict[int, set[int]] = {}
    for junction, road in network.connections:
        arms.setdefault(junction, set()).add(road)
    assert sorted(len(roads) for roads in arms.values()) == [3, 3]
    lanes = {s.lane for s in driving_strips(network, junctions=False)}
    assert lanes == {-2, -1, 1, 2}


def test_a_side_too_short_for_its_arcs_is_refused():
    with pytest.raises(ValueError, match="too short"):
        closed_polygon([(0, 0), (10, 0), (10, 10), (0, 10)], [8.0] * 4)


def straight(length=100.0):
    lanes = [Lane("driving", 3.5, "solid")]
    return to_xml("line", [Road(1, Pose(0, 0, 0), [Shape(length)], right=lanes, left=lanes)])


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        ("", "line"),
        ("<OpenDRIVE>", "line"),
        ("<OpenDRIVE/>", "0 m long"),
        (straight().replace('width="', 'wide="').replace("<width", "<w"), None),
        (straight().replace('length="100.000000000"', 'length="1e99"'), "1e99"),
        (straight().replace('length="100.000000000"', 'length="nan"'), "nan"),
        (straight().replace('type="driving"', 'type="none"'), "no driving lane"),
        (straight().replace("<line />", "<loop />"), "unknown kind"),
    ],
)
def test_a_broken_document_is_refused_with_its_name(broken, what):
    if what is None:
        assert read_network(broken, "line.xodr").strips  # a lane without width is only narrow
        return
    with pytest.raises(UsageError, match=r"line\.xodr.*" + ("" if what == "line" else what)):
        read_network(broken, "line.xodr")


def test_spirals_that_are_arcs_and_heights_are_taken_out():
    bent = straight().replace("<line />", '<spiral curvStart="0.01" curvEnd="0.01" />')
    flat = levelled(bent)
    assert '<arc curvature="0.01"/>' in flat
    assert "<elevation " not in flat
    real = straight().replace("<line />", '<spiral curvStart="0.0" curvEnd="0.01" />')
    assert "<spiral" in levelled(real)


def test_a_spiral_ends_where_its_curvature_integrates_to():
    text = straight().replace("<line />", '<spiral curvStart="0.0" curvEnd="0.02" />')
    strip = next(driving_strips(read_network(text, "spiral")))
    s = np.linspace(0.0, 100.0, 100_001)
    heading = 0.0001 * s**2  # half of 0.02 / 100 m
    middle = (heading[1:] + heading[:-1]) / 2
    x, y = np.cos(middle).sum() * 0.001, -np.sin(middle).sum() * 0.001
    end = strip.inner[-1]
    assert end == pytest.approx((x, y), abs=0.01)


@pytest.mark.carla
def test_a_users_file_is_served_driven_and_seen(tmp_path):
    path = tmp_path / "mine.xodr"
    path.write_text(straight(400.0).replace('s="0.000000000" a="0.0', 's="0.000000000" a="7.0'))
    with served(str(path)) as (server, client):
        assert server.map == "mine"
        world = fresh_world(client)
        assert world.get_map().name == "mine"
        start = world.get_map().get_spawn_points()[0]
        assert start.location.z < 1.0  # levelled
        ground = world.get_map().get_waypoint(start.location).transform.location
        assert ground.z == pytest.approx(0.0)


@pytest.mark.carla
def test_a_square_kilometre_stays_below_half_a_gigabyte(tmp_path):
    path = tmp_path / "kilometre.xodr"
    lanes = [Lane("driving", 3.5, "broken"), Lane("driving", 3.5, "solid")]
    rows = [Pose(0.0, 50.0 * number, 0.0) for number in range(21)]
    roads = [Road(k, at, [Shape(1000.0)], right=lanes, left=lanes) for k, at in enumerate(rows, 1)]
    path.write_text(to_xml("kilometre", roads))
    with served(str(path), timeout_s=60.0) as (server, client):
        rig = Rig(fresh_world(client))
        rig.step()
        assert psutil.Process(server.pid).memory_info().rss < 500e6
        rig.close()


def test_a_missing_and_a_huge_file_are_refused(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.xodr"):
        launch(str(tmp_path / "gone.xodr"))
    huge = tmp_path / "huge.xodr"
    with huge.open("wb") as file:
        file.truncate(65 * 2**20)
    with pytest.raises(UsageError, match=r"huge\.xodr.*64 MiB"):
        launch(str(huge))
