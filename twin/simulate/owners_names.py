"""The numbers that a holding was laid out from, by company and holder."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twin.simulate.owners import (
    MUSK,
    NAMED,
    PUBLIC,
    SPACEX_OTHERS,
    TESLA_OTHERS,
    X_HOLDERS,
    XAI_CASHED,
    XAI_OTHERS,
)

_ISSUED: Final = (
    "spacex.class-a_count",
    "spacex.class-b_count",
    "musk.restricted-b_count",
    "musk.ceo-award-b_count",
    "musk.ai-award-b_count",
    "offering.shares-with-option_count",
    "split.shares_per_share",
)
"""All that was issued of SpaceX, whoever holds it."""

_LEFT_OVER: Final = (
    "spacex.class-a_count",
    "spacex.class-b_count",
    "xai-merger.class-a_count",
    "split.shares_per_share",
)
"""What holders without a name have is what is left of these."""

_MERGER: Final = (
    "x-merger.value_usd",
    "x-merger.x-value_usd",
    "x-merger.exchange_shares_per_share",
    "x.series-a-of-xai_count",
    "xai-merger.cash_usd",
    "xai-merger.cash_usd_per_share",
    "xai-merger.class-a_count",
    "xai-merger.class-b_count",
    "xai-merger.exchange_shares_per_share",
    "xai.series-d_count",
    "xai.series-d_usd_per_share",
    "xai.series-e_count",
    "xai.series-e-q1-2026_count",
    "spacex-in-xai.amount_usd",
    "tesla.class-a-pre-split_count",
)
"""The table of xAI that nobody filed, and what the mergers made of it."""

_TESLA: Final = ("tesla.issued_count", "tesla.musk_fraction")
_TESLAS_SHARES: Final = ("tesla.class-a-pre-split_count", "split.shares_per_share")
_OF_MUSK: Final = (
    "class-a_count",
    "class-b_count",
    "options-b_count",
    "restricted-b_count",
    "ceo-award-b_count",
    "ai-award-b_count",
)
_VOTES: Final = ("class-a.votes_count", "class-b.votes_count")
_PRICES: Final = (
    "spectrum.price_usd_per_share",
    "xai-merger.price_usd_per_share",
    "market.close-2026-06-12_usd_per_share",
    "market.price-2026-08-06_usd_per_share",
    "market.price-2026-09_usd_per_share",
)
PARTS: Final = ("ownership.xai-merger.spacex-headline_usd", "ownership.xai-merger.xai-headline_usd")
"""What the parts of SpaceX were said to be worth."""

PRICES: Final = tuple(f"ownership.{name}" for name in _PRICES)
"""What a share of SpaceX was worth, one day or another."""


def names_of_shares(company: str, holder: str) -> Iterator[str]:
    """How many shares a holder has of a company."""
    yield from (f"ownership.{name}" for name in _shares(company, holder))


def names_of_issued(company: str) -> Iterator[str]:
    """How many shares a company has issued in all."""
    found = {"SpaceX": _ISSUED, "xAI": _MERGER, "X": _MERGER, "Tesla": _TESLA}
    yield from (f"ownership.{name}" for name in found.get(company, ()))


def names_of_votes(company: str) -> Iterator[str]:
    """How many votes a share of a company has, and its holders in all."""
    if company in ("SpaceX", "xAI"):
        yield from (f"ownership.{company.casefold()}.{name}" for name in _VOTES)


def names_of_look_through(company: str, holder: str) -> Iterator[str]:
    """What a holder has through companies that are holders themselves."""
    between = {"SpaceX": _TESLAS_SHARES, "xAI": (*_MERGER, *_ISSUED)}
    yield from (f"ownership.{name}" for name in between.get(company, ()))
    if holder in (MUSK, TESLA_OTHERS):
        yield "ownership.tesla.musk_fraction"


def _shares(company: str, holder: str) -> tuple[str, ...]:
    if company == "Tesla":
        return _TESLA
    if company != "SpaceX":
        return _MERGER
    of_musk = tuple(f"musk.{name}" for name in _OF_MUSK)
    named = tuple(f"{NAMED[holder]}." for holder in NAMED)
    match holder:
        case "Tesla":
            return _TESLAS_SHARES
        case _ if holder == MUSK:
            return (*of_musk, "split.shares_per_share")
        case _ if holder in NAMED:
            return (f"{NAMED[holder]}.", "split.shares_per_share")
        case _ if holder == PUBLIC:
            return ("offering.shares-with-option_count",)
        case _ if holder == SPACEX_OTHERS:
            return (*_LEFT_OVER, *of_musk[:3], *named)
        case _ if holder in (XAI_OTHERS, XAI_CASHED, X_HOLDERS):
            return (*_MERGER, "split.shares_per_share")
    return ()
