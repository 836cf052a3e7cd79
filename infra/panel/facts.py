"""One tick of the read model, summed up for people; launches, which are no view, of the twin."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Engine

from infra.panel.sight import (
    Compute,
    Earning,
    Facts,
    Lift,
    NextAtRisk,
    OpenAlert,
    Place,
    Power,
    Promises,
    SegmentFacts,
)
from streams.store import queries
from streams.store.queries import TickInfo
from streams.store.tables import LIVE
from twin.business.lines import REPORTING_SEGMENTS
from twin.state import Twin
from twin.units import MICRO_PER_USD, NS_PER_S, parse_instant

SPACE = "orbit"
TOKENS = "api_tokens"
ALERTS_SHOWN_COUNT = 50
SUPPLIED = ("generated_w", "imported_w", "discharged_w")
CURTAILED = ("curtailed_w",)
USED = ("bus_w", "payload_w", "compute_w", "cooling_w")

RUNNING = ("kept", "at-risk", "breached")
"""Statuses of promises that are judged now."""

Row = dict[str, Any]


def latest(engine: Engine) -> Facts | None:
    """The last committed tick; None before there is one."""
    with engine.begin() as db:
        tick = queries.latest_tick(db, LIVE)
        return _facts(db, tick) if tick is not None else None


def lift(twin: Twin) -> Lift:
    """What was launched until a tick, and what flies next of those that may."""
    books = list(twin.launches.values())
    vehicles = [vehicle for book in books for vehicle in book.vehicles.values()]
    to_fly = [
        (launch.net_ns, launch.vehicle)
        for book in books
        for launch in book.manifest.values()
        if not book.why_grounded(launch.vehicle, launch.net_ns)
    ]
    next_net_ns, next_vehicle = min(to_fly, default=(0, ""))
    return Lift(
        number=twin.number,
        flown_count=sum(vehicle.flown_count for vehicle in vehicles),
        failed_count=sum(vehicle.failure_count for vehicle in vehicles),
        next_vehicle=next_vehicle,
        next_net_ns=next_net_ns,
    )


def _facts(db: Connection, tick: TickInfo) -> Facts:
    capacity, energy, health, revenue, commitments = (
        queries.view_rows(db, view, LIVE, tick.tick_ns, filters={})
        for view in ("capacity", "energy", "health", "revenue", "commitments")
    )
    in_space = {row["segment"] for row in energy if row["site"] == SPACE}
    assets = _assets(row for row in capacity if row["segment"] in in_space)
    downlink = [row for row in capacity if row["resource"] == "downlink_bps"]
    lags_s = [row["lag_s"] for row in health if row["lag_s"] is not None]
    alerts = queries.alerts(db, LIVE, at_ns=None, is_open=True, limit=ALERTS_SHOWN_COUNT)
    return Facts(
        number=tick.number,
        tick_ns=tick.tick_ns,
        hash=tick.hash,
        rows_count=tick.rows_count,
        not_applied_count=tick.quarantined_count + tick.refused_count,
        lag_s=max(lags_s, default=None),
        satellites_count=sum(row["assets_installed_count"] for row in assets),
        satellites_up_count=sum(row["assets_up_count"] for row in assets),
        sunlit_fraction=_sunlit_fraction(energy, assets),
        downlink_available_bps=_sum(downlink, "available_qty"),
        downlink_delivered_bps=_sum(downlink, "delivered_qty"),
        orbit=_place([row for row in energy if row["segment"] in in_space], capacity),
        ground=_place([row for row in energy if row["segment"] not in in_space], capacity),
        revenue=tuple(
            Earning(name, _run_rate(row for row in revenue if row["reporting_segment"] == name))
            for name in REPORTING_SEGMENTS
        ),
        # What the group sells to itself is a row of its own, below zero.
        consolidated_usd_per_y=_run_rate(revenue),
        served_tok_per_s=_served_tok_per_s(revenue),
        promises=_promises(commitments, tick.tick_ns),
        segments=tuple(_segment(row, capacity) for row in energy),
        alerts=tuple(
            OpenAlert(
                alarm_id=row["alarm_id"],
                severity=row["severity"],
                value=row["value"],
                threshold=row["threshold"],
                asset_ids=tuple(json.loads(row["asset_ids"])),
            )
            for row in alerts
        ),
    )


def _run_rate(rows: Iterable[Row]) -> float:
    return _sum(rows, "run_rate_usd_per_y") / MICRO_PER_USD


def _served_tok_per_s(rows: Iterable[Row]) -> float:
    """Tokens read and written for those who asked; not what all accelerators could make."""
    served = (row["delivered_qty"] / row["interval_s"] for row in rows if row["line"] == TOKENS)
    return float(sum(served))


def _promises(rows: list[Row], tick_ns: int) -> Promises:
    running = [row for row in rows if row["status"] in RUNNING]
    unbroken = [row for row in running if row["status"] != "breached"]
    return Promises(
        running_count=len(running),
        kept_count=len(unbroken),
        at_risk_count=sum(row["status"] == "at-risk" for row in running),
        next=_next_at_risk(unbroken, tick_ns),
    )


def _next_at_risk(rows: list[Row], tick_ns: int) -> NextAtRisk | None:
    """The first to break; where none is on the way to, the first whose window ends."""
    breaking = [row for row in rows if row["time_to_breach_s"] is not None]
    ending = [row for row in rows if row["due_at"] or row["window_end"]]

    def left_s(row: Row) -> float:
        if breaking:
            return float(row["time_to_breach_s"])
        ends_ns = parse_instant(row["due_at"] or row["window_end"])
        return max(0, ends_ns - tick_ns) / NS_PER_S

    found = [(left_s(row), row["commitment_id"]) for row in breaking or ending]
    if not found:
        return None
    soonest_s, commitment_id = min(found)
    return NextAtRisk(commitment_id, soonest_s, bool(breaking))


def _assets(capacity: Iterable[Row]) -> list[Row]:
    """One row per segment and region: those of a segment's first resource count its assets."""
    first: dict[str, str] = {}
    rows = list(capacity)
    return [
        row for row in rows if first.setdefault(row["segment"], row["resource"]) == row["resource"]
    ]


