"""A journal file is proven from its first byte to its last."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.log.journal_copies import proven
from infra.log.journal_file import HEADING, read_journal, write_journal
from twin.errors import BrokenChain
from twin.records import GENESIS, Chain, Content, Record, encode_record
from twin.units import NS_PER_S

RECORDS_COUNT = 3
LENGTH_BYTES = 4


def chained() -> list[bytes]:
    """Records of nothing at all, each chained to the one before."""
    stored: list[bytes] = []
    for number in range(1, RECORDS_COUNT + 1):
        previous = stored[-1][4:36] if stored else GENESIS
        start_ns, tick_ns = (number - 1) * NS_PER_S, number * NS_PER_S
        stored.append(encode_record(Record(number, start_ns, tick_ns, previous, Content())))
    return stored


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_journal(tmp_path / "journal", chained())
    return tmp_path / "journal"


def verdict(path: Path) -> str:
    """What is found wrong, or nothing."""
    try:
        for _ in proven(path, Chain()):
            pass
    except BrokenChain as error:
        return str(error)
    return ""


def record_at(place: int) -> int:
    """Which record a byte of the file belongs to; 0 for the heading, one past the last beyond."""
    end = len(HEADING)
    for number, stored in enumerate(chained()):
        if place < end:
            return number
        end += LENGTH_BYTES + len(stored)
    return RECORDS_COUNT if place < end else RECORDS_COUNT + 1


def test_what_was_written_is_read(path: Path) -> None:
    assert list(read_journal(path)) == chained()
    assert verdict(path) == ""


def test_every_flipped_byte_is_found_in_its_record(path: Path) -> None:
    sound = path.read_bytes()

    for place in range(len(sound)):
        spoiled = bytearray(sound)
        spoiled[place] ^= 0xFF
        path.write_bytes(bytes(spoiled))

        found = re.match(r"record (\d+)", verdict(path))

        assert found, f"byte {place}"
        assert int(found[1]) == record_at(place), f"byte {place}"


def test_a_file_cut_anywhere_is_found(path: Path) -> None:
    sound = path.read_bytes()

    for end in range(len(sound)):
        path.write_bytes(sound[:end])

        assert verdict(path), f"cut at {end}"


def test_a_record_left_out_or_put_twice_is_found(tmp_path: Path) -> None:
    first, second, third = chained()
    write_journal(tmp_path / "without", [first, third])
    write_journal(tmp_path / "twice", [first, first, second])

    assert "record 2" in verdict(tmp_path / "without")
    assert "record 1" in verdict(tmp_path / "twice")


def test_a_longer_file_is_no_journal(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")

    assert "does not end" in verdict(path)
