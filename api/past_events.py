"""The journal's events as lines, from a cursor on, in bounded pages."""

from __future__ import annotations

from typing import Any

import msgspec

from api.asked import AskedEvents
from api.limits import EVENTS_MAX_BYTES, RECORDS_SCANNED_MAX_COUNT
from api.parameters import parse_cursor
from api.reading import Reader, standing
from api.shapes import said_instant
from streams.store import queries
from streams.store.queries import TickInfo
from streams.store.tables import LIVE
from twin.errors import BadInput
from twin.events import KINDS, Event
from twin.records import Record

Cursor = tuple[int, int]
"""Record number and ordinal: an event, or the end of what was looked through."""


class EventPage(msgspec.Struct, frozen=True):
    """Lines of JSON, where to read on, and whether there is more by now."""

    newest: TickInfo
    lines: list[bytes]
    cursor: Cursor
    has_more: bool

    @property
    def cursor_text(self) -> str:
        return f"{self.cursor[0]}/{self.cursor[1]}"


def events_after(reader: Reader, asked: AskedEvents) -> EventPage:
    """Events after the cursor; ``BadInput`` when it is beyond the newest record."""
    number, ordinal = parse_cursor(asked.after)
    with reader.snapshot() as db:
        newest = standing(db, None)
        before = queries.tick_numbered(db, LIVE, number - 1) if number > 1 else None
    if number > newest.number:
        raise BadInput(
            f"after={number}/{ordinal}",
            expected=f"a record up to {newest.number}, the newest",
            field="after",
        )
    page = _Page(asked.kind, asked.limit)
    cursor: Cursor = (number, ordinal)
    for scanned_count, record in enumerate(reader.journal.records_after(before, newest), start=1):
        first = ordinal if record.number == number else 0
        cursor = page.take(record, first)
        is_whole = cursor[1] >= len(record.content.events)
        if page.is_full or not is_whole or scanned_count == RECORDS_SCANNED_MAX_COUNT:
            has_more = not is_whole or record.number < newest.number
            return EventPage(newest, page.lines, cursor, has_more)
    return EventPage(newest, page.lines, cursor, has_more=False)


class _Page:
    """Collects lines until it is full."""

    def __init__(self, kind: str | None, limit: int) -> None:
        self._kind, self._limit = kind, limit
        self._size_bytes = 0
        self.lines: list[bytes] = []

    @property
    def is_full(self) -> bool:
        return len(self.lines) >= self._limit or self._size_bytes >= EVENTS_MAX_BYTES

    def take(self, record: Record, after_ordinal: int) -> Cursor:
        """Lines of a record's events after an ordinal; the last event looked at."""
        ordinal = after_ordinal
        for event in record.content.events[after_ordinal:]:
            if self.is_full:
                break
            ordinal += 1
            if self._kind in (None, event.kind):
                line = msgspec.json.encode(_line(record, ordinal, event)) + b"\n"
                self.lines.append(line)
                self._size_bytes += len(line)
        return record.number, ordinal


def _line(record: Record, ordinal: int, event: Event) -> dict[str, Any]:
    kind = KINDS.get(event.kind)
    return {
        "cursor": f"{record.number}/{ordinal}",
        "number": record.number,
        "ordinal": ordinal,
        "tick": said_instant(record.tick_ns),
        "id": str(event.identity),
        "source": event.identity.source,
        "epoch": event.identity.epoch,
        "stream": event.identity.stream,
        "sequence": event.identity.sequence,
        "kind": event.kind,
        "nature": str(kind.nature) if kind is not None else "",
        "version": event.version,
        "label": event.label,
        "effective": said_instant(event.effective_ns),
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        # Written anew, because what was sent may span several lines.
        "body": msgspec.json.decode(event.body),
    }
