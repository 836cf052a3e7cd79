"""What money accrues on: one item a contract, a body of customers, a price of tokens, a launcher.

Items and their pieces of time are arrays, prepared when a fact changed; a tick only runs over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np

from twin.arrays import IntArray, frozen
from twin.business.lines import (
    ELIMINATION,
    ELIMINATIONS,
    REPORTING_SEGMENTS,
    counterparty_of,
)
from twin.business.terms import FOR_EVER_NS, MONTH_MS, Contract, Customers, Price
from twin.events import Basis
from twin.units import MS_PER_H, NS_PER_MS, PPM

NO_NEED: Final = -1


class Mode(IntEnum):
    """How an item accrues."""

    LUMP = 0  # only what is booked at once
    TIME = 1  # evenly
    SHARE = 2  # evenly, in proportion to what is delivered of the quantity
    ACCELERATOR_H = 3  # by what is delivered
    TOKENS = 4  # by what is served


class A(IntEnum):
    """Columns of ``Items.columns``, one row an item."""

    SEGMENT = 0  # place in REPORTING_SEGMENTS, after the last for the elimination
    MODE = 1
    NEED = 2  # place in need_ids, −1 for none
    QUANTITY = 3
    PERIOD_MS = 4  # of a price; for tokens the million that a price is for
    INPUT_MICRO_USD = 5  # for a million tokens
    OUTPUT_MICRO_USD = 6
    BUYER = 7  # place in REPORTING_SEGMENTS, −1 where the buyer is no part of the group


class T(IntEnum):
    """Columns of ``Items.pieces``: an item's price holds over a piece of time."""

    ITEM = 0
    FROM_MS = 1
    TO_MS = 2
    PRICE_MICRO_USD = 3  # for each period of the item
    QUANTITY = 4  # the most that is paid for


class Item(msgspec.Struct, frozen=True):
    """What an item is called in the accounts."""

    item_id: str
    reporting_segment: str
    line: str
    counterparty: str
    basis: Basis = "derived"


class Items(msgspec.Struct, frozen=True, eq=False):
    """Every item by id, the elimination last, with the arrays that a tick runs over."""

    items: tuple[Item, ...] = ()
    ids: tuple[str, ...] = ()
    columns: IntArray = frozen(np.zeros((0, len(A)), np.int64))
    pieces: IntArray = frozen(np.zeros((0, len(T)), np.int64))
    need_ids: tuple[str, ...] = ()
    places: Mapping[str, int] = msgspec.field(default_factory=dict)


class _Draft(msgspec.Struct, frozen=True):
    """An item before its place is known; pieces are (from, to, price, quantity)."""

    item: Item
    mode: Mode = Mode.LUMP
    need_id: str = ""
    quantity: int = 0
    period_ms: int = 1
    input_micro_usd: int = 0
    output_micro_usd: int = 0
    buyer: str = ""
    pieces: tuple[tuple[int, int, int, int], ...] = ()


def items_of(
    contracts: Mapping[str, Contract],
    customers: Mapping[str, Customers],
    prices: Mapping[str, Price],
) -> Items:
    """The items that these facts make, and two more for launches without a contract."""
    by_token = [c for c in contracts.values() if c.price_unit == "mtok"]
    drafts = [
        *(_of_contract(contract) for contract in contracts.values()),
        *(_of_customers(key, each) for key, each in customers.items()),
        *_of_prices(prices, by_token),
        *(_of_launches(payer) for payer in ("enterprise", "us-government")),
    ]
    drafts.sort(key=lambda draft: draft.item.item_id)
    drafts.append(_Draft(Item(ELIMINATION, ELIMINATIONS, ELIMINATION, "group")))
    needs = sorted({draft.need_id for draft in drafts if draft.need_id})
    columns = [_columns(draft, needs) for draft in drafts]
    pieces = [(i, *piece) for i, draft in enumerate(drafts) for piece in draft.pieces]
    return Items(
        items=tuple(draft.item for draft in drafts),
        ids=tuple(draft.item.item_id for draft in drafts),
        columns=_array(columns, len(A)),
        pieces=_array(pieces, len(T)),
        need_ids=tuple(needs),
        places={draft.item.item_id: i for i, draft in enumerate(drafts)},
    )


def contract_item(contract_id: str) -> str:
    """The id of a contract's item."""
    return f"contract/{contract_id}"


def launch_item(customer: str) -> str:
    """The id of the item that launches of a customer without a launch contract are booked on."""
    return f"launch/{counterparty_of(customer)}"


def compute_need(contract_id: str) -> str:
    """The id of the need that a contract paid by accelerators has."""
    return f"contract/{contract_id}"


def token_need(service: str) -> str:
    """The id of the need whose tokens a price is for."""
    return f"service/{service}"


