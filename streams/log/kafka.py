"""The log on a Kafka broker: the port over kafka-python, for whoever publishes or reads back.

Faust's agents have their own way to the same topics (``faust_kafka``). No transactions: their
markers would leave gaps in offsets, and what they would save is told apart by identity anyway.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, Final, TypeVar

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetSpec, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import (
    CoordinatorNotAvailableError,
    OffsetOutOfRangeError,
    UnknownTopicOrPartitionError,
)
from kafka.producer.future import FutureRecordMetadata

from streams.log.address import Address
from streams.log.checks import (
    check_end,
    check_kept,
    check_page,
    check_place,
    check_size,
    check_spec,
)
from streams.log.kafka_client import explained, started
from streams.log.kafka_reading import Readers
from streams.log.kafka_topics import declared, described
from streams.log.port import Message, Outgoing, Position, Span, TopicSpec, size_bytes
from streams.log.security import PLAIN, Security
from twin.errors import BadInput, Unavailable
from twin.limits import RECORD_MAX_BYTES
from twin.units import NS_PER_MS

IN_FLIGHT_MAX_BYTES: Final = 32 << 20
"""Sent and not yet acknowledged, at most: the client itself knows no bound."""
BATCH_BYTES: Final = 512 << 10
"""Below the limit of every topic, or batches of small messages would be refused."""
REQUEST_MAX_BYTES: Final = RECORD_MAX_BYTES + (1 << 20)
FETCH_BYTES: Final = 8 << 20
DELIVERY_MAX_S: Final = 30
ACKNOWLEDGED_MAX_S: Final = 45
"""The client gives a message up after the former, but not if it never got so far as to send it."""
RETRY_MS: Final = 5
"""A reader of another partition has to learn of it first, and sleeps so long between two looks."""

C = TypeVar("C")


class KafkaLog:
    """The port ``streams.log.port.Log`` over a broker; connects when first asked for something."""

    def __init__(
        self, address: Address, *, security: Security = PLAIN, replicas_count: int = 1
    ) -> None:
        self._address = address
        self._security = security
        self._replicas_count = replicas_count
        self._specs: dict[str, TopicSpec] = {}
        self._lock = threading.RLock()
        self._readers = Readers(self._consumer)

    def declare(self, topics: Sequence[TopicSpec], *, may_alter: bool = True) -> None:
        for spec in topics:
            check_spec(spec)
        with explained(self._address):
            declared(
                self._client(),
                self._address,
                topics,
                replicas_count=self._replicas_count,
                may_alter=may_alter,
            )
        self._specs = {}

    def topics(self) -> Mapping[str, TopicSpec]:
        with explained(self._address):
            found = described(self._client(), self._address)
        self._specs = found
        return dict(found)

    def append(
        self, messages: Sequence[Outgoing], *, expected_end: Position | None = None
    ) -> list[Position]:
        for message in messages:
            limit = self._spec(message.topic, message.partition).max_message_bytes
            check_size(message, message.size_bytes, limit)
        if expected_end is not None:
            place = self._place(expected_end.topic, expected_end.partition)
            with explained(self._address):
                check_end(self._offset(place, OffsetSpec.LATEST), expected_end)
        with explained(self._address):
            # The last seals the others, so it is on the log only once they are.
            found = self._sent(messages[:-1]) + self._sent(messages[-1:])
        _check_undisturbed(found, expected_end)
        return found

    def read(
        self, topic: str, partition: int, start: int, *, limit: int, max_bytes: int
    ) -> list[Message]:
        check_page(start, limit)
        place = self._place(topic, partition)
        with explained(self._address):
            end = self._offset(place, OffsetSpec.LATEST)
            if start == end:
                return []
            try:
                check_kept(Span(0, end), topic, partition, start)
                with self._readers.at(place, start) as reader:
                    records = reader.page(place, start, limit=limit)
            except OffsetOutOfRangeError:
                check_kept(self._span(place), topic, partition, start)
                raise
        page: list[Message] = []
        for record in records:
            message = self._message(record)
            max_bytes -= size_bytes(message.key, message.headers, message.value)
            if page and max_bytes < 0:
                break
            page.append(message)
        return page

    def span(self, topic: str, partition: int) -> Span:
        place = self._place(topic, partition)
        with explained(self._address):
            return self._span(place)

    def committed(self, group: str, topic: str, partition: int) -> int | None:
        place, name = self._place(topic, partition), self._address.topic(group)
        try:
            with explained(self._address):
                found = self._client().list_group_offsets({name: [place]})[name]
        except Unavailable as error:
            # A broker that no group has ever committed to has nowhere to look.
            if isinstance(error.__cause__, CoordinatorNotAvailableError):
                return None
            raise
        at = found.get(place)
        return None if at is None or at.offset < 0 else int(at.offset)

    def close(self) -> None:
        self._readers.close()
        with self._lock:
            for name in ("_producer", "_admin"):
                if name in self.__dict__:
                    self.__dict__.pop(name).close()

    # -- clients, each made when it is first needed

    def _client(self) -> KafkaAdminClient:
        """The client that asks; several threads may use it at once, but one makes it."""
        with self._lock:
            return self._admin

    def _started(self, kind: Callable[..., C], **given: Any) -> C:
        return started(kind, self._address, self._security, **given)

    @cached_property
    def _admin(self) -> KafkaAdminClient:
        return self._started(KafkaAdminClient)

    @cached_property
    def _producer(self) -> KafkaProducer:
        return self._started(
            KafkaProducer,
            acks="all",
            enable_idempotence=True,
            batch_size=BATCH_BYTES,
            linger_ms=1,
            max_request_size=REQUEST_MAX_BYTES,
            delivery_timeout_ms=1_000 * DELIVERY_MAX_S,
            request_timeout_ms=10_000,
            max_block_ms=10_000,
            allow_auto_create_topics=False,
        )

    def _consumer(self) -> KafkaConsumer:
        return self._started(
            KafkaConsumer,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            retry_backoff_ms=RETRY_MS,
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_max_bytes=FETCH_BYTES,
            receive_message_max_bytes=REQUEST_MAX_BYTES,
            allow_auto_create_topics=False,
        )

    # -- the rest

    def _sent(self, messages: Sequence[Outgoing]) -> list[Position]:
        """Their positions, once all are durable; a bounded number of bytes is under way."""
        if not messages:
            return []
        with self._lock:
            producer = self._producer
        waiting: deque[tuple[Outgoing, FutureRecordMetadata]] = deque()
        found: list[Position] = []
        waiting_bytes = 0
        for message in messages:
            while waiting and waiting_bytes + message.size_bytes > IN_FLIGHT_MAX_BYTES:
                waiting_bytes -= waiting[0][0].size_bytes
                found.append(_position(*waiting.popleft()))
            waiting_bytes += message.size_bytes
            waiting.append((message, self._send(producer, message)))
        return found + [_position(*each) for each in waiting]

    def _send(self, producer: KafkaProducer, message: Outgoing) -> FutureRecordMetadata:
        return producer.send(
            self._address.topic(message.topic),
            value=message.value,
            key=message.key,
            headers=list(message.headers),
            partition=message.partition,
            timestamp_ms=message.timestamp_ns // NS_PER_MS,
        )

    def _span(self, place: TopicPartition) -> Span:
        start = self._offset(place, OffsetSpec.EARLIEST)
        return Span(start, self._offset(place, OffsetSpec.LATEST))

    def _offset(self, place: TopicPartition, spec: OffsetSpec) -> int:
        found: int = self._client().list_partition_offsets({place: spec})[place].offset
        return found

    def _spec(self, topic: str, partition: int) -> TopicSpec:
        known: Mapping[str, TopicSpec] = self._specs
        if topic not in known:
            known = self.topics()
        return check_place(known, topic, partition)

    def _place(self, topic: str, partition: int) -> TopicPartition:
        self._spec(topic, partition)
        return TopicPartition(self._address.topic(topic), partition)

    def _message(self, record: ConsumerRecord) -> Message:
        return Message(
            topic=self._address.name(record.topic),
            partition=record.partition,
            offset=record.offset,
            timestamp_ns=record.timestamp * NS_PER_MS,
            key=record.key,
            headers=tuple(record.headers),
            value=record.value,
        )


def _position(message: Outgoing, future: Any) -> Position:
    try:
        return Position(message.topic, message.partition, future.get(ACKNOWLEDGED_MAX_S).offset)
    except UnknownTopicOrPartitionError:
        raise BadInput(f"topic {message.topic!r}", expected="one that exists") from None


def _check_undisturbed(found: Sequence[Position], expected: Position | None) -> None:
    """A broker cannot compare and append in one: who was slower learns it now."""
    if expected is None:
        return
    for at in found:
        if (at.topic, at.partition) == (expected.topic, expected.partition):
            check_end(at.offset, expected)
            return
