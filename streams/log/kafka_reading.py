"""Pages of a partition, read by consumers that belong to no group and commit nothing.

A consumer fetches ahead, so one that stands where a page begins is taken again for it. One thread
uses a consumer at a time; of idle ones a few are kept.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from kafka import KafkaConsumer, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaTimeoutError

IDLE_MAX_COUNT: Final = 8
READ_TIMEOUT_S: Final = 30.0
POLL_MS: Final = 500


class Reader:
    """A consumer, and the place its next message has; None when that is not known."""

    def __init__(self, consumer: KafkaConsumer) -> None:
        self._consumer = consumer
        self.stands_at: tuple[TopicPartition, int] | None = None

    def page(self, place: TopicPartition, start: int, *, limit: int) -> list[ConsumerRecord]:
        """At least one record from ``start`` on, where there is known to be one."""
        if self.stands_at is None or self.stands_at[0] != place:
            self._consumer.assign([place])
        if self.stands_at != (place, start):
            self._consumer.seek(place, start)
        self.stands_at = None
        deadline_s = time.monotonic() + READ_TIMEOUT_S
        while time.monotonic() < deadline_s:
            found = self._consumer.poll(timeout_ms=POLL_MS, max_records=limit)
            if records := found.get(place, []):
                self.stands_at = (place, records[-1].offset + 1)
                return list(records)
        raise KafkaTimeoutError(f"nothing at {place.topic}/{place.partition} offset {start}")

    def close(self) -> None:
        """Close the connection."""
        self._consumer.close()


class Readers:
    """Readers for any number of threads; ``make`` makes a consumer."""

    def __init__(self, make: Callable[[], KafkaConsumer]) -> None:
        self._make = make
        self._idle: list[Reader] = []
        self._lock = threading.Lock()

    @contextmanager
    def at(self, place: TopicPartition, start: int) -> Iterator[Reader]:
        """A reader for this thread, one that stands there if there is any."""
        reader = self._taken(place, start) or Reader(self._make())
        try:
            yield reader
        finally:
            self._put_back(reader)

    def close(self) -> None:
        """Close every idle reader."""
        with self._lock:
            idle, self._idle = self._idle, []
        for reader in idle:
            reader.close()

    def _put_back(self, reader: Reader) -> None:
        # One that failed may be amid a fetch that nobody waits for any more.
        surplus: Reader | None = reader
        if reader.stands_at is not None:
            with self._lock:
                self._idle.append(reader)
                surplus = self._idle.pop(0) if len(self._idle) > IDLE_MAX_COUNT else None
        if surplus is not None:
            surplus.close()

    def _taken(self, place: TopicPartition, start: int) -> Reader | None:
        with self._lock:
            ranked = [
                *(each for each in self._idle if each.stands_at == (place, start)),
                *(each for each in self._idle if each.stands_at and each.stands_at[0] == place),
                *(self._idle[:1] if len(self._idle) >= IDLE_MAX_COUNT else ()),
            ]
            if ranked:
                self._idle.remove(ranked[0])
            return ranked[0] if ranked else None
