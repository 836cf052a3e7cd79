"""Who owns a company in the end, through every company between, in circles too.

A company that is owned by others passes what it owns on to them. With ``n`` companies that is one
linear system: issued · x = direct + Σ held by companies · x. It is solved in fractions of whole
numbers, so there is no error, and the shares of the ultimate holders of a company sum to one.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from twin.business.cap_tables import CapTables

Shares = Mapping[str, Mapping[str, int]]
"""Company → holder → shares held, all classes together."""

Fractions = dict[str, dict[str, Fraction]]
"""Company → ultimate holder → fraction of the company, both in the order of their names."""


def look_through(tables: CapTables) -> Fractions:
    """The ultimate holders of every company with issued shares."""
    held: dict[str, dict[str, int]] = {}
    for company in tables.companies:
        for holding in company.holdings:
            of = held.setdefault(company.name, {})
            of[holding.holder] = of.get(holding.holder, 0) + holding.shares_count
    return ultimate_fractions(held)


def ultimate_fractions(held: Shares) -> Fractions:
    """The ultimate holders of every company.

    A holder is ultimate when it is no company here, or one that nobody outside a closed circle
    owns: companies that own each other whole end with themselves.
    """
    issued = {company: of for company, of in held.items() if sum(of.values()) > 0}
    owned = _owned_from_outside(issued)
    rows = {name: _row(issued[name]) for name in sorted(issued)}
    for name in sorted(owned):
        _put_in(rows, name, _solved(rows[name], name))
    # What a closed circle holds, it holds in its own name.
    return {name: dict(sorted(row.items())) for name, row in rows.items()}


def _owned_from_outside(issued: Shares) -> set[str]:
    """Companies from which some holder who is no company is reached."""
    owned: set[str] = set()
    while True:
        more = {
            company
            for company, of in issued.items()
            if company not in owned
            and any(count and (h in owned or h not in issued) for h, count in of.items())
        }
        if not more:
            return owned
        owned |= more


def _row(of: Mapping[str, int]) -> dict[str, Fraction]:
    total = sum(of.values())
    return {holder: Fraction(count, total) for holder, count in of.items() if count}


def _solved(row: dict[str, Fraction], name: str) -> dict[str, Fraction]:
    """A company's row without itself: what it holds of itself belongs to the others pro rata."""
    own = row.get(name, Fraction(0))
    return {holder: part / (1 - own) for holder, part in row.items() if holder != name}


def _put_in(rows: dict[str, dict[str, Fraction]], name: str, solved: dict[str, Fraction]) -> None:
    """Replace a company by its holders in every row: one step of Gauss and Jordan."""
    rows[name] = solved
    for company, row in rows.items():
        part = row.get(name)
        if company == name or part is None:
            continue
        replaced = {holder: share for holder, share in row.items() if holder != name}
        for holder, share in solved.items():
            replaced[holder] = replaced.get(holder, Fraction(0)) + part * share
        rows[company] = replaced
