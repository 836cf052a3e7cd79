"""The producer alone: what a send promises, and what it refuses."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import faust
import pytest
from log_messages import every, values
from yarl import URL

from streams.log import faust_producer, sqlite_file
from streams.log.faust_producer import Producer
from streams.log.faust_transport import Transport
from streams.log.opening import open_log
from streams.log.placing import partition_for
from streams.log.port import Log, TopicSpec
from twin.errors import BadInput, Unavailable


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"log://{tmp_path}/log.db"


@pytest.fixture
def log(url: str) -> Iterator[Log]:
    opened = open_log(url)
    opened.declare([TopicSpec("events", 3, max_message_bytes=100)])
    yield opened
    opened.close()


@asynccontextmanager
async def started(url: str) -> AsyncIterator[Producer]:
    app = faust.App("sender", broker=url, web_enabled=False)
    producer = Transport([URL(url)], app).create_producer()
    await producer.start()
    yield producer
    await producer.stop()


def test_a_send_that_is_done_is_on_disk_with_its_headers(log: Log, url: str) -> None:
    async def send() -> int:
        async with started(url) as producer:
            sent = await producer.send("events", b"k", b"v", 1, 5.5, {"source": b"\xff"})
            offset = (await sent).offset
            assert values(log, "events", 1) == [b"v"]
            return int(offset)

    assert asyncio.run(send()) == 0

    (message,) = every(log, "events", 1)
    assert (message.key, message.headers) == (b"k", (("source", b"\xff"),))
    assert message.timestamp_ns == 5_500_000_000


def test_sends_of_one_round_of_the_loop_are_one_transaction(
    log: Log, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def send() -> list[int]:
        async with started(url) as producer:
            sizes: list[int] = []
            append = producer._log.append
            monkeypatch.setattr(
                producer._log, "append", lambda batch: (sizes.append(len(batch)), append(batch))[1]
            )
            sends = [
                await producer.send("events", None, str(n).encode(), 0, None, None)
                for n in range(50)
            ]
            await asyncio.gather(*sends)
            return sizes

    assert asyncio.run(send()) == [50]

    assert values(log) == [str(n).encode() for n in range(50)]


def test_stopping_writes_what_was_sent(log: Log, url: str) -> None:
    async def send() -> None:
        async with started(url) as producer:
            for n in range(20):
                await producer.send("events", None, str(n).encode(), 2, None, None)

    asyncio.run(send())

    assert len(values(log, "events", 2)) == 20


def test_a_sender_faster_than_the_disk_waits_and_loses_nothing(
    log: Log, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faust_producer, "WAITING_BYTES", 10)

    async def send() -> None:
        async with started(url) as producer:
            for n in range(50):
                await producer.send("events", None, f"{n:05}".encode(), 0, None, None)

    asyncio.run(send())

    assert values(log) == [f"{n:05}".encode() for n in range(50)]


def test_keys_stay_together_and_messages_without_one_are_spread(log: Log, url: str) -> None:
    async def send() -> None:
        async with started(url) as producer:
            for _ in range(3):
                await producer.send_and_wait("events", b"sl-53/0", b"keyed", None, None, None)
                await producer.send_and_wait("events", None, b"free", None, None, None)

    asyncio.run(send())

    found = [values(log, "events", partition) for partition in range(3)]
    assert found[partition_for(b"sl-53/0", 3)].count(b"keyed") == 3
    assert [part.count(b"free") for part in found] == [1, 1, 1]


@pytest.mark.parametrize(
    ("topic", "value", "partition", "expected"),
    [
        ("events", bytes(101), 0, "101 bytes.*at most 100 bytes"),
        ("events", b"", 3, "partition 0 to 2"),
        ("unknown", b"", 0, "one of"),
    ],
)
def test_what_the_log_would_refuse_is_refused_alone(
    log: Log, url: str, topic: str, value: bytes, partition: int, expected: str
) -> None:
    async def send() -> None:
        async with started(url) as producer:
            await producer.send("events", None, b"before", 0, None, None)
            with pytest.raises(BadInput, match=expected):
                await producer.send(topic, None, value, partition, None, None)
            await producer.send("events", None, b"after", 0, None, None)

    asyncio.run(send())

    assert values(log) == [b"before", b"after"]


def test_a_limit_raised_meanwhile_is_noticed(log: Log, url: str) -> None:
    async def send() -> None:
        async with started(url) as producer:
            log.declare([TopicSpec("events", 3, max_message_bytes=200)])
            await producer.send_and_wait("events", None, bytes(150), 0, None, None)

    asyncio.run(send())

    assert values(log) == [bytes(150)]


def test_a_send_that_cannot_be_written_fails_and_later_ones_go_on(
    log: Log, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "PATIENCE_S", 0.01)

    async def send() -> None:
        async with started(url) as producer:
            stopped = sqlite3.connect(f"{tmp_path}/log.db", isolation_level=None)
            stopped.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unavailable):
                await producer.send_and_wait("events", None, b"lost", 0, None, None)
            stopped.close()
            await producer.send_and_wait("events", None, b"kept", 0, None, None)

    asyncio.run(send())

    assert values(log) == [b"kept"]


def test_a_declared_topic_is_left_as_it_is_and_a_new_one_made(log: Log, url: str) -> None:
    async def create() -> None:
        async with started(url) as producer:
            await producer.create_topic("events", 8, 1)
            await producer.create_topic("fresh", 2, 1, config={"max.message.bytes": "5"})

    asyncio.run(create())

    assert log.topics() == {
        "events": TopicSpec("events", 3, max_message_bytes=100),
        "fresh": TopicSpec("fresh", 2, max_message_bytes=5),
    }
