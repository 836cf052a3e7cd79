"""The journal read back, record by record, with proof of the chain.

Live, replay, as-of and what-if read the journal and nothing else, through ``records``.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from streams.log.checks import check_kept
from streams.log.port import Log
from streams.topics import JOURNAL
from twin.errors import BrokenChain
from twin.records import Chain, Record
from twin.sequence import Head

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
                raise _no_record(message.offset, chain)
            record = chain.accept(stored)
            if record is not None:
                yield Entry(record, chain.head, message.offset, len(stored))
        if not page:
            # Asked for again it would be as empty, for ever.
            check_kept(log.span(JOURNAL, 0), JOURNAL, 0, last)
            raise _no_record(offset, chain)
        offset += len(page)


def _no_record(offset: int, chain: Chain) -> BrokenChain:
    return BrokenChain(
        f"journal offset {offset} holds no record",
        number=chain.number + 1,
        remedy="restore the log from a copy",
    )


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
