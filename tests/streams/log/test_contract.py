"""What every log must do, one after the other; many at once is test_contract_many.py.

A new adapter passes both by adding its address to ``LOGS`` in conftest.py.
"""

from __future__ import annotations

import threading

import pytest
from log_messages import every, in_threads, outgoing, values

from streams.log.opening import open_log
from streams.log.port import Log, Message, Position, Span, TopicSpec, tail
from twin.errors import BadInput, Superseded

# -- topics


def test_topics_are_remembered_with_their_limits(log: Log, url: str) -> None:
    specs = [TopicSpec("journal", 1), TopicSpec("frames", 4, 900_000, 2_000_000, 60.0)]

    log.declare(specs)

    other = open_log(url)
    assert other.topics() == {spec.name: spec for spec in specs}
    other.close()


def test_declaring_again_changes_limits_and_keeps_messages(log: Log) -> None:
    log.declare([TopicSpec("events", 1, max_message_bytes=10)])
    log.append([outgoing()])

    log.declare([TopicSpec("events", 1, max_message_bytes=20)])

    assert log.topics()["events"].max_message_bytes == 20
    assert values(log) == [b"v"]


def test_declaring_another_number_of_partitions_changes_nothing_at_all(log: Log) -> None:
    log.declare([TopicSpec("events", 2)])

    with pytest.raises(BadInput, match="expected 2"):
        log.declare([TopicSpec("fresh", 1), TopicSpec("events", 3)])

    assert log.topics() == {"events": TopicSpec("events", 2)}


@pytest.mark.parametrize(
    "spec", [TopicSpec("", 1), TopicSpec("events", 0), TopicSpec("events", 1, retention_bytes=0)]
)
def test_a_topic_that_cannot_be_is_refused(log: Log, spec: TopicSpec) -> None:
    with pytest.raises(BadInput):
        log.declare([spec])


@pytest.mark.parametrize(("topic", "partition"), [("unknown", 0), ("events", 2), ("events", -1)])
def test_what_was_not_declared_is_refused_everywhere(log: Log, topic: str, partition: int) -> None:
    log.declare([TopicSpec("events", 2)])

    for attempt in (
        lambda: log.append([outgoing(topic=topic, partition=partition)]),
        lambda: log.read(topic, partition, 0, limit=1, max_bytes=1),
        lambda: log.span(topic, partition),
        lambda: log.committed("group", topic, partition),
    ):
        with pytest.raises(BadInput, match="expected"):
            attempt()


# -- appending and reading


def test_what_was_appended_is_read_back_whole(log: Log) -> None:
    log.declare([TopicSpec("events", 2)])
    headers = (("source", b"plant"), ("empty", b""), ("binary", bytes(range(256))), ("ü", b"1"))

    log.append(
        [
            outgoing(
                b"\x00v", partition=1, key=b"\xffk", headers=headers, timestamp_ns=2**42 * 1_000_000
            )
        ]
    )

    assert every(log, "events", 1) == [
        Message("events", 1, 0, 2**42 * 1_000_000, b"\xffk", headers, b"\x00v")
    ]


def test_headers_keep_their_order_and_may_repeat(log: Log) -> None:
    log.declare([TopicSpec("events", 1)])
    headers = (("b", b"1"), ("a", b"2"), ("b", b"3"))

    log.append([outgoing(headers=headers)])

    assert every(log)[0].headers == headers


def test_a_tombstone_is_not_an_empty_value_nor_a_missing_key_an_empty_one(log: Log) -> None:
    log.declare([TopicSpec("events", 1)])

    log.append([outgoing(None, key=b""), outgoing(b"", key=None)])

    assert [(m.key, m.value) for m in every(log)] == [(b"", None), (None, b"")]


def test_messages_keep_the_order_of_appends_and_within_one(log: Log) -> None:
    log.declare([TopicSpec("events", 2)])
    numbers = [str(number).encode() for number in range(40)]

    for first in range(0, 40, 8):
        log.append([outgoing(value) for value in numbers[first : first + 8]])

    assert values(log) == numbers
    assert [message.offset for message in every(log)] == list(range(40))
    assert values(log, "events", 1) == []


def test_an_append_answers_where_each_message_lies(log: Log) -> None:
    log.declare([TopicSpec("events", 2), TopicSpec("seals", 1)])
    log.append([outgoing(partition=1)])

    positions = log.append(
        [outgoing(partition=1), outgoing(topic="seals"), outgoing(partition=1), outgoing()]
    )

    assert positions == [
        Position("events", 1, 1),
        Position("seals", 0, 0),
        Position("events", 1, 2),
        Position("events", 0, 0),
    ]


