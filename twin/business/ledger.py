"""The ledger: prices, customers, contracts, capital and debts, and what a filing said of them.

It changes only with a fact. What a tick makes of it is in ``twin.business.revenue``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

import msgspec
import numpy as np
from msgspec.structs import replace

from twin.arrays import IntArray, frozen
from twin.business.items import Items, compute_need, contract_item, items_of, launch_item
from twin.business.lines import REPORTING_SEGMENTS, carrier_of
from twin.business.needs import COMMERCIAL_PRIORITY, Need
from twin.business.terms import (
    BOOKS_MAX_USD,
    MTOK_MAX_MICRO_USD,
    NOBODY_MAY,
    SPAN_MAX_S,
    Contract,
    Customers,
    Debt,
    Filed,
    Price,
    contract_of,
    customers_of,
    debt_of,
    filed_of,
)
from twin.errors import BadInput
from twin.events import (
    CapitalSpent,
    ContractSigned,
    ContractTerminated,
    CustomersReported,
    DebtChanged,
    PeriodReported,
    PriceObserved,
    PriceSet,
)
from twin.suggest import nearest
from twin.units import NS_PER_S, PPM, USD_MAX, instant_text, micro_usd, parse_instant

_JSON = msgspec.json.Encoder(order="deterministic")

COMPUTE_SOLD: Final = "compute-sold"
"""The service that carries what customers were promised of accelerators."""

UNITS: Final = (
    *("usd", "usd_per_mtok", "usd_per_month", "usd_per_y", "usd_per_accelerator_h"),
    *("usd_per_kg", "usd_per_launch", "usd_per_kwh", "usd_per_mwh", "usd_per_mmbtu"),
    *("usd_per_share", "usd_per_w", "fraction"),
)
_UNIT_OF_PART: Final = {
    "input": "usd_per_mtok",
    "output": "usd_per_mtok",
    "cached": "usd_per_mtok",
    "billed": "fraction",
}


class K(IntEnum):
    """Columns of ``Ledger.capital``, one row a spending; a whole dollar part is even over time."""

    SEGMENT = 0  # place in REPORTING_SEGMENTS
    FROM_S = 1
    LIFE_S = 2
    MICRO_USD_PER_S = 3  # rounded down
    REST_MICRO_USD = 4  # of the amount, spread over the life


class Ledger(msgspec.Struct, frozen=True, eq=False):
    """What the group is paid for and has spent, of one label; ``items`` follow from the rest.

    ``spent_micro_usd`` is capital by group of assets since the beginning.
    """

    prices: Mapping[str, Price] = msgspec.field(default_factory=dict)
    market_prices: Mapping[str, Price] = msgspec.field(default_factory=dict)
    customers: Mapping[str, Customers] = msgspec.field(default_factory=dict)
    contracts: Mapping[str, Contract] = msgspec.field(default_factory=dict)
    debts: Mapping[str, Debt] = msgspec.field(default_factory=dict)
    filed: Mapping[str, Filed] = msgspec.field(default_factory=dict)
    spent_micro_usd: Mapping[str, int] = msgspec.field(default_factory=dict)
    capital: IntArray = frozen(np.zeros((0, len(K)), np.int64))
    items: Items = msgspec.field(default_factory=lambda: items_of({}, {}, {}))

    @property
    def need_ids(self) -> tuple[str, ...]:
        """The needs whose delivery is paid for, sorted: the order of what ``accrued`` is given."""
        return self.items.need_ids

    def needs(self, tick_ns: int) -> tuple[Need, ...]:
        """What compute contracts want in the tick that ends at ``tick_ns``, if they run at its end.

        Segments are those of the service.
        """
        found = []
        for contract in self.contracts.values():
            # A contract holds from its start to before its end; a tick ends with its last instant.
            wanted = contract.quantity * contract.share_ppm(tick_ns - 1) // PPM
            if contract.is_by_share and wanted:
                found.append(
                    Need(
                        need_id=compute_need(contract.contract_id),
                        service=COMPUTE_SOLD,
                        resource=contract.resource,
                        region="",
                        wanted_qty=wanted,
                        priority=COMMERCIAL_PRIORITY,
                    )
                )
        return tuple(sorted(found))

    def next_change_ns(self, tick_ns: int) -> int:
        """By date alone ``needs`` is the same in ticks that end up to this instant; 0 for ever."""
        dates = [
            date
            for contract in self.contracts.values()
            if contract.is_by_share
            for date in (
                contract.starts_ns,
                contract.ends_ns,
                *(step.from_ns for step in contract.ramp),
            )
            if date >= tick_ns
        ]
        return min(dates, default=0)

    def launch_place(self, customer: str) -> int:
        """The item on which a flown launch of a customer is booked: its contract's, if any."""
        for name in sorted(self.contracts):
            contract = self.contracts[name]
            if contract.price_unit == "launch" and contract.customer == customer:
                return self.items.places[contract_item(name)]
        return self.items.places[launch_item(customer)]

    def contract_place(self, contract_id: str) -> int | None:
        """The item of a contract, none where the books have no such contract."""
        return self.items.places.get(contract_item(contract_id))

    def encoded(self) -> bytes:
        # Items follow from the rest.
        told = (
            sorted(self.prices.items()),
            sorted(self.market_prices.items()),
            sorted(self.customers.items()),
            sorted(self.contracts.items()),
            sorted(self.debts.items()),
            sorted(self.filed.items()),
            sorted(self.spent_micro_usd.items()),
        )
        return _JSON.encode(told) + self.capital.astype("<i8", copy=False).tobytes()


