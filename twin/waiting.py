"""What has come and waits for its tick: entries by stream and sequence, in the order of the log.

The sequencer asks it what is missing as counts and as ranges, never one sequence at a time: a
range may be as long as a stranger says.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from twin.identity import Identity, digest_of
from twin.observations import Observed, Quarantine, Sealed, encode_observation
from twin.summaries import Summary
from twin.units import instant_text

Source = tuple[str, int]
Stream = tuple[str, int, str]
Entry = Observed | Summary | Quarantine
Run = tuple[int, int]
"""Sequences from the first to the last, both within."""

OBSERVATIONS = "observations"
SEALED_TICKS = "sealed-ticks"
"""The stream of a seal that is set aside: its sequence is the end of the tick it sealed."""


class Pending(msgspec.Struct):
    """An entry that waits for its tick, with the offset it must be read from again."""

    entry: Entry
    digest: bytes
    offset: int


class Waiting:
    """The entries of every stream that are in no record yet; each stream in order of arrival."""

    def __init__(self) -> None:
        self._streams: dict[Stream, dict[int, Pending]] = {}

    def streams(self) -> list[Stream]:
        """Every stream something of which waits, sorted."""
        return sorted(self._streams)

    def add(self, stream: Stream, sequence: int, item: Pending) -> None:
        """Keep an entry whose sequence is not here yet."""
        self._streams.setdefault(stream, {})[sequence] = item

    def of(self, stream: Stream) -> dict[int, Pending]:
        """The waiting entries of a stream by sequence, in order of arrival."""
        return self._streams.get(stream, {})

    def offsets(self) -> Iterator[int]:
        """The lowest offset of each stream."""
        return (next(iter(items.values())).offset for items in self._streams.values())

    def overdue_end(self, stream: Stream, *, before_offset: int, tick_ns: int | None = None) -> int:
        """The highest sequence of a stream that came before an offset, 0 for none.

        Telemetry of a tick after ``tick_ns`` is not counted: it is still to be sealed.
        """
        end = 0
        for sequence, item in self.of(stream).items():
            if item.offset >= before_offset:
                break
            match item.entry:
                case Summary(tick_ns=of_tick_ns) if tick_ns is not None and of_tick_ns > tick_ns:
                    continue
            end = max(end, sequence)
        return end

    def missing_count(self, stream: Stream, after: int, through: int) -> int:
        """How many sequences of (after, through] are not here."""
        items = self._streams.get(stream)
        if not items:
            return through - after
        if through - after > len(items):
            return through - after - sum(after < sequence <= through for sequence in items)
        count = 0
        for sequence in range(after + 1, through + 1):
            count += sequence not in items
        return count

    def missing_runs(self, stream: Stream, after: int, through: int) -> Iterator[Run]:
        """The sequences of (after, through] that are not here, as runs, ascending."""
        here = sorted(s for s in self.of(stream) if after < s <= through)
        for sequence in [*here, through + 1]:
            if sequence > after + 1:
                yield after + 1, sequence - 1
            after = sequence

    def taken(self, stream: Stream, after: int, through: int) -> Iterator[tuple[int, Pending]]:
        """Take out what is here of (after, through], ascending."""
        items = self._streams.get(stream)
        if not items:
            return
        if through - after <= len(items):
            here = [s for s in range(after + 1, through + 1) if s in items]
        else:
            here = sorted(s for s in items if s <= through)
        for sequence in here:
            yield sequence, items.pop(sequence)
        if not items:
            del self._streams[stream]


def conflict(identity: Identity, item: Pending) -> Quarantine:
    """A second word under a name already taken: both are kept, the first holds."""
    topic, partition, offset = _place(item)
    return Quarantine(
        identity=identity,
        topic=topic,
        partition=partition,
        offset=offset,
        digest=item.digest,
        reason="conflict: the same name with other contents; the first holds",
    )


def seal_aside(seal: Sealed, offset: int, reason: str) -> Quarantine:
    """A seal that is not followed, named by the tick it sealed."""
    return Quarantine(
        identity=Identity(seal.source, seal.epoch, SEALED_TICKS, seal.tick_ns),
        topic=OBSERVATIONS,
        partition=0,
        offset=offset,
        digest=digest_of(encode_observation(seal)),
        reason=f"seal of {instant_text(seal.tick_ns)}: {reason}",
    )


def _place(item: Pending) -> tuple[str, int, int]:
    match item.entry:
        case Summary(frame=frame):
            return frame.topic, frame.partition, frame.offset
        case Quarantine(topic=topic, partition=partition, offset=offset):
            return topic, partition, offset
        case Observed():
            return OBSERVATIONS, 0, item.offset
