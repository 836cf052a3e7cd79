"""How a figure of revenue is reckoned: by items of the books, by contracts, by shares of a cost.

Whole micro-dollars are booked: a part may be off by one, which is carried.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from api.behind import items_of_row
from api.reckoned.books import booked
from api.reckoned.calibration import of_calibration
from api.reckoned.expenses import COSTS, shared
from api.reckoned.part import Part, Reckoning, part, reckoned
from streams.store.queries import RowDict
from twin.business.items import Item
from twin.business.lines import ELIMINATION
from twin.business.revenue import B
from twin.business.standing import Left, Rate, Rule, Standing, standings
from twin.business.terms import NOBODY_MAY, Contract
from twin.business.windows import W
from twin.state import Twin
from twin.units import MS_PER_S, NS_PER_S, PPM, dollars, instant_text
from twin.views.revenue import prepaid_ppm

_OF_THE_ROW: Final = {
    "recognised_usd": ("gross_usd", "credits_usd", "intercompany_usd"),
    "operating_income_usd": (
        "recognised_usd",
        "operating_cost_usd",
        "energy_cost_usd",
        "depreciation_usd",
    ),
}
"""The first of these columns of the row, less the others."""

_FILED: Final = {
    "filed_usd": "filed_usd",
    "filed_error_fraction": "error_fraction",
    "filed_check_error_fraction": "check_error_fraction",
}
"""Columns of the filed line that a line is part of, as ``calibration`` has them."""

_RATES: Final[dict[Rule, str]] = {
    "customers": "usd_per_customer_month × customers_count × 12",
    "term": "full_usd_per_y × due_fraction",
    "share": (
        "full_usd_per_y × delivered_accelerator_ms / (quantity × tick_ms), where full_usd_per_y is"
        " the price of a month × 12, or that of the whole term for 8,760 h of it"
    ),
    "accelerator_h": "usd_per_accelerator_h × 8760 × delivered_accelerator_ms / tick_ms",
    "tick": "earned_usd × year_ms / tick_ms",
    "so_far": "earned_so_far_usd × year_ms / span_ms, where the span is 90 days at least",
    "inside": "-1 × inside_usd_per_y",
}


def of_revenue(twin: Twin, column: str, row: RowDict) -> Reckoning | None:
    """The reckoning of a column of revenue; None for words, and where no line is filed."""
    if column in _FILED and row["filed_line"]:
        return of_calibration(twin, _FILED[column], row)
    if column in _OF_THE_ROW:
        first, *less = _OF_THE_ROW[column]
        terms = {name: dollars(int(row[name])) for name in (first, *less)}
        return reckoned(" - ".join((first, *less)), terms=terms)
    if column in COSTS:
        return shared(twin, column, row)
    match column:
        case "gross_usd":
            return reckoned("Σ of the parts", booked(twin, row, _own(twin, row)))
        case "delivered_qty":
            return reckoned("Σ of the parts", _delivered(twin, row))
        case "credits_usd":
            return reckoned("Σ of the parts", _credits(twin, row))
        case "intercompany_usd":
            return reckoned("Σ of the parts", _inside(twin, row))
        case "deferred_usd":
            backlog = dollars(int(row["backlog_usd"]))
            fraction = prepaid_ppm(twin.registry, row["reporting_segment"]) / PPM
            given: dict[str, Any] = {"backlog_usd": backlog, "prepaid_fraction": fraction}
            return reckoned("backlog_usd × prepaid_fraction", terms=given)
        case "unit_price_usd":
            formula = "that of the parts, where all have the same; none where prices mix"
            return reckoned(formula, _standing(twin, row, column))
        case "backlog_usd" | "run_rate_usd_per_y" | "terminable_90d_usd_per_y" | "customers_count":
            return reckoned("Σ of the parts", _standing(twin, row, column))
    return None


def _own(twin: Twin, row: RowDict) -> list[Item]:
    """The items booked in the row itself: those that the elimination takes out are in others."""
    return [] if row["line"] == ELIMINATION else items_of_row(twin, row)


def _book(twin: Twin, row: RowDict, item: Item) -> list[int]:
    label = row["label"]
    counts: list[int] = twin.revenues[label].book[twin.ledgers[label].items.places[item.item_id]]
    return [int(count) for count in counts]


def _delivered(twin: Twin, row: RowDict) -> Iterator[Part]:
    """What was delivered in the tick, by item; of accelerators whole seconds."""
    for each in booked(twin, row, _own(twin, row)):
        terms = each["terms"]
        if "delivered_accelerator_ms" in terms:
            work = terms["delivered_accelerator_ms"]
            formula, unit = "delivered_accelerator_ms / 1000, rounded down", "accelerator-second"
            told, value = {"delivered_accelerator_ms": work}, work // MS_PER_S
        elif "input_tok" in terms:
            formula, unit = "input_tok + output_tok, billed or not", "token"
            told = {name: terms[name] for name in ("input_tok", "output_tok")}
            value = sum(told.values())
        elif "launches_count" in terms:
            formula, unit = "launches_count", "launch"
            told = {"launches_count": terms["launches_count"]}
            value = terms["launches_count"]
        else:
            formula, unit, told, value = "0: paid by time", "", {}, 0
        yield part(each["name"], formula, told, value, unit=unit)


def _credits(twin: Twin, row: RowDict) -> Iterator[Part]:
    """What was given back on each contract, by the promises whose windows broke in the tick."""
    for item in _own(twin, row):
        amount = _book(twin, row, item)[B.CREDITS]
        if amount:
            broke = dict(_broken(twin, item.item_id.removeprefix("contract/")))
            yield part(item.item_id, " + ".join(broke) or "0", broke, dollars(amount))


def _broken(twin: Twin, contract_id: str) -> Iterator[tuple[str, Any]]:
    for label, promises in sorted(twin.promises.items()):
        for promise, window in zip(promises.items, twin.windows[label].rows.tolist(), strict=True):
            if promise.terms.contract_id == contract_id and window[W.CREDIT_MICRO_USD]:
                yield promise.commitment_id, dollars(window[W.CREDIT_MICRO_USD])


def _inside(twin: Twin, row: RowDict) -> Iterator[Part]:
    """What the group sold to itself, by contract; of the elimination alone."""
    for item in items_of_row(twin, row) if row["line"] == ELIMINATION else ():
        book = _book(twin, row, item)
        terms = {"gross_usd": dollars(book[B.GROSS]), "credits_usd": dollars(book[B.CREDITS])}
        yield part(item.item_id, "gross_usd - credits_usd", terms, dollars(book[B.RECOGNISED]))


def _standing(twin: Twin, row: RowDict, column: str) -> Iterator[Part]:
    """How each item of the row stands; those that have nothing to tell of the column are out."""
    label = row["label"]
    ledger, flows = twin.ledgers[label], twin.revenues[label]
    every = zip(ledger.items.items, standings(ledger, flows, at_ns=twin.tick_ns), strict=True)
    place = (row["reporting_segment"], row["line"], row["counterparty"])
    for item, standing in every:
        if (item.reporting_segment, item.line, item.counterparty) != place:
            continue
        contract = ledger.contracts.get(item.item_id.removeprefix("contract/"))
        match column:
            case "backlog_usd" if contract is not None:
                yield _left(item.item_id, contract, standing.left)
            case "customers_count":
                yield part(
                    item.item_id,
                    "1 for a contract that runs" if contract is not None else "customers_count",
                    {"customers_count": standing.customers_count},
                    standing.customers_count,
                    unit="customer",
                )
            case "unit_price_usd" if standing.unit_price is not None:
                price = dollars(standing.unit_price)
                yield part(item.item_id, "price_usd", {"price_usd": price}, price)
            case "run_rate_usd_per_y" | "terminable_90d_usd_per_y" if standing.rate is not None:
                yield from _rate(item.item_id, standing, column)


def _left(name: str, contract: Contract, left: Left | None) -> Part:
    """What is left of a contract, and until when."""
    ends = instant_text(contract.ends_ns)
    if left is None:
        formula = "0: ended, or billed as delivered, or a sale inside the group"
        return part(name, formula, {"ends": ends}, dollars(0))
    price = {"price_usd": dollars(left.price_micro_usd)}
    if contract.price_unit == "launch":
        terms = {**price, "launches_left_count": left.count, "ends": ends}
        return part(name, "price_usd × launches_left_count", terms, dollars(left.micro_usd))
    formula = (
        "price_usd × count × left_s / period_s, where left_s are the seconds until then, each times"
        " the share of the price that is due in it"
    )
    terms = {
        **price,
        "count": left.count,
        "left_s": left.due_ppm_ms / (PPM * MS_PER_S),
        "period_s": left.period_ms / MS_PER_S,
        "until": instant_text(left.until_ns),
        "starts": instant_text(contract.starts_ns),
        "ends": ends,
        "notice_s": None if contract.notice_ns == NOBODY_MAY else contract.notice_ns / NS_PER_S,
    }
    if contract.ramp:
        steps = (f"{s.share_ppm / PPM:g} from {instant_text(s.from_ns)}" for s in contract.ramp)
        terms["due_fraction"] = ", ".join(steps)
    return part(name, formula, terms, dollars(left.micro_usd))


def _rate(name: str, standing: Standing, column: str) -> Iterator[Part]:
    rate = standing.rate
    if rate is None or (column.startswith("terminable") and not standing.is_terminable):
        return
    yield part(
        name,
        _RATES[rate.rule],
        _terms_of_a_rate(rate, standing),
        dollars(rate.micro_usd_per_y),
        unit="usd_per_y",
    )


def _terms_of_a_rate(rate: Rate, standing: Standing) -> dict[str, Any]:
    amount = dollars(rate.amount_micro_usd)
    match rate.rule:
        case "customers":
            count = standing.customers_count
            return {"usd_per_customer_month": amount, "customers_count": count}
        case "term":
            return {"full_usd_per_y": amount, "due_fraction": rate.times / rate.over}
        case "share":
            return {
                "full_usd_per_y": amount,
                "delivered_accelerator_ms": rate.times,
                "quantity": rate.quantity,
                "tick_ms": rate.over,
            }
        case "accelerator_h":
            return {
                "usd_per_accelerator_h": dollars(standing.unit_price or 0),
                "delivered_accelerator_ms": rate.times,
                "tick_ms": rate.over,
            }
        case "tick":
            return {"earned_usd": amount, "year_ms": rate.times, "tick_ms": rate.over}
        case "so_far":
            return {"earned_so_far_usd": amount, "year_ms": rate.times, "span_ms": rate.over}
        case "inside":
            return {"inside_usd_per_y": -amount}
