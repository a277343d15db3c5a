"""The picture against an independent pinhole camera, and what it does not depend on."""

import math

import carla
import numpy as np
import pytest

from rca.sim.camera import Camera, Scene
from rca.sim.maps import Map
from rca.sim.painter import Lens
from rca.sim.pose import attached, rotation
from rca.sim.solids import car_faces, prop_faces
from rca.sim.weather import Weather

CLEAR = Weather()


@pytest.fixture(scope="module")
def oval():
    return Map.load("oval")


def scene(loaded, movers=(), fixed=True):
    return Scene(loaded.ground, loaded.faces if fixed else None, list(movers), CLEAR)


def as_client(place):
    """Returns a place as the client's own transform."""
    pitch, yaw, roll = place[3:]
    return carla.Transform(carla.Location(*place[:3]), carla.Rotation(pitch, yaw, roll))


def pixel_of(point, place, width, height, fov):
    """Returns where a pinhole camera sees a point, by the client's own inverse matrix."""
    x, y, z, _ = np.array(as_client(place).get_inverse_matrix()) @ (*point, 1.0)
    focal = width / 2 / math.tan(math.radians(fov) / 2)
    return (width - 1) / 2 + focal * y / x, (height - 1) / 2 - focal * z / x


PLACES = [
    (0.0, 0.0, 1.5, 0.0, 0.0, 0.0),
    (3.0, -2.0, 2.0, -10.0, 30.0, 0.0),
    (-5.0, 8.0, 6.0, -35.0, -120.0, 12.0),
]


@pytest.mark.parametrize("place", PLACES)
def test_a_cone_is_drawn_where_a_pinhole_camera_sees_it(oval, place):
    width, height, fov = 320, 240, 80.0
    ahead = attached(place, (9.0, 0.7, 0.0, 0.0, 0.0, 0.0))
    cone = (*ahead[:2], 0.0, 0.0, ahead[4], 0.0)
    camera = Camera(width, height, fov, semantic=True)
    picture = camera.render(scene(oval, [(prop_faces((0.2, 0.2, 0.4)), cone)], fixed=False), place)
    rows, columns = np.nonzero(picture[..., 2] == 20)
    u, v = pixel_of((cone[0], cone[1], 0.4), place, width, height, fov)
    assert columns.mean() == pytest.approx(u, abs=1.5)
    assert rows.mean() == pytest.approx(v, abs=2.5)


@pytest.mark.parametrize("place", PLACES)
def test_the_road_is_drawn_where_a_pinhole_camera_sees_it(oval, place):
    start = oval.spawn_points[0]
    level = (*start[:2], 0.0, 0.0, start[4], 0.0)
    view = attached(level, (0.0, 0.0, place[2], -20.0, 5.0, place[5]))
    camera = Camera(320, 240, 90.0, semantic=True)
    picture = camera.render(scene(oval, fixed=False), view)
    edge = attached(level, (8.0, 1.75, 0.0, 0.0, 0.0, 0.0))
    u, v = pixel_of(edge[:3], view, 320, 240, 90.0)
    around = picture[round(v) - 2 : round(v) + 3, round(u) - 2 : round(u) + 3, 2]
    assert 24 in around  # the solid line at the lane's edge


def test_the_nearer_of_two_cars_hides_the_farther(oval):
    start = (*oval.spawn_points[0][:2], 0.0, 0.0, oval.spawn_points[0][4], 0.0)
    red, blue = (car_faces((2.4, 1.0, 0.75), rgb) for rgb in ("255,0,0", "0,0,255"))
    near, far = (attached(start, (x, 0.0, 0.0, 0.0, 0.0, 0.0)) for x in (10.0, 17.0))
    eye = attached(start, (0.0, 0.0, 0.9, 0.0, 0.0, 0.0))
    camera = Camera(120, 120, 60.0)
    for movers in ([(red, near), (blue, far)], [(blue, far), (red, near)]):
        picture = camera.render(scene(oval, movers), eye)[..., :3].astype(int)
        reddish = (picture[..., 2] > picture[..., 0] + 60) & (picture[..., 2] > 100)
        bluish = (picture[..., 0] > picture[..., 2] + 60) & (picture[..., 1] < 60)
        assert reddish.sum() > 150
        assert bluish.sum() == 0


def test_a_picture_does_not_depend_on_the_pictures_before_it(oval):
    used, fresh = Camera(84, 84, 90.0), Camera(84, 84, 90.0)
    for place in PLACES:
        used.render(scene(oval), place)
    assert (used.render(scene(oval), PLACES[1]) == fresh.render(scene(oval), PLACES[1])).all()


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (640, 480)])
@pytest.mark.parametrize("pitch", [-90.0, -45.0, 0.0, 89.0])
def test_any_size_and_pitch_gives_a_picture(oval, size, pitch):
    width, height = size
    place = (0.0, 40.0, 1.0, pitch, 10.0, 0.0)
    picture = Camera(width, height, 100.0).render(scene(oval), place)
    assert picture.shape == (height, width, 4)
    assert (picture[..., 3] == 255).all()


def test_looking_straight_down_shows_no_sky_and_straight_up_only_sky(oval):
    for pitch, share in ((-90.0, 0.0), (90.0, 1.0)):
        camera = Camera(60, 60, 60.0, semantic=True)
        picture = camera.render(scene(oval, fixed=False), (0.0, 40.0, 5.0, pitch, 0.0, 0.0))
        assert (picture[..., 2] == 11).mean() == share


def test_a_camera_behind_the_car_sees_it(oval):
    start = (*oval.spawn_points[0][:2], 0.0, 0.0, oval.spawn_points[0][4], 0.0)
    behind = attached(start, (-6.0, 0.0, 3.0, -15.0, 0.0, 0.0))
    camera = Camera(200, 150, 90.0, semantic=True)
    picture = camera.render(scene(oval, [(car_faces((2.4, 1, 0.74), "9,9,9"), start)]), behind)
    rows, columns = np.nonzero(picture[..., 2] == 14)
    assert len(rows) > 300
    assert columns.mean() == pytest.approx(99.5, abs=2)
    assert rows.mean() > 75


def test_rotation_is_the_clients_and_composes():
    parent, child = (1.0, 2.0, 3.0, 10.0, 70.0, -20.0), (4.0, -1.0, 0.5, -30.0, 15.0, 40.0)
    turn = rotation(parent)
    assert turn == pytest.approx(np.array(as_client(parent).get_matrix())[:3, :3], abs=1e-6)
    world = attached(parent, child)
    assert rotation(world) == pytest.approx(turn @ rotation(child))
    assert np.array(world[:3]) == pytest.approx(np.array(parent[:3]) + turn @ np.array(child[:3]))


def test_far_corners_stay_within_what_opencv_can_draw():
    lens = Lens(84, 84, 42.0)
    pixels = lens.project(np.array([[0.0, 1e6, -1e6], [0.1, 5.0, 5.0]]))
    assert np.abs(pixels).max() < 2**20
