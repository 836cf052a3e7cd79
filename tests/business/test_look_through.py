"""Ultimate owners: through chains, through circles, exactly, and in any order."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.business.owning import company, folded, group_at, issued
from twin.business.look_through import look_through, ultimate_fractions
from twin.views.ownership import OWNERSHIP, ownership_rows


def test_a_chain_multiplies() -> None:
    """SpaceX held xAI, which held X: what is left of X belongs to SpaceX's holders."""
    found = ultimate_fractions(
        {
            "SpaceX": {"Musk": 60, "others": 40},
            "xAI": {"SpaceX": 50, "Musk": 50},
            "X": {"xAI": 100},
        }
    )

    assert found["X"] == {"Musk": Fraction(8, 10), "others": Fraction(2, 10)}


def test_a_circle_is_solved_not_cut() -> None:
    """x_P = 1/2 ann + 1/2 x_Q and x_Q = 1/2 bob + 1/2 x_P: two thirds and one third."""
    found = ultimate_fractions({"P": {"ann": 1, "Q": 1}, "Q": {"bob": 1, "P": 1}})

    assert found["P"] == {"ann": Fraction(2, 3), "bob": Fraction(1, 3)}
    assert found["Q"] == {"ann": Fraction(1, 3), "bob": Fraction(2, 3)}


def test_the_group_in_a_circle() -> None:
    """Tesla holds SpaceX, SpaceX holds Tesla and xAI, xAI holds X, X holds xAI; Musk holds all."""
    held = {
        "Tesla": {"Musk": 20, "SpaceX": 5, "others": 75},
        "SpaceX": {"Musk": 42, "Tesla": 8, "funds": 50},
        "xAI": {"Musk": 40, "SpaceX": 10, "X": 20, "funds": 30},
        "X": {"Musk": 70, "xAI": 10, "banks": 20},
    }

    found = ultimate_fractions(held)

    spacex = Fraction(42, 100) + Fraction(8, 100) * Fraction(20, 100)
    assert found["SpaceX"]["Musk"] == spacex / (1 - Fraction(8, 100) * Fraction(5, 100))
    assert all(sum(of.values()) == 1 for of in found.values())
    assert agrees_with_linear_algebra(found, held)


def test_own_shares_belong_to_the_other_holders() -> None:
    found = ultimate_fractions({"P": {"ann": 30, "bob": 10, "P": 60}})

    assert found["P"] == {"ann": Fraction(3, 4), "bob": Fraction(1, 4)}


def test_a_closed_circle_ends_with_itself() -> None:
    """P and Q own each other whole; what R owes to them goes no further."""
    found = ultimate_fractions({"P": {"Q": 1}, "Q": {"P": 1}, "R": {"P": 1, "ann": 3}})

    assert found["R"] == {"P": Fraction(1, 4), "ann": Fraction(3, 4)}
    assert found["P"] == {"Q": Fraction(1)}


def test_a_company_nobody_owns_yet_is_an_ultimate_holder() -> None:
    found = ultimate_fractions({"P": {"Q": 1, "ann": 1}, "Q": {}})

    assert found == {"P": {"Q": Fraction(1, 2), "ann": Fraction(1, 2)}}


def test_what_a_company_holds_is_shown_with_its_own_holders() -> None:
    tables = folded(
        company("Tesla"),
        company("SpaceX"),
        issued("Tesla", "Musk", 20),
        issued("Tesla", "others", 80),
        issued("SpaceX", "Musk", 90),
        issued("SpaceX", "Tesla", 10),
    )

    found = {
        row[:2]: row[2]
        for row in (
            (each[3], each[4], each[2 + 3 + OWNERSHIP.column_names.index("look_through_fraction")])
            for each in ownership_rows("public", tables, 1)
            if each[2] == "SpaceX"
        )
    }

    assert found == {
        ("A", "Musk"): 0.9,
        ("A", "Tesla"): 0.0,
        ("indirect", "Musk"): pytest.approx(0.02, rel=1e-15),
        ("indirect", "others"): pytest.approx(0.08, rel=1e-15),
    }


def test_before_its_merger_x_passed_its_part_of_xai_on() -> None:
    """X held 250 M of xAI's shares until xAI took X over and they were cancelled."""
    before, after = group_at("2025-03-27"), group_at("2025-03-28")

    part = Fraction(250_000_000, before.company("xAI").issued_count)
    assert look_through(before)["xAI"]["X holders (assumed)"] == part
    assert "X" not in look_through(after)
    assert sum(look_through(after)["xAI"].values()) == 1


NAMES = ("P", "Q", "R", "S", "T")
structures = st.dictionaries(
    st.sampled_from(NAMES),
    st.dictionaries(st.sampled_from((*NAMES, "ann", "bob")), st.integers(0, 10**12), max_size=7),
    max_size=5,
)


@given(structures)
def test_fractions_of_ultimate_holders_sum_to_one_whoever_owns_whom(held) -> None:
    found = ultimate_fractions(held)

    assert set(found) == {name for name, of in held.items() if sum(of.values())}
    assert all(sum(of.values()) == 1 for of in found.values())
    assert all(part > 0 for of in found.values() for part in of.values())


@given(structures)
def test_no_order_of_companies_or_holders_matters(held) -> None:
    turned = {name: dict(reversed(of.items())) for name, of in reversed(held.items())}

    found, again = ultimate_fractions(held), ultimate_fractions(turned)

    assert [(n, list(of.items())) for n, of in found.items()] == [
        (n, list(of.items())) for n, of in again.items()
    ]


@given(structures)
def test_fractions_are_those_of_linear_algebra(held) -> None:
    held = {name: {**of, "ann": of.get("ann", 0) + 10**9} for name, of in held.items()}
    assume(held)

    assert agrees_with_linear_algebra(ultimate_fractions(held), held)


def agrees_with_linear_algebra(found, held) -> bool:
    """An oracle by another way: (1 − C)⁻¹ D in floating point, compared to 1e-9."""
    names = sorted(held)
    others = sorted({h for of in held.values() for h in of} - set(names))
    total = {name: sum(of.values()) for name, of in held.items()}
    among = np.array([[held[i].get(j, 0) / total[i] for j in names] for i in names])
    direct = np.array([[held[i].get(u, 0) / total[i] for u in others] for i in names])
    solved = np.linalg.solve(np.eye(len(names)) - among, direct)
    exact = [[float(found[name].get(u, 0)) for u in others] for name in names]
    has_others_only = all(of.keys() <= set(others) for of in found.values())
    return has_others_only and np.allclose(exact, solved, rtol=0.0, atol=1e-9)
