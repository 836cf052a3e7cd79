"""``twin log export`` and ``import``: the journal of a folder, to a file and from one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from infra.installation import existing_log, ready_log
from infra.journal_file import read_journal, write_journal
from infra.progress import progress
from infra.usage import BadUsage
from streams.log.port import Log, Outgoing, Position
from streams.replay import PAGE_BYTES, PAGE_COUNT
from streams.settings import Settings
from streams.topics import JOURNAL
from twin.errors import BrokenChain, Unavailable
from twin.records import Chain, decode_record

BATCH_COUNT = 256


def export_journal(settings: Settings, path: Path) -> None:
    """Copy the records that were accepted; a losing candidate of two is left out."""
    if not path.parent.is_dir():
        raise BadUsage(f"{path}: no such folder", expected="a file in a folder that exists")
    log = existing_log(settings)
    chain = Chain()
    count = write_journal(path, _accepted(log, chain))
    log.close()
    print(f"{count} records in {path}, head {chain.head.hex()[:16]}…")


def import_journal(settings: Settings, path: Path) -> None:
    """Fill an empty journal; the file is proven first, so that nothing of a broken one is taken."""
    count = 0
    for count, _ in enumerate(_proven(path), start=1):
        pass
    log = ready_log(settings)
    if log.span(JOURNAL, 0).end:
        raise Unavailable(
            f"the journal in {settings.directory} has records already",
            remedy="import into a new folder",
        )
    with progress("importing", count) as advance:
        end = 0
        while batch := list(islice(_from(path, end), BATCH_COUNT)):
            log.append(batch, expected_end=Position(JOURNAL, 0, end))
            end += len(batch)
            for _ in batch:
                advance()
    log.close()
    print(f"{count} records in {settings.directory}; replay, keep or ask them, no world goes on")
