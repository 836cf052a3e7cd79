"""How each item stands at an instant: what it runs at in a year, and what is still to come of it.

Exact integers, rounded down once; nothing here is part of the state.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import msgspec

from twin.business.items import contract_item
from twin.business.ledger import Ledger
from twin.business.revenue import BOOK_MAX_MICRO_USD, B, Revenue
from twin.business.terms import MONTH_MS, MONTHS_PER_Y, NOBODY_MAY, YEAR_MS, Contract, Customers
from twin.units import MS_PER_H, NS_PER_MS, PPM

NOTICE_NS: Final = 90 * 24 * MS_PER_H * NS_PER_MS
TRAILING_MIN_MS: Final = 90 * 24 * MS_PER_H
H_PER_Y: Final = YEAR_MS // MS_PER_H


class Standing(msgspec.Struct, frozen=True):
    """One item at an instant, in micro-dollars.

    ``customers_count`` are customers, or one for a contract that runs. ``unit_price`` is of a
    customer-month, an accelerator-hour, a million output tokens or a launch; null for a sum over a
    term. ``terminable_per_y`` is the part of ``run_rate_per_y`` that 90 days' notice may end.
    """

    customers_count: int = 0
    unit_price: int | None = None
    run_rate_per_y: int = 0
    backlog: int = 0
    terminable_per_y: int = 0


def standings(ledger: Ledger, flows: Revenue, *, at_ns: int) -> tuple[Standing, ...]:
    """Every item in the order of the book; the elimination takes back what the group sells itself.

    Launches run at the rate of all since the beginning, over ninety days at least.
    """
    contracts = {contract_item(name): each for name, each in ledger.contracts.items()}
    customers = {f"customers/{name}": each for name, each in ledger.customers.items()}
    rows = dict(zip(flows.item_ids, flows.book.tolist(), strict=True))
    found, inside_per_y = [], 0
    for item in ledger.items.items:
        row = rows.get(item.item_id, [0] * len(B))
        if item.item_id in contracts:
            contract = contracts[item.item_id]
            standing = _of_contract(contract, flows, row, at_ns)
            inside_per_y += standing.run_rate_per_y if contract.buyer_segment else 0
        elif item.item_id in customers:
            standing = _of_customers(customers[item.item_id])
        elif item.item_id.startswith("tokens/"):
            price = ledger.prices.get(f"{item.item_id.removeprefix('tokens/')}.output")
            standing = Standing(
                unit_price=price.value_micro if price else None,
                run_rate_per_y=_extrapolated(row[B.GROSS], flows.interval_ms),
            )
        elif item.item_id.startswith("launch/"):
            standing = Standing(run_rate_per_y=_trailing(row, flows))
        else:
            standing = Standing(run_rate_per_y=-inside_per_y)
        found.append(standing)
    return tuple(found)


def backlog_micro_usd(contract: Contract, *, launches_count: int, at_ns: int) -> int:
    """What remains to be performed of an enforceable agreement.

    Where either side may leave on notice, only that long; orders of the government count to their
    end, as filings count them, although it may leave at once. Tokens are billed as delivered, and
    what the group sells to itself is no backlog.
    """
    if contract.buyer_segment or contract.price_unit == "mtok" or contract.ends_ns <= at_ns:
        return 0
    if contract.price_unit == "launch":
        return contract.price_micro_usd * max(0, contract.quantity - launches_count)
    is_state = contract.counterparty == "us-government"
    until_ns = contract.ends_ns if is_state else contract.earliest_end_ns(at_ns)
    due_ppm_ms = _due_ppm_ms(contract, max(at_ns, contract.starts_ns), until_ns)
    due = contract.price_micro_usd * due_ppm_ms
    match contract.price_unit:
        case "accelerator_h":
            return due * contract.quantity // (PPM * MS_PER_H)
        case "total":
            return due // (PPM * _term_ms(contract))
        case _:
            return due // (PPM * MONTH_MS)


def _of_contract(contract: Contract, flows: Revenue, row: list[int], at_ns: int) -> Standing:
    is_running = contract.starts_ns <= at_ns < contract.ends_ns
    run_rate = _run_rate(contract, flows, row, at_ns) if is_running else 0
    leaves_ns = max(at_ns, contract.notice_from_ns) + contract.notice_ns
    may_leave = contract.notice_ns != NOBODY_MAY and leaves_ns <= at_ns + NOTICE_NS
    return Standing(
        customers_count=int(is_running),
        unit_price=_unit_price(contract),
        run_rate_per_y=run_rate,
        backlog=backlog_micro_usd(contract, launches_count=_launches(contract, row), at_ns=at_ns),
        terminable_per_y=run_rate if may_leave else 0,
    )


def _of_customers(customers: Customers) -> Standing:
    count = customers.customers_count
    return Standing(
        customers_count=count,
        unit_price=customers.arpu_micro_usd,
        run_rate_per_y=customers.micro_usd_per_y,
    )


def _run_rate(contract: Contract, flows: Revenue, row: list[int], at_ns: int) -> int:
    price, work = contract.price_micro_usd, row[B.DELIVERED]
    match contract.price_unit:
        case "launch":
            return _trailing(row, flows)
        case "mtok":
            return _extrapolated(row[B.GROSS], flows.interval_ms)
        case "accelerator_h":
            return price * H_PER_Y * work // max(1, flows.interval_ms)
        case "total":
            per_y = price * YEAR_MS // _term_ms(contract)
        case _:
            per_y = price * MONTHS_PER_Y
    if contract.is_by_share:
        return per_y * work // max(1, contract.quantity * flows.interval_ms)
    return per_y * contract.share_ppm(at_ns) // PPM


def _unit_price(contract: Contract) -> int | None:
    """An hour of an accelerator where it is paid by those."""
    price = contract.price_micro_usd
    match contract.price_unit:
        case "month" if contract.is_by_share:
            return contract.accelerator_h_micro_usd
        case "total":
            return None
        case _:
            return price


def _launches(contract: Contract, row: list[int]) -> int:
    return row[B.TOTAL_DELIVERED] if contract.price_unit == "launch" else 0


def _trailing(row: list[int], flows: Revenue) -> int:
    return _extrapolated(row[B.TOTAL_GROSS], max(flows.elapsed_ms, TRAILING_MIN_MS))


def _extrapolated(gross: int, interval_ms: int) -> int:
    """Over a year, and no more than is ever booked."""
    return min(BOOK_MAX_MICRO_USD, gross * YEAR_MS // max(1, interval_ms))


def _due_ppm_ms(contract: Contract, from_ns: int, to_ns: int) -> int:
    """Milliseconds times the share of the price due in each."""
    cuts = [s.from_ns for s in contract.ramp if from_ns < s.from_ns < to_ns]
    edges = [from_ns, *cuts, to_ns] if to_ns > from_ns else []
    return sum(
        contract.share_ppm(first) * ((last - first) // NS_PER_MS) for first, last in pairwise(edges)
    )


def _term_ms(contract: Contract) -> int:
    return max(1, (contract.term_ends_ns - contract.starts_ns) // NS_PER_MS)
