"""frame → summary: what was measured beside what physics expects.

In: a readable frame. Out: a ``Summary``. Stateless, so any number of workers may observe. Each
measured value is rounded once, here, to an integer in a fixed unit; from here on nothing depends
on order. The expected array output comes from the Sun's place at the frame's tick and the
satellite's own position.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from twin.arrays import AnyArray, FloatArray, IntArray
from twin.errors import BadInput, Poison
from twin.frames import (
    COLUMNS,
    STATUS_NOMINAL,
    AcceleratorSpec,
    Family,
    Frame,
    SatelliteSpec,
    refuse_implausible,
)
from twin.physics.constants import STEFAN_BOLTZMANN_W_PER_M2_K4
from twin.physics.earth import sun_direction_itrs, sun_distance_au
from twin.physics.kernel import kernel
from twin.physics.sunlight import illumination
from twin.quantities import QUANTITIES_COUNT, Q
from twin.region_grid import RegionGrid, region_grid, region_index
from twin.regions import RegionBox
from twin.summaries import EXAMPLES_MAX_COUNT, Anomaly, AnomalyKind, FrameRef, Summary

ANOMALY_KINDS: tuple[AnomalyKind, ...] = ("power", "thermal", "battery")
FULL_CHARGE_FRACTION = 0.999
"""A battery this full takes no more: array output left unused is curtailment, not a fault."""


def observe(frame: Frame, ref: FrameRef) -> Summary:
    """What one frame says; ``Poison`` when a value is no number or beyond its column's bounds."""
    if isinstance(frame.spec, SatelliteSpec):
        matrix, anomalies = _observe_satellites(frame, frame.spec)
    else:
        matrix, anomalies = _observe_accelerators(frame, frame.spec)
    matrix[0, Q.SHARDS_COUNT] = 1
    return Summary(
        frame=ref,
        label=frame.header.label,
        tick_ns=frame.header.tick_ns,
        interval_ns=frame.header.interval_ns,
        regions=_grid(frame.spec.regions).names,
        matrix=matrix.astype("<i8", copy=False).tobytes(),
        anomalies=anomalies,
    )


def _observe_satellites(frame: Frame, spec: SatelliteSpec) -> tuple[IntArray, tuple[Anomaly, ...]]:
    grid = _grid(spec.regions)
    matrix = np.zeros((len(grid.names), QUANTITIES_COUNT), dtype=np.int64)
    found_count = np.zeros(len(ANOMALY_KINDS), dtype=np.int64)
    found = np.zeros((len(ANOMALY_KINDS), EXAMPLES_MAX_COUNT, 3), dtype=np.float64)
    column = frame.columns
    is_plausible = _satellite_kernel(
        column["asset_id"],
        column["x_km"],
        column["y_km"],
        column["z_km"],
        column["array_w"],
        column["load_w"],
        column["charge_wh"],
        column["temperature_k"],
        column["utilisation_fraction"],
        column["traffic_bps"],
        column["status"],
        _limits("satellite"),
        sun_direction_itrs(frame.header.tick_ns),
        _satellite_constants(spec, sun_distance_au(frame.header.tick_ns)),
        grid.latitude_edges,
        grid.longitude_edges,
        grid.index,
        matrix,
        found_count,
        found,
    )
    if not is_plausible:
        _refuse(frame)
    return matrix, tuple(
        Anomaly(spec.segment, kind, int(row[0]), float(row[1]), float(row[2]))
        for place, kind in enumerate(ANOMALY_KINDS)
        for row in found[place, : min(found_count[place], EXAMPLES_MAX_COUNT)]
    )


def full_sun_w(spec: SatelliteSpec, distance_au: float) -> float:
    """What the arrays of one satellite give in full sun at a distance from the Sun."""
    return spec.array_w / distance_au**2


def _satellite_constants(spec: SatelliteSpec, distance_au: float) -> FloatArray:
    radiated_w_k4 = (
        STEFAN_BOLTZMANN_W_PER_M2_K4 * spec.radiator_m2 * spec.radiator_emissivity_fraction
    )
    return np.array(
        [
            full_sun_w(spec, distance_au),
            spec.battery_wh,
            spec.bus_w,
            float(spec.is_compute),
            radiated_w_k4,
            spec.temperature_max_k,
            spec.charge_reserve_fraction,
            spec.residual_fraction,
        ]
    )


