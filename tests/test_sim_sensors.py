"""Sensors and weather through the real client."""

import queue

import carla
import numpy as np
import pytest

from tests.sim_world import DT, Rig, fresh_world, served

pytestmark = pytest.mark.carla


@pytest.fixture(scope="module")
def client():
    with served("town") as (_, client):
        yield client


@pytest.fixture
def rig(client):
    rig = Rig(fresh_world(client), size=120)
    yield rig
    rig.close()


class Measured:
    """A further sensor of the rig, with its messages in a queue."""

    def __init__(self, rig, name, place=None, **attributes):
        self.sensor = rig.attach(name, place, **attributes)
        self.messages: queue.Queue[carla.SensorData] = queue.Queue()
        self.sensor.listen(self.messages.put)

    def next(self):
        return self.messages.get(timeout=5.0)

    def close(self):
        self.sensor.stop()
        self.sensor.destroy()


def pixels(image):
    return np.frombuffer(image.raw_data, np.uint8).reshape(image.height, image.width, 4)


def test_semantic_camera_tags_road_line_sky_and_building(rig):
    mount = carla.Transform(carla.Location(1.5, 0, 2.0), carla.Rotation(pitch=-5.0))
    name = "sensor.camera.semantic_segmentation"
    camera = Measured(rig, name, mount, image_size_x="160", image_size_y="120")
    rig.step()
    image = pixels(camera.next())
    tags = set(np.unique(image[..., 2]).tolist())
    assert {1, 11, 24} <= tags  # road, sky, road line
    assert tags & {2, 3, 9, 10}  # sidewalk, building, vegetation, terrain
    assert (image[:10, :, 2] == 11).any()
    assert np.median(image[-10:, 60:100, 2]) == 1
    assert (image[..., :2] == 0).all()
    camera.close()


def test_semantic_and_rgb_camera_agree_where_the_sky_is(rig):
    mount = carla.Transform(carla.Location(1.5, 0.0, 2.0), carla.Rotation(pitch=-5.0))
    name = "sensor.camera.semantic_segmentation"
    camera = Measured(rig, name, mount, image_size_x="120", image_size_y="120")
    colour = pixels(rig.step()).astype(int)
    sky = pixels(camera.next())[..., 2] == 11
    assert 0.2 < sky.mean() < 0.7
    bluish = colour[..., 0] > colour[..., 2] + 5
    assert bluish[sky].mean() > 0.95
    camera.close()


def test_another_car_is_seen_and_tagged_as_car(rig):
    ahead = rig.place
    ahead.location += 12.0 * ahead.get_forward_vector()
    other = rig.world.spawn_actor(rig.library.find("vehicle.audi.tt"), ahead)
    mount = carla.Transform(carla.Location(1.5, 0.0, 1.5))
    name = "sensor.camera.semantic_segmentation"
    camera = Measured(rig, name, mount, image_size_x="120", image_size_y="120")
    rig.step()
    rows, columns = np.nonzero(pixels(camera.next())[..., 2] == 14)
    assert len(rows) > 50
    assert abs(columns.mean() - 59.5) < 3
    camera.close()
    other.destroy()


def test_gnss_agrees_with_the_clients_own_projection(rig):
    gnss = Measured(rig, "sensor.other.gnss")
    rig.step()
    measured = gnss.next()
    exact = rig.world.get_map().transform_to_geolocation(rig.car.get_location())
    assert measured.latitude == pytest.approx(exact.latitude, abs=2e-6)
    assert measured.longitude == pytest.approx(exact.longitude, abs=2e-6)
    gnss.close()


def test_imu_feels_gravity_braking_and_turning(rig):
    rig.car.set_target_velocity(10.0 * rig.place.get_forward_vector())
    imu = Measured(rig, "sensor.other.imu")
    for _ in range(6):
        rig.step()
        imu.next()
    rig.step(brake=1.0)
    braking = imu.next()
    assert braking.accelerometer.x < -6.0
    assert braking.accelerometer.z == pytest.approx(9.81, abs=0.1)
    before = rig.car.get_transform().rotation.yaw
    rig.step(steer=0.2)
    turning = imu.next()
    turned = np.radians(rig.car.get_transform().rotation.yaw - before) / DT
    assert turning.gyroscope.z == pytest.approx(turned, abs=0.25)
    assert turning.gyroscope.z > 0.05
    heading = np.radians(rig.car.get_transform().rotation.yaw + 90.0) % (2 * np.pi)
    assert turning.compass == pytest.approx(heading, abs=1e-3)
    imu.close()


