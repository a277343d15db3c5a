"""Weather: CARLA's 14 numbers and what they do to the picture."""

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rca.sim.wire import real, sequence

FIELDS = (
    "cloudiness", "precipitation", "precipitation_deposits", "wind_intensity", "sun_azimuth",
    "sun_altitude", "fog_density", "fog_distance", "fog_falloff", "wetness",
    "scattering_intensity", "mie_scattering_scale", "rayleigh_scattering_scale", "dust_storm",
)  # fmt: skip
CLEAR = (5.0, 0.0, 0.0, 10.0, -1.0, 45.0, 2.0, 0.75, 0.1, 0.0, 1.0, 0.03, 0.0331, 0.0)
"""CARLA's default weather at noon."""

Colour = NDArray[np.float64]  # BGR, 0 to 255


@dataclass(frozen=True)
class Weather:
    """Weather parameters in CARLA's order and units (percent, degrees, metres)."""

    values: tuple[float, ...] = field(default=CLEAR)

    @classmethod
    def read(cls, value: object) -> "Weather":
        """Reads a WeatherParameters argument."""
        return cls(tuple(real(item) for item in sequence(value, len(FIELDS))))

    def _share(self, name: str) -> float:
        share: float = self.values[FIELDS.index(name)] / 100.0
        return min(max(share, 0.0), 1.0)

    @cached_property
    def light(self) -> float:
        """Brightness of the ground against a clear noon: 1 at 45 degrees of sun, 0.25 at night.

        CARLA's camera opens its shutter in the dark, so that marks stay visible at night.
        """
        altitude = math.radians(min(max(self.values[5], -90.0), 90.0))
        sun = min(max((math.sin(altitude) + 0.1) / 0.8, 0.0), 1.1)
        clouds = 1.0 - 0.45 * self._share("cloudiness")
        rain = 1.0 - 0.2 * self._share("precipitation")
        wet = 1.0 - 0.25 * max(self._share("wetness"), self._share("precipitation_deposits"))
        return max(0.12 + 0.88 * sun * clouds * rain * wet, 0.25)

    @cached_property
    def haze(self) -> float:
        """Share of light lost per metre: visibility 2 km when clear, about 30 m in full fog."""
        thick = max(self._share("fog_density"), 0.8 * self._share("dust_storm"))
        return 0.0008 + 0.1 * thick * math.sqrt(thick) + 0.004 * self._share("precipitation")

    @property
    def haze_start(self) -> float:
        """Distance before which there is no fog, metres."""
        return max(self.values[7], 0.0)

    @cached_property
    def horizon(self) -> Colour:
        """Colour of the sky at the horizon, and of fog."""
        grey = self._share("cloudiness")
        low = max(0.0, 1.0 - abs(self.values[5] - 2.0) / 25.0)  # the sun's height, degrees
        low *= 1.0 - self._share("fog_density")
        clear = np.array([225.0, 215.0, 200.0]) * (1 - low) + np.array([95.0, 160.0, 245.0]) * low
        clear = clear * (1 - grey) + np.array([190.0] * 3) * grey
        dust = self._share("dust_storm")
        coloured = clear * (1 - dust) + np.array([110.0, 160.0, 200.0]) * dust
        return coloured * min(0.1 + 0.9 * self._daylight(), 1.0)

    @cached_property
    def zenith(self) -> Colour:
        """Colour of the sky overhead."""
        grey = max(self._share("cloudiness"), self._share("fog_density"))
        clear = np.array([205.0, 140.0, 85.0]) * (1 - grey) + np.array([165.0] * 3) * grey
        return clear * min(0.06 + 0.94 * self._daylight(), 1.0)

    def _daylight(self) -> float:
        altitude = self.values[5]
        return min(max((altitude + 10.0) / 30.0, 0.0), 1.0)
