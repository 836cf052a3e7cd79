"""Walker shells, and nodes by local time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sky import instant_ns

from twin.errors import BadInput
from twin.physics.constants import EARTH_EQUATORIAL_RADIUS_KM
from twin.physics.earth import beta_rad, sun_direction_inertial
from twin.physics.orbit import positions_itrs_km
from twin.physics.walker import local_time_raan_deg, walker

EPOCH_NS = instant_ns("2029-01-01T00:00:00+00:00")
DAY_NS = 86_400_000_000_000
DUSK_H = 18.0


def test_a_shell_has_its_planes_side_by_side_and_its_seats_evenly_spread() -> None:
    orbits = walker(
        planes_count=4, satellites_per_plane_count=3, altitude_km=550.0, inclination_deg=53.0,
        epoch_ns=EPOCH_NS, phasing=1,
    )  # fmt: skip

    assert np.degrees(orbits.raan_rad) == pytest.approx(np.repeat([0.0, 90.0, 180.0, 270.0], 3))
    assert np.degrees(orbits.argument_rad) == pytest.approx(
        [0, 120, 240, 30, 150, 270, 60, 180, 300, 90, 210, 330]
    )
    assert set(orbits.semi_major_axis_km) == {EARTH_EQUATORIAL_RADIUS_KM + 550.0}


def test_a_star_pattern_spreads_its_planes_over_half_a_turn_from_the_first() -> None:
    orbits = walker(
        planes_count=3, satellites_per_plane_count=1, altitude_km=1200.0, inclination_deg=88.0,
        epoch_ns=EPOCH_NS, raan_spread_deg=180.0, raan_first_deg=330.0,
    )  # fmt: skip

    assert np.degrees(orbits.raan_rad) == pytest.approx([330.0, 30.0, 90.0])


def test_no_two_satellites_of_a_filed_shell_come_within_ten_kilometres() -> None:
    orbits = walker(
        planes_count=72, satellites_per_plane_count=22, altitude_km=550.0, inclination_deg=53.0,
        epoch_ns=EPOCH_NS, phasing=39,
    )  # fmt: skip

    positions = positions_itrs_km(orbits, EPOCH_NS + DAY_NS // 3)

    nearest_km = min(
        np.partition(np.linalg.norm(positions - one, axis=1), 1)[1] for one in positions
    )
    assert nearest_km > 10.0


def test_a_dawn_dusk_orbit_keeps_the_sun_above_its_side_for_a_year() -> None:
    inclination = math.radians(97.99)  # sun-synchronous at 650 km

    days_ns = range(EPOCH_NS, EPOCH_NS + 365 * DAY_NS, 5 * DAY_NS)
    betas_rad = [
        beta_rad(
            np.array([inclination]),
            np.radians([local_time_raan_deg(day_ns, node_local_time_h=DUSK_H)]),
            sun_direction_inertial(day_ns),
        )[0]
        for day_ns in days_ns
    ]

    # A right angle less the Sun's declination and the orbit's tilt off the pole; equation of time.
    assert min(np.degrees(betas_rad)) > 55.0
    assert max(np.degrees(betas_rad)) < 90.0


def test_a_node_at_noon_lies_under_the_sun_and_six_hours_are_a_quarter_turn() -> None:
    equinox_ns = instant_ns("2026-03-20T14:46:00+00:00")

    noon_deg = local_time_raan_deg(equinox_ns, node_local_time_h=12.0)

    assert (noon_deg + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=2.0)
    dusk_deg = local_time_raan_deg(equinox_ns, node_local_time_h=DUSK_H)
    assert (dusk_deg - noon_deg) % 360.0 == pytest.approx(90.0)


@pytest.mark.parametrize(
    ("planes_count", "per_plane_count", "altitude_km", "field"),
    [
        (0, 22, 550.0, "planes_count"),
        (72, -1, 550.0, "satellites_per_plane_count"),
        (72, 22, -5.0, "altitude_km"),
        (72, 22, math.nan, "altitude_km"),
    ],
)
def test_an_impossible_shell_is_refused_and_the_field_is_named(
    planes_count: int, per_plane_count: int, altitude_km: float, field: str
) -> None:
    with pytest.raises(BadInput) as refusal:
        walker(
            planes_count=planes_count,
            satellites_per_plane_count=per_plane_count,
            altitude_km=altitude_km,
            inclination_deg=53.0,
            epoch_ns=EPOCH_NS,
        )

    assert refusal.value.field == field
