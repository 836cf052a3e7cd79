"""``twin replay``: the journal folded from its beginning, and compared with what was committed."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from infra.installation import existing_database, existing_log
from infra.progress import progress
from infra.usage import usage
from streams.journal import Entry, records
from streams.log.port import Log
from streams.replay import Folded, fold
from streams.settings import Settings
from streams.store import queries
from streams.store.tables import LIVE
from streams.topics import JOURNAL
from twin.errors import BrokenInvariant, NotFound
from twin.records import Chain
from twin.state import Twin
from twin.units import instant_text, parse_instant


class Replayed(msgspec.Struct, frozen=True):
    """What a replay came to; ``agrees`` is None when nothing was committed to compare with."""

    tick: str
    hash: str
    records: int
    agrees: bool | None


def run(settings: Settings, *, at: str | None, as_json: bool) -> None:
    """Replay and say so; ``BrokenInvariant`` where it comes to other hashes than committed."""
    with usage():
        at_ns = parse_instant(at, field="--at") if at is not None else None
    log = existing_log(settings)
    engine = existing_database(settings)
    committed = queries.hashes(engine, LIVE, above=0) if engine is not None else {}
    replayed, first_wrong = _replayed(log, committed, at_ns)
    if as_json:
        print(json.dumps(msgspec.to_builtins(replayed)))
    else:
        print(_line(replayed))
    if first_wrong is not None:
        raise first_wrong


def _replayed(
    log: Log, committed: dict[int, str], at_ns: int | None
) -> tuple[Replayed, BrokenInvariant | None]:
    last: Folded | None = None
    wrong: BrokenInvariant | None = None
    compared_count = 0
    for last in fold(Twin(), _until(log, at_ns)):
        expected = committed.get(last.twin.number)
        compared_count += expected is not None
        if wrong is None and expected not in (None, last.hash):
            wrong = _difference(last, str(expected))
    if last is None:
        raise NotFound(
            "no tick had ended by then" if at_ns is not None else "the journal is empty",
            remedy="'twin log tail' shows what there is",
        )
    agrees = (wrong is None) if compared_count else None
    tick = instant_text(last.twin.tick_ns)
    return Replayed(tick, last.hash, last.twin.number, agrees), wrong


def _until(log: Log, at_ns: int | None) -> Iterator[Entry]:
    end = log.span(JOURNAL, 0).end
    with progress("replaying", end) as advance:
        for entry in records(log, Chain(), start=0, end=end):
            if at_ns is not None and entry.record.tick_ns > at_ns:
                return
            yield entry
            advance()


def _difference(folded: Folded, expected: str) -> BrokenInvariant:
    return BrokenInvariant(
        f"record {folded.twin.number} ({instant_text(folded.twin.tick_ns)}) folds to "
        f"{folded.hash[:16]}…",
        expected=f"{expected[:16]}… as committed",
        remedy="the log, the database or the code is not what it was; run 'twin log verify'",
    )


def _line(replayed: Replayed) -> str:
    words = {
        True: "as committed",
        False: "not as committed",
        None: "nothing was committed to compare with",
    }
    return (
        f"{replayed.records} records to {replayed.tick}: hash {replayed.hash}, "
        f"{words[replayed.agrees]}"
    )
