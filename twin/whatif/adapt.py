"""What would still have happened: a record of the log as it is in a branch.

*Given* events stay. *Followed* ones stay while their cause stands and they are possible; otherwise
they are withdrawn, with their followers, and the reason is listed. *Decided* ones stay while the
fold can apply them. *Measured* totals lose the assets the branch does not have, and follow what
the branch's pools are used for. A record no edit touches is returned as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
import numpy as np
from msgspec.structs import replace

from twin.arrays import IntArray
from twin.business.market import Market, P, S
from twin.errors import BadInput
from twin.events import (
    KINDS,
    AssetsAssigned,
    AssetsFailed,
    AssumptionSet,
    Body,
    DemandObserved,
    Event,
    LaunchFlown,
    LaunchScheduled,
    Nature,
    VehicleStatusChanged,
    encode_fact,
    fact,
)
from twin.fold.launches import Launches, vehicle_status_changed
from twin.identity import Identity
from twin.limits import INT64_MAX
from twin.quantities import Q
from twin.records import Record
from twin.state import Twin
from twin.units import parse_instant
from twin.whatif.masking import without
from twin.whatif.plan import FOR_EVER_NS, SOURCE, Losing, Plan

MILLI = 1000


class Withdrawn(msgspec.Struct, frozen=True):
    """An event of the log that did not happen in the branch, and why."""

    event_id: str
    kind: str
    tick_ns: int
    reason: str


class Memory(msgspec.Struct, frozen=True):
    """What a branch remembers: events that did not happen, and assets it lost, by segment.

    ``lost`` is by (label, segment); ``failed`` are the losses of the plan that have begun.
    """

    withdrawn: Mapping[str, str] = {}
    lost: Mapping[tuple[str, str], int] = {}
    failed: tuple[tuple[Losing, int], ...] = ()


class Adapted(msgspec.Struct, frozen=True):
    """A record as it is in the branch, what is remembered, and what was withdrawn or put in."""

    record: Record
    memory: Memory
    withdrawn: tuple[Withdrawn, ...] = ()
    injected: tuple[Event, ...] = ()


def adapt(record: Record, plan: Plan, *, baseline: Twin, branch: Twin, memory: Memory) -> Adapted:
    """The record in a branch whose twin, like the baseline's, stands at the tick before."""
    if plan.is_empty:
        return Adapted(record, memory)
    adapting = _Adapting(record, plan, branch, memory)
    injected = tuple(adapting.injected())
    events = injected + tuple(adapting.happened())
    totals = record.content.totals
    matrix = adapting.measured(baseline)
    if matrix is not None:
        totals = replace(totals, matrix=matrix.astype("<i8", copy=False).tobytes())
    is_same = totals is record.content.totals and events == record.content.events
    content = record.content if is_same else replace(record.content, events=events, totals=totals)
    adapted = record if is_same else replace(record, content=content)
    return Adapted(adapted, adapting.memory, tuple(adapting.withdrawn), injected)


