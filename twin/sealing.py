"""The seals that have come, by source and tick, and what is missing of each source's next one."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import msgspec

from twin.heard import Heard
from twin.observations import Quarantine, Sealed
from twin.waiting import Source, Stream, Waiting, seal_aside

ADVANCE_MAX_COUNT = 1_000_000
"""New words a seal may name in one tick; a seal of more is a mistake and is not followed."""

Advance = tuple[Stream, int, int]
"""A stream that a seal names, with its end before and what the seal says it is."""


class Missing(msgspec.Struct):
    """How many words of a source's next seal have not come, and what that seal names."""

    count: int
    last: dict[str, int]


class Sealing:
    """Seals in order of their ticks; counts against what was heard and what waits."""

    def __init__(self, heard: Heard, waiting: Waiting) -> None:
        self._heard, self._waiting = heard, waiting
        self._seals: dict[Source, list[tuple[Sealed, int]]] = {}
        self._missing: dict[Source, Missing] = {}

    def sources(self) -> Collection[Source]:
        """Who has sealed a tick that is still open."""
        return self._seals.keys()

    def lacking(self) -> Collection[Source]:
        """Whose next seal names words that have not come."""
        return self._missing.keys()

    def first(self, source: Source) -> Sealed | None:
        """The earliest seal of a source that waits, or None."""
        queue = self._seals.get(source)
        return queue[0][0] if queue else None

    def offsets(self) -> Iterator[int]:
        """Where each seal lies."""
        return (offset for queue in self._seals.values() for _, offset in queue)

    def add(self, seal: Sealed, offset: int) -> bool:
        """Keep a seal for its tick, unless there is one of that tick: then False."""
        source = (seal.source, seal.epoch)
        queue = self._seals.setdefault(source, [])
        if any(seal.tick_ns == waiting.tick_ns for waiting, _ in queue):
            return False
        queue.append((seal, offset))
        queue.sort(key=lambda waiting: waiting[0].tick_ns)
        self.look_for_missing(source)
        return True

    def taken(self, source: Source) -> tuple[Sealed, int]:
        """Take the earliest seal of a source out, with where it lies."""
        queue = self._seals[source]
        seal = queue.pop(0)
        if not queue:
            del self._seals[source]
        return seal

    def count_in(self, stream: Stream, sequence: int) -> None:
        """One word more has come: one less is missing, if the next seal of its source names it."""
        source = stream[:2]
        missing = self._missing.get(source)
        if missing is not None and sequence <= missing.last.get(stream[2], 0):
            missing.count -= 1
            if not missing.count:
                del self._missing[source]

    def look_for_missing(self, source: Source) -> None:
        """Count anew what the next seal of a source names and has not come."""
        self._missing.pop(source, None)
        seal = self.first(source)
        if seal is None:
            return
        count, advance = 0, 0
        for name, last in seal.last:
            stream = (*source, name)
            end = self._heard.ends.get(stream, 0)
            if last > end:
                advance += last - end
                missing = self._waiting.missing_count(stream, end, last)
                count += missing and missing - self._heard.skipped_count(stream, end, last)
        if count and advance <= ADVANCE_MAX_COUNT:
            self._missing[source] = Missing(count, dict(seal.last))

    def given_up(self, source: Source) -> list[tuple[Stream, int]]:
        """Wait for nothing more; the streams of which something may be missing, and up to where."""
        missing = self._missing.pop(source, None)
        if missing is None:
            return []
        return [((*source, name), last) for name, last in sorted(missing.last.items())]

    def advances(self, seal: Sealed) -> list[Advance]:
        """How far a seal takes each stream."""
        source = (seal.source, seal.epoch)
        return [
            ((*source, name), self._heard.ends.get((*source, name), 0), last)
            for name, last in seal.last
        ]

    def names_more(self, stream: Stream, *, through_offset: int) -> bool:
        """Whether a seal up to an offset names words of a stream that are in no record yet."""
        end = self._heard.end(stream)
        return any(
            dict(seal.last).get(stream[2], 0) > end
            for seal, offset in self._seals.get(stream[:2], ())
            if offset <= through_offset
        )

    def dropped(
        self, paced: Collection[Source], *, tick_ns: int, before_offset: int
    ) -> Iterator[Quarantine]:
        """Give up seals of sources that are not paced, of ticks that closed or from long ago.

        A source that starts under a higher epoch leaves such seals behind.
        """
        for source in sorted(self._seals.keys() - set(paced)):
            kept = []
            for seal, offset in self._seals.pop(source):
                if seal.tick_ns > tick_ns and offset >= before_offset:
                    kept.append((seal, offset))
                else:
                    yield seal_aside(seal, offset, "its source is not registered")
            if kept:
                self._seals[source] = kept
            else:
                self._missing.pop(source, None)


def too_much(advances: list[Advance]) -> str:
    """Why a seal is not followed; empty when it is."""
    count = sum(max(0, last - end) for _, end, last in advances)
    if count <= ADVANCE_MAX_COUNT:
        return ""
    return f"it names {count} new words; expected at most {ADVANCE_MAX_COUNT}"
