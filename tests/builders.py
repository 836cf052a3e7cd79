"""A small installation run in-process: a real world, log, sequencer, fold and read model, stepped
by hand. For tests of whatever reads what they made."""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType

import msgspec

from streams.codec import Envelope, observation_of, outgoing
from streams.keeping import Keeper
from streams.log.port import Log, Outgoing, open_log
from streams.publish import Publisher
from streams.sequencing import Sequencing
from streams.settings import Settings, load_settings
from streams.store.database import open_database
from streams.topics import INPUTS, OBSERVATIONS, topic_specs
from tests.simulate.worlds import FEW_SEGMENTS, START_NS, baseline_of
from twin.events import KINDS, Body, encode_fact
from twin.identity import Identity, digest_of
from twin.observations import encode_observation
from twin.simulate.world import World

MINUTE_NS = 60_000_000_000
PAGE_BYTES = 1 << 24


class SmallTwin:
    """Some sixty satellites and a site or two of the assumed world, in a folder of their own.

    ``step`` takes ticks all the way from the world to the read model; ``tell`` adds a rare event
    of an operator, which joins the next tick.
    """

    def __init__(
        self,
        directory: Path,
        *,
        segments: tuple[str, ...] = FEW_SEGMENTS,
        satellites_count: int = 60,
        has_faults: bool = True,
        snapshot_ticks: int = 5,
        shard_rows_max_count: int = 16,
        interval_ns: int = MINUTE_NS,
    ) -> None:
        settings = load_settings({}, directory=directory)
        self.settings: Settings = msgspec.structs.replace(settings, snapshot_ticks=snapshot_ticks)
        self.engine = open_database(self.settings.database_url)
        self.log: Log = open_log(self.settings.broker_url)
        self.log.declare(topic_specs(frames_kept_bytes=1 << 30, frames_kept_s=86_400.0))
        self.world = World(
            baseline_of(segments=segments),
            seed=7,
            start_ns=START_NS,
            interval_ns=interval_ns,
            satellites_count=satellites_count,
            has_faults=has_faults,
            shard_rows_max_count=shard_rows_max_count,
        )
        self.interval_ns = interval_ns
        self._publisher = Publisher(self.log, self.world)
        self._sequencing = Sequencing(self.log)
        self.keeper = Keeper(self.log, self.engine, snapshot_ticks=snapshot_ticks)
        self.keeper.resume()
        self._read_to: dict[tuple[str, int], int] = {}
        self._told: dict[str, int] = {}

    def __enter__(self) -> SmallTwin:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def step(self, ticks_count: int = 1) -> SmallTwin:
        """Publish ticks and take each to the read model."""
        for _ in range(ticks_count):
            self._publisher.publish()
            self.take()
        return self

    def take(self) -> None:
        """Observe, sequence and keep whatever the log holds."""
        self.observe()
        self._sequencing.take_all()
        self.keeper.take_all()

    def observe(self) -> None:
        """Turn every new input message into an observation."""
        specs = self.log.topics()
        for topic in INPUTS:
            for partition in range(specs[topic].partitions):
                self._observe_partition(topic, partition)

    def tell(self, body: Body, *, source: str = "operator", label: str = "public") -> None:
        """Append a rare event of an unpaced source."""
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
            effective_ns=START_NS,
            label=label,
            digest=digest_of(body),
        )
        message = outgoing(
            envelope, body, topic=topic, partition=0, key=stream, sent_ns=time.time_ns()
        )
        self.log.append([message])

    def tick_ns(self, number: int) -> int:
        """The end of a tick by its number, from 1."""
        return START_NS + number * self.interval_ns

    def close(self) -> None:
        """Close log and database."""
        self.log.close()
        self.engine.dispose()

    def _observe_partition(self, topic: str, partition: int) -> None:
        offset = self._read_to.get((topic, partition), 0)
        while True:
            page = self.log.read(topic, partition, offset, limit=256, max_bytes=PAGE_BYTES)
            if not page:
                break
            offset = page[-1].offset + 1
            self.log.append(
                [
                    _observed(encode_observation(observation_of(message)), message.timestamp_ns)
                    for message in page
                ]
            )
        self._read_to[topic, partition] = offset
        # What a group has read may go: without one, retention would keep everything.
        self.log.commit("observe", {(topic, partition): offset})


def _observed(value: bytes, sent_ns: int) -> Outgoing:
    return Outgoing(
        topic=OBSERVATIONS, partition=0, key=None, headers=(), value=value, timestamp_ns=sent_ns
    )
