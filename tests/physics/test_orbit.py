"""The closed-form orbit against a slow reference, an integrator, and SGP4."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from sgp4.api import WGS84, Satrec
from sky import instant_ns

from twin.physics.constants import (
    EARTH_EQUATORIAL_RADIUS_KM,
    EARTH_J2_RATIO,
    EARTH_MU_KM3_PER_S2,
)
from twin.physics.earth import earth_rotation_rad
from twin.physics.orbit import (
    CircularOrbits,
    orbit_rates_rad_per_s,
    place_in_plane_km,
    plane_at,
    positions_itrs_km,
    write_positions_km,
)
from twin.physics.walker import walker

EPOCH_NS = instant_ns("2029-01-01T00:00:00+00:00")
DAY_S = 86400
DAY_NS = DAY_S * 1_000_000_000
SEMI_MAJOR_KM = EARTH_EQUATORIAL_RADIUS_KM + 550.0


def shell(planes_count: int = 7, per_plane_count: int = 11) -> CircularOrbits:
    """A small shell at 550 km, 53 degrees."""
    return walker(
        planes_count=planes_count,
        satellites_per_plane_count=per_plane_count,
        altitude_km=550.0,
        inclination_deg=53.0,
        epoch_ns=EPOCH_NS,
        phasing=3,
    )


def slow_position_km(orbits: CircularOrbits, row: int, at_ns: int) -> NDArray[np.float64]:
    """The same orbit by rotation matrices and the C library's trigonometry."""
    a, tilt = orbits.semi_major_axis_km[row], orbits.inclination_rad[row]
    elapsed = (at_ns - orbits.epoch_ns) / 1e9
    motion = math.sqrt(EARTH_MU_KM3_PER_S2 / a**3)
    pull = 1.5 * EARTH_J2_RATIO * (EARTH_EQUATORIAL_RADIUS_KM / a) ** 2 * motion
    node = orbits.raan_rad[row] - pull * math.cos(tilt) * elapsed
    argument_rate = motion + pull * (3.0 - 4.0 * math.sin(tilt) ** 2)
    argument = orbits.argument_rad[row] + argument_rate * elapsed
    in_plane = np.array([a * math.cos(argument), a * math.sin(argument), 0.0])
    turn = about_z(node - earth_rotation_rad(at_ns)) @ about_x(tilt)
    return np.asarray(turn @ in_plane)