def price_observed(ledger: Ledger, fact: PriceObserved) -> Ledger:
    """What others ask is known; it drives no revenue. ``BadInput`` for a negative price."""
    return replace(ledger, market_prices={**ledger.market_prices, fact.item: _price(fact)})


def price_set(ledger: Ledger, fact: PriceSet) -> Ledger:
    """The group's own price from now on; ``BadInput`` for a negative one or the wrong unit."""
    price = _price(fact)
    part = fact.item.rsplit(".", 1)[-1]
    if fact.unit != _UNIT_OF_PART.get(part, fact.unit):
        raise BadInput(f"{fact.item} in {fact.unit}", expected=_UNIT_OF_PART[part], field="unit")
    if fact.unit == "usd_per_mtok" and price.value_micro > MTOK_MAX_MICRO_USD:
        most = MTOK_MAX_MICRO_USD // PPM
        raise BadInput(f"value={fact.value}", expected=f"{most} at most", field="value")
    return _with_items(ledger, prices={**ledger.prices, fact.item: price})


def customers_reported(ledger: Ledger, fact: CustomersReported) -> Ledger:
    """So many pay for a service in a market from now on; the last word holds."""
    key = f"{fact.service}/{fact.market}"
    return _with_items(ledger, customers={**ledger.customers, key: customers_of(fact)})


def contract_signed(ledger: Ledger, fact: ContractSigned) -> Ledger:
    """A contract, or new terms of a known one; ``BadInput`` for terms that cannot be."""
    contract = contract_of(fact)
    if contract.price_unit == "mtok":
        for other in ledger.contracts.values():
            is_same = (other.price_unit, other.resource) == ("mtok", contract.resource)
            is_together = max(other.starts_ns, contract.starts_ns) < min(
                other.ends_ns, contract.ends_ns
            )
            if is_same and is_together and other.contract_id != contract.contract_id:
                raise BadInput(
                    f"contract {contract.contract_id} for tokens of {contract.resource}",
                    expected=f"a service whose tokens {other.contract_id} does not pay then",
                    field="resource",
                )
    return _with_items(ledger, contracts={**ledger.contracts, contract.contract_id: contract})


