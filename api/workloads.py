"""Work as rows: what wants a share of the fleet, what it is granted where, and who displaces it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np

from api.problems import require_known
from api.shapes import said_instant
from twin.arrays import IntArray
from twin.business.market import Market
from twin.business.needs import Need
from twin.business.services import FLOP_PER_PFLOP, Work, service_need, work_need
from twin.events import DemandRow, WorkloadSubmitted
from twin.state import Twin

Row = dict[str, Any]
Key = tuple[str, str]
"""The label and id of a need."""

HOLDERS_MAX_COUNT: Final = 10
"""Of those that were served before a row, the ones that hold most are named."""

NO_PROGRESS: Final[Row] = dict.fromkeys(("work_flop", "done_flop", "done_fraction"))


def workload_rows(twin: Twin, service: str | None) -> list[Row]:
    """Everything that wants something, in the order in which it is served.

    ``Unknown`` names a service nobody registered.
    """
    services = {name for each in twin.services.values() for name in each.offered}
    if service is not None:
        require_known("service", service, services)
    market, asked, work = twin.market, _asked(twin), dict(_work(twin))
    found = []
    for place, need in enumerate(market.needs):
        key = need.label, need.need_id
        if service in (None, need.service):
            row = _row(market, place, need) | asked.get(key, _traffic(()))
            found.append(row | work.get(key, NO_PROGRESS | {"deadline": None}))
    found.sort(key=lambda row: (row["priority"], row["need_id"]))
    return found


def placement_row(row: Row) -> Row:
    """A change of where work runs, as it is answered."""
    names = ("workload_id", "label", "accelerators_count", "displaced_count")
    return {
        "since": said_instant(row["tick_ns"]),
        "segment": row["pool_id"],
        **{name: row[name] for name in names},
        "by_commitment_id": row["by_commitment_id"] or None,
    }


def _row(market: Market, place: int, need: Need) -> Row:
    granted = market.granted_qty[place]
    wanted_qty, granted_qty = int(market.wanted_qty[place]), int(granted.sum())
    kind, name, *_ = need.need_id.split("/")
    return {
        "need_id": need.need_id,
        "kind": kind,
        "name": name,
        "service": need.service,
        "label": need.label,
        "resource": need.resource,
        "region": need.region or None,
        "priority": need.priority,
        "accreditation": need.accreditation or None,
        "segments": sorted(
            {market.pools[p].segment for p in np.flatnonzero(market.allowed[place])}
        ),
        "asked_qty": int(market.asked_qty[place]),
        "wanted_qty": wanted_qty,
        "granted_qty": granted_qty,
        "used_qty": int(market.used_qty[place]),
        "displaced_qty": wanted_qty - granted_qty,
        "pools": [
            {
                "segment": market.pools[p].segment,
                "region": market.pools[p].region or None,
                "label": market.pools[p].label,
                "granted_qty": int(granted[p]),
            }
            for p in np.flatnonzero(granted)
        ],
        "displaced_by": _holders(market, place) if wanted_qty > granted_qty else [],
    }


def _holders(market: Market, place: int) -> list[Row]:
    """Who was served before, and holds what this one may use: those that hold most."""
    may = market.allowed[place] > 0
    held: IntArray = market.granted_qty[:, may].sum(axis=1)
    held = held * (market.priority < market.priority[place])
    most = np.argsort(-held, kind="stable")[:HOLDERS_MAX_COUNT]
    return [
        {
            "need_id": market.needs[other].need_id,
            "priority": market.needs[other].priority,
            "held_qty": int(held[other]),
        }
        for other in most
        if held[other]
    ]


def _asked(twin: Twin) -> dict[Key, Row]:
    """Requests and tokens of the tick, by need."""
    rows: dict[Key, list[DemandRow]] = {}
    for label, demand in twin.demand.items():
        for row in demand.rows:
            region = "" if row.resource == "accelerator_count" else row.region
            rows.setdefault((label, service_need(row.service, region)), []).append(row)
    return {name: _traffic(tuple(mine)) for name, mine in rows.items()}


def _traffic(rows: tuple[DemandRow, ...]) -> Row:
    return {
        name: sum(getattr(row, name) for row in rows)
        for name in ("requests_count", "input_tok", "output_tok")
    }


def _work(twin: Twin) -> Iterator[tuple[Key, Row]]:
    """How far each workload is, and by when it must be done."""
    for label, services in twin.services.items():
        book = twin.work.get(label, Work())
        done = dict(zip(book.ids, book.progress.tolist(), strict=True))
        for name, fact in services.workloads.items():
            yield (label, work_need(name)), _progress(fact, done)


def _progress(fact: WorkloadSubmitted, done: Mapping[str, list[int]]) -> Row:
    petaflop, _ = done.get(fact.workload_id, (0, 0))
    done_flop = petaflop * FLOP_PER_PFLOP
    return {
        "work_flop": fact.work_flop or None,
        "done_flop": done_flop,
        "done_fraction": min(1.0, done_flop / fact.work_flop) if fact.work_flop else None,
        "deadline": fact.deadline_at,
    }
