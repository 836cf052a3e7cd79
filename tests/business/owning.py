"""Facts about shares, short; and the fold of them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from functools import cache

from twin.baseline import load
from twin.business.cap_tables import CapTables
from twin.business.mergers import shares_exchanged
from twin.business.ownership import (
    company_registered,
    offering_priced,
    shares_issued,
    shares_split,
)
from twin.business.share_prices import priced
from twin.events import (
    Body,
    CompanyRegistered,
    OfferingPriced,
    PriceObserved,
    PriceSet,
    ShareClass,
    SharesExchanged,
    SharesIssued,
    SharesSplit,
)
from twin.simulate.owners import Told, ownership_facts
from twin.units import parse_instant

DAY_NS = 86_400_000_000_000


def applied(tables: CapTables, body: Body, at_ns: int) -> CapTables:
    """The tables after one fact."""
    match body:
        case CompanyRegistered():
            return company_registered(tables, body)
        case SharesIssued():
            return shares_issued(tables, body, effective_ns=at_ns)
        case SharesExchanged():
            return shares_exchanged(tables, body, effective_ns=at_ns)
        case SharesSplit():
            return shares_split(tables, body, effective_ns=at_ns)
        case OfferingPriced():
            return offering_priced(tables, body, effective_ns=at_ns)
        case PriceObserved() | PriceSet():
            return priced(tables, body, effective_ns=at_ns)
    raise AssertionError(f"{body} is no fact of ownership")


def folded(*bodies: Body, tables: CapTables | None = None, first_day: int = 1) -> CapTables:
    """The tables after some facts, a day apart."""
    tables = tables or CapTables()
    for day, body in enumerate(bodies, start=first_day):
        tables = applied(tables, body, day * DAY_NS)
    return tables


@cache
def told() -> tuple[Told, ...]:
    return tuple(ownership_facts(load("2029")))


def group_at(day: str) -> CapTables:
    """The group's tables at the start of a day: every fact that took effect by then."""
    until_ns = parse_instant(f"{day}T00:00:00Z")
    return fold_told(fact for fact in told() if fact[1] <= until_ns)


def fold_told(facts: Iterable[Told]) -> CapTables:
    tables = CapTables()
    for body, at_ns, _ in facts:
        tables = applied(tables, body, at_ns)
    return tables


def company(name: str, **votes: int) -> CompanyRegistered:
    """A company with one class ``A`` of one vote, unless classes are said."""
    classes = votes or {"A": 1}
    return CompanyRegistered(name, tuple(ShareClass(each, classes[each]) for each in classes))


def issued(company_: str, holder: str, count: int, share_class: str = "A", **more) -> SharesIssued:
    return SharesIssued(company_, share_class, holder, count, **more)


def merged(target: str, acquirer: str, ratio: str, **more) -> SharesExchanged:
    return SharesExchanged(target, acquirer, Decimal(ratio), **more)


def price(item: str, value: str, unit: str = "usd_per_share", as_of: str = "1970-01-02"):
    return PriceObserved(item, Decimal(value), unit, as_of)
