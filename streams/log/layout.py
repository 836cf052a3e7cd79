"""The tables of the embedded log, and what is done to one partition inside a transaction.

A message's rowid is its partition's id shifted left by 40 bits plus its offset: a page is one range
scan, and a partition holds 10^12 messages. Ends are stored, so that offsets never go back even
when everything was trimmed.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Final

from streams.log.checks import check_partitions, check_place, check_spec
from streams.log.port import TopicSpec

APPLICATION_ID: Final = 0x74776C67  # "twlg"
LAYOUT_VERSION: Final = 1
OFFSET_BITS: Final = 40
OFFSET_MASK: Final = (1 << OFFSET_BITS) - 1
#: Messages one append may remove of a partition, beside twice as many as it adds: trimming keeps
#: up, and no append pays for a long backlog at once.
TRIM_COUNT: Final = 64

SCHEMA: Final = """
CREATE TABLE topic (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL,
    max_message_bytes INTEGER NOT NULL, retention_bytes INTEGER, retention_s REAL
);
CREATE TABLE part (
    id INTEGER PRIMARY KEY, topic INTEGER NOT NULL REFERENCES topic, number INTEGER NOT NULL,
    first_offset INTEGER NOT NULL, next_offset INTEGER NOT NULL, size_bytes INTEGER NOT NULL,
    UNIQUE (topic, number)
);
CREATE TABLE message (
    id INTEGER PRIMARY KEY, appended_ns INTEGER NOT NULL, size_bytes INTEGER NOT NULL,
    timestamp_ns INTEGER NOT NULL, key BLOB, headers BLOB, value BLOB
);
CREATE TABLE committed (
    part INTEGER NOT NULL, consumers TEXT NOT NULL, next_offset INTEGER NOT NULL,
    PRIMARY KEY (part, consumers)
) WITHOUT ROWID;
"""
_PARTS: Final = """
SELECT part.id, first_offset, next_offset, size_bytes, max_message_bytes, retention_bytes,
       retention_s
FROM part JOIN topic ON topic.id = part.topic WHERE topic.name = ?
"""
_PART: Final = f"{_PARTS} AND part.number = ?"


@dataclass(slots=True)
class Part:
    """A partition's row, advanced while one transaction adds to it or trims it.

    The bounds ``kept_bytes`` and ``kept_s`` are those of its topic.
    """

    id: int
    first_offset: int
    next_offset: int
    size_bytes: int
    max_message_bytes: int
    kept_bytes: int | None
    kept_s: float | None

    def row(self, offset: int) -> int:
        """The rowid of a message."""
        return self.id << OFFSET_BITS | offset

    @property
    def has_retention(self) -> bool:
        """Whether anything of it may ever be removed."""
        return self.kept_bytes is not None or self.kept_s is not None


def topics(db: sqlite3.Connection) -> dict[str, TopicSpec]:
    """Every declared topic by name."""
    rows = db.execute(
        "SELECT name, partitions, max_message_bytes, retention_bytes, retention_s FROM topic"
    ).fetchall()
    return {row[0]: TopicSpec(*row) for row in rows}


def declare(db: sqlite3.Connection, specs: Sequence[TopicSpec]) -> None:
    """Insert new topics, give known ones their new limits; ``BadInput`` for other partitions."""
    existing = topics(db)
    for spec in specs:
        check_spec(spec)
        if spec.name in existing:
            _redeclare(db, spec, existing[spec.name])
        else:
            _insert(db, spec)
        existing[spec.name] = spec


def part(db: sqlite3.Connection, topic: str, partition: int) -> Part:
    """One partition as it is now; ``BadInput`` if it was never declared."""
    row = db.execute(_PART, (topic, partition)).fetchone()
    if row is not None:
        return Part(*row)
    check_place(topics(db), topic, partition)
    raise AssertionError(f"{topic}/{partition} was declared and has no row")


def store(db: sqlite3.Connection, changed: Part) -> None:
    """Write a partition's ends and size back."""
    db.execute(
        "UPDATE part SET first_offset = ?, next_offset = ?, size_bytes = ? WHERE id = ?",
        (changed.first_offset, changed.next_offset, changed.size_bytes, changed.id),
    )


