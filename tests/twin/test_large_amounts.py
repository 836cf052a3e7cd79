"""No amount that an event may carry stops the fold, the snapshot or a table."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twin.telling import agreed, refusals, shown, told, whole_numbers_fit
from twin.events import (
    AssumptionSet,
    ContractSigned,
    DemandObserved,
    DemandRow,
    PriceSet,
    SharesIssued,
    SharesSplit,
)
from twin.fields import QUANTITY_MAX, Usd

MOST = QUANTITY_MAX


@pytest.mark.parametrize(
    "facts",
    [
        (agreed(promised_qty=MOST),),
        tuple(agreed(commitment_id=f"many-{n}", promised_qty=MOST) for n in range(500)),
        (
            DemandObserved(
                tuple(
                    DemandRow("grok", "orbit", "accelerator_count", MOST, MOST, MOST, MOST)
                    for _ in range(1_000)
                )
            ),
            PriceSet("grok.output", Usd(1_000), "usd_per_mtok", "2029-01-01"),
        ),
        *(
            (AssumptionSet(name, 1e300, "count", "2029-01-01", "me", "assumed"),)
            for name in (
                "sensing.satellite-revisits_count_per_d",
                "service-level.at-risk.horizon_s",
                "compute.training_efficiency_fraction",
                "site.c1-h100.electricity_usd_per_mwh",
                "contract.prepaid_fraction",
                "launch.falcon9.lift_kg",
            )
        ),
    ],
)
def test_the_largest_amounts_are_folded_kept_and_shown(facts) -> None:
    step = told(3, *facts)

    assert refusals(step) == []
    assert whole_numbers_fit(shown(step, 3))


def test_a_larger_quantity_is_refused_with_its_bound() -> None:
    (reason,) = refusals(told(3, agreed(promised_qty=MOST + 1)))

    assert "promised_qty" in reason
    assert str(MOST) in reason


def contract(contract_id: str = "b", **more: Any) -> ContractSigned:
    terms: dict[str, Any] = {
        "customer": "Z",
        "counterparty": "enterprise",
        "reporting_segment": "AI",
        "line": "compute_contracts",
        "price_usd": Usd(1_000_000),
        "price_unit": "month",
        "starts_at": "2026-01-01T00:00:00Z",
        "ends_at": "2090-01-01T00:00:00Z",
    }
    return ContractSigned(contract_id=contract_id, **terms | more)


@pytest.mark.parametrize(
    ("facts", "hint"),
    [
        ((contract(price_usd=Usd(10**12)),), "in all, or a year"),
        (
            (contract(price_unit="total", price_usd=Usd(10**9), ends_at="2026-01-01T00:01:00Z"),),
            "in all, or a year",
        ),
        (
            (
                contract(
                    price_unit="launch",
                    line="launch_services",
                    quantity=10**9,
                    reporting_segment="Space",
                ),
            ),
            "in all, or a year",
        ),
        (tuple(contract(f"c-{n}", price_usd=Usd(10**9)) for n in range(6)), "in all"),
        ((SharesIssued("SpaceX", "A", "h", 10**24, is_option=True),), "options of SpaceX"),
        (
            (
                SharesIssued("SpaceX", "A", "h", 10**14, is_option=True),
                SharesSplit("SpaceX", 1_000),
            ),
            "options of SpaceX",
        ),
        (
            tuple(agreed(commitment_id=f"worth-{n}", value_usd=Usd(10**12)) for n in range(4)),
            "promises worth",
        ),
    ],
)
def test_more_money_and_shares_than_tables_keep_are_refused(facts, hint) -> None:
    step = told(3, *facts)

    (reason,) = refusals(step)
    assert hint in reason
    assert "at most" in reason
    assert whole_numbers_fit(shown(step, 3))
