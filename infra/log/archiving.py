"""``twin log archive``: frames into Parquet before retention removes them.

A file for some messages of a partition, named by its first offset and the one after its last. Run
again it goes on where the last file ends, so it may be run as often as one likes, or be killed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from infra.installation import existing_log
from infra.log.archive_file import write_archive
from infra.usage import BadUsage
from streams.log.port import Log, Message
from streams.settings import Settings
from streams.topics import SATELLITES, WORKLOADS
from twin.errors import NotKept

TOPICS: Final = (SATELLITES, WORKLOADS)
"""Those that have frames."""
FILE_COUNT: Final = 512
FILE_BYTES: Final = 64 << 20
DIGITS: Final = 20


def run(settings: Settings, folder: Path, topic: str) -> None:
    """Archive what a topic holds; ``NotKept`` afterwards, if some of it was gone already."""
    if topic not in TOPICS:
        raise BadUsage(f"--topic {topic}", expected=f"one of {', '.join(TOPICS)}")
    log = existing_log(settings)
    count, gone = 0, []
    for partition in range(log.topics()[topic].partitions):
        place = folder / topic / str(partition)
        span, start = log.span(topic, partition), archived_end(place)
        if start < span.start:
            gone.append(f"{start} to {span.start - 1} of {topic}/{partition}")
        for page in _pages(log, topic, partition, max(start, span.start), end=span.end):
            first, after = page[0].offset, page[-1].offset + 1
            write_archive(place / f"{first:0{DIGITS}}-{after:0{DIGITS}}.parquet", page)
            count += len(page)
    log.close()
    print(f"{count} messages of {topic} archived to {folder}")
    if gone:
        raise NotKept(
            f"not archived, because they were gone: offsets {'; '.join(gone)}",
            remedy="archive more often, or keep more with TWIN_FRAMES_KEPT_S; the rest is archived",
        )


def archived_end(place: Path) -> int:
    """The offset after the last that is archived of a partition; 0 for none."""
    names = [file.stem.partition("-") for file in place.glob("*.parquet")]
    return max((int(after) for _, _, after in names), default=0)


def _pages(
    log: Log, topic: str, partition: int, start: int, *, end: int
) -> Iterator[list[Message]]:
    """What is there now, in pages of the size of a file."""
    while start < end:
        limit = min(FILE_COUNT, end - start)
        page = log.read(topic, partition, start, limit=limit, max_bytes=FILE_BYTES)
        start = page[-1].offset + 1
        yield page
