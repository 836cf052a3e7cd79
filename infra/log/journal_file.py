"""A journal as one file, to carry elsewhere: heading, stored records with their lengths, trailer.

Heading: 16 bytes. Each record: its length in four bytes, big end first, and its stored form. The
trailer: four bytes of zero, the number of records in eight, and the SHA-256 of all before it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from twin.errors import BrokenChain, NotFound
from twin.limits import RECORD_MAX_BYTES

HEADING = b"twin journal  1\n"
LENGTH_BYTES = 4
COUNT_BYTES = 8
DIGEST_BYTES = 32


def write_journal(path: Path, stored: Iterable[bytes]) -> int:
    """Write records to a new file, whole or not at all; how many there were."""
    part = path.with_name(path.name + ".part")
    digest, count = hashlib.sha256(), 0
    with part.open("wb") as file:

        def put(data: bytes) -> None:
            digest.update(data)
            file.write(data)

        put(HEADING)
        for record in stored:
            put(len(record).to_bytes(LENGTH_BYTES, "big"))
            put(record)
            count += 1
        put(bytes(LENGTH_BYTES) + count.to_bytes(COUNT_BYTES, "big"))
        file.write(digest.digest())
    part.replace(path)
    return count


def read_journal(path: Path) -> Iterator[bytes]:
    """The stored records of a file; ``BrokenChain`` says at which the file is not as written."""
    if not path.is_file():
        raise NotFound(f"no file {path}", remedy="'twin log export' makes one")
    with path.open("rb") as file:
        digest = hashlib.sha256()
        if _take(file, digest, len(HEADING)) != HEADING:
            raise _broken(0, "its heading is not that of a journal file")
        number = 0
        while length := int.from_bytes(_take(file, digest, LENGTH_BYTES, number + 1), "big"):
            number += 1
            if length > RECORD_MAX_BYTES:
                raise _broken(number, f"it claims {length} bytes")
            yield _take(file, digest, length, number)
        _check_trailer(file, digest, number)


def _check_trailer(file: BinaryIO, digest: hashlib._Hash, number: int) -> None:
    count = int.from_bytes(_take(file, digest, COUNT_BYTES, number + 1), "big")
    expected = digest.digest()
    if file.read(DIGEST_BYTES + 1) != expected or count != number:
        raise _broken(number + 1, "the file does not end as it was written")


def _take(file: BinaryIO, digest: hashlib._Hash, size_bytes: int, number: int = 0) -> bytes:
    data = file.read(size_bytes)
    if len(data) < size_bytes:
        raise _broken(number, "the file ends inside it")
    digest.update(data)
    return data


def _broken(number: int, reason: str) -> BrokenChain:
    return BrokenChain(
        f"record {number}: {reason}", number=number, remedy="take another copy of the file"
    )
