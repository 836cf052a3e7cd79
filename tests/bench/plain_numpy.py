"""The observer in plain numpy: what one would write first; an oracle, and a rival in a bench."""

from __future__ import annotations

import numpy as np

from twin.frames import Frame, SatelliteSpec
from twin.physics.earth import sun_direction_itrs, sun_distance_au
from twin.physics.sunlight import illumination_fraction
from twin.quantities import QUANTITIES_COUNT, Q
from twin.region_grid import region_grid


def observed(frame: Frame) -> np.ndarray:
    """The summary matrix of a satellite frame, shape ``(regions, quantities)``."""
    spec, column = frame.spec, frame.columns
    assert isinstance(spec, SatelliteSpec)
    grid = region_grid(spec.regions)
    position = np.stack([column[name].astype("f8") for name in ("x_km", "y_km", "z_km")], axis=1)
    region = _regions(position, spec)
    sun = sun_direction_itrs(frame.header.tick_ns)
    sunlit = illumination_fraction(position, sun)
    full_w = spec.array_w / sun_distance_au(frame.header.tick_ns) ** 2
    array_w, load_w = column["array_w"].astype("f8"), column["load_w"].astype("f8")
    charge_wh, kelvin = column["charge_wh"].astype("f8"), column["temperature_k"].astype("f8")
    is_up = column["status"] == 0
    expected_w = np.where(is_up, sunlit * full_w, array_w)
    fraction = charge_wh / spec.battery_wh
    is_full, is_hot = fraction >= 0.999, kelvin > spec.temperature_max_k
    is_low = is_up & (fraction < spec.charge_reserve_fraction)
    array, load, expected = (_milli(x) for x in (array_w, load_w, expected_w))
    bus = np.minimum(load, _milli(np.float64(spec.bus_w)))
    is_short = is_up & ~is_full & (expected_w - array_w > spec.residual_fraction * full_w)
    radiated = 5.670374419e-8 * spec.radiator_m2 * spec.radiator_emissivity_fraction
    rows = {
        Q.REPORTED_COUNT: np.ones(len(region), dtype=np.int64),
        Q.UP_COUNT: is_up,
        Q.AVAILABLE_COUNT: is_up & ~is_hot & ~is_low,
        Q.POWER_LIMITED_COUNT: is_up & ~is_hot & is_low,
        Q.THERMAL_LIMITED_COUNT: is_up & is_hot,
        Q.SUNLIT_PPM: _rounded(sunlit * 1e6),
        Q.ARRAY_MW: array,
        Q.EXPECTED_ARRAY_MW: expected,
        Q.CURTAILED_MW: np.maximum(expected - array, 0) * is_full,
        Q.LOAD_MW: load,
        Q.BUS_MW: bus,
        Q.COMPUTE_MW: (load - bus) * spec.is_compute,
        Q.CHARGING_MW: np.maximum(array - load, 0),
        Q.DISCHARGING_MW: np.maximum(load - array, 0),
        Q.CHARGE_MWH: _milli(charge_wh),
        Q.TEMPERATURE_MK: _milli(kelvin),
        Q.REJECTED_HEAT_MW: _milli(radiated * (kelvin * kelvin) * (kelvin * kelvin)),
        Q.TRAFFIC_BPS: _rounded(column["traffic_bps"].astype("f8")),
        Q.UTILISATION_PPM: _rounded(column["utilisation_fraction"].astype("f8") * 1e6),
        Q.POWER_ANOMALY_COUNT: is_short,
        Q.THERMAL_ANOMALY_COUNT: is_up & is_hot & ~is_short,
        Q.BATTERY_ANOMALY_COUNT: is_low & ~is_short & ~(is_up & is_hot),
    }
    matrix = np.zeros((len(grid.names), QUANTITIES_COUNT), dtype=np.int64)
    for quantity, values in rows.items():
        np.add.at(matrix[:, quantity], region, values.astype(np.int64))
    np.maximum.at(matrix[:, Q.TEMPERATURE_HIGHEST_MK], region, _milli(kelvin))
    lowest = np.full(len(grid.names), np.iinfo(np.int64).max)
    np.minimum.at(lowest, region, _rounded(fraction * 1e6))
    matrix[:, Q.CHARGE_LOWEST_PPM] = np.where(matrix[:, Q.REPORTED_COUNT] > 0, lowest, 0)
    matrix[0, Q.SHARDS_COUNT] = 1
    return matrix


def _regions(position: np.ndarray, spec: SatelliteSpec) -> np.ndarray:
    """Box by box, in degrees."""
    names = region_grid(spec.regions).names
    radius = np.sqrt((position**2).sum(axis=1))
    latitude = np.degrees(np.arcsin(position[:, 2] / radius))
    longitude = np.degrees(np.arctan2(position[:, 1], position[:, 0]))
    region = np.zeros(len(position), dtype=np.int64)
    for box in spec.regions:
        inside = (latitude >= box.south_deg) & (latitude < box.north_deg)
        inside &= (longitude >= box.west_deg) & (longitude < box.east_deg)
        region[inside] = names.index(box.name)
    return region


def _milli(values: np.ndarray) -> np.ndarray:
    return _rounded(values * 1000.0)


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.floor(values + 0.5).astype(np.int64)
