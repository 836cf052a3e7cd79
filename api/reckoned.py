"""How a figure of money is reckoned: its formula, and what goes into it, to be reckoned again.

A part is one item of the books, one promise or one stake; the figure is what the formula makes of
all of them. Whole micro-dollars are booked: a part may be off by one, which is carried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from api.behind import items_of_row, promise_of_row
from streams.store.queries import RowDict
from twin.business.items import NO_NEED, A, Item, Mode
from twin.business.revenue import B
from twin.fold.earning import tokens_served
from twin.state import Twin
from twin.units import NS_PER_MS, NS_PER_S, dollars, instant_text
from twin.views import Column, View
from twin.views.risk import found

Part = dict[str, Any]

_REVENUE: Final[Mapping[str, str]] = {
    "gross_usd": "Σ of the parts",
    "recognised_usd": "gross_usd - credits_usd - intercompany_usd",
    "credits_usd": "what was given back in the tick, for promises that broke",
    "intercompany_usd": "what the group sold to itself; of the elimination alone",
    "delivered_qty": "Σ of what the parts delivered in the tick, in the unit of their price",
    "customers_count": "Σ of customers_count of the parts; a contract that runs counts one",
    "unit_price_usd": "that of the parts, if all have the same",
    "run_rate_usd_per_y": (
        "Σ of the parts, by the price: for a year of twelve months of 730 h; what is paid as"
        " delivered, at the pace of the tick; launches, of all so far, over 90 days at least"
    ),
    "operating_income_usd": (
        "recognised_usd - operating_cost_usd - energy_cost_usd - depreciation_usd"
    ),
    "operating_cost_usd": "that of the reporting segment, shared by what its lines earned so far",
    "energy_cost_usd": "that of the reporting segment, shared by what its lines earned so far",
    "depreciation_usd": "that of the reporting segment, shared by what its lines earned so far",
    "backlog_usd": "Σ over contracts of the price that is left to their end or earliest end",
    "deferred_usd": "backlog_usd × contract.prepaid_fraction",
    "terminable_90d_usd_per_y": "run_rate_usd_per_y of contracts that 90 days' notice may end",
}
_MODES: Final[Mapping[int, str]] = {
    Mode.LUMP: "Σ price_usd of launches that flew in the tick and did not fail",
    Mode.TIME: "price_usd × elapsed_ms / period_ms",
    Mode.SHARE: (
        "price_usd × whole_ms / period_ms, where whole_ms = (delivered_accelerator_ms +"
        " carried_accelerator_ms) / quantity, rounded down"
    ),
    Mode.ACCELERATOR_H: "price_usd × delivered_accelerator_ms / period_ms",
    Mode.TOKENS: (
        "(input_tok × input_usd_per_mtok + output_tok × output_usd_per_mtok) / 1,000,000"
    ),
}
_COMMITMENTS: Final[Mapping[str, str]] = {
    "value_usd": (
        "as agreed (CommitmentAgreed, CommitmentAmended): a worth by the year × (ends - starts) /"
        " 31,557,600 s, or the whole; of launches the part due after the world opened"
    ),
    "earned_usd": (
        "value_usd × tick_s / duration_s; of launches value_usd × flown in the tick / promised_qty"
    ),
    "credit_exposure_usd": "worth of the window × credit_fraction",
    "credit_usd": "worth of the windows that broke in the tick × credit_fraction",
    "displaced_usd": "accelerator-hours taken from paid work × their price",
}


def reckoning(twin: Twin, view: View, column: Column, row: RowDict) -> dict[str, Any] | None:
    """The formula of a figure and its parts; None where it is no sum of money or of its causes."""
    match view.name:
        case "revenue" if column.name in _REVENUE:
            parts = [_item(twin, row, each) for each in items_of_row(twin, row)]
            return _said(_REVENUE[column.name], parts, row, column)
        case "commitments" if column.name in _COMMITMENTS:
            return _said(_COMMITMENTS[column.name], list(_promise(twin, row)), row, column)
        case "risk" if column.name == "value_at_risk_usd":
            formula = "Σ over the parts of worth_usd × (1 - remaining_fraction)"
            return _said(formula, list(_stakes(twin, row)), row, column)
    return None


def _said(formula: str, parts: list[Part], row: RowDict, column: Column) -> dict[str, Any]:
    beside = {
        name: dollars(int(value)) if "_usd" in name else value
        for name, value in row.items()
        if name != column.name and name in formula and isinstance(value, int | float)
    }
    return {"formula": formula, "terms": beside, "parts": parts}


def _item(twin: Twin, row: RowDict, item: Item) -> Part:
    """One item of the books in the tick: what it booked, and of what."""
    ledger, flows = twin.ledgers[row["label"]], twin.revenues[row["label"]]
    place = ledger.items.places[item.item_id]
    columns, book = ledger.items.columns[place].tolist(), flows.book[place].tolist()
    mode = columns[A.MODE]
    terms: dict[str, Any] = {}
    if mode == Mode.TOKENS:
        terms |= _token_terms(twin, row["label"], columns)
    elif mode == Mode.LUMP:
        terms["launches"] = ", ".join(_launches(twin, item))
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
    return {
        "name": item.item_id,
        "formula": _MODES[mode],
        "terms": terms,
        "value": dollars(book[B.GROSS]),
        "unit": "usd",
    }


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


def _token_terms(twin: Twin, label: str, columns: list[int]) -> dict[str, Any]:
    need = columns[A.NEED]
    served = [0, 0]
    if need != NO_NEED:
        served = tokens_served(twin)[twin.market.ledger_rows[label]][need].tolist()
    return {
        "input_tok": served[0],
        "input_usd_per_mtok": dollars(columns[A.INPUT_MICRO_USD]),
        "output_tok": served[1],
        "output_usd_per_mtok": dollars(columns[A.OUTPUT_MICRO_USD]),
    }


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


def _promise(twin: Twin, row: RowDict) -> Iterator[Part]:
    promise = promise_of_row(twin, row)
    if promise is None:
        return
    terms = promise.terms
    yield {
        "name": f"commitment/{terms.commitment_id}",
        "formula": "as agreed",
        "terms": {
            "starts": instant_text(promise.starts_ns),
            "ends": instant_text(promise.ends_ns),
            "duration_s": (promise.ends_ns - promise.starts_ns) / NS_PER_S,
            "tick_s": (twin.tick_ns - twin.start_ns) / NS_PER_S,
            "promised_qty": terms.promised_qty,
            "credit_fraction": terms.credit_fraction,
        },
        "value": dollars(promise.value_micro_usd),
        "unit": "usd",
    }


def _stakes(twin: Twin, row: RowDict) -> Iterator[Part]:
    """What each promise has at stake in a node: its worth from this day on, and what remains."""
    for each in found(twin, row["label"]).exposures:
        if (each.subject, each.node) != (row["subject"], row["node"]):
            continue
        for stake in each.stakes:
            lost = round(stake.worth_micro_usd * (1.0 - stake.remaining_fraction))
            yield {
                "name": f"commitment/{stake.commitment_id}",
                "formula": "worth_usd × (1 - remaining_fraction)",
                "terms": {
                    "worth_usd": dollars(stake.worth_micro_usd),
                    "remaining_fraction": stake.remaining_fraction,
                },
                "value": dollars(lost),
                "unit": "usd",
            }
