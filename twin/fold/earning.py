"""The money of a tick: what was delivered and flown, given back and drawn, into the books.

Every label has books of its own, and the books of all labels together are those of the group: each
amount is in exactly one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec.structs import replace

from twin.arrays import IntArray, frozen
from twin.business import clearing, revenue
from twin.business.lines import REPORTING_SEGMENTS
from twin.business.revenue import TOKENS_MAX_COUNT, Lump, Revenue
from twin.fold.fleet import realigned
from twin.fold.launches import FlownLaunch
from twin.labels import PUBLIC
from twin.physics.kernel import kernel
from twin.state import Bill, E, Energy, Fleet, Registry, Twin
from twin.units import KWH_PER_MWH, MICRO_PER_USD

Credit = tuple[str, str, int]
"""The label of a promise, the contract that pays for it, and what is given back."""

AI: Final = REPORTING_SEGMENTS.index("AI")
NOTHING: Final[IntArray] = frozen(np.zeros(len(REPORTING_SEGMENTS), np.int64))
MWH_PER_MEGAWATT_HOUR: Final = 1_000_000_000
"""Milliwatt-hours, in which energy is booked."""

MILLIS_PER_KWH: Final = 1_000_000
TARIFF_MAX_MICRO_USD: Final = 10_000 * MICRO_PER_USD
"""Of a megawatt-hour."""

_GENERATED, _IMPORTED = int(E.GENERATED), int(E.IMPORTED)


def earned(
    before: Twin,
    twin: Twin,
    *,
    flown: Sequence[tuple[str, FlownLaunch]],
    credited: Sequence[Credit],
) -> Twin:
    """The twin with the books of every label after the tick.

    What the group spends without a label, its running costs, is in the public books.
    """
    revenues, bills = dict(twin.revenues), dict(twin.bills)
    home = home_of(twin)
    tokens = tokens_served(twin)
    for label, ledger in twin.ledgers.items():
        rows, bill = twin.market.ledger_rows[label], NOTHING
        granted, _, _, _ = clearing.given(twin.market, rows)
        if label in twin.fleets:
            bills[label], amount = _billed(before, twin, label)
            bill = np.zeros(len(REPORTING_SEGMENTS), dtype=np.int64)
            bill[AI] = amount
        revenues[label] = revenue.accrued(
            ledger,
            twin.revenues.get(label, Revenue()),
            delivered_qty=granted,
            tokens=tokens[rows],
            lumps=_lumps(twin, label, flown, credited),
            energy_micro_usd=bill,
            operating_micro_usd_per_y=(
                twin.market.operating_micro_usd_per_y if label == home else NOTHING
            ),
            start_ns=twin.start_ns,
            tick_ns=twin.tick_ns,
        )
    return replace(twin, revenues=revenues, bills=bills)


def home_of(twin: Twin) -> str:
    """The label whose books have the running costs."""
    return PUBLIC if PUBLIC in twin.ledgers else min(twin.ledgers, default=PUBLIC)


def tariffs(registry: Registry, fleet: Fleet) -> IntArray:
    """What each site pays for a megawatt-hour, in micro-dollars; 0 in orbit."""
    prices = [
        _price_micro_usd_per_mwh(registry, each.name) if each.site is not None else 0
        for each in fleet.segments
    ]
    return frozen(np.array(prices, dtype=np.int64))


def _lumps(
    twin: Twin, label: str, flown: Sequence[tuple[str, FlownLaunch]], credited: Sequence[Credit]
) -> tuple[Lump, ...]:
    """Launches of a label for its customers, and what is given back on contracts in its books.

    A launch that failed is not paid: its contract still owes one.
    """
    launches = tuple(
        Lump("launch", each.planned.customer, each.planned.price_micro_usd)
        for flown_label, each in flown
        if flown_label == label and each.outcome != "failure" and not each.planned.is_internal
    )
    given_back = sorted(
        (contract_id, amount)
        for promise_label, contract_id, amount in credited
        if _books_of(twin, promise_label, contract_id) == label
    )
    return (*launches, *(Lump("credit", name, amount) for name, amount in given_back))


def _books_of(twin: Twin, label: str, contract_id: str) -> str:
    """The label whose books have a contract: the one asked first, if it has; else the first."""
    having = (
        each
        for each in (label, *sorted(twin.ledgers))
        if each in twin.ledgers and contract_id in twin.ledgers[each].contracts
    )
    return next(having, "")


def tokens_served(twin: Twin) -> IntArray:
    """Tokens served of those asked for, in proportion to what their service was given to use.

    Shape ``(needs + 1, 2)``: the last row is that of a need which is not there.
    """
    market = twin.market
    asked: dict[int, tuple[int, int]] = {}
    for label, demand in twin.demand.items():
        for row in demand.rows:
            place = market.service_places.get((label, row.service, ""))
            if place is not None and (row.input_tok or row.output_tok):
                into, out_of = asked.get(place, (0, 0))
                asked[place] = (into + row.input_tok, out_of + row.output_tok)
    tokens = np.zeros((len(market.needs) + 1, 2), dtype=np.int64)
    for place, counts in asked.items():
        share = int(market.used_qty[place]), max(1, int(market.asked_qty[place]))
        tokens[place] = [min(TOKENS_MAX_COUNT, count * share[0] // share[1]) for count in counts]
    return tokens


def _billed(before: Twin, twin: Twin, label: str) -> tuple[Bill, int]:
    """The energy bill of the tick in micro-dollars: what sites drew, at their price.

    What a segment drew in the tick it joined is on it, too.
    """
    keys = twin.fleets[label].keys
    known = before.fleets.get(label, Fleet(label)).keys
    was, carry = before.energy.get(label, Energy()).total_mwh, twin.bills.get(label, Bill()).carry
    if known != keys:
        was = realigned(was, known, keys, 0)
    # Books that are opened later than the fleet have no carry yet.
    if carry.size == len(known) and known != keys:
        carry = realigned(carry, known, keys, 0)
    carry = carry.copy() if carry.size == len(keys) else np.zeros(len(keys), np.int64)
    total = _bill(carry, was, twin.energy[label].total_mwh, twin.market.tariffs[label])
    return Bill(frozen(carry)), total


@kernel
def _bill(carry: IntArray, before_mwh: IntArray, after_mwh: IntArray, prices: IntArray) -> int:
    total = 0
    for row in range(prices.size):
        drawn = after_mwh[row, _GENERATED] - before_mwh[row, _GENERATED]
        drawn += after_mwh[row, _IMPORTED] - before_mwh[row, _IMPORTED]
        # Whole kilowatt-hours apart, so that no product leaves 64 bits.
        whole = drawn // MILLIS_PER_KWH
        rest = drawn - whole * MILLIS_PER_KWH
        exact = rest * prices[row] + carry[row]
        per_kwh = prices[row] // KWH_PER_MWH
        exact += whole * (prices[row] - per_kwh * KWH_PER_MWH) * MILLIS_PER_KWH
        total += whole * per_kwh + exact // MWH_PER_MEGAWATT_HOUR
        carry[row] = exact % MWH_PER_MEGAWATT_HOUR
    return total


def _price_micro_usd_per_mwh(registry: Registry, segment: str) -> int:
    """What a site pays: for electricity, or for the gas it burns."""
    place = f"site.{segment}"
    price = registry.number(f"{place}.electricity_usd_per_mwh")
    if not price:
        heat = registry.number(f"{place}.heat_rate_btu_per_kwh") / 1_000
        price = heat * registry.number(f"{place}.gas_price_usd_per_mmbtu")
    return round(min(max(price * MICRO_PER_USD, 0.0), TARIFF_MAX_MICRO_USD))
