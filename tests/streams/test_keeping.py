"""Sequencing and keeping on a real log and database: resumed, fenced, rebuilt, never diverging."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text, update

from streams.journal import journal_head, records
from streams.keeping import Keeper
from streams.log.port import Log, Outgoing
from streams.publish import Publisher
from streams.replay import as_of, fold
from streams.sequencing import Sequencing
from streams.store import queries
from streams.store.tables import LIVE, OWN_TABLES, SNAPSHOT
from streams.topics import JOURNAL, OBSERVATIONS
from tests.one_process import OneProcess
from twin.errors import BrokenInvariant, Superseded, Unavailable
from twin.records import Chain
from twin.state import Twin
from twin.views import VIEWS

TICKS_COUNT = 12


@pytest.fixture
def twin(tmp_path: Path, database_url: str) -> Iterator[OneProcess]:
    with OneProcess(
        tmp_path,
        satellites_count=120,
        snapshot_ticks=5,
        has_faults=True,
        database_url=database_url,
    ) as running:
        yield running


def committed(twin: OneProcess) -> list[str]:
    found = queries.hashes(twin.engine, LIVE, above=0)
    return [found[number] for number in sorted(found)]


def replayed(log: Log) -> list[str]:
    return [folded.hash for folded in fold(Twin(), records(log, Chain(), start=0))]


def another_keeper(twin: OneProcess) -> Keeper:
    return Keeper(twin.log, twin.engine, snapshot_ticks=5)


def test_live_database_and_replay_agree_at_every_tick(twin: OneProcess) -> None:
    live = [folded.hash for folded in twin.run(TICKS_COUNT)]

    assert len(set(live)) == TICKS_COUNT
    assert committed(twin) == live
    assert replayed(twin.log) == live


def test_two_fresh_runs_are_the_same(tmp_path: Path) -> None:
    runs = []

    for name in ("one", "two"):
        twin = OneProcess(tmp_path / name, satellites_count=120, has_faults=True)
        runs.append([folded.hash for folded in twin.run(TICKS_COUNT)])

    assert runs[0] == runs[1]


def test_everything_restarted_after_every_tick_is_as_if_never_stopped(
    twin: OneProcess, tmp_path: Path
) -> None:
    for _ in range(TICKS_COUNT):
        twin.tick()
        twin.publisher = Publisher(twin.log, twin.world)
        twin.sequencing = Sequencing(twin.log)
        twin.keeper = another_keeper(twin)
        twin.keeper.resume()

    steady = OneProcess(tmp_path / "steady", satellites_count=120, has_faults=True)
    assert committed(twin) == [folded.hash for folded in steady.run(TICKS_COUNT)]


def test_a_sequencer_goes_on_from_words_it_had_not_journaled_yet(twin: OneProcess) -> None:
    twin.run(3)
    twin.publisher.publish()
    twin.observe()

    twin.sequencing = Sequencing(twin.log)
    twin.sequencing.take_all()

    assert [folded.twin.number for folded in twin.keeper.take_all()] == [4]


def test_a_sequencer_does_not_read_what_it_is_given(
    twin: OneProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin.run(2)
    start = twin.log.span(OBSERVATIONS, 0).end
    for _ in range(2):
        twin.publisher.publish()
        twin.observe()
    given = twin.log.read(OBSERVATIONS, 0, start, limit=1024, max_bytes=1 << 24)

    with monkeypatch.context() as patch:
        patch.delattr(type(twin.log), "read")
        for message in given:
            needed = twin.sequencing.take(message.offset, message.value)

    assert needed == twin.log.span(OBSERVATIONS, 0).end
    assert [folded.twin.number for folded in twin.keeper.take_all()] == [3, 4]
    assert committed(twin) == replayed(twin.log)


def test_an_observation_that_is_given_waits_for_those_before_it(twin: OneProcess) -> None:
    twin.run(2)
    twin.publisher.publish()
    twin.observe()
    last = twin.log.span(OBSERVATIONS, 0).end - 1
    (given,) = twin.log.read(OBSERVATIONS, 0, last, limit=1, max_bytes=1 << 24)

    twin.sequencing.take(given.offset, given.value)

    assert [folded.twin.number for folded in twin.keeper.take_all()] == [3]
    assert committed(twin) == replayed(twin.log)


def test_a_second_sequencer_writes_nothing_and_leaves(twin: OneProcess) -> None:
    twin.run(3)
    zombie = Sequencing(twin.log)
    twin.publisher.publish()
    twin.observe()
    twin.sequencing.take_all()

    with pytest.raises(Superseded):
        zombie.take_all()

    assert journal_head(twin.log)[0].number == 4


def test_a_keeper_that_was_overtaken_writes_nothing(twin: OneProcess) -> None:
    twin.run(3)
    successor = another_keeper(twin)
    successor.resume()
    twin.publisher.publish()
    twin.observe()
    twin.sequencing.take_all()

    with pytest.raises(Superseded, match="another process writes this branch"):
        twin.keeper.take_all()

    assert [folded.twin.number for folded in successor.take_all()] == [4]
    assert len(committed(twin)) == 4


def test_a_deleted_read_model_is_rebuilt_row_for_row(twin: OneProcess) -> None:
    twin.run(TICKS_COUNT)
    before = every_row(twin)

    with twin.engine.begin() as db:
        for table in OWN_TABLES:
            db.execute(delete(table).where(table.c.branch == LIVE))
    keeper = another_keeper(twin)
    keeper.resume()
    keeper.take_all()

    assert every_row(twin) == before


def every_row(twin: OneProcess) -> dict[str, list]:
    with twin.engine.begin() as db:
        found = {
            table: sorted(db.execute(text(f"SELECT * FROM {table}")).all(), key=str)
            for table in ("capacity", "energy", "alert", "dead_letter")
        }
        ticks = "SELECT tick_ns, number, hash, digest, rows_count, refused_count FROM tick"
        found["tick"] = db.execute(text(f"{ticks} ORDER BY number")).all()
    return found


def test_a_damaged_snapshot_is_passed_over(twin: OneProcess) -> None:
    twin.run(TICKS_COUNT)
    with twin.engine.begin() as db:
        db.execute(update(SNAPSHOT).where(SNAPSHOT.c.number == 10).values(body=b"\0"))

    sound = queries.newest_sound_snapshot(twin.engine, LIVE, below=TICKS_COUNT)
    keeper = another_keeper(twin)
    keeper.resume()

    assert sound is not None
    assert sound.twin.number == 5
    assert keeper.twin.number == TICKS_COUNT


def test_a_hash_that_differs_from_the_committed_one_stops_the_keeper(twin: OneProcess) -> None:
    twin.run(TICKS_COUNT)
    with twin.engine.begin() as db:
        db.execute(text("UPDATE tick SET hash = 'x' WHERE number = 11"))

    with pytest.raises(BrokenInvariant, match=r"record 11 .* folds to"):
        another_keeper(twin).resume()


def test_a_log_that_lost_its_end_is_refused(twin: OneProcess, tmp_path: Path) -> None:
    twin.run(3)
    other = OneProcess(tmp_path / "other", satellites_count=120)
    other.run(2)

    with pytest.raises(BrokenInvariant, match="journal ends at offset 2; expected offset 3"):
        Keeper(other.log, twin.engine, snapshot_ticks=5).resume()


@pytest.mark.parametrize("number", [1, 4, 5, 6, 11, 12])
def test_any_past_tick_is_answered_with_the_rows_it_had(twin: OneProcess, number: int) -> None:
    twin.run(TICKS_COUNT)
    with twin.engine.begin() as db:
        (tick,) = [t for t in queries.ticks_after(db, LIVE, 0, limit=99) if t.number == number]
        stored = queries.view_rows(db, "energy", LIVE, tick.tick_ns, filters={})

    past = as_of(twin.log, twin.engine, LIVE, tick.tick_ns + 59_000_000_000)

    assert past is not None
    assert past.tick == tick
    names = ("label", "basis", *VIEWS["energy"].key_names, *VIEWS["energy"].column_names)
    rows = [dict(zip(names, row, strict=True)) for row in VIEWS["energy"].rows(past.moment)]
    assert rows == [{name: row[name] for name in names} for row in stored]


def test_redelivered_observations_change_nothing(twin: OneProcess, tmp_path: Path) -> None:
    for _ in range(4):
        twin.publisher.publish()
        twin.observe()
        page = twin.log.read(OBSERVATIONS, 0, 0, limit=10_000, max_bytes=2**30)
        again = [Outgoing(OBSERVATIONS, 0, None, (), m.value, 0) for m in page[-40:]]
        twin.log.append(again)
        twin.sequencing.take_all()
        twin.keeper.take_all()

    steady = OneProcess(tmp_path / "steady", satellites_count=120, has_faults=True)
    assert committed(twin) == [folded.hash for folded in steady.run(4)]


def test_produced_is_applied_and_quarantined_to_the_last_word(twin: OneProcess) -> None:
    twin.run(TICKS_COUNT)

    produced = sum(
        twin.log.span(topic, partition).end
        for topic, spec in twin.log.topics().items()
        for partition in range(spec.partitions)
        if topic not in (JOURNAL, OBSERVATIONS, "dead-letters", "seals")
    )
    with twin.engine.begin() as db:
        sums = "SELECT SUM(frames_count), SUM(events_count), SUM(quarantined_count) FROM tick"
        frames, events, quarantined = db.execute(text(sums)).one()

    # A quarantined word is in its record as an event that says so.
    assert produced == frames + events
    assert quarantined == 1


class Locked:
    """Stands before a method that is unavailable once, before it is done or just after."""

    def __init__(self, method: Callable[..., Any], *, is_done: bool) -> None:
        self._method, self._is_done = method, is_done
        self._has_failed = False

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        if self._has_failed:
            return self._method(*arguments, **more)
        self._has_failed = True
        if self._is_done:
            self._method(*arguments, **more)
        raise Unavailable("the log is locked")


@pytest.mark.parametrize("is_done", [False, True], ids=["not written", "written all the same"])
def test_a_sequencer_goes_on_where_the_log_did_not_answer(
    twin: OneProcess, monkeypatch: pytest.MonkeyPatch, is_done: bool
) -> None:
    twin.run(2)
    for _ in range(3):
        twin.publisher.publish()
    twin.observe()

    with monkeypatch.context() as patch:
        patch.setattr(twin.log, "append", Locked(twin.log.append, is_done=is_done))
        with pytest.raises(Unavailable):
            twin.sequencing.take_all()
        twin.sequencing.take_all()

    assert [folded.twin.number for folded in twin.keeper.take_all()] == [3, 4, 5]
    assert committed(twin) == replayed(twin.log)


@pytest.mark.parametrize("is_done", [False, True], ids=["not committed", "committed all the same"])
def test_a_keeper_goes_on_where_the_answer_to_a_commit_was_lost(
    twin: OneProcess, monkeypatch: pytest.MonkeyPatch, is_done: bool
) -> None:
    twin.run(2)
    twin.publisher.publish()
    twin.observe()
    twin.sequencing.take_all()
    with monkeypatch.context() as patch:
        writer = twin.keeper._writer
        patch.setattr(writer, "commit", Locked(writer.commit, is_done=is_done))
        with pytest.raises(Unavailable):
            twin.keeper.take_all()
        kept = twin.keeper.take_all()

    assert len(kept) == 1
    twin.run(2)
    assert committed(twin) == replayed(twin.log)
    assert len(committed(twin)) == 5


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_keeper_goes_on_where_the_database_was_locked(
    twin: OneProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin.run(2)
    for _ in range(3):
        twin.publisher.publish()
    twin.observe()
    twin.sequencing.take_all()
    locked = sqlite3.connect(twin.settings.directory / "twin.db", isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")

    with monkeypatch.context() as patch:
        patch.setattr("streams.store.database.BUSY_TIMEOUT_MS", 1)
        twin.engine.dispose()
        with pytest.raises(Unavailable, match="the read model: database is locked"):
            twin.keeper.take_all()
        pending_offset = twin.keeper.next_offset
        locked.execute("ROLLBACK")
        locked.close()
        found = twin.keeper.take_all()

    assert pending_offset == 2
    assert [folded.twin.number for folded in found] == [3, 4, 5]
    assert committed(twin) == replayed(twin.log)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_keeper_that_could_not_resume_resumes_later(
    twin: OneProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin.run(7)
    keeper = another_keeper(twin)
    locked = sqlite3.connect(twin.settings.directory / "twin.db", isolation_level=None)
    locked.execute("BEGIN IMMEDIATE")

    with monkeypatch.context() as patch:
        patch.setattr("streams.store.database.BUSY_TIMEOUT_MS", 1)
        twin.engine.dispose()
        with pytest.raises(Unavailable):
            keeper.resume()
    locked.execute("ROLLBACK")
    locked.close()
    keeper.resume()

    assert keeper.twin.number == 7
