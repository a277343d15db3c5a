"""Routes over the lane graph and the car's place on them, against plain geometry."""

import carla
import numpy as np
import pytest

from rca.envs.route import LaneGraph, Route, ahead, in_car_frame, locate, wrapped
from rca.errors import UsageError
from rca.sim.built_in import BUILT_IN
from rca.sim.maps import load_xodr


@pytest.fixture(scope="module", params=sorted(BUILT_IN))
def lanes(request):
    return LaneGraph(carla.Map(request.param, load_xodr(request.param)))


@pytest.fixture
def straight():
    """100 m along y, at x = 3."""
    y = np.arange(0.0, 101.0)
    return Route.through(np.stack([np.full(101, 3.0), y, np.zeros(101)], axis=1))


@pytest.mark.parametrize("length", [20.0, 150.0, 300.0])
def test_drawn_routes_have_the_length_asked_for_and_follow_lanes(lanes, length):
    rng = np.random.default_rng(0)
    world_map = carla.Map(lanes.name, load_xodr(lanes.name))
    for _ in range(20):
        route = lanes.draw_route(length, rng)
        assert route.length == pytest.approx(length, abs=0.5)
        assert np.diff(route.along).max() < 1.5
        for point, heading in zip(route.points[::10], route.headings[::10], strict=True):
            waypoint = world_map.get_waypoint(carla.Location(*point.tolist()))
            centre = waypoint.transform.location
            assert np.hypot(centre.x - point[0], centre.y - point[1]) < 0.3  # carla.Map's own grid
            if not waypoint.is_junction:  # there, lanes overlap and the nearest may be another
                assert abs(wrapped(np.radians(waypoint.transform.rotation.yaw) - heading)) < 0.1


def test_same_seed_draws_the_same_route_and_another_seed_another(lanes):
    one, same, other = (lanes.draw_route(80.0, np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(one.points, same.points)
    assert not np.array_equal(one.points[:10], other.points[:10])


def test_a_route_may_be_longer_than_a_ring():
    ring = LaneGraph(carla.Map("oval", load_xodr("oval")))
    longest = sum(ring.lines[lane].length for lane in ring.starts)
    route = ring.draw_route(longest + 100, np.random.default_rng(0))
    assert route.length == pytest.approx(longest + 100, abs=1.0)


DEAD_END = """<OpenDRIVE><header revMajor="1" revMinor="4" name="end"/>
<road name="" length="100" id="0" junction="-1"><planView>
<geometry s="0" x="0" y="0" hdg="0" length="100"><line/></geometry></planView>
<lanes><laneSection s="0"><center><lane id="0" type="none" level="false"/></center>
<right><lane id="-1" type="driving" level="false">
<width sOffset="0" a="3.5" b="0" c="0" d="0"/></lane>
</right></laneSection></lanes></road></OpenDRIVE>"""


def test_a_dead_end_is_left_out_or_named():
    road = LaneGraph(carla.Map("end", DEAD_END))
    for seed in range(20):
        route = road.draw_route(60.0, np.random.default_rng(seed))
        assert route.length == pytest.approx(60.0, abs=0.2)
        assert route.points[-1, 0] <= 100.0
    with pytest.raises(UsageError, match=r"env\.route_length: map end has no route of 150 m"):
        road.draw_route(150.0, np.random.default_rng(0))


def test_a_map_without_usable_lanes_is_named():
    spiral = DEAD_END.replace("<line/>", '<spiral curvStart="0" curvEnd="0"/>')
    with pytest.raises(UsageError, match=r"env\.map: map bent has no usable lane"):
        LaneGraph(carla.Map("bent", spiral))


def test_place_on_a_straight_road(straight):
    place = locate(straight, x=2.0, y=40.25, heading=np.radians(100.0), near=35)
    assert place.along == pytest.approx(40.25)
    assert place.lateral == pytest.approx(1.0)  # driving along +y, smaller x is to the right
    assert np.degrees(place.heading_error) == pytest.approx(10.0)
    assert locate(straight, x=4.5, y=40.25, heading=0.0, near=35).lateral == pytest.approx(-1.5)


def test_place_is_searched_near_the_last_one():
    there_and_back = np.concatenate([np.arange(0.0, 50.0), np.arange(50.0, -1.0, -1.0)])
    points = np.stack([there_and_back, np.zeros(101), np.zeros(101)], axis=1)
    route = Route.through(points)
    assert locate(route, 20.0, 0.0, 0.0, near=15).along == pytest.approx(20.0)
    assert locate(route, 20.0, 0.0, 0.0, near=75).along == pytest.approx(80.0)


def test_points_ahead_stop_at_the_goal(straight):
    points = ahead(straight, along=90.0, num=5, spacing=4.0)
    assert points[:, 1] == pytest.approx([94, 98, 100, 100, 100])


def test_car_frame_has_x_ahead_and_y_to_the_right():
    seen = in_car_frame(np.array([[0.0, 10.0], [5.0, 0.0]]), 0.0, 0.0, np.radians(90.0))
    assert seen == pytest.approx(np.array([[10.0, 0.0], [0.0, -5.0]]))