def _of_contract(contract: Contract) -> _Draft:
    item = Item(
        contract_item(contract.contract_id),
        contract.reporting_segment,
        contract.line,
        contract.counterparty,
        contract.basis,
    )
    buyer = contract.buyer_segment
    match contract.price_unit:
        case "launch":
            return _Draft(item, buyer=buyer)
        case "mtok":
            price = contract.price_micro_usd
            return _Draft(
                item,
                Mode.TOKENS,
                token_need(contract.resource),
                period_ms=PPM,
                input_micro_usd=price,
                output_micro_usd=price,
                buyer=buyer,
                pieces=_pieces(contract),
            )
        case "accelerator_h":
            mode, period_ms = Mode.ACCELERATOR_H, MS_PER_H
        case "total":
            mode = Mode.SHARE if contract.is_by_share else Mode.TIME
            period_ms = max(1, _ms(contract.term_ends_ns) - _ms(contract.starts_ns))
        case "month":
            mode, period_ms = (Mode.SHARE if contract.is_by_share else Mode.TIME), MONTH_MS
    need = compute_need(contract.contract_id) if contract.is_by_share else ""
    return _Draft(
        item, mode, need, contract.quantity, period_ms, buyer=buyer, pieces=_pieces(contract)
    )


def _pieces(contract: Contract) -> tuple[tuple[int, int, int, int], ...]:
    """From start to end, cut where the ramp steps; a share of the price or of the quantity."""
    cuts = (
        contract.starts_ns,
        *(s.from_ns for s in contract.ramp if contract.starts_ns < s.from_ns < contract.ends_ns),
        contract.ends_ns,
    )
    found = []
    for from_ns, to_ns in pairwise(cuts):
        share_ppm = contract.share_ppm(from_ns)
        quantity = contract.quantity * share_ppm // PPM
        # What is paid by delivery costs the same for each accelerator, however far the ramp is.
        price = contract.price_micro_usd
        price = price if contract.is_by_share else price * share_ppm // PPM
        found.append((_ms(from_ns), _ms(to_ns), price, quantity))
    return tuple(found)


def _of_customers(key: str, customers: Customers) -> _Draft:
    return _Draft(
        Item(
            f"customers/{key}",
            customers.reporting_segment,
            customers.line,
            customers.counterparty,
            customers.basis,
        ),
        Mode.TIME,
        quantity=customers.customers_count,
        period_ms=MONTH_MS,
        pieces=((0, _ms(FOR_EVER_NS), customers.customers_count * customers.arpu_micro_usd, 0),),
    )


def _of_prices(prices: Mapping[str, Price], by_token: Iterable[Contract]) -> Iterator[_Draft]:
    """Tokens at the list price, while no contract is for the tokens of the service."""
    services = {name.rsplit(".", 1)[0] for name in prices if name.endswith((".input", ".output"))}
    for service in services:
        billed_ppm = billed_ppm_of(prices, service)

        def price(direction: str, service: str = service, billed_ppm: int = billed_ppm) -> int:
            found = prices.get(f"{service}.{direction}")
            return found.value_micro * billed_ppm // PPM if found else 0

        payer = "us-government" if service.endswith("-gov") else "enterprise"
        yield _Draft(
            Item(f"tokens/{service}", "AI", "api_tokens", payer, _basis(prices, service)),
            Mode.TOKENS,
            token_need(service),
            period_ms=PPM,
            input_micro_usd=price("input"),
            output_micro_usd=price("output"),
            pieces=tuple(_between([c for c in by_token if c.resource == service])),
        )


def billed_ppm_of(prices: Mapping[str, Price], service: str) -> int:
    """Of the tokens of a service that are served, those that somebody pays, in millionths."""
    billed = prices.get(f"{service}.billed")
    return PPM if billed is None else billed.value_micro


def _between(contracts: Iterable[Contract]) -> Iterator[tuple[int, int, int, int]]:
    """The time that no contract for the tokens covers."""
    from_ms = 0
    for contract in sorted(contracts, key=lambda contract: contract.starts_ns):
        if from_ms < (until_ms := _ms(contract.starts_ns)):
            yield from_ms, until_ms, 0, 0
        from_ms = max(from_ms, _ms(contract.ends_ns))
    yield from_ms, _ms(FOR_EVER_NS), 0, 0


def _basis(prices: Mapping[str, Price], service: str) -> Basis:
    bases = {price.basis for name, price in prices.items() if name.rsplit(".", 1)[0] == service}
    return "assumed" if "assumed" in bases else "derived"


def _of_launches(payer: str) -> _Draft:
    return _Draft(Item(f"launch/{payer}", "Space", "launch_services", payer))


def _columns(draft: _Draft, needs: list[str]) -> list[int]:
    row = [0] * len(A)
    segments: list[str] = [*REPORTING_SEGMENTS, ELIMINATIONS]
    row[A.SEGMENT] = segments.index(draft.item.reporting_segment)
    row[A.MODE] = draft.mode
    row[A.NEED] = needs.index(draft.need_id) if draft.need_id else NO_NEED
    row[A.QUANTITY] = draft.quantity
    row[A.PERIOD_MS] = draft.period_ms
    row[A.INPUT_MICRO_USD] = draft.input_micro_usd
    row[A.OUTPUT_MICRO_USD] = draft.output_micro_usd
    row[A.BUYER] = segments.index(draft.buyer) if draft.buyer else -1
    return row


def _array(rows: Iterable[Iterable[int]], width: int) -> IntArray:
    array: IntArray = np.array([[*row] for row in rows], dtype=np.int64).reshape(-1, width)
    return frozen(array)


def _ms(instant_ns: int) -> int:
    return instant_ns // NS_PER_MS
