"""A broker that begins after, or ends before, what was read there: nobody goes on in silence."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import TopicPartition
from kafka.errors import UnknownTopicOrPartitionError

from streams.journal import journal_head, records
from streams.keeping import Keeper
from streams.log.kafka import KafkaLog
from streams.replay import as_of, fold
from streams.sequencing import Sequencing
from streams.store.tables import LIVE
from streams.topics import JOURNAL, OBSERVATIONS, topic_specs
from tests.one_process import OneProcess
from twin.errors import BadInput, BrokenInvariant, NotKept, TwinError
from twin.records import Chain
from twin.state import Twin

TICKS_COUNT = 4


@pytest.fixture
def twin(kafka_bootstrap: str, tmp_path: Path) -> Iterator[OneProcess]:
    """A twin on a broker that has committed a few ticks."""
    url = f"kafka://{kafka_bootstrap}/{uuid.uuid4().hex}"
    with OneProcess(tmp_path, broker_url=url, satellites_count=60) as one:
        one.run(TICKS_COUNT)
        yield one


def remove_before(log: KafkaLog, topic: str, offset: int) -> None:
    place = TopicPartition(log._address.topic(topic), 0)
    log._client().delete_records({place: offset})


def recreate(log: KafkaLog, topic: str) -> None:
    admin, name = log._client(), log._address.topic(topic)
    admin.delete_topics([name])
    while name in {each["name"] for each in admin.describe_topics()}:
        pass
    while True:
        try:
            log.declare(topic_specs(frames_kept_bytes=1 << 31, frames_kept_s=1e6))
            log.span(topic, 0)
        except (UnknownTopicOrPartitionError, TwinError):
            continue
        return


def keeper_of(twin: OneProcess) -> Keeper:
    return Keeper(twin.log, twin.engine, snapshot_ticks=100)


def test_a_sequencer_refuses_observations_that_begin_after_what_it_needs(twin: OneProcess) -> None:
    end = twin.log.span(OBSERVATIONS, 0).end
    twin.publisher.publish()
    twin.observe()
    remove_before(twin.log, OBSERVATIONS, end + 1)

    with pytest.raises(NotKept) as refused:
        Sequencing(twin.log)

    assert f"offset {end} of observations/0; expected offset {end + 1} or later" in str(
        refused.value
    )
    assert "restore the log" in str(refused.value)


def test_a_sequencer_goes_on_where_only_what_it_acknowledged_is_gone(twin: OneProcess) -> None:
    end = twin.log.span(OBSERVATIONS, 0).end
    remove_before(twin.log, OBSERVATIONS, end)

    sequencing = Sequencing(twin.log, acknowledged=end)

    assert sequencing.number == TICKS_COUNT


def test_a_sequencer_refuses_observations_that_end_before_what_it_read(twin: OneProcess) -> None:
    end = twin.log.span(OBSERVATIONS, 0).end
    recreate(twin.log, OBSERVATIONS)

    with pytest.raises(BadInput) as refused:
        Sequencing(twin.log)

    assert f"offset {end} of observations/0; expected 0 to 0" in str(refused.value)
    assert "bring that one back" in str(refused.value)


def test_nobody_goes_on_from_a_journal_whose_beginning_is_gone(twin: OneProcess) -> None:
    with twin.engine.begin() as db:
        tick_ns = db.exec_driver_sql("SELECT MAX(tick_ns) FROM tick").scalar_one()
    remove_before(twin.log, JOURNAL, 2)
    expected = r"offset 0 of journal/0; expected offset 2 or later; .*restore the log"

    with pytest.raises(NotKept, match=expected):
        journal_head(twin.log)
    with pytest.raises(NotKept, match=expected):
        keeper_of(twin).resume()
    with pytest.raises(NotKept, match=expected):
        list(fold(Twin(), records(twin.log, Chain(), start=0)))
    with pytest.raises(NotKept, match=expected):
        as_of(twin.log, twin.engine, LIVE, tick_ns)


def test_a_keeper_refuses_a_journal_that_begins_after_what_it_committed(twin: OneProcess) -> None:
    for _ in range(2):
        twin.publisher.publish()
    twin.observe()
    twin.sequencing.take_all()
    remove_before(twin.log, JOURNAL, TICKS_COUNT + 1)

    with pytest.raises(NotKept, match=r"journal starts at offset 5; 4 was to be read; .*restore"):
        keeper_of(twin).resume()


def test_nobody_goes_on_from_a_journal_that_ends_before_what_was_committed(
    twin: OneProcess,
) -> None:
    with twin.engine.begin() as db:
        tick_ns = db.exec_driver_sql("SELECT MAX(tick_ns) FROM tick").scalar_one()
    recreate(twin.log, JOURNAL)

    with pytest.raises(BrokenInvariant, match="the journal ends at offset 0; expected offset 4"):
        keeper_of(twin).resume()
    with pytest.raises(BadInput, match="offset 4 of journal/0; expected 0 to 0"):
        as_of(twin.log, twin.engine, LIVE, tick_ns)
