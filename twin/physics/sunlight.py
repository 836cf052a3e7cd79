"""How much of the Sun a satellite sees past the Earth.

The shadow is a cone about the axis from the Sun through the Earth's centre, with an edge that fades
linearly across the penumbra; the Earth is a sphere and refracts nothing.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from twin.arrays import FloatArray, RealArray
from twin.physics.constants import ASTRONOMICAL_UNIT_KM, EARTH_RADIUS_KM, SUN_RADIUS_KM
from twin.physics.kernel import kernel

SUN_SLOPE_RATIO: Final = SUN_RADIUS_KM / ASTRONOMICAL_UNIT_KM
"""Tangent of the Sun's angular radius at its mean distance."""


@kernel
def illumination(
    x_km: float, y_km: float, z_km: float, sun_x: float, sun_y: float, sun_z: float
) -> float:
    """Share of the Sun's disc that one satellite sees, 0 to 1. For use inside other kernels.

    Position and unit vector to the Sun are in the same axes, whichever they are. NaN gives NaN.
    """
    toward_km = x_km * sun_x + y_km * sun_y + z_km * sun_z
    # max(): rounding may leave a satellite on the axis a hair below zero.
    off_axis_km = math.sqrt(
        max(x_km * x_km + y_km * y_km + z_km * z_km - toward_km * toward_km, 0.0)
    )
    half_edge_km = -toward_km * SUN_SLOPE_RATIO
    fading = (off_axis_km - EARTH_RADIUS_KM + half_edge_km) / (2.0 * half_edge_km)
    shaded = min(max(fading, 0.0), 1.0)
    return 1.0 if toward_km >= 0.0 else shaded


@kernel
def write_illumination(
    x_km: RealArray, y_km: RealArray, z_km: RealArray, sun: FloatArray, seen_fraction: RealArray
) -> None:
    """Fill ``seen_fraction``, ``(n,)``, for three columns of positions; ``sun`` is ``(3,)``."""
    for row in range(x_km.size):
        seen_fraction[row] = illumination(x_km[row], y_km[row], z_km[row], sun[0], sun[1], sun[2])


def illumination_fraction(positions_km: FloatArray, sun: FloatArray) -> FloatArray:
    """Share of the Sun's disc each satellite sees, shape ``(n,)``, for positions ``(n, 3)``."""
    x_km, y_km, z_km = np.ascontiguousarray(positions_km.T)
    seen_fraction = np.empty(x_km.size)
    write_illumination(x_km, y_km, z_km, sun, seen_fraction)
    return seen_fraction


def eclipse_fraction(altitude_km: FloatArray | float, beta_rad: FloatArray | float) -> FloatArray:
    """Share of a circular orbit spent in the shadow of a cylinder of one mean Earth radius.

    Arguments broadcast. ``altitude_km`` counts from that radius. Zero where the orbit never meets
    the shadow, at most a half, NaN where the altitude is negative.
    Source: plane geometry; checked against tests/golden/eclipse.csv.
    """
    altitude = np.asarray(altitude_km, dtype=np.float64)
    squared = np.where(altitude < 0.0, np.nan, altitude * (altitude + 2.0 * EARTH_RADIUS_KM))
    # At 90 degrees the cosine is nearly zero and the ratio large: no eclipse, as it should be.
    ratio = np.sqrt(squared) / ((EARTH_RADIUS_KM + altitude) * np.cos(beta_rad))
    return np.asarray(np.arccos(np.minimum(ratio, 1.0)) / np.pi)