def _sunlit_fraction(energy: Iterable[Row], assets: Iterable[Row]) -> float | None:
    reported: defaultdict[str, int] = defaultdict(int)
    for row in assets:
        reported[row["segment"]] += row["assets_reported_count"]
    seen = [(row, reported[row["segment"]]) for row in energy if row["sunlit_fraction"] is not None]
    total = sum(count for _, count in seen)
    return sum(row["sunlit_fraction"] * count for row, count in seen) / total if total else None


def _place(energy: list[Row], capacity: list[Row]) -> Place:
    segments = {row["segment"] for row in energy}
    here = [row for row in capacity if row["segment"] in segments]
    accelerators = [row for row in here if row["resource"] == "accelerator_count"]
    return Place(
        power=Power(
            supplied_w=_supplied_w(energy),
            used_w=_watts(energy, USED),
            compute_w=_watts(energy, ("compute_w",)),
            charge_fraction=_charge_fraction(energy),
        ),
        compute=Compute(
            installed_count=_sum(accelerators, "installed_qty"),
            available_count=_sum(accelerators, "available_qty"),
            delivered_count=_sum(accelerators, "delivered_qty"),
        ),
    )


def _sum(rows: Iterable[Row], column: str) -> int:
    return sum(int(row[column]) for row in rows)


def _segment(energy: Row, capacity: Iterable[Row]) -> SegmentFacts:
    rows = _assets(row for row in capacity if row["segment"] == energy["segment"])
    held = Counter(
        {
            row["binding_constraint"]: row["assets_installed_count"]
            for row in rows
            if row["binding_constraint"] != "none"
        }
    )
    return SegmentFacts(
        segment=energy["segment"],
        is_ground=energy["site"] != SPACE,
        installed_count=_sum(rows, "assets_installed_count"),
        up_count=_sum(rows, "assets_up_count"),
        sunlit_fraction=energy["sunlit_fraction"],
        charge_fraction=_charge_fraction([energy]),
        supplied_w=_supplied_w([energy]),
        used_w=_watts([energy], USED),
        binding_constraint=held.most_common(1)[0][0] if held else "",
    )


def _watts(energy: Iterable[Row], columns: Iterable[str]) -> float:
    return sum(float(row[name]) for row in energy for name in columns)


def _supplied_w(energy: Iterable[Row]) -> float:
    """What came of arrays, grid and batteries: what nobody took was generated, not supplied."""
    rows = list(energy)
    return _watts(rows, SUPPLIED) - _watts(rows, CURTAILED)


def _charge_fraction(energy: Iterable[Row]) -> float | None:
    rows = [row for row in energy if row["charge_wh"] is not None]
    battery_wh = _watts(rows, ("battery_wh",))
    return _watts(rows, ("charge_wh",)) / battery_wh if battery_wh else None
