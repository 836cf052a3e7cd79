"""The chain: every flipped byte, removed, swapped, inserted record is found where it is."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from tests.twin import words
from twin.errors import BrokenChain
from twin.records import Chain, decode_record, encode_record
from twin.sequence import Head, Sequencer


@pytest.fixture(scope="module")
def journal() -> list[bytes]:
    machine, stored = Sequencer(Head()), []
    for offset, word in enumerate(words.story(random.Random(7), ticks_count=5)):
        stored += [each for _, each in machine.accept(word, offset=offset)]
    return stored


def broken_at(journal: list[bytes]) -> int:
    chain = Chain()
    with pytest.raises(BrokenChain) as caught:
        [chain.accept(stored) for stored in journal]
    return caught.value.number


def test_records_are_read_and_written_by_many_threads_at_once(journal: list[bytes]) -> None:
    def again(place: int) -> bytes:
        stored = journal[place % len(journal)]
        return encode_record(decode_record(stored, number=1).record)

    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(again, range(2_000)))

    assert written == [journal[place % len(journal)] for place in range(2_000)]


def test_a_sound_journal_is_accepted_whole(journal: list[bytes]) -> None:
    chain = Chain()

    numbers = [chain.accept(stored).number for stored in journal]

    assert numbers == [1, 2, 3, 4, 5]


def test_every_flipped_byte_is_found_in_its_record(journal: list[bytes]) -> None:
    for place, stored in enumerate(journal):
        for index in range(len(stored)):
            flipped = bytearray(stored)
            flipped[index] ^= 0x40
            damaged = [*journal[:place], bytes(flipped), *journal[place + 1 :]]

            assert broken_at(damaged) == place + 1


@pytest.mark.parametrize("place", range(4))
def test_a_removed_record_is_missed_at_its_place(journal: list[bytes], place: int) -> None:
    assert broken_at(journal[:place] + journal[place + 1 :]) == place + 1


@pytest.mark.parametrize("place", range(4))
def test_swapped_records_are_found_at_the_first(journal: list[bytes], place: int) -> None:
    swapped = [*journal]
    swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]

    assert broken_at(swapped) == place + 1


@pytest.mark.parametrize("place", range(5))
def test_a_forged_record_is_found_wherever_it_is_put(journal: list[bytes], place: int) -> None:
    record = decode_record(journal[place], number=place + 1).record
    content = msgspec.structs.replace(record.content, events=())
    totals = msgspec.structs.replace(record.content.totals, keys=(("public", "forged"),))
    forged = encode_record(
        msgspec.structs.replace(record, content=msgspec.structs.replace(content, totals=totals))
    )

    before = [*journal[:place], forged, *journal[place:]]
    after = [*journal[: place + 1], forged, *journal[place + 1 :]]

    assert broken_at(before) == place + 1
    assert broken_at(after) == place + 1


def test_a_second_candidate_with_the_same_contents_is_passed_over(journal: list[bytes]) -> None:
    record = decode_record(journal[2], number=3).record
    provenance = msgspec.structs.replace(record.provenance, sent_ns=99)
    candidate = encode_record(msgspec.structs.replace(record, provenance=provenance))
    chain = Chain()

    accepted = [chain.accept(stored) for stored in [*journal[:3], candidate, *journal[3:]]]

    assert [r.number for r in accepted if r is not None] == [1, 2, 3, 4, 5]
    assert chain.passed_over_count == 1
