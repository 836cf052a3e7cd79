"""How much is asked of a payload at an instant, by where it is and what time it is there."""

from __future__ import annotations

import math
from typing import NamedTuple

from twin.baseline.plans import DemandProfile
from twin.physics.earth import DAY_NS, earth_rotation_rad, mean_sun_longitude_deg
from twin.physics.kernel import kernel
from twin.physics.trigonometry import sine_cosine
from twin.units import NS_PER_H

DEG_PER_H = 15.0


class Asked(NamedTuple):
    """A demand profile at one instant, in the form a kernel reads.

    ``peak_x`` and ``peak_y`` point, in axes that turn with the Earth, to the meridian where it is
    the peak hour. On a clock without places the amplitude is in the base already.
    """

    is_local: bool
    base_fraction: float
    amplitude_fraction: float
    peak_x: float
    peak_y: float


def asked_at(profile: DemandProfile, instant_ns: int) -> Asked:
    """The profile at an instant."""
    if profile.clock == "utc":
        return Asked(False, asked_everywhere(profile, instant_ns), 0.0, 0.0, 0.0)
    noon_rad = math.radians(mean_sun_longitude_deg(instant_ns)) - earth_rotation_rad(instant_ns)
    peak_rad = noon_rad + math.radians((profile.peak_h - 12.0) * DEG_PER_H)
    sine, cosine = sine_cosine(peak_rad)
    return Asked(True, profile.base_fraction, profile.amplitude_fraction, cosine, sine)


def asked_everywhere(profile: DemandProfile, instant_ns: int) -> float:
    """The utilisation asked for, 0 to 1, on a clock that is the same everywhere."""
    hour = instant_ns % DAY_NS / NS_PER_H
    _, cosine = sine_cosine(math.radians((hour - profile.peak_h) * DEG_PER_H))
    return min(max(profile.base_fraction + profile.amplitude_fraction * cosine, 0.0), 1.0)


@kernel
def asked_fraction(asked: Asked, weight: float, x_km: float, y_km: float) -> float:
    """Utilisation asked of one satellite, 0 to 1; ``weight`` is that of the region below it."""
    axis_km = math.sqrt(x_km * x_km + y_km * y_km)
    # Above a pole every hour is as good as any other: the mean of the day.
    cosine = (x_km * asked.peak_x + y_km * asked.peak_y) / axis_km if axis_km > 0.0 else 0.0
    fraction = weight * (asked.base_fraction + asked.amplitude_fraction * cosine)
    return min(max(fraction, 0.0), 1.0)
