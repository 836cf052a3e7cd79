"""Energy: where each segment's power came from and where it went, to the last milliwatt.

generated + imported + discharged = bus + payload + compute + cooling + charged + lost + curtailed
+ unaccounted, in every row.
"""

from __future__ import annotations

from collections.abc import Iterator

from twin.quantities import Q
from twin.state import E as Book
from twin.state import Segment, Twin
from twin.units import BTU_PER_MMBTU, KWH_PER_MWH, MS_PER_H, PPM
from twin.views.capacity import powered_count
from twin.views.view import Moment, RollUp, Value, View, key, real

ORBITAL_SITE = "orbit"
MW_PER_KW = 1_000_000

_FLOWS = (
    Book.GENERATED,
    Book.IMPORTED,
    Book.DISCHARGED,
    Book.BUS,
    Book.PAYLOAD,
    Book.COMPUTE,
    Book.COOLING,
    Book.CHARGED,
    Book.LOST,
    Book.CURTAILED,
    Book.UNACCOUNTED,
)


def _rows(moment: Moment) -> Iterator[tuple[Value, ...]]:
    twin = moment.twin
    for label in twin.labels:
        for place, segment in enumerate(twin.fleets[label].segments):
            if segment.as_built is not None or segment.site is not None:
                yield _row(twin, label, place)


def _row(twin: Twin, label: str, place: int) -> tuple[Value, ...]:
    fleet, telemetry, book = twin.fleets[label], twin.telemetry[label], twin.energy[label]
    segment = fleet.segments[place]
    sums = telemetry.sums[place].tolist()
    flows = book.flows_mw[place].tolist()
    count = sums[Q.REPORTED_COUNT]
    is_ground = segment.site is not None
    battery_wh = segment.as_built.battery_wh * segment.installed_count if segment.as_built else 0.0
    return (
        label,
        _basis(segment),
        segment.name,
        segment.site.site if segment.site is not None else ORBITAL_SITE,
        *(flows[flow] / 1e3 for flow in _FLOWS),
        sums[Q.EXPECTED_ARRAY_MW] / 1e3,
        _throttled_w(segment, sums),
        int(book.charge_mwh[place]) / 1e3 if book.charge_mwh[place] >= 0 else None,
        battery_wh,
        None if is_ground or not count else sums[Q.CHARGE_LOWEST_PPM] / PPM,
        None if is_ground or not count else sums[Q.SUNLIT_PPM] / (count * PPM),
        sums[Q.TEMPERATURE_MK] / (count * 1e3) if count else None,
        sums[Q.TEMPERATURE_HIGHEST_MK] / 1e3 if count else None,
        sums[Q.REJECTED_HEAT_MW] / 1e3,
        segment.site.pue_ratio if segment.site is not None else None,
        *_consumed(segment, twin, flows),
        int(book.total_mwh[place, Book.GENERATED] + book.total_mwh[place, Book.IMPORTED]) / 1e3,
        int(book.total_mwh[place, Book.COMPUTE]) / 1e3,
    )


def _throttled_w(segment: Segment, sums: list[int]) -> float:
    """What payloads and accelerators would take that limits of power and heat keep idle."""
    if segment.site is not None:
        nameplate = segment.site.accelerator_w
        held = sums[Q.ACCELERATORS_UP_COUNT] - powered_count(segment, sums)
        return nameplate * max(0, held)
    limited = sums[Q.POWER_LIMITED_COUNT] + sums[Q.THERMAL_LIMITED_COUNT]
    return segment.as_built.payload_w * limited if segment.as_built is not None else 0.0


def _consumed(segment: Segment, twin: Twin, flows: list[int]) -> tuple[float | None, ...]:
    """Fuel, carbon and water of one tick, from the site's assumed rates; null in orbit."""
    if segment.site is None:
        return (None, None, None)
    hours = twin.interval_ms / MS_PER_H
    supplied_kwh = (flows[Book.GENERATED] + flows[Book.IMPORTED]) / MW_PER_KW * hours

    def rate(name: str) -> float:
        return twin.registry.number(f"site.{segment.name}.{name}")

    fuel_mmbtu = supplied_kwh * rate("heat_rate_btu_per_kwh") / BTU_PER_MMBTU
    per_mmbtu = twin.registry.number("compute.gas_kg_per_mmbtu")
    carbon_kg = fuel_mmbtu * per_mmbtu + supplied_kwh / KWH_PER_MWH * rate("carbon_kg_per_mwh")
    return fuel_mmbtu, carbon_kg, supplied_kwh * rate("water_l_per_kwh")


def _basis(segment: Segment) -> str:
    """Power is measured but its split is derived: at best derived, assumed where the asset is."""
    built = segment.site or segment.as_built
    return "assumed" if built is not None and built.basis == "assumed" else "derived"


ENERGY = View(
    name="energy",
    meaning="Where each segment's power came from and where it went.",
    key=(
        key("segment", "Group of assets."),
        key("site", "Ground site, or `orbit`."),
    ),
    columns=(
        real("generated_w", RollUp.MEAN, "Array output and own turbines, curtailed output too."),
        real("imported_w", RollUp.MEAN, "Drawn from a grid."),
        real("discharged_w", RollUp.MEAN, "Out of batteries."),
        real("bus_w", RollUp.MEAN, "Housekeeping."),
        real("payload_w", RollUp.MEAN, "Communications and sensing."),
        real("compute_w", RollUp.MEAN, "Accelerators."),
        real("cooling_w", RollUp.MEAN, "Cooling and conversion at ground sites."),
        real("charged_w", RollUp.MEAN, "Into battery cells, as the charge shows."),
        real("lost_w", RollUp.MEAN, "Conversion losses and rounding of telemetry."),
        real("curtailed_w", RollUp.MEAN, "Could have been generated; batteries were full."),
        real("unaccounted_w", RollUp.MEAN, "What telemetry does not explain."),
        real("expected_generated_w", RollUp.MEAN, "What physics expects of the arrays."),
        real("throttled_w", RollUp.MEAN, "Load that limits of power and heat keep idle."),
        real("charge_wh", RollUp.LAST, "Energy held in batteries.", is_nullable=True),
        real("battery_wh", RollUp.LAST, "Capacity of the batteries installed."),
        real("charge_fraction_min", RollUp.MIN, "The emptiest battery.", is_nullable=True),
        real("sunlit_fraction", RollUp.MEAN, "Share of assets in sunlight.", is_nullable=True),
        real("radiator_k_mean", RollUp.MEAN, "Mean of radiators, or coolant.", is_nullable=True),
        real("radiator_k_max", RollUp.MAX, "The hottest.", is_nullable=True),
        real("rejected_heat_w", RollUp.MEAN, "Radiated to space."),
        real("pue_ratio", RollUp.MEAN, "Site power over accelerator power.", is_nullable=True),
        real("fuel_mmbtu", RollUp.SUM, "Natural gas burnt in the tick.", is_nullable=True),
        real("carbon_kg", RollUp.SUM, "Carbon dioxide of grid and gas.", is_nullable=True),
        real("water_l", RollUp.SUM, "Water evaporated for cooling.", is_nullable=True),
        real("supplied_wh", RollUp.LAST, "Generated and imported since the beginning."),
        real("compute_wh", RollUp.LAST, "Taken by accelerators since the beginning."),
    ),
    rows=_rows,
)
