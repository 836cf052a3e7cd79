"""Flying: positions and sunlight of a fleet at one instant, satellites a second on one core."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from skyfield.api import EarthSatellite, load, load_file
from skyfield_data import get_skyfield_data_path

from tests.bench.figures import Figure, best_s
from twin.physics.earth import sun_direction_itrs
from twin.physics.orbit import positions_itrs_km
from twin.physics.sunlight import illumination_fraction
from twin.physics.tle_orbit import positions_itrs_km as catalogued_positions_km
from twin.physics.walker import walker
from twin.simulate.catalogue import read_catalogue
from twin.units import parse_instant

SHELL = {"planes_count": 100, "satellites_per_plane_count": 200}
TLE = (
    "1 25544U 98067A   26275.01380287  .00003738  00000+0  76743-4 0  9992",
    "2 25544  51.6312 131.4121 0006946 211.9293 148.1275 15.48707684588318",
)


def figures() -> Iterator[Figure]:
    """Closed form beside SGP4 in arrays, and SGP4 beside one object a satellite."""
    start_ns = parse_instant("2026-10-02T00:00:00Z")
    orbits = walker(**SHELL, altitude_km=480.0, inclination_deg=53.0, epoch_ns=start_ns)
    sun = sun_direction_itrs(start_ns)
    count = SHELL["planes_count"] * SHELL["satellites_per_plane_count"]
    catalogue = read_catalogue(_tles(2_000))

    def closed_form() -> None:
        illumination_fraction(positions_itrs_km(orbits, start_ns), sun)

    def sgp4() -> None:
        positions, _ = catalogued_positions_km(catalogue.satrecs, start_ns)
        illumination_fraction(positions, sun)

    closed = count / best_s(closed_form, repeats_count=30)
    arrays = len(catalogue) / best_s(sgp4, repeats_count=30)
    yield Figure(
        "fly a synthetic shell, with sunlight, one core",
        closed,
        "satellites/s",
        wanted="≥ 2 M",
        beside="SGP4 arrays",
        beside_value=arrays,
    )
    yield Figure(
        "fly a catalogue (SGP4), with sunlight, one core",
        arrays,
        "satellites/s",
        beside="Skyfield, one object each",
        beside_value=_skyfield_rate(),
    )


def _skyfield_rate() -> float:
    timescale = load.timescale(builtin=True)
    # The ephemeris alone is used; the package warns of another file of its that has expired.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        folder = get_skyfield_data_path()
    planets = load_file(f"{folder}/de421.bsp")
    satellite = EarthSatellite(*TLE, "ISS", timescale)
    instant = timescale.utc(2026, 10, 2)
    return 1.0 / best_s(lambda: satellite.at(instant).is_sunlit(planets), repeats_count=20)


def _tles(count: int) -> bytes:
    """Element sets of made-up satellites in one shell, with right checksums."""
    lines: list[str] = []
    angles = np.linspace(0.0, 359.9, count)
    for number, angle in enumerate(angles, start=70_001 - count):
        first = f"1 {number:05d}U 19074B   26274.50000000  .00000100  00000+0  10000-4 0  999"
        second = (
            f"2 {number:05d}  53.0500 {angle:8.4f} 0002000  90.0000 {angle:8.4f} 15.30000000    1"
        )
        lines += [first + _checksum(first), second + _checksum(second)]
    return "\n".join(lines).encode()


def _checksum(line: str) -> str:
    return str(sum(int(c) if c.isdigit() else c == "-" for c in line) % 10)
