"""What would still have happened: a record of the log as it is in a branch.

*Given* events stay. *Followed* ones stay while their cause stands and they are possible; otherwise
they are withdrawn, with their followers, and the reason is listed. *Decided* ones stay while the
fold can apply them. *Measured* totals lose the assets the branch does not have, and follow what
the branch's pools are used for. A record no edit touches is returned as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from msgspec.structs import replace

from twin.arrays import IntArray
from twin.errors import BadInput
from twin.events import (
    KINDS,
    AssetsAssigned,
    AssumptionSet,
    Body,
    DemandObserved,
    Event,
    LaunchFlown,
    LaunchScheduled,
    Nature,
    Phase,
    VehicleStatusChanged,
    encode_fact,
    fact,
)
from twin.evolve import note_write_off
from twin.fold.launches import Launches, vehicle_status_changed
from twin.identity import Identity
from twin.labels import PUBLIC
from twin.limits import INT64_MAX
from twin.quantities import Q
from twin.records import Record
from twin.state import Twin
from twin.units import NS_PER_MS, parse_instant
from twin.whatif.loads import factors, followed, shifts
from twin.whatif.losses import Losses, told, turned, written_off_mwh
from twin.whatif.masking import without
from twin.whatif.plan import FOR_EVER_NS, SOURCE, Key, Plan, Scaling
from twin.whatif.sought import Sought, is_meant


class Withdrawn(msgspec.Struct, frozen=True):
    """An event of the log that did not happen in the branch, and why."""

    event_id: str
    kind: str
    tick_ns: int
    reason: str


class Memory(msgspec.Struct, frozen=True):
    """What a branch remembers: events that did not happen, and assets that it is without.

    ``kept_mwh`` is what batteries hold more, or less, for being used otherwise, by label and
    segment. ``sought`` is what each drop came upon, by its place among them.
    """

    withdrawn: Mapping[str, str] = {}
    losses: Losses = Losses()
    kept_mwh: Mapping[Key, int] = {}
    sought: Mapping[int, Sought] = {}


class Adapted(msgspec.Struct, frozen=True):
    """A record as it is in the branch, what is remembered, and what was withdrawn or put in."""

    record: Record
    memory: Memory
    withdrawn: tuple[Withdrawn, ...] = ()
    injected: tuple[Event, ...] = ()


def adapt(
    record: Record,
    plan: Plan,
    *,
    before: Twin,
    after: Twin,
    branch: Twin,
    memory: Memory,
    since_ns: int | None = None,
) -> Adapted:
    """The record in a branch whose twin stands at the tick before.

    The baseline stood there ``before``, and stands ``after`` this record. ``since_ns`` is where the
    tick before ended, if there is a gap: what the scenario says in it is told now.
    """
    if plan.is_empty:
        return Adapted(record, memory)
    adapting = _Adapting(record, plan, branch, memory, since_ns=since_ns)
    injected = (*adapting.injected(), *adapting.assumed_again(after))
    happened = tuple(adapting.happened())
    totals = record.content.totals
    matrix = adapting.measured(before, after)
    injected += tuple(adapting.balancing)
    # A word of the scenario comes after those of the log of the same instant.
    events = tuple(sorted(happened + injected, key=_turn)) if injected else happened
    if matrix is not None:
        totals = replace(totals, matrix=matrix.astype("<i8", copy=False).tobytes())
    is_same = totals is record.content.totals and events == record.content.events
    content = record.content if is_same else replace(record.content, events=events, totals=totals)
    adapted = record if is_same else replace(record, content=content)
    return Adapted(adapted, adapting.memory, tuple(adapting.withdrawn), injected)


class _Adapting:
    """One record on its way into a branch."""

    def __init__(
        self, record: Record, plan: Plan, branch: Twin, memory: Memory, *, since_ns: int | None
    ) -> None:
        self._record, self._plan, self._branch = record, plan, branch
        self._since_ns = record.start_ns if since_ns is None else since_ns
        self.memory = memory
        self.withdrawn: list[Withdrawn] = []
        # What was said of vehicles in this very tick is not in the branch's twin yet.
        self._statuses: list[tuple[int, VehicleStatusChanged]] = []
        self._unsaid_mwh: dict[Key, int] = {}
        self.balancing: list[Event] = []

    def injected(self) -> Iterator[Event]:
        """What the scenario tells in this tick."""
        for event in self._plan.injected:
            if self._since_ns <= event.effective_ns < self._record.tick_ns:
                body = _body_of(event)
                if isinstance(body, VehicleStatusChanged):
                    self._statuses.append((event.effective_ns, body))
                yield event

    def assumed_again(self, after: Twin) -> Iterator[Event]:
        """Numbers that were other ones for a while are what the log says from then on."""
        tick_ns = self._record.tick_ns
        for name, spans in self._plan.overridden.items():
            ends_ns = max((s.ends_ns for s in spans if s.starts_ns < tick_ns), default=0)
            if self._since_ns <= ends_ns < tick_ns:
                yield Event(
                    identity=Identity(SOURCE, 1, f"set-{name}", self._record.number),
                    kind=AssumptionSet.__name__,
                    effective_ns=ends_ns,
                    label=PUBLIC,
                    body=encode_fact(after.registry.assumptions[name]),
                )

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
                continue
            if isinstance(body, VehicleStatusChanged):
                self._statuses.append((event.effective_ns, body))
            yield self._scaled(event, body)

    def measured(self, before: Twin, after: Twin) -> IntArray | None:
        """The tick's totals in the branch; None where they are those of the log."""
        totals, losings = self._record.content.totals, self._plan.losings
        turn = turned(self.memory.losses, losings, branch=self._branch, record=self._record)
        lost = {key: int(ids.size) for key, ids in turn.losses.missing.items()}
        # What was withdrawn had written something off: the book of its segment is balanced, too.
        touched = {*lost, *self._unsaid_mwh, *(losings[place].key for place in turn.ended)}
        for key in touched.difference(totals.keys):
            self.balancing += told(key, turn, losings, 0, self._record)
        shifted, kept = shifts(before, self._branch, touched), dict(self.memory.kept_mwh)
        by = factors(self._scalings(), self._branch, totals.regions)
        matrix: IntArray | None = None
        for place, key in enumerate(totals.keys):
            if not (key in touched or key in shifted or key in by or kept.get(key)):
                continue
            matrix = totals.array().copy() if matrix is None else matrix
            of_log, lost_count, kept_mwh = matrix[place], lost.get(key, 0), kept.get(key, 0)
            reported_count = int(of_log[:, Q.REPORTED_COUNT].sum())
            if key in touched:
                amount_mwh = written_off_mwh(
                    key, of_log, lost_count, before=before, after=after, branch=self._branch
                )
                amount_mwh += self._unsaid_mwh.get(key, 0) - kept_mwh
                self.balancing += told(key, turn, losings, amount_mwh, self._record)
            matrix[place] = without(of_log, lost_count)
            if not (key in shifted or key in by or kept_mwh):
                continue
            kept[key] = followed(
                matrix[place],
                key,
                shifted=shifted.get(key, (0, 0)),
                by=by.get(key),
                branch=self._branch,
                left=(max(0, reported_count - lost_count), reported_count),
                kept_mwh=kept_mwh,
                interval_ms=self._record.interval_ns // NS_PER_MS,
            )
        self.memory = replace(self.memory, losses=turn.losses, kept_mwh=kept)
        return matrix

    def _is_beyond_the_plan(self, event: Event) -> bool:
        """Whether an event stays as it is, whatever it says: then nobody needs to read it."""
        return not (event.causation_id or event.kind in self._plan.kinds or _is_followed(event))

    def _why_not(self, event: Event, body: Body | None) -> str:
        if self._is_dropped(event, body):
            return "dropped by the scenario"
        # A cause binds whatever the nature: a flight that was not, grounds nobody by its failure.
        if event.causation_id in self.memory.withdrawn:
            return f"its cause {event.causation_id} was withdrawn"
        if isinstance(body, AssumptionSet):
            spans, start_ns = self._plan.overridden.get(body.name, ()), self._record.start_ns
            is_other = any(span.covers(event.effective_ns, start_ns) for span in spans)
            return "the scenario assumes another number" if is_other else ""
        if isinstance(body, VehicleStatusChanged) and self._is_kept_grounded(event, body):
            return f"the scenario keeps {body.vehicle} grounded"
        return self._why_impossible(event, body) if _is_followed(event) else ""

    def _is_dropped(self, event: Event, body: Body | None) -> bool:
        """Whether a drop means the event; each remembers what it came upon."""
        is_dropped = False
        for place, dropping in enumerate(self._plan.droppings):
            # What is told after the fork is dropped, though it took effect before.
            if dropping.kind != event.kind or body is None:
                continue
            if dropping.span.covers(event.effective_ns, self._record.start_ns):
                told, sought = msgspec.to_builtins(body), self.memory.sought
                found = sought.get(place, Sought()).looked_at(dropping, told)
                self.memory = replace(self.memory, sought={**sought, place: found})
                is_dropped |= is_meant(dropping, told)
        return is_dropped

    def _is_kept_grounded(self, event: Event, body: VehicleStatusChanged) -> bool:
        """Whether a recorded status would end a grounding of the scenario before its time."""
        spans = self._plan.grounded.get(body.vehicle, ())
        ends_ns = [s.ends_ns for s in spans if s.starts_ns <= event.effective_ns < s.ends_ns]
        if not ends_ns:
            return False
        until_ns = FOR_EVER_NS if body.until is None else parse_instant(body.until, field="until")
        return body.status != "grounded" or until_ns < max(ends_ns)

    def _why_impossible(self, event: Event, body: Body | None) -> str:
        """Why what followed cannot have, in this branch."""
        if not isinstance(body, LaunchFlown):
            return ""
        book = self._branch.launches.get(event.label, Launches())
        vehicle = self._vehicle_of(body.launch_id, book)
        for at_ns, changed in sorted(self._statuses, key=lambda each: each[0]):
            if at_ns <= event.effective_ns:
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

    def _withdraw(self, event: Event, body: Body | None, reason: str) -> None:
        name = str(event.identity)
        gone, losses = {**self.memory.withdrawn, name: reason}, self.memory.losses
        self.withdrawn.append(Withdrawn(name, event.kind, self._record.tick_ns, reason))
        if isinstance(body, AssetsAssigned):
            losses = losses.without((event.label, body.segment), body.asset_id_ranges)
        if body is not None:
            note_write_off(self._unsaid_mwh, event, body)
        self.memory = replace(self.memory, withdrawn=gone, losses=losses)

    def _scalings(self) -> Iterator[Scaling]:
        """The scalings that hold in this tick."""
        for scaling in self._plan.scalings:
            if scaling.span.holds(self._record.start_ns, self._record.tick_ns):
                yield scaling

    def _scaled(self, event: Event, body: Body | None) -> Event:
        if not isinstance(body, DemandObserved):
            return event
        rows = body.rows
        for scaling in self._scalings():
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


def _turn(event: Event) -> tuple[int, int]:
    """Phase and time: by these a tick is folded first."""
    kind = KINDS.get(event.kind)
    return int(kind.phase if kind is not None else Phase.NONE), event.effective_ns


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
