"""The journal and the past, kept at hand: records by tick, and twins as of a tick.

Values here never change once made, so they are shared by all requests. A twin is folded on from
the nearest one at hand, else from a snapshot; either way its hash is the one committed then.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Generic, TypeVar

import msgspec
from sqlalchemy import Engine

from streams.journal import records
from streams.log.port import Log, Message
from streams.replay import PastTwin, as_of, fold
from streams.store.queries import TickInfo
from streams.topics import JOURNAL
from twin.errors import BadInput, BrokenInvariant, Poison, Unavailable
from twin.records import Chain, Record, decode_record
from twin.units import NS_PER_S, instant_text
from twin.views import Moment

FOLD_ON_MAX_COUNT: Final = 300
"""Records folded on from a twin at hand; a snapshot is nearer beyond that."""

RECORDS_IN_MEMORY_COUNT: Final = 128

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The values used last, at most ``count``; safe to use from any thread."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._kept: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._count:
                self._kept.popitem(last=False)

    def items(self) -> list[tuple[K, V]]:
        with self._lock:
            return list(self._kept.items())

    def values(self) -> list[V]:
        with self._lock:
            return list(self._kept.values())


class Journal:
    """What the API reads of the log's journal."""

    def __init__(self, log: Log, engine: Engine, *, twins_count: int) -> None:
        self._log, self._engine = log, engine
        self._records: Recent[int, Record] = Recent(RECORDS_IN_MEMORY_COUNT)
        self._twins: Recent[int, PastTwin] = Recent(twins_count)
        self._turn = threading.Lock()

    def end_offset(self) -> int:
        """The offset the next record will get; ``Unavailable`` before there is a journal."""
        with log_answers():
            return self._log.span(JOURNAL, 0).end

    def record(self, tick: TickInfo) -> Record:
        """The record of a committed tick, which must have the digest committed with it."""
        known = self._records.get(tick.number)
        if known is not None:
            return known
        stored = message_at(self._log, JOURNAL, 0, tick.journal_offset).value or b""
        found = decode_record(stored, number=tick.number)
        if found.digest.hex() != tick.digest:
            raise BrokenInvariant(
                f"journal offset {tick.journal_offset} holds another record",
                expected=f"{tick.digest[:16]}… of {instant_text(tick.tick_ns)}",
                remedy="run 'twin log verify'",
            )
        self._records.put(tick.number, found.record)
        return found.record

    def records_after(self, tick: TickInfo | None, newest: TickInfo) -> Iterator[Record]:
        """Accepted records after a committed tick (None: all), up to the newest tick."""
        start = tick.journal_offset + 1 if tick is not None else 0
        with log_answers():
            for entry in records(
                self._log, _chain_after(tick), start=start, end=newest.journal_offset + 1
            ):
                yield entry.record

    def twin(self, tick: TickInfo) -> PastTwin:
        """The twin after a committed tick, proven by its hash."""
        with self._turn, log_answers():
            known = self._twins.get(tick.number)
            if known is None:
                known = self._folded(tick)
                self._twins.put(tick.number, known)
            return known

    def _folded(self, tick: TickInfo) -> PastTwin:
        before = [
            past
            for past in self._twins.values()
            if 0 < tick.number - past.tick.number <= FOLD_ON_MAX_COUNT
        ]
        if not before:
            found = as_of(self._log, self._engine, tick.branch, tick.tick_ns)
            assert found is not None, "the tick was committed"
            return with_lag(found)
        return with_lag(self._folded_on(max(before, key=lambda past: past.tick.number), tick))

    def _folded_on(self, past: PastTwin, tick: TickInfo) -> PastTwin:
        entries = records(
            self._log,
            _chain_after(past.tick),
            start=past.tick.journal_offset + 1,
            end=tick.journal_offset + 1,
        )
        last = deque(fold(past.moment.twin, entries), maxlen=1)
        if not last or last[0].hash != tick.hash:
            raise BrokenInvariant(
                f"tick {instant_text(tick.tick_ns)} does not fold to its hash",
                expected=f"{tick.hash[:16]}… as committed",
                remedy="run 'twin log verify'",
            )
        return PastTwin(tick, Moment(last[0].twin, last[0].entry.record))


def message_at(log: Log, topic: str, partition: int, offset: int) -> Message:
    """One message; ``NotKept`` when retention removed it, ``Unavailable`` when the log is short."""
    with log_answers():
        page = log.read(topic, partition, offset, limit=1, max_bytes=1)
    if not page:
        raise Unavailable(f"{topic}/{partition} ends before offset {offset}")
    return page[0]


@contextmanager
def log_answers() -> Iterator[None]:
    """What the log finds wrong with our questions is no mistake of the client's."""
    try:
        yield
    except Poison:
        raise
    except BadInput as error:
        raise Unavailable(
            f"the log cannot answer: {error.given}",
            expected=error.expected,
            remedy="start a worker on the folder, or bring back the log its database belongs to",
        ) from error


def _chain_after(tick: TickInfo | None) -> Chain:
    if tick is None:
        return Chain()
    return Chain(number=tick.number, tick_ns=tick.tick_ns, head=bytes.fromhex(tick.digest))


def with_lag(past: PastTwin) -> PastTwin:
    """With the delay that was committed: a replay has no wall clock, but the tick row has."""
    sent_ns = past.moment.record.provenance.sent_ns
    lag_s = max(0, past.tick.committed_ns - sent_ns) / NS_PER_S if sent_ns else None
    return msgspec.structs.replace(past, moment=msgspec.structs.replace(past.moment, lag_s=lag_s))
