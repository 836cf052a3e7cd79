"""What every log must do, one after the other; many at once is test_contract_many.py.

A new adapter passes both by adding its address to ``LOGS`` in conftest.py.
"""

from __future__ import annotations

import threading

import pytest
from log_messages import every, in_threads, outgoing, values

from streams.log.port import Log, Message, Position, Span, TopicSpec, open_log, tail
from twin.errors import BadInput, NotKept, Superseded, Unavailable

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
        lambda: log.commit("group", {(topic, partition): 0}),
    ):
        with pytest.raises(BadInput, match="expected"):
            attempt()


# -- appending and reading


def test_what_was_appended_is_read_back_whole(log: Log) -> None:
    log.declare([TopicSpec("events", 2)])
    headers = (("source", b"plant"), ("empty", b""), ("binary", bytes(range(256))), ("ü", b"1"))

    log.append([outgoing(b"\x00v", partition=1, key=b"\xffk", headers=headers, timestamp_ns=2**62)])

    assert every(log, "events", 1) == [Message("events", 1, 0, 2**62, b"\xffk", headers, b"\x00v")]


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


def test_of_two_writers_at_one_end_exactly_one_wins(log: Log) -> None:
    log.declare([TopicSpec("events", 1)])
    outcomes: list[str] = []

    def write(name: bytes) -> None:
        for end in range(20):
            try:
                log.append([outgoing(name)], expected_end=Position("events", 0, end))
                outcomes.append("won")
            except Superseded:
                outcomes.append("lost")

    in_threads(write, [b"a", b"b"])

    assert outcomes.count("won") == log.span("events", 0).end
    assert log.span("events", 0).end + outcomes.count("lost") == 40


# -- groups


def test_a_group_is_remembered_by_itself(log: Log, url: str) -> None:
    log.declare([TopicSpec("events", 2)])
    log.append([outgoing(), outgoing(), outgoing(partition=1)])

    log.commit("observe", {("events", 0): 2, ("events", 1): 1})
    log.commit("keep", {("events", 0): 1})

    other = open_log(url)
    assert [other.committed("observe", "events", p) for p in (0, 1)] == [2, 1]
    assert [other.committed("keep", "events", p) for p in (0, 1)] == [1, None]
    other.close()


def test_a_group_may_go_back_and_be_forgotten(log: Log) -> None:
    log.declare([TopicSpec("events", 1)])
    log.append([outgoing(), outgoing()])
    log.commit("observe", {("events", 0): 2})

    log.commit("observe", {("events", 0): 1})
    assert log.committed("observe", "events", 0) == 1
    log.forget("observe")

    assert log.committed("observe", "events", 0) is None


def test_a_commit_past_the_end_changes_nothing_at_all(log: Log) -> None:
    log.declare([TopicSpec("events", 2)])
    log.append([outgoing()])

    with pytest.raises(BadInput):
        log.commit("observe", {("events", 0): 1, ("events", 1): 1})

    assert log.committed("observe", "events", 0) is None


# -- retention


def test_a_topic_without_retention_cannot_be_trimmed(log: Log) -> None:
    log.declare([TopicSpec("journal", 1)])
    log.append([outgoing(topic="journal")])
    log.commit("keep", {("journal", 0): 1})

    with pytest.raises(BadInput, match="kept for ever"):
        log.trim("journal", 0, 1)

    assert log.span("journal", 0) == Span(0, 1)


def test_trimming_stops_at_the_slowest_group(log: Log) -> None:
    log.declare([TopicSpec("events", 1, retention_s=3600)])
    log.append([outgoing() for _ in range(10)])
    log.commit("fast", {("events", 0): 9})
    log.commit("slow", {("events", 0): 4})

    assert log.trim("events", 0, 8) == Span(4, 10)
    log.forget("slow")
    assert log.trim("events", 0, 8) == Span(8, 10)


def test_nothing_is_trimmed_before_any_group_has_read(log: Log) -> None:
    log.declare([TopicSpec("events", 1, retention_s=3600)])
    log.append([outgoing()])

    assert log.trim("events", 0, 1) == Span(0, 1)


def test_what_was_trimmed_is_not_kept_and_the_error_names_the_earliest(log: Log) -> None:
    log.declare([TopicSpec("events", 1, retention_s=3600)])
    log.append([outgoing() for _ in range(5)])
    log.commit("observe", {("events", 0): 3})
    log.trim("events", 0, 3)

    with pytest.raises(NotKept) as caught:
        log.read("events", 0, 2, limit=1, max_bytes=1)

    assert caught.value.earliest == "offset 3"
    assert [message.offset for message in every(log)] == [3, 4]
    with pytest.raises(NotKept):
        log.commit("observe", {("events", 0): 2})


def test_offsets_go_on_after_everything_was_trimmed(log: Log, url: str) -> None:
    log.declare([TopicSpec("events", 1, retention_s=3600)])
    log.append([outgoing() for _ in range(200)])
    log.commit("observe", {("events", 0): 200})

    assert log.trim("events", 0, 200) == Span(200, 200)

    other = open_log(url)
    assert other.append([outgoing()]) == [Position("events", 0, 200)]
    other.close()


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


def test_a_tail_that_retention_overtook_says_so(log: Log) -> None:
    log.declare([TopicSpec("events", 1, retention_s=3600)])
    log.append([outgoing(), outgoing()])
    log.commit("observe", {("events", 0): 2})
    log.trim("events", 0, 2)

    with pytest.raises(NotKept):
        next(tail(log, "events", 0, 0, stop=lambda: False))


# -- addresses


@pytest.mark.parametrize(
    "address", ["", "log.db", "log://relative/log.db", "log:///", "sqlite:///tmp/log.db"]
)
def test_an_address_that_names_no_log_is_refused(address: str) -> None:
    with pytest.raises(BadInput, match="log:///absolute"):
        open_log(address)


def test_the_kafka_adapter_is_announced_as_missing() -> None:
    with pytest.raises(Unavailable, match="not part of this version"):
        open_log("kafka://127.0.0.1:9092")
