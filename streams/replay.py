"""The journal folded again: from the beginning, or to the twin as of an instant."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from sqlalchemy import Engine

from streams.journal import Entry, records
from streams.log.port import Log
from streams.store import queries
from streams.store.queries import TickInfo
from twin.errors import BrokenInvariant
from twin.evolve import evolve
from twin.hashing import SliceHashes
from twin.outcomes import Outcome
from twin.records import Chain
from twin.state import Twin
from twin.units import instant_text
from twin.views import Moment


class Folded(msgspec.Struct, frozen=True):
    """The twin after an accepted record, its hash, and what became of the inputs."""

    entry: Entry
    twin: Twin
    hash: str
    outcomes: tuple[Outcome, ...]


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
