"""Catalogued satellites on their SGP4 orbits, all of them at one instant."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from sgp4.api import SatrecArray, accelerated
from skyfield.api import load
from skyfield.framelib import itrs
from skyfield.sgp4lib import TEME
from skyfield.timelib import Timescale

from twin.arrays import FloatArray, UInt8Array
from twin.physics.earth import DAY_NS
from twin.physics.kernel import kernel

UNIX_EPOCH_JD: Final = 2440587.5


def positions_itrs_km(satrecs: SatrecArray, instant_ns: int) -> tuple[FloatArray, UInt8Array]:
    """Positions in axes that turn with the Earth, shape ``(n, 3)``, and an SGP4 code per row.

    Code 0 is sound; a row with another code is NaN: see ``sgp4.api.SGP4_ERRORS`` (6: decayed).
    Agrees with ``EarthSatellite(...).at(t).frame_xyz(itrs)`` to a metre. The orbits are as good as
    their elements are fresh: some kilometres off after days.
    """
    assert accelerated, "sgp4 was installed without its C++ extension: 100 times slower"
    days, rest_ns = divmod(instant_ns, DAY_NS)
    # SGP4 takes UTC. Terrestrial Time here would move every satellite by 500 km.
    codes, teme_km, _ = satrecs.sgp4(np.array([UNIX_EPOCH_JD + days]), np.array([rest_ns / DAY_NS]))
    positions_km = np.empty((len(satrecs), 3))
    _rotate(teme_to_itrs(instant_ns), teme_km[:, 0, :], codes[:, 0], positions_km)
    return positions_km, codes[:, 0].copy()


def teme_to_itrs(instant_ns: int) -> FloatArray:
    """Rotation, shape ``(3, 3)``, from SGP4's axes to those that turn with the Earth.

    It goes by way of GCRS as Skyfield does, so that both agree to rounding.
    """
    days, rest_ns = divmod(instant_ns, DAY_NS)
    # Days apart from seconds: seconds since 1970 alone would leave out the leap seconds.
    instant = _timescale().utc(1970, 1, 1 + days, 0, 0, rest_ns / 1e9)
    return np.ascontiguousarray(itrs.rotation_at(instant) @ TEME.rotation_at(instant).T)


@cache
def _timescale() -> Timescale:
    """Leap seconds and delta T that come with Skyfield: no file, no network, no expiry."""
    return load.timescale(builtin=True)


@kernel
def _rotate(
    rotation: FloatArray, given_km: FloatArray, codes: UInt8Array, rotated_km: FloatArray
) -> None:
    """Rotate each sound row; spelt out, because a matrix product's bits depend on the processor."""
    for row in range(given_km.shape[0]):
        x, y, z = given_km[row, 0], given_km[row, 1], given_km[row, 2]
        for axis in range(3):
            rotated_km[row, axis] = (
                rotation[axis, 0] * x + rotation[axis, 1] * y + rotation[axis, 2] * z
                if codes[row] == 0
                else np.nan
            )
