"""What a share is worth, and what the parts of a company are: said by prices of two kinds of item.

``share.spacex`` (in usd_per_share) is the price of a share of SpaceX, ``part.spacex.xai`` (in usd)
what its part called xai is worth. Items that begin otherwise are other rooms' business.
"""

from __future__ import annotations

from datetime import date
from math import prod
from typing import Final

from msgspec.structs import replace

from twin.business.cap_tables import CapTables, Company, Price
from twin.errors import BadInput
from twin.events import PriceObserved, PriceSet
from twin.suggest import nearest
from twin.units import micro_usd, parse_instant

UNITS: Final = {"share": "usd_per_share", "part": "usd"}


def priced(tables: CapTables, fact: PriceObserved | PriceSet, *, effective_ns: int) -> CapTables:
    """The tables with a price; the same tables where the item is no share and no part.

    The latest by effective time stands. ``BadInput`` for a company nobody registered, another
    unit, a date that is none, and a price that is negative.
    """
    kind, _, rest = fact.item.partition(".")
    if kind not in UNITS:
        return tables
    named, _, part = rest.partition(".")
    if (kind == "part") != bool(part):
        raise BadInput(f"item {fact.item!r}", expected="share.<company> or part.<company>.<part>")
    if fact.unit != UNITS[kind]:
        raise BadInput(f"unit {fact.unit!r} of {fact.item}", expected=UNITS[kind], field="unit")
    _check_day(fact.as_of)
    company = _of_item(tables, kind, named)
    amount = micro_usd(fact.value, field="value")
    if kind == "share":
        return with_price(
            tables, company, micro_usd_per_share=amount, effective_ns=effective_ns, as_of=fact.as_of
        )
    parts = dict(company.parts)
    if part in parts and parts[part].effective_ns > effective_ns:
        return tables
    parts[part] = Price(amount, effective_ns, fact.as_of)
    return tables.with_companies(replace(company, parts=tuple(sorted(parts.items()))))


def with_price(
    tables: CapTables, company: Company, *, micro_usd_per_share: int, effective_ns: int, as_of: str
) -> CapTables:
    """The tables with a price of shares; unchanged where a later one is known."""
    if company.price is not None and company.price.effective_ns > effective_ns:
        return tables
    per_share = divided(micro_usd_per_share, split_since(company, effective_ns))
    price = Price(per_share, effective_ns, as_of)
    return tables.with_companies(replace(company, price=price))


def split_since(company: Company, effective_ns: int) -> int:
    """How many of today's shares one share of an instant has become."""
    return prod(split.ratio for split in company.splits if split.effective_ns > effective_ns)


def divided(amount_micro_usd: int, ratio: int) -> int:
    """An amount over a ratio, to the nearest micro-dollar; halves go up."""
    return (2 * amount_micro_usd + ratio) // (2 * ratio)


def _of_item(tables: CapTables, kind: str, named: str) -> Company:
    for company in tables.companies:
        if company.name.lower() == named:
            return tables.company(company.name, field="item")
    items = [f"{kind}.{c.name.lower()}" for c in tables.companies if not c.merged_into]
    raise BadInput(
        f"item '{kind}.{named}'", expected=nearest(f"{kind}.{named}", items), field="item"
    )


def _check_day(as_of: str) -> None:
    try:
        date.fromisoformat(as_of)
    except ValueError:
        parse_instant(as_of, field="as_of")
