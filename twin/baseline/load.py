"""The shipped numbers and worlds, read from this package's own files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from twin.baseline.book import (
    BoxRow,
    GroundRow,
    ProfileRow,
    SatellitesRow,
    read_assumptions,
    read_book,
)
from twin.baseline.plans import (
    Assumption,
    DemandProfile,
    SatelliteClass,
    SatelliteSegmentPlan,
    ShellPlan,
    SitePlan,
)
from twin.errors import BadInput
from twin.regions import RegionBox
from twin.suggest import unknown
from twin.units import BTU_PER_MMBTU, KWH_PER_MWH

S = TypeVar("S", bound=msgspec.Struct)
Numbers = Mapping[str, Assumption]


class Baseline(msgspec.Struct, frozen=True):
    """One world at its opening, with every number it rests on; names are sorted."""

    world: str
    opens_on: str
    description: str
    is_assumed: bool
    assumptions: Mapping[str, Assumption]
    satellite_segments: tuple[SatelliteSegmentPlan, ...]
    sites: tuple[SitePlan, ...]
    regions: tuple[RegionBox, ...]
    demand_profiles: Mapping[str, DemandProfile]

    def number(self, name: str) -> float:
        """The value of an assumption; ``BadInput`` for an unknown name or one that is text."""
        value = _assumption(self.assumptions, name).value
        if isinstance(value, str):
            raise BadInput(f"{name} is the text {value!r}", expected="a number", field=name)
        return float(value)

    def text(self, name: str) -> str:
        """The date an assumption holds; ``BadInput`` for an unknown name or a number's."""
        value = _assumption(self.assumptions, name).value
        if not isinstance(value, str):
            raise BadInput(f"{name} is the number {value}", expected="a date", field=name)
        return value

    def satellite_class(self, class_name: str) -> SatelliteClass:
        """All numbers of a class; ``BadInput`` when there is none of that name."""
        known = {name.split(".")[1] for name in self.assumptions if name.startswith("class.")}
        if class_name not in known:
            raise unknown("satellite class", class_name, known)
        return msgspec.convert(
            _values(self.assumptions, f"class.{class_name}", SatelliteClass), SatelliteClass
        )


def load(world: str) -> Baseline:
    """The baseline of a world; ``BadInput`` names the nearest when there is none of that name."""
    book = read_book()
    row = next((row for row in book.worlds if row.world == world), None)
    if row is None:
        raise unknown("world", world, world_names())
    satellites = [segment for segment in book.satellite_segments if segment.world == world]
    flown = {shell for segment in satellites for shell in segment.shells}
    numbers = {name: entry for name, entry in read_assumptions().items() if _is_used(name, flown)}
    return Baseline(
        world=world,
        opens_on=row.opens_on,
        description=row.description,
        is_assumed=row.is_assumed,
        assumptions=numbers,
        satellite_segments=tuple(_satellite_segment(segment, numbers) for segment in satellites),
        sites=tuple(_site(site, numbers) for site in book.ground_segments if site.world == world),
        regions=tuple(_box(box, numbers) for box in book.regions),
        demand_profiles={
            profile.profile: _demand(profile, numbers) for profile in book.demand_profiles
        },
    )


def world_names() -> tuple[str, ...]:
    """Every world there is."""
    return tuple(row.world for row in read_book().worlds)


def default_world() -> str:
    """The world that is meant when none is named."""
    return next(row.world for row in read_book().worlds if row.is_default)


def _is_used(name: str, flown: set[str]) -> bool:
    """Shells that fly only in another world are no assumption of this one."""
    return not name.startswith("shell.") or name.split(".", 1)[1].rsplit(".", 1)[0] in flown


def _satellite_segment(row: SatellitesRow, numbers: Numbers) -> SatelliteSegmentPlan:
    return SatelliteSegmentPlan(
        segment=row.segment,
        label=row.label,
        class_name=row.class_name,
        shells=tuple(_plan(ShellPlan, f"shell.{name}", numbers, name=name) for name in row.shells),
        demand=row.demand,
        is_dawn_dusk=row.is_dawn_dusk,
        is_assumed=row.is_assumed,
    )


def _site(row: GroundRow, numbers: Numbers) -> SitePlan:
    """A site; on gas, price and carbon follow from heat rate, gas price and the fuel's carbon."""
    given = msgspec.structs.asdict(row)
    del given["world"]
    values = _values(numbers, f"site.{row.segment}", SitePlan)
    if row.supply == "gas":
        mmbtu_per_mwh = values["heat_rate_btu_per_kwh"] * KWH_PER_MWH / BTU_PER_MMBTU
        given["electricity_usd_per_mwh"] = mmbtu_per_mwh * values["gas_price_usd_per_mmbtu"]
        given["carbon_kg_per_mwh"] = mmbtu_per_mwh * numbers["compute.gas_kg_per_mmbtu"].value
    else:
        given |= {"heat_rate_btu_per_kwh": 0.0, "gas_price_usd_per_mmbtu": 0.0}
    return msgspec.convert(values | given, SitePlan)


def _box(row: BoxRow, numbers: Numbers) -> RegionBox:
    edges = _values(numbers, f"region.{row.box}", RegionBox)
    return RegionBox(name=row.region, **{edge: float(value) for edge, value in edges.items()})


def _demand(row: ProfileRow, numbers: Numbers) -> DemandProfile:
    place = f"demand.{row.profile}"
    return _plan(DemandProfile, place, numbers, name=row.profile, clock=row.clock)


def _plan(kind: type[S], place: str, numbers: Numbers, **given: str) -> S:
    return msgspec.convert(_values(numbers, place, kind) | given, kind)


def _values(numbers: Numbers, place: str, kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The assumptions below a place that are fields of a kind, by field."""
    names = {field: f"{place}.{field}" for field in kind.__struct_fields__}
    return {field: numbers[name].value for field, name in names.items() if name in numbers}


def _assumption(numbers: Numbers, name: str) -> Assumption:
    found = numbers.get(name)
    if found is None:
        raise unknown("assumption", name, numbers)
    return found
