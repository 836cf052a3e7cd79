"""Capacity: what is installed, healthy and available of each resource, and what limits it.

installed ≥ healthy ≥ available ≥ allocated ≥ delivered, in every row but those of lift, whose
delivery is the mean of a month.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from twin.business.market import ACCELERATORS, ANYWHERE, DOWNLINK, S, pool_name
from twin.events import Basis, SegmentRegistered, SiteEnergised
from twin.fold.lift import lift
from twin.quantities import Q
from twin.regions import ORBIT
from twin.state import Segment, Twin
from twin.units import PPM
from twin.views.view import Moment, RollUp, Value, View, key, real, text, whole

TOKENS: Final = "inference_tok_per_s"


class Ability(NamedTuple):
    """What assets of a row could give of one resource, and what they were measured to."""

    resource: str
    per_asset_qty: int
    healthy_qty: int
    available_qty: int
    measured_qty: int


def _rows(moment: Moment) -> Iterator[tuple[Value, ...]]:
    twin = moment.twin
    for label in twin.labels:
        fleet, telemetry = twin.fleets[label], twin.telemetry[label]
        for place, segment in enumerate(fleet.segments):
            reported = int(telemetry.sums[place, Q.REPORTED_COUNT])
            absent_count = max(0, segment.installed_count - reported)
            built = segment.as_built
            if built is not None and built.downlink_bps > 0:
                # Assets that reported nowhere are shown where no theatre is.
                home = ORBIT if ORBIT in telemetry.regions else telemetry.regions[0]
                for region, name in enumerate(telemetry.regions):
                    counts = telemetry.matrix[place, region].tolist()
                    missing_count = absent_count if name == home else 0
                    if counts[Q.REPORTED_COUNT] or missing_count:
                        ability = _downlink(built, counts)
                        yield _row(twin, label, segment, name, counts, missing_count, ability)
            sums = telemetry.sums[place].tolist()
            region_name = segment.site.region if segment.site is not None else ORBIT
            if sums[Q.REPORTED_COUNT] or absent_count:
                for ability in _computing(segment, sums):
                    yield _row(twin, label, segment, region_name, sums, absent_count, ability)
    yield from _lift_rows(twin)


def _row(
    twin: Twin,
    label: str,
    segment: Segment,
    region: str,
    counts: list[int],
    absent_count: int,
    ability: Ability,
) -> tuple[Value, ...]:
    reported = counts[Q.REPORTED_COUNT]
    installed_assets = reported + absent_count
    healthy = ability.healthy_qty
    installed = max(installed_assets * ability.per_asset_qty, healthy)
    available = min(ability.available_qty, healthy)
    reserved, demand, allocated, displaced, given, barred = _shares(
        twin, label, segment.name, ability, region
    )
    delivered = min(ability.measured_qty, available) if given is None else given
    return (
        label,
        _basis(segment),
        segment.name,
        region,
        ability.resource,
        installed,
        healthy,
        available,
        reserved,
        demand,
        allocated,
        delivered,
        displaced,
        healthy,
        available / healthy - 1.0 if healthy else 0.0,
        counts[Q.POWER_ANOMALY_COUNT]
        + counts[Q.THERMAL_ANOMALY_COUNT]
        + counts[Q.BATTERY_ANOMALY_COUNT],
        installed_assets,
        counts[Q.UP_COUNT],
        reported,
        available / installed if installed else 0.0,
        _binding_constraint(
            counts, absent_count, _beyond(twin, segment.name, ability, displaced, barred)
        ),
    )


def _shares(
    twin: Twin, label: str, segment: str, ability: Ability, region: str
) -> list[int] | tuple[None, ...]:
    """The columns of ``S`` for a pool; null where nothing is allocated."""
    where = region if ability.resource == DOWNLINK else ANYWHERE
    place = twin.market.pool_places.get(pool_name(label, segment, ability.resource, where))
    if place is None:
        return (None,) * len(S)
    shares: list[int] = twin.market.shares[place].tolist()
    return shares


def _basis(segment: Segment) -> Basis:
    built = segment.site or segment.as_built
    return built.basis if built is not None else "assumed"


def _downlink(built: SegmentRegistered, counts: list[int]) -> Ability:
    each = round(built.downlink_bps)
    up, able = counts[Q.UP_COUNT], counts[Q.AVAILABLE_COUNT]
    return Ability(DOWNLINK, each, up * each, able * each, counts[Q.TRAFFIC_BPS])


def _computing(segment: Segment, counts: list[int]) -> Iterator[Ability]:
    """Accelerators, and the tokens they could make."""
    if segment.site is not None:
        yield from _at_a_site(segment, segment.site, counts)
    elif segment.as_built is not None and segment.as_built.accelerators_count:
        built = segment.as_built
        up, able, used = (counts[q] for q in (Q.UP_COUNT, Q.AVAILABLE_COUNT, Q.UTILISATION_PPM))
        for resource, each in (
            (ACCELERATORS, built.accelerators_count),
            (TOKENS, round(built.tok_per_s)),
        ):
            yield Ability(resource, each, up * each, able * each, used * each // PPM)


def _at_a_site(segment: Segment, site: SiteEnergised, counts: list[int]) -> Iterator[Ability]:
    per_pool = site.accelerators_count // site.pools_count
    up = counts[Q.ACCELERATORS_UP_COUNT]
    able = powered_count(segment, counts)
    used = up * counts[Q.UTILISATION_PPM] // max(1, counts[Q.REPORTED_COUNT]) // PPM
    tok = round(site.tok_per_s / max(1, site.accelerators_count))
    yield Ability(ACCELERATORS, per_pool, up, able, used)
    yield Ability(TOKENS, per_pool * tok, up * tok, able * tok, counts[Q.TOK_PER_S])


def _lift_rows(twin: Twin) -> Iterator[tuple[Value, ...]]:
    """What rockets can bring to orbit a day, a row for each that has boosters."""
    for label, book in sorted(twin.launches.items()):
        for each in lift(book, twin.registry.number, instant_ns=twin.tick_ns):
            installed, available = each.installed_kg_per_d, each.available_kg_per_d
            yield (
                label,
                "derived",
                each.vehicle,
                ORBIT,
                "lift_kg_per_d",
                installed,
                each.healthy_kg_per_d,
                min(available, each.healthy_kg_per_d),
                None,
                None,
                None,
                each.delivered_kg_per_d,
                None,
                each.healthy_kg_per_d,
                available / each.healthy_kg_per_d - 1.0 if each.healthy_kg_per_d else 0.0,
                0,
                each.boosters_count,
                each.ready_count,
                each.boosters_count,
                available / installed if installed else 0.0,
                "none" if each.healthy_kg_per_d else "failure",
            )


def powered_count(segment: Segment, counts: list[int]) -> int:
    """Accelerators that a site's heat limit and supply let run, cooling included."""
    site, cool_count = segment.site, counts[Q.ACCELERATORS_AVAILABLE_COUNT]
    if site is None or segment.supply_w is None:
        return cool_count
    return min(cool_count, int(segment.supply_w / (site.accelerator_w * site.pue_ratio)))


