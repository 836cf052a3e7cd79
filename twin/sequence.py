"""observations and seals → records: the sequencer, as a machine without a clock or a wire.

A tick closes when the seal of every active paced source is in and every sequence the seals name
is in, was quarantined, or was declared absent. What comes from unpaced sources joins the next
tick to close. The order in which observations arrive, how often, and how many workers sent them
changes no record's content.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterator

import msgspec

from twin.canonical import canonical
from twin.events import (
    Body,
    Event,
    SourceLapsed,
    SourceRegistered,
    SourceReturned,
    StreamAbsent,
    fact,
)
from twin.events import Quarantined as QuarantinedFact
from twin.identity import Identity
from twin.observations import Observation, Observed, Quarantine, Sealed, Silence
from twin.records import (
    GENESIS,
    Content,
    Inputs,
    Pace,
    Provenance,
    Record,
    StreamEnd,
    encode_record,
)
from twin.summaries import FrameRef, Summary, joined, named
from twin.units import instant_text, parse_instant

SELF = "sequencer"
DECISIONS = "decisions"
REMEMBERED_COUNT = 4096
"""Digests kept of entries already in a record, to tell a duplicate from a conflict."""

Source = tuple[str, int]
Stream = tuple[str, int, str]
Entry = Observed | Summary | Quarantine


class Head(msgspec.Struct, frozen=True):
    """Where the journal ends: what a sequencer needs to go on."""

    number: int = 0
    tick_ns: int | None = None
    digest: bytes = GENESIS
    inputs: Inputs = Inputs()


class Pending(msgspec.Struct):
    """An entry that waits for its tick, with the offset it must be read from again."""

    entry: Entry
    digest: bytes
    offset: int


class Sequencer:
    """The machine. ``accept`` takes one observation and yields the records it completes."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._paced = {(pace.source, pace.epoch): pace.sealed_ns for pace in head.inputs.paced}
        self._lapsed = {(pace.source, pace.epoch): pace.sealed_ns for pace in head.inputs.lapsed}
        self._ends: dict[Stream, int] = {
            (end.source, end.epoch, end.stream): end.sequence for end in head.inputs.ends
        }
        self._absent: set[Identity] = set(head.inputs.absent)
        self._pending: dict[Stream, dict[int, Pending]] = {}
        self._seals: dict[Source, list[tuple[Sealed, int]]] = {}
        self._missing: dict[Source, set[Identity]] = {}
        self._remembered: OrderedDict[Identity, bytes] = OrderedDict()
        self._decisions: list[Event] = []
        self._duplicates: Counter[str] = Counter()
        self._late: list[FrameRef] = []
        self._conflicts: list[Quarantine] = []
        self._next_offset = head.inputs.observations_offset

    @property
    def head(self) -> Head:
        """The record written last."""
        return self._head

    @property
    def needed_offset(self) -> int:
        """Everything below it is in a record; after a restart reading begins here."""
        waiting = [item.offset for items in self._pending.values() for item in items.values()]
        waiting += [offset for seals in self._seals.values() for _, offset in seals]
        return min(waiting, default=self._next_offset)

    def holdup(self) -> Source | None:
        """The paced source the open tick waits for while another is ready, or None."""
        for source in sorted(self._paced):
            if self._missing.get(source) or (self._seals.get(source) and not self._next(source)):
                return source
        silent = [source for source in sorted(self._paced) if not self._seals.get(source)]
        has_ready = any(self._seals.get(source) for source in self._paced)
        return silent[0] if silent and has_ready else None

    def accept(self, observation: Observation, *, offset: int) -> Iterator[tuple[Record, bytes]]:
        """Take one observation; yield each record it completes, with its stored form."""
        self._next_offset = max(self._next_offset, offset + 1)
        match observation:
            case Observed(event=event, digest=digest):
                self._take(event.identity, Pending(observation, digest, offset))
                if event.kind == SourceRegistered.__name__:
                    self._register(event)
            case Summary(frame=frame):
                self._take(frame.identity, Pending(observation, frame.digest, offset))
            case Quarantine(identity=identity, digest=digest):
                self._take(identity, Pending(observation, digest, offset))
            case Sealed():
                self._take_seal(observation, offset)
            case Silence(source=source, epoch=epoch, after_number=after_number):
                if after_number in (-1, self._head.number):
                    self._stop_waiting((source, epoch))
        while closing := self._ready():
            yield self._close(closing)

    # --- taking ---------------------------------------------------------------------------------

    def _take(self, identity: Identity, item: Pending) -> None:
        stream = (identity.source, identity.epoch, identity.stream)
        earlier = self._pending.get(stream, {}).get(identity.sequence)
        if earlier is not None:
            self._count_again(identity, item, same=earlier.digest == item.digest)
        elif identity in self._absent:
            self._absent.discard(identity)
            self._note_late(item)
        elif identity.sequence <= self._ends.get(stream, 0):
            known = self._remembered.get(identity, item.digest)
            self._count_again(identity, item, same=known == item.digest)
        else:
            self._pending.setdefault(stream, {})[identity.sequence] = item
            missing = self._missing.get(stream[:2])
            if missing:
                missing.discard(identity)
                if not missing:
                    del self._missing[stream[:2]]

    def _count_again(self, identity: Identity, item: Pending, *, same: bool) -> None:
        if same:
            self._duplicates[identity.source] += 1
        else:
            self._conflicts.append(_conflict(identity, item))

    def _note_late(self, item: Pending) -> None:
        """Late telemetry is listed; a late fact holds from the open tick on."""
        if isinstance(item.entry, Summary):
            self._late.append(item.entry.frame)
        elif isinstance(item.entry, Observed):
            self._decisions.append(item.entry.event)
        else:
            self._conflicts.append(item.entry)

    def _register(self, event: Event) -> None:
        registered = fact(event)
        assert isinstance(registered, SourceRegistered)
        source = (registered.source, registered.epoch)
        if registered.is_paced and source not in self._paced and source not in self._lapsed:
            starts_at = registered.starts_at
            self._paced[source] = parse_instant(starts_at) if starts_at else 0
            # A source that starts its counters anew speaks no longer under its old epoch.
            for name, epoch in list(self._paced):
                if name == registered.source and epoch < registered.epoch:
                    del self._paced[name, epoch]

    def _take_seal(self, seal: Sealed, offset: int) -> None:
        source = (seal.source, seal.epoch)
        if source in self._lapsed:
            self._paced[source] = self._lapsed.pop(source)
            self._decide(SourceReturned(source=seal.source, epoch=seal.epoch))
        is_old = self._head.tick_ns is not None and seal.tick_ns <= self._head.tick_ns
        queue = self._seals.setdefault(source, [])
        if any(seal.tick_ns == waiting.tick_ns for waiting, _ in queue):
            self._duplicates[seal.source] += 1
        elif is_old:
            self._take_old_seal(seal)
        else:
            queue.append((seal, offset))
            queue.sort(key=lambda waiting: waiting[0].tick_ns)
            self._look_for_missing(source)

    def _take_old_seal(self, seal: Sealed) -> None:
        """A tick that closed without this source: what it sealed is late, not lost."""
        source = (seal.source, seal.epoch)
        if seal.tick_ns <= self._paced.get(source, seal.tick_ns):
            self._duplicates[seal.source] += 1
            return
        self._paced[source] = seal.tick_ns
        for name, last in seal.last:
            stream = (*source, name)
            for sequence in range(self._ends.get(stream, 0) + 1, last + 1):
                item = self._pending.get(stream, {}).pop(sequence, None)
                if item is None:
                    self._absent.add(Identity(*stream, sequence))
                else:
                    self._note_late(item)
            self._ends[stream] = max(last, self._ends.get(stream, 0))
        self._look_for_missing(source)

    def _look_for_missing(self, source: Source) -> None:
        queue = self._seals.get(source)
        self._missing.pop(source, None)
        if not queue:
            return
        missing = {
            Identity(*source, name, sequence)
            for name, last in queue[0][0].last
            for sequence in range(self._ends.get((*source, name), 0) + 1, last + 1)
            if sequence not in self._pending.get((*source, name), {})
        }
        if missing:
            self._missing[source] = missing

    def _stop_waiting(self, source: Source) -> None:
        """The patience ran out: declare absent what did not come, or lapse a silent source."""
        queue = self._seals.get(source)
        if queue and source in self._paced and not self._next(source):
            self._paced[source] = queue[0][0].start_ns
            self._look_for_missing(source)
        missing = self._missing.pop(source, set())
        for identity in sorted(missing):
            self._absent.add(identity)
            self._decide(
                StreamAbsent(
                    source=identity.source,
                    epoch=identity.epoch,
                    stream=identity.stream,
                    first_sequence=identity.sequence,
                    last_sequence=identity.sequence,
                )
            )
        if not missing and source in self._paced and not self._seals.get(source):
            self._lapsed[source] = self._paced.pop(source)
            tick_ns = self._head.tick_ns
            last_tick = instant_text(tick_ns) if tick_ns is not None else ""
            self._decide(SourceLapsed(source=source[0], epoch=source[1], last_tick=last_tick))

    def _decide(self, body: Body) -> None:
        stream = (SELF, 1, DECISIONS)
        self._ends[stream] = self._ends.get(stream, 0) + 1
        self._decisions.append(
            Event(
                identity=Identity(*stream, self._ends[stream]),
                kind=type(body).__name__,
                effective_ns=self._head.tick_ns or 0,
                label="public",
                body=msgspec.json.encode(body),
            )
        )

    # --- closing --------------------------------------------------------------------------------

    def _ready(self) -> list[Source]:
        """The sources whose seal closes the next tick, or none while one is waited for."""
        if not self._paced or self._missing.keys() & self._paced.keys():
            return []
        ready = {source: self._next(source) for source in self._paced}
        ticks_ns = [seal.tick_ns for seal in ready.values() if seal is not None]
        if len(ticks_ns) < len(ready):
            return []
        return sorted(s for s, seal in ready.items() if seal and seal.tick_ns == min(ticks_ns))

    def _next(self, source: Source) -> Sealed | None:
        """The seal that goes on where the source's last one ended, if it has come."""
        queue, sealed_ns = self._seals.get(source), self._paced[source]
        is_next = queue and (sealed_ns in (0, queue[0][0].start_ns))
        return queue[0][0] if queue and is_next else None

    def _close(self, closing: list[Source]) -> tuple[Record, bytes]:
        seals = [self._seals[source].pop(0)[0] for source in closing]
        tick_ns = seals[0].tick_ns
        items = [item for seal in seals for item in self._sealed_items(seal)]
        items += self._unpaced_items()
        start_ns = self._head.tick_ns
        if start_ns is None:
            start_ns = min(seal.start_ns for seal in seals)
        summaries = [i.entry for i in items if isinstance(i.entry, Summary)]
        on_time = [s for s in summaries if s.tick_ns == tick_ns]
        self._late += [s.frame for s in summaries if s.tick_ns != tick_ns]
        quarantined = [i.entry for i in items if isinstance(i.entry, Quarantine)]
        events = [i.entry.event for i in items if isinstance(i.entry, Observed)]
        events += self._decisions
        events += [_quarantined_event(entry, tick_ns) for entry in quarantined]
        for source in closing:
            self._paced[source] = tick_ns
            self._look_for_missing(source)
        record = Record(
            number=self._head.number + 1,
            start_ns=start_ns,
            tick_ns=tick_ns,
            previous=self._head.digest,
            content=Content(
                events=canonical(events),
                totals=joined(on_time),
                anomalies=named([a for s in on_time for a in s.anomalies]),
            ),
            provenance=Provenance(
                frames=tuple(sorted(s.frame for s in on_time)),
                quarantined=tuple(quarantined + self._conflicts),
                late=tuple(sorted(self._late)),
                duplicate_count_by_source=tuple(sorted(self._duplicates.items())),
                sent_ns=max(seal.sent_ns for seal in seals),
            ),
            inputs=self._inputs(),
        )
        self._duplicates.clear()
        self._late, self._conflicts, self._decisions = [], [], []
        stored = encode_record(record)
        self._head = Head(record.number, tick_ns, stored[4:36], record.inputs)
        return record, stored

    def _sealed_items(self, seal: Sealed) -> Iterator[Pending]:
        for name, last in seal.last:
            stream = (seal.source, seal.epoch, name)
            yield from self._popped(stream, last)

    def _unpaced_items(self) -> Iterator[Pending]:
        """Whatever has come from sources that send no seals, as far as it has no gap."""
        for stream in sorted(self._pending):
            if stream[:2] in self._paced:
                continue
            if stream[1] == 0:  # Named by where it lay: partitions have gaps of other senders.
                last = max(self._pending[stream])
            else:
                last = self._ends.get(stream, 0)
                while last + 1 in self._pending[stream]:
                    last += 1
            yield from self._popped(stream, last)

    def _popped(self, stream: Stream, last: int) -> Iterator[Pending]:
        waiting = self._pending.get(stream, {})
        for sequence in sorted(s for s in waiting if s <= last):
            item = waiting.pop(sequence)
            self._remember(Identity(*stream, sequence), item.digest)
            yield item
        if not waiting:
            self._pending.pop(stream, None)
        self._ends[stream] = max(last, self._ends.get(stream, 0))

    def _remember(self, identity: Identity, digest: bytes) -> None:
        self._remembered[identity] = digest
        if len(self._remembered) > REMEMBERED_COUNT:
            self._remembered.popitem(last=False)

    def _inputs(self) -> Inputs:
        return Inputs(
            observations_offset=self.needed_offset,
            ends=tuple(StreamEnd(*stream, last) for stream, last in sorted(self._ends.items())),
            paced=tuple(Pace(*source, ns) for source, ns in sorted(self._paced.items())),
            lapsed=tuple(Pace(*source, ns) for source, ns in sorted(self._lapsed.items())),
            absent=tuple(sorted(self._absent)),
        )


def _conflict(identity: Identity, item: Pending) -> Quarantine:
    """A second word under a name already taken: both are kept, the first holds."""
    place = _place(item)
    return Quarantine(
        identity=identity,
        topic=place[0],
        partition=place[1],
        offset=place[2],
        digest=item.digest,
        reason="conflict: the same name with other contents; the first holds",
    )


def _place(item: Pending) -> tuple[str, int, int]:
    match item.entry:
        case Summary(frame=frame):
            return frame.topic, frame.partition, frame.offset
        case Quarantine(topic=topic, partition=partition, offset=offset):
            return topic, partition, offset
        case Observed():
            return "observations", 0, item.offset


def _quarantined_event(entry: Quarantine, tick_ns: int) -> Event:
    identity = entry.identity
    body = QuarantinedFact(identity.source, identity.stream, identity.sequence, entry.reason)
    return Event(
        identity=identity,
        kind=QuarantinedFact.__name__,
        effective_ns=tick_ns,
        label="public",
        body=msgspec.json.encode(body),
    )
