"""Costs: what power, accelerators and tokens cost in orbit and on the ground, by assumption set.

Every figure rests on assumptions alone, so it changes with them and with what is built, not by the
tick; nothing is computed while neither changed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

from msgspec.structs import replace

from twin.business.assumption_sets import Assumed, assumption_sets
from twin.business.costs import Costs, Tariff, ground_costs, orbit_costs
from twin.events import SegmentRegistered, SiteEnergised
from twin.state import Registry, Segment
from twin.units import MICRO_PER_USD, USD_MAX
from twin.views.view import Moment, RollUp, Value, View, key, real, usd

Row = tuple[Value, ...]

BASIS = "assumed"
TELLS = "mccalip.launch_usd_per_kg"
"""A twin that was not told this was told no costs, and has no row."""

LAST = RollUp.LAST


def _rows(moment: Moment) -> Iterator[Row]:
    registry = moment.twin.registry
    if TELLS not in registry.assumptions:
        return
    for label in moment.twin.labels:
        for segment in moment.twin.fleets[label].segments:
            built = segment.site or segment.as_built
            if built is not None:
                yield from _segment_rows(registry, label, segment.name, built)


# A registry has no equality but identity: whatever is told makes another of it.
@lru_cache(maxsize=128)
def _segment_rows(
    registry: Registry, label: str, segment: str, built: SegmentRegistered | SiteEnergised
) -> tuple[Row, ...]:
    return tuple(
        _row(label, segment, assumed.name, _costs(registry, assumed, segment, built))
        for assumed in _sets(registry)
    )


@lru_cache(maxsize=4)
def _sets(registry: Registry) -> tuple[Assumed, ...]:
    return assumption_sets(registry.number)


def _costs(
    registry: Registry, assumed: Assumed, segment: str, built: SegmentRegistered | SiteEnergised
) -> Costs:
    if isinstance(built, SiteEnergised):
        return ground_costs(assumed, built, _tariff(registry, segment))
    place = f"class.{built.class_name}"
    # A plant is bought new: the model wears its array itself, over its life.
    new = replace(built, array_w=registry.number(f"{place}.array_w", built.array_w))
    return orbit_costs(assumed, new, registry.number(f"{place}.accelerator_w"))


def costs_of(registry: Registry, segment: Segment, assumption_set: str) -> Costs | None:
    """The costs of a segment under a set, with the steps that lead to them; None for no segment."""
    built = segment.site or segment.as_built
    assumed = next((each for each in _sets(registry) if each.name == assumption_set), None)
    if built is None or assumed is None:
        return None
    return _costs(registry, assumed, segment.name, built)


def _tariff(registry: Registry, segment: str) -> Tariff:
    def told(name: str) -> float | None:
        value = registry.number(f"site.{segment}.{name}", math.nan)
        return None if math.isnan(value) else value

    return Tariff(
        gas_usd_per_mmbtu=told("gas_price_usd_per_mmbtu"),
        heat_rate_btu_per_kwh=told("heat_rate_btu_per_kwh"),
        electricity_usd_per_mwh=told("electricity_usd_per_mwh"),
    )


def _row(label: str, segment: str, assumption_set: str, costs: Costs) -> Row:
    return (
        label,
        BASIS,
        segment,
        assumption_set,
        _known(costs.capex_usd_per_w),
        _known(costs.energy_usd_per_mwh),
        _micro_usd(costs.accelerator_hour_usd),
        _micro_usd(costs.million_tok_usd),
        _known(costs.launch_usd_per_kg),
        _known(costs.breakeven_launch_usd_per_kg),
        _known(costs.ground_ratio),
    )


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _micro_usd(value_usd: float) -> int | None:
    """Null for what is not known, or more money than there is."""
    return round(value_usd * MICRO_PER_USD) if abs(value_usd) <= USD_MAX else None


COSTS = View(
    name="costs",
    meaning="What power, accelerators and tokens cost in orbit and on the ground.",
    key=(
        key("segment", "Group of assets."),
        key("assumption_set", "`published`, `live`, `optimistic` or `pessimistic`."),
    ),
    columns=(
        real(
            "capex_usd_per_w",
            LAST,
            "Capital for each watt at the load, on average over its life; without accelerators.",
            is_nullable=True,
        ),
        real(
            "energy_usd_per_mwh",
            LAST,
            "All a power plant costs over its life, for each megawatt-hour used at the load.",
            is_nullable=True,
        ),
        usd(
            "accelerator_hour_usd",
            LAST,
            "An accelerator for a used hour, with its purchase and its power.",
            is_nullable=True,
        ),
        usd("million_tok_usd", LAST, "A million tokens at full speed.", is_nullable=True),
        real("launch_usd_per_kg", LAST, "Launch price; null on the ground.", is_nullable=True),
        real(
            "breakeven_launch_usd_per_kg",
            LAST,
            "Launch price at which a megawatt-hour costs as on the ground; below 0 none does.",
            is_nullable=True,
        ),
        real(
            "ground_ratio",
            LAST,
            "Cost of a megawatt-hour over that of the set's own ground plant: the published one"
            " with the set's prices, and of no site.",
            is_nullable=True,
        ),
    ),
    rows=_rows,
)
