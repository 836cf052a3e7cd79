"""A world that is stopped after any tick goes on with the very bytes it would have said."""

from __future__ import annotations

from pathlib import Path

from streams.log.opening import open_log
from streams.log.placing import partition_for
from streams.log.port import Log
from streams.publish import Publisher
from streams.topics import SATELLITES, WORKLOADS, topic_specs
from twin.baseline import load
from twin.simulate.world import World
from twin.units import NS_PER_S, parse_instant

TICKS_COUNT = 24
"""The script of faults has frames cut short, a supply cut, and failures in the tick 20."""


def a_world() -> World:
    return World(
        load("2029"),
        seed=1,
        start_ns=parse_instant("2029-01-01T00:00:00Z"),
        interval_ns=60 * NS_PER_S,
        has_faults=True,
        satellites_count=200,
        shard_rows_max_count=12,  # many shards: some share a partition with the rare events
    )


def a_log(folder: Path) -> Log:
    log = open_log(f"log://{folder}/log.db")
    log.declare(topic_specs(frames_kept_bytes=2**31, frames_kept_s=1e6))
    return log


def test_resumed_after_every_tick_it_says_the_same(tmp_path: Path) -> None:
    steady_log, resumed_log = a_log(tmp_path / "steady"), a_log(tmp_path / "resumed")
    steady = Publisher(steady_log, a_world())

    said = [steady.publish() for _ in range(TICKS_COUNT)]
    said_again = [Publisher(resumed_log, a_world()).publish() for _ in range(TICKS_COUNT)]

    assert said_again == said
    assert any(sent.kind == "AssetsFailed" for tick in said for sent in tick.messages)
    steady_log.close()
    resumed_log.close()


def test_a_message_lies_in_the_partition_of_its_key(tmp_path: Path) -> None:
    log = a_log(tmp_path)
    publisher = Publisher(log, a_world())
    publisher.publish()

    for topic in (SATELLITES, WORKLOADS):
        partitions_count = log.topics()[topic].partitions
        for partition in range(partitions_count):
            for message in log.read(topic, partition, 0, limit=10_000, max_bytes=1 << 30):
                assert partition_for(message.key or b"", partitions_count) == partition
    log.close()
