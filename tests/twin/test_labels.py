"""Every label has books, promises and services of its own; together they are the group, once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.twin.telling import agreed, granted_qty, past, refusals, told
from twin.business.revenue import B, X
from twin.business.windows import W
from twin.events import (
    Body,
    ContractSigned,
    DemandObserved,
    DemandRow,
    LaunchFlown,
    LaunchScheduled,
    PriceSet,
    ServiceRegistered,
    SiteEnergised,
)
from twin.evolve import Step, evolve
from twin.fields import Usd

HIDDEN = "defense"
PRICE = PriceSet("foo.launch", Usd(1), "usd", "2026-01-01")


def site(segment: str = "c3-x") -> SiteEnergised:
    return SiteEnergised(
        site=segment,
        segment=segment,
        region="north-america",
        model="GB300",
        basis="assumed",
        pools_count=1,
        accelerators_count=10,
        nameplate_w=1e6,
        accelerator_w=1000.0,
        pue_ratio=1.2,
        supply="grid",
        tok_per_s=1.0,
        flop_per_s=1.0,
    )


def launch(price_usd: int = 70_000_000, **more: Any) -> LaunchScheduled:
    given: dict[str, Any] = {
        "launch_id": "L-X",
        "vehicle": "falcon9",
        "site": "slc-40",
        "customer": "Acme",
        "is_internal": False,
        "payload_kg": 100.0,
        "orbit": "LEO",
        "net_at": "2029-01-01T00:00:00Z",
        "price_usd": Usd(price_usd),
    }
    return LaunchScheduled(**given | more)


def flight(outcome: str = "success", launch_id: str = "L-X") -> LaunchFlown:
    return LaunchFlown(launch_id, "", 1, outcome, 0.0, Usd(1))


def totals(step: Step, column: B) -> dict[str, int]:
    return {label: int(flows.book[:, column].sum()) for label, flows in step.twin.revenues.items()}


def costs(step: Step, column: X) -> int:
    return sum(int(flows.expenses[:, column].sum()) for flows in step.twin.revenues.values())


def test_running_costs_are_the_group_s_once_whoever_else_keeps_books() -> None:
    alone = evolve(past()[1][0], past()[2][1])

    both = told(3, PRICE, label=HIDDEN)

    assert sorted(both.twin.revenues) == [HIDDEN, "public"]
    assert costs(alone, X.OPERATING) == costs(both, X.OPERATING) > 0


def test_a_credit_is_booked_where_the_contract_is() -> None:
    credit = agreed(
        contract_id="starlink-enterprise",
        promised_qty=10**8,
        threshold_fraction=1.0,
        value_usd=Usd(10**9),
    )

    step = told(3, credit, label=HIDDEN)

    windows = step.twin.windows[HIDDEN]
    assert refusals(step) == []
    assert windows.rows[0, W.CREDIT_MICRO_USD] > 0
    assert totals(step, B.CREDITS) == {"public": windows.rows[0, W.CREDIT_MICRO_USD]}


@pytest.mark.parametrize("label", ["public", HIDDEN])
def test_a_launch_is_booked_in_the_books_of_its_label(label: str) -> None:
    before = totals(told(3), B.GROSS)

    step = told(3, launch(), flight(), label=label)

    after = totals(step, B.GROSS)
    assert refusals(step) == []
    assert after[label] - before.get(label, 0) == 70_000_000_000_000
    assert sum(after.values()) - sum(before.values()) == 70_000_000_000_000


@pytest.mark.parametrize(("outcome", "earned"), [("success", 70), ("partial", 70), ("failure", 0)])
def test_a_launch_that_failed_is_not_paid(outcome: str, earned: int) -> None:
    before = totals(told(3), B.GROSS)["public"]

    step = told(3, launch(), flight(outcome))

    assert totals(step, B.GROSS)["public"] - before == earned * 10**12


def test_every_launch_of_a_tick_is_paid_however_many_there_are() -> None:
    names = [f"L-{n}" for n in range(300)]
    facts: list[Body] = [launch(1, launch_id=name) for name in names]
    facts += [flight(launch_id=name) for name in names]

    step = told(3, *facts)

    assert refusals(step) == []
    assert totals(step, B.GROSS)["public"] - totals(told(3), B.GROSS)["public"] == 300 * 10**6


def test_promises_of_two_labels_with_one_name_are_two() -> None:
    mine = agreed(promised_qty=100)
    theirs = agreed(promised_qty=50)
    first = told(3, mine)

    second = told(4, theirs, label=HIDDEN, twin=first.twin)

    assert granted_qty(second.twin.market, "commitment/zz") == 150
    allocated = {
        label: int(each.rows[each.ids.index("zz"), W.ALLOCATED_QTY])
        for label, each in second.twin.windows.items()
        if "zz" in each.ids
    }
    assert allocated == {"public": 100, HIDDEN: 50}


def test_contracts_and_services_of_two_labels_with_one_name_are_two() -> None:
    contract = ContractSigned(
        contract_id="b",
        customer="Z",
        counterparty="enterprise",
        reporting_segment="AI",
        line="compute_contracts",
        price_usd=Usd(730),
        price_unit="month",
        starts_at="2026-01-01T00:00:00Z",
        ends_at="2032-01-01T00:00:00Z",
        quantity=10,
        resource="accelerator_count",
    )
    grok = ServiceRegistered("grok", "accelerator_count", ("c1-h100",), 3)
    asked = DemandObserved((DemandRow("grok", "orbit", "accelerator_count", 7, 1, 10, 10),))
    first = told(3, contract)

    second = told(4, contract, grok, asked, label=HIDDEN, twin=first.twin)

    market = second.twin.market
    assert refusals(second) == []
    rows = [market.places[label, "contract/b"] for label in ("public", HIDDEN)]
    granted = market.granted_qty[rows].sum(axis=1)
    assert granted[0] == granted[1] > 0
    theirs = market.places[HIDDEN, "service/grok"]
    assert (market.wanted_qty[theirs], market.granted_qty[theirs].sum()) == (7, 7)
    before = told(4, twin=first.twin).twin.market
    mine = market.places["public", "service/grok"]
    assert market.asked_qty[mine] == before.asked_qty[before.places["public", "service/grok"]]
    earned = [
        int(each.book[each.item_ids.index("contract/b"), B.GROSS])
        for each in second.twin.revenues.values()
    ]
    assert earned == pytest.approx([int(count) * 10**6 / 600 for count in granted], abs=1)


def test_a_site_that_is_alone_in_its_label_pays_for_its_power() -> None:
    step = told(3, site(), label=HIDDEN)

    assert HIDDEN in step.twin.revenues
    assert step.twin.bills[HIDDEN].carry.shape == (1,)


def test_the_energy_of_a_tick_is_paid_when_a_segment_joins_in_it() -> None:
    usual, joined = told(3), told(3, site())

    assert refusals(joined) == []
    assert costs(joined, X.ENERGY) == costs(usual, X.ENERGY) > 0
    carried = joined.twin.bills["public"].carry
    keys = joined.twin.fleets["public"].keys
    assert np.array_equal(np.delete(carried, keys.index("c3-x")), usual.twin.bills["public"].carry)
