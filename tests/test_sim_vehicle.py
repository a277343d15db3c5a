"""How a car moves and how boxes meet."""

import math

import numpy as np
import pytest

from rca.sim.collision import footprint, overlap, strike_car, strike_fixed
from rca.sim.maps import Map
from rca.sim.vehicle import GRIP, Car, Chassis, approach, interpolate
from rca.sim.wire import ArgumentError, Control

CHASSIS = Chassis(2.4, 1.08, 0.74, 1850.0, 150e3, 2.87)
ORIGIN = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def driven(seconds, car=None, dt=0.05, **control):
    car = car or Car(CHASSIS, ORIGIN)
    car.control = Control(**control)
    for _ in range(round(seconds / dt)):
        car.step(dt)
    return car


def test_a_small_steady_angle_drives_the_circle_of_the_bicycle():
    car = driven(4.0, throttle=0.25, steer=0.1)
    car.constant_velocity = (5.0, 0.0, 0.0)
    driven(1.0, car, steer=0.1)
    wheel = math.radians(70.0) * 0.1 * interpolate(CHASSIS.steering_curve, 5.0 * 3.6)
    slip = math.atan(0.5 * math.tan(wheel))
    radius = CHASSIS.wheelbase / 2 / math.sin(slip)
    assert car.yaw_rate == pytest.approx(5.0 / radius, rel=1e-6)
    points = []
    for _ in range(200):
        driven(0.05, car, steer=0.1)
        points.append((car.x, car.y))
    # A circle through the points, fitted independently: x^2 + y^2 = 2ax + 2by + c.
    x, y = np.array(points).T
    design = np.stack([2 * x, 2 * y, np.ones_like(x)], axis=1)
    a, b, c = np.linalg.lstsq(design, x**2 + y**2, rcond=None)[0]
    assert math.sqrt(c + a * a + b * b) == pytest.approx(radius, rel=0.01)


def test_tyres_limit_the_sideways_acceleration_at_speed():
    car = Car(CHASSIS, ORIGIN)
    car.set_velocity((20.0, 0.0, 0.0))
    driven(0.5, car, steer=1.0, throttle=0.5)
    assert abs(car.yaw_rate * car.forward) <= GRIP + 1e-6


def test_actuators_arrive_exactly_so_history_is_forgotten():
    calm = driven(2.0, throttle=0.0)
    wild = driven(1.0, throttle=1.0, steer=-1.0)
    driven(1.0, wild, brake=1.0)
    wild.set_velocity((0.0, 0.0, 0.0))
    wild.place(calm.transform)
    driven(1.0, wild, brake=1.0)
    driven(1.0, calm, brake=1.0)
    assert (wild.wheel, wild.drive, wild.transform) == (calm.wheel, calm.drive, calm.transform)


def test_the_step_size_hardly_changes_the_way():
    fine, coarse = (driven(3.0, dt=dt, throttle=0.6, steer=0.05) for dt in (0.01, 0.1))
    assert math.hypot(fine.x - coarse.x, fine.y - coarse.y) < 0.05


def test_hand_brake_stops_slower_than_brake():
    speeds = []
    for control in ({"hand_brake": True}, {"brake": 1.0}):
        car = Car(CHASSIS, ORIGIN)
        car.set_velocity((15.0, 0.0, 0.0))
        speeds.append(driven(1.0, car, **control).forward)
    assert speeds[1] < speeds[0] < 15.0 - 3.0


def test_neutral_rolls_and_manual_reverse_drives_back():
    assert driven(1.0, throttle=1.0, manual=True, gear=0).forward == 0.0
    assert driven(1.0, throttle=1.0, manual=True, gear=-1).forward < -1.0


def test_a_car_falls_to_the_ground_and_stays():
    car = driven(0.1, Car(CHASSIS, (0, 0, 2.0, 0, 0, 0)))
    assert 0.0 < car.z < 2.0
    driven(1.0, car)
    assert car.z == 0.0
    assert car.velocity[2] == 0.0


def test_a_teleport_keeps_the_velocity_in_the_world():
    car = Car(CHASSIS, ORIGIN)
    car.set_velocity((7.0, 1.0, 0.0))
    car.place((50.0, 60.0, 0.0, 0.0, 90.0, 0.0))
    assert car.velocity == pytest.approx((7.0, 1.0, 0.0))
    assert car.transform[:2] == (50.0, 60.0)


