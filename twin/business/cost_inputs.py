"""What the published cost model takes: its inputs by their published names, and where they stand.

The model is Andrew McCalip's "Economics of Orbital vs Terrestrial Data Centers"
(andrewmccalip/thoughts @ e59571e, static/js/math.js). Units are those it publishes: percent, GW,
kW, millions of dollars, degrees Celsius.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, get_args, get_type_hints

import msgspec
from msgspec import Meta, field

from twin.errors import BadInput
from twin.suggest import nearest

Number = Callable[[str], float]
"""From the name of an assumption to its value."""

HORIZON_MAX_Y = 1_000_000
KELVIN_AT_0_C = 273.15


AtLeastZero = Annotated[float, Meta(ge=0.0)]
MoreThanZero = Annotated[float, Meta(gt=0.0)]
Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
Percent = Annotated[float, Meta(ge=0.0, le=100.0)]


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """Every number a person may change; the first 27 are sliders, the others preferences.

    Each type says what the number can be. The model itself computes with any (a case of
    ``--cases`` is answered as published): ``refuse_impossible`` is for what a person asks.
    """

    horizon_y: Annotated[float, Meta(gt=0.0, le=HORIZON_MAX_Y)] = field(name="years")
    target_gw: MoreThanZero = field(name="targetGW")
    pv_absorptivity_fraction: Fraction = field(name="solarAbsorptivity")
    pv_emissivity_fraction: Fraction = field(name="emissivityPV")
    radiator_emissivity_fraction: Fraction = field(name="emissivityRad")
    pv_efficiency_fraction: Fraction = field(name="pvEfficiency")
    beta_deg: Annotated[float, Meta(ge=0.0, le=90.0)] = field(name="betaAngle")
    altitude_km: MoreThanZero = field(name="orbitalAltitudeKm")
    die_max_c: Annotated[float, Meta(ge=-273.15)] = field(name="maxDieTempC")
    temperature_drop_k: AtLeastZero = field(name="tempDropC")
    launch_usd_per_kg: AtLeastZero = field(name="launchCostPerKg")
    hardware_usd_per_w: AtLeastZero = field(name="satelliteCostPerW")
    specific_w_per_kg: MoreThanZero = field(name="specificPowerWPerKg")
    satellite_kw: MoreThanZero = field(name="satellitePowerKW")
    sun_fraction: Fraction = field(name="sunFraction")
    cell_degradation_percent_per_y: Percent = field(name="cellDegradation")
    gpu_failure_percent_per_y: Percent = field(name="gpuFailureRate")
    nre_musd: AtLeastZero = field(name="nreCost")
    turbine_usd_per_kw: AtLeastZero = field(name="gasTurbineCapexPerKW")
    electrical_usd_per_w: AtLeastZero = field(name="electricalCostPerW")
    mechanical_usd_per_w: AtLeastZero = field(name="mechanicalCostPerW")
    civil_usd_per_w: AtLeastZero = field(name="civilCostPerW")
    fit_out_usd_per_w: AtLeastZero = field(name="networkCostPerW")
    pue_ratio: Annotated[float, Meta(ge=1.0)] = field(name="pue")
    gas_usd_per_mmbtu: AtLeastZero = field(name="gasPricePerMMBtu")
    heat_rate_btu_per_kwh: AtLeastZero = field(name="heatRateBtuKwh")
    capacity_fraction: Annotated[float, Meta(gt=0.0, le=1.0)] = field(name="capacityFactor")
    year_h: MoreThanZero = field(name="HOURS_PER_YEAR")
    reference_satellite_kw: MoreThanZero = field(name="STARLINK_POWER_KW")
    reference_satellite_m2: MoreThanZero = field(name="STARLINK_ARRAY_M2")
    starship_kg: MoreThanZero = field(name="STARSHIP_PAYLOAD_KG")
    starship_oxygen_gal: AtLeastZero = field(name="STARSHIP_LOX_GAL_PER_LAUNCH")
    starship_methane_gal: AtLeastZero = field(name="STARSHIP_METHANE_GAL_PER_LAUNCH")
    turbine_unit_mw: MoreThanZero = field(name="GE_7HA_POWER_MW")
    gas_btu_per_cf: MoreThanZero = field(name="BTU_PER_CF")
    operations_fraction_per_y: Fraction = field(name="ORBITAL_OPS_FRAC")
    solar_constant_w_per_m2: AtLeastZero = field(name="SOLAR_IRRADIANCE_W_M2")
    earth_infrared_w_per_m2: AtLeastZero = field(name="EARTH_IR_FLUX_W_M2")
    albedo_fraction: Fraction = field(name="EARTH_ALBEDO_FACTOR")
    space_k: AtLeastZero = field(name="T_SPACE_K")
    earth_radius_km: MoreThanZero = field(name="EARTH_RADIUS_KM")


_UNUSED = frozenset(
    (
        *("TARGET_POWER_MW", "STARLINK_MASS_KG", "NGCC_ACRES", "NGCC_HEAT_RATE_BTU_KWH"),
        *("CF_PER_BCF", "NATGAS_OVERHEAD_FRAC", "NATGAS_MAINTENANCE_FRAC", "NATGAS_COMMS_FRAC"),
    )
)
"""Constants that the model publishes and computes nothing a person could change with."""

FIELDS: Mapping[str, str] = {
    entry.encode_name: entry.name for entry in msgspec.structs.fields(Inputs)
}
"""From the published name of an input to the name it has here."""

# Where the assumption is called otherwise or registered in another unit: its name and the factor.
_REGISTERED: Mapping[str, tuple[str, float]] = {
    "target_gw": ("target_w", 1e-9),
    "pv_absorptivity_fraction": ("pv-absorptivity_fraction", 1.0),
    "pv_emissivity_fraction": ("pv-emissivity_fraction", 1.0),
    "radiator_emissivity_fraction": ("radiator-emissivity_fraction", 1.0),
    "pv_efficiency_fraction": ("pv-efficiency_fraction", 1.0),
    "die_max_c": ("die-max_k", 1.0),
    "temperature_drop_k": ("temperature-drop_k", 1.0),
    "satellite_kw": ("satellite_w", 1e-3),
    "cell_degradation_percent_per_y": ("cell-degradation_fraction_per_y", 100.0),
    "gpu_failure_percent_per_y": ("gpu-failure_fraction_per_y", 100.0),
    "nre_musd": ("nre_usd", 1e-6),
    "fit_out_usd_per_w": ("fit-out_usd_per_w", 1.0),
    "heat_rate_btu_per_kwh": ("heat-rate_btu_per_kwh", 1.0),
    "reference_satellite_kw": ("reference-satellite_w", 1e-3),
    "reference_satellite_m2": ("reference-satellite_m2", 1.0),
    "starship_oxygen_gal": ("starship-oxygen_gal", 1.0),
    "starship_methane_gal": ("starship-methane_gal", 1.0),
    "turbine_unit_mw": ("turbine-unit_w", 1e-6),
    "gas_btu_per_cf": ("gas-heat_btu_per_cf", 1.0),
    "solar_constant_w_per_m2": ("solar-constant_w_per_m2", 1.0),
    "earth_infrared_w_per_m2": ("earth-infrared_w_per_m2", 1.0),
    "earth_radius_km": ("earth-radius_km", 1.0),
}


def published_inputs(number: Number) -> Inputs:
    """The model's own defaults, from the assumptions named ``mccalip.…``."""
    return Inputs(**{name: _registered(name, number) for name in FIELDS.values()})


