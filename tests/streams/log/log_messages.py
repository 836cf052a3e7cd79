"""Messages with defaults, and everything a partition holds."""

from __future__ import annotations

import threading
from collections.abc import Callable

from streams.log.port import Log, Message, Outgoing


def outgoing(
    value: bytes | None = b"v",
    *,
    topic: str = "events",
    partition: int = 0,
    key: bytes | None = None,
    headers: tuple[tuple[str, bytes], ...] = (),
    timestamp_ns: int = 1,
) -> Outgoing:
    return Outgoing(topic, partition, key, headers, value, timestamp_ns)


def every(log: Log, topic: str = "events", partition: int = 0) -> list[Message]:
    span = log.span(topic, partition)
    found: list[Message] = []
    while span.start + len(found) < span.end:
        at = span.start + len(found)
        found += log.read(topic, partition, at, limit=100, max_bytes=1 << 20)
    return found


def values(log: Log, topic: str = "events", partition: int = 0) -> list[bytes | None]:
    return [message.value for message in every(log, topic, partition)]


def in_threads(work: Callable[[bytes], None], names: list[bytes]) -> None:
    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
