"""Makes ``golden/journal.msgpack`` and ``golden/frame.msgpack``: what this release writes.

Run ``python -m tests.golden_journal`` when the fold changed on purpose, and raise FOLD_VERSION.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec

from streams.topics import JOURNAL
from tests.one_process import OneProcess
from tests.twin.frames import BODY, REF
from twin.frames import decode_frame
from twin.hashing import FOLD_VERSION
from twin.observe import observe

GOLDEN = Path(__file__).parent / "golden"
TICKS_COUNT = 24


class GoldenJournal(msgspec.Struct):
    """Stored records and the state hash after each."""

    fold_version: int
    records: list[bytes]
    hashes: list[str]


class GoldenFrame(msgspec.Struct):
    """A frame's bytes and the summary matrix they must be observed as."""

    body: bytes
    matrix: bytes


def main() -> None:
    """Write both files anew."""
    with tempfile.TemporaryDirectory() as folder:
        twin = OneProcess(Path(folder), satellites_count=300, has_faults=True)
        hashes = [folded.hash for folded in twin.run(TICKS_COUNT)]
        page = twin.log.read(JOURNAL, 0, 0, limit=TICKS_COUNT, max_bytes=2**30)
    journal = GoldenJournal(FOLD_VERSION, [message.value or b"" for message in page], hashes)
    (GOLDEN / "journal.msgpack").write_bytes(msgspec.msgpack.encode(journal))
    frame = GoldenFrame(BODY, observe(decode_frame(BODY), REF).matrix)
    (GOLDEN / "frame.msgpack").write_bytes(msgspec.msgpack.encode(frame))


if __name__ == "__main__":
    main()
