"""The one allocator: what it may never do, what it must choose, and that nothing else decides."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.plain_allocation import allocated
from tests.business.allocation_oracle import Case, chosen
from twin.arrays import frozen
from twin.business.allocation import LARGEST_QTY, allocate
from twin.errors import BadInput

SMALL = ((4, 2, 4), (3, 3, 3), (2, 4, 3), (5, 2, 3), (4, 3, 2), (3, 2, 6), (6, 1, 5))
"""Needs, pools and the largest pool of cases of which every placement can be listed."""


@st.composite
def cases(
    draw: st.DrawFn,
    *,
    sizes: st.SearchStrategy[tuple[int, int, int]],
    priorities_count: int = 3,
) -> Case:
    """Needs and pools, any of them nothing, with any mask."""
    needs_count, pools_count, largest = draw(sizes)

    def numbers(count: int, most: int) -> tuple[int, ...]:
        return tuple(draw(st.lists(st.integers(0, most), min_size=count, max_size=count)))

    rows = [numbers(pools_count, 1) for _ in range(needs_count)]
    return Case(
        available=numbers(pools_count, largest),
        wanted=numbers(needs_count, largest + 1),
        priority=numbers(needs_count, priorities_count - 1),
        allowed=tuple(tuple(bool(may) for may in row) for row in rows),
    )


small = cases(sizes=st.sampled_from(SMALL))
middle = cases(
    sizes=st.tuples(
        st.integers(0, 12), st.integers(0, 6), st.sampled_from([3, 30, 10**6, 3 * 10**17])
    )
)


def granted(case: Case) -> np.ndarray:
    return allocate(*case.arrays())


def by_priority(case: Case) -> list[int]:
    """What the needs of each priority get together."""
    totals = granted(case).sum(axis=1)
    return [int(sum(totals[d] for d in case.of_priority(p))) for p in range(3)]


@settings(max_examples=150, deadline=None)
@given(middle)
def test_no_pool_gives_more_than_it_has_and_no_need_gets_more_than_it_wants(case: Case) -> None:
    result = granted(case)

    assert result.dtype == np.int64
    assert (result >= 0).all()
    assert (result.sum(axis=0) <= np.array(case.available)).all()
    assert (result.sum(axis=1) <= np.array(case.wanted)).all()


@settings(max_examples=150, deadline=None)
@given(middle)
def test_nothing_is_granted_where_location_or_accreditation_forbid_it(case: Case) -> None:
    _, _, _, allowed = case.arrays()

    result = granted(case)

    assert not result[~allowed].any()


@settings(max_examples=300, deadline=None)
@given(small)
def test_of_all_placements_there_are_it_chooses_the_one_the_rules_ask_for(case: Case) -> None:
    expected = chosen(case)

    result = granted(case)

    assert result.tolist() == [list(row) for row in expected]


@settings(max_examples=150, deadline=None)
@given(middle)
def test_it_agrees_with_the_same_rule_in_plain_fractions(case: Case) -> None:
    expected = allocated(*case)

    result = granted(case)

    assert np.array_equal(result, expected)


@settings(max_examples=150, deadline=None)
@given(middle, st.data())
def test_one_more_unit_of_supply_lowers_no_priority(case: Case, data: st.DataObject) -> None:
    more = list(case.available)
    if more:
        more[data.draw(st.integers(0, len(more) - 1))] += 1

    after = by_priority(case._replace(available=tuple(more)))

    assert all(new >= old for new, old in zip(after, by_priority(case), strict=True))


@settings(max_examples=150, deadline=None)
@given(middle)
def test_lower_priorities_change_nothing_for_higher_ones(case: Case) -> None:
    alone = tuple(
        0 if mine == 2 else wanted for wanted, mine in zip(case.wanted, case.priority, strict=True)
    )

    totals = granted(case).sum(axis=1)
    without = granted(case._replace(wanted=alone)).sum(axis=1)

    higher = np.array(case.priority) < 2
    assert np.array_equal(totals[higher], without[higher])


@settings(max_examples=150, deadline=None)
@given(middle)
def test_who_lacks_could_only_get_more_if_somebody_of_its_priority_or_above_got_less(
    case: Case,
) -> None:
    totals = list(accumulate(by_priority(case)))

    for priority in range(3):
        members = [d for d, mine in enumerate(case.priority) if mine <= priority]
        united = Case(
            available=case.available,
            wanted=tuple(case.wanted[d] for d in members),
            priority=(0,) * len(members),
            allowed=tuple(case.allowed[d] for d in members),
        )
        assert granted(united).sum() == totals[priority]


@settings(max_examples=150, deadline=None)
@given(middle)
def test_read_only_and_strided_arrays_of_any_whole_type_give_the_same(case: Case) -> None:
    available, wanted, priority, allowed = case.arrays()

    result = allocate(
        frozen(available.copy()),
        np.repeat(wanted, 2)[::2],
        priority.astype(np.int8),
        np.asfortranarray(allowed.astype(np.int64)),
    )

    assert np.array_equal(result, granted(case))


@settings(max_examples=150, deadline=None)
@given(middle, st.randoms(use_true_random=False))
def test_a_preference_is_the_same_as_pools_in_that_order(case: Case, luck: object) -> None:
    available, wanted, priority, allowed = case.arrays()
    preference = np.arange(len(available))
    luck.shuffle(preference)

    result = allocate(available, wanted, priority, allowed, preference=preference)

    reordered = allocate(available[preference], wanted, priority, allowed[:, preference])
    assert np.array_equal(result[:, preference], reordered)


def test_the_first_choice_moves_to_its_second_so_that_another_can_be_served() -> None:
    flexible, bound = [True, True], [True, False]

    result = placed(available=[10, 10], wanted=[10, 10], allowed=[flexible, bound])

    assert result == [[0, 10], [10, 0]]


def test_a_commitment_moves_along_a_chain_for_a_commercial_need_but_never_gets_less() -> None:
    chain = [[True, True, False], [False, True, True], [True, False, False]]

    result = placed(available=[5, 5, 5], wanted=[5, 5, 7], priority=[0, 0, 1], allowed=chain)

    assert result == [[0, 5, 0], [0, 0, 5], [5, 0, 0]]


def test_who_has_an_idle_pool_besides_can_still_make_way_on_a_full_one() -> None:
    bound, between = [True, False, False], [True, True, False]
    other, last = [False, True, True], [False, False, True]

    result = placed(
        available=[5, 5, 9], wanted=[4, 4, 4, 4, 3], allowed=[bound, between, other, last, bound]
    )

    assert [sum(row) for row in result] == [3, 4, 4, 4, 2]


def test_a_later_commitment_comes_before_an_earlier_commercial_need() -> None:
    result = placed(available=[10], wanted=[10, 7], priority=[5, 0], allowed=[[True], [True]])

    assert result == [[3], [7]]


def test_scarcity_is_shared_in_proportion_by_largest_remainder_with_ties_to_the_first() -> None:
    everywhere = [[True]] * 3

    thirds = placed(available=[10], wanted=[8, 8, 8], allowed=everywhere)
    uneven = placed(available=[10], wanted=[20, 3, 1], allowed=everywhere)

    assert thirds == [[4], [3], [3]]
    assert uneven == [[8], [1], [1]]


def test_who_is_bound_to_a_full_pool_leaves_the_others_to_those_who_are_not() -> None:
    bound, free = [True, False], [True, True]

    result = placed(available=[4, 100], wanted=[10, 10, 20], allowed=[bound, bound, free])

    assert result == [[2, 0], [2, 0], [0, 20]]


def test_half_a_unit_decides_who_is_held_back() -> None:
    either, bound = [True, True], [False, True]

    result = placed(available=[4, 1], wanted=[4, 5, 7], allowed=[either, bound, either])

    assert result == [[1, 0], [0, 1], [3, 0]]


def test_a_shortage_in_one_place_does_not_touch_another() -> None:
    here, there = [True, False], [False, True]

    result = placed(available=[3, 9], wanted=[5, 9], allowed=[here, there])

    assert result == [[3, 0], [0, 9]]


def test_amounts_whose_products_leave_64_bits_are_shared_exactly() -> None:
    wanted = [5 * 10**17, 5 * 10**17 + 1, 3 * 10**18 - 1]
    available = 3 * 10**18 + 7

    result = placed(available=[available], wanted=wanted, allowed=[[True]] * 3)

    exact = [divmod(each * available, sum(wanted)) for each in wanted]
    assert sum(row[0] for row in result) == available
    assert all(0 <= row[0] - floor <= 1 for row, (floor, _) in zip(result, exact, strict=True))


def test_nothing_wanted_nothing_there_and_nothing_allowed_are_fine() -> None:
    assert placed(available=[], wanted=[], allowed=np.zeros((0, 0))) == []
    assert placed(available=[], wanted=[5], allowed=np.zeros((1, 0))) == [[]]
    assert placed(available=[0, 5], wanted=[0, 3], allowed=[[True, True], [False, False]]) == [
        [0, 0],
        [0, 0],
    ]


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("available_qty", {"available": [-1, 5]}),
        ("available_qty", {"available": [LARGEST_QTY, 1]}),
        ("wanted_qty", {"wanted": [-1]}),
        ("wanted_qty", {"wanted": [LARGEST_QTY + 1]}),
        ("allowed", {"allowed": [[True]]}),
        ("allowed", {"priority": [0, 0]}),
        ("preference", {"preference": [0, 0]}),
        ("preference", {"preference": [1]}),
        ("preference", {"preference": [0, 2]}),
    ],
)
def test_what_cannot_be_is_refused_and_named(field: str, changed: dict[str, object]) -> None:
    sound = {"available": [5, 5], "wanted": [3], "allowed": [[True, True]]}

    with pytest.raises(BadInput) as refused:
        placed(**(sound | changed))

    assert refused.value.field == field


def placed(
    *,
    available: object,
    wanted: object,
    allowed: object,
    priority: object = None,
    preference: object = None,
) -> list[list[int]]:
    """What is granted, with one priority unless said."""
    wanted_qty = np.array(wanted, dtype=np.int64)
    result = allocate(
        np.array(available, dtype=np.int64),
        wanted_qty,
        np.zeros_like(wanted_qty) if priority is None else np.array(priority, dtype=np.int64),
        np.array(allowed, dtype=np.bool_),
        preference=None if preference is None else np.array(preference, dtype=np.int64),
    )
    return result.tolist()
