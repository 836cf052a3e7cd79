"""Segments and sites: rare events into the fleet of their label."""

from __future__ import annotations

import msgspec
import numpy as np

from twin.arrays import IntArray, frozen
from twin.asset_ranges import joined
from twin.errors import BadInput
from twin.events import (
    AssetsAssigned,
    SatellitesDeorbited,
    SegmentRegistered,
    ShardOpened,
    SiteEnergised,
    SupplyChanged,
)
from twin.fields import ASSETS_MAX_COUNT
from twin.state import C, Fleet, Segment
from twin.suggest import nearest
from twin.units import PPM, parse_instant

UNLIMITED = -1


Change = (
    SegmentRegistered
    | SiteEnergised
    | SupplyChanged
    | ShardOpened
    | AssetsAssigned
    | SatellitesDeorbited
)


def changed(fleet: Fleet, fact: Change) -> Fleet:
    """The fleet after a fact of its segments and sites."""
    match fact:
        case SegmentRegistered():
            return segment_registered(fleet, fact)
        case SiteEnergised():
            return site_energised(fleet, fact)
        case SupplyChanged():
            return supply_changed(fleet, fact)
        case ShardOpened():
            return shard_opened(fleet, fact)
        case AssetsAssigned():
            return assets_assigned(fleet, fact)
        case SatellitesDeorbited():
            return satellites_deorbited(fleet, fact)


def segment_registered(fleet: Fleet, fact: SegmentRegistered) -> Fleet:
    """A new segment, or a known one with what it is built to do from now on."""
    return _with(fleet, msgspec.structs.replace(_known(fleet, fact.segment), as_built=fact))


def site_energised(fleet: Fleet, fact: SiteEnergised) -> Fleet:
    """A ground segment came under power; ``BadInput`` for a site that cannot be."""
    if not 1 <= fact.pools_count <= max(1, fact.accelerators_count):
        raise BadInput(
            f"site {fact.site} with {fact.accelerators_count} accelerators in "
            f"{fact.pools_count} pools",
            expected="at least one pool, and an accelerator in each",
        )
    segment = msgspec.structs.replace(
        _known(fleet, fact.segment), site=fact, installed_count=fact.pools_count
    )
    return _with(fleet, segment)


def supply_changed(fleet: Fleet, fact: SupplyChanged) -> Fleet:
    """The power a site may draw changed; ``BadInput`` for a site nobody energised."""
    sites = {s.site.site: s for s in fleet.segments if s.site is not None}
    if fact.site not in sites:
        raise BadInput(f"site {fact.site!r}", expected=nearest(fact.site, sites))
    segment = msgspec.structs.replace(
        sites[fact.site],
        supply_w=fact.available_w,
        supply_cause=fact.cause,
        supply_until_ns=0 if fact.until is None else parse_instant(fact.until, field="until"),
    )
    return _with(fleet, segment)


def supplies_restored(fleet: Fleet, start_ns: int) -> Fleet:
    """The fleet at the start of a tick: limits of supply that were to end by then are gone."""
    if not 0 < fleet.supply_until_ns <= start_ns:
        return fleet
    for segment in fleet.segments:
        if 0 < segment.supply_until_ns <= start_ns:
            fleet = _with(
                fleet,
                msgspec.structs.replace(segment, supply_w=None, supply_cause="", supply_until_ns=0),
            )
    return fleet


def shard_opened(fleet: Fleet, fact: ShardOpened) -> Fleet:
    """One more stream of frames is expected of a segment."""
    segment = registered(fleet, fact.segment)
    return _with(fleet, msgspec.structs.replace(segment, shards_count=segment.shards_count + 1))


