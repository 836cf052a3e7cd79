"""The frames of a tick, as its record names them; and since when frames are kept."""

from __future__ import annotations

from api.described import shown
from api.problems import Unknown
from api.reading import Reader
from api.shelf import Held, Shelf
from streams.store import queries
from streams.store.queries import TickInfo
from streams.store.tables import LIVE
from streams.topics import SATELLITES
from twin.errors import NotKept
from twin.records import Record
from twin.suggest import nearest
from twin.summaries import FrameRef
from twin.units import instant_text

Seen = tuple[FrameRef, Held]
"""Where a frame lies, and what it says."""


class Telemetry:
    """Reads the satellites' frames of committed ticks."""

    def __init__(self, reader: Reader, shelf: Shelf) -> None:
        self._reader, self._shelf = reader, shelf

    def satellites(self, tick: TickInfo, segment: str | None) -> list[Seen]:
        """All satellite frames of a tick, or those of one segment.

        ``NotFound`` for a segment without any, ``NotKept`` with the earliest instant whose frames
        the log holds, when it does not hold these.
        """
        refs = _refs(self._reader.journal.record(tick))
        known = {ref.segment for ref in refs}
        if segment is not None and segment not in known:
            raise Unknown(
                f"segment={shown(segment)!r} in the tick {instant_text(tick.tick_ns)}",
                expected=nearest(segment, known),
                remedy="name a segment whose satellites reported in that tick",
                field="segment",
            )
        wanted = [ref for ref in refs if segment in (None, ref.segment)]
        try:
            return [(ref, self._shelf.held(ref)) for ref in wanted]
        except NotKept:
            at = instant_text(tick.tick_ns)
            raise NotKept(
                f"the frames of {at} are not in this log: retention removed them, or an imported "
                "journal came without them",
                earliest=self.earliest_kept(tick),
                remedy=f"the views of that instant are at /v1/twin?at={at}",
            ) from None

    def size_bytes_of(self, ref: FrameRef) -> int | None:
        """The size of a frame that a record names; None when the log does not hold it."""
        return self._shelf.size_bytes_of(ref)

    def earliest_kept(self, gone: TickInfo) -> str:
        """The first instant all of whose frames are held; empty when there is none.

        Frames go in the order they came, and an import is followed by what came after it: so a
        search by halves over the records after one that is gone finds it.
        """
        newest = self._reader.tick(None)
        low, high = gone.number + 1, newest.number + 1
        while low < high:
            middle = (low + high) // 2
            if self._are_held(_refs(self._record(middle))):
                high = middle
            else:
                low = middle + 1
        return "" if low > newest.number else instant_text(self._numbered(low).tick_ns)

    def _are_held(self, refs: list[FrameRef]) -> bool:
        """Other frames in the places of these are those of another log: one tells for all."""
        is_within = all(self._shelf.is_within(ref) for ref in refs)
        return is_within and (not refs or self.size_bytes_of(refs[0]) is not None)

    def _record(self, number: int) -> Record:
        return self._reader.journal.record(self._numbered(number))

    def _numbered(self, number: int) -> TickInfo:
        with self._reader.snapshot() as db:
            tick = queries.tick_numbered(db, LIVE, number)
        assert tick is not None, "records are committed without gaps"
        return tick


def _refs(record: Record) -> list[FrameRef]:
    return [ref for ref in record.provenance.frames if ref.topic == SATELLITES]
