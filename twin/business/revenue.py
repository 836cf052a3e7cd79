"""Revenue: what each tick earns and costs, in whole micro-dollars, whatever the length of a tick.

In every row recognised = gross − credits − intercompany. The elimination is the last row: it takes
out what the group sells to itself, so the sum of all rows is the consolidated revenue, and that of
the others is the sum of the reporting segments. A launch of one's own satellites is never here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Final, Literal

import msgspec
import numpy as np

from twin.arrays import IntArray, frozen
from twin.business.items import A, Items, Mode, T
from twin.business.ledger import K, Ledger
from twin.business.lines import REPORTING_SEGMENTS
from twin.business.terms import YEAR_MS
from twin.errors import BrokenInvariant
from twin.physics.kernel import kernel
from twin.units import MICRO_PER_USD, MS_PER_H, NS_PER_MS, NS_PER_S, PPM, USD_MAX

BOOK_MAX_MICRO_USD: Final = USD_MAX * MICRO_PER_USD
"""An item books this much at most in all."""

TOKENS_MAX_COUNT: Final = 10**15
"""Billed in one tick and direction, at most."""

PRODUCT_MAX: Final = 4 * 10**18
"""No intermediate product is larger, whatever the tick."""


class B(IntEnum):
    """Columns of the book, one row an item: the tick, since the beginning, and what is carried."""

    GROSS = 0
    CREDITS = 1
    INTERCOMPANY = 2
    RECOGNISED = 3
    DELIVERED = 4  # accelerator-milliseconds, tokens or launches
    TOTAL_GROSS = 5
    TOTAL_CREDITS = 6
    TOTAL_INTERCOMPANY = 7
    TOTAL_RECOGNISED = 8
    TOTAL_DELIVERED = 9
    CARRY = 10  # below a micro-dollar, in parts of the item's period
    SHARE_CARRY = 11  # accelerator-milliseconds below one of the whole contract


class X(IntEnum):
    """Columns of the expenses: rows are REPORTING_SEGMENTS, then the elimination."""

    OPERATING = 0
    ENERGY = 1
    DEPRECIATION = 2
    TOTAL_OPERATING = 3
    TOTAL_ENERGY = 4
    TOTAL_DEPRECIATION = 5
    CARRY = 6


class Lump(msgspec.Struct, frozen=True):
    """Money booked at once: a customer's launch that reached orbit, or a credit on a contract.

    ``subject`` is the customer of a launch, or the id of the contract of a credit.
    """

    kind: Literal["launch", "credit"]
    subject: str
    micro_usd: int


class Revenue(msgspec.Struct, frozen=True, eq=False):
    """What one tick earned and cost, and all ticks so far.

    ``book`` has shape ``(items, len(B))`` in the order of ``item_ids``, ``expenses``
    ``(len(REPORTING_SEGMENTS) + 1, len(X))``; both in micro-dollars.
    """

    item_ids: tuple[str, ...] = ()
    book: IntArray = frozen(np.zeros((0, len(B)), np.int64))
    expenses: IntArray = frozen(np.zeros((len(REPORTING_SEGMENTS) + 1, len(X)), np.int64))
    interval_ms: int = 0
    elapsed_ms: int = 0

    @property
    def consolidated_micro_usd(self) -> int:
        """Revenue of the tick of the group as a whole."""
        return sum(self.book[:, B.RECOGNISED].tolist())

    def encoded(self) -> bytes:
        head = msgspec.json.encode((self.item_ids, self.interval_ms, self.elapsed_ms))
        arrays = (self.book, self.expenses)
        return head + b"".join(each.astype("<i8", copy=False).tobytes() for each in arrays)


NO_LUMPS: Final[IntArray] = frozen(np.zeros((0, 3), np.int64))

# A compiled kernel takes plain numbers for constants, not members of an enumeration.
_GROSS, _CREDITS, _INTERCOMPANY, _RECOGNISED, _DELIVERED = (int(b) for b in tuple(B)[:5])
_TOTAL_GROSS = int(B.TOTAL_GROSS)
_CARRY, _SHARE_CARRY = int(B.CARRY), int(B.SHARE_CARRY)
_SEGMENT, _MODE, _NEED, _QUANTITY = int(A.SEGMENT), int(A.MODE), int(A.NEED), int(A.QUANTITY)
_PERIOD, _INPUT, _OUTPUT = int(A.PERIOD_MS), int(A.INPUT_MICRO_USD), int(A.OUTPUT_MICRO_USD)
_BUYER = int(A.BUYER)
_ITEM, _FROM, _TO, _PRICE, _MOST = (int(t) for t in T)
_TIME, _SHARE, _ACCELERATOR_H = int(Mode.TIME), int(Mode.SHARE), int(Mode.ACCELERATOR_H)
_CARRIER, _FROM_S, _LIFE_S, _PER_S, _REST = (int(k) for k in K)
_OPERATING, _ENERGY, _DEPRECIATION = int(X.OPERATING), int(X.ENERGY), int(X.DEPRECIATION)
_TOTAL_OPERATING, _COST_CARRY = int(X.TOTAL_OPERATING), int(X.CARRY)
_MS_PER_S = NS_PER_S // NS_PER_MS


def accrued(
    ledger: Ledger,
    flows: Revenue,
    *,
    delivered_qty: IntArray,
    tokens: IntArray,
    lumps: Sequence[Lump] = (),
    energy_micro_usd: IntArray,
    operating_micro_usd_per_y: IntArray,
    start_ns: int,
    tick_ns: int,
) -> Revenue:
    """The book after the tick [start, tick).

    In the order of ``ledger.need_ids``: ``delivered_qty``, shape ``(needs,)``, is what was granted
    over the tick; ``tokens``, ``(needs, 2)``, input and output tokens served in it.
    ``energy_micro_usd`` is the tick's bill and ``operating_micro_usd_per_y`` (see
    ``operating_rates``) the running cost, both ``(3,)`` by reporting segment. A credit against a
    contract that is not in the books books nothing: neither did its revenue.
    ``BrokenInvariant`` when the sums do not agree.
    """
    items = ledger.items
    if flows.item_ids is not items.ids:
        flows = _realigned(flows, items)
    book, expenses = flows.book.copy(), flows.expenses.copy()
    start_ms, tick_ms = start_ns // NS_PER_MS, tick_ns // NS_PER_MS
    is_balanced = _accrue(
        book,
        expenses,
        items.columns,
        items.pieces,
        ledger.capital,
        delivered_qty,
        tokens,
        _booked(ledger, lumps) if lumps else NO_LUMPS,
        energy_micro_usd,
        operating_micro_usd_per_y,
        start_ms,
        tick_ms,
    )
    if not is_balanced:
        raise BrokenInvariant(
            "revenue does not add up", expected="consolidated = Σ segments − intercompany"
        )
    book.flags.writeable = expenses.flags.writeable = False
    interval_ms = tick_ms - start_ms
    elapsed_ms = flows.elapsed_ms + interval_ms
    return Revenue(items.ids, book, expenses, interval_ms, elapsed_ms)


def operating_rates(number: Callable[[str], float]) -> IntArray:
    """Running cost of each reporting segment in micro-dollars a year; shape ``(3,)``.

    ``number`` is an assumption by name, 0 where nobody set it. Energy and depreciation are counted
    by themselves.
    """
    names = [f"cost.{segment.lower()}.operating_usd_per_y" for segment in REPORTING_SEGMENTS]
    most = float(BOOK_MAX_MICRO_USD)
    rates = [round(min(max(number(name) * MICRO_PER_USD, 0.0), most)) for name in names]
    return frozen(np.array(rates, dtype=np.int64))


def _realigned(flows: Revenue, items: Items) -> Revenue:
    """The book with a row for each item of today; no item ever leaves.

    A carry that its item's terms of today cannot have is below a micro-dollar, and dropped.
    """
    book = np.zeros((len(items.ids), len(B)), dtype=np.int64)
    for row, item_id in enumerate(flows.item_ids):
        place = items.places.get(item_id)
        if place is not None:
            book[place] = flows.book[row]
            if book[place, B.CARRY] >= items.columns[place, A.PERIOD_MS]:
                book[place, B.CARRY] = 0
            if book[place, B.SHARE_CARRY] >= items.columns[place, A.QUANTITY]:
                book[place, B.SHARE_CARRY] = 0
    return Revenue(items.ids, frozen(book), flows.expenses, flows.interval_ms, flows.elapsed_ms)


def _booked(ledger: Ledger, lumps: Sequence[Lump]) -> IntArray:
    """Lumps by item, shape ``(items, 3)``: gross, credits, launches."""
    rows = [[0, 0, 0] for _ in ledger.items.items]
    for lump in lumps:
        amount = min(lump.micro_usd, BOOK_MAX_MICRO_USD)
        if lump.kind == "launch":
            row = rows[ledger.launch_place(lump.subject)]
            row[0], row[2] = min(row[0] + amount, BOOK_MAX_MICRO_USD), row[2] + 1
        elif (place := ledger.contract_place(lump.subject)) is not None:
            rows[place][1] = min(rows[place][1] + amount, BOOK_MAX_MICRO_USD)
    return np.array(rows, dtype=np.int64)


@kernel
def _accrue(
    book: IntArray,
    expenses: IntArray,
    columns: IntArray,
    pieces: IntArray,
    capital: IntArray,
    delivered_qty: IntArray,
    tokens: IntArray,
    lumps: IntArray,
    energy_micro_usd: IntArray,
    operating_micro_usd_per_y: IntArray,
    start_ms: int,
    tick_ms: int,
) -> bool:
    """Fill the tick's columns and add them to the totals; False where they do not add up."""
    items_count = book.shape[0]
    last = items_count - 1
    expenses[:, : _DEPRECIATION + 1] = 0
    for i in range(items_count):
        book[i, : _DELIVERED + 1] = 0
        if lumps.shape[0] > 0:
            book[i, _GROSS] = lumps[i, 0]
            book[i, _CREDITS] = lumps[i, 1]
            book[i, _DELIVERED] = lumps[i, 2]
    for p in range(pieces.shape[0]):
        elapsed_ms = min(tick_ms, pieces[p, _TO]) - max(start_ms, pieces[p, _FROM])
        if elapsed_ms > 0:
            _accrue_piece(
                book[pieces[p, _ITEM]],
                columns[pieces[p, _ITEM]],
                pieces[p],
                delivered_qty,
                tokens,
                elapsed_ms,
                tick_ms - start_ms,
            )
    for s in range(operating_micro_usd_per_y.size):
        cost, carry = _portion(
            operating_micro_usd_per_y[s], tick_ms - start_ms, YEAR_MS, expenses[s, _COST_CARRY]
        )
        expenses[s, _OPERATING] = cost
        expenses[s, _COST_CARRY] = carry
        expenses[s, _ENERGY] = energy_micro_usd[s]
    _depreciate(expenses, capital, start_ms // _MS_PER_S, tick_ms // _MS_PER_S)
    intercompany = 0
    for i in range(last):
        row = book[i]
        # The most an item may book in all is out of reach for any group of this world.
        row[_GROSS] = min(row[_GROSS], BOOK_MAX_MICRO_USD - row[_TOTAL_GROSS])
        row[_CREDITS] = min(row[_CREDITS], BOOK_MAX_MICRO_USD - row[_TOTAL_GROSS + 1])
        row[_RECOGNISED] = row[_GROSS] - row[_CREDITS]
        buyer = columns[i, _BUYER]
        if buyer >= 0:
            intercompany += row[_RECOGNISED]
            expenses[buyer, _OPERATING] += row[_RECOGNISED]
            expenses[columns[last, _SEGMENT], _OPERATING] -= row[_RECOGNISED]
    if last >= 0:
        book[last, _INTERCOMPANY] = intercompany
        book[last, _RECOGNISED] = -intercompany
    return _totalled(book, expenses, columns)


@kernel
def _totalled(book: IntArray, expenses: IntArray, columns: IntArray) -> bool:
    """Add the tick to the totals; whether Σ segments − intercompany is what is consolidated."""
    consolidated, segments, intercompany = 0, 0, 0
    for i in range(book.shape[0]):
        row = book[i]
        for column in range(_DELIVERED + 1):
            total = row[_TOTAL_GROSS + column] + row[column]
            row[_TOTAL_GROSS + column] = min(total, PRODUCT_MAX)
        consolidated += row[_RECOGNISED]
        intercompany += row[_INTERCOMPANY]
        segments += row[_GROSS] - row[_CREDITS]
    for s in range(expenses.shape[0]):
        for column in range(_DEPRECIATION + 1):
            expenses[s, _TOTAL_OPERATING + column] += expenses[s, column]
    return consolidated == segments - intercompany


@kernel
def _accrue_piece(
    row: IntArray,
    item: IntArray,
    piece: IntArray,
    delivered_qty: IntArray,
    tokens: IntArray,
    elapsed_ms: int,
    interval_ms: int,
) -> None:
    """What one item earns over its part of the tick."""
    mode, need = item[_MODE], item[_NEED]
    if mode == _TIME:
        money, row[_CARRY] = _portion(piece[_PRICE], elapsed_ms, item[_PERIOD], row[_CARRY])
    elif mode in (_SHARE, _ACCELERATOR_H):
        work = max(0, min(delivered_qty[need], piece[_MOST])) * elapsed_ms
        row[_DELIVERED] += work
        if mode == _ACCELERATOR_H:
            money, row[_CARRY] = _portion(piece[_PRICE], work, MS_PER_H, row[_CARRY])
        else:
            # Whole milliseconds of the whole contract; the part below one is carried.
            work += row[_SHARE_CARRY]
            whole_ms = work // item[_QUANTITY]
            row[_SHARE_CARRY] = work - whole_ms * item[_QUANTITY]
            money, row[_CARRY] = _portion(piece[_PRICE], whole_ms, item[_PERIOD], row[_CARRY])
    else:
        money = _of_tokens(row, item, tokens[need], elapsed_ms, interval_ms)
    row[_GROSS] += money


@kernel
def _of_tokens(
    row: IntArray, item: IntArray, served: IntArray, elapsed_ms: int, interval_ms: int
) -> int:
    """Tokens at their prices; those of a tick that a contract covers in part count by its part."""
    rest, money = row[_CARRY], 0
    for direction in range(2):
        count = max(0, min(served[direction], TOKENS_MAX_COUNT))
        if elapsed_ms < interval_ms:
            even = count // interval_ms
            count = even * elapsed_ms + (count - even * interval_ms) * elapsed_ms // interval_ms
        price = item[_INPUT + direction]
        whole = count // PPM
        money += whole * price
        rest += (count - whole * PPM) * price
        row[_DELIVERED] += count
    whole = rest // PPM
    row[_CARRY] = rest - whole * PPM
    return int(money + whole)


@kernel
def _portion(amount: int, elapsed: int, period: int, carry: int) -> tuple[int, int]:
    """``amount × elapsed / period`` rounded down, and what is left of it in parts of the period.

    Quotient and remainder by themselves, and long ticks in steps, stay inside 64 bits.
    """
    quotient = amount // period
    remainder = amount - quotient * period
    whole = quotient * elapsed
    left = elapsed
    longest = PRODUCT_MAX // period
    while left > 0:
        step = min(left, longest)
        rest = remainder * step + carry
        part = rest // period
        whole += part
        carry = rest - part * period
        left -= step
    return whole, carry


@kernel
def _depreciate(expenses: IntArray, capital: IntArray, start_s: int, end_s: int) -> None:
    for row in range(capital.shape[0]):
        expenses[capital[row, _CARRIER], _DEPRECIATION] += worn(capital[row], start_s, end_s)


@kernel
def worn(spent: IntArray, start_s: int, end_s: int) -> int:
    """What wears off of one spending (a row of ``K``) over a span, in micro-dollars.

    The difference of what was worn off by each end of the span, so nothing is carried.
    """
    life_s, rest = spent[_LIFE_S], spent[_REST]
    before = min(max(start_s - spent[_FROM_S], 0), life_s)
    after = min(max(end_s - spent[_FROM_S], 0), life_s)
    if after <= before:
        return 0
    worn_ = spent[_PER_S] * (after - before)
    return int(worn_ + rest * after // life_s - rest * before // life_s)
