"""What a watt, a megawatt-hour, an accelerator-hour and a million tokens cost, here and there.

The plant is the published cost model with the segment's own satellite or site in it. To that are
added the accelerators, which the model leaves out on both sides: as dear in orbit as on the ground,
but lost there when they fail, since nobody repairs them; on the ground the vendor replaces them.
Neither side pays interest.
"""

from __future__ import annotations

import math
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from twin.business.assumption_sets import LIVE, Assumed
from twin.business.cost_inputs import Inputs
from twin.business.cost_model import Orbital, orbital, terrestrial
from twin.business.cost_steps import (
    REFERENCE,
    Step,
    Working,
    add_orbital,
    add_satellite,
    add_terrestrial,
)
from twin.business.ieee import over
from twin.business.studies import life_penalty_ratio
from twin.events import SegmentRegistered, SiteEnergised

YEAR_S = 31_557_600.0
W_PER_KW = 1e3
W_PER_MW = 1e6
TOK_PER_MTOK = 1e6
H_S = 3_600.0
BTU_PER_KWH_OF_TARIFF = 1_000.0
"""A heat rate at which a price per MMBtu reads as one per MWh: for power from a grid."""

STARSHIP_CLASSES = frozenset(("v3", "ai1"))
"""Too large for a Falcon (S-1 L838: V3 flies on Starship); other classes fly on Falcon 9."""

NONE = math.nan


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """Of one segment under one assumption set; NaN for what it does not have.

    ``steps`` are the numbers that the calculation went through, the costs themselves among them.
    """

    capex_usd_per_w: float
    energy_usd_per_mwh: float
    ground_ratio: float
    accelerator_hour_usd: float = NONE
    million_tok_usd: float = NONE
    launch_usd_per_kg: float = NONE
    breakeven_launch_usd_per_kg: float = NONE
    breakeven_hardware_usd_per_w: float = NONE
    steps: tuple[Step, ...] = ()


class Tariff(msgspec.Struct, frozen=True):
    """What a site pays for its power; None for what is not told, which is then as in the set."""

    gas_usd_per_mmbtu: float | None = None
    heat_rate_btu_per_kwh: float | None = None
    electricity_usd_per_mwh: float | None = None


UNTOLD = Tariff()


@lru_cache(maxsize=1024)
def orbit_costs(assumed: Assumed, built: SegmentRegistered, accelerator_w: float = 0.0) -> Costs:
    """Of a segment of satellites; ``accelerator_w`` is what one accelerator draws by itself.

    That decides what it costs to buy; of power it bears its share of all there is aboard. A launch
    or hardware price breaks even where a megawatt-hour costs what it does on the ground, all else
    equal; it is negative where not even a gift would do.
    """
    inputs = orbit_inputs(assumed, built)
    plant = orbital(inputs)
    working = Working(assumed, inputs, _built(built, accelerator_w))
    is_heavy = built.class_name in STARSHIP_CLASSES
    rocket = "starship_usd_per_kg" if is_heavy else "falcon_usd_per_kg"
    add_satellite(working, rocket=rocket, is_dawn_dusk=built.accelerators_count > 0)
    add_orbital(working, plant)
    used_mwh = plant.energy_mwh * assumed.orbit_used_fraction
    working.add("used_mwh", "energy_mwh × orbit_used_fraction", used_mwh)
    energy_usd_per_mwh = over(plant.total_usd, used_mwh)
    working.add("energy_usd_per_mwh", "total_usd / used_mwh", energy_usd_per_mwh)
    _add_break_even(working, plant, used_mwh, energy_usd_per_mwh)
    if built.accelerators_count:
        _add_orbit_hour(working, plant, built, energy_usd_per_mwh)
    return _costs_of(working)


