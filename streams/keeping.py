"""The keeper at work: the journal folded into the read model, tick by tick.

It goes on from the newest sound snapshot, folds again up to what it committed last and compares
every hash on the way: a difference means that code, log or database is not what it was, and stops
the process rather than spread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from sqlalchemy import Engine

from streams.journal import records
from streams.log.port import Log
from streams.replay import Folded, fold
from streams.store import queries
from streams.store.database import answering
from streams.store.tables import LIVE
from streams.store.writer import Claim, Commit, Writer
from streams.topics import JOURNAL
from twin.errors import BrokenInvariant, NotKept, Superseded, Unavailable
from twin.hashing import SliceHashes
from twin.records import Chain
from twin.state import Twin
from twin.units import NS_PER_S, instant_text
from twin.views import Moment


class Keeper:
    """Folds and commits; the one writer of its branch."""

    def __init__(
        self,
        log: Log,
        engine: Engine,
        *,
        snapshot_ticks: int,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._log, self._engine, self._clock_ns = log, engine, clock_ns
        self._writer = Writer(engine, LIVE, snapshot_ticks=snapshot_ticks)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self._twin, self._chain, self._hashes = Twin(), Chain(), SliceHashes()
        self._next_offset = 0
        self._uncommitted: Folded | None = None
        self._is_unsure = False  # whether it is in the database

    @property
    def twin(self) -> Twin:
        """The twin after the last committed record."""
        return self._twin

    @property
    def next_offset(self) -> int:
        """Everything in the journal below it is committed."""
        return self._next_offset if self._uncommitted is None else self._uncommitted.entry.offset

    def resume(self) -> None:
        """Claim the branch and fold again to where it was left, comparing every hash.

        ``Unavailable`` when the database does not answer; then it may be asked again.
        """
        self._begin_anew()
        with answering():
            self._resume()

    def _resume(self) -> None:
        claim = self._writer.claim()
        self._refuse_a_log_that_does_not_fit(claim)
        start = queries.newest_sound_snapshot(self._engine, LIVE, below=claim.number)
        if start is not None:
            self._twin = start.twin
            self._chain = Chain(
                number=start.twin.number, tick_ns=start.twin.tick_ns, head=start.digest
            )
            self._next_offset = start.journal_offset + 1
        known = queries.hashes(self._engine, LIVE, above=self._twin.number)
        for folded in self._folded(through_offset=claim.journal_offset - 1):
            number = folded.twin.number
            if known.get(number) != folded.hash:
                raise BrokenInvariant(
                    f"record {number} ({instant_text(folded.twin.tick_ns)}) folds to "
                    f"{folded.hash[:16]}…",
                    expected=f"{known.get(number, 'a committed tick')[:16]}… as committed before",
                    remedy="if the fold changed on purpose, delete the database and start again",
                )

    def take(self, through_offset: int) -> list[Folded]:
        """Fold and commit the journal up to and with this offset; what was folded.

        ``Unavailable`` when the database does not answer; then it may be asked again, and goes on
        with the tick that was folded and not committed.
        """
        done = self._committed()
        for folded in self._folded(through_offset=through_offset):
            self._uncommitted = folded
            done += self._committed()
        return done

    def _committed(self) -> list[Folded]:
        folded = self._uncommitted
        if folded is None:
            return []
        commit = self._commit(folded)
        try:
            with answering():
                self._writer.commit(commit)
        except Unavailable:
            self._is_unsure = True
            raise
        except Superseded:
            # What was told of as failed may have been done all the same.
            if not (self._is_unsure and self._has(commit)):
                raise
        self._uncommitted, self._is_unsure = None, False
        return [folded]

    def _has(self, commit: Commit) -> bool:
        with answering():
            return self._writer.has(commit)

    def take_all(self) -> list[Folded]:
        """Fold and commit whatever the journal holds now."""
        return self.take(self._log.span(JOURNAL, 0).end - 1)

    def _folded(self, *, through_offset: int) -> Iterator[Folded]:
        entries = records(self._log, self._chain, start=self._next_offset, end=through_offset + 1)
        for folded in fold(self._twin, entries, self._hashes):
            self._twin, self._next_offset = folded.twin, folded.entry.offset + 1
            yield folded
        self._next_offset = max(self._next_offset, through_offset + 1)

    def _commit(self, folded: Folded) -> Commit:
        now_ns = self._clock_ns()
        sent_ns = folded.entry.record.provenance.sent_ns
        lag_s = max(0, now_ns - sent_ns) / NS_PER_S if sent_ns else None
        return Commit(
            moment=Moment(folded.twin, folded.entry.record, lag_s),
            outcomes=folded.outcomes,
            hash=folded.hash,
            digest=folded.entry.digest.hex(),
            journal_offset=folded.entry.offset,
            record_bytes=folded.entry.size_bytes,
            committed_ns=now_ns,
        )

    def _refuse_a_log_that_does_not_fit(self, claim: Claim) -> None:
        span = self._log.span(JOURNAL, 0)
        if claim.journal_offset > span.end:
            raise BrokenInvariant(
                f"the journal ends at offset {span.end}",
                expected=f"offset {claim.journal_offset} at least, which was committed",
                remedy="restore the log if it lost its end; if the database is that of another log,"
                " give each its own with TWIN_DATABASE_URL",
            )
        if claim.journal_offset < span.start:
            raise NotKept(
                f"the journal starts at offset {span.start}; {claim.journal_offset} was to be read",
                remedy="retention removed history; restore the log, or start in a new folder",
            )