def test_obstacle_sensor_gives_the_distance_to_the_car_ahead(rig):
    ahead = rig.place
    ahead.location += 14.0 * ahead.get_forward_vector()
    other = rig.world.spawn_actor(rig.library.find("vehicle.audi.tt"), ahead)
    place = carla.Transform(carla.Location(x=2.4, z=0.7))
    sensor = Measured(rig, "sensor.other.obstacle", place, distance="20", only_dynamics="True")
    rig.step()
    seen = sensor.next()
    assert seen.other_actor.id == other.id
    assert seen.distance == pytest.approx(14.0 - 2.4 - 2.09, abs=0.1)
    sensor.close()
    other.destroy()


def test_a_slow_sensor_measures_at_its_own_period(rig):
    gnss = Measured(rig, "sensor.other.gnss", sensor_tick=str(4 * DT))
    frames = []
    for _ in range(12):
        rig.step()
    while not gnss.messages.empty():
        frames.append(gnss.next().frame)
    assert len(frames) == 3
    assert set(np.diff(frames)) == {4}
    gnss.close()


def seen_in(rig, **changes):
    weather = carla.WeatherParameters()
    for name, value in changes.items():
        setattr(weather, name, value)
    rig.world.set_weather(weather)
    return pixels(rig.step())[..., :3].astype(float)


def test_weather_is_given_back(rig):
    weather = carla.WeatherParameters(sun_altitude_angle=-20.0, fog_density=30.0)
    rig.world.set_weather(weather)
    assert rig.world.get_weather() == weather


def test_night_is_darker_than_clouds_than_noon(rig):
    noon = seen_in(rig, sun_altitude_angle=60.0, cloudiness=0.0)
    clouds = seen_in(rig, sun_altitude_angle=60.0, cloudiness=100.0)
    night = seen_in(rig, sun_altitude_angle=-30.0)
    ground = [picture[80:].mean() for picture in (night, clouds, noon)]
    assert ground[0] < 0.5 * ground[1] < 0.5 * ground[2]


def test_the_sky_at_the_horizon_is_red_only_while_the_sun_is_low(rig):
    def redness(altitude):
        sky = seen_in(rig, sun_altitude_angle=altitude, cloudiness=0.0)[46:52]  # just above it
        return (sky[..., 2] - sky[..., 0]).mean()

    assert redness(60.0) < -5.0
    assert redness(10.0) > 5.0


def test_fog_takes_contrast_from_what_is_far_more_than_from_what_is_near(rig):
    clear = seen_in(rig, fog_density=0.0)
    fog = seen_in(rig, fog_density=80.0)
    # The road 15 to 60 m ahead, and 3 m ahead with the line beside it.
    far, near = (slice(51, 58), slice(50, 70)), (slice(100, 120), slice(0, 120))
    assert fog[far].std() < 0.5 * clear[far].std()
    assert fog[near].std() > 0.5 * clear[near].std()


def test_without_rendering_no_frames_come(rig):
    settings = rig.world.get_settings()
    settings.no_rendering_mode = True
    rig.world.apply_settings(settings)
    while not rig.frames.empty():
        rig.frames.get()
    rig.world.tick()
    with pytest.raises(queue.Empty):
        rig.frames.get(timeout=0.2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image_size_x", "100000"),
        ("image_size_x", "1.5"),
        ("image_size_y", "0"),
        ("fov", "0"),
        ("fov", "x"),
        ("sensor_tick", "nan"),
    ],
)
def test_impossible_camera_attributes_are_refused(rig, name, value):
    with pytest.raises(RuntimeError, match=f"^{name}=.* is (outside|not a)"):
        rig.attach("sensor.camera.rgb", **{name: value})
