"""A merger: every share of the target becomes shares of the acquirer, or cash.

The rule of rounding is the event's own and holds for each holding (one holder, one class): its
shares times the exact ratio, rounded *up* or *down* to a whole share; so are its rights to shares.
Each unvested lot is rounded down, and what rounding adds is vested. Nothing is rounded twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

from msgspec.structs import replace

from twin.business.cap_tables import (
    VALUE_MAX_MICRO_USD,
    CapTables,
    Company,
    Holding,
    Lot,
    Merger,
)
from twin.business.ownership import check_not_late
from twin.errors import BadInput
from twin.events import SharesExchanged
from twin.suggest import nearest
from twin.units import micro_usd

RATIO_MAX: Final = 1_000_000
RATIO_DECIMALS: Final = 9

Rounding = Literal["down", "up"]


def shares_exchanged(tables: CapTables, fact: SharesExchanged, *, effective_ns: int) -> CapTables:
    """The target merged into the acquirer; ``BadInput`` for an unknown company, class or holder.

    What acquirer and target held in each other is cancelled; what the target held in others passes
    to the acquirer.
    """
    target = tables.company(fact.target, field="target")
    acquirer = tables.company(fact.acquirer, field="acquirer")
    if target is acquirer:
        raise BadInput(f"{fact.target} merged into itself", expected="two companies")
    for company in (target, acquirer):
        check_not_late(company, effective_ns)
    _check_cash_holders(target, fact)
    ratio, classes = _ratio(fact.exchange_ratio), _classes(target, acquirer, fact)
    gone = [h for h in target.holdings if h.holder == acquirer.name]
    paid = [h for h in target.holdings if h.holder in fact.cash_holders and h not in gone]
    fresh = [
        _exchanged(
            h if h not in paid else replace(h, shares_count=0, lots=()),
            share_class=classes[h.share_class],
            ratio=ratio,
            rounding=fact.rounding,
        )
        for h in target.holdings
        if h not in gone
    ]
    merger = Merger(
        target=target.name,
        acquirer=acquirer.name,
        effective_ns=effective_ns,
        issued_counts=_by_class(fresh),
        options_count=sum(h.options_count for h in fresh),
        cancelled_count=sum(h.shares_count for h in gone),
        cash_micro_usd=_cash_micro_usd(fact, paid),
    )
    after = _taken_over(acquirer, target.name, fresh)
    ended = replace(target, merged_into=acquirer.name, changed_ns=effective_ns)
    ended = ended.with_holdings(
        [h.emptied for h in ended.holdings],
        {name: -target.issued_of(name) for name in target.class_names},
    )
    others = _passed_on(tables, target.name, acquirer.name)
    merged = tables.with_companies(*others, replace(after, changed_ns=effective_ns), ended)
    return replace(merged, mergers=(*tables.mergers, merger))


def _exchanged(held: Holding, *, share_class: str, ratio: Fraction, rounding: Rounding) -> Holding:
    """A holding of the target as one of the acquirer."""
    return replace(
        held,
        share_class=share_class,
        shares_count=_rounded(held.shares_count * ratio, rounding),
        options_count=_rounded(held.options_count * ratio, rounding),
        lots=tuple(
            Lot(lot.vests_ns, _rounded(lot.shares_count * ratio, "down")) for lot in held.lots
        ),
    )


def _rounded(count: Fraction, rounding: Rounding) -> int:
    return -(-count.numerator // count.denominator) if rounding == "up" else int(count)


def _taken_over(acquirer: Company, target: str, fresh: list[Holding]) -> Company:
    """The acquirer with new shares for the target's holders, without what the target held of it."""
    own = [h for h in acquirer.holdings if h.holder == target]
    issued: Counter[str] = Counter()
    for held in own:
        issued[held.share_class] -= held.shares_count
    changed = {(h.share_class, h.holder): h.emptied for h in own}
    for held in fresh:
        key = (held.share_class, held.holder)
        changed[key] = _joined(changed.get(key) or acquirer.holding(*key), held)
        issued[held.share_class] += held.shares_count
    return acquirer.with_holdings(changed.values(), issued)


def _passed_on(tables: CapTables, target: str, acquirer: str) -> Iterator[Company]:
    """Other companies, with the acquirer in the target's place among their holders."""
    for company in tables.companies:
        held = [h for h in company.holdings if h.holder == target]
        if not held or company.name in (target, acquirer):
            continue
        emptied = [h.emptied for h in held]
        moved = [_joined(company.holding(h.share_class, acquirer), h) for h in held]
        yield company.with_holdings([*emptied, *moved], {})


def _joined(into: Holding, more: Holding) -> Holding:
    """Two holdings of one class in one hand."""
    lots: Counter[int] = Counter()
    for lot in (*into.lots, *more.lots):
        lots[lot.vests_ns] += lot.shares_count
    return replace(
        into,
        shares_count=into.shares_count + more.shares_count,
        options_count=into.options_count + more.options_count,
        lots=tuple(Lot(ns, lots[ns]) for ns in sorted(lots) if lots[ns]),
        is_assumed=into.is_assumed or more.is_assumed,
    )


def _by_class(held: list[Holding]) -> tuple[tuple[str, int], ...]:
    counts: Counter[str] = Counter()
    for each in held:
        counts[each.share_class] += each.shares_count
    return tuple(sorted(counts.items()))


def _cash_micro_usd(fact: SharesExchanged, paid: list[Holding]) -> int:
    """The cash as told, otherwise what the price a share comes to."""
    per_share = micro_usd(fact.cash_usd_per_share, field="cash_usd_per_share")
    cash = micro_usd(fact.cash_usd, field="cash_usd") or per_share * sum(
        h.shares_count for h in paid
    )
    if cash > VALUE_MAX_MICRO_USD:
        raise BadInput(f"cash of {cash} micro-dollars", expected=f"{VALUE_MAX_MICRO_USD} at most")
    return cash


def _ratio(told: Decimal) -> Fraction:
    """The ratio as it was said, exactly."""
    exponent = told.as_tuple().exponent
    is_fine = isinstance(exponent, int) and exponent >= -RATIO_DECIMALS
    if not is_fine or not 0 < told <= RATIO_MAX:
        raise BadInput(
            f"exchange_ratio={told}",
            expected=f"above 0, to {RATIO_MAX}, with {RATIO_DECIMALS} decimals at most",
            field="exchange_ratio",
        )
    return Fraction(told)


def _classes(target: Company, acquirer: Company, fact: SharesExchanged) -> dict[str, str]:
    """The acquirer's class for each class of the target; the same name where none is said."""
    told = dict(fact.classes)
    for share_class in told:
        target.votes_of(share_class)
    found = {name: told.get(name, name) for name in target.class_names}
    for name in sorted({h.share_class for h in target.holdings}):
        acquirer.votes_of(found[name])
    return found


def _check_cash_holders(target: Company, fact: SharesExchanged) -> None:
    holders = {held.holder for held in target.holdings}
    for holder in fact.cash_holders:
        if holder not in holders:
            raise BadInput(
                f"cash holder {holder!r}", expected=nearest(holder, holders), field="cash_holders"
            )
    if fact.cash_holders and not (fact.cash_usd_per_share or fact.cash_usd):
        raise BadInput("cash holders without cash", expected="cash_usd_per_share or cash_usd")
