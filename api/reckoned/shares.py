"""How a holding is reckoned: shares and votes over those of all holdings, at a price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from api.reckoned.part import Part, Reckoning, part, reckoned
from streams.store.queries import RowDict
from twin.business.cap_tables import CapTables, Company
from twin.business.look_through import Fractions, look_through
from twin.business.ownership import INDIRECT
from twin.state import Twin
from twin.units import dollars


def of_ownership(twin: Twin, column: str, row: RowDict) -> Reckoning | None:
    """The reckoning of worth and fractions of a holding; None for counts, dates and no price."""
    tables = twin.ownership[row["label"]]
    company = tables.find(row["company"])
    if company is None or row[column] is None:
        return None
    held = {"shares_count": row["shares_count"]}
    issued = {"company_issued_count": company.issued_count}
    match column:
        case "price_usd" | "value_usd" if company.price is not None:
            terms = {"price_usd": dollars(company.price.micro_usd), "as_of": company.price.as_of}
            if column == "price_usd":
                return reckoned("price_usd, as it was last observed", terms=terms)
            return reckoned("shares_count × price_usd", terms=held | terms)
        case "sum_of_parts_usd":
            parts = (
                part(
                    f"part/{name}",
                    "as last observed",
                    {"as_of": told.as_of},
                    dollars(told.micro_usd),
                )
                for name, told in company.parts
            )
            formula = "Σ of the parts × shares_count / company_issued_count"
            return reckoned(f"{formula}, rounded down", parts, held | issued)
        case "economic_fraction":
            formula = "shares_count / company_issued_count, where all issued shares are the parts"
            return reckoned(formula, _shares(company), held | issued)
        case "voting_fraction":
            terms = {"votes_count": row["votes_count"], "company_votes_count": company.votes_count}
            formula = "votes_count / company_votes_count, where all votes are the parts"
            return reckoned(formula, _votes(company), terms)
        case "look_through_fraction":
            return _in_the_end(tables, company, row)
    return None


def _shares(company: Company) -> Iterator[Part]:
    for held in company.holdings:
        terms = {"shares_count": held.shares_count}
        name = f"holding/{held.share_class}/{held.holder}"
        yield part(name, "shares_count", terms, held.shares_count, unit="count")


def _votes(company: Company) -> Iterator[Part]:
    for held in company.holdings:
        each = company.votes_of(held.share_class)
        terms = {"shares_count": held.shares_count, "votes_per_share_count": each}
        name = f"holding/{held.share_class}/{held.holder}"
        votes_count = held.shares_count * each
        yield part(name, "shares_count × votes_per_share_count", terms, votes_count, unit="count")


def _in_the_end(tables: CapTables, company: Company, row: RowDict) -> Reckoning:
    """What is held directly, or what is owned in the end less all that is held directly."""
    ends, holder = look_through(tables), row["holder"]
    ultimate = ends.get(company.name, {})
    if row["share_class"] != INDIRECT:
        terms = {
            "is_ultimate": int(holder in ultimate),
            "shares_count": row["shares_count"],
            "company_issued_count": company.issued_count,
        }
        formula = (
            "is_ultimate × shares_count / company_issued_count, where is_ultimate is 0 for a"
            " company that belongs to holders of its own"
        )
        return reckoned(formula, terms=terms)
    formula = (
        "Σ of the parts: what is owned through each company that is a holder, a whole that solves"
        " the same sum for each of them, what is held of itself included"
    )
    return reckoned(formula, _through(company, holder, ends))


def _through(company: Company, holder: str, ends: Fractions) -> Iterator[Part]:
    """What a holder owns of a company through each company that holds shares of it."""
    held: dict[str, int] = {}
    for each in company.holdings:
        held[each.holder] = held.get(each.holder, 0) + each.shares_count
    ultimate: Mapping[str, Fraction] = ends.get(company.name, {})
    for between, shares_count in sorted(held.items()):
        # One that nobody outside a circle owns passes nothing on.
        if between in ends and between not in ultimate and shares_count:
            owned = ends[between].get(holder, Fraction(0))
            terms: dict[str, Any] = {
                "shares_count": shares_count,
                "company_issued_count": company.issued_count,
                "look_through_fraction": float(owned),
            }
            value = float(Fraction(shares_count, company.issued_count) * owned)
            formula = "shares_count / company_issued_count × look_through_fraction"
            yield part(f"through/{between}", formula, terms, value, unit="fraction")