def about_x(angle: float) -> NDArray[np.float64]:
    """Rotation about the x axis."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])


def about_z(angle: float) -> NDArray[np.float64]:
    """Rotation about the z axis."""
    c, s = math.cos(angle), math.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


@pytest.mark.parametrize("days", [0, 1, -3, 365, 3650])
def test_positions_agree_with_a_slow_reference_to_a_centimetre(days: int) -> None:
    orbits = shell()
    at_ns = EPOCH_NS + days * DAY_NS + 12_345_678_901

    fast = positions_itrs_km(orbits, at_ns)

    slow = [slow_position_km(orbits, row, at_ns) for row in range(len(orbits))]
    assert fast == pytest.approx(np.array(slow), abs=1e-5)


@pytest.mark.parametrize(
    ("altitude_km", "inclination_deg", "drift_deg_per_day"),
    # 550 km / 53 deg: -4.5 as published for Starlink's first shell; polar: none; 97.79 deg at
    # 600 km: sun-synchronous, 360 degrees in a tropical year.
    [(550.0, 53.0, -4.49), (600.0, 90.0, 0.0), (600.0, 97.79, 0.9856)],
)
def test_nodes_drift_as_textbooks_say(
    altitude_km: float, inclination_deg: float, drift_deg_per_day: float
) -> None:
    cosine = math.cos(math.radians(inclination_deg))

    node_rate, _ = orbit_rates_rad_per_s(EARTH_EQUATORIAL_RADIUS_KM + altitude_km, cosine)

    assert math.degrees(node_rate) * DAY_S == pytest.approx(drift_deg_per_day, abs=0.01)


@pytest.mark.parametrize("inclination_deg", [0.5, 43.0, 53.0, 70.0, 97.6])
def test_secular_rates_agree_with_sgp4_to_the_second_order_it_adds(inclination_deg: float) -> None:
    satrec = sgp4_orbit(inclination_deg)
    semi_major_km = satrec.a * satrec.radiusearthkm

    node, argument = orbit_rates_rad_per_s(semi_major_km, math.cos(math.radians(inclination_deg)))

    assert node * 60.0 == pytest.approx(satrec.nodedot, rel=8e-3)
    assert argument * 60.0 == pytest.approx(satrec.mdot + satrec.argpdot, rel=3e-5)


@pytest.mark.parametrize("inclination_deg", [43.0, 53.0, 70.0, 97.6])
def test_a_day_later_the_orbit_is_within_25_km_of_sgp4(inclination_deg: float) -> None:
    satrec = sgp4_orbit(inclination_deg)
    tilt, a = math.radians(inclination_deg), satrec.a * satrec.radiusearthkm
    worst_km = 0.0

    for minute in range(0, 1440, 7):
        plane = plane_at(a, tilt, 1.0, minute * 60.0, 0.0)
        mine = place_in_plane_km(plane, a, 0.5, minute * 60.0)
        _, theirs, _ = satrec.sgp4_tsince(minute)
        worst_km = max(worst_km, math.dist(mine, theirs))

    assert worst_km < 25.0


def sgp4_orbit(inclination_deg: float) -> Satrec:
    """A dragless, circular satellite at about 550 km: node 1.0 rad, argument 0.5 rad."""
    satrec = Satrec()
    satrec.sgp4init(
        WGS84, "i", 1, 28000.0, 0.0, 0.0, 0.0, 1e-9, 0.0,
        math.radians(inclination_deg), 0.5, math.tau / 95.6, 1.0,
    )  # fmt: skip
    return satrec


def test_the_node_drifts_as_an_integration_of_the_equations_of_motion_does() -> None:
    orbits = shell(1, 1)
    node_rate, _ = orbit_rates_rad_per_s(SEMI_MAJOR_KM, math.cos(orbits.inclination_rad[0]))

    nodes_rad, crossings_s = integrated_nodes(SEMI_MAJOR_KM, orbits.inclination_rad[0])

    drift = np.polyfit(crossings_s, np.unwrap(nodes_rad), 1)[0]
    assert node_rate == pytest.approx(drift, rel=0.005)


def integrated_nodes(a_km: float, tilt_rad: float) -> tuple[list[float], list[float]]:
    """Where and when a satellite crosses the equator northward during a day: Runge-Kutta, 20 s."""
    speed = math.sqrt(EARTH_MU_KM3_PER_S2 / a_km)
    state = np.array(
        [a_km, 0, 0, 0, speed * math.cos(tilt_rad), speed * math.sin(tilt_rad)], dtype=float
    )
    nodes, crossings, step = [], [], 20.0
    for count in range(int(DAY_S / step)):
        before = state
        k1 = motion(state)
        k2 = motion(state + step / 2 * k1)
        k3 = motion(state + step / 2 * k2)
        k4 = motion(state + step * k3)
        state = state + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        if before[2] < 0.0 <= state[2]:
            share = -before[2] / (state[2] - before[2])
            x, y = (before + share * (state - before))[:2]
            nodes.append(math.atan2(y, x))
            crossings.append((count + share) * step)
    return nodes, crossings


def motion(state: NDArray[np.float64]) -> NDArray[np.float64]:
    """Velocity and acceleration under a point mass and J2."""
    x, y, z = state[:3]
    r2 = x * x + y * y + z * z
    pull = -EARTH_MU_KM3_PER_S2 / r2**1.5
    flat = 1.5 * EARTH_J2_RATIO * EARTH_EQUATORIAL_RADIUS_KM**2 / r2
    level = pull * (1.0 + flat * (1.0 - 5.0 * z * z / r2))
    upright = pull * (1.0 + flat * (3.0 - 5.0 * z * z / r2))
    return np.array([*state[3:], level * x, level * y, upright * z])


def test_columns_of_float32_hold_the_float64_positions_rounded_once() -> None:
    orbits, at_ns = shell(), EPOCH_NS + DAY_NS
    columns = np.empty((3, len(orbits)), dtype=np.float32)

    write_positions_km(orbits, at_ns, x_km=columns[0], y_km=columns[1], z_km=columns[2])

    assert np.array_equal(columns.T, positions_itrs_km(orbits, at_ns).astype(np.float32))


def test_a_satellite_has_the_same_bits_alone_as_among_others() -> None:
    orbits, at_ns = shell(), EPOCH_NS + DAY_NS
    together = positions_itrs_km(orbits, at_ns)

    alone = [
        positions_itrs_km(
            CircularOrbits(
                semi_major_axis_km=orbits.semi_major_axis_km[row : row + 1],
                inclination_rad=orbits.inclination_rad[row : row + 1],
                raan_rad=orbits.raan_rad[row : row + 1],
                argument_rad=orbits.argument_rad[row : row + 1],
                epoch_ns=orbits.epoch_ns,
            ),
            at_ns,
        )[0]
        for row in range(len(orbits))
    ]

    assert together.tobytes() == np.array(alone).tobytes()


def test_the_bits_of_a_shell_are_the_same_on_every_processor() -> None:
    # The digest was taken once; only + - x / sqrt and floor go into it, so it may never move.
    positions = positions_itrs_km(shell(), EPOCH_NS + 100 * DAY_NS + 1)

    assert hashlib.sha256(positions.tobytes()).hexdigest() == (
        "f4aac108863cd167c1a522dc3eb0896fc820377b1206b04ba4c8e9ff1916a365"
    )
