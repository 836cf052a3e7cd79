"""What only the embedded log has: its file, its WAL, its retention by size and age."""

from __future__ import annotations

import itertools
import resource
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from log_messages import every, in_threads, outgoing

from streams.log import sqlite_file
from streams.log.embedded import EmbeddedLog
from streams.log.port import Position, Span, TopicSpec, tail
from twin.errors import BadInput, NotKept, Superseded, Unavailable

SECOND_NS = 1_000_000_000


class Clock:
    """A wall clock that moves when told to."""

    def __init__(self) -> None:
        self.now_ns = 1_000 * SECOND_NS

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "made" / "log.db"


@pytest.fixture
def log(path: Path, clock: Clock) -> Iterator[EmbeddedLog]:
    opened = EmbeddedLog(path, clock_ns=clock)
    yield opened
    opened.close()


# -- groups


def test_a_group_is_remembered_by_itself(log: EmbeddedLog, path: Path) -> None:
    log.declare([TopicSpec("events", 2)])
    log.append([outgoing(), outgoing(), outgoing(partition=1)])

    log.commit("observe", {("events", 0): 2, ("events", 1): 1})
    log.commit("keep", {("events", 0): 1})

    other = EmbeddedLog(path)
    assert [other.committed("observe", "events", p) for p in (0, 1)] == [2, 1]
    assert [other.committed("keep", "events", p) for p in (0, 1)] == [1, None]
    other.close()


def test_a_group_may_go_back_and_be_forgotten(log: EmbeddedLog) -> None:
    log.declare([TopicSpec("events", 1)])
    log.append([outgoing(), outgoing()])
    log.commit("observe", {("events", 0): 2})

    log.commit("observe", {("events", 0): 1})
    assert log.committed("observe", "events", 0) == 1
    log.forget("observe")

    assert log.committed("observe", "events", 0) is None


def test_a_commit_past_the_end_changes_nothing_at_all(log: EmbeddedLog) -> None:
    log.declare([TopicSpec("events", 2)])
    log.append([outgoing()])

    with pytest.raises(BadInput):
        log.commit("observe", {("events", 0): 1, ("events", 1): 1})

    assert log.committed("observe", "events", 0) is None


# -- retention


def test_a_topic_without_retention_cannot_be_trimmed(log: EmbeddedLog) -> None:
    log.declare([TopicSpec("journal", 1)])
    log.append([outgoing(topic="journal")])
    log.commit("keep", {("journal", 0): 1})

    with pytest.raises(BadInput, match="kept for ever"):
        log.trim("journal", 0, 1)

    assert log.span("journal", 0) == Span(0, 1)


def test_trimming_stops_at_the_slowest_group(log: EmbeddedLog) -> None:
    log.declare([TopicSpec("events", 1, retention_s=3600)])
    log.append([outgoing() for _ in range(10)])
    log.commit("fast", {("events", 0): 9})
    log.commit("slow", {("events", 0): 4})

    assert log.trim("events", 0, 8) == Span(4, 10)
    log.forget("slow")
    assert log.trim("events", 0, 8) == Span(8, 10)


def test_nothing_is_trimmed_before_any_group_has_read(log: EmbeddedLog) -> None:
    log.declare([TopicSpec("events", 1, retention_s=3600)])
    log.append([outgoing()])

    assert log.trim("events", 0, 1) == Span(0, 1)


def test_what_was_trimmed_is_not_kept_and_the_error_names_the_earliest(log: EmbeddedLog) -> None:
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


def test_offsets_go_on_after_everything_was_trimmed(log: EmbeddedLog, path: Path) -> None:
    log.declare([TopicSpec("events", 1, retention_s=3600)])
    log.append([outgoing() for _ in range(200)])
    log.commit("observe", {("events", 0): 200})

    assert log.trim("events", 0, 200) == Span(200, 200)

    other = EmbeddedLog(path)
    assert other.append([outgoing()]) == [Position("events", 0, 200)]
    other.close()


def test_a_tail_that_retention_overtook_says_so(log: EmbeddedLog) -> None:
    log.declare([TopicSpec("events", 1, retention_s=3600)])
    log.append([outgoing(), outgoing()])
    log.commit("observe", {("events", 0): 2})
    log.trim("events", 0, 2)

    with pytest.raises(NotKept):
        next(tail(log, "events", 0, 0, stop=lambda: False))


# -- compare and swap


def test_of_two_writers_at_one_end_exactly_one_wins(log: EmbeddedLog) -> None:
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


# -- retention by size and age


def test_a_topic_is_kept_by_size_once_its_readers_are_past(log: EmbeddedLog) -> None:
    log.declare([TopicSpec("events", 2, retention_bytes=1_000)])
    for _ in range(30):
        log.append([outgoing(bytes(100))])
    assert log.span("events", 0) == Span(0, 30)

    log.commit("observe", {("events", 0): 25})
    log.append([outgoing(bytes(100))])

    assert log.span("events", 0) == Span(21, 31)
    assert [message.offset for message in every(log)] == list(range(21, 31))


