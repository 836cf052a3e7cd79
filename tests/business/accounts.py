"""Builders for the tests of the accounts: a contract with defaults, a ledger of facts, ticks."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from twin.business import ledger as books
from twin.business.ledger import Ledger
from twin.business.revenue import Lump, Revenue, accrued
from twin.events import (
    Body,
    CapitalSpent,
    ContractSigned,
    ContractTerminated,
    CustomersReported,
    DebtChanged,
    PeriodReported,
    PriceObserved,
    PriceSet,
)
from twin.units import parse_instant

S = 1_000_000_000
MINUTE = 60 * S
HOUR = 3600 * S
OPENS_AT = "2026-08-22T00:00:00Z"
OPENS_NS = parse_instant(OPENS_AT)


def signed(contract_id: str = "a", **more) -> ContractSigned:
    """A monthly compute contract of a thousand accelerators, which 90 days' notice ends."""
    terms = {
        "customer": "Anthropic",
        "counterparty": "enterprise",
        "reporting_segment": "AI",
        "line": "compute_contracts",
        "price_usd": Decimal(1_000_000),
        "price_unit": "month",
        "starts_at": "2026-01-01T00:00:00Z",
        "ends_at": "2029-01-01T00:00:00Z",
        "quantity": 1000,
        "resource": "accelerator_count",
        "notice_s": 7_776_000.0,
    }
    return ContractSigned(contract_id=contract_id, **(terms | more))


def backhaul(**more) -> ContractSigned:
    """Connectivity sells to AI."""
    return signed(
        "backhaul",
        **{
            "customer": "xAI",
            "counterparty": "group",
            "reporting_segment": "Connectivity",
            "line": "enterprise",
            "quantity": 0,
            "resource": "",
            "buyer_segment": "AI",
        }
        | more,
    )


def customers(count: int = 1000, arpu: str = "66", **more) -> CustomersReported:
    """Subscribers of Starlink."""
    return CustomersReported(
        **{
            "service": "starlink",
            "market": "subscribers",
            "customers_count": count,
            "arpu_usd_per_month": Decimal(arpu),
        }
        | more
    )


def price(item: str, value: str, unit: str = "usd_per_mtok") -> PriceSet:
    return PriceSet(item, Decimal(value), unit, "2026-08-22")


def told(*facts: Body, ledger: Ledger | None = None, at_ns: int = OPENS_NS) -> Ledger:
    """A ledger after some facts, all effective at one instant."""
    ledger = ledger or Ledger()
    for fact in facts:
        match fact:
            case PriceObserved():
                ledger = books.price_observed(ledger, fact)
            case PriceSet():
                ledger = books.price_set(ledger, fact)
            case CustomersReported():
                ledger = books.customers_reported(ledger, fact)
            case ContractSigned():
                ledger = books.contract_signed(ledger, fact)
            case ContractTerminated():
                ledger = books.contract_terminated(ledger, fact, effective_ns=at_ns)
            case CapitalSpent():
                ledger = books.capital_spent(ledger, fact, effective_ns=at_ns)
            case DebtChanged():
                ledger = books.debt_changed(ledger, fact, effective_ns=at_ns)
            case PeriodReported():
                ledger = books.period_reported(ledger, fact)
            case _:
                raise AssertionError(type(fact).__name__)
    return ledger


def ticked(
    ledger: Ledger,
    flows: Revenue | None = None,
    *,
    start_ns: int = OPENS_NS,
    tick_ns: int = OPENS_NS + MINUTE,
    delivered: dict[str, int] | None = None,
    tokens: dict[str, tuple[int, int]] | None = None,
    lumps: Sequence[Lump] = (),
    energy: tuple[int, int, int] = (0, 0, 0),
    operating: tuple[int, int, int] = (0, 0, 0),
) -> Revenue:
    """One tick; what is delivered and the tokens served are by need, and else nothing."""
    needs = ledger.need_ids
    return accrued(
        ledger,
        flows or Revenue(),
        delivered_qty=np.array([(delivered or {}).get(n, 0) for n in needs], dtype=np.int64),
        tokens=np.array([(tokens or {}).get(n, (0, 0)) for n in needs], dtype=np.int64).reshape(
            -1, 2
        ),
        lumps=lumps,
        energy_micro_usd=np.array(energy, dtype=np.int64),
        operating_micro_usd_per_y=np.array(operating, dtype=np.int64),
        start_ns=start_ns,
        tick_ns=tick_ns,
    )


def booked(ledger: Ledger, flows: Revenue, item_id: str) -> list[int]:
    """The row of an item in the book."""
    return flows.book[ledger.items.places[item_id]].tolist()