def assets_assigned(fleet: Fleet, fact: AssetsAssigned) -> Fleet:
    """Assets joined a segment through one of its shards; ``BadInput`` where ids are not as many."""
    segment = registered(fleet, fact.segment)
    named_count = sum(last - first + 1 for first, last in fact.asset_id_ranges)
    if named_count != fact.assets_count or any(a > b for a, b in fact.asset_id_ranges):
        raise BadInput(
            f"assets_count={fact.assets_count} with ranges that name {named_count} ids",
            expected="as many ids as assets, each range from its first id to its last",
            field="assets_count",
        )
    ids = joined(*segment.asset_id_ranges, *fact.asset_id_ranges)
    if segment.site is not None:
        return _with(fleet, msgspec.structs.replace(segment, asset_id_ranges=ids))
    count = segment.installed_count + fact.assets_count
    if count > ASSETS_MAX_COUNT:
        raise BadInput(
            f"{count} assets in segment {fact.segment}", expected=f"{ASSETS_MAX_COUNT} at most"
        )
    return _with(
        fleet, msgspec.structs.replace(segment, installed_count=count, asset_id_ranges=ids)
    )


def satellites_deorbited(fleet: Fleet, fact: SatellitesDeorbited) -> Fleet:
    """Satellites left a segment; ``BadInput`` when it has not that many."""
    segment = registered(fleet, fact.segment)
    if not 0 <= fact.satellites_count <= segment.installed_count:
        raise BadInput(
            f"{fact.satellites_count} satellites of {fact.segment} deorbited",
            expected=f"0 to {segment.installed_count}",
        )
    count = segment.installed_count - fact.satellites_count
    return _with(fleet, msgspec.structs.replace(segment, installed_count=count))


def registered(fleet: Fleet, name: str) -> Segment:
    """The segment of that name; ``BadInput`` with the nearest right name when there is none."""
    for segment in fleet.segments:
        if segment.name == name:
            return segment
    raise BadInput(f"segment {name!r}", expected=nearest(name, fleet.keys))


def realigned(array: IntArray, old: tuple[str, ...], new: tuple[str, ...], fill: int) -> IntArray:
    """Rows of ``array`` (one a segment) in the order of ``new``; rows not in ``old`` are filled."""
    result = np.full((len(new), *array.shape[1:]), fill, dtype=np.int64)
    for row, name in enumerate(old):
        result[new.index(name)] = array[row]
    return frozen(result)


def _known(fleet: Fleet, name: str) -> Segment:
    return next((s for s in fleet.segments if s.name == name), Segment(name=name))


def _with(fleet: Fleet, segment: Segment) -> Fleet:
    segments = {s.name: s for s in fleet.segments} | {segment.name: segment}
    ordered = tuple(segments[name] for name in sorted(segments))
    constants = np.array([_constants(s) for s in ordered], dtype=np.int64)
    names = tuple(s.name for s in ordered)
    keys = tuple((fleet.label, name) for name in names)
    until = min((s.supply_until_ns for s in ordered if s.supply_until_ns), default=0)
    return Fleet(fleet.label, ordered, names, keys, frozen(constants), until)


def _constants(segment: Segment) -> list[int]:
    row = [0] * len(C)
    row[C.SUPPLY_MW] = UNLIMITED if segment.supply_w is None else round(segment.supply_w * 1000)
    row[C.INSTALLED_COUNT] = segment.installed_count
    row[C.SHARDS_COUNT] = segment.shards_count
    if segment.as_built is not None:
        built = segment.as_built
        row[C.BATTERY_MWH] = round(built.battery_wh * 1000)
        row[C.CHARGE_LOSS_PPM] = round((1.0 - built.charge_efficiency_fraction) * PPM)
        row[C.CHARGE_RESOLUTION_MWH] = int(np.ceil(built.charge_resolution_wh * 1000))
    if segment.site is not None:
        row[C.COOLING_PPM] = round((segment.site.pue_ratio - 1.0) * PPM)
        row[C.IS_GRID] = int(segment.site.supply == "grid")
        row[C.IS_GROUND] = 1
        row[C.NAMEPLATE_MW] = round(segment.site.nameplate_w * 1000)
    return row
