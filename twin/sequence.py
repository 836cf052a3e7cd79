"""observations and seals → records: the sequencer, as a machine without a clock or a wire.

A tick closes when the seal of every active paced source is in and every sequence the seals name
is in, was quarantined, or was declared absent. What comes from unpaced sources joins the next
tick to close. The order in which observations arrive, how often, and how many workers sent them
changes no record's content.

Nothing waits for ever. How long is counted in observations, from where an entry lies to where the
last word of the tick that closes lies: a fact of the log, so that a sequencer started again, or
one thought dead, decides the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

from twin.canonical import canonical
from twin.errors import BadInput
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
from twin.heard import Heard
from twin.identity import Identity
from twin.observations import Observation, Observed, Quarantine, Sealed, Silence
from twin.records import (
    GENESIS,
    Content,
    Inputs,
    Pace,
    Provenance,
    Record,
    encode_record,
)
from twin.sealing import Advance, Sealing, too_much
from twin.summaries import FrameRef, Summary, joined, named
from twin.units import instant_text, parse_instant
from twin.waiting import Pending, Source, Stream, Waiting, conflict, seal_aside

SELF = "sequencer"
DECISIONS = "decisions"
GAP_MAX_COUNT = 4_096
"""Observations after which a word that an unpaced source skipped is declared absent."""

UNSEALED_MAX_COUNT = 65_536
"""Observations after which a word of a paced source, or a seal of one that never registered, is
waited with no longer. It must be more than a source may send ahead of its seals (64 ticks)."""


class Head(msgspec.Struct, frozen=True):
    """Where the journal ends: what a sequencer needs to go on."""

    number: int = 0
    tick_ns: int | None = None
    digest: bytes = GENESIS
    inputs: Inputs = Inputs()


class Sequencer:
    """The machine. ``accept`` takes one observation and yields the records it completes."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._paced = {(pace.source, pace.epoch): pace.sealed_ns for pace in head.inputs.paced}
        self._lapsed = {(pace.source, pace.epoch): pace.sealed_ns for pace in head.inputs.lapsed}
        self._heard = Heard(head.inputs)
        self._waiting = Waiting()
        self._sealing = Sealing(self._heard, self._waiting)
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
        offsets = [*self._waiting.offsets(), *self._sealing.offsets()]
        return min(offsets, default=self._next_offset)

    def holdup(self) -> Source | None:
        """The paced source the open tick waits for while another is ready, or None."""
        sealed, lacking = self._sealing.sources(), self._sealing.lacking()
        for source in sorted(self._paced):
            if source in lacking or (source in sealed and not self._next(source)):
                return source
        silent = sorted(self._paced.keys() - sealed)
        return silent[0] if silent and len(silent) < len(self._paced) else None

    def accept(self, observation: Observation, *, offset: int) -> Iterator[tuple[Record, bytes]]:
        """Take one observation; yield each record it completes, with its stored form."""
        self._next_offset = max(self._next_offset, offset + 1)
        match observation:
            case Observed(event=event, digest=digest):
                is_new = self._take(event.identity, Pending(observation, digest, offset))
                if is_new and event.kind == SourceRegistered.__name__:
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

    def _take(self, identity: Identity, item: Pending) -> bool:
        """Keep an entry for its tick; whether it was heard for the first time."""
        stream = (identity.source, identity.epoch, identity.stream)
        earlier = self._waiting.of(stream).get(identity.sequence)
        if earlier is not None:
            self._count_again(identity, item, same=earlier.digest == item.digest)
        elif identity.sequence > self._heard.end(stream):
            self._waiting.add(stream, identity.sequence, item)
            if self._heard.has_skipped(identity):  # its tick is still open
                self._sealing.look_for_missing(stream[:2])
            else:
                self._sealing.count_in(stream, identity.sequence)
            return True
        elif self._heard.has_skipped(identity):
            self._note_late(item)
            return True
        else:
            self._count_again(identity, item, same=self._heard.is_same(identity, item.digest))
        return False

    def _count_again(self, identity: Identity, item: Pending, *, same: bool) -> None:
        if same:
            self._duplicates[identity.source] += 1
        else:
            self._conflicts.append(conflict(identity, item))

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
        name, epoch = registered.source, registered.epoch
        known = [e for n, e in (*self._paced, *self._lapsed) if n == name]
        if not registered.is_paced or epoch <= max(known, default=0):
            return
        # A source that starts its counters anew speaks no longer under its old epoch.
        for earlier in known:
            self._paced.pop((name, earlier), None)
            self._lapsed.pop((name, earlier), None)
        self._paced[name, epoch] = _start_ns(registered)

    def _take_seal(self, seal: Sealed, offset: int) -> None:
        source = (seal.source, seal.epoch)
        if seal.tick_ns <= self._lapsed.get(source, -1):
            self._duplicates[seal.source] += 1
            return
        if source in self._lapsed:
            self._paced[source] = self._lapsed.pop(source)
            self._decide(SourceReturned(source=seal.source, epoch=seal.epoch))
        if self._head.tick_ns is not None and seal.tick_ns <= self._head.tick_ns:
            self._take_old_seal(seal, offset)
        elif not self._sealing.add(seal, offset):
            self._duplicates[seal.source] += 1

    def _take_old_seal(self, seal: Sealed, offset: int) -> None:
        """A tick that closed without this source: what it sealed is late, not lost."""
        source = (seal.source, seal.epoch)
        if seal.tick_ns <= self._paced.get(source, seal.tick_ns):
            self._duplicates[seal.source] += 1
            return
        self._paced[source] = seal.tick_ns
        for stream, end, last in self._advances(seal, offset):
            for first, through in self._waiting.missing_runs(stream, end, last):
                self._heard.skip(stream, first, through)
            for _, item in self._waiting.taken(stream, end, last):
                self._note_late(item)
            self._heard.advance(stream, last)
        self._sealing.look_for_missing(source)

    def _advances(self, seal: Sealed, offset: int) -> list[Advance]:
        """How far a seal takes each stream; one that is not followed takes none and is a fact."""
        advances = self._sealing.advances(seal)
        reason = too_much(advances)
        if not reason:
            return advances
        aside = seal_aside(seal, offset, reason)
        self._conflicts.append(aside)
        self._decisions.append(_quarantined_event(aside, self._head.tick_ns or 0))
        return []

    def _stop_waiting(self, source: Source) -> None:
        """The patience ran out: declare absent what did not come, or lapse a silent source."""
        seal = self._sealing.first(source)
        if seal is not None and source in self._paced and not self._next(source):
            self._paced[source] = seal.start_ns
        given_up = self._sealing.given_up(source)
        for stream, last in given_up:
            self._declare_absent(stream, through=last)
        if not given_up and source in self._paced and seal is None:
            self._lapsed[source] = self._paced.pop(source)
            tick_ns = self._head.tick_ns
            last_tick = instant_text(tick_ns) if tick_ns is not None else ""
            self._decide(SourceLapsed(source=source[0], epoch=source[1], last_tick=last_tick))

    def _declare_absent(self, stream: Stream, *, through: int) -> None:
        """Say of every word of a stream that has not come, up to one, that it is not there."""
        end = self._heard.end(stream)
        for first, last in self._waiting.missing_runs(stream, end, through):
            self._heard.skip(stream, first, last)
            self._decide(StreamAbsent(*stream, first_sequence=first, last_sequence=last))

    def _decide(self, body: Body) -> None:
        stream = (SELF, 1, DECISIONS)
        self._heard.advance(stream, self._heard.end(stream) + 1)
        self._decisions.append(
            Event(
                identity=Identity(*stream, self._heard.end(stream)),
                kind=type(body).__name__,
                effective_ns=self._head.tick_ns or 0,
                label="public",
                body=msgspec.json.encode(body),
            )
        )

    # --- closing --------------------------------------------------------------------------------

    def _ready(self) -> list[Source]:
        """The sources whose seal closes the next tick, or none while one is waited for."""
        if not self._paced or not self._paced.keys().isdisjoint(self._sealing.lacking()):
            return []
        ready = {source: self._next(source) for source in self._paced}
        ticks_ns = [seal.tick_ns for seal in ready.values() if seal is not None]
        if len(ticks_ns) < len(ready):
            return []
        return sorted(s for s, seal in ready.items() if seal and seal.tick_ns == min(ticks_ns))

    def _next(self, source: Source) -> Sealed | None:
        """The seal that goes on where the source's last one ended, if it has come."""
        seal, sealed_ns = self._sealing.first(source), self._paced[source]
        return seal if seal is not None and sealed_ns in (0, seal.start_ns) else None

    def _close(self, closing: list[Source]) -> tuple[Record, bytes]:
        taken = [self._sealing.taken(source) for source in closing]
        seals = [seal for seal, _ in taken]
        tick_ns = seals[0].tick_ns
        items = [item for seal, offset in taken for item in self._sealed_items(seal, offset)]
        at_offset = max([offset for _, offset in taken] + [item.offset for item in items])
        items += self._unsealed_items(tick_ns, at_offset)
        self._conflicts += self._sealing.dropped(
            self._paced.keys(), tick_ns=tick_ns, before_offset=at_offset - UNSEALED_MAX_COUNT
        )
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
            self._sealing.look_for_missing(source)
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

    def _sealed_items(self, seal: Sealed, offset: int) -> Iterator[Pending]:
        for stream, _, last in self._advances(seal, offset):
            yield from self._popped(stream, last)

    def _unsealed_items(self, tick_ns: int, at_offset: int) -> Iterator[Pending]:
        """What waits for no seal, or has waited for one too long.

        Words of an unpaced source join up to the first gap, or over one that was not filled in
        time; so do words of a paced source that none of its seals has named in time.
        """
        for stream in self._waiting.streams():
            if stream[:2] not in self._paced:
                yield from self._popped(stream, self._unpaced_end(stream, at_offset))
            elif end := self._unsealed_end(stream, tick_ns, at_offset):
                self._declare_absent(stream, through=end)
                yield from self._popped(stream, end)

    def _unpaced_end(self, stream: Stream, at_offset: int) -> int:
        waiting = self._waiting.of(stream)
        if stream[1] == 0:  # Named by where it lay: partitions have gaps of other senders.
            return max(waiting)
        overdue = self._waiting.overdue_end(stream, before_offset=at_offset - GAP_MAX_COUNT)
        last = max(overdue, self._heard.end(stream))
        self._declare_absent(stream, through=last)
        while last + 1 in waiting:
            last += 1
        return last

    def _unsealed_end(self, stream: Stream, tick_ns: int, at_offset: int) -> int:
        """Up to where a paced source's stream has waited too long for a seal, 0 for nowhere."""
        before_offset = at_offset - UNSEALED_MAX_COUNT
        end = self._waiting.overdue_end(stream, before_offset=before_offset, tick_ns=tick_ns)
        if end and self._sealing.names_more(stream, through_offset=at_offset):
            return 0
        return end

    def _popped(self, stream: Stream, last: int) -> Iterator[Pending]:
        for sequence, item in self._waiting.taken(stream, self._heard.end(stream), last):
            self._heard.remember(Identity(*stream, sequence), item.digest)
            yield item
        self._heard.advance(stream, last)

    def _inputs(self) -> Inputs:
        return Inputs(
            observations_offset=self.needed_offset,
            ends=self._heard.stored_ends(),
            paced=tuple(Pace(*source, ns) for source, ns in sorted(self._paced.items())),
            lapsed=tuple(Pace(*source, ns) for source, ns in sorted(self._lapsed.items())),
            absent=self._heard.stored_absent(),
        )


def _start_ns(registered: SourceRegistered) -> int:
    """When a source begins; 0, for any time, when it did not say so readably."""
    try:
        return parse_instant(registered.starts_at) if registered.starts_at else 0
    except BadInput:
        return 0


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
