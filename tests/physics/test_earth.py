"""Earth and Sun against Skyfield with JPL's ephemeris, over the years the twin is asked about."""

from __future__ import annotations

import numpy as np
import pytest
from sky import instant_ns, sky_time
from skyfield.api import wgs84
from skyfield.framelib import itrs
from skyfield.timelib import Timescale
from skyfield.vectorlib import VectorFunction

from twin.physics.earth import (
    beta_rad,
    earth_rotation_rad,
    subpoint,
    sun_direction_inertial,
    sun_direction_itrs,
    sun_distance_au,
)

START_NS = instant_ns("2025-01-01T00:00:00+00:00")
END_NS = instant_ns("2031-01-01T00:00:00+00:00")
INSTANTS_NS = [START_NS + (END_NS - START_NS) // 150 * step for step in range(150)]
NOON_NS = instant_ns("2026-03-20T12:00:00+00:00")


def test_the_sun_stands_where_skyfield_puts_it_to_two_hundredths_of_a_degree(
    timescale: Timescale, ephemeris: dict[str, VectorFunction]
) -> None:
    errors_deg = []

    for at_ns in INSTANTS_NS:
        seen = ephemeris["earth"].at(sky_time(timescale, at_ns)).observe(ephemeris["sun"])
        truth = seen.apparent().frame_xyz(itrs).au
        across = np.cross(sun_direction_itrs(at_ns), truth / np.linalg.norm(truth))
        errors_deg.append(np.degrees(np.arcsin(np.linalg.norm(across))))

    assert max(errors_deg) < 0.02


def test_the_sun_is_as_far_as_skyfield_says_to_two_ten_thousandths(
    timescale: Timescale, ephemeris: dict[str, VectorFunction]
) -> None:
    for at_ns in INSTANTS_NS:
        seen = ephemeris["earth"].at(sky_time(timescale, at_ns)).observe(ephemeris["sun"])

        assert sun_distance_au(at_ns) == pytest.approx(seen.distance().au, abs=2e-4)


def test_the_earth_has_turned_as_far_as_skyfield_says_to_five_thousandths_of_a_degree(
    timescale: Timescale,
) -> None:
    for at_ns in INSTANTS_NS:
        truth_deg = sky_time(timescale, at_ns).gmst * 15.0
        error_deg = (np.degrees(earth_rotation_rad(at_ns)) - truth_deg + 180.0) % 360.0 - 180.0

        assert abs(error_deg) < 0.005


def test_the_earth_turns_once_in_a_sidereal_day_and_does_not_jump_at_noon() -> None:
    step_ns = 1_000_000_000
    angles = [earth_rotation_rad(NOON_NS + step * step_ns) for step in range(-3, 4)]

    assert np.diff(angles) == pytest.approx(np.full(6, 7.292115e-5), rel=1e-6)


def test_a_direction_to_the_sun_has_unit_length_in_both_frames() -> None:
    for direction in (sun_direction_inertial(NOON_NS), sun_direction_itrs(NOON_NS)):
        assert np.linalg.norm(direction) == pytest.approx(1.0, abs=1e-15)


def test_the_sun_crosses_the_greenwich_meridian_about_noon() -> None:
    x, y, _ = sun_direction_itrs(NOON_NS)

    assert np.degrees(np.arctan2(y, x)) == pytest.approx(1.9, abs=0.2)  # equation of time, 7.5 min


def test_the_beta_of_an_equatorial_orbit_is_the_suns_declination() -> None:
    june = sun_direction_inertial(instant_ns("2026-06-21T12:00:00+00:00"))

    beta = beta_rad(np.zeros(1), np.zeros(1), june)

    assert np.degrees(beta) == pytest.approx([23.44], abs=0.02)


def test_beta_is_a_right_angle_where_the_sun_stands_on_the_orbits_pole() -> None:
    inclination, raan = np.radians([97.0]), np.radians([30.0])
    pole = np.array(
        [
            np.sin(inclination[0]) * np.sin(raan[0]),
            -np.sin(inclination[0]) * np.cos(raan[0]),
            np.cos(inclination[0]),
        ]
    )

    beta = beta_rad(inclination, raan, pole)

    assert np.degrees(beta) == pytest.approx([90.0], abs=1e-5)


def test_subpoints_come_back_from_the_places_skyfield_puts_above_them() -> None:
    places = [(0.0, 0.0, 550.0), (51.6, -0.1, 420.0), (-33.0, 151.0, 1200.0), (89.9, -179.0, 35.0)]
    positions = np.array(
        [wgs84.latlon(lat, lon, elevation_m=km * 1e3).itrs_xyz.km for lat, lon, km in places]
    )

    latitude_deg, longitude_deg, height_km = subpoint(positions)

    assert latitude_deg == pytest.approx([lat for lat, _, _ in places], abs=1e-7)
    assert longitude_deg == pytest.approx([lon for _, lon, _ in places], abs=1e-7)
    assert height_km == pytest.approx([km for _, _, km in places], abs=1e-6)


def test_a_position_that_is_nan_has_a_subpoint_that_is_nan() -> None:
    subpoints = subpoint(np.full((1, 3), np.nan))

    assert np.isnan(subpoints).all()
