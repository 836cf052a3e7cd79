"""How each item stands at an instant: what it runs at in a year, and what is still to come of it.

Exact integers, rounded down once; nothing here is part of the state.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, Literal

import msgspec

from twin.business.items import contract_item
from twin.business.ledger import Ledger
from twin.business.revenue import BOOK_MAX_MICRO_USD, B, Revenue
from twin.business.terms import MONTH_MS, MONTHS_PER_Y, NOBODY_MAY, YEAR_MS, Contract, Customers
from twin.units import MS_PER_H, NS_PER_MS, PPM

NOTICE_NS: Final = 90 * 24 * MS_PER_H * NS_PER_MS
TRAILING_MIN_MS: Final = 90 * 24 * MS_PER_H
H_PER_Y: Final = YEAR_MS // MS_PER_H


Rule = Literal["customers", "term", "share", "accelerator_h", "tick", "so_far", "inside"]
"""What a run rate goes by: see ``Rate``."""


class Rate(msgspec.Struct, frozen=True):
    """What an item comes to in a year, in micro-dollars: an amount, so many times, over so many.

    By ``customers``: the price of a month, times customers and months. ``term``: the price of a
    year, times the share that is due in millionths. ``share``: the price of a year, times
    accelerator-milliseconds, over those of the whole ``quantity`` in the tick. ``accelerator_h``:
    the price of an accelerator for a year, times accelerator-milliseconds, over the tick. ``tick``
    and ``so_far``: what was earned, times a year, over the time it took. ``inside``: what the group
    pays itself.
    """

    rule: Rule
    amount_micro_usd: int = 0
    times: int = 1
    over: int = 1
    quantity: int = 1

    @property
    def micro_usd_per_y(self) -> int:
        """Rounded down, and no more than is ever booked."""
        in_a_year = self.amount_micro_usd * self.times // (self.over * self.quantity)
        return min(BOOK_MAX_MICRO_USD, in_a_year)


class Left(msgspec.Struct, frozen=True):
    """What remains to be performed: a price, so many times, for what is left over its period.

    ``count`` are launches left, or accelerators paid one by one, else 1. ``due_ppm_ms`` is the time
    left in milliseconds, each times the share of the price due in it, in millionths.
    """

    price_micro_usd: int
    count: int
    due_ppm_ms: int
    period_ms: int
    until_ns: int

    @property
    def micro_usd(self) -> int:
        """Rounded down."""
        return self.price_micro_usd * self.count * self.due_ppm_ms // (PPM * self.period_ms)


class Standing(msgspec.Struct, frozen=True):
    """One item at an instant, in micro-dollars.

    ``customers_count`` are customers, or one for a contract that runs. ``unit_price`` is of a
    customer-month, an accelerator-hour, a million output tokens or a launch; null for a sum over a
    term. ``is_terminable`` says that 90 days' notice may end its run rate.
    """

    customers_count: int = 0
    unit_price: int | None = None
    rate: Rate | None = None
    left: Left | None = None
    is_terminable: bool = False

    @property
    def run_rate_per_y(self) -> int:
        """What it comes to in a year."""
        return self.rate.micro_usd_per_y if self.rate is not None else 0

    @property
    def backlog(self) -> int:
        """What is still to come of it."""
        return self.left.micro_usd if self.left is not None else 0

    @property
    def terminable_per_y(self) -> int:
        """The part of ``run_rate_per_y`` that 90 days' notice may end."""
        return self.run_rate_per_y if self.is_terminable else 0


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
                rate=Rate("tick", row[B.GROSS], YEAR_MS, max(1, flows.interval_ms)),
            )
        elif item.item_id.startswith("launch/"):
            standing = Standing(rate=_trailing(row, flows))
        else:
            standing = Standing(rate=Rate("inside", -inside_per_y))
        found.append(standing)
    return tuple(found)


