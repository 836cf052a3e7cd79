"""``twin log verify``: proof that the journal is as it was written, or where it is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from infra.installation import existing_database, existing_log
from infra.log.journal_copies import proven
from infra.progress import progress
from streams.journal import records
from streams.log.port import Log
from streams.settings import Settings
from streams.store import queries
from streams.store.queries import TickInfo
from streams.store.tables import LIVE
from streams.topics import JOURNAL
from twin.errors import BadInput, BrokenChain, NotKept
from twin.identity import digest_of
from twin.records import Chain, Record
from twin.summaries import FrameRef
from twin.units import instant_text


def verify_log(settings: Settings, *, has_frames: bool) -> None:
    """Prove the chain of the journal, and that it holds what was committed.

    With ``has_frames`` also the digest of every frame still kept. ``BrokenChain`` says where.
    """
    log = existing_log(settings)
    # Asked first: a run that goes on meanwhile commits more than is read here.
    last = _last_committed(settings)
    chain = Chain()
    frames = _Frames(log)
    with progress("verifying", log.span(JOURNAL, 0).end) as advance:
        for record in _records(log, chain):
            if has_frames:
                frames.check(record)
            advance()
    if last is not None:
        _check_end(log, chain, last)
    print(_sound(chain) + (f"; {frames}" if has_frames else ""))


def verify_file(path: Path) -> None:
    """Prove a journal file, from its first byte to its last."""
    chain = Chain()
    for _ in proven(path, chain):
        pass
    print(_sound(chain))


def _records(log: Log, chain: Chain) -> Iterator[Record]:
    try:
        for entry in records(log, chain, start=0):
            yield entry.record
    except BadInput as error:  # the file around the records is damaged, so none is read
        raise BrokenChain(
            f"record {chain.number + 1} cannot be read: {error.given}",
            number=chain.number + 1,
            remedy="restore the log from a copy",
        ) from None


def _last_committed(settings: Settings) -> TickInfo | None:
    engine = existing_database(settings)
    if engine is None:
        return None
    with engine.begin() as db:
        last = queries.latest_tick(db, LIVE)
    engine.dispose()
    return last


def _check_end(log: Log, chain: Chain, last: TickInfo) -> None:
    """A chain cannot know what was cut off its end; who committed it does."""
    if last.number > chain.number:
        raise BrokenChain(
            f"the journal ends with record {chain.number}",
            number=chain.number + 1,
            expected=f"record {last.number} at least, which was committed",
            remedy="records were cut off; restore the log from a copy",
        )
    if _digest_at(log, last) != last.digest:
        raise BrokenChain(
            f"record {last.number} is not the one that was committed",
            number=last.number,
            remedy="the journal was rewritten; restore the log from a copy",
        )


def _digest_at(log: Log, tick: TickInfo) -> str:
    (message,) = log.read(JOURNAL, 0, tick.journal_offset, limit=1, max_bytes=1)
    return (message.value or b"")[4:36].hex()


class _Frames:
    """Counts the frames that records name, and compares those that are still there."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._same_count = self._gone_count = 0

    def __str__(self) -> str:
        gone = f", {self._gone_count} no longer kept" if self._gone_count else ""
        return f"{self._same_count} frames as recorded{gone}"

    def check(self, record: Record) -> None:
        """Compare the frames of a record; ``BrokenChain`` names one that is not as recorded."""
        for frame in record.provenance.frames:
            try:
                page = self._log.read(
                    frame.topic, frame.partition, frame.offset, limit=1, max_bytes=1
                )
            except NotKept:
                self._gone_count += 1
                continue
            if not page or digest_of(page[0].value or b"") != frame.digest:
                raise BrokenChain(
                    f"record {record.number}: frame {_place(frame)} is not as recorded",
                    number=record.number,
                    remedy="the record stands; its frame does not, restore it from a copy",
                )
            self._same_count += 1


def _place(frame: FrameRef) -> str:
    return f"{frame.identity} at {frame.topic}/{frame.partition}/{frame.offset}"


def _sound(chain: Chain) -> str:
    if chain.tick_ns is None:
        return "sound: the journal is empty"
    return (
        f"sound: {chain.number} records to {instant_text(chain.tick_ns)}, "
        f"head {chain.head.hex()[:16]}…"
    )
