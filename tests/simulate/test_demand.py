from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.baseline import DemandProfile
from twin.simulate.demand import asked_at, asked_everywhere, asked_fraction

NOON_NS = 1_861_963_200_000_000_000
HOUR_NS = 3_600_000_000_000
LOCAL = DemandProfile(
    name="local", clock="local", base_fraction=0.5, amplitude_fraction=0.3, peak_h=20.0
)
UTC = DemandProfile(name="utc", clock="utc", base_fraction=0.8, amplitude_fraction=0.1, peak_h=20.0)


def busiest_longitude_deg(instant_ns: int) -> float:
    longitudes = np.arange(-180.0, 180.0)
    asked = asked_at(LOCAL, instant_ns)
    found = [
        asked_fraction(asked, 1.0, 7000 * np.cos(np.radians(d)), 7000 * np.sin(np.radians(d)))
        for d in longitudes
    ]
    return float(longitudes[int(np.argmax(found))])


@pytest.mark.parametrize(("hours", "longitude_deg"), [(0, 120.0), (8, 0.0), (12, -60.0)])
def test_local_demand_peaks_where_mean_solar_time_is_the_peak_hour(
    hours: int, longitude_deg: float
) -> None:
    found = busiest_longitude_deg(NOON_NS + hours * HOUR_NS)

    # The node the sidereal clock counts from lags the Sun's by a few minutes at most.
    assert abs((found - longitude_deg + 180.0) % 360.0 - 180.0) <= 1.0


def test_utc_demand_is_the_same_everywhere_and_peaks_at_its_hour() -> None:
    peak = asked_everywhere(UTC, NOON_NS + 8 * HOUR_NS)
    trough = asked_everywhere(UTC, NOON_NS - 4 * HOUR_NS)

    assert peak == pytest.approx(0.9)
    assert trough == pytest.approx(0.7)
    assert asked_at(UTC, NOON_NS).base_fraction == asked_everywhere(UTC, NOON_NS)


def test_a_region_scales_what_is_asked() -> None:
    asked = asked_at(LOCAL, NOON_NS)

    whole = asked_fraction(asked, 1.0, 5000.0, 4000.0)

    assert asked_fraction(asked, 0.5, 5000.0, 4000.0) == pytest.approx(whole / 2)


def test_above_a_pole_the_mean_of_the_day_is_asked() -> None:
    assert asked_fraction(asked_at(LOCAL, NOON_NS), 1.0, 0.0, 0.0) == pytest.approx(0.5)


@given(
    instant_ns=st.integers(0, 4_000_000_000_000_000_000),
    weight=st.floats(0, 1),
    x=st.floats(-8000, 8000),
    y=st.floats(-8000, 8000),
)
def test_what_is_asked_is_a_share(instant_ns: int, weight: float, x: float, y: float) -> None:
    assert 0.0 <= asked_fraction(asked_at(LOCAL, instant_ns), weight, x, y) <= 1.0
