"""The journal read back: replay from the beginning, as of an instant, and proof of the chain.

Live, replay, as-of and what-if read the journal and nothing else, through ``records``.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import Engine

from streams.log.checks import check_kept
from streams.log.port import Log
from streams.store import queries
from streams.store.queries import TickInfo
from streams.topics import JOURNAL
from twin.errors import BrokenChain, BrokenInvariant
from twin.evolve import evolve
from twin.hashing import SliceHashes
from twin.outcomes import Outcome
from twin.records import Chain, Record
from twin.sequence import Head
from twin.state import Twin
from twin.units import instant_text
from twin.views import Moment

PAGE_COUNT = 512
PAGE_BYTES = 32 * 1024 * 1024
LOOK_BACK_COUNT = 512
"""Journal entries read to find where the accepted chain ends."""


class Entry(msgspec.Struct, frozen=True):
    """An accepted record with where it lies."""

    record: Record
    digest: bytes
    offset: int
    size_bytes: int


class Folded(msgspec.Struct, frozen=True):
    """The twin after an accepted record, its hash, and what became of the inputs."""

    entry: Entry
    twin: Twin
    hash: str
    outcomes: tuple[Outcome, ...]


def records(log: Log, chain: Chain, *, start: int, end: int | None = None) -> Iterator[Entry]:
    """Accepted records from journal offset ``start`` on, to ``end`` or to what is there now.

    ``BrokenChain`` names the first record that is not as it was written; ``BadInput`` says where
    the journal ends before ``end``.
    """
    last = log.span(JOURNAL, 0).end if end is None else end
    offset = start
    while offset < last:
        page = log.read(JOURNAL, 0, offset, limit=PAGE_COUNT, max_bytes=PAGE_BYTES)
        for message in page:
            if message.offset >= last:
                return
            stored = message.value
            if stored is None:
                raise BrokenChain(
                    f"journal offset {message.offset} holds no record",
                    number=chain.number + 1,
                    remedy="restore the log from a copy",
                )
            record = chain.accept(stored)
            if record is not None:
                yield Entry(record, chain.head, message.offset, len(stored))
        if not page:
            # Asked for again it would be as empty, for ever.
            check_kept(log.span(JOURNAL, 0), JOURNAL, 0, last)
        offset += len(page)


def fold(
    twin: Twin, entries: Iterator[Entry], hashes: SliceHashes | None = None
) -> Iterator[Folded]:
    """The twin after each entry, with its hash; ``hashes`` goes on with slices already hashed."""
    hashes = SliceHashes() if hashes is None else hashes
    for entry in entries:
        step = evolve(twin, entry.record)
        twin = step.twin
        state_hash = hashes.state_hash(twin.tick_ns, twin.slices())
        yield Folded(entry, twin, state_hash, step.outcomes)


def journal_head(log: Log) -> tuple[Head, int]:
    """The last accepted record, as a sequencer needs it to go on, and the journal's end offset.

    ``NotKept`` where its beginning is gone: what follows could be proven by nobody.
    """
    span = log.span(JOURNAL, 0)
    check_kept(span, JOURNAL, 0, 0)
    start = max(span.start, span.end - LOOK_BACK_COUNT)
    head = Head()
    for entry in records(log, anchored(log, start), start=start, end=span.end):
        record = entry.record
        head = Head(record.number, record.tick_ns, entry.digest, record.inputs)
    return head, span.end


def anchored(log: Log, offset: int) -> Chain:
    """A chain that takes the record at this offset for granted and judges all after it."""
    if offset <= log.span(JOURNAL, 0).start:
        return Chain()
    page = log.read(JOURNAL, 0, offset, limit=1, max_bytes=1)
    return Chain.before(page[0].value or b"") if page else Chain()


class PastTwin(msgspec.Struct, frozen=True):
    """The twin as it was after a committed tick, proven by the hash committed then."""

    tick: TickInfo
    moment: Moment


def as_of(log: Log, engine: Engine, branch: str, at_ns: int) -> PastTwin | None:
    """The state after the last tick that ended at or before an instant; None before the first.

    One snapshot and at most as many records as lie between two; ``BrokenInvariant`` when the fold
    does not come to the hash that was committed.
    """
    with engine.begin() as db:
        tick = queries.tick_at(db, branch, at_ns)
    if tick is None:
        return None
    start = queries.newest_sound_snapshot(engine, branch, below=tick.number - 1)
    twin, chain, offset = Twin(), Chain(), 0
    if start is not None:
        twin, offset = start.twin, start.journal_offset + 1
        chain = Chain(number=twin.number, tick_ns=twin.tick_ns, head=start.digest)
    entry: Entry | None = None
    for entry in records(log, chain, start=offset, end=tick.journal_offset + 1):
        twin = evolve(twin, entry.record).twin
    found = SliceHashes().state_hash(twin.tick_ns, twin.slices())
    if entry is None or found != tick.hash:
        raise BrokenInvariant(
            f"tick {instant_text(tick.tick_ns)} folds to {found[:16]}…",
            expected=f"{tick.hash[:16]}… as committed",
            remedy="run 'twin log verify'",
        )
    return PastTwin(tick, Moment(twin, entry.record))