def _beyond(
    twin: Twin, segment: str, ability: Ability, displaced_qty: int | None, barred_qty: int | None
) -> str:
    """What keeps a pool whose assets all work from doing what is asked.

    That is lift where its satellites wait for a rocket that must not fly; otherwise there is more
    asked than there is, or what is asked may not be served here for want of accreditation.
    """
    if displaced_qty:
        if segment in _waiting(twin):
            return "lift"
        return "downlink" if ability.resource == DOWNLINK else "demand"
    return "accreditation" if barred_qty else "none"


def _waiting(twin: Twin) -> set[str]:
    """The segments whose satellites are on the manifest of a rocket that must not fly now."""
    return {
        launch.segment
        for book in twin.launches.values()
        if any(vehicle.status != "active" for vehicle in book.vehicles.values())
        for launch in book.manifest.values()
        if launch.satellites_count and book.why_grounded(launch.vehicle, twin.tick_ns)
    }


def _binding_constraint(counts: list[int], absent_count: int, beyond: str) -> str:
    """What holds back most assets that could work; else what keeps those that do."""
    failures = counts[Q.REPORTED_COUNT] - counts[Q.UP_COUNT] + absent_count
    held = {
        "power": counts[Q.POWER_LIMITED_COUNT],
        "thermal": counts[Q.THERMAL_LIMITED_COUNT],
        "failure": failures,
    }
    worst = max(held, key=lambda name: held[name])
    return worst if held[worst] else beyond


CAPACITY = View(
    name="capacity",
    meaning="What each segment could do in each region, and what limits it.",
    key=(
        key("segment", "Group of assets."),
        key("region", "Theatre below the asset; `orbit` where none applies."),
        key("resource", "What is counted; the last word is the unit of every `_qty`."),
    ),
    columns=(
        whole("installed_qty", RollUp.LAST, "What all assets could do if all worked."),
        whole("healthy_qty", RollUp.LAST, "What the assets that are up could do."),
        whole("available_qty", RollUp.MIN, "What is left after limits of power and heat."),
        whole("reserved_qty", RollUp.LAST, "Promised to commitments.", is_nullable=True),
        whole("demand_qty", RollUp.MAX, "What was asked for.", is_nullable=True),
        whole("allocated_qty", RollUp.MAX, "What the allocator granted.", is_nullable=True),
        whole(
            "delivered_qty",
            RollUp.MEAN,
            "Used of what was granted; what was measured where nothing is.",
        ),
        whole("displaced_qty", RollUp.MAX, "Asked for and not granted.", is_nullable=True),
        whole("expected_qty", RollUp.MEAN, "What should be available of healthy assets."),
        real("residual_fraction", RollUp.MEAN, "Available against expected, minus one."),
        whole("anomaly_count", RollUp.MAX, "Assets whose telemetry is not as physics expects."),
        whole("assets_installed_count", RollUp.LAST, "Assets that belong to the row."),
        whole("assets_up_count", RollUp.MIN, "Assets in nominal state."),
        whole("assets_reported_count", RollUp.MIN, "Assets that reported in this tick."),
        real("availability_fraction", RollUp.MEAN, "Available over installed."),
        text(
            "binding_constraint",
            "none, power, thermal, failure, downlink, demand, lift or accreditation.",
        ),
    ),
    rows=_rows,
)
