"""Ownership: who holds each company, what it votes, and who owns it in the end.

Of each company and class, shares of all holders sum to the issued count; of each company, economic,
voting and look-through fractions sum to 1 (voting where any share votes).
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from twin.business.cap_tables import CapTables, Company, Holding
from twin.business.look_through import look_through
from twin.business.ownership import INDIRECT
from twin.views.view import Column, Moment, RollUp, Value, View, key, real, usd, whole

Row = tuple[Value, ...]


def _rows(moment: Moment) -> Iterator[Row]:
    for label in sorted(moment.twin.ownership):
        yield from ownership_rows(label, moment.twin.ownership[label], moment.twin.tick_ns)


def ownership_rows(label: str, tables: CapTables, tick_ns: int) -> tuple[Row, ...]:
    """The rows of one label; the same object until shares, prices or vesting change."""
    vesting = (lot.vests_ns for c in tables.companies for h in c.holdings for lot in h.lots)
    return _rows_of(label, tables, max((ns for ns in vesting if ns <= tick_ns), default=0))


@lru_cache(maxsize=32)
def _rows_of(label: str, tables: CapTables, vested_ns: int) -> tuple[Row, ...]:
    """Rows once the lots that vest at ``vested_ns`` have."""
    in_the_end = look_through(tables)
    rows: list[Row] = []
    for company in tables.companies:
        if not company.holdings:
            continue
        ultimate = in_the_end.get(company.name, {})
        left = dict(ultimate)
        for held in company.holdings:
            direct = _fraction(held.shares_count, company.issued_count)
            if held.holder in left:
                left[held.holder] -= direct
            reached = direct if held.holder in ultimate else Fraction(0)
            rows.append((label, *_row(company, held, vested_ns=vested_ns, reached=reached)))
        is_assumed = any(h.is_assumed for c in tables.companies for h in c.holdings)
        for holder, fraction in left.items():
            if fraction:
                held = Holding(INDIRECT, holder, is_assumed=is_assumed)
                rows.append((label, *_row(company, held, vested_ns=vested_ns, reached=fraction)))
    return tuple(rows)


def _row(company: Company, held: Holding, *, vested_ns: int, reached: Fraction) -> Row:
    is_direct = held.share_class != INDIRECT
    votes_count = held.shares_count * company.votes_of(held.share_class) if is_direct else 0
    price, parts = company.price, company.parts_micro_usd
    return (
        "assumed" if held.is_assumed else "derived",
        company.name,
        held.share_class,
        held.holder,
        held.shares_count,
        held.unvested_count(vested_ns),
        held.options_count,
        votes_count,
        float(_fraction(held.shares_count, company.issued_count)),
        float(_fraction(votes_count, company.votes_count)),
        float(reached),
        company.issued_of(held.share_class) if is_direct else 0,
        None if price is None else price.micro_usd,
        None if price is None else price.as_of,
        None if price is None else price.micro_usd * held.shares_count,
        None if parts is None else parts * held.shares_count // max(1, company.issued_count),
    )


def _fraction(part: int, whole_: int) -> Fraction:
    return Fraction(part, whole_) if whole_ else Fraction(0)


OWNERSHIP = View(
    name="ownership",
    meaning="Who holds each company, and who owns it in the end.",
    key=(
        key("company", "Whose shares."),
        key("share_class", "Class; `indirect` for what is held through companies alone."),
        key("holder", "In whose hand."),
    ),
    columns=(
        whole("shares_count", RollUp.LAST, "Issued shares held, unvested ones among them."),
        whole("unvested_count", RollUp.LAST, "Of these not vested yet; they vote already."),
        whole("options_count", RollUp.LAST, "Options and rights to shares, not issued."),
        whole("votes_count", RollUp.LAST, "Votes of the shares held."),
        real("economic_fraction", RollUp.LAST, "Of all issued shares of the company."),
        real("voting_fraction", RollUp.LAST, "Of all votes of issued shares."),
        real(
            "look_through_fraction",
            RollUp.LAST,
            "Of the company, owned in the end; 0 where it belongs to the holder's own holders.",
        ),
        whole("issued_count", RollUp.LAST, "Shares issued of the class."),
        usd("price_usd", RollUp.LAST, "Latest price of a share.", is_nullable=True),
        Column("price_at", "text", RollUp.LAST, "When that price held.", is_nullable=True),
        usd("value_usd", RollUp.LAST, "Shares held at that price.", is_nullable=True),
        usd(
            "sum_of_parts_usd",
            RollUp.LAST,
            "The holding's part of what the company's parts were last said to be worth.",
            is_nullable=True,
        ),
    ),
    rows=_rows,
)
