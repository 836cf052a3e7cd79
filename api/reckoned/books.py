"""What an item of the books booked in a tick: its formula, and what goes into it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from api.reckoned.part import Part, part
from streams.store.queries import RowDict
from twin.business.items import NO_NEED, A, Item, Mode, billed_ppm_of
from twin.business.revenue import B
from twin.fold.earning import tokens_served
from twin.state import Twin
from twin.units import NS_PER_MS, PPM, dollars

_MODES: Final[Mapping[int, str]] = {
    Mode.LUMP: "Σ price_usd of launches that flew in the tick and did not fail",
    Mode.TIME: "price_usd × elapsed_ms / period_ms",
    Mode.SHARE: (
        "price_usd × whole_ms / period_ms, where whole_ms = (delivered_accelerator_ms +"
        " carried_accelerator_ms) / quantity, rounded down"
    ),
    Mode.ACCELERATOR_H: "price_usd × delivered_accelerator_ms / period_ms",
    Mode.TOKENS: (
        "(input_tok × input_usd_per_mtok + output_tok × output_usd_per_mtok) / 1,000,000, where"
        " each of the two prices is that of the list × billed_fraction: of all tokens served,"
        " those that somebody pays"
    ),
}


def booked(twin: Twin, row: RowDict, items: Iterable[Item]) -> Iterator[Part]:
    """What items of the books booked in the tick, and of what."""
    return (_item(twin, row, item) for item in items)


def _item(twin: Twin, row: RowDict, item: Item) -> Part:
    ledger, flows = twin.ledgers[row["label"]], twin.revenues[row["label"]]
    place = ledger.items.places[item.item_id]
    columns, book = ledger.items.columns[place].tolist(), flows.book[place].tolist()
    mode = columns[A.MODE]
    terms: dict[str, Any] = {}
    if mode == Mode.TOKENS:
        terms |= _token_terms(twin, place, row["label"], columns)
        terms |= _list_terms(twin, row["label"], item)
    elif mode == Mode.LUMP:
        terms["launches"] = ", ".join(_launches(twin, item))
        terms["launches_count"] = book[B.DELIVERED]
    else:
        terms |= _time_terms(twin, place, row["label"], columns)
    if mode in (Mode.SHARE, Mode.ACCELERATOR_H):
        terms["delivered_accelerator_ms"] = book[B.DELIVERED]
    if mode == Mode.SHARE:
        terms |= _share_terms(book, columns, price=_price(twin, place, row["label"])[0])
    kind, _, name = item.item_id.partition("/")
    if kind == "customers":
        told = ledger.customers[name]
        terms |= {
            "customers_count": told.customers_count,
            "usd_per_customer_month": dollars(told.arpu_micro_usd),
        }
    return part(item.item_id, _MODES[mode], terms, dollars(book[B.GROSS]))


def _share_terms(book: list[int], columns: list[int], *, price: int) -> dict[str, Any]:
    """Whole milliseconds of the whole contract, and what of them came from earlier ticks."""
    quantity = columns[A.QUANTITY]
    # What is carried of a micro-dollar is nothing beside the price of a millisecond.
    whole_ms = round(book[B.GROSS] * columns[A.PERIOD_MS] / price) if price else 0
    carried = whole_ms * quantity + book[B.SHARE_CARRY] - book[B.DELIVERED]
    return {"quantity": quantity, "whole_ms": whole_ms, "carried_accelerator_ms": carried}


def _time_terms(twin: Twin, place: int, label: str, columns: list[int]) -> dict[str, Any]:
    """The price that held in the tick, for how long of it, and for which period it is."""
    price, elapsed_ms = _price(twin, place, label)
    return {
        "price_usd": dollars(price),
        "elapsed_ms": elapsed_ms,
        "period_ms": columns[A.PERIOD_MS],
    }


def _price(twin: Twin, place: int, label: str) -> tuple[int, int]:
    """The price of an item in the tick, and for how long of it; the last of several."""
    start_ms, tick_ms = twin.start_ns // NS_PER_MS, twin.tick_ns // NS_PER_MS
    pieces = [each for each in twin.ledgers[label].items.pieces.tolist() if each[0] == place]
    held = [(p, min(tick_ms, p[2]) - max(start_ms, p[1])) for p in pieces]
    running = [(p[3], elapsed_ms) for p, elapsed_ms in held if elapsed_ms > 0]
    return running[-1] if running else (0, 0)


def _token_terms(twin: Twin, place: int, label: str, columns: list[int]) -> dict[str, Any]:
    """Tokens served while the item's prices held, and these prices."""
    need = columns[A.NEED]
    served = [0, 0]
    if need != NO_NEED:
        served = tokens_served(twin)[twin.market.ledger_rows[label]][need].tolist()
    # A contract that covers the tick in part has its part of the tokens.
    elapsed_ms, tick_ms = _price(twin, place, label)[1], (twin.tick_ns - twin.start_ns) // NS_PER_MS
    served = [count * elapsed_ms // tick_ms for count in served]
    return {
        "input_tok": served[0],
        "input_usd_per_mtok": dollars(columns[A.INPUT_MICRO_USD]),
        "output_tok": served[1],
        "output_usd_per_mtok": dollars(columns[A.OUTPUT_MICRO_USD]),
    }


def _list_terms(twin: Twin, label: str, item: Item) -> dict[str, Any]:
    """The prices of the list and the share that is billed; of a contract, what it says itself."""
    ledger = twin.ledgers[label]
    kind, _, name = item.item_id.partition("/")
    if kind == "contract":
        price = dollars(ledger.contracts[name].price_micro_usd)
        prices = {"list_input_usd_per_mtok": price, "list_output_usd_per_mtok": price}
        return {**prices, "billed_fraction": 1.0}
    found = {way: ledger.prices.get(f"{name}.{way}") for way in ("input", "output")}
    return {
        f"list_{way}_usd_per_mtok": dollars(price.value_micro if price is not None else 0)
        for way, price in found.items()
    } | {"billed_fraction": billed_ppm_of(ledger.prices, name) / PPM}


def _launches(twin: Twin, item: Item) -> Iterator[str]:
    """Launches of the tick that were booked on an item, with their prices."""
    for label, book in twin.launches.items():
        ledger = twin.ledgers[label]
        for flown in book.recent:
            planned = flown.planned
            is_paid = not planned.is_internal and flown.outcome != "failure"
            is_now = twin.start_ns <= flown.flown_ns < twin.tick_ns
            place = ledger.launch_place(planned.customer)
            if is_paid and is_now and ledger.items.ids[place] == item.item_id:
                yield f"{planned.launch_id} at {dollars(planned.price_micro_usd)}"
