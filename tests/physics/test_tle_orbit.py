"""SGP4 for a whole fleet at once against Skyfield's one satellite at a time."""

from __future__ import annotations

import numpy as np
import pytest
from sgp4.api import Satrec, SatrecArray
from sky import instant_ns, sky_time
from skyfield.api import EarthSatellite
from skyfield.framelib import itrs
from skyfield.timelib import Timescale

from twin.physics.tle_orbit import positions_itrs_km, teme_to_itrs

ISS = (
    "1 25544U 98067A   26150.51748228  .00011776  00000+0  21767-3 0  9998",
    "2 25544  51.6337  27.5746 0007245 114.7080 245.4664 15.49496548569014",
)
# The same, falling: drag 0.99999 and a year later there is nothing left to propagate.
FALLING = (
    "1 25545U 98067A   26150.51748228  .00011776  00000+0  99999+0 0  9996",
    "2 25545  51.6337  27.5746 0007245 114.7080 245.4664 15.49496548569015",
)
METRE_KM = 0.001


@pytest.fixture(scope="module")
def fleet(starlink_tle: str, timescale: Timescale) -> list[EarthSatellite]:
    """Every satellite of the catalogue, as Skyfield has it."""
    lines = starlink_tle.splitlines()
    return [
        EarthSatellite(lines[row + 1], lines[row + 2], ts=timescale)
        for row in range(0, len(lines) - 2, 3)
    ]


@pytest.mark.parametrize(
    "at", ["2026-05-30T00:00:00+00:00", "2026-06-01T13:37:42+00:00", "2026-05-27T23:59:59+00:00"]
)
def test_every_starlink_stands_where_skyfield_puts_it_to_a_metre(
    at: str, fleet: list[EarthSatellite], timescale: Timescale
) -> None:
    at_ns = instant_ns(at)
    satrecs = SatrecArray([satellite.model for satellite in fleet])

    positions, codes = positions_itrs_km(satrecs, at_ns)

    time = sky_time(timescale, at_ns)
    truth = np.array([satellite.at(time).frame_xyz(itrs).km for satellite in fleet])
    sound = codes == 0
    assert len(fleet) == 10_395
    assert sound.sum() > 10_380
    assert np.linalg.norm(positions - truth, axis=1)[sound].max() < METRE_KM


def test_a_decayed_satellite_is_nan_with_its_code_and_its_neighbour_is_sound() -> None:
    satrecs = SatrecArray([Satrec.twoline2rv(*FALLING), Satrec.twoline2rv(*ISS)])

    positions, codes = positions_itrs_km(satrecs, instant_ns("2026-06-30T00:00:00+00:00"))

    assert codes[0] != 0
    assert codes[1] == 0
    assert np.isnan(positions[0]).all()
    assert 6_700 < np.linalg.norm(positions[1]) < 6_900


def test_no_satellites_give_no_rows() -> None:
    positions, codes = positions_itrs_km(SatrecArray([]), instant_ns("2026-06-30T00:00:00+00:00"))

    assert positions.shape == (0, 3)
    assert codes.shape == (0,)


def test_half_a_second_is_not_lost() -> None:
    satrecs = SatrecArray([Satrec.twoline2rv(*ISS)])
    at_ns = instant_ns("2026-05-30T12:00:00+00:00")

    (early,), _ = positions_itrs_km(satrecs, at_ns)
    (late,), _ = positions_itrs_km(satrecs, at_ns + 500_000_000)

    assert np.linalg.norm(late - early) == pytest.approx(3.7, abs=0.2)


def test_the_rotation_keeps_lengths_and_hands() -> None:
    rotation = teme_to_itrs(instant_ns("2027-01-01T00:00:00+00:00"))

    assert rotation @ rotation.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)