def contract_terminated(ledger: Ledger, fact: ContractTerminated, *, effective_ns: int) -> Ledger:
    """A contract ends before its term; ``BadInput`` when none is so called or notice is short."""
    contract = ledger.contracts.get(fact.contract_id)
    if contract is None:
        raise BadInput(
            f"contract_id={fact.contract_id!r}",
            expected=nearest(fact.contract_id, ledger.contracts),
            field="contract_id",
        )
    ends_ns = parse_instant(fact.ends_at, field="ends_at")
    if contract.notice_ns == NOBODY_MAY:
        raise BadInput(
            f"contract {fact.contract_id} ends_at={fact.ends_at}",
            expected=f"{instant_text(contract.ends_ns)}: neither side may end it",
            field="ends_at",
        )
    earliest_ns = contract.earliest_end_ns(effective_ns)
    if not earliest_ns <= ends_ns <= contract.ends_ns:
        raise BadInput(
            f"contract {fact.contract_id} ends_at={fact.ends_at}",
            expected=f"{instant_text(earliest_ns)}, which its notice allows, "
            f"to {instant_text(contract.ends_ns)}",
            field="ends_at",
        )
    ended = replace(contract, ends_ns=ends_ns, end_reason=fact.reason)
    return _with_items(ledger, contracts={**ledger.contracts, fact.contract_id: ended})


def capital_spent(ledger: Ledger, fact: CapitalSpent, *, effective_ns: int) -> Ledger:
    """Money became an asset, depreciated evenly from now on in whole seconds of its life."""
    carrier = REPORTING_SEGMENTS.index(carrier_of(fact.segment))
    amount = micro_usd(fact.amount_usd, field="amount_usd")
    life_s = round(fact.life_s)
    if not 1 <= life_s <= SPAN_MAX_S:
        raise BadInput(
            f"life_s={fact.life_s}", expected=f"1 to {SPAN_MAX_S} seconds", field="life_s"
        )
    spent = {**ledger.spent_micro_usd}
    spent[fact.segment] = spent.get(fact.segment, 0) + amount
    if sum(spent.values()) > USD_MAX * PPM:
        raise BadInput(
            f"amount_usd={fact.amount_usd}",
            expected=f"{USD_MAX} dollars at most in all",
            field="amount_usd",
        )
    row = [[carrier, effective_ns // NS_PER_S, life_s, amount // life_s, amount % life_s]]
    capital: IntArray = np.concatenate([ledger.capital, np.array(row, dtype=np.int64)])
    return replace(
        ledger,
        capital=frozen(capital),
        spent_micro_usd=spent,
    )


def debt_changed(ledger: Ledger, fact: DebtChanged, *, effective_ns: int) -> Ledger:
    """The principal of an instrument is this from now on."""
    debt = debt_of(fact, effective_ns=effective_ns)
    return replace(ledger, debts={**ledger.debts, fact.instrument: debt})


def period_reported(ledger: Ledger, fact: PeriodReported) -> Ledger:
    """What a filing says of a line; it is compared, and drives nothing."""
    key = f"{fact.period}/{fact.line}"
    return replace(ledger, filed={**ledger.filed, key: filed_of(fact)})


def _price(fact: PriceObserved | PriceSet) -> Price:
    if fact.unit not in UNITS:
        raise BadInput(f"unit={fact.unit!r}", expected=nearest(fact.unit, UNITS), field="unit")
    micro = micro_usd(fact.value, field="value")
    if fact.unit == "fraction" and micro > PPM:
        raise BadInput(f"value={fact.value}", expected="0 to 1", field="value")
    basis = fact.basis if isinstance(fact, PriceSet) else "derived"
    return Price(fact.item, micro, fact.unit, fact.as_of, basis)


def _with_items(
    ledger: Ledger,
    *,
    prices: Mapping[str, Price] | None = None,
    customers: Mapping[str, Customers] | None = None,
    contracts: Mapping[str, Contract] | None = None,
) -> Ledger:
    prices = ledger.prices if prices is None else prices
    customers = ledger.customers if customers is None else customers
    contracts = ledger.contracts if contracts is None else contracts
    most = sum(each.most_micro_usd for each in contracts.values())
    most += sum(each.micro_usd_per_y for each in customers.values())
    if most > BOOKS_MAX_USD * PPM:
        raise BadInput(
            f"contracts and customers of {most // PPM} dollars in all",
            expected=f"{BOOKS_MAX_USD} at most",
        )
    return replace(
        ledger,
        prices=prices,
        customers=customers,
        contracts=contracts,
        items=items_of(contracts, customers, prices),
    )
