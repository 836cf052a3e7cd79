"""Circular orbits under the Earth's oblateness, in closed form: no step, no drift, any instant.

Node and argument of latitude move at their secular J2 rates; short-period terms (some kilometres)
and drag are left out. Source: Brouwer, Astronomical Journal 64 (1959), p. 378, first order, e = 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from twin.arrays import FloatArray, RealArray
from twin.physics.constants import (
    EARTH_EQUATORIAL_RADIUS_KM,
    EARTH_J2_RATIO,
    EARTH_MU_KM3_PER_S2,
)
from twin.physics.earth import earth_rotation_rad
from twin.physics.kernel import kernel
from twin.physics.trigonometry import sine_cosine

_J2_REACH_KM2: Final = 1.5 * EARTH_J2_RATIO * EARTH_EQUATORIAL_RADIUS_KM**2


@dataclass(frozen=True, slots=True)
class CircularOrbits:
    """Mean elements of n satellites at one epoch; every array has shape ``(n,)``.

    ``raan_rad`` counts from the mean equinox of date, ``argument_rad`` (argument of latitude) from
    the ascending node. Good for some 30 years either side of the epoch.
    """

    semi_major_axis_km: FloatArray
    inclination_rad: FloatArray
    raan_rad: FloatArray
    argument_rad: FloatArray
    epoch_ns: int

    def __len__(self) -> int:
        return self.semi_major_axis_km.size


def positions_itrs_km(orbits: CircularOrbits, instant_ns: int) -> FloatArray:
    """Positions in axes that turn with the Earth, shape ``(n, 3)``, a row per satellite."""
    columns = np.empty((3, len(orbits)))
    write_positions_km(orbits, instant_ns, x_km=columns[0], y_km=columns[1], z_km=columns[2])
    return np.ascontiguousarray(columns.T)


def write_positions_km(
    orbits: CircularOrbits, instant_ns: int, *, x_km: RealArray, y_km: RealArray, z_km: RealArray
) -> None:
    """The same, into three columns of shape ``(n,)``; computed in float64 whatever they hold."""
    _write_positions(
        orbits.semi_major_axis_km,
        orbits.inclination_rad,
        orbits.raan_rad,
        orbits.argument_rad,
        elapsed_s(orbits.epoch_ns, instant_ns),
        earth_rotation_rad(instant_ns),
        x_km,
        y_km,
        z_km,
    )


def elapsed_s(epoch_ns: int, instant_ns: int) -> float:
    """Seconds from epoch to instant; the difference is taken in integers, so nothing is lost."""
    return (instant_ns - epoch_ns) / 1e9


@kernel
def orbit_rates_rad_per_s(
    semi_major_axis_km: float, cosine_inclination: float
) -> tuple[float, float]:
    """Secular rates of one orbit: of its node, and of its argument of latitude."""
    squared_km2 = semi_major_axis_km * semi_major_axis_km
    mean_motion = math.sqrt(EARTH_MU_KM3_PER_S2 / (squared_km2 * semi_major_axis_km))
    pull = mean_motion * (_J2_REACH_KM2 / squared_km2)
    node = -pull * cosine_inclination
    argument = mean_motion + pull * (4.0 * cosine_inclination * cosine_inclination - 1.0)
    return node, argument


@kernel
def plane_at(
    semi_major_axis_km: float,
    inclination_rad: float,
    raan_rad: float,
    since_epoch_s: float,
    rotation_rad: float,
) -> tuple[float, float, float, float, float]:
    """What satellites of one plane share at an instant: see ``place_in_plane_km``.

    Sine and cosine of the inclination and of the node in ITRS, and the rate along the orbit.
    """
    sine_inclination, cosine_inclination = sine_cosine(inclination_rad)
    node_rate, argument_rate = orbit_rates_rad_per_s(semi_major_axis_km, cosine_inclination)
    sine_node, cosine_node = sine_cosine(raan_rad + node_rate * since_epoch_s - rotation_rad)
    return sine_inclination, cosine_inclination, sine_node, cosine_node, argument_rate


@kernel
def place_in_plane_km(
    plane: tuple[float, float, float, float, float],
    semi_major_axis_km: float,
    argument_rad: float,
    since_epoch_s: float,
) -> tuple[float, float, float]:
    """One satellite's x, y, z in ITRS, in the plane it shares with others."""
    sine_inclination, cosine_inclination, sine_node, cosine_node, argument_rate = plane
    sine_u, cosine_u = sine_cosine(argument_rad + argument_rate * since_epoch_s)
    along_km = semi_major_axis_km * cosine_u
    across_km = semi_major_axis_km * sine_u
    level_km = across_km * cosine_inclination
    return (
        along_km * cosine_node - level_km * sine_node,
        along_km * sine_node + level_km * cosine_node,
        across_km * sine_inclination,
    )


@kernel
def _write_positions(
    semi_major_axis_km: FloatArray,
    inclination_rad: FloatArray,
    raan_rad: FloatArray,
    argument_rad: FloatArray,
    since_epoch_s: float,
    rotation_rad: float,
    x_km: RealArray,
    y_km: RealArray,
    z_km: RealArray,
) -> None:
    """Fill the three columns; a plane is worked out once for the neighbours that share it."""
    plane = (0.0, 0.0, 0.0, 0.0, 0.0)
    for row in range(semi_major_axis_km.size):
        is_new = row == 0 or not (
            raan_rad[row] == raan_rad[row - 1]
            and semi_major_axis_km[row] == semi_major_axis_km[row - 1]
            and inclination_rad[row] == inclination_rad[row - 1]
        )
        if is_new:
            plane = plane_at(
                semi_major_axis_km[row],
                inclination_rad[row],
                raan_rad[row],
                since_epoch_s,
                rotation_rad,
            )
        x_km[row], y_km[row], z_km[row] = place_in_plane_km(
            plane, semi_major_axis_km[row], argument_rad[row], since_epoch_s
        )
