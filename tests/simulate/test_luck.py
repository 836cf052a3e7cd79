"""Philox against its authors' known answers, and luck that belongs to one asset alone."""

from __future__ import annotations

import numpy as np
import pytest

from twin.simulate.luck import draw, draws, philox, uniform

LAST = 0xFFFFFFFF
FLEET = np.arange(100_000, dtype=np.uint32)


@pytest.mark.parametrize(
    ("counter_and_key", "words"),
    # Random123, tests/kat_vectors: "philox4x32 10"; the third is made of digits of pi.
    [
        ((0,) * 6, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((LAST,) * 6, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344, 0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_known_answers(
    counter_and_key: tuple[int, ...], words: tuple[int, ...]
) -> None:
    given_words = philox(*map(np.uint64, counter_and_key))

    assert [int(word) for word in given_words] == list(words)


def test_a_draw_lays_out_its_names_as_purpose_asset_and_the_halves_of_tick_and_seed() -> None:
    seed, tick = 0x0A0B0C0D_01020304, 0x11223344_55667788

    words = draw(seed, 7, 9, tick)

    named = map(np.uint64, (7, 9, 0x55667788, 0x11223344, 0x01020304, 0x0A0B0C0D))
    assert words == philox(*named)


def test_removing_an_asset_changes_no_others_luck() -> None:
    everyone = draws(42, purpose=1, assets=FLEET[:50], tick=1_893_456_000_000_000_000)
    without = np.delete(FLEET[:50], 17)

    remaining = draws(42, purpose=1, assets=without, tick=1_893_456_000_000_000_000)

    assert np.array_equal(remaining, np.delete(everyone, 17, axis=0))


@pytest.mark.parametrize("change", [{"seed": 43}, {"purpose": 2}, {"asset": 6}, {"tick": 8}])
def test_another_seed_purpose_asset_or_tick_is_other_luck(change: dict[str, int]) -> None:
    names = {"seed": 42, "purpose": 1, "asset": 5, "tick": 7}

    before, after = draw(*names.values()), draw(*(names | change).values())

    assert all(old != new for old, new in zip(before, after, strict=True))


def test_one_asset_at_a_time_draws_the_same_as_all_together() -> None:
    together = draws(-3, purpose=4, assets=FLEET[:9], tick=-1)

    alone = [draw(-3, 4, int(asset), -1) for asset in FLEET[:9]]

    assert together.tolist() == [list(words) for words in alone]


def test_uniform_covers_zero_up_to_but_not_one() -> None:
    assert uniform(np.uint64(0)) == 0.0
    assert uniform(np.uint64(LAST)) == 1.0 - 2.0**-32


def test_uniforms_are_spread_evenly_and_their_words_are_independent() -> None:
    words = draws(1, purpose=1, assets=FLEET, tick=1)
    numbers = words / 2.0**32

    counts = np.array([np.histogram(column, bins=20, range=(0, 1))[0] for column in numbers.T])

    # Expected 5,000 a bin, standard deviation 69; a correlation's is 0.003.
    assert np.abs(counts - 5000).max() < 5 * 69
    assert np.abs(np.corrcoef(numbers.T) - np.eye(4)).max() < 0.015
