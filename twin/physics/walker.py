"""Walker shells, and nodes by local time: the elements of satellites nobody has catalogued."""

from __future__ import annotations

import math

import numpy as np

from twin.errors import BadInput
from twin.physics.constants import EARTH_EQUATORIAL_RADIUS_KM
from twin.physics.earth import mean_sun_longitude_deg
from twin.physics.orbit import CircularOrbits


def walker(
    *,
    planes_count: int,
    satellites_per_plane_count: int,
    altitude_km: float,
    inclination_deg: float,
    epoch_ns: int,
    phasing: int = 0,
    raan_spread_deg: float = 360.0,
    raan_first_deg: float = 0.0,
) -> CircularOrbits:
    """A Walker shell i:t/p/f, satellites of a plane side by side; t = planes x satellites.

    ``altitude_km`` counts from the equatorial radius. Nodes are ``raan_spread_deg / planes`` apart
    (360 is a delta, 180 a star pattern); each plane is ``phasing`` x 360/t ahead of the one before.
    Raises BadInput where a count is below one, or the altitude is below the ground.
    """
    _require_counts(
        planes_count=planes_count, satellites_per_plane_count=satellites_per_plane_count
    )
    _require_above_ground(altitude_km)
    total_count = planes_count * satellites_per_plane_count
    plane = np.repeat(np.arange(planes_count, dtype=np.float64), satellites_per_plane_count)
    seat = np.tile(np.arange(satellites_per_plane_count, dtype=np.float64), planes_count)
    raan_deg = raan_first_deg + plane * (raan_spread_deg / planes_count)
    argument_turns = seat / satellites_per_plane_count + plane * (phasing / total_count)
    return CircularOrbits(
        semi_major_axis_km=np.full(total_count, EARTH_EQUATORIAL_RADIUS_KM + altitude_km),
        inclination_rad=np.full(total_count, math.radians(inclination_deg)),
        raan_rad=np.radians(raan_deg % 360.0),
        argument_rad=argument_turns % 1.0 * math.tau,
        epoch_ns=epoch_ns,
    )


def local_time_raan_deg(instant_ns: int, *, node_local_time_h: float) -> float:
    """Right ascension, 0 to 360, of a node where the mean local solar time is the one given."""
    return (mean_sun_longitude_deg(instant_ns) + (node_local_time_h - 12.0) * 15.0) % 360.0


def _require_counts(**counts: int) -> None:
    for field, count in counts.items():
        if count < 1:
            raise BadInput(f"{field} is {count}", expected="at least 1", field=field)


def _require_above_ground(altitude_km: float) -> None:
    if not altitude_km > 0.0:
        raise BadInput(f"altitude_km is {altitude_km}", expected="above 0 km", field="altitude_km")
