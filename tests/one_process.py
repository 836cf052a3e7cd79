"""The whole way from a world to the read model in one process, one step after the other.

The same rooms the agents call, without Faust between them: for tests and benches that need a real
log and a real database, but no processes.
"""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec

from streams.codec import Envelope, observed, outgoing
from streams.keeping import Keeper
from streams.log.embedded import EmbeddedLog
from streams.log.opening import open_log
from streams.log.port import Outgoing
from streams.publish import Publisher
from streams.replay import Folded
from streams.sequencing import Sequencing
from streams.settings import Settings, load_settings
from streams.store.database import open_database
from streams.topics import INPUTS, OBSERVATIONS, topic_specs
from tests.simulate.worlds import FEW_SEGMENTS, MINUTE_NS, START_NS, baseline_of
from twin.baseline import Baseline
from twin.events import KINDS, Body, encode_fact
from twin.identity import Identity, digest_of
from twin.simulate.world import World

PAGE_BYTES = 1 << 24


class OneProcess:
    """A world, a log and a twin in one folder; ``tick`` takes one tick all the way.

    What is ``chosen`` besides goes to the world.
    """

    def __init__(
        self,
        directory: Path,
        *,
        baseline: Baseline | None = None,
        seed: int = 1,
        start_ns: int = START_NS,
        interval_ns: int = MINUTE_NS,
        snapshot_ticks: int = 300,
        broker_url: str = "",
        database_url: str = "",
        **chosen: Any,
    ) -> None:
        places = {"TWIN_BROKER_URL": broker_url, "TWIN_DATABASE_URL": database_url}
        settings = load_settings(places, directory=directory)
        self.settings: Settings = msgspec.structs.replace(settings, snapshot_ticks=snapshot_ticks)
        self.log = open_log(self.settings.broker_url)
        self.log.declare(topic_specs(frames_kept_bytes=1 << 31, frames_kept_s=1e6))
        self.start_ns, self.interval_ns = start_ns, interval_ns
        self.world = World(
            baseline or baseline_of(),
            seed=seed,
            start_ns=start_ns,
            interval_ns=interval_ns,
            **chosen,
        )
        self.publisher = Publisher(self.log, self.world)
        self.engine = open_database(self.settings.database_url)
        self.sequencing = Sequencing(self.log)
        self.keeper = Keeper(self.log, self.engine, snapshot_ticks=snapshot_ticks)
        self.keeper.resume()
        self._read_to: dict[tuple[str, int], int] = {}
        self._told: dict[str, int] = {}

    def __enter__(self) -> OneProcess:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def run(self, ticks_count: int) -> list[Folded]:
        """Some ticks, all the way; what was folded."""
        return [folded for _ in range(ticks_count) for folded in self.tick()]

    def tick(self) -> list[Folded]:
        """One tick, all the way."""
        self.publisher.publish()
        return self.settle()

    def settle(self) -> list[Folded]:
        """Take whatever is on the input topics all the way."""
        self.observe()
        self.sequencing.take_all()
        return self.keeper.take_all()

    def observe(self) -> None:
        """Turn every new input message into an observation on the log."""
        specs = self.log.topics()
        for topic in INPUTS:
            for partition in range(specs[topic].partitions):
                self._observe_partition(topic, partition)

    def tell(self, body: Body, *, source: str = "operator", label: str = "public") -> None:
        """Append a rare event of an unpaced source; it joins the next tick."""
        kind = KINDS[type(body).__name__]
        self.append(kind.name, encode_fact(body), topic=kind.topic, source=source, label=label)

    def append(
        self, kind: str, body: bytes, *, topic: str, source: str, label: str = "public"
    ) -> None:
        """Append a message as it is, readable or not."""
        stream = f"{source}-{topic}"
        self._told[stream] = self._told.get(stream, 0) + 1
        envelope = Envelope(
            identity=Identity(source, 1, stream, self._told[stream]),
            kind=kind,
            effective_ns=self.start_ns,
            label=label,
            digest=digest_of(body),
        )
        message = outgoing(
            envelope, body, topic=topic, partition=0, key=stream, sent_ns=time.time_ns()
        )
        self.log.append([message])

    def forget_what_was_told(self) -> None:
        """Begin the streams of told events anew: the next one has the name of the first."""
        self._told.clear()

    def tick_ns(self, number: int) -> int:
        """The end of a tick by its number, from 1."""
        return self.start_ns + number * self.interval_ns

    def close(self) -> None:
        """Close log and database."""
        self.log.close()
        self.engine.dispose()

    def _observe_partition(self, topic: str, partition: int) -> None:
        offset = self._read_to.get((topic, partition), 0)
        while page := self.log.read(topic, partition, offset, limit=256, max_bytes=PAGE_BYTES):
            offset = page[-1].offset + 1
            self.log.append(
                [
                    Outgoing(
                        OBSERVATIONS,
                        0,
                        key=None,
                        headers=(),
                        value=observed(message)[1],
                        timestamp_ns=message.timestamp_ns,
                    )
                    for message in page
                ]
            )
        self._read_to[topic, partition] = offset
        # What a group has read may go: without one, retention would keep everything.
        if isinstance(self.log, EmbeddedLog):
            # A broker forgets what is old whether or not it was read.
            self.log.commit("observe", {(topic, partition): offset})


def small_twin(
    directory: Path,
    *,
    segments: tuple[str, ...] = FEW_SEGMENTS,
    satellites_count: int = 60,
    has_faults: bool = True,
    database_url: str = "",
) -> OneProcess:
    """Some sixty satellites and a site or two of the assumed world, in several shards."""
    return OneProcess(
        directory,
        baseline=baseline_of(segments=segments),
        seed=7,
        snapshot_ticks=5,
        database_url=database_url,
        satellites_count=satellites_count,
        has_faults=has_faults,
        shard_rows_max_count=16,
    )
