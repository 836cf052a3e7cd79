"""The shadow: its closed form against a table, its cone against Skyfield on real satellites."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sky import instant_ns, sky_time
from skyfield.api import EarthSatellite
from skyfield.framelib import itrs
from skyfield.timelib import Timescale
from skyfield.vectorlib import VectorFunction

from twin.physics.constants import EARTH_MU_KM3_PER_S2, EARTH_RADIUS_KM
from twin.physics.earth import sun_direction_itrs
from twin.physics.sunlight import (
    SUN_SLOPE_RATIO,
    eclipse_fraction,
    illumination,
    illumination_fraction,
    write_illumination,
)

GOLDEN = Path(__file__).resolve().parents[1] / "golden" / "eclipse.csv"
SUN = np.array([1.0, 0.0, 0.0])


def golden_rows() -> list[dict[str, float]]:
    """The table, without its heading of provenance."""
    lines = [line for line in GOLDEN.read_text().splitlines() if not line.startswith("#")]
    return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(lines)]


@pytest.mark.parametrize("row", golden_rows(), ids=lambda row: f"{row['altitude_km']:g} km")
def test_eclipses_are_as_long_as_the_table_says(row: dict[str, float]) -> None:
    betas_rad = np.radians([0.0, 45.0, 60.0])

    fractions = eclipse_fraction(row["altitude_km"], betas_rad)

    expected = [row[f"beta_{beta}_fraction"] for beta in (0, 45, 60)]
    assert fractions == pytest.approx(expected, abs=0.000051)


@pytest.mark.parametrize("row", golden_rows(), ids=lambda row: f"{row['altitude_km']:g} km")
def test_eclipses_end_at_the_beta_the_table_says(row: dict[str, float]) -> None:
    below, above = np.radians(
        [row["no_eclipse_beta_deg"] - 0.051, row["no_eclipse_beta_deg"] + 0.051]
    )

    assert eclipse_fraction(row["altitude_km"], below) > 0.0
    assert eclipse_fraction(row["altitude_km"], above) == 0.0


@pytest.mark.parametrize("row", golden_rows(), ids=lambda row: f"{row['altitude_km']:g} km")
def test_the_table_and_the_constants_agree_on_the_period(row: dict[str, float]) -> None:
    radius_km = EARTH_RADIUS_KM + row["altitude_km"]

    period_s = math.tau * math.sqrt(radius_km**3 / EARTH_MU_KM3_PER_S2)

    assert period_s / 60.0 == pytest.approx(row["period_min"], abs=0.0051)


def test_eclipse_is_nan_below_ground_none_side_on_and_half_an_orbit_at_the_surface() -> None:
    fractions = eclipse_fraction(np.array([-1.0, 550.0, 0.0]), np.radians([0.0, 90.0, 0.0]))

    assert fractions == pytest.approx([math.nan, 0.0, 0.5], nan_ok=True)


@pytest.mark.parametrize("beta_deg", [0.0, 30.0, 60.0, 66.0, 80.0])
def test_an_orbit_walked_step_by_step_is_dark_as_long_as_the_closed_form_says(
    beta_deg: float,
) -> None:
    altitude_km, beta = 550.0, math.radians(beta_deg)
    radius_km = EARTH_RADIUS_KM + altitude_km
    turn = np.linspace(0.0, math.tau, 20_000, endpoint=False)
    positions = radius_km * np.stack([np.cos(turn), np.sin(turn), np.zeros_like(turn)], axis=1)
    sun = np.array([math.cos(beta), 0.0, math.sin(beta)])

    dark_fraction = 1.0 - illumination_fraction(positions, sun).mean()

    assert dark_fraction == pytest.approx(float(eclipse_fraction(altitude_km, beta)), abs=0.003)


def behind(off_axis_km: float, behind_km: float = 2700.0) -> float:
    """Light at a distance behind the Earth's centre and off the shadow's axis."""
    return illumination(-behind_km, off_axis_km, 0.0, 1.0, 0.0, 0.0)


def test_light_fades_linearly_across_the_penumbra() -> None:
    half_edge_km = 2700.0 * SUN_SLOPE_RATIO

    shares = [behind(EARTH_RADIUS_KM + step * half_edge_km) for step in (-1.01, -0.5, 0, 0.5, 1.01)]

    assert shares == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0])


def test_a_satellite_over_the_day_side_is_in_full_light_even_on_the_axis() -> None:
    shares = [
        illumination(x_km, y_km, 0.0, 1.0, 0.0, 0.0)
        for x_km, y_km in [(6900.0, 0.0), (1e-9, 6900.0), (0.0, 6900.0), (0.0, 6371.0)]
    ]

    assert shares == [1.0, 1.0, 1.0, 1.0]


def test_a_satellite_on_the_axis_behind_the_earth_is_in_the_dark() -> None:
    assert behind(0.0, 6900.0) == 0.0


def test_a_position_that_is_nan_has_light_that_is_nan() -> None:
    assert math.isnan(illumination(math.nan, 0.0, 0.0, 1.0, 0.0, 0.0))


@given(st.floats(-9e3, 9e3), st.floats(-9e3, 9e3), st.floats(-9e3, 9e3))
def test_light_is_between_none_and_all_and_never_less_farther_from_the_axis(
    x_km: float, y_km: float, z_km: float
) -> None:
    here = illumination(x_km, y_km, z_km, 1.0, 0.0, 0.0)
    farther = illumination(x_km, 1.01 * y_km, 1.01 * z_km, 1.0, 0.0, 0.0)

    assert 0.0 <= here <= farther <= 1.0


def test_columns_of_float32_are_lit_like_their_float64_values() -> None:
    columns = np.array([[-2700.0, -2700.0], [6300.0, 6380.0], [0.0, 0.0]], dtype=np.float32)
    seen = np.empty(2, dtype=np.float32)

    write_illumination(columns[0], columns[1], columns[2], SUN, seen)

    expected = illumination_fraction(columns.T.astype(np.float64), SUN)
    assert np.array_equal(seen, expected.astype(np.float32))


@pytest.mark.parametrize("at", ["2026-05-30T06:00:00+00:00", "2026-06-02T19:30:00+00:00"])
def test_real_satellites_are_lit_when_skyfield_says_so_outside_the_penumbra(
    at: str, starlink_tle: str, timescale: Timescale, ephemeris: dict[str, VectorFunction]
) -> None:
    time = sky_time(timescale, instant_ns(at))
    lines = starlink_tle.splitlines()
    states = [
        EarthSatellite(lines[row + 1], lines[row + 2], ts=timescale).at(time)
        for row in range(0, len(lines) - 2, 3 * 41)
    ]
    positions = np.array([state.frame_xyz(itrs).km for state in states])
    sun = sun_direction_itrs(instant_ns(at))

    mine = illumination_fraction(positions, sun)

    theirs = np.array([float(state.is_sunlit(ephemeris)) for state in states])
    clear = away_from_the_edge(positions, sun)
    assert np.array_equal(mine[clear], theirs[clear])
    assert clear.sum() > 240
    assert {0.0, 1.0} == set(theirs[clear])


def away_from_the_edge(
    positions: NDArray[np.float64], sun: NDArray[np.float64]
) -> NDArray[np.bool]:
    """Rows more than 25 km from the shadow's edge: penumbra, and Skyfield's larger Earth (7 km)."""
    toward_km = positions @ sun
    off_axis_km = np.linalg.norm(positions - toward_km[:, np.newaxis] * sun, axis=1)
    return np.asarray((toward_km > 0.0) | (np.abs(off_axis_km - EARTH_RADIUS_KM) > 25.0))
