"""``twin log export`` and ``import``: the journal of a folder, to a file and from one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from infra.installation import existing_log, ready_log
from infra.log.journal_file import read_journal, write_journal
from infra.progress import progress
from infra.usage import BadUsage
from streams.log.port import Log, Outgoing, Position
from streams.settings import Settings
from streams.topics import JOURNAL
from twin.errors import BrokenChain, Unavailable
from twin.records import Chain

PAGE_COUNT = 256
PAGE_BYTES = 32 * 1024 * 1024


def export_journal(settings: Settings, path: Path) -> None:
    """Copy the records that were accepted; of two candidates for one place, the first."""
    if not path.parent.is_dir():
        raise BadUsage(f"{path}: no such folder", expected="a file in a folder that exists")
    if path.exists():
        raise BadUsage(f"{path} exists already", expected="a file that does not exist yet")
    log, chain = existing_log(settings), Chain()
    with progress("exporting", log.span(JOURNAL, 0).end) as advance:

        def accepted() -> Iterator[bytes]:
            for stored in _stored(log):
                if chain.accept(stored) is not None:
                    yield stored
                advance()

        count = write_journal(path, accepted())
    log.close()
    print(f"{count} records exported to {path}, head {chain.head.hex()[:16]}…")


def import_journal(settings: Settings, path: Path) -> None:
    """Fill an empty journal; the file is proven first, so that nothing of a broken one is taken."""
    count = sum(1 for _ in proven(path, Chain()))
    log = ready_log(settings)
    if log.span(JOURNAL, 0).end:
        raise Unavailable(
            f"the journal in {settings.directory} holds records already",
            remedy="import into a new folder",
        )
    stored, end = read_journal(path), 0
    with progress("importing", count) as advance:
        while page := list(islice(stored, PAGE_COUNT)):
            messages = [_entry(record) for record in page]
            log.append(messages, expected_end=Position(JOURNAL, 0, end))
            end += len(page)
            for _ in page:
                advance()
    log.close()
    print(
        f"{count} records imported into {settings.directory}; 'twin replay' folds them,"
        " 'twin worker --role keep' and 'twin api' serve them"
    )


def proven(path: Path, chain: Chain) -> Iterator[bytes]:
    """The records of a file, each once it was accepted; ``BrokenChain`` names the first bad one."""
    for stored in read_journal(path):
        if chain.accept(stored) is None:
            raise BrokenChain(f"record {chain.number} stands twice", number=chain.number)
        yield stored


def _stored(log: Log) -> Iterator[bytes]:
    offset, end = 0, log.span(JOURNAL, 0).end
    while offset < end:
        page = log.read(JOURNAL, 0, offset, limit=PAGE_COUNT, max_bytes=PAGE_BYTES)
        for message in page[: end - offset]:
            yield message.value or b""
        offset += len(page)


def _entry(stored: bytes) -> Outgoing:
    return Outgoing(JOURNAL, 0, None, (), stored, time.time_ns())
