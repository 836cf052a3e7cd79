"""What a world consists of: frozen rows, their numbers taken from the assumptions."""

from __future__ import annotations

from typing import Literal

import msgspec

from twin.events import Confidence, Supply
from twin.physics.constants import (
    EARTH_ALBEDO_FRACTION,
    EARTH_INFRARED_W_PER_M2,
    SOLAR_CONSTANT_W_PER_M2,
)

FaultKind = Literal["array_loss", "radiator_loss", "assets_failed", "supply_cut", "corrupt_frame"]


class Assumption(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number with its unit (the last word of its name), date, source and how far to trust it.

    ``as_of`` is the day the value held (YYYY-MM-DD), not the day it was read. Text is only ever a
    date. An ``assumed`` value says in ``note`` why it had to be.
    """

    name: str
    value: int | float | str
    unit: str
    as_of: str
    source: str
    confidence: Confidence
    note: str


class SatelliteClass(msgspec.Struct, frozen=True):
    """What one kind of satellite is built to do; one number each under ``class.<name>.``."""

    mass_kg: float
    array_m2: float
    array_w: float  # in full sun at 1 au, at begin of life
    battery_wh: float
    bus_w: float  # idle load
    payload_w: float  # most that the payload adds to it
    radiator_m2: float  # planform: times the faces it is the area that radiates
    radiator_faces_count: int
    radiator_emissivity_fraction: float
    solar_absorptivity_fraction: float
    sun_view_fraction: float  # mean cosine to the Sun over the radiating area, when sunlit
    earth_view_fraction: float  # mean view factor of the radiating area to the Earth
    heat_capacity_j_per_k: float
    temperature_max_k: float  # the payload is throttled from here on
    downlink_bps: float
    backhaul_bps: float
    accelerators_count: int
    accelerator_tok_per_s: float
    accelerator_flop_per_s: float
    degradation_fraction_per_y: float  # of the array's output
    charge_efficiency_fraction: float  # round trip, lost when charging
    reserve_fraction: float  # charge below which the payload is shed
    life_s: float

    @property
    def radiating_m2(self) -> float:
        """All faces of the radiator together."""
        return self.radiator_m2 * self.radiator_faces_count

    @property
    def solar_heat_w(self) -> float:
        """Sunlight the radiating area absorbs in full sun, straight and off the Earth."""
        sunlight = self.sun_view_fraction + EARTH_ALBEDO_FRACTION * self.earth_view_fraction
        return (
            self.radiating_m2
            * self.solar_absorptivity_fraction
            * SOLAR_CONSTANT_W_PER_M2
            * sunlight
        )

    @property
    def infrared_heat_w(self) -> float:
        """The Earth's glow the radiating area absorbs, day and night."""
        return (
            self.radiating_m2
            * self.radiator_emissivity_fraction
            * self.earth_view_fraction
            * EARTH_INFRARED_W_PER_M2
        )


class ShellPlan(msgspec.Struct, frozen=True):
    """A Walker shell: ``planes_count`` evenly spread planes, each evenly filled."""

    name: str
    altitude_km: float  # semi-major axis less the equatorial radius
    inclination_deg: float
    planes_count: int
    satellites_per_plane_count: int
    phasing_count: int  # Walker's F
    ascending_node_h: float | None = None  # local time of a dawn-dusk ring's node

    @property
    def satellites_count(self) -> int:
        """Satellites in all planes."""
        return self.planes_count * self.satellites_per_plane_count


class SatelliteSegmentPlan(msgspec.Struct, frozen=True):
    """A segment of satellites of one class and one label."""

    segment: str
    label: str
    class_name: str
    shells: tuple[ShellPlan, ...]
    demand: str  # name of its demand profile
    is_dawn_dusk: bool
    is_assumed: bool

    @property
    def satellites_count(self) -> int:
        """Satellites in all shells."""
        return sum(shell.satellites_count for shell in self.shells)


class SitePlan(msgspec.Struct, frozen=True):
    """A ground segment of accelerators of one model on one supply."""

    segment: str
    label: str
    region: str
    model: str
    supply: Supply
    demand: str  # name of its demand profile
    is_assumed: bool
    accelerators_count: int
    accelerator_w: float  # all-in at full load, without cooling
    idle_fraction: float  # draw of an idle accelerator against full load
    pue_ratio: float
    supply_w: float
    heat_rate_btu_per_kwh: float  # 0 on the grid
    gas_price_usd_per_mmbtu: float  # 0 on the grid
    electricity_usd_per_mwh: float  # on gas: the fuel alone
    carbon_kg_per_mwh: float
    water_l_per_kwh: float
    pools_count: int
    latitude_deg: float
    longitude_deg: float
    accelerator_tok_per_s: float
    accelerator_flop_per_s: float
    coolant_supply_k: float
    coolant_rise_k: float  # at full load
    coolant_max_k: float


class DemandProfile(msgspec.Struct, frozen=True):
    """Utilisation asked for over a day: base + amplitude x cosine around the peak hour.

    On the ``local`` clock the hour is mean solar time below the satellite, and the region's weight
    (``demand.region.<region>.weight_fraction``) scales it; on ``utc`` neither applies.
    """

    name: str
    clock: Literal["local", "utc"]
    base_fraction: float
    amplitude_fraction: float
    peak_h: float


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that goes wrong, from ``first_tick`` to ``last_tick`` (null: for good).

    It strikes the first of ``segments`` that the world has: ``assets_fraction`` of its assets, each
    of which loses ``lost_fraction`` of what the kind names.
    """

    name: str
    kind: FaultKind
    segments: tuple[str, ...]
    first_tick: int
    last_tick: int | None
    assets_fraction: float
    lost_fraction: float
    component: str
    cause: str

    def is_on(self, number: int) -> bool:
        """Whether it holds in the tick of this number."""
        return self.first_tick <= number and (self.last_tick is None or number <= self.last_tick)
