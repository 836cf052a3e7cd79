"""The frames of a tick, as its record names them; and since when frames are kept."""

from __future__ import annotations

from api.reading import Reader
from api.shelf import Shelf
from streams.store import queries
from streams.store.queries import TickInfo
from streams.store.tables import LIVE
from streams.topics import SATELLITES
from twin.errors import NotFound, NotKept
from twin.frames import Frame
from twin.records import Record
from twin.suggest import nearest
from twin.summaries import FrameRef
from twin.units import instant_text

Seen = tuple[FrameRef, Frame]
"""Where a frame lies, and what it says."""


class Telemetry:
    """Reads the satellites' frames of committed ticks."""

    def __init__(self, reader: Reader, shelf: Shelf) -> None:
        self._reader, self._shelf = reader, shelf

    @property
    def size_bytes(self) -> int:
        """Bytes of frames in memory."""
        return self._shelf.size_bytes

    def satellites(self, tick: TickInfo, segment: str | None) -> list[Seen]:
        """All satellite frames of a tick, or those of one segment.

        ``NotFound`` for a segment without any, ``NotKept`` with the earliest instant that has its
        frames when retention removed them.
        """
        refs = _refs(self._reader.journal.record(tick))
        known = {ref.segment for ref in refs}
        if segment is not None and segment not in known:
            raise NotFound(
                f"segment {segment[:200]!r} among the satellites that reported in "
                f"{instant_text(tick.tick_ns)}",
                expected=nearest(segment, known),
            )
        wanted = [ref for ref in refs if segment in (None, ref.segment)]
        try:
            return [(ref, self._shelf.frame(ref)) for ref in wanted]
        except NotKept:
            raise NotKept(
                f"the frames of {instant_text(tick.tick_ns)} are no longer kept",
                earliest=self.earliest_kept(tick),
                remedy="views of that instant are: /v1/twin?at=",
            ) from None

    def is_kept(self, ref: FrameRef) -> bool:
        """Whether retention left this frame."""
        return ref.offset >= self._shelf.first_kept_offset(ref.topic, ref.partition)

    def earliest_kept(self, gone: TickInfo) -> str:
        """The first instant all of whose frames are kept; empty when there is none.

        Frames go in the order they came, so a search by halves over the records after one that
        is gone finds it.
        """
        newest = self._reader.tick(None)
        low, high = gone.number + 1, newest.number + 1
        while low < high:
            middle = (low + high) // 2
            if all(self.is_kept(ref) for ref in _refs(self._record(middle))):
                high = middle
            else:
                low = middle + 1
        return "" if low > newest.number else instant_text(self._numbered(low).tick_ns)

    def _record(self, number: int) -> Record:
        return self._reader.journal.record(self._numbered(number))

    def _numbered(self, number: int) -> TickInfo:
        with self._reader.snapshot() as db:
            tick = queries.tick_numbered(db, LIVE, number)
        assert tick is not None, "records are committed without gaps"
        return tick


def _refs(record: Record) -> list[FrameRef]:
    return [ref for ref in record.provenance.frames if ref.topic == SATELLITES]
