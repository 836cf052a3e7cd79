"""The embedded log: every topic in one SQLite file, for any number of threads and processes.

An append is one transaction: nothing of it shows before all of it is on disk. A read is one
statement over one page, and leaves no transaction behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from streams.log import layout
from streams.log.checks import check_end, check_kept, check_page, check_size
from streams.log.port import Header, Message, Outgoing, Position, Span, TopicPartition, TopicSpec
from streams.log.sqlite_file import SqliteFile
from twin.errors import BadInput

_headers_decoder = msgspec.msgpack.Decoder(tuple[Header, ...])
_Row = tuple[int, int, int, int, bytes | None, bytes | None, bytes | None]


class EmbeddedLog:
    """The port ``streams.log.port.Log`` over one SQLite file; ``clock_ns`` dates what is kept.

    Retention by age counts from the append, not from a message's own timestamp: that may be of a
    simulated or a mistaken clock.
    """

    def __init__(self, path: Path, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self.path = path
        self._clock_ns = clock_ns
        self._file = SqliteFile(
            path,
            application_id=layout.APPLICATION_ID,
            version=layout.LAYOUT_VERSION,
            schema=layout.SCHEMA,
        )
        self._ids: dict[TopicPartition, int] = {}

    def declare(self, topics: Sequence[TopicSpec], *, may_alter: bool = True) -> None:
        # The file is nobody else's: there is no operator whose limits these could be.
        with self._file.writing() as db:
            layout.declare(db, topics)

    def topics(self) -> dict[str, TopicSpec]:
        with self._file.reading() as db:
            return layout.topics(db)

    def append(
        self, messages: Sequence[Outgoing], *, expected_end: Position | None = None
    ) -> list[Position]:
        sized = [(message, message.size_bytes, _headers(message)) for message in messages]
        places = {(message.topic, message.partition) for message in messages}
        now_ns = self._clock_ns()
        with self._file.writing() as db:
            if expected_end is not None:
                at = layout.part(db, expected_end.topic, expected_end.partition)
                check_end(at.next_offset, expected_end)
            parts = {place: layout.part(db, *place) for place in places}
            rows, positions = _numbered(sized, parts, now_ns)
            db.executemany("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            for part in parts.values():
                layout.store(db, part)
            trimmed = {topic for (topic, _), part in parts.items() if part.has_retention}
            for topic in trimmed:
                layout.retain(db, topic, added_count=len(messages), now_ns=now_ns)
        return positions

    def read(
        self, topic: str, partition: int, start: int, *, limit: int, max_bytes: int
    ) -> list[Message]:
        check_page(start, limit)
        first = self._id(topic, partition) << layout.OFFSET_BITS
        page: list[Message] = []
        with self._file.reading() as db:
            rows = db.execute(
                "SELECT id, size_bytes, timestamp_ns, key, headers, value FROM message"
                " WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
                (first + start, first + (1 << layout.OFFSET_BITS), limit),
            )
            for row, size_bytes, timestamp_ns, key, packed, value in rows:
                max_bytes -= size_bytes
                if page and max_bytes < 0:
                    break
                headers = _headers_decoder.decode(packed) if packed else ()
                offset = row - first
                page.append(Message(topic, partition, offset, timestamp_ns, key, headers, value))
            rows.close()  # ends the read transaction of a page that was cut by its bytes
        if not page or page[0].offset != start:
            check_kept(self.span(topic, partition), topic, partition, start)
        return page

    def span(self, topic: str, partition: int) -> Span:
        with self._file.reading() as db:
            part = layout.part(db, topic, partition)
        return Span(part.first_offset, part.next_offset)

    def ends(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """The next offset of each partition, in one statement: made for polling."""
        ids = {place: self._id(*place) for place in places}
        with self._file.reading() as db:
            ends = dict(db.execute("SELECT id, next_offset FROM part").fetchall())
        return {place: ends[part] for place, part in ids.items()}

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        part = self._id(topic, partition)
        with self._file.reading() as db:
            row = db.execute(
                "SELECT next_offset FROM committed WHERE part = ? AND consumers = ?", (part, group)
            ).fetchone()
        return None if row is None else int(row[0])

    def commit(self, group: str, offsets: Mapping[TopicPartition, int]) -> None:
        with self._file.writing() as db:
            for (topic, partition), offset in offsets.items():
                part = layout.part(db, topic, partition)
                span = Span(part.first_offset, part.next_offset)
                check_kept(span, topic, partition, offset)
                db.execute(
                    "INSERT OR REPLACE INTO committed VALUES (?, ?, ?)", (part.id, group, offset)
                )

    def trim(self, topic: str, partition: int, before: int) -> Span:
        while True:
            with self._file.writing() as db:
                part = layout.part(db, topic, partition)
                if not part.has_retention:
                    raise BadInput(
                        f"trimming topic {topic!r}",
                        expected="a topic with retention",
                        remedy="a topic without retention is kept for ever",
                    )
                upto = min(before, layout.slowest(db, part))
                layout.remove(db, part, min(upto, part.first_offset + layout.TRIM_COUNT))
                layout.store(db, part)
            if part.first_offset >= upto:
                return Span(part.first_offset, part.next_offset)

    def forget(self, group: str) -> None:
        with self._file.writing() as db:
            db.execute("DELETE FROM committed WHERE consumers = ?", (group,))

    def close(self) -> None:
        self._file.close()

    def _id(self, topic: str, partition: int) -> int:
        """Partitions are never renumbered or removed, so what was looked up once stays true."""
        known = self._ids.get((topic, partition))
        if known is None:
            with self._file.reading() as db:
                known = self._ids[topic, partition] = layout.part(db, topic, partition).id
        return known


def _headers(message: Outgoing) -> bytes | None:
    return msgspec.msgpack.encode(message.headers) if message.headers else None


def _numbered(
    sized: Sequence[tuple[Outgoing, int, bytes | None]],
    parts: Mapping[TopicPartition, layout.Part],
    now_ns: int,
) -> tuple[list[_Row], list[Position]]:
    """Give each message the next offset of its partition, which advances."""
    rows: list[_Row] = []
    positions: list[Position] = []
    for message, size_bytes, headers in sized:
        part = parts[message.topic, message.partition]
        check_size(message, size_bytes, part.max_message_bytes)
        row = (part.row(part.next_offset), now_ns, size_bytes, message.timestamp_ns)
        rows.append((*row, message.key, headers, message.value))
        positions.append(Position(message.topic, message.partition, part.next_offset))
        part.next_offset += 1
        part.size_bytes += size_bytes
    return rows, positions