@lru_cache(maxsize=1024)
def ground_costs(assumed: Assumed, site: SiteEnergised, tariff: Tariff = UNTOLD) -> Costs:
    """Of a ground site; only the live set knows its own tariff, the others burn gas for all."""
    inputs = ground_inputs(assumed, site, tariff)
    plant = terrestrial(inputs)
    working = Working(assumed, inputs, _built(site, site.accelerator_w))
    add_terrestrial(working, plant)
    _add_reference(working, plant.energy_usd_per_mwh)
    used_h = assumed.accelerator_life_y * inputs.year_h * inputs.capacity_fraction
    bought_usd = assumed.accelerator_usd_per_w * site.accelerator_w
    power_usd = site.accelerator_w / W_PER_MW * plant.energy_usd_per_mwh
    working.add("used_h", "accelerator_life_y × year_h × capacity_fraction", used_h)
    working.add("bought_usd", "accelerator_usd_per_w × accelerator_w", bought_usd)
    working.add("power_usd", "accelerator_w / 1e6 × energy_usd_per_mwh", power_usd)
    _add_hour(working, power_usd + over(bought_usd, used_h), site)
    return _costs_of(working)


def _built(built: SegmentRegistered | SiteEnergised, accelerator_w: float) -> dict[str, float]:
    """What of a segment goes into its costs, by name."""
    names = ("life_s", "array_w", "mass_kg", "accelerators_count", "tok_per_s")
    known = {name: float(getattr(built, name)) for name in names if hasattr(built, name)}
    return {**known, "accelerator_w": accelerator_w}


def _costs_of(working: Working) -> Costs:
    """The costs among the steps; what is not there is none."""
    steps = working.steps()
    fields = set(Costs.__struct_fields__)
    found = {step.name: step.value for step in steps if step.name in fields}
    return Costs(**found, steps=steps)


def orbit_inputs(assumed: Assumed, built: SegmentRegistered) -> Inputs:
    """The published model with this satellite in it, in sunlight as long as its kind is."""
    is_dawn_dusk = built.accelerators_count > 0
    is_heavy = built.class_name in STARSHIP_CLASSES
    inputs = replace(
        assumed.inputs,
        horizon_y=built.life_s / YEAR_S,
        satellite_kw=built.array_w / W_PER_KW,
        specific_w_per_kg=over(built.array_w, built.mass_kg),
        sun_fraction=assumed.inputs.sun_fraction if is_dawn_dusk else assumed.leo_sun_fraction,
        launch_usd_per_kg=assumed.starship_usd_per_kg if is_heavy else assumed.falcon_usd_per_kg,
    )
    return assumed.changed(inputs)


def ground_inputs(assumed: Assumed, site: SiteEnergised, tariff: Tariff) -> Inputs:
    """The published model with this site in it."""
    inputs = replace(assumed.inputs, pue_ratio=site.pue_ratio)
    if assumed.name == LIVE:
        inputs = _paying(inputs, tariff, is_grid=site.supply == "grid")
    return assumed.changed(inputs)


def _paying(inputs: Inputs, tariff: Tariff, *, is_grid: bool) -> Inputs:
    """The site's own price of power; one on a grid has no turbines."""
    if is_grid and tariff.electricity_usd_per_mwh is not None:
        return replace(
            inputs,
            turbine_usd_per_kw=0.0,
            heat_rate_btu_per_kwh=BTU_PER_KWH_OF_TARIFF,
            gas_usd_per_mmbtu=tariff.electricity_usd_per_mwh,
        )
    told = {
        name: value
        for name in ("gas_usd_per_mmbtu", "heat_rate_btu_per_kwh")
        if (value := getattr(tariff, name)) is not None
    }
    return replace(inputs, **told)


def _add_reference(working: Working, energy_usd_per_mwh: float) -> float:
    """The set's own plant on the ground, and the ratio of costs to it."""
    reference = terrestrial(working.assumed.inputs)
    add_terrestrial(working, reference, prefix=REFERENCE)
    working.add(
        "ground_ratio",
        "energy_usd_per_mwh / reference_energy_usd_per_mwh",
        over(energy_usd_per_mwh, reference.energy_usd_per_mwh),
    )
    return reference.energy_usd_per_mwh


