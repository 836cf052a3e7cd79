"""Sends messages of a Faust app to the embedded log, many in one transaction.

A send is done when its message is on disk. While one transaction is being written in a thread,
the sends that arrive wait for the next: the more there are, the fewer fsyncs each costs.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, Final

from faust.transport import base
from faust.types import TP, RecordMetadata

from streams.log.address import embedded_path
from streams.log.embedded import EmbeddedLog
from streams.log.placing import partition_for
from streams.log.port import (
    DEFAULT_MESSAGE_BYTES,
    Header,
    Outgoing,
    Position,
    TopicSpec,
)
from twin.errors import BadInput, TwinError

#: One transaction holds up every other writer of the file, so it must stay short.
TRANSACTION_BYTES: Final = 4 << 20
#: What may wait to be written before ``send`` itself waits.
WAITING_BYTES: Final = 32 << 20

Headers = Mapping[str, bytes] | Iterable[Header] | None
_Send = tuple[Outgoing, asyncio.Future[RecordMetadata]]


class Producer(base.Producer):  # type: ignore[misc]  # faust is untyped here
    """Faust's producer over the embedded log."""

    def __post_init__(self) -> None:
        self._waiting: deque[_Send] = deque()
        self._waiting_bytes = 0
        self._written = asyncio.Event()
        self._writer: asyncio.Future[None] | None = None
        self._specs: dict[str, TopicSpec] = {}
        self._turn = itertools.count()

    async def on_start(self) -> None:
        """Open the log."""
        await super().on_start()
        path = embedded_path(str(self.transport.url[0]))
        self._log: EmbeddedLog = self.add_context(closing(EmbeddedLog(path)))
        self._threads = self.add_context(ThreadPoolExecutor(1, thread_name_prefix="log-append"))
        self._specs = self._log.topics()

    async def on_stop(self) -> None:
        """Write what was sent before; the log is closed after everything that may still send."""
        await super().on_stop()
        await self.flush()

    async def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: Headers,
        *,
        transactional_id: str | None = None,
    ) -> Awaitable[RecordMetadata]:
        """Hand a message over; the result resolves once it is on disk, or has the error.

        Raises ``BadInput`` at once if its topic is unknown or it exceeds the topic's limit.
        """
        assert transactional_id is None, "the embedded log has no transactions across sends"
        message = Outgoing(
            topic=topic,
            partition=self._partition(await self._spec(topic), key, partition),
            key=key,
            headers=_headers(headers),
            value=value,
            timestamp_ns=time.time_ns() if timestamp is None else int(timestamp * 1e9),
        )
        size_bytes = message.size_bytes
        await self._check_size(message, size_bytes)
        while self._waiting_bytes > WAITING_BYTES:
            self._written.clear()
            await self._written.wait()
        self._waiting_bytes += size_bytes
        sent: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, sent))
        if self._writer is None:
            # It starts in the next round of the loop: what is sent in this one goes together.
            self._writer = self.add_future(self._write())
        return sent

    async def send_and_wait(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        partition: int | None,
        timestamp: float | None,
        headers: Headers,
        *,
        transactional_id: str | None = None,
    ) -> RecordMetadata:
        """Send and return when the message is on disk."""
        return await (await self.send(topic, key, value, partition, timestamp, headers))

    async def flush(self) -> None:
        """Return when everything sent so far is on disk or has failed."""
        await self.buffer.flush()
        while self._writer is not None:
            await asyncio.wait({self._writer})

    async def create_topic(
        self,
        topic: str,
        partitions: int,
        replication: int,
        *,
        config: Mapping[str, Any] | None = None,
        timeout: float = 30.0,
        retention: float | None = None,
        compacting: bool | None = None,
        deleting: bool | None = None,
        ensure_created: bool = False,
    ) -> None:
        """Declare a topic, unless it exists: then it stays as it is, as with a broker.

        Nothing is ever compacted: a compacted topic is kept whole.
        """
        if topic not in await self._call(self._log.topics):
            max_bytes = int((config or {}).get("max.message.bytes", DEFAULT_MESSAGE_BYTES))
            spec = TopicSpec(topic, partitions, max_message_bytes=max_bytes, retention_s=retention)
            await self._call(self._log.declare, [spec])

    def key_partition(self, topic: str, key: bytes) -> TP:
        """Where a key of a declared topic goes."""
        return TP(topic, self._partition(self._specs[topic], key, None))

    def supports_headers(self) -> bool:
        """Headers are kept."""
        return True

    async def _spec(self, topic: str) -> TopicSpec:
        if topic not in self._specs:
            self._specs = await self._call(self._log.topics)
        if topic not in self._specs:
            known = sorted(self._specs)
            raise BadInput(f"topic {topic!r}", expected=f"one of {known}", remedy="declare it")
        return self._specs[topic]

    def _partition(self, spec: TopicSpec, key: bytes | None, partition: int | None) -> int:
        if partition is not None:
            return partition
        if key is None:
            return next(self._turn) % spec.partitions
        return partition_for(key, spec.partitions)

    async def _check_size(self, message: Outgoing, size_bytes: int) -> None:
        """Refuse here, so that one message too large cannot fail those it is written with."""
        if size_bytes > self._specs[message.topic].max_message_bytes:
            self._specs = await self._call(self._log.topics)  # the limit may have been raised
        spec = self._specs[message.topic]
        if size_bytes > spec.max_message_bytes or not 0 <= message.partition < spec.partitions:
            raise BadInput(
                f"a message of {size_bytes} bytes for {message.topic}/{message.partition}",
                expected=f"at most {spec.max_message_bytes} bytes,"
                f" partition 0 to {spec.partitions - 1}",
            )

    async def _write(self) -> None:
        try:
            while self._waiting:
                await self._write_batch(self._next_batch())
        finally:
            self._writer = None

    async def _write_batch(self, batch: list[_Send]) -> None:
        try:
            positions = await self._call(self._log.append, [message for message, _ in batch])
        except TwinError as error:
            _fail([sent for _, sent in batch], error)
        else:
            _resolve([sent for _, sent in batch], positions)
        self._waiting_bytes -= sum(message.size_bytes for message, _ in batch)
        self._written.set()

    def _next_batch(self) -> list[_Send]:
        batch = [self._waiting.popleft()]
        size_bytes = batch[0][0].size_bytes
        while self._waiting and size_bytes < TRANSACTION_BYTES:
            batch.append(self._waiting.popleft())
            size_bytes += batch[-1][0].size_bytes
        return batch

    async def _call(self, method: Any, *arguments: Any) -> Any:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, method, *arguments)


def _headers(headers: Headers) -> tuple[Header, ...]:
    if headers is None:
        return ()
    return tuple(headers.items() if isinstance(headers, Mapping) else headers)


def _resolve(sends: list[asyncio.Future[RecordMetadata]], positions: list[Position]) -> None:
    for sent, at in zip(sends, positions, strict=True):
        if not sent.done():  # its sender may have been cancelled
            place = TP(at.topic, at.partition)
            sent.set_result(RecordMetadata(at.topic, at.partition, place, at.offset))


def _fail(sends: list[asyncio.Future[RecordMetadata]], error: TwinError) -> None:
    for sent in sends:
        if not sent.done():
            sent.set_exception(error)