class _Adapting:
    """One record on its way into a branch."""

    def __init__(self, record: Record, plan: Plan, branch: Twin, memory: Memory) -> None:
        self._record, self._plan, self._branch = record, plan, branch
        self.memory = memory
        self.withdrawn: list[Withdrawn] = []

    def injected(self) -> Iterator[Event]:
        """What the scenario tells in this tick."""
        start_ns, tick_ns = self._record.start_ns, self._record.tick_ns
        for event in self._plan.injected:
            if start_ns <= event.effective_ns < tick_ns:
                yield event
        for place, losing in enumerate(self._plan.losings):
            if start_ns <= losing.span.starts_ns < tick_ns:
                yield from self._failing(place, losing)

    def happened(self) -> Iterator[Event]:
        """What still happened of the record."""
        for event in self._record.content.events:
            if self._is_beyond_the_plan(event):
                yield event
                continue
            body = _body_of(event)
            reason = self._why_not(event, body)
            if reason:
                self._withdraw(event, body, reason)
            else:
                yield self._scaled(event, body)

    def measured(self, baseline: Twin) -> IntArray | None:
        """The tick's totals in the branch; None where they are those of the log."""
        totals = self._record.content.totals
        lost = self.memory.lost
        for losing, count in self.memory.failed:
            if losing.span.holds(self._record.start_ns, self._record.tick_ns):
                key = (losing.label, losing.segment)
                lost = {**lost, key: lost.get(key, 0) + count}
        matrix: IntArray | None = None
        used = _other_use_mw(baseline, self._branch)
        for place, key in enumerate(totals.keys):
            if not (lost.get(key) or used.get(key)):
                continue
            matrix = totals.array().copy() if matrix is None else matrix
            matrix[place] = without(matrix[place], lost.get(key, 0))
            _use(matrix[place], used.get(key, 0))
        return matrix

    def _is_beyond_the_plan(self, event: Event) -> bool:
        """Whether an event stays as it is, whatever it says: then nobody needs to read it."""
        return not (event.causation_id or event.kind in self._plan.kinds or _is_followed(event))

    def _why_not(self, event: Event, body: Body | None) -> str:
        for dropping in self._plan.droppings:
            is_meant = dropping.kind == event.kind and body is not None
            is_now = dropping.span.starts_ns <= event.effective_ns < dropping.span.ends_ns
            if is_meant and is_now:
                told = msgspec.to_builtins(body)
                if all(told.get(name) == value for name, value in dropping.where.items()):
                    return "dropped by the scenario"
        # A cause binds whatever the nature: a flight that was not, grounds nobody by its failure.
        if event.causation_id in self.memory.withdrawn:
            return f"its cause {event.causation_id} was withdrawn"
        if isinstance(body, AssumptionSet):
            since_ns = self._plan.overridden.get(body.name, FOR_EVER_NS)
            return "the scenario assumes another number" if self._record.tick_ns > since_ns else ""
        if isinstance(body, VehicleStatusChanged) and self._is_kept_grounded(event, body):
            return f"the scenario keeps {body.vehicle} grounded"
        return self._why_impossible(event, body) if _is_followed(event) else ""

    def _is_kept_grounded(self, event: Event, body: VehicleStatusChanged) -> bool:
        """Whether a recorded status would end a grounding of the scenario before its time."""
        span = self._plan.grounded.get(body.vehicle)
        if span is None or not span.starts_ns <= event.effective_ns < span.ends_ns:
            return False
        until_ns = FOR_EVER_NS if body.until is None else parse_instant(body.until, field="until")
        return body.status != "grounded" or until_ns < span.ends_ns

    def _why_impossible(self, event: Event, body: Body | None) -> str:
        """Why what followed cannot have, in this branch."""
        if not isinstance(body, LaunchFlown):
            return ""
        book = self._branch.launches.get(event.label, Launches())
        vehicle = self._vehicle_of(body.launch_id, book)
        for changed in self._statuses():
            book = vehicle_status_changed(book, changed)
        return book.why_grounded(vehicle, event.effective_ns)

    def _vehicle_of(self, launch_id: str, book: Launches) -> str:
        """What a launch flies on, scheduled before or in this very tick."""
        if launch_id in book.manifest:
            return book.manifest[launch_id].vehicle
        for event in self._record.content.events:
            if event.kind == LaunchScheduled.__name__:
                body = _body_of(event)
                if isinstance(body, LaunchScheduled) and body.launch_id == launch_id:
                    return body.vehicle
        return ""

    def _statuses(self) -> Iterator[VehicleStatusChanged]:
        """Groundings of this very tick: they are not in the branch's twin yet."""
        for event in self._plan.injected:
            body = _body_of(event)
            is_now = self._record.start_ns <= event.effective_ns < self._record.tick_ns
            if is_now and isinstance(body, VehicleStatusChanged):
                yield body

    def _withdraw(self, event: Event, body: Body | None, reason: str) -> None:
        name = str(event.identity)
        gone, lost = {**self.memory.withdrawn, name: reason}, self.memory.lost
        self.withdrawn.append(Withdrawn(name, event.kind, self._record.tick_ns, reason))
        if isinstance(body, AssetsAssigned):
            key = (event.label, body.segment)
            lost = {**lost, key: lost.get(key, 0) + body.assets_count}
        self.memory = replace(self.memory, withdrawn=gone, lost=lost)

    def _scaled(self, event: Event, body: Body | None) -> Event:
        if not isinstance(body, DemandObserved):
            return event
        rows = body.rows
        for scaling in self._plan.scalings:
            if scaling.span.holds(self._record.start_ns, self._record.tick_ns):
                rows = tuple(
                    replace(
                        row,
                        offered_qty=_times(row.offered_qty, scaling.by),
                        requests_count=_times(row.requests_count, scaling.by),
                        input_tok=_times(row.input_tok, scaling.by),
                        output_tok=_times(row.output_tok, scaling.by),
                    )
                    if row.service == scaling.service and scaling.region in ("", row.region)
                    else row
                    for row in rows
                )
        return (
            event if rows is body.rows else replace(event, body=encode_fact(DemandObserved(rows)))
        )

    def _failing(self, place: int, losing: Losing) -> Iterator[Event]:
        """The failure of a loss that begins in this tick."""
        fleet = self._branch.fleets.get(losing.label)
        if fleet is None:
            return
        row = fleet.keys.index(losing.segment)
        installed = fleet.segments[row].installed_count
        count = min(losing.assets_count or round(losing.fraction * installed), installed)
        failed = (*self.memory.failed, (losing, count))
        self.memory = replace(self.memory, failed=failed)
        charge_mwh = max(0, int(self._branch.energy[losing.label].charge_mwh[row]))
        lost_mwh = charge_mwh * count // max(1, installed)
        body = AssetsFailed(
            segment=losing.segment,
            component="asset",
            cause=losing.cause,
            lost_fraction=count / max(1, installed),
            written_off_wh=lost_mwh / MILLI,
        )
        yield Event(
            identity=Identity(SOURCE, 1, f"fail-{place}", 1),
            kind="AssetsFailed",
            effective_ns=losing.span.starts_ns,
            label=losing.label,
            body=encode_fact(body),
        )


