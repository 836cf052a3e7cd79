"""What stands behind a row of the group: its subjects, the segments that serve it, its assumptions.

A subject is what events are about (``twin.events.subjects``): from it the read model finds the
facts that made the row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, get_args

import numpy as np

from api.reckoned.calibration import line_of_row, names_of_a_line
from api.reckoned.costs import assumptions_of_a_cost
from api.reckoned.risk import exposure_of_row, purchases_of_row
from streams.store.queries import RowDict
from twin.business.assumption_sets import TERMS
from twin.business.commitments import Promises
from twin.business.items import NO_NEED, A, Item
from twin.business.ledger import Ledger
from twin.business.lines import (
    ELIMINATION,
    ELIMINATIONS,
    LINES,
    REPORTING_SEGMENTS,
    Counterparty,
)
from twin.business.ownership import INDIRECT
from twin.business.promise import Promise
from twin.business.risk import GROUP
from twin.simulate.accounts import names_of_customers, names_of_tokens
from twin.simulate.owners_names import (
    PARTS,
    PRICES,
    names_of_issued,
    names_of_look_through,
    names_of_shares,
    names_of_votes,
)
from twin.simulate.promises import read_promises
from twin.state import Twin

OF_A_SEGMENT: Final = ("capacity", "energy")
"""Views whose rows are made from the frames of their segment."""

_BY_SHARES: Final = (
    "shares_count",
    "votes_count",
    "economic_fraction",
    "look_through_fraction",
    "value_usd",
    "sum_of_parts_usd",
)
_OF_ALL_SHARES: Final = (
    "economic_fraction",
    "voting_fraction",
    "look_through_fraction",
    "issued_count",
    "sum_of_parts_usd",
)
_OPERATING: Final = ("cost.{reporting_segment}.operating_usd_per_y",)
_ENERGY: Final = (
    "site.*.electricity_usd_per_mwh",
    "site.*.gas_price_usd_per_mmbtu",
    "site.*.heat_rate_btu_per_kwh",
)
REVENUE_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "deferred_usd": ("contract.prepaid_fraction",),
    "operating_cost_usd": _OPERATING,
    "energy_cost_usd": _ENERGY,
    "operating_income_usd": (*_OPERATING, *_ENERGY),
}
"""Assumptions that go into one column of revenue only."""


def names_of(twin: Twin, column: str) -> set[str]:
    """Names of a key column of the group that the twin knows, whether or not a row has them."""
    match column:
        case "reporting_segment":
            return {*REPORTING_SEGMENTS, ELIMINATIONS}
        case "line":
            return {*LINES, ELIMINATION}
        case "counterparty":
            return {*get_args(Counterparty)}
        case "commitment_id":
            return {p.commitment_id for each in twin.promises.values() for p in each.items}
        case "assumption_set":
            return {*TERMS}
        case _:
            return set()


def subjects_of(twin: Twin, view: str, row: RowDict) -> set[str]:
    """What the facts behind a row are about."""
    match view:
        case "revenue":
            return set(_of_revenue(twin, row))
        case "calibration":
            return {f"filed/{row['filed_line']}"}
        case "commitments" | "commitment_windows":
            return set(_of_promises(_promises(twin, row), row["commitment_id"]))
        case "ownership":
            name = row["company"]
            parts = (f"item/share.{name.casefold()}", f"item/part.{name.casefold()}")
            return {f"company/{name}", *parts}
        case "risk":
            return set(_of_risk(twin, row))
        case "health":
            return {f"source/{row['source']}"}
        case _:
            return {f"segment/{row['segment']}", f"site/{row.get('site', row['segment'])}"}


def segments_of(twin: Twin, view: str, row: RowDict) -> set[str]:
    """The segments whose frames went into a row: its own, or those that were to serve it."""
    if view in OF_A_SEGMENT:
        return {row["segment"]}
    if view in ("commitments", "commitment_windows"):
        promise = _promise(_promises(twin, row), row["commitment_id"])
        return _serving(twin, row["label"], [promise.need_id]) if promise is not None else set()
    if view == "revenue":
        return _serving(twin, row["label"], _needs(twin.ledgers[row["label"]], row))
    return set()


def prefixes_of(twin: Twin, view: str, column: str, row: RowDict) -> Iterator[str]:
    """Names of the assumptions behind a figure of the group, to be filled in and matched."""
    match view:
        case "revenue" if column.startswith("filed_"):
            line = line_of_row(twin, row)
            yield from names_of_a_line(line, column) if line is not None else ()
        case "revenue":
            yield from REVENUE_COLUMNS.get(column, ())
            for item in _items(twin.ledgers[row["label"]], row):
                kind, _, name = item.item_id.partition("/")
                if kind == "contract":
                    yield f"contract.{name}."
                if kind == "tokens":
                    yield from names_of_tokens(name)
                if kind == "customers":
                    yield from names_of_customers(name)
        case "commitments" | "commitment_windows":
            yield from _of_terms(row["commitment_id"], column)
        case "calibration":
            line = line_of_row(twin, row)
            yield from names_of_a_line(line, column) if line is not None else ()
        case "costs":
            yield from assumptions_of_a_cost(twin, column, row)
        case "ownership":
            yield from _of_a_holding(twin, column, row)
        case "risk":
            yield from _of_a_risk(twin, column, row)


def items_of_row(twin: Twin, row: RowDict) -> list[Item]:
    """The items that a row of revenue joins."""
    return _items(twin.ledgers[row["label"]], row)


def promise_of_row(twin: Twin, row: RowDict) -> Promise | None:
    """The promise that a row of commitments is about."""
    return _promise(_promises(twin, row), row["commitment_id"])


def _of_a_holding(twin: Twin, column: str, row: RowDict) -> Iterator[str]:
    """How many shares are held, of how many, with which votes, at which price."""
    company, holder = row["company"], row["holder"]
    if column in _BY_SHARES and row["share_class"] != INDIRECT:
        yield from names_of_shares(company, holder)
    if column in _OF_ALL_SHARES:
        yield from names_of_issued(company)
    if column in ("votes_count", "voting_fraction"):
        yield from names_of_votes(company)
    if column == "voting_fraction":
        yield from names_of_shares(company, holder)
    if column == "look_through_fraction" and row["share_class"] == INDIRECT:
        yield from names_of_look_through(company, holder)
    if column in ("price_usd", "price_at", "value_usd") and company == "SpaceX":
        known = twin.registry.assumptions
        day = row["price_at"]
        yield from (name for name in PRICES if name in known and known[name].as_of == day)
    if column == "sum_of_parts_usd" and row[column] is not None:
        yield from PARTS


def _of_a_risk(twin: Twin, column: str, row: RowDict) -> Iterator[str]:
    """What the promises are worth, what is published of purchases, and how soon all is replaced."""
    exposure = exposure_of_row(twin, row)
    stakes = exposure.stakes if exposure is not None else ()
    promises = {each.commitment_id: each.terms for each in twin.promises[row["label"]].items}
    kinds: set[str] = {promises[stake.commitment_id].commitment_kind for stake in stakes}
    if column == "replacement_s":
        kind = row["node"].split("/")[0]
        kinds |= {each.commitment_kind for each in purchases_of_row(twin, row)}
        kinds = {kind} if kind in ("segment", "site") else kinds
        yield from (f"risk.replacement.{each}_s" for each in kinds if kind != "person")
        return
    if column in ("value_at_risk_usd", "remaining_after_loss_fraction", "group_share_fraction"):
        for stake in stakes:
            yield from _of_terms(stake.commitment_id, "value_usd")
    if column != "dependent_commitments_count":
        yield from (name for each in purchases_of_row(twin, row) for name, _ in each.told_by)
        if "sensing" in kinds:
            yield "sensing.satellite-revisits_count_per_d"


def _of_terms(commitment_id: str, column: str) -> Iterator[str]:
    """What a world agreed the terms of a promise on, as far as they go into a column."""
    row = next((p for p in read_promises().promises if p.commitment_id == commitment_id), None)
    if row is None:
        return
    dates, level = (row.starts, row.ends, row.due), row.level
    names: tuple[str, ...] = (row.quantity, row.value, *dates, f"{level}.")
    match column:
        case "value_usd":
            names = (row.value, row.quantity, *dates) if row.due else (row.value, *dates)
        case "earned_usd":
            names = (row.value, *dates)
        case "credit_usd" | "credit_exposure_usd":
            names = (row.value, *dates, f"{level}.credit_fraction", f"{level}.window_s")
        case "promised_qty" | "headroom_qty" | "allocated_qty" | "delivered_qty":
            names = (row.quantity, *(dates if row.due else ()))
    yield from filter(None, names)


def _of_revenue(twin: Twin, row: RowDict) -> Iterator[str]:
    ledger = twin.ledgers[row["label"]]
    for item in _items(ledger, row):
        kind, _, name = item.item_id.partition("/")
        yield f"item/{name}" if kind == "tokens" else item.item_id
    if row["filed_line"]:
        yield f"filed/{row['filed_line']}"


def _items(ledger: Ledger, row: RowDict) -> list[Item]:
    """The items that a row of revenue joins; for the elimination those it takes out."""
    items = ledger.items
    if row["line"] == ELIMINATION:
        buyers = items.columns[:, A.BUYER].tolist()
        return [each for each, buyer in zip(items.items, buyers, strict=True) if buyer >= 0]
    place = (row["reporting_segment"], row["line"], row["counterparty"])
    return [
        each
        for each in items.items
        if (each.reporting_segment, each.line, each.counterparty) == place
    ]


def _needs(ledger: Ledger, row: RowDict) -> list[str]:
    """What was delivered to earn a row of revenue."""
    items = ledger.items
    rows = [int(items.columns[items.places[each.item_id], A.NEED]) for each in _items(ledger, row)]
    return [items.need_ids[need] for need in rows if need != NO_NEED]


def _serving(twin: Twin, label: str, need_ids: Iterable[str]) -> set[str]:
    """The segments that gave some needs of a label what they had; where none did, might have."""
    market = twin.market
    found: set[str] = set()
    for name in need_ids:
        place = market.places.get((label, name))
        if place is not None:
            granted = np.flatnonzero(market.granted_qty[place])
            pools = granted if granted.size else np.flatnonzero(market.allowed[place])
            found |= {market.pools[int(pool)].segment for pool in pools}
    return found


def _of_promises(promises: Promises, commitment_id: str) -> Iterator[str]:
    yield f"commitment/{commitment_id}"
    promise = _promise(promises, commitment_id)
    if promise is not None:
        terms = promise.terms
        yield f"contract/{terms.contract_id}"
        if terms.accreditation:
            yield f"service/{terms.service}"
        yield from (f"supplier/{name}" for name in (terms.supplier, *terms.alternative_suppliers))


def _of_risk(twin: Twin, row: RowDict) -> Iterator[str]:
    """The node, and every promise of the subject."""
    yield row["node"]
    promises = _promises(twin, row)
    kind, _, name = row["subject"].partition("/")
    for promise in promises.items:
        terms, customer = promise.terms, promise.terms.customer
        is_of_customer = kind == "customer" and f"{customer}/".startswith(f"{name}/")
        is_named = name in (terms.commitment_id, terms.contract_id)
        if row["subject"] == GROUP or is_of_customer or (is_named and kind != "customer"):
            yield from _of_promises(promises, promise.commitment_id)


def _promises(twin: Twin, row: RowDict) -> Promises:
    return twin.promises[row["label"]]


def _promise(promises: Promises, commitment_id: str) -> Promise | None:
    return next((each for each in promises.items if each.commitment_id == commitment_id), None)