@kernel
def _milli(value: float) -> int:
    """A value in thousandths of its unit, rounded half up: the one rounding of a measurement."""
    return int(np.floor(value * 1000.0 + 0.5))


@kernel
def _satellite_kernel(
    asset_id: AnyArray,
    x_km: AnyArray,
    y_km: AnyArray,
    z_km: AnyArray,
    array_w: AnyArray,
    load_w: AnyArray,
    charge_wh: AnyArray,
    temperature_k: AnyArray,
    utilisation: AnyArray,
    traffic_bps: AnyArray,
    status: AnyArray,
    limits: FloatArray,
    sun: FloatArray,
    constants: FloatArray,
    latitude_edges: FloatArray,
    longitude_edges: FloatArray,
    region_table: IntArray,
    matrix: IntArray,
    found_count: IntArray,
    found: FloatArray,
) -> bool:
    """One pass over the rows; adds into ``matrix``; False when a value is implausible."""
    full_sun_w, battery_wh, bus_w, is_compute = (
        constants[0],
        constants[1],
        constants[2],
        constants[3],
    )
    radiated_w_k4, temperature_max_k = constants[4], constants[5]
    reserve, tolerance = constants[6], constants[7]
    for i in range(asset_id.size):
        # In a kernel ``float`` keeps float32 as it is; everything below must be float64.
        x, y, z = np.float64(x_km[i]), np.float64(y_km[i]), np.float64(z_km[i])
        array, load = np.float64(array_w[i]), np.float64(load_w[i])
        charge, temperature = np.float64(charge_wh[i]), np.float64(temperature_k[i])
        used, traffic = np.float64(utilisation[i]), np.float64(traffic_bps[i])
        if not (
            abs(x) <= limits[1, 1]
            and abs(y) <= limits[2, 1]
            and abs(z) <= limits[3, 1]
            and limits[4, 0] <= array <= limits[4, 1]
            and limits[5, 0] <= load <= limits[5, 1]
            and limits[6, 0] <= charge <= limits[6, 1]
            and limits[7, 0] <= temperature <= limits[7, 1]
            and limits[8, 0] <= used <= limits[8, 1]
            and limits[9, 0] <= traffic <= limits[9, 1]
        ):
            return False
        at = region_index(x, y, z, latitude_edges, longitude_edges, region_table)
        is_first = matrix[at, 0] == 0
        matrix[at, 0] += 1
        is_up = status[i] == STATUS_NOMINAL
        sunlit = illumination(x, y, z, sun[0], sun[1], sun[2])
        expected = sunlit * full_sun_w if is_up else array
        charge_fraction = charge / battery_wh if battery_wh > 0.0 else 1.0
        is_full = charge_fraction >= FULL_CHARGE_FRACTION
        is_hot = temperature > temperature_max_k
        is_low = is_up and charge_fraction < reserve
        array_mw, load_mw, expected_mw = _milli(array), _milli(load), _milli(expected)
        bus_mw = min(load_mw, _milli(bus_w))
        charge_ppm = int(np.floor(charge_fraction * 1e6 + 0.5))
        temperature_mk = _milli(temperature)
        # Sums of truths rather than branches: which way they fall is hard to predict.
        can_work = is_up & ~is_hot
        matrix[at, 1] += is_up
        matrix[at, 2] += can_work & ~is_low
        matrix[at, 3] += can_work & is_low
        matrix[at, 4] += is_up & is_hot
        matrix[at, 5] += int(np.floor(sunlit * 1e6 + 0.5))
        matrix[at, 6] += array_mw
        matrix[at, 7] += expected_mw
        matrix[at, 8] += max(expected_mw - array_mw, 0) * is_full
        matrix[at, 9] += load_mw
        matrix[at, 10] += bus_mw
        matrix[at, 11] += (load_mw - bus_mw) * (is_compute > 0.0)
        surplus_mw = array_mw - load_mw
        matrix[at, 12] += max(surplus_mw, 0)
        matrix[at, 13] += max(-surplus_mw, 0)
        matrix[at, 14] += _milli(charge)
        matrix[at, 15] = charge_ppm if is_first else min(matrix[at, 15], charge_ppm)
        matrix[at, 16] += temperature_mk
        matrix[at, 17] = max(matrix[at, 17], temperature_mk)
        squared = temperature * temperature
        matrix[at, 18] += _milli(radiated_w_k4 * squared * squared)
        matrix[at, 19] += int(np.floor(traffic + 0.5))
        matrix[at, 20] += int(np.floor(used * 1e6 + 0.5))
        kind, measured, wanted = -1, 0.0, 0.0
        if is_up and not is_full and expected - array > tolerance * full_sun_w:
            kind, measured, wanted = 0, array, expected
            matrix[at, 21] += 1
        elif is_up and is_hot:
            kind, measured, wanted = 1, temperature, temperature_max_k
            matrix[at, 22] += 1
        elif is_low:
            kind, measured, wanted = 2, charge, reserve * battery_wh
            matrix[at, 23] += 1
        if kind >= 0:
            place = found_count[kind]
            if place < found.shape[1]:
                found[kind, place, 0] = asset_id[i]
                found[kind, place, 1] = measured
                found[kind, place, 2] = wanted
            found_count[kind] += 1
    return True