@pytest.mark.parametrize("bad", [[1, 2], [math.nan, 0, 0, 0, 0, 0, 0], ["a"] * 7, None, 5])
def test_an_impossible_control_is_refused(bad):
    with pytest.raises(ArgumentError):
        Control.read(bad)


def test_a_control_is_kept_within_its_range():
    control = Control.read([5.0, -3.0, -1.0, False, False, True, 99])
    assert (control.throttle, control.steer, control.brake, control.gear) == (1.0, -1.0, 0.0, 6)


def test_approach_never_passes_its_target():
    assert [approach(0.0, target, 0.3) for target in (1.0, 0.2, -1.0)] == [0.3, 0.2, -0.3]


def box(x, y, yaw, half=(2.0, 1.0, 0.75), z=0.0):
    return footprint((x, y, z, 0.0, yaw, 0.0), half)


def inside(points, item):
    dx, dy = points[:, 0] - item.x, points[:, 1] - item.y
    along, aside = dx * item.cos + dy * item.sin, -dx * item.sin + dy * item.cos
    return (np.abs(along) < item.half_length) & (np.abs(aside) < item.half_width)


def test_overlap_agrees_with_counting_points_and_its_push_parts_the_boxes():
    rng = np.random.default_rng(0)
    cloud = rng.uniform(-5, 5, (40_000, 2))
    met = 0
    for _ in range(200):
        first = box(0.0, 0.0, rng.uniform(-180, 180))
        x, y, yaw = rng.uniform(-4, 4), rng.uniform(-4, 4), rng.uniform(-180, 180)
        push = overlap(first, box(x, y, yaw))
        common = (inside(cloud, first) & inside(cloud, box(x, y, yaw))).sum()
        if common > 3:
            assert push is not None
        if push is None:
            assert common <= 3
            continue
        met += 1
        away = box(-push[0] * (push[2] + 1e-6) + x, -push[1] * (push[2] + 1e-6) + y, yaw)
        assert overlap(first, away) is None
    assert 50 < met < 190


def test_boxes_above_each_other_do_not_meet():
    assert overlap(box(0, 0, 0), box(0, 0, 0, z=1.6)) is None


def test_a_wall_takes_the_momentum_it_gives_as_impulse():
    car = Car(CHASSIS, ORIGIN)
    car.set_velocity((10.0, 2.0, 0.0))
    impulse = strike_fixed(car, (-1.0, 0.0, 0.3))
    assert impulse[0] == pytest.approx(CHASSIS.mass * (car.velocity[0] - 10.0))
    assert car.velocity[1] == pytest.approx(2.0)
    assert car.x == pytest.approx(-0.3)


def test_two_cars_keep_their_common_momentum():
    one = Car(CHASSIS, ORIGIN)
    other = Car(Chassis(2.0, 1.0, 0.7, 1200.0, 100e3, 2.5), (3.0, 0.5, 0.0, 0.0, 100.0, 0.0))
    one.set_velocity((12.0, 0.0, 0.0))
    other.set_velocity((-1.0, 3.0, 0.0))
    before = 1850.0 * np.array(one.velocity) + 1200.0 * np.array(other.velocity)
    push = overlap(
        footprint(one.transform, (2.4, 1.08, 0.7)), footprint(other.transform, (2, 1, 0.7))
    )
    assert push is not None
    strike_car(one, other, push)
    after = 1850.0 * np.array(one.velocity) + 1200.0 * np.array(other.velocity)
    assert after == pytest.approx(before)


def test_fixed_boxes_near_a_place_are_found_whatever_cell_it_is_in():
    obstacles = Map.load("oval").obstacles
    rng = np.random.default_rng(0)
    places = rng.uniform(-150.0, 150.0, (500, 2)).tolist()
    found = [obstacles.near(x, y, 2.5) for x, y in places]
    exact = [
        [
            number
            for number, box in enumerate(obstacles.footprints)
            if math.hypot(box.x - x, box.y - y) < box.radius + 2.5
        ]
        for x, y in places
    ]
    assert found == exact
    assert 0 < sum(map(bool, found)) < len(found)
    assert obstacles.near(0.0, 0.0, 1000.0) == list(range(len(obstacles.footprints)))
