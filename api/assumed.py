"""Which assumptions go into a figure: by its view's column, for satellites and for ground sites.

Listed is what the twin reckons the figure with, and what the assets of a simulated world are built
as where that decides the figure. Demand, noise and luck, which a world makes telemetry with, are
not: the twin does not know them of a segment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.behind import OF_A_SEGMENT, prefixes_of
from streams.store.queries import RowDict
from twin.events import AssumptionSet
from twin.state import Segment, Twin
from twin.views import Column, View

Names = tuple[str, ...]
"""Beginnings of names of assumptions; ``*`` stands for one word of a name."""


def _class(*fields: str) -> Names:
    return tuple(f"class.{{class_name}}.{field}" for field in fields)


def _site(*fields: str) -> Names:
    return tuple(f"site.{{segment}}.{field}" for field in fields)


_SHELL: Final = ("shell.*.{segment}",)
_REGION: Final = ("region.{region}",)
_ARRAY: Final = (*_class("array_w", "degradation_fraction_per_y"), "power.age-start_y", *_SHELL)
_LOAD: Final = _class("bus_w", "payload_w")
_STORE: Final = (*_ARRAY, *_LOAD, *_class("battery_wh", "charge_efficiency_fraction"))
_LIMITS: Final = _class("battery_wh", "reserve_fraction", "temperature_max_k")
_COMPUTE: Final = (*_class("bus_w", "payload_w", "accelerators_count"), *_LIMITS)
_WHERE: Final = (*_SHELL, *_REGION)
_HEAT: Final = (
    *_class(
        "heat_capacity_j_per_k",
        "radiator_m2",
        "radiator_faces_count",
        "radiator_emissivity_fraction",
        "solar_absorptivity_fraction",
        "sun_view_fraction",
        "earth_view_fraction",
        "temperature_max_k",
    ),
    *_LOAD,
    *_SHELL,
)

OF_SATELLITES: Final[Mapping[str, Names]] = {
    "generated_w": _ARRAY,
    "expected_generated_w": _ARRAY,
    "supplied_wh": _ARRAY,
    "discharged_w": (*_ARRAY, *_LOAD),
    "bus_w": _class("bus_w"),
    "payload_w": _COMPUTE,
    "compute_w": _COMPUTE,
    "compute_wh": _COMPUTE,
    "charged_w": _STORE,
    "lost_w": _STORE,
    "curtailed_w": _STORE,
    "unaccounted_w": _STORE,
    "charge_wh": _STORE,
    "charge_fraction_min": _STORE,
    "battery_wh": _class("battery_wh"),
    "throttled_w": (*_class("payload_w"), *_LIMITS),
    "sunlit_fraction": _SHELL,
    "radiator_k_mean": _HEAT,
    "radiator_k_max": _HEAT,
    "rejected_heat_w": _HEAT,
    "installed_qty": _WHERE,
    "healthy_qty": _WHERE,
    "available_qty": (*_WHERE, *_LIMITS),
    "delivered_qty": (*_WHERE, *_LIMITS),
    "expected_qty": _WHERE,
    "residual_fraction": (*_WHERE, *_LIMITS),
    "availability_fraction": (*_WHERE, *_LIMITS),
    "binding_constraint": (*_WHERE, *_LIMITS),
    "anomaly_count": (*_ARRAY, *_REGION, *_LIMITS, "alarm.row_power_residual_fraction"),
    "assets_installed_count": _WHERE,
    "assets_up_count": _WHERE,
    "assets_reported_count": _WHERE,
}
"""By column; one that is not here rests on none."""

_PER_ASSET: Final[Mapping[str, Names]] = {
    "downlink_bps": _class("downlink_bps"),
    "accelerator_count": _class("accelerators_count"),
    "inference_tok_per_s": _class("accelerators_count", "accelerator_tok_per_s"),
}
"""What an asset has of a resource: in every quantity of it."""

_POWER: Final = _site("accelerator_w", "accelerators_count", "idle_fraction")
_DRAWN: Final = (*_POWER, *_site("pue_ratio"))
_POOLS: Final = _site("accelerators_count", "pools_count")
_COOLANT: Final = _site("coolant_supply_k", "coolant_rise_k", "idle_fraction")
_HELD_BACK: Final = _site("coolant_max_k", "accelerator_w", "pue_ratio")

OF_SITES: Final[Mapping[str, Names]] = {
    "generated_w": _DRAWN,
    "imported_w": _DRAWN,
    "supplied_wh": _DRAWN,
    "compute_w": _POWER,
    "compute_wh": _POWER,
    "cooling_w": _DRAWN,
    "throttled_w": (*_POOLS, *_HELD_BACK),
    "radiator_k_mean": _COOLANT,
    "radiator_k_max": _COOLANT,
    "pue_ratio": _site("pue_ratio"),
    "fuel_mmbtu": (*_DRAWN, *_site("heat_rate_btu_per_kwh")),
    "carbon_kg": (
        *_DRAWN,
        *_site("heat_rate_btu_per_kwh", "carbon_kg_per_mwh"),
        "compute.gas_kg_per_mmbtu",
    ),
    "water_l": (*_DRAWN, *_site("water_l_per_kwh")),
    "installed_qty": _POOLS,
    "healthy_qty": _POOLS,
    "available_qty": (*_POOLS, *_HELD_BACK),
    "delivered_qty": (*_POOLS, *_HELD_BACK),
    "expected_qty": _POOLS,
    "residual_fraction": _HELD_BACK,
    "availability_fraction": _HELD_BACK,
    "binding_constraint": _site("coolant_max_k"),
    "anomaly_count": _site("coolant_max_k"),
    "assets_installed_count": _site("pools_count"),
    "assets_up_count": _site("pools_count"),
    "assets_reported_count": _site("pools_count"),
}
"""The same for the pools of accelerators of a site."""


_NOT_SUPPLIED: Final = {"gas": "imported_w", "grid": "generated_w"}
"""The column that is zero whatever a site draws, by its supply."""


def assumed(
    twin: Twin, view: View, column: Column, row: RowDict, segment: Segment | None
) -> list[AssumptionSet]:
    """The assumptions in force that a figure rests on, by name."""
    names = list(prefixes_of(twin, view.name, column.name, row))
    if segment is not None and view.name in OF_A_SEGMENT:
        names += _of_a_segment(column.name, row, segment)
    built = segment.as_built if segment is not None else None
    words = {
        "class_name": built.class_name if built is not None else "",
        "segment": segment.name if segment is not None else "",
        "region": str(row.get("region", "")),
        "reporting_segment": str(row.get("reporting_segment", "")).lower(),
    }
    wanted = [name.format_map(words) for name in names]
    known = twin.registry.assumptions
    return [known[name] for name in sorted(known) if any(_begins(name, each) for each in wanted)]


def _of_a_segment(column: str, row: RowDict, segment: Segment) -> Names:
    resource = str(row.get("resource", "")) if column.endswith("_qty") else ""
    if segment.site is not None:
        if column == _NOT_SUPPLIED.get(segment.site.supply):
            return ()
        token = _site("accelerator_tok_per_s") if resource == "inference_tok_per_s" else ()
        return (*OF_SITES.get(column, ()), *token)
    return (*OF_SATELLITES.get(column, ()), *_PER_ASSET.get(resource, ()))


def _begins(name: str, wanted: str) -> bool:
    """Whether a name begins as wanted, whole words but for the last: shells and boxes are numbered.

    ``sl-53`` begins ``sl-53-high``, as the second of its shells, but not ``sl-530``. A name that
    ends in a dot begins whatever is below it.
    """
    words, begun = name.split("."), wanted.split(".")
    if len(words) < len(begun):
        return False
    *exact, last = begun
    is_same = all(w in ("*", given) for given, w in zip(words, exact, strict=False))
    given = words[len(exact)]
    return is_same and (not last or given == last or given.startswith(f"{last}-"))
