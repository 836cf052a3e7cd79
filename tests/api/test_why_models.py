"""Every cost, filed line and holding is reckoned again from ``/v1/why`` alone."""

from __future__ import annotations

import math

import httpx
import pytest

from tests.api.reckoning import MICRO, Body, keys, said, summed, worked_out
from twin.views import VIEWS


def stepped(formula: str, terms: Body) -> float:
    """A formula of the cost model with its terms in it."""
    names = {"ceil": math.ceil, "exp": math.exp, "min": min, "sum": sum, "range": range}
    whole = {name: int(value) if name == "years_count" else value for name, value in terms.items()}
    # A sum runs over a name of its own, which only globals reach.
    return float(eval(formula.replace("×", "*"), {**names, **whole}))


COSTED = ("ai1-sso", "sl-53", "c2-gb200")
"""A segment of each kind: with accelerators in orbit, without, and on the ground."""

COSTS = [column.name for column in VIEWS["costs"].columns]


@pytest.mark.parametrize("column", COSTS)
def test_a_cost_is_reckoned_from_assumptions_step_by_step(
    client: httpx.Client, column: str
) -> None:
    rows = {
        key: row
        for key, row in keys(client, "costs")
        if row["segment"] in COSTED and row[column] is not None
    }

    bodies = {key: said(client, "costs", key, column) for key in rows}

    assert len(rows) > 3
    for key, body in bodies.items():
        reckoning = body["reckoning"]
        made = {part["name"]: part["value"] for part in reckoning["parts"]}
        for part in reckoning["parts"]:
            assert stepped(part["formula"], part["terms"]) == pytest.approx(part["value"], rel=1e-9)
            assert part["unit"]
        last = stepped(reckoning["formula"], reckoning["terms"])
        assert last == pytest.approx(rows[key][column], rel=1e-9, abs=MICRO)
        for terms in (reckoning["terms"], *(part["terms"] for part in reckoning["parts"])):
            own = {name: made[name] for name in terms.keys() & made.keys()}
            assert own == {name: terms[name] for name in own}


@pytest.mark.parametrize("column", COSTS)
def test_every_number_that_a_cost_begins_with_is_an_assumption_that_it_names(
    client: httpx.Client, column: str
) -> None:
    for key, row in keys(client, "costs"):
        if row["segment"] not in COSTED or row[column] is None:
            continue
        body = said(client, "costs", key, column)
        named = {str(each["value"]) for each in body["assumptions"]}
        reckoning = body["reckoning"]
        made = {part["name"] for part in reckoning["parts"]}

        every = [reckoning["terms"], *(part["terms"] for part in reckoning["parts"])]
        leaves = {name: v for terms in every for name, v in terms.items() if name not in made}
        # Some are published in other units, and what is made at full speed is two numbers.
        direct = {
            name: value
            for name, value in leaves.items()
            if name.endswith(("_usd_per_w", "_usd", "_kg", "_life_y", "array_w", "life_s"))
        }
        told = {float(each) for each in named}
        assert not [name for name, value in direct.items() if value and value not in told]
        assert 0 < len(named) <= 30


@pytest.mark.parametrize(
    "column",
    ["modelled_usd", "check_usd", "error_fraction", "check_error_fraction", "derived_fraction"],
)
def test_a_filed_line_is_reckoned_from_drivers_with_kind_and_source(
    client: httpx.Client, column: str
) -> None:
    rows = {key: row for key, row in keys(client, "calibration") if row[column] is not None}
    assert rows
    for key, row in rows.items():
        body = said(client, "calibration", key, column)
        parts, terms = body["reckoning"]["parts"], body["reckoning"]["terms"]
        amounts = [worked_out(p["formula"], p["terms"]) for p in parts if "times" in p["terms"]]
        drivers = [part for part in parts if "kind" in part["terms"]]

        for part in drivers:
            told = [v for name, v in part["terms"].items() if name not in ("kind", "source")]
            assert sum(told) / len(told) == pytest.approx(part["value"], rel=1e-12)
            assert part["terms"]["kind"] in ("filed", "derived", "independent")
            assert part["terms"]["source"]
        found = sum(amounts)
        if "error_fraction" in column:
            found = found / terms["filed_usd"] - 1
        if column == "derived_fraction":
            found /= terms["modelled_usd"]
        assert found == pytest.approx(row[column], rel=1e-9, abs=1e-12)
        if terms:
            again = worked_out(body["reckoning"]["formula"], terms)
            assert again == pytest.approx(row[column], rel=1e-9, abs=1e-12)


def test_a_figure_of_a_filing_names_the_filing(client: httpx.Client) -> None:
    for key, row in keys(client, "calibration"):
        (part,) = said(client, "calibration", key, "filed_usd")["reckoning"]["parts"]

        assert part["value"] == row["filed_usd"]
        assert part["terms"]["filing"]


@pytest.mark.parametrize(
    "column",
    [
        "price_usd",
        "value_usd",
        "sum_of_parts_usd",
        "economic_fraction",
        "voting_fraction",
        "look_through_fraction",
    ],
)
def test_a_holding_is_reckoned_from_shares_votes_and_prices(
    client: httpx.Client, column: str
) -> None:
    rows = {key: row for key, row in keys(client, "ownership") if row[column] is not None}
    assert any(row[column] for row in rows.values())
    for key, row in rows.items():
        reckoning = said(client, "ownership", key, column)["reckoning"]
        parts, terms = reckoning["parts"], reckoning["terms"]

        total = sum(part["value"] for part in parts)
        if column == "sum_of_parts_usd":
            found = total * terms["shares_count"] / terms["company_issued_count"]
        elif terms:
            found = worked_out(
                reckoning["formula"].removesuffix(", as it was last observed"), terms
            )
        else:
            found = summed({"reckoning": reckoning})
        assert found == pytest.approx(row[column], rel=1e-9, abs=MICRO if "usd" in column else 0)
        if column == "economic_fraction":
            assert total == terms["company_issued_count"]
        if column == "voting_fraction":
            assert total == terms["company_votes_count"]


def test_what_is_held_through_companies_is_part_of_the_answer(client: httpx.Client) -> None:
    rows = dict(keys(client, "ownership"))
    indirect = [key for key, row in rows.items() if row["share_class"] == "indirect"]

    bodies = [said(client, "ownership", key, "look_through_fraction") for key in indirect]

    assert bodies
    for body in bodies:
        assert body["reckoning"]["parts"]
        assert summed(body) == pytest.approx(body["value"], rel=1e-9)