def test_size_is_of_all_partitions_together_and_the_oldest_go_first(
    log: EmbeddedLog, clock: Clock
) -> None:
    log.declare([TopicSpec("events", 8, retention_bytes=1_000)])
    for place in range(10):
        clock.now_ns += SECOND_NS
        log.append([outgoing(bytes(100), partition=place % 2)])
    log.commit("observe", {("events", 0): 5, ("events", 1): 5})
    assert [log.span("events", partition) for partition in (0, 1)] == [Span(0, 5), Span(0, 5)]

    for _ in range(3):
        clock.now_ns += SECOND_NS
        log.append([outgoing(bytes(100), partition=1)])

    assert [log.span("events", partition) for partition in (0, 1)] == [Span(2, 5), Span(1, 8)]


def test_nothing_newer_goes_for_want_of_room_before_what_somebody_has_to_read(
    log: EmbeddedLog, clock: Clock
) -> None:
    log.declare([TopicSpec("events", 2, retention_bytes=1_000)])
    for partition in (0, 1):
        clock.now_ns += SECOND_NS
        log.append([outgoing(bytes(100), partition=partition) for _ in range(20)])
    log.commit("observe", {("events", 0): 5, ("events", 1): 20})

    log.append([outgoing(bytes(100), partition=1)])

    assert [log.span("events", partition) for partition in (0, 1)] == [Span(5, 20), Span(0, 21)]


def test_nothing_newer_goes_before_a_backlog_that_is_trimmed_by_and_by(
    log: EmbeddedLog, clock: Clock
) -> None:
    log.declare([TopicSpec("events", 2)])
    log.append([outgoing(bytes(100), partition=0) for _ in range(1_000)])
    clock.now_ns += SECOND_NS
    log.append([outgoing(bytes(100), partition=1) for _ in range(66)])
    log.commit("observe", {("events", 0): 1_000, ("events", 1): 66})
    log.declare([TopicSpec("events", 2, retention_bytes=1_000)])

    log.append([outgoing(bytes(100), partition=0)])

    assert log.span("events", 0).start == 66
    assert log.span("events", 1) == Span(0, 66)


def test_what_is_too_old_goes_whoever_else_has_to_read(log: EmbeddedLog, clock: Clock) -> None:
    log.declare([TopicSpec("events", 2, retention_s=60)])
    for partition in (0, 1):
        log.append([outgoing(bytes(100), partition=partition) for _ in range(20)])
    log.commit("observe", {("events", 0): 5, ("events", 1): 20})
    clock.now_ns += 61 * SECOND_NS

    log.append([outgoing(bytes(100), partition=1)])

    assert [log.span("events", partition) for partition in (0, 1)] == [Span(5, 20), Span(20, 21)]


def test_size_never_trims_past_the_slowest_group(log: EmbeddedLog) -> None:
    log.declare([TopicSpec("events", 1, retention_bytes=500)])
    log.append([outgoing(bytes(100)) for _ in range(20)])
    log.commit("fast", {("events", 0): 20})
    log.commit("slow", {("events", 0): 3})

    log.append([outgoing(bytes(100))])

    assert log.span("events", 0) == Span(3, 21)


def test_a_topic_is_kept_by_age_since_the_append_whatever_its_messages_say(
    log: EmbeddedLog, clock: Clock
) -> None:
    log.declare([TopicSpec("events", 1, retention_s=60)])
    log.append([outgoing(timestamp_ns=0), outgoing(timestamp_ns=2**62)])
    log.commit("observe", {("events", 0): 2})
    clock.now_ns += 59 * SECOND_NS
    log.append([outgoing()])
    assert log.span("events", 0).start == 0

    clock.now_ns += 2 * SECOND_NS
    log.append([outgoing()])

    assert log.span("events", 0) == Span(2, 4)


def test_a_long_backlog_is_trimmed_over_several_appends(log: EmbeddedLog) -> None:
    log.declare([TopicSpec("events", 1, retention_bytes=1_000)])
    log.append([outgoing(bytes(100)) for _ in range(500)])
    log.commit("observe", {("events", 0): 500})

    starts = []
    while not starts or starts[-1] < 400:
        log.append([outgoing(bytes(100))])
        starts.append(log.span("events", 0).start)

    assert len(starts) > 1
    assert all(late - early <= 66 for early, late in itertools.pairwise(starts))


