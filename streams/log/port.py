"""The log as everything else sees it: topics of partitions, appended to and read by offset.

Two adapters keep this contract and pass one test (tests/streams/log/test_contract.py): the
embedded log in one SQLite file, and Kafka. Values here are frozen and carry no behaviour but sizes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, Protocol

import msgspec

Header = tuple[str, bytes]
TopicPartition = tuple[str, int]

#: Enough for a frame of 20,000 rows of 41 bytes and its headers (DESIGN, sizes and retention).
DEFAULT_MESSAGE_BYTES: Final = 1 << 20

_TAIL_PAGE_COUNT: Final = 500
_TAIL_PAGE_BYTES: Final = 8 << 20


class TopicSpec(msgspec.Struct, frozen=True):
    """What a topic is: partitions numbered from 0, the largest message, and what is kept.

    Without retention a topic is kept for ever. With it, a message goes once it was appended more
    than ``retention_s`` ago, or once it is the oldest of a topic that exceeds ``retention_bytes``
    in all its partitions together, but never before every group has committed past it.
    """

    name: str
    partitions: int
    max_message_bytes: int = DEFAULT_MESSAGE_BYTES
    retention_bytes: int | None = None
    retention_s: float | None = None


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """A message to be appended; a value of ``None`` is a tombstone, which is not an empty value."""

    topic: str
    partition: int
    key: bytes | None
    headers: tuple[Header, ...]
    value: bytes | None
    timestamp_ns: int

    @property
    def size_bytes(self) -> int:
        """What counts against a topic's limits."""
        return size_bytes(self.key, self.headers, self.value)


class Message(msgspec.Struct, frozen=True, gc=False):
    """A message where it stands in the log; headers keep their order and may repeat."""

    topic: str
    partition: int
    offset: int
    timestamp_ns: int
    key: bytes | None
    headers: tuple[Header, ...]
    value: bytes | None


def size_bytes(key: bytes | None, headers: tuple[Header, ...], value: bytes | None) -> int:
    """What counts as the size of a message: key, value, and header names and values."""
    total_bytes = len(key or b"") + len(value or b"")
    for name, said in headers:
        total_bytes += len(name.encode()) + len(said)
    return total_bytes


class Span(msgspec.Struct, frozen=True):
    """What a partition holds: [start, end), so ``end`` is the offset the next message will get."""

    start: int
    end: int


class Position(msgspec.Struct, frozen=True):
    """One offset of one partition."""

    topic: str
    partition: int
    offset: int


class Log(Protocol):
    """A durable, ordered log; every method may be called from any thread and blocks it.

    Each raises ``BadInput`` for a topic or partition that was not declared, and ``Unavailable``
    when the log cannot be reached or written within its patience; then what was appended may be
    there or not.
    """

    def declare(self, topics: Sequence[TopicSpec], *, may_alter: bool = True) -> None:
        """Make the topics exist, all or none; declaring again changes limits and retention.

        On a broker only if it ``may_alter`` them; else one with smaller limits is ``BadInput``.

        Raises ``BadInput`` if one exists with another number of partitions: keys would move.
        """

    def topics(self) -> Mapping[str, TopicSpec]:
        """Every declared topic by name."""

    def append(
        self, messages: Sequence[Outgoing], *, expected_end: Position | None = None
    ) -> list[Position]:
        """Add the messages, durable on return; their positions, in the order given.

        The last is on the log only if all are; the embedded log writes all or none. A message over
        its topic's limit is ``BadInput``, and nothing is written. With ``expected_end``,
        ``Superseded`` if that partition does not end exactly there: another writer was faster. A
        broker may notice only after the append, so what is appended so must be chained.
        """

    def read(
        self, topic: str, partition: int, start: int, *, limit: int, max_bytes: int
    ) -> list[Message]:
        """One page of consecutive messages from ``start`` on; empty exactly at the end.

        It has at most ``limit`` messages and about ``max_bytes``, but always one if there is one.
        ``NotKept`` if retention removed ``start``, ``BadInput`` if it lies past the end.
        """

    def span(self, topic: str, partition: int) -> Span:
        """The earliest kept offset and the next one."""

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        """The next offset the group wants to read; ``None`` if it never said."""

    def close(self) -> None:
        """Release files and connections; nothing may be called afterwards."""


def tail(
    log: Log,
    topic: str,
    partition: int,
    start: int,
    *,
    stop: Callable[[], bool],
    poll_s: float = 0.01,
) -> Iterator[Message]:
    """Messages from ``start`` on as they come, until ``stop()``, asked between two pages.

    Raises ``NotKept`` if retention overtakes the reader.
    """
    offset = start
    while not stop():
        page = log.read(
            topic, partition, offset, limit=_TAIL_PAGE_COUNT, max_bytes=_TAIL_PAGE_BYTES
        )
        yield from page
        offset += len(page)
        if not page:
            time.sleep(poll_s)