def _observe_accelerators(
    frame: Frame, spec: AcceleratorSpec
) -> tuple[IntArray, tuple[Anomaly, ...]]:
    """A few pools at a time: plain numpy is fast enough, and the columns read as they are."""
    refuse_implausible(frame)
    column = frame.columns
    names = _grid(spec.regions).names
    matrix = np.zeros((len(names), QUANTITIES_COUNT), dtype=np.int64)
    row = matrix[names.index(spec.region) if spec.region in names else 0]
    is_up = column["accelerators_up_count"] > 0
    is_hot = column["coolant_k"] > spec.coolant_max_k
    up = column["accelerators_up_count"].astype(np.int64)
    power_mw = _rounded(column["power_w"] * 1000.0)
    row[Q.REPORTED_COUNT] = frame.rows_count
    row[Q.UP_COUNT] = np.count_nonzero(is_up)
    row[Q.AVAILABLE_COUNT] = np.count_nonzero(is_up & ~is_hot)
    row[Q.THERMAL_LIMITED_COUNT] = np.count_nonzero(is_up & is_hot)
    row[Q.LOAD_MW] = row[Q.COMPUTE_MW] = power_mw.sum()
    row[Q.TEMPERATURE_MK] = _rounded(column["coolant_k"] * 1000.0).sum()
    row[Q.TEMPERATURE_HIGHEST_MK] = _rounded(column["coolant_k"] * 1000.0).max()
    row[Q.UTILISATION_PPM] = _rounded(column["utilisation_fraction"] * 1e6).sum()
    row[Q.ACCELERATORS_UP_COUNT] = up.sum()
    row[Q.ACCELERATORS_AVAILABLE_COUNT] = up[~is_hot].sum()
    row[Q.TOK_PER_S] = _rounded(column["tok_per_s"]).sum()
    row[Q.GFLOP_PER_S] = _rounded(column["flop_per_s"] / 1e9).sum()
    row[Q.QUEUE_LONGEST_MS] = _rounded(column["queue_s"] * 1000.0).max()
    row[Q.THERMAL_ANOMALY_COUNT] = row[Q.THERMAL_LIMITED_COUNT]
    hot = np.flatnonzero(is_up & is_hot)[:EXAMPLES_MAX_COUNT]
    return matrix, tuple(
        Anomaly(
            spec.segment,
            "thermal",
            int(column["pool_id"][i]),
            float(column["coolant_k"][i]),
            spec.coolant_max_k,
        )
        for i in hot
    )


def _rounded(values: AnyArray) -> IntArray:
    return np.floor(values.astype(np.float64) + 0.5).astype(np.int64)


@lru_cache(maxsize=32)
def _grid(boxes: tuple[RegionBox, ...]) -> RegionGrid:
    try:
        return region_grid(boxes)
    except BadInput as error:
        raise Poison(str(error), expected="a spec with regions apart") from None


@lru_cache(maxsize=2)
def _limits(family: Family) -> FloatArray:
    return np.array([[low, high] for _, _, low, high in COLUMNS[family]])


def _refuse(frame: Frame) -> None:
    refuse_implausible(frame)
    raise Poison("an implausible value", expected="numbers within their bounds")
