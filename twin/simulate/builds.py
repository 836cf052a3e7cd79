"""From the baseline's plans to what frames say of a segment and what the plant computes with."""

from __future__ import annotations

import hashlib

import msgspec
import numpy as np

from twin.baseline import Baseline, SatelliteClass, SatelliteSegmentPlan, SitePlan
from twin.events import SegmentRegistered, SiteEnergised
from twin.frames import AcceleratorSpec, SatelliteSpec
from twin.physics.thermal import emitting_area_m2
from twin.simulate.plant import Build

MILLI_WH = 0.001
"""Charge is rounded to a milliwatt-hour when observed: half of one at either end of a tick."""


def satellite_spec(
    baseline: Baseline, plan: SatelliteSegmentPlan, built: SatelliteClass
) -> SatelliteSpec:
    """What a healthy satellite of the segment would do."""
    return SatelliteSpec(
        segment=plan.segment,
        class_name=plan.class_name,
        array_w=aged_array_w(baseline, built),
        battery_wh=built.battery_wh,
        bus_w=built.bus_w,
        payload_w=built.payload_w,
        is_compute=built.accelerators_count > 0,
        radiator_m2=built.radiating_m2,
        radiator_emissivity_fraction=built.radiator_emissivity_fraction,
        temperature_max_k=built.temperature_max_k,
        charge_reserve_fraction=built.reserve_fraction,
        residual_fraction=baseline.number("alarm.row_power_residual_fraction"),
        regions=baseline.regions,
        assumptions_digest=assumptions_digest(baseline),
    )


def accelerator_spec(baseline: Baseline, plan: SitePlan) -> AcceleratorSpec:
    """What the pools of a site should do."""
    return AcceleratorSpec(
        segment=plan.segment,
        region=plan.region,
        accelerator_w=plan.accelerator_w,
        coolant_max_k=plan.coolant_max_k,
        accelerators_per_pool_count=plan.accelerators_count // plan.pools_count,
        regions=baseline.regions,
        assumptions_digest=assumptions_digest(baseline),
    )


def satellite_build(baseline: Baseline, built: SatelliteClass, *, has_noise: bool) -> Build:
    """What the plant computes a satellite of the class with."""
    noise = 1.0 if has_noise else 0.0
    return Build(
        battery_wh=built.battery_wh,
        bus_w=built.bus_w,
        payload_w=built.payload_w,
        reserve_fraction=built.reserve_fraction,
        charge_efficiency_fraction=built.charge_efficiency_fraction,
        solar_heat_w=built.solar_heat_w,
        infrared_heat_w=built.infrared_heat_w,
        heat_capacity_j_per_k=built.heat_capacity_j_per_k,
        emitting_m2=emitting_area_m2(
            built.radiator_m2,
            built.radiator_emissivity_fraction,
            float(built.radiator_faces_count),
        ),
        temperature_max_k=built.temperature_max_k,
        throttle_band_k=baseline.number("thermal.throttle-band_k"),
        downlink_bps=built.downlink_bps,
        demand_noise_fraction=noise * baseline.number("noise.demand_fraction"),
        array_noise_fraction=noise * baseline.number("noise.array_power_fraction"),
        load_noise_fraction=noise * baseline.number("noise.load_power_fraction"),
        traffic_noise_fraction=noise * baseline.number("noise.traffic_fraction"),
    )


def segment_registered(
    baseline: Baseline, plan: SatelliteSegmentPlan, built: SatelliteClass
) -> SegmentRegistered:
    """What the twin is told of the segment; compute figures are those of one whole satellite."""
    return SegmentRegistered(
        segment=plan.segment,
        class_name=plan.class_name,
        basis="assumed" if plan.is_assumed else "derived",
        mass_kg=built.mass_kg,
        array_m2=built.array_m2,
        array_w=aged_array_w(baseline, built),
        battery_wh=built.battery_wh,
        radiator_m2=built.radiating_m2,
        downlink_bps=built.downlink_bps,
        life_s=built.life_s,
        payload_w=built.payload_w,
        accelerators_count=built.accelerators_count,
        tok_per_s=built.accelerators_count * built.accelerator_tok_per_s,
        flop_per_s=built.accelerators_count * built.accelerator_flop_per_s,
        charge_efficiency_fraction=built.charge_efficiency_fraction,
        charge_resolution_wh=charge_resolution_wh(built.battery_wh),
    )


def site_energised(plan: SitePlan) -> SiteEnergised:
    """What the twin is told of a site; compute figures are those of the whole site."""
    return SiteEnergised(
        site=plan.segment,
        segment=plan.segment,
        region=plan.region,
        model=plan.model,
        basis="assumed" if plan.is_assumed else "derived",
        pools_count=plan.pools_count,
        accelerators_count=plan.accelerators_count,
        nameplate_w=plan.supply_w,
        accelerator_w=plan.accelerator_w,
        pue_ratio=plan.pue_ratio,
        supply=plan.supply,
        tok_per_s=plan.accelerators_count * plan.accelerator_tok_per_s,
        flop_per_s=plan.accelerators_count * plan.accelerator_flop_per_s,
    )


def aged_array_w(baseline: Baseline, built: SatelliteClass) -> float:
    """What the array gives in full sun at 1 au, at the age a fleet has when its world opens."""
    age_y = baseline.number("power.age-start_y")
    return built.array_w * (1.0 - built.degradation_fraction_per_y * age_y)


def charge_resolution_wh(battery_wh: float) -> float:
    """The most by which a reported change of charge differs from the real one, per satellite.

    A float32 near a full battery is half its spacing off, and both readings are rounded once more.
    """
    return float(np.spacing(np.float32(battery_wh))) / 2.0 + MILLI_WH


def assumptions_digest(baseline: Baseline) -> str:
    """SHA-256, the first 16 hex digits, of every number the world rests on."""
    body = msgspec.json.encode(sorted(baseline.assumptions.items()))
    return hashlib.sha256(body).hexdigest()[:16]