def _times(count: int, by: float) -> int:
    """``OverflowError`` for what no fact could say."""
    product = round(count * by)
    if product > INT64_MAX // 2:
        raise OverflowError(f"{count} times {by}")
    return product


def _is_followed(event: Event) -> bool:
    kind = KINDS.get(event.kind)
    return kind is not None and kind.nature is Nature.FOLLOWED


def _body_of(event: Event) -> Body | None:
    """The fact in an event; None where nobody can read it."""
    try:
        return fact(event)
    except BadInput:
        return None


def _other_use_mw(baseline: Twin, branch: Twin) -> dict[tuple[str, str], int]:
    """How much more sites draw in the branch, because their pools are used otherwise there.

    By label and segment, those that do. Recorded + model(branch) − model(baseline): the model is
    linear between idle and full use.
    """
    if branch.market is baseline.market:
        return {}
    there = _allocated(baseline.market)
    found: dict[tuple[str, str], int] = {}
    for key, here in _allocated(branch.market).items():
        label, segment = key
        fleet = branch.fleets[label]
        site = fleet.segments[fleet.keys.index(segment)].site
        if here != there.get(key, 0) and site is not None:
            idle = branch.registry.number(f"site.{segment}.idle_fraction")
            more_count = here - there.get(key, 0)
            found[key] = round(more_count * site.accelerator_w * (1.0 - idle) * MILLI)
    return found


def _allocated(market: Market) -> dict[tuple[str, str], int]:
    """Accelerators of each site that somebody was granted, by label and segment."""
    places = np.flatnonzero(market.pool_columns[:, P.IS_SITE])
    pools = [market.pools[place] for place in places]
    counts = market.shares[places, S.ALLOCATED].tolist()
    return {(pool.label, pool.segment): count for pool, count in zip(pools, counts, strict=True)}


def _use(matrix: IntArray, more_mw: int) -> None:
    """Add to what accelerators draw, where they are; never below nothing."""
    if not more_mw:
        return
    compute = matrix[:, Q.COMPUTE_MW]
    place = int(np.argmax(compute))
    change = max(more_mw, -int(compute[place]))
    matrix[place, Q.COMPUTE_MW] += change
    matrix[place, Q.LOAD_MW] += change
