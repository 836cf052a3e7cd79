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
    """Of one segment under one assumption set; NaN for what it does not have."""

    capex_usd_per_w: float
    energy_usd_per_mwh: float
    ground_ratio: float
    accelerator_hour_usd: float = NONE
    million_tok_usd: float = NONE
    launch_usd_per_kg: float = NONE
    breakeven_launch_usd_per_kg: float = NONE
    breakeven_hardware_usd_per_w: float = NONE


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
    used_mwh = plant.energy_mwh * assumed.orbit_used_fraction
    energy_usd_per_mwh = over(plant.total_usd, used_mwh)
    ground_usd_per_mwh = terrestrial(assumed.inputs).energy_usd_per_mwh
    saved_usd = (ground_usd_per_mwh - energy_usd_per_mwh) * used_mwh
    mean_w = inputs.satellite_kw * W_PER_KW * plant.mean_capacity_fraction * inputs.sun_fraction
    share_w = over(mean_w, built.accelerators_count)
    hour_usd = share_w / W_PER_MW * energy_usd_per_mwh + _orbit_accelerator_hour_usd(
        assumed, inputs, accelerator_w or share_w
    )
    return Costs(
        capex_usd_per_w=over(plant.base_usd + plant.nre_usd, inputs.target_gw * 1e9),
        energy_usd_per_mwh=energy_usd_per_mwh,
        ground_ratio=over(energy_usd_per_mwh, ground_usd_per_mwh),
        accelerator_hour_usd=hour_usd if built.accelerators_count else NONE,
        million_tok_usd=_million_tok_usd(hour_usd, built.accelerators_count, built.tok_per_s),
        launch_usd_per_kg=inputs.launch_usd_per_kg,
        breakeven_launch_usd_per_kg=inputs.launch_usd_per_kg + over(saved_usd, plant.mass_kg),
        breakeven_hardware_usd_per_w=_breakeven_hardware_usd_per_w(inputs, plant, saved_usd),
    )


@lru_cache(maxsize=1024)
def ground_costs(assumed: Assumed, site: SiteEnergised, tariff: Tariff = UNTOLD) -> Costs:
    """Of a ground site; only the live set knows its own tariff, the others burn gas for all."""
    inputs = ground_inputs(assumed, site, tariff)
    plant = terrestrial(inputs)
    reference = terrestrial(assumed.inputs).energy_usd_per_mwh
    bought_usd = assumed.accelerator_usd_per_w * site.accelerator_w
    used_h = assumed.accelerator_life_y * inputs.year_h * inputs.capacity_fraction
    power_usd = site.accelerator_w / W_PER_MW * plant.energy_usd_per_mwh
    hour_usd = power_usd + over(bought_usd, used_h)
    return Costs(
        capex_usd_per_w=plant.capital_usd_per_w,
        energy_usd_per_mwh=plant.energy_usd_per_mwh,
        ground_ratio=over(plant.energy_usd_per_mwh, reference),
        accelerator_hour_usd=hour_usd,
        million_tok_usd=_million_tok_usd(hour_usd, site.accelerators_count, site.tok_per_s),
    )


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


def _orbit_accelerator_hour_usd(assumed: Assumed, inputs: Inputs, accelerator_w: float) -> float:
    """The purchase in a used hour of an accelerator that nobody mends."""
    life_y = min(inputs.horizon_y, assumed.accelerator_life_y)
    penalty = life_penalty_ratio(inputs.gpu_failure_percent_per_y / 100.0, life_y)
    used_h = life_y * inputs.year_h * assumed.orbit_used_fraction
    return over(assumed.accelerator_usd_per_w * accelerator_w * penalty, used_h)


def _breakeven_hardware_usd_per_w(inputs: Inputs, plant: Orbital, saved_usd: float) -> float:
    yearly = inputs.operations_fraction_per_y + inputs.gpu_failure_percent_per_y / 100.0
    return inputs.hardware_usd_per_w + over(
        saved_usd, plant.initial_w * (1.0 + yearly * inputs.horizon_y)
    )


def _million_tok_usd(hour_usd: float, accelerators_count: int, tok_per_s: float) -> float:
    """At full speed; NaN where no tokens are made."""
    if not tok_per_s:
        return NONE
    return hour_usd * accelerators_count / (tok_per_s * H_S / TOK_PER_MTOK)
