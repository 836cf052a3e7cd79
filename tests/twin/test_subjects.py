"""What an event is about, so that a figure finds the facts behind it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from twin.events import (
    AssumptionSet,
    Body,
    ContractTerminated,
    CustomersReported,
    DemandObserved,
    LaunchScheduled,
    PeriodReported,
    PriceSet,
    SharesExchanged,
    SourceLapsed,
    SupplierExited,
    subjects,
)

LAUNCH = LaunchScheduled(
    launch_id="l1",
    vehicle="falcon9",
    site="SLC-40",
    customer="NASA",
    is_internal=False,
    payload_kg=1.0,
    orbit="leo",
    net_at="2029-01-01T00:00:00Z",
    commitment_id="nssl-lane2",
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (ContractTerminated("pleo", "2029-01-01T00:00:00Z", "over"), ("contract/pleo",)),
        (
            CustomersReported("x", "premium", 1, Decimal(8)),
            ("customers/x/premium", "service/x"),
        ),
        (LAUNCH, ("commitment/nssl-lane2", "launch/l1", "segment/falcon9")),
        (
            PriceSet("grok.input", Decimal(2), "usd_per_mtok", "2029-01-01"),
            ("item/grok", "item/grok.input"),
        ),
        (
            PriceSet("part.spacex.xai", Decimal(2), "usd", "2029-01-01"),
            ("item/part.spacex", "item/part.spacex.xai"),
        ),
        (SharesExchanged("xAI", "SpaceX", Decimal(1)), ("company/SpaceX", "company/xAI")),
        (SupplierExited("xAI", "us-government", "ai", 0.0), ("supplier/xAI",)),
        (SourceLapsed("world", 1, "2029-01-01T00:00:00Z"), ("source/world",)),
        (AssumptionSet("x_usd", 1.0, "usd", "2029-01-01", "a person", "assumed"), ()),
        (DemandObserved(()), ()),
    ],
)
def test_an_event_is_about_what_its_fields_name(body: Body, expected: tuple[str, ...]) -> None:
    assert subjects(body) == expected


def test_a_filed_line_is_found_by_its_name() -> None:
    fact = PeriodReported(
        period="fy2025",
        reporting_segment="AI",
        line="ai_solutions",
        amount_usd=Decimal(1),
        filing="S-1",
        starts_at="2025-01-01T00:00:00Z",
        ends_at="2026-01-01T00:00:00Z",
    )

    assert subjects(fact) == ("filed/ai_solutions",)
