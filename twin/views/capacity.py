"""Capacity: what is installed, healthy and available of each resource, and what limits it.

installed ≥ healthy ≥ available ≥ delivered, in every row.
"""

from __future__ import annotations

from collections.abc import Iterator

from twin.events import Basis
from twin.quantities import Q
from twin.regions import ORBIT
from twin.state import Fleet, Segment, Telemetry
from twin.units import PPM
from twin.views.view import Moment, RollUp, Value, View, key, real, text, whole

CONSTRAINTS = ("none", "power", "thermal", "failure")


def _rows(moment: Moment) -> Iterator[tuple[Value, ...]]:
    twin = moment.twin
    for label in twin.labels:
        fleet, telemetry = twin.fleets[label], twin.telemetry[label]
        for place, segment in enumerate(fleet.segments):
            home = _home(segment, telemetry)
            for region, name in enumerate(telemetry.regions):
                counts = telemetry.matrix[place, region].tolist()
                absent_count = _absent_count(fleet, telemetry, place) if region == home else 0
                if counts[Q.REPORTED_COUNT] or absent_count:
                    yield from _region_rows(label, segment, name, counts, absent_count)


def _home(segment: Segment, telemetry: Telemetry) -> int:
    """The region that absent assets are shown in: a site's own, otherwise where no theatre is."""
    region = segment.site.region if segment.site is not None else ORBIT
    return telemetry.regions.index(region) if region in telemetry.regions else 0


def _absent_count(fleet: Fleet, telemetry: Telemetry, place: int) -> int:
    """Assets that reported nowhere."""
    reported = int(telemetry.sums[place, Q.REPORTED_COUNT])
    return max(0, fleet.segments[place].installed_count - reported)


def _region_rows(
    label: str, segment: Segment, region: str, counts: list[int], absent_count: int
) -> Iterator[tuple[Value, ...]]:
    basis, resources = _resources(segment, counts)
    reported = counts[Q.REPORTED_COUNT]
    installed_assets = reported + absent_count
    up = counts[Q.UP_COUNT]
    for resource, per_asset, healthy_qty, available_qty, offered_qty in resources:
        installed = max(installed_assets * per_asset, healthy_qty)
        available_qty = min(available_qty, healthy_qty)
        delivered = min(offered_qty, available_qty)
        yield (
            label,
            basis,
            segment.name,
            region,
            resource,
            installed,
            healthy_qty,
            available_qty,
            delivered,
            healthy_qty,
            available_qty / healthy_qty - 1.0 if healthy_qty else 0.0,
            counts[Q.POWER_ANOMALY_COUNT]
            + counts[Q.THERMAL_ANOMALY_COUNT]
            + counts[Q.BATTERY_ANOMALY_COUNT],
            installed_assets,
            up,
            reported,
            available_qty / installed if installed else 0.0,
            _binding_constraint(counts, absent_count),
        )


Resource = tuple[str, int, int, int, int]
"""Name, quantity per asset, healthy, available and measured quantity."""


def _resources(segment: Segment, counts: list[int]) -> tuple[Basis, list[Resource]]:
    up, available = counts[Q.UP_COUNT], counts[Q.AVAILABLE_COUNT]
    if segment.site is not None:
        return _site_resources(segment, counts)
    built = segment.as_built
    if built is None:
        return "assumed", []
    found: list[Resource] = []
    if built.downlink_bps > 0:
        each = round(built.downlink_bps)
        found.append(("downlink_bps", each, up * each, available * each, counts[Q.TRAFFIC_BPS]))
    if built.accelerators_count > 0:
        each = built.accelerators_count
        used = counts[Q.UTILISATION_PPM] * each // PPM
        found.append(("accelerator_count", each, up * each, available * each, used))
        tok = round(built.tok_per_s)
        tokens = counts[Q.UTILISATION_PPM] * tok // PPM
        found.append(("inference_tok_per_s", tok, up * tok, available * tok, tokens))
    return built.basis, found


def _site_resources(segment: Segment, counts: list[int]) -> tuple[Basis, list[Resource]]:
    site = segment.site
    assert site is not None
    per_pool = site.accelerators_count // site.pools_count
    up = counts[Q.ACCELERATORS_UP_COUNT]
    available = powered_count(segment, counts)
    used = min(available, up * counts[Q.UTILISATION_PPM] // max(1, counts[Q.REPORTED_COUNT]) // PPM)
    tok = round(site.tok_per_s / max(1, site.accelerators_count))
    return site.basis, [
        ("accelerator_count", per_pool, up, available, used),
        ("inference_tok_per_s", per_pool * tok, up * tok, available * tok, counts[Q.TOK_PER_S]),
    ]


def powered_count(segment: Segment, counts: list[int]) -> int:
    """Accelerators that a site's heat limit and supply let run, cooling included."""
    site, cool_count = segment.site, counts[Q.ACCELERATORS_AVAILABLE_COUNT]
    if site is None or segment.supply_w is None:
        return cool_count
    return min(cool_count, int(segment.supply_w / (site.accelerator_w * site.pue_ratio)))


def _binding_constraint(counts: list[int], absent_count: int) -> str:
    """What most assets that could work are held back by."""
    failures = counts[Q.REPORTED_COUNT] - counts[Q.UP_COUNT] + absent_count
    held = {
        "power": counts[Q.POWER_LIMITED_COUNT],
        "thermal": counts[Q.THERMAL_LIMITED_COUNT],
        "failure": failures,
    }
    worst = max(held, key=lambda name: held[name])
    return worst if held[worst] else "none"


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
        whole("delivered_qty", RollUp.MEAN, "What was measured to be done, at most available."),
        whole("expected_qty", RollUp.MEAN, "What should be available of healthy assets."),
        real("residual_fraction", RollUp.MEAN, "Available against expected, minus one."),
        whole("anomaly_count", RollUp.MAX, "Assets whose telemetry is not as physics expects."),
        whole("assets_installed_count", RollUp.LAST, "Assets that belong to the row."),
        whole("assets_up_count", RollUp.MIN, "Assets in nominal state."),
        whole("assets_reported_count", RollUp.MIN, "Assets that reported in this tick."),
        real("availability_fraction", RollUp.MEAN, "Available over installed."),
        text("binding_constraint", "What limits it: none, power, thermal or failure."),
    ),
    rows=_rows,
)