def test_an_append_of_nothing_changes_nothing(log: Log) -> None:
    log.declare([TopicSpec("events", 1)])

    assert log.append([]) == []

    assert log.span("events", 0) == Span(0, 0)


def test_a_page_is_bounded_by_count_and_by_bytes_but_never_stuck(log: Log) -> None:
    log.declare([TopicSpec("events", 1)])
    log.append([outgoing(bytes(100)) for _ in range(10)])

    assert len(log.read("events", 0, 2, limit=3, max_bytes=10_000)) == 3
    assert len(log.read("events", 0, 2, limit=100, max_bytes=250)) == 2
    assert len(log.read("events", 0, 2, limit=100, max_bytes=1)) == 1
    assert [m.offset for m in log.read("events", 0, 8, limit=9, max_bytes=9999)] == [8, 9]


def test_reading_at_the_end_is_empty_and_past_it_refused(log: Log) -> None:
    log.declare([TopicSpec("events", 1)])
    log.append([outgoing()])

    assert log.read("events", 0, 1, limit=1, max_bytes=1) == []
    with pytest.raises(BadInput, match="0 to 1"):
        log.read("events", 0, 2, limit=1, max_bytes=1)


def test_a_message_over_the_limit_is_refused_with_its_size_and_nothing_is_written(
    log: Log,
) -> None:
    log.declare([TopicSpec("events", 1, max_message_bytes=20), TopicSpec("other", 1)])
    fits = outgoing(bytes(10), key=b"12345", headers=(("a", b"1234"),))
    too_large = outgoing(bytes(11), key=b"12345", headers=(("a", b"1234"),))

    log.append([fits])
    with pytest.raises(BadInput, match=r"21 bytes.*at most 20 bytes"):
        log.append([outgoing(topic="other"), fits, too_large])

    assert (log.span("events", 0), log.span("other", 0)) == (Span(0, 1), Span(0, 0))


def test_a_frame_of_20_000_rows_comes_back_as_it_was(log: Log) -> None:
    log.declare([TopicSpec("events", 1)])
    frame = bytes(range(256)) * 3_200

    log.append([outgoing(frame)] * 3)

    assert values(log) == [frame] * 3


# -- compare and swap


def test_an_append_at_the_expected_end_is_done(log: Log) -> None:
    log.declare([TopicSpec("events", 1)])
    log.append([outgoing(b"first")])

    log.append([outgoing(b"second")], expected_end=Position("events", 0, 1))

    assert values(log) == [b"first", b"second"]


@pytest.mark.parametrize("expected", [0, 2])
def test_an_append_at_another_end_is_superseded_and_writes_nothing(log: Log, expected: int) -> None:
    log.declare([TopicSpec("events", 1), TopicSpec("other", 1)])
    log.append([outgoing(b"first")])

    with pytest.raises(Superseded, match="ends at 1"):
        log.append(
            [outgoing(topic="other"), outgoing()], expected_end=Position("events", 0, expected)
        )

    assert (log.span("events", 0), log.span("other", 0)) == (Span(0, 1), Span(0, 0))


def test_of_two_writers_at_one_end_at_most_one_is_told_that_it_won(log: Log) -> None:
    log.declare([TopicSpec("events", 1)])
    won: list[int] = []

    def write(name: bytes) -> None:
        for _ in range(10):
            end = log.span("events", 0).end
            try:
                won.append(
                    log.append([outgoing(name)], expected_end=Position("events", 0, end))[0].offset
                )
            except Superseded:
                continue

    in_threads(write, [b"a", b"b"])

    assert won
    assert len(won) == len(set(won)) <= log.span("events", 0).end


# -- tail


def test_a_tail_follows_what_others_append(log: Log, url: str) -> None:
    log.declare([TopicSpec("events", 1)])
    log.append([outgoing(b"0"), outgoing(b"1")])
    seen: list[bytes | None] = []

    def write(first: int) -> None:
        other = open_log(url)
        for number in range(first, 30):
            other.append([outgoing(str(number).encode())])
        other.close()

    writer = threading.Thread(target=write, args=(2,))
    writer.start()
    following = tail(log, "events", 0, 1, stop=lambda: len(seen) >= 29, poll_s=0.002)
    for message in following:
        seen += [message.value]
    writer.join()

    assert seen == [str(number).encode() for number in range(1, 30)]


# -- addresses


@pytest.mark.parametrize(
    "address", ["", "log.db", "log://relative/log.db", "log:///", "sqlite:///tmp/log.db"]
)
def test_an_address_that_names_no_log_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match="log:///absolute"):
        open_log(address)