def slowest(db: sqlite3.Connection, of: Part) -> int:
    """Where the slowest group stands; without any group nothing counts as read."""
    (offset,) = db.execute(
        "SELECT min(next_offset) FROM committed WHERE part = ?", (of.id,)
    ).fetchone()
    return of.first_offset if offset is None else int(offset)


_STAYS = -1
"""The size of a message that is not to go yet."""


def retain(db: sqlite3.Connection, topic: str, *, added_count: int, now_ns: int) -> None:
    """Remove the oldest messages of a topic, in whichever partition they lie.

    Those that are over its bounds and read by all; of each partition a bounded number at once.
    """
    parts = [Part(*row) for row in db.execute(_PARTS, (topic,))]
    kept_bytes, kept_s = parts[0].kept_bytes, parts[0].kept_s
    size_bytes = sum(part.size_bytes for part in parts)
    excess_bytes = 0 if kept_bytes is None else size_bytes - kept_bytes
    if kept_s is None and excess_bytes <= 0:
        return
    kept_since_ns = 0 if kept_s is None else now_ns - int(kept_s * 1e9)
    cursors = [_oldest(db, part, TRIM_COUNT + 2 * added_count) for part in parts]
    upto: dict[int, int] = {}
    for appended_ns, row, message_bytes in heapq.merge(*cursors):
        if message_bytes == _STAYS:
            # Nothing newer goes for want of room; what is too old may.
            excess_bytes = 0
            continue
        if excess_bytes <= 0 and appended_ns >= kept_since_ns:
            break
        excess_bytes -= message_bytes
        upto[row >> OFFSET_BITS] = (row & OFFSET_MASK) + 1
    for cursor in cursors:
        cursor.close()
    for part in parts:
        if part.id in upto:
            remove(db, part, upto[part.id])
            store(db, part)


def remove(db: sqlite3.Connection, of: Part, upto: int) -> None:
    """Delete the messages below ``upto``; the caller stores the partition."""
    if upto <= of.first_offset:
        return
    bounds = (of.row(of.first_offset), of.row(upto))
    (removed_bytes,) = db.execute(
        "SELECT sum(size_bytes) FROM message WHERE id >= ? AND id < ?", bounds
    ).fetchone()
    db.execute("DELETE FROM message WHERE id >= ? AND id < ?", bounds)
    of.first_offset = upto
    of.size_bytes -= removed_bytes


def _oldest(
    db: sqlite3.Connection, part: Part, most: int
) -> Generator[tuple[int, int, int], None, None]:
    """When the first messages of a partition were appended, their rows and sizes.

    Those that all have read, not more than ``most``; then the one that stays, if there is one.
    """
    stays = part.row(min(slowest(db, part), part.first_offset + most))
    for appended_ns, row, size_bytes in db.execute(
        "SELECT appended_ns, id, size_bytes FROM message WHERE id >= ? AND id <= ? ORDER BY id",
        (part.row(part.first_offset), stays),
    ):
        yield appended_ns, row, _STAYS if row == stays else size_bytes


def _redeclare(db: sqlite3.Connection, spec: TopicSpec, existing: TopicSpec) -> None:
    check_partitions(spec, existing.partitions)
    db.execute(
        "UPDATE topic SET max_message_bytes = ?, retention_bytes = ?, retention_s = ?"
        " WHERE name = ?",
        (spec.max_message_bytes, spec.retention_bytes, spec.retention_s, spec.name),
    )


def _insert(db: sqlite3.Connection, spec: TopicSpec) -> None:
    topic = db.execute(
        "INSERT INTO topic (name, partitions, max_message_bytes, retention_bytes, retention_s)"
        " VALUES (?, ?, ?, ?, ?)",
        (
            spec.name,
            spec.partitions,
            spec.max_message_bytes,
            spec.retention_bytes,
            spec.retention_s,
        ),
    ).lastrowid
    db.executemany(
        "INSERT INTO part (topic, number, first_offset, next_offset, size_bytes)"
        " VALUES (?, ?, 0, 0, 0)",
        [(topic, number) for number in range(spec.partitions)],
    )