def assumption_of(name: str) -> str:
    """The assumption that holds the published default of an input."""
    stem, _ = _REGISTERED.get(name, (name, 1.0))
    return f"mccalip.{stem}"


def _registered(name: str, number: Number) -> float:
    value = number(assumption_of(name))
    if name == "die_max_c":
        return value - KELVIN_AT_0_C
    return value * _REGISTERED.get(name, (name, 1.0))[1]


def changed(inputs: Inputs, changes: Mapping[str, float]) -> Inputs:
    """The inputs with some replaced, by published name; ``BadInput`` names what is wrong."""
    values: dict[str, float] = {}
    for name, value in changes.items():
        if name in _UNUSED:
            raise BadInput(
                f"{name}={value:g}", expected="an input that the model computes with", field=name
            )
        if name not in FIELDS:
            raise BadInput(f"unknown input {name!r}", expected=_nearest(name), field=name)
        if not math.isfinite(value):
            raise BadInput(f"{name}={value}", expected="a finite number", field=name)
        if name == "years" and value > HORIZON_MAX_Y:
            # The model counts them one by one.
            raise BadInput(f"{name}={value:g}", expected=f"{HORIZON_MAX_Y} at most", field=name)
        values[FIELDS[name]] = float(value)
    return msgspec.structs.replace(inputs, **values)


def refuse_impossible(changes: Mapping[str, float]) -> None:
    """``BadInput`` for a change to what nothing can be; names that are none are left alone."""
    for name, value in changes.items():
        bounds = _bounds().get(name)
        if bounds is None or not math.isfinite(value):
            continue
        least, most = bounds.ge if bounds.gt is None else bounds.gt, bounds.le
        is_open = bounds.gt is not None
        is_enough = least is None or (value > least if is_open else value >= least)
        if is_enough and (most is None or value <= most):
            continue
        least_text = f"more than {least:g}" if is_open else f"{least:g} or more"
        raise BadInput(
            f"{name}={value:g}",
            expected=least_text + ("" if most is None else f", {most:.10g} at most"),
            remedy="give a number within these bounds",
            field=name,
        )


@cache
def _bounds() -> Mapping[str, Meta]:
    """What each input can be, by its published name."""
    hints = get_type_hints(Inputs, include_extras=True)
    return {name: get_args(hints[field_])[1] for name, field_ in FIELDS.items()}


def _nearest(name: str) -> str:
    """Inputs that have the given word in them come first, whatever their capitals."""
    alike = [known for known in FIELDS if name and name.lower() in known.lower()]
    return nearest(name, alike or FIELDS)
