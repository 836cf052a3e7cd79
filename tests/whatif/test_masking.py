"""A segment with fewer assets: integer shares that add up, whatever their size."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.quantities import QUANTITIES_COUNT, Q
from twin.whatif.masking import SHRINKING, without

REGIONS_COUNT = 4


@st.composite
def totals(draw: st.DrawFn) -> np.ndarray:
    counts = draw(st.lists(st.integers(0, 40_000), min_size=REGIONS_COUNT, max_size=REGIONS_COUNT))
    matrix = np.zeros((REGIONS_COUNT, QUANTITIES_COUNT), dtype=np.int64)
    for q in SHRINKING:
        matrix[:, q] = [draw(st.integers(0, 10**13)) * min(count, 1) for count in counts]
    matrix[:, Q.REPORTED_COUNT] = counts
    matrix[:, Q.TRAFFIC_BPS] = [count * draw(st.integers(0, 10**11)) for count in counts]
    surplus = matrix[:, Q.ARRAY_MW] - matrix[:, Q.LOAD_MW]
    matrix[:, Q.CHARGING_MW] = np.maximum(surplus, 0)
    matrix[:, Q.DISCHARGING_MW] = np.maximum(-surplus, 0)
    return matrix


@settings(deadline=None)  # the first call may compile
@given(totals(), st.integers(0, 200_000))
def test_what_is_left_is_the_share_of_the_whole_to_the_unit(matrix, lost_count) -> None:
    of = int(matrix[:, Q.REPORTED_COUNT].sum())
    left = max(0, of - lost_count)

    smaller = without(matrix, lost_count)

    for q in set(SHRINKING.tolist()) - {Q.CHARGING_MW, Q.DISCHARGING_MW}:
        exact = [int(value) * left for value in matrix[:, q]]
        assert int(smaller[:, q].sum()) == sum(exact) // of if of else not smaller[:, q].any()
        assert all(
            abs(int(mine) * of - whole) < of
            for mine, whole in zip(smaller[:, q], exact, strict=True)
            if of
        )


@settings(deadline=None)  # the first call may compile
@given(totals(), st.integers(0, 200_000))
def test_what_is_left_still_closes_its_energy_book(matrix, lost_count) -> None:
    smaller = without(matrix, lost_count)

    through_batteries = smaller[:, Q.CHARGING_MW] - smaller[:, Q.DISCHARGING_MW]
    surplus = smaller[:, Q.ARRAY_MW] - smaller[:, Q.LOAD_MW]
    assert (through_batteries == surplus).all()


def test_nobody_left_is_nothing_but_the_streams_that_speak() -> None:
    matrix = np.ones((REGIONS_COUNT, QUANTITIES_COUNT), dtype=np.int64)

    smaller = without(matrix, REGIONS_COUNT)

    assert smaller[:, Q.SHARDS_COUNT].tolist() == [1] * REGIONS_COUNT
    smaller[:, Q.SHARDS_COUNT] = 0
    assert not smaller.any()


def test_nothing_lost_is_the_same() -> None:
    matrix = np.ones((REGIONS_COUNT, QUANTITIES_COUNT), dtype=np.int64)

    assert without(matrix, 0) is matrix