def test_a_topic_without_retention_is_kept_though_read(log: EmbeddedLog, clock: Clock) -> None:
    log.declare([TopicSpec("events", 1)])
    log.append([outgoing(bytes(1_000)) for _ in range(100)])
    log.commit("keep", {("events", 0): 100})

    clock.now_ns += 10**9 * SECOND_NS
    log.append([outgoing()])

    assert log.span("events", 0) == Span(0, 101)


def test_trimmed_pages_are_used_again(log: EmbeddedLog, path: Path) -> None:
    log.declare([TopicSpec("events", 1, retention_bytes=4_000_000)])

    for end in range(1, 101):
        log.append([outgoing(bytes(800_000))])
        log.commit("observe", {("events", 0): end})

    assert path.stat().st_size < 12_000_000


# -- the write-ahead log


def test_the_wal_stays_small_though_readers_never_pause(log: EmbeddedLog, path: Path) -> None:
    log.declare([TopicSpec("events", 1, retention_bytes=4_000_000)])
    stop = threading.Event()

    def read_on() -> None:
        while not stop.is_set():
            start = log.span("events", 0).start
            log.read("events", 0, start, limit=3, max_bytes=1 << 30)

    reader = threading.Thread(target=read_on)
    reader.start()
    largest_bytes = 0
    for _ in range(100):
        log.append([outgoing(bytes(800_000))])
        largest_bytes = max(largest_bytes, path.with_name("log.db-wal").stat().st_size)
    stop.set()
    reader.join()

    assert largest_bytes <= sqlite_file.WAL_LIMIT_BYTES


def test_a_wal_held_by_a_stopped_reader_is_emptied_once_it_goes(
    log: EmbeddedLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "CHECKPOINT_PATIENCE_S", 0.01)
    wal = path.with_name("log.db-wal")
    log.declare([TopicSpec("events", 1)])
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM topic").fetchall()

    while wal.stat().st_size <= sqlite_file.WAL_LIMIT_BYTES:
        log.append([outgoing(bytes(1_000_000)) for _ in range(10)])
    reader.close()
    while wal.stat().st_size > sqlite_file.WAL_LIMIT_BYTES:
        log.append([outgoing(bytes(1_000_000)) for _ in range(10)])

    assert wal.stat().st_size <= 4 * sqlite_file.CHECKPOINT_BYTES


def test_a_page_cut_by_its_bytes_leaves_no_transaction_open(log: EmbeddedLog, path: Path) -> None:
    log.declare([TopicSpec("events", 1)])
    log.append([outgoing(bytes(1_000)) for _ in range(50)])

    log.read("events", 0, 0, limit=50, max_bytes=3_000)

    other = sqlite3.connect(path, isolation_level=None)
    blocked, _, _ = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    other.close()
    assert blocked == 0


# -- what the world gets wrong


def test_a_full_disk_undoes_the_append_and_the_log_goes_on_when_there_is_room(
    log: EmbeddedLog,
) -> None:
    log.declare([TopicSpec("events", 1)])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    with pytest.raises(Unavailable, match="free space"):
        append_for_ever(log)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    end = log.span("events", 0).end
    log.append([outgoing()])

    assert end % 2 == 0
    assert [message.offset for message in every(log)] == list(range(end + 1))


def test_a_writer_that_never_ends_is_reported_not_waited_for(
    log: EmbeddedLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "PATIENCE_S", 0.01)
    log.declare([TopicSpec("events", 1)])
    stopped = sqlite3.connect(path, isolation_level=None)
    stopped.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unavailable, match="stopped process"):
        log.append([outgoing()])
    stopped.close()

    log.append([outgoing()])
    assert log.span("events", 0) == Span(0, 1)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but long enough to have a header of its own" * 20)

    with pytest.raises(BadInput, match="a sound log file"):
        EmbeddedLog(path)


def test_a_path_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Unavailable, match="permissions"):
        EmbeddedLog(tmp_path / "file" / "log.db")


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE mine (x)")
    other.close()
    before = path.read_bytes()

    with pytest.raises(BadInput, match="expected a log"):
        EmbeddedLog(path)

    assert path.read_bytes() == before


def test_a_layout_of_another_version_is_refused(path: Path) -> None:
    EmbeddedLog(path).close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version=2")
    newer.close()

    with pytest.raises(BadInput, match="the version that wrote"):
        EmbeddedLog(path)


def test_many_openers_of_a_new_file_agree(path: Path) -> None:
    opened: list[EmbeddedLog] = []

    def make() -> None:
        made = EmbeddedLog(path)
        made.declare([TopicSpec("events", 1)])
        opened.append(made)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(opened) == 6
    for made in opened:
        made.append([outgoing()])
    assert {made.span("events", 0) for made in opened} == {Span(0, 6)}
    for made in opened:
        made.close()


def append_for_ever(log: EmbeddedLog) -> None:
    while True:
        log.append([outgoing(bytes(100_000)), outgoing(bytes(100_000))])
