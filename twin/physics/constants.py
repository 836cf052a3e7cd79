"""Physical constants: nature's numbers, each with its unit and source.

What somebody chose or estimated (an array's area, a launch price) is an assumption and never here.
"""

from __future__ import annotations

from typing import Final

EARTH_RADIUS_KM: Final = 6371.0
"""Mean radius (IUGG, rounded): the Earth that casts the shadow."""

EARTH_EQUATORIAL_RADIUS_KM: Final = 6378.137
"""WGS 84. An orbit's *altitude* is its semi-major axis less this."""

EARTH_FLATTENING_RATIO: Final = 1.0 / 298.257223563
"""WGS 84."""

EARTH_MU_KM3_PER_S2: Final = 398600.4418
"""Gravitational parameter, WGS 84."""

EARTH_J2_RATIO: Final = 1.08262668e-3
"""Second zonal harmonic, unnormalised, EGM96 (NASA TP-1998-206861)."""

ASTRONOMICAL_UNIT_KM: Final = 149_597_870.7
"""IAU 2012 Resolution B2, exact."""

SUN_RADIUS_KM: Final = 695_700.0
"""Nominal solar radius, IAU 2015 Resolution B3."""

SOLAR_CONSTANT_W_PER_M2: Final = 1361.0
"""Sunlight at one astronomical unit (Kopp & Lean 2011)."""

EARTH_INFRARED_W_PER_M2: Final = 237.0
"""Mean heat the Earth sends out (value used by the published orbital data-centre models)."""

EARTH_ALBEDO_FRACTION: Final = 0.30
"""Bond albedo (NASA Earth fact sheet 0.294, rounded as the same models do)."""

STEFAN_BOLTZMANN_W_PER_M2_K4: Final = 5.670374419e-8
"""CODATA 2018, exact."""