def _add_break_even(
    working: Working, plant: Orbital, used_mwh: float, energy_usd_per_mwh: float
) -> None:
    inputs = working.inputs
    saved_usd = (_add_reference(working, energy_usd_per_mwh) - energy_usd_per_mwh) * used_mwh
    saved = "(reference_energy_usd_per_mwh - energy_usd_per_mwh) × used_mwh"
    working.add("saved_usd", saved, saved_usd)
    working.add(
        "breakeven_launch_usd_per_kg",
        "launch_usd_per_kg + saved_usd / launched_kg",
        inputs.launch_usd_per_kg + over(saved_usd, plant.mass_kg),
    )
    yearly = inputs.operations_fraction_per_y + inputs.gpu_failure_percent_per_y / 100.0
    yearly_text = "operations_fraction_per_y + gpu_failure_percent_per_y / 100"
    working.add(
        "breakeven_hardware_usd_per_w",
        f"hardware_usd_per_w + saved_usd / (initial_w × (1 + ({yearly_text}) × horizon_y))",
        inputs.hardware_usd_per_w
        + over(saved_usd, plant.initial_w * (1.0 + yearly * inputs.horizon_y)),
    )
    working.add(
        "capex_usd_per_w",
        "(hardware_usd + launch_usd + nre_usd) / (target_gw × 1e9)",
        over(plant.base_usd + plant.nre_usd, inputs.target_gw * 1e9),
    )


def _add_orbit_hour(
    working: Working, plant: Orbital, built: SegmentRegistered, energy_usd_per_mwh: float
) -> None:
    """An accelerator for a used hour: its share of the power, and its purchase.

    Nobody mends it: failures raise what a year of it costs.
    """
    assumed, inputs = working.assumed, working.inputs
    mean_w = inputs.satellite_kw * W_PER_KW * plant.mean_capacity_fraction * inputs.sun_fraction
    share_w = over(mean_w, built.accelerators_count)
    power_usd = share_w / W_PER_MW * energy_usd_per_mwh
    mean = "satellite_kw × 1000 × mean_capacity_fraction × sun_fraction"
    working.add("mean_w", mean, mean_w)
    working.add("share_w", "mean_w / accelerators_count", share_w)
    working.add("power_usd", "share_w / 1e6 × energy_usd_per_mwh", power_usd)
    accelerator_w = working.known["accelerator_w"]
    if not accelerator_w:
        accelerator_w = working.add("accelerator_w", "share_w", share_w)
    life_y = min(inputs.horizon_y, assumed.accelerator_life_y)
    failures = inputs.gpu_failure_percent_per_y / 100.0
    penalty = life_penalty_ratio(failures, life_y)
    bought_usd = assumed.accelerator_usd_per_w * accelerator_w * penalty
    used_h = life_y * inputs.year_h * assumed.orbit_used_fraction
    working.add("life_y", "min(horizon_y, accelerator_life_y)", life_y)
    working.add("failed_ratio", "gpu_failure_percent_per_y / 100 × life_y", failures * life_y)
    working.add(
        "penalty_ratio", "failed_ratio / (1 - exp(-failed_ratio))" if failures else "1", penalty
    )
    bought = "accelerator_usd_per_w × accelerator_w × penalty_ratio"
    working.add("bought_usd", bought, bought_usd)
    working.add("used_h", "life_y × year_h × orbit_used_fraction", used_h)
    _add_hour(working, power_usd + over(bought_usd, used_h), built)


def _add_hour(working: Working, hour_usd: float, built: SegmentRegistered | SiteEnergised) -> None:
    """An accelerator for a used hour, and a million tokens at full speed where any are made."""
    working.add("accelerator_hour_usd", "power_usd + bought_usd / used_h", hour_usd)
    if built.tok_per_s:
        mtok_per_h = built.tok_per_s * H_S / TOK_PER_MTOK
        working.add("mtok_per_h", "tok_per_s × 3600 / 1e6", mtok_per_h)
        working.add(
            "million_tok_usd",
            "accelerator_hour_usd × accelerators_count / mtok_per_h",
            hour_usd * built.accelerators_count / mtok_per_h,
        )
