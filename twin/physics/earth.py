"""Where the Earth has turned to and where the Sun stands, at an instant.

An instant is UTC in integer nanoseconds since 1970. UT1 is taken to be UTC: they differ by less
than 0.9 s, which is 0.004 degrees of rotation. *Inertial*: mean equator and equinox of date.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from twin.arrays import FloatArray
from twin.physics.constants import EARTH_EQUATORIAL_RADIUS_KM, EARTH_FLATTENING_RATIO
from twin.physics.trigonometry import sine_cosine

DAY_NS: Final = 86_400_000_000_000
J2000_NS: Final = 946_728_000_000_000_000
"""2000-01-01 12:00 UTC."""


def earth_rotation_rad(instant_ns: int) -> float:
    """Angle from the mean equinox to the Greenwich meridian (GMST), 0 to a full turn.

    Source: IAU 1982, as in Aoki et al., Astronomy and Astrophysics 105 (1982), p. 359.
    """
    days, rest_ns = divmod(instant_ns - J2000_NS, DAY_NS)
    day_fraction = rest_ns / DAY_NS
    centuries = (days + day_fraction) / 36525.0
    gained_s = 67310.54841 + centuries * (
        8640184.812866 + centuries * (0.093104 - centuries * 6.2e-6)
    )
    return (day_fraction + gained_s / 86400.0) % 1.0 * math.tau


def sun_direction_inertial(instant_ns: int) -> FloatArray:
    """Unit vector from the Earth to the Sun, shape ``(3,)``, inertial; good to 0.01 degrees.

    Source: Astronomical Almanac, low-precision formula for the Sun's apparent place, 1950-2050.
    """
    days = _days_since_j2000(instant_ns)
    sine_g, cosine_g = _sun_anomaly(days)
    longitude_deg = (
        mean_sun_longitude_deg(instant_ns) + 1.915 * sine_g + 0.020 * (2.0 * sine_g * cosine_g)
    )
    sine_longitude, cosine_longitude = sine_cosine(math.radians(longitude_deg))
    sine_tilt, cosine_tilt = sine_cosine(math.radians(23.439 - 0.0000004 * days))
    return np.array([cosine_longitude, cosine_tilt * sine_longitude, sine_tilt * sine_longitude])


def sun_direction_itrs(instant_ns: int) -> FloatArray:
    """Unit vector from the Earth to the Sun, shape ``(3,)``, in axes that turn with the Earth."""
    x, y, z = sun_direction_inertial(instant_ns)
    sine, cosine = sine_cosine(earth_rotation_rad(instant_ns))
    return np.array([x * cosine + y * sine, y * cosine - x * sine, z])


def sun_distance_au(instant_ns: int) -> float:
    """Distance to the Sun in astronomical units, to 0.0001; same source as its direction."""
    _, cosine_g = _sun_anomaly(_days_since_j2000(instant_ns))
    return 1.00014 - 0.01671 * cosine_g - 0.00014 * (2.0 * cosine_g * cosine_g - 1.0)


def mean_sun_longitude_deg(instant_ns: int) -> float:
    """Longitude of the mean Sun, which also is its right ascension, 0 to 360."""
    return (280.460 + 0.9856474 * _days_since_j2000(instant_ns)) % 360.0


def beta_rad(
    inclination_rad: FloatArray, raan_rad: FloatArray, sun_inertial: FloatArray
) -> FloatArray:
    """Angle of the Sun above each orbit's plane, -pi/2 to pi/2, shape ``(n,)``.

    Positive on the side of the orbit's angular momentum. ``sun_inertial`` has shape ``(3,)``.
    """
    sine = np.sin(inclination_rad)
    height = (
        sine * np.sin(raan_rad) * sun_inertial[0]
        - sine * np.cos(raan_rad) * sun_inertial[1]
        + np.cos(inclination_rad) * sun_inertial[2]
    )
    return np.asarray(np.arcsin(np.clip(height, -1.0, 1.0)))


def subpoint(positions_km: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Geodetic latitude and longitude in degrees and height in km above WGS 84, each ``(n,)``.

    ``positions_km`` has shape ``(n, 3)``, ITRS; longitude is -180 to 180. NaN in gives NaN out.
    Source: B. R. Bowring, Survey Review 23 (1976), p. 323; below 1e-7 degrees up to 2,000 km.
    """
    x, y, z = positions_km.T
    equatorial = EARTH_EQUATORIAL_RADIUS_KM
    polar = equatorial * (1.0 - EARTH_FLATTENING_RATIO)
    squared = EARTH_FLATTENING_RATIO * (2.0 - EARTH_FLATTENING_RATIO)
    axis_km = np.hypot(x, y)
    reduced = np.arctan2(z * equatorial, axis_km * polar)
    latitude = np.arctan2(
        z + squared * equatorial**2 / polar * np.sin(reduced) ** 3,
        axis_km - squared * equatorial * np.cos(reduced) ** 3,
    )
    sine, cosine = np.sin(latitude), np.cos(latitude)
    height_km = axis_km * cosine + z * sine - equatorial * np.sqrt(1.0 - squared * sine * sine)
    return np.degrees(latitude), np.degrees(np.arctan2(y, x)), height_km


def _days_since_j2000(instant_ns: int) -> float:
    return (instant_ns - J2000_NS) / DAY_NS


def _sun_anomaly(days: float) -> tuple[float, float]:
    """Sine and cosine of the Sun's mean anomaly."""
    return sine_cosine(math.radians((357.528 + 0.9856003 * days) % 360.0))