def left_of(contract: Contract, *, launches_count: int, at_ns: int) -> Left | None:
    """What remains to be performed of an enforceable agreement; None for one that has no backlog.

    Where either side may leave on notice, only that long; orders of the government count to their
    end, as filings count them, although it may leave at once. Tokens are billed as delivered, and
    what the group sells to itself is no backlog.
    """
    if contract.buyer_segment or contract.price_unit == "mtok" or contract.ends_ns <= at_ns:
        return None
    price = contract.price_micro_usd
    if contract.price_unit == "launch":
        launches_left_count = max(0, contract.quantity - launches_count)
        return Left(price, launches_left_count, PPM, 1, contract.ends_ns)
    is_state = contract.counterparty == "us-government"
    until_ns = contract.ends_ns if is_state else contract.earliest_end_ns(at_ns)
    due_ppm_ms = _due_ppm_ms(contract, max(at_ns, contract.starts_ns), until_ns)
    match contract.price_unit:
        case "accelerator_h":
            return Left(price, contract.quantity, due_ppm_ms, MS_PER_H, until_ns)
        case "total":
            return Left(price, 1, due_ppm_ms, term_ms(contract), until_ns)
        case _:
            return Left(price, 1, due_ppm_ms, MONTH_MS, until_ns)


def _of_contract(contract: Contract, flows: Revenue, row: list[int], at_ns: int) -> Standing:
    is_running = contract.starts_ns <= at_ns < contract.ends_ns
    leaves_ns = max(at_ns, contract.notice_from_ns) + contract.notice_ns
    may_leave = contract.notice_ns != NOBODY_MAY and leaves_ns <= at_ns + NOTICE_NS
    return Standing(
        customers_count=int(is_running),
        unit_price=_unit_price(contract),
        rate=_rate(contract, flows, row, at_ns) if is_running else None,
        left=left_of(contract, launches_count=_launches(contract, row), at_ns=at_ns),
        is_terminable=may_leave,
    )


def _of_customers(customers: Customers) -> Standing:
    count, arpu = customers.customers_count, customers.arpu_micro_usd
    return Standing(
        customers_count=count,
        unit_price=arpu,
        rate=Rate("customers", arpu, count * MONTHS_PER_Y),
    )


def _rate(contract: Contract, flows: Revenue, row: list[int], at_ns: int) -> Rate:
    price, work = contract.price_micro_usd, row[B.DELIVERED]
    interval_ms = max(1, flows.interval_ms)
    match contract.price_unit:
        case "launch":
            return _trailing(row, flows)
        case "mtok":
            return Rate("tick", row[B.GROSS], YEAR_MS, interval_ms)
        case "accelerator_h":
            return Rate("accelerator_h", price * H_PER_Y, work, interval_ms)
        case "total":
            per_y = price * YEAR_MS // term_ms(contract)
        case _:
            per_y = price * MONTHS_PER_Y
    if contract.is_by_share:
        return Rate("share", per_y, work, interval_ms, contract.quantity)
    return Rate("term", per_y, contract.share_ppm(at_ns), PPM)


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


def _trailing(row: list[int], flows: Revenue) -> Rate:
    span_ms = max(flows.elapsed_ms, TRAILING_MIN_MS)
    return Rate("so_far", row[B.TOTAL_GROSS], YEAR_MS, span_ms)


def _due_ppm_ms(contract: Contract, from_ns: int, to_ns: int) -> int:
    """Milliseconds times the share of the price due in each."""
    cuts = [s.from_ns for s in contract.ramp if from_ns < s.from_ns < to_ns]
    edges = [from_ns, *cuts, to_ns] if to_ns > from_ns else []
    return sum(
        contract.share_ppm(first) * ((last - first) // NS_PER_MS) for first, last in pairwise(edges)
    )


def term_ms(contract: Contract) -> int:
    """The whole term that a total is for."""
    return max(1, (contract.term_ends_ns - contract.starts_ns) // NS_PER_MS)
