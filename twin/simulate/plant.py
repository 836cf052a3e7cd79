"""The plant: what the satellites of one shard really do in one tick, and what they report of it.

Columns in, columns out. Charge and temperature are the plant's only memory besides status, are
reported exactly as they are (float32), and so a shard can go on from its own last frame. Noise is
only on what is measured and forgotten: array, load, utilisation and traffic.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from twin.arrays import AnyArray, Float32Array, FloatArray, IntArray, UInt8Array, UInt32Array
from twin.frames import STATUS_FAILED, STATUS_NOMINAL
from twin.physics.kernel import kernel
from twin.physics.power import POWER_STEP_W, power_step
from twin.physics.sunlight import illumination
from twin.physics.thermal import absorbed_heat_w, thermal_step
from twin.region_grid import RegionGrid, region_index
from twin.simulate.demand import Asked, asked_fraction
from twin.simulate.luck import draw, uniform
from twin.simulate.outages import Outages
from twin.simulate.purposes import Purpose

_PURPOSE = int(Purpose.SATELLITE_TICK)


class Build(NamedTuple):
    """What every satellite of a segment is built as, and how well it measures itself."""

    battery_wh: float
    bus_w: float
    payload_w: float
    reserve_fraction: float
    charge_efficiency_fraction: float
    solar_heat_w: float
    infrared_heat_w: float
    heat_capacity_j_per_k: float
    emitting_m2: float
    temperature_max_k: float
    throttle_band_k: float
    downlink_bps: float
    demand_noise_fraction: float
    array_noise_fraction: float
    load_noise_fraction: float
    traffic_noise_fraction: float


class Sky(NamedTuple):
    """Where the Sun stands (a unit vector) when the tick ends, and what it gives a whole array."""

    sun_x: float
    sun_y: float
    sun_z: float
    full_sun_w: float


@dataclass(frozen=True, slots=True, eq=False)
class ShardState:
    """What a shard is after a tick; three columns of its last frame, one row a satellite.

    ``safe_modes`` follow from the instant; they are kept only so as not to be drawn every tick.
    """

    charge_wh: Float32Array
    temperature_k: Float32Array
    status: UInt8Array
    safe_modes: Outages | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Circumstances:
    """What befalls each satellite in a tick: its status, what is left of array and radiator."""

    status: UInt8Array
    array_fraction: Float32Array
    radiator_fraction: Float32Array


def plant_step(
    before: ShardState,
    circumstances: Circumstances,
    *,
    build: Build,
    sky: Sky,
    asked: Asked,
    weights: FloatArray,
    grid: RegionGrid,
    asset_id: UInt32Array,
    position_km: Float32Array,
    asked_bps: IntArray,
    seed: int,
    number: int,
    dt_s: float,
) -> tuple[ShardState, dict[str, AnyArray]]:
    """The shard after one more tick, and the columns of its frame.

    To ``asked_bps``, one element a region, is added what users ask for below these satellites, up
    or not, in whole bits a second each: so the sum over shards is the same in whatever order.

    ``position_km`` has shape ``(3, n)`` and holds where the satellites are when the tick ends: the
    very float32 values that are reported, so that an observer sees the same sunlight.
    """
    filled = np.empty((6, asset_id.size), dtype=np.float32)
    _plant_kernel(
        build,
        sky,
        asked,
        weights,
        grid.latitude_edges,
        grid.longitude_edges,
        grid.index,
        seed,
        number,
        dt_s,
        asset_id,
        position_km,
        circumstances.status,
        circumstances.array_fraction,
        circumstances.radiator_fraction,
        before.charge_wh,
        before.temperature_k,
        filled,
        asked_bps,
    )
    status = circumstances.status
    after = replace(before, charge_wh=filled[2], temperature_k=filled[3], status=status)
    return after, _frame_columns(asset_id, position_km, filled, status)


def _frame_columns(
    asset_id: UInt32Array, position_km: Float32Array, filled: Float32Array, status: AnyArray
) -> dict[str, AnyArray]:
    array_w, load_w, charge_wh, temperature_k, used, traffic_bps = filled
    return {
        "asset_id": asset_id,
        "x_km": position_km[0],
        "y_km": position_km[1],
        "z_km": position_km[2],
        "array_w": array_w,
        "load_w": load_w,
        "charge_wh": charge_wh,
        "temperature_k": temperature_k,
        "utilisation_fraction": used,
        "traffic_bps": traffic_bps,
        "status": status,
    }


@kernel
def _noisy(value: float, half_width_fraction: float, word: np.uint64) -> float:
    """A value as an instrument with that error may show it."""
    return value * (1.0 + half_width_fraction * (2.0 * uniform(word) - 1.0))


@kernel
def _in_steps_w(power_w: float) -> float:
    """The nearest power an instrument can show."""
    steps: float = np.floor(power_w / POWER_STEP_W + 0.5)
    return steps * POWER_STEP_W


@kernel
def _plant_kernel(
    build: Build,
    sky: Sky,
    asked: Asked,
    weights: FloatArray,
    latitude_edges: FloatArray,
    longitude_edges: FloatArray,
    region_table: IntArray,
    seed: int,
    number: int,
    dt_s: float,
    asset_id: UInt32Array,
    position_km: Float32Array,
    status: UInt8Array,
    array_fraction: Float32Array,
    radiator_fraction: Float32Array,
    charge_before_wh: Float32Array,
    temperature_before_k: Float32Array,
    filled: Float32Array,
    asked_bps: IntArray,
) -> None:
    """One pass over the rows; ``filled``, shape ``(6, n)``, receives the columns named here."""
    x_km, y_km, z_km = position_km[0], position_km[1], position_km[2]
    array_w, load_w, charge_wh = filled[0], filled[1], filled[2]
    temperature_k, used, traffic_bps = filled[3], filled[4], filled[5]
    for row in range(asset_id.size):
        x, y, z = np.float64(x_km[row]), np.float64(y_km[row]), np.float64(z_km[row])
        was_k = np.float64(temperature_before_k[row])
        seen = illumination(x, y, z, sky.sun_x, sky.sun_y, sky.sun_z)
        words = draw(seed, _PURPOSE, asset_id[row], number)
        array, load, charge, served = 0.0, 0.0, 0.0, 0.0
        wanted, place = asked.base_fraction, 0
        if asked.is_local or build.downlink_bps > 0.0:
            place = region_index(x, y, z, latitude_edges, longitude_edges, region_table)
        if asked.is_local:
            wanted = asked_fraction(asked, weights[place], x, y)
        wanted = min(_noisy(wanted, build.demand_noise_fraction, words[0]), 1.0)
        asked_bps[place] += int(np.floor(wanted * build.downlink_bps + 0.5))
        if status[row] != STATUS_FAILED:
            if status[row] == STATUS_NOMINAL:
                too_hot = (was_k - build.temperature_max_k) / build.throttle_band_k
                served = wanted * (1.0 - min(max(too_hot, 0.0), 1.0))
            array, load, charge, _ = power_step(
                seen * sky.full_sun_w * np.float64(array_fraction[row]),
                build.bus_w + build.payload_w * served,
                build.bus_w,
                np.float64(charge_before_wh[row]),
                build.battery_wh,
                build.reserve_fraction,
                build.charge_efficiency_fraction,
                dt_s,
            )
            served = max(load - build.bus_w, 0.0) / build.payload_w if served > 0.0 else 0.0
        heat_w = absorbed_heat_w(load, build.solar_heat_w, seen, build.infrared_heat_w)
        emitting_m2 = build.emitting_m2 * np.float64(radiator_fraction[row])
        temperature_k[row] = thermal_step(
            was_k, heat_w, build.heat_capacity_j_per_k, emitting_m2, dt_s
        )
        charge_wh[row] = charge
        array_w[row] = _in_steps_w(_noisy(array, build.array_noise_fraction, words[1]))
        load_w[row] = _in_steps_w(_noisy(load, build.load_noise_fraction, words[2]))
        shown = _noisy(served, build.traffic_noise_fraction, words[3])
        used[row] = shown
        traffic_bps[row] = shown * build.downlink_bps
