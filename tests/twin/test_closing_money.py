"""The money of a tick depends on what was agreed and delivered, and on nothing else."""

from __future__ import annotations

import pytest

from tests.twin.telling import past, refusals, told
from twin.business.revenue import B
from twin.events import AssumptionSet, ContractSigned
from twin.fields import Usd
from twin.units import instant_text

UNRELATED = AssumptionSet("foo.bar_count", 1.0, "count", "2026-01-01", "me", "assumed")


def gross(step, item: str, label: str = "public") -> int:
    flows = step.twin.revenues[label]
    return int(flows.book[flows.item_ids.index(item), B.GROSS])


@pytest.mark.parametrize("is_start", [True, False])
def test_a_fact_that_has_nothing_to_do_with_a_contract_changes_nothing_it_earns(is_start) -> None:
    """At the very tick at whose end it begins or ends."""
    edge = instant_text(past()[3][1].tick_ns)
    contract = ContractSigned(
        contract_id="b",
        customer="Z",
        counterparty="enterprise",
        reporting_segment="AI",
        line="compute_contracts",
        price_usd=Usd(10**9),
        price_unit="month",
        starts_at=edge if is_start else "2026-01-01T00:00:00Z",
        ends_at="2030-01-01T00:00:00Z" if is_start else edge,
        quantity=10,
        resource="accelerator_count",
    )
    third = told(3, contract)

    earned = []
    for facts in ((), (UNRELATED,)):
        fourth = told(4, *facts, twin=third.twin)
        fifth = told(5, *facts, twin=fourth.twin)
        earned.append([gross(each, "contract/b") for each in (fourth, fifth)])

    assert refusals(third) == []
    assert earned[0] == earned[1]
    assert [amount > 0 for amount in earned[0]] == ([False, True] if is_start else [True, False])
