"""Services and the work that runs on them: what is offered, submitted and asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
from msgspec.structs import replace

from twin.arrays import IntArray, frozen
from twin.business.needs import Need
from twin.errors import BadInput
from twin.events import DemandObserved, DemandRow, ServiceRegistered, WorkloadSubmitted
from twin.suggest import nearest
from twin.units import PPM, parse_instant

RESOURCES: Final = ("accelerator_count", "downlink_bps", "revisit_per_h")
FLOP_PER_PFLOP: Final = 1e15
TFLOP_MS_PER_PFLOP: Final = 1_000_000
PFLOP_MAX: Final = 2**62
"""Counted of one workload: beyond it, it stays at that."""

_JSON = msgspec.json.Encoder(order="deterministic")


class Services(msgspec.Struct, frozen=True, eq=False):
    """What the group runs, by name, and the work that is not done yet, by id; of one label."""

    offered: Mapping[str, ServiceRegistered] = msgspec.field(default_factory=dict)
    workloads: Mapping[str, WorkloadSubmitted] = msgspec.field(default_factory=dict)

    def encoded(self) -> bytes:
        return _JSON.encode((sorted(self.offered.items()), sorted(self.workloads.items())))


class Demand(msgspec.Struct, frozen=True, eq=False):
    """What was asked for in the last tick."""

    rows: tuple[DemandRow, ...] = ()

    def encoded(self) -> bytes:
        return _JSON.encode(self.rows)


class Work(msgspec.Struct, frozen=True, eq=False):
    """How far each workload is: columns of ``progress`` are petaflop done and what is carried.

    ``carry`` is in teraflop-milliseconds a second below a petaflop; rows follow ``ids``. What was
    ``done`` in the tick wants nothing from the next one on.
    """

    ids: tuple[str, ...] = ()
    progress: IntArray = frozen(np.zeros((0, 2), np.int64))
    done: tuple[str, ...] = ()

    def encoded(self) -> bytes:
        return (
            _JSON.encode((self.ids, self.done)) + self.progress.astype("<i8", copy=False).tobytes()
        )


def service_need(service: str, region: str) -> str:
    """What the allocator knows a service's demand by."""
    return f"service/{service}/{region}" if region else f"service/{service}"


def work_need(workload_id: str) -> str:
    """What the allocator knows a workload by."""
    return f"workload/{workload_id}"


def service_registered(
    services: Services, fact: ServiceRegistered, *, segments: frozenset[str]
) -> Services:
    """A service, or new terms of a known one; ``BadInput`` for a resource or segment unknown."""
    if fact.resource not in RESOURCES:
        raise BadInput(
            f"resource {fact.resource!r}",
            expected=nearest(fact.resource, RESOURCES),
            field="resource",
        )
    for segment in fact.segments:
        if segment not in segments:
            raise BadInput(
                f"segment {segment!r} of service {fact.service}",
                expected=nearest(segment, segments),
                field="segments",
            )
    return replace(services, offered={**services.offered, fact.service: fact})


def workload_submitted(
    services: Services, fact: WorkloadSubmitted, *, segments: frozenset[str]
) -> Services:
    """New work; ``BadInput`` where its service, place or deadline cannot be."""
    if fact.workload_id in services.workloads or "/" in fact.workload_id or not fact.workload_id:
        raise BadInput(
            f"workload_id={fact.workload_id!r}",
            expected="a name without a slash that no waiting work has",
            field="workload_id",
        )
    if fact.service not in services.offered:
        raise BadInput(
            f"service {fact.service!r}",
            expected=nearest(fact.service, services.offered),
            field="service",
        )
    for segment in fact.location_limit:
        if segment not in segments:
            raise BadInput(
                f"location_limit={segment!r}",
                expected=nearest(segment, segments),
                field="location_limit",
            )
    if fact.deadline_at is not None:
        parse_instant(fact.deadline_at, field="deadline_at")
    return replace(services, workloads={**services.workloads, fact.workload_id: fact})


def demand_observed(demand: Demand, fact: DemandObserved, *, services: Services) -> Demand:
    """What was asked for; ``BadInput`` for a service nobody registered."""
    for row in fact.rows:
        offered = services.offered.get(row.service)
        if offered is None or row.resource != offered.resource:
            raise BadInput(
                f"demand for {row.resource} of service {row.service!r}",
                expected=nearest(row.service, services.offered)
                if offered is None
                else offered.resource,
                field="rows",
            )
    return Demand((*demand.rows, *fact.rows))


def needs(services: Services, regions: tuple[str, ...]) -> Iterator[Need]:
    """What services and work may want; the demand of a tick says how much services do."""
    for service in services.offered.values():
        is_regional = service.resource != "accelerator_count"
        for region in regions if is_regional else ("",):
            yield Need(
                need_id=service_need(service.service, region),
                service=service.service,
                resource=service.resource,
                region=region,
                wanted_qty=0,
                priority=service.priority,
                segments=service.segments,
                accreditation=service.accreditation,
            )
    for work in services.workloads.values():
        service = services.offered[work.service]
        yield Need(
            need_id=work_need(work.workload_id),
            service=work.service,
            resource=service.resource,
            region="",
            wanted_qty=work.accelerators_count,
            priority=work.priority,
            segments=work.location_limit or service.segments,
            accreditation=service.accreditation,
        )


Places = Mapping[tuple[str, str, str], int]
"""The row of what each service wants, by label, service and region (none where none applies)."""


def asked(demand: Demand, places: Places, *, label: str) -> dict[int, int]:
    """What services of a label want in the tick, by row; what nobody serves wants nothing."""
    wanted: dict[int, int] = {}
    for row in demand.rows:
        place = places.get((label, row.service, row.region))
        if place is None and (place := places.get((label, row.service, ""))) is None:
            continue
        wanted[place] = wanted.get(place, 0) + row.offered_qty
    return wanted


def worked(
    work: Work,
    services: Services,
    *,
    ids: tuple[str, ...],
    tflop_per_s: Sequence[int],
    efficiency_ppm: int,
    interval_ms: int,
) -> Work:
    """Progress after a tick.

    ``tflop_per_s`` is what each of ``ids``, all workloads in order, was granted at full speed.
    """
    before = (
        work.progress.tolist()
        if work.ids == ids
        else _realigned(dict(zip(work.ids, work.progress.tolist(), strict=True)), ids)
    )
    rows, done = [], []
    for name, granted, (petaflop, carry) in zip(ids, tflop_per_s, before, strict=True):
        exact = granted * efficiency_ppm // PPM * interval_ms + carry
        petaflop = min(PFLOP_MAX, petaflop + exact // TFLOP_MS_PER_PFLOP)
        rows.append((petaflop, exact % TFLOP_MS_PER_PFLOP))
        wanted = services.workloads[name].work_flop
        if wanted and petaflop >= wanted / FLOP_PER_PFLOP:
            done.append(name)
    return Work(ids, frozen(np.array(rows, dtype=np.int64).reshape(-1, 2)), tuple(done))


def _realigned(known: Mapping[str, list[int]], ids: tuple[str, ...]) -> list[list[int]]:
    return [known.get(name, [0, 0]) for name in ids]


def finished(services: Services, work: Work) -> tuple[Services, Work]:
    """Services and progress without the work that is done: its name may be used anew."""
    left = {name: each for name, each in services.workloads.items() if name not in work.done}
    rows = [row for row, name in enumerate(work.ids) if name not in work.done]
    kept = Work(tuple(work.ids[row] for row in rows), frozen(work.progress[rows]))
    return replace(services, workloads=left), kept
