"""One holder's part of a company, counted in each of the ways that are in print."""

from __future__ import annotations

from fractions import Fraction

import msgspec

from twin.business.cap_tables import Company
from twin.errors import BadInput


class Stake(msgspec.Struct, frozen=True):
    """What one holder has of a company, all classes together or one."""

    shares_count: int
    unvested_count: int
    options_count: int
    votes_count: int
    option_votes_count: int


def stake(company: Company, holder: str, *, at_ns: int, share_class: str = "") -> Stake:
    """A holder's part of a company at an instant; of one class where one is named."""
    held = [
        h for h in company.holdings if h.holder == holder and share_class in ("", h.share_class)
    ]
    return Stake(
        sum(h.shares_count for h in held),
        sum(h.unvested_count(at_ns) for h in held),
        sum(h.options_count for h in held),
        sum(company.votes_of(h.share_class) * h.shares_count for h in held),
        sum(company.votes_of(h.share_class) * h.options_count for h in held),
    )


class Economic(msgspec.Struct, frozen=True):
    """One holder's share of a company, counted in the four ways that are in print.

    ``beneficial`` has the holder's options in the numerator alone, ``diluted`` on both sides,
    ``issued`` nowhere; ``vested`` leaves everybody's unvested shares out too.
    """

    beneficial: Fraction
    diluted: Fraction
    issued: Fraction
    vested: Fraction


def economic(company: Company, holder: str, *, at_ns: int, share_class: str = "") -> Economic:
    """A holder's economic share; ``BadInput`` for a company without issued (or vested) shares."""
    own = stake(company, holder, at_ns=at_ns, share_class=share_class)
    held = [h for h in company.holdings if share_class in ("", h.share_class)]
    issued = sum(h.shares_count for h in held)
    vested = issued - sum(h.unvested_count(at_ns) for h in held)
    if not vested:
        raise BadInput(f"{company.name}, of which no share is vested", expected="issued shares")
    with_options = own.shares_count + own.options_count
    return Economic(
        beneficial=Fraction(with_options, issued),
        diluted=Fraction(with_options, issued + own.options_count),
        issued=Fraction(own.shares_count, issued),
        vested=Fraction(own.shares_count - own.unvested_count, vested),
    )


def beneficial_votes(company: Company, holder: str, *, at_ns: int) -> Fraction:
    """A holder's share of the votes as filings count it: own options on both sides.

    Source: rule of beneficial ownership, S-1 of 2026-05-20, L10363-10368.
    """
    own = stake(company, holder, at_ns=at_ns)
    votes_count = company.votes_count + own.option_votes_count
    if not votes_count:
        raise BadInput(f"{company.name}, of which no share votes", expected="issued shares")
    return Fraction(own.votes_count + own.option_votes_count, votes_count)
