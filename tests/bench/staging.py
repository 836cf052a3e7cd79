"""Each stage by itself on a real broker and database: simulate, produce, observe, fold, database.

The same ticks of a million satellites go from stage to stage. A rate is per second of processor
time of the process that does the stage, so that it depends little on what else runs here.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from infra.bench.cpu import cpu_of_listener, cpu_of_tree
from infra.bench.live import end, servers_here
from infra.bench.place import of_its_own
from infra.installation import ready_database, ready_log
from streams.journal import records
from streams.keeping import Keeper
from streams.log.port import Log, Message
from streams.publish import Publisher
from streams.replay import fold
from streams.sequencing import PAGE_BYTES, PAGE_COUNT, Sequencing
from streams.settings import Settings
from streams.topics import INPUTS, OBSERVATIONS
from tests.bench.figures import Figure
from tests.servers import a_twin_on_own_servers
from twin.baseline import load
from twin.observations import decode_observation
from twin.records import Chain
from twin.simulate.world import State, World, WorldTick
from twin.state import Twin
from twin.summaries import Summary
from twin.units import NS_PER_S, parse_instant

SATELLITES_COUNT = 1_000_000
TICKS_COUNT = 30
WARM_SHARE = 0.5
"""Of the observations, at first: the worker starts and joins, and what a world tells of itself."""
PATIENCE_S = 300.0


def figures() -> Iterator[Figure]:
    """One process at a time, on servers of their own."""
    with a_twin_on_own_servers() as settings, of_its_own(settings, settings.directory) as own:
        yield from _stages(own)


def _stages(settings: Settings) -> Iterator[Figure]:
    ports = dict(servers_here(settings))
    kafka_port, database_port = ports["broker"], ports["database"]
    log = ready_log(settings)
    world = ToldWorld()
    simulate_s = _cpu_s(lambda: world.tell(TICKS_COUNT))
    rows = world.rows_count
    yield _rate("simulate", rows, simulate_s)

    publisher, began_s = Publisher(log, world), _of_port(kafka_port)
    produce_s = _cpu_s(lambda: [publisher.publish() for _ in range(TICKS_COUNT)])
    yield _rate("produce, acknowledged", rows, produce_s)
    yield _rate("broker, while that is produced", rows, _of_port(kafka_port) - began_s)
    yield Figure("  bytes of a row on the broker", world.bytes_count / rows, "bytes")

    yield from _observed(log, settings, kafka_port=kafka_port)

    yield _rate("sequence", rows, _cpu_s(lambda: _sequence(log)))
    fold_s = _cpu_s(lambda: [*fold(Twin(), records(log, Chain(), start=0))])
    yield _rate("fold, every hash", rows, fold_s)

    engine, began_s = ready_database(settings), _of_port(database_port)
    keeper = Keeper(log, engine, snapshot_ticks=settings.snapshot_ticks)
    keep_s = _cpu_s(lambda: _keep(keeper))
    yield _rate("write to the database, our side", rows, keep_s - fold_s)
    yield _rate("database itself", rows, _of_port(database_port) - began_s)
    engine.dispose()
    log.close()


class ToldWorld(World):
    """A world that simulates first and tells later, so that each can be measured by itself."""

    def __init__(self) -> None:
        super().__init__(
            load("2029"),
            seed=1,
            start_ns=parse_instant("2029-01-01T00:00:00Z"),
            interval_ns=NS_PER_S,
            satellites_count=SATELLITES_COUNT,
            has_noise=True,
        )
        self._ticks: list[tuple[State, WorldTick]] = []
        self._next = 0

    def tell(self, count: int) -> None:
        """Simulate so many ticks."""
        state = self.start()
        for _ in range(count):
            state, tick = super().step(state)
            self._ticks.append((state, tick))

    def step(self, state: State) -> tuple[State, WorldTick]:
        """The next of them."""
        self._next += 1
        return self._ticks[self._next - 1]

    @property
    def rows_count(self) -> int:
        """Rows in all of them."""
        return SATELLITES_COUNT * len(self._ticks)

    @property
    def bytes_count(self) -> int:
        """Bytes of all their messages."""
        return sum(len(sent.body) for _, tick in self._ticks for sent in tick.messages)


def _observed(log: Log, settings: Settings, *, kafka_port: int) -> Iterator[Figure]:
    """A worker that finds all of it on the broker; what it takes once it is at work."""
    worker = subprocess.Popen(
        [sys.executable, "-P", "-m", "infra.command", "worker", "--role", "observe"],
        env=os.environ | settings.environment(),
        stdout=subprocess.DEVNULL,
    )
    try:
        first = _wait_for(log, round(WARM_SHARE * _published_count(log)))
        began_s, own_s, broker_s = time.monotonic(), _of_tree(worker.pid), _of_port(kafka_port)
        last = _wait_for(log, _published_count(log))
        took_s, own_s = time.monotonic() - began_s, _of_tree(worker.pid) - own_s
        broker_s = _of_port(kafka_port) - broker_s
    finally:
        end(worker)
    counted = _rows_count(log, first, last)
    yield _rate("observe from the broker, Faust included", counted, own_s, wanted="≥ 3 M")
    yield _rate("broker, while that is observed", counted, broker_s)
    yield Figure("  by the clock, both on these cores", counted / took_s, "rows/s")


def _published_count(log: Log) -> int:
    return sum(
        log.span(topic, place).end
        for topic in INPUTS
        for place in range(log.topics()[topic].partitions)
    )


def _wait_for(log: Log, count: int) -> int:
    """Return once so many observations are there; how many are."""
    deadline_s = time.monotonic() + PATIENCE_S
    while (now := log.span(OBSERVATIONS, 0).end) < count:
        assert time.monotonic() < deadline_s, f"{now} of {count} messages were observed"
        time.sleep(0.02)
    return now


def _sequence(log: Log) -> None:
    """As the agent does, which has read each observation already; here a page at a time."""
    sequencing = Sequencing(log)
    for message in _observations(log, 0, log.span(OBSERVATIONS, 0).end):
        sequencing.take(message.offset, message.value)


def _rows_count(log: Log, first: int, last: int) -> int:
    """Rows that the observations from one offset to below another are of."""
    told = (decode_observation(message.value) for message in _observations(log, first, last))
    return sum(each.frame.rows_count for each in told if isinstance(each, Summary))


def _observations(log: Log, offset: int, end: int) -> Iterator[Message]:
    while offset < end:
        page = log.read(OBSERVATIONS, 0, offset, limit=PAGE_COUNT, max_bytes=PAGE_BYTES)
        yield from page
        offset += len(page)


def _keep(keeper: Keeper) -> None:
    keeper.resume()
    keeper.take_all()


def _cpu_s(work: Callable[[], object]) -> float:
    """Processor time of this process, all threads, in a piece of work."""
    began_s = time.process_time()
    work()
    return time.process_time() - began_s


def _of_port(port: int) -> float:
    return cpu_of_listener(port) or 0.0


def _of_tree(pid: int) -> float:
    return sum(cpu_of_tree(pid).values())


def _rate(name: str, rows: int, cpu_s: float, *, wanted: str = "") -> Figure:
    return Figure(f"Kafka: {name}", rows / max(cpu_s, 0.01), "rows/s/core", wanted=wanted)
