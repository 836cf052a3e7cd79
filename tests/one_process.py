"""The whole way from a world to the read model in one process, one step after the other.

The same rooms the agents call, without Faust between them: for tests and benches that need a real
log and a real database, but no processes.
"""

from __future__ import annotations

import time
from pathlib import Path

from streams import topics
from streams.codec import observation_of
from streams.keeping import Keeper
from streams.log.port import Outgoing, open_log
from streams.publish import Publisher
from streams.replay import Folded
from streams.sequencing import Sequencing
from streams.store.database import open_database
from twin.baseline import load
from twin.observations import encode_observation
from twin.simulate.world import World
from twin.units import parse_instant


class OneProcess:
    """A world, a log and a twin in one folder; ``tick`` takes one tick all the way."""

    def __init__(
        self,
        folder: Path,
        *,
        world: str = "2029",
        start: str = "2029-01-01T00:00:00Z",
        interval_s: int = 60,
        snapshot_ticks: int = 300,
        **chosen,
    ) -> None:
        self.log = open_log(f"log://{folder}/log.db")
        self.log.declare(topics.topic_specs(frames_kept_bytes=2**31, frames_kept_s=1e6))
        self.world = World(
            load(world),
            seed=chosen.pop("seed", 1),
            start_ns=parse_instant(start),
            interval_ns=interval_s * 10**9,
            **chosen,
        )
        self.publisher = Publisher(self.log, self.world)
        self.engine = open_database(f"sqlite:///{folder}/twin.db")
        self.sequencing = Sequencing(self.log)
        self.keeper = Keeper(self.log, self.engine, snapshot_ticks=snapshot_ticks)
        self.keeper.resume()
        self._read: dict[tuple[str, int], int] = {}

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
        found: list[Outgoing] = []
        for topic in topics.INPUTS:
            for partition in range(self.log.topics()[topic].partitions):
                start = self._read.get((topic, partition), 0)
                page = self.log.read(topic, partition, start, limit=10_000, max_bytes=2**30)
                self._read[topic, partition] = start + len(page)
                found += [_observation(encode_observation(observation_of(m))) for m in page]
        if found:
            self.log.append(found)


def _observation(body: bytes) -> Outgoing:
    return Outgoing(topics.OBSERVATIONS, 0, None, (), body, time.time_ns())
