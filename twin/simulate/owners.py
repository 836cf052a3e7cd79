"""How the group came to be owned as it is: the filed history of its shares, as facts in order.

The filing gives who held SpaceX on 2026-05-01, what each merger issued, and the rounds of xAI; it
gives no table before the mergers. So the history is laid backwards from what is filed: known
holders held what they held in the end, less what an event is known to have given them, and what is
missing is put in the hands of holders called *assumed*. Folded forwards it arrives at the filing.
Counts before the split are a fifth of the filed ones, which are all divisible by five.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from math import floor
from typing import Final

from twin.baseline import Baseline
from twin.events import (
    Body,
    CompanyRegistered,
    Confidence,
    OfferingPriced,
    PriceObserved,
    ShareClass,
    SharesExchanged,
    SharesIssued,
    SharesSplit,
)
from twin.simulate.owners_book import OwnersBook, later_rounds, start_of, xai_table
from twin.units import NS_PER_S

Told = tuple[Body, int, Confidence]
"""A fact, when it took effect, and how far to trust it."""

MUSK: Final = "Musk"
VALOR: Final = "Gracias and Valor"
PUBLIC: Final = "public"
SPACEX_OTHERS: Final = "SpaceX others (assumed)"
XAI_OTHERS: Final = "xAI others (assumed)"
XAI_CASHED: Final = "xAI service providers (assumed)"
X_HOLDERS: Final = "X holders (assumed)"
TESLA_OTHERS: Final = "Tesla others (assumed)"

NEW_YORK_CLOSE_NS: Final = 20 * 3600 * NS_PER_S
"""Of a day in summer, in UTC."""

NAMED: Final = {
    VALOR: "gracias-valor",
    "Shotwell": "shotwell",
    "Johnsen": "johnsen",
    "Ehrenpreis": "ehrenpreis",
    "Glein": "glein",
    "Nosek": "nosek",
}


def ownership_facts(baseline: Baseline) -> Iterator[Told]:
    """Every fact of ownership in order of its effective time, those after the opening among them.

    ``BadInput`` where the baseline lacks a number.
    """
    book = OwnersBook(baseline)
    told = [
        *_registered(book),
        *_spacex_before(book),
        *_xai_before(book),
        *_tesla(book),
        *_x_merger(book),
        *_rounds(book),
        *_awards_before(book),
        *_xai_merger(book),
        *_after_the_merger(book),
        *_offering(book),
        *_prices(book),
    ]
    # The sort is stable: of one day, what is told first comes first.
    yield from sorted(told, key=lambda fact: fact[1])


def _registered(book: OwnersBook) -> Iterator[Told]:
    def votes(name: str) -> tuple[ShareClass, ...]:
        return tuple(
            ShareClass(letter.upper(), book.count(f"{name}.class-{letter}.votes_count"))
            for letter in ("a", "b")
        )

    at_ns = book.begins_ns
    yield CompanyRegistered("SpaceX", votes("spacex")), at_ns, "primary"
    yield CompanyRegistered("xAI", votes("xai")), at_ns, "primary"
    yield CompanyRegistered("X", (ShareClass("common", 1),)), at_ns, "assumed"
    yield CompanyRegistered("Tesla", (ShareClass("common", 1),)), at_ns, "assumed"


def _spacex_before(book: OwnersBook) -> Iterator[Told]:
    """SpaceX before the mergers, class C and preferred already counted as A and B."""
    at_ns = book.begins_ns
    rest_a = book.before_split("spacex.class-a_count") - book.count("xai-merger.class-a_count")
    rest_b = book.before_split("spacex.class-b_count") - book.count("xai-merger.class-b_count")
    musk_a = book.held_before_split("musk", "a")
    restricted = book.before_split("musk.restricted-b_count")
    # His class B from xAI comes with the merger, his awards on their days.
    musk_b = book.held_before_split("musk", "b") - restricted
    musk_b -= book.count("xai-merger.class-b_count")
    held = [("A", MUSK, musk_a), ("B", MUSK, musk_b)]
    rest_b -= restricted
    for holder, who in NAMED.items():
        held.append(("A", holder, book.held_before_split(who, "a")))
        held.append(("B", holder, book.held_before_split(who, "b")))
        if options := book.options_before_split(who, "a"):
            yield SharesIssued("SpaceX", "A", holder, options, is_option=True), at_ns, "derived"
    options = book.options_before_split("musk", "b")
    yield SharesIssued("SpaceX", "B", MUSK, options, is_option=True), at_ns, "derived"
    for share_class, holder, count in held:
        if count:
            yield SharesIssued("SpaceX", share_class, holder, count), at_ns, "derived"
    for share_class, rest in (("A", rest_a), ("B", rest_b)):
        named = sum(count for each, _, count in held if each == share_class)
        yield _assumed("SpaceX", share_class, SPACEX_OTHERS, rest - named), at_ns, "assumed"


def _xai_before(book: OwnersBook) -> Iterator[Told]:
    """xAI and X before they merged; xAI's high-vote shares are all taken to be Musk's."""
    at_ns, xai = book.begins_ns, xai_table(book)
    others = xai.others_a_count - sum(count for _, count, _ in later_rounds(book))
    yield _assumed("xAI", "B", MUSK, xai.musk_b_count), at_ns, "assumed"
    yield _assumed("xAI", "A", XAI_OTHERS, others), at_ns, "assumed"
    yield _assumed("xAI", "A", XAI_CASHED, xai.cashed_a_count), at_ns, "assumed"
    by_x = book.count("x.series-a-of-xai_count")
    yield SharesIssued("xAI", "B", "X", by_x), at_ns, "derived"
    yield _assumed("X", "common", X_HOLDERS, xai.x_count), at_ns, "assumed"


def _tesla(book: OwnersBook) -> Iterator[Told]:
    issued = book.count("tesla.issued_count")
    by_musk = floor(issued * Fraction(book.usd("tesla.musk_fraction")))
    yield _assumed("Tesla", "common", MUSK, by_musk), book.begins_ns, "assumed"
    yield _assumed("Tesla", "common", TESLA_OTHERS, issued - by_musk), book.begins_ns, "assumed"


def _x_merger(book: OwnersBook) -> Iterator[Told]:
    day, xai = "x-merger.effective_date", xai_table(book)
    at_ns, as_of = book.at(day), book.text(day)
    merger = SharesExchanged(
        target="X",
        acquirer="xAI",
        exchange_ratio=book.usd("x-merger.exchange_shares_per_share"),
        classes=(("common", "A"),),
    )
    per_x = _micro(book.usd("x-merger.x-value_usd") / xai.x_count)
    yield _price("share.x", per_x, as_of), at_ns, "derived"
    yield merger, at_ns, "primary"
    per_xai = _micro(book.usd("x-merger.value_usd") / xai.total_count)
    yield _price("share.xai", per_xai, as_of), at_ns, "derived"


def _rounds(book: OwnersBook) -> Iterator[Told]:
    """What xAI sold between the mergers: D to SpaceX among others, E in the end to Tesla."""
    for day, count, usd in later_rounds(book):
        sold = SharesIssued("xAI", "A", XAI_OTHERS, count, price_usd=usd, basis="assumed")
        yield sold, book.at(day), "assumed"
        yield _price("share.xai", usd, book.text(day)), book.at(day), "primary"
    usd = book.usd("xai.series-d_usd_per_share")
    by_spacex = floor(Fraction(book.usd("spacex-in-xai.amount_usd")) / Fraction(usd))
    at_ns = book.at("xai.series-d_date")
    yield SharesIssued("xAI", "A", "SpaceX", by_spacex, price_usd=usd), at_ns, "derived"
    # Until the waiting period was over it was a right, not a share.
    usd = book.usd("xai-merger.cash_usd_per_share")
    by_tesla = floor(Fraction(book.usd("tesla.amount_usd")) / Fraction(usd))
    right = SharesIssued("xAI", "A", "Tesla", by_tesla, price_usd=usd, is_option=True)
    yield right, book.at("tesla.agreement_date"), "derived"


def _awards_before(book: OwnersBook) -> Iterator[Told]:
    award = book.before_split("musk.ceo-award-b_count")
    at_ns = book.at("musk.ceo-award_date")
    yield SharesIssued("SpaceX", "B", MUSK, award, is_restricted=True), at_ns, "primary"


def _xai_merger(book: OwnersBook) -> Iterator[Told]:
    day = "xai-merger.effective_date"
    at_ns, as_of = book.at(day), book.text(day)
    merger = SharesExchanged(
        target="xAI",
        acquirer="SpaceX",
        exchange_ratio=book.usd("xai-merger.exchange_shares_per_share"),
        cash_usd_per_share=book.usd("xai-merger.cash_usd_per_share"),
        cash_usd=book.usd("xai-merger.cash_usd"),
        classes=(("A", "A"), ("B", "B")),
        cash_holders=(XAI_CASHED,),
        rounding="up",
    )
    yield merger, at_ns, "primary"
    award = book.before_split("musk.xai-award-a_count")
    yield SharesIssued("SpaceX", "A", MUSK, award), at_ns, "primary"
    usd = book.usd("xai-merger.price_usd_per_share")
    yield _price("share.spacex", usd, as_of), at_ns, "reputable"
    for part, name in (("space-and-connectivity", "spacex-headline"), ("xai", "xai-headline")):
        usd = book.usd(f"xai-merger.{name}_usd")
        yield PriceObserved(f"part.spacex.{part}", usd, "usd", as_of), at_ns, "reputable"


def _after_the_merger(book: OwnersBook) -> Iterator[Told]:
    """Tesla's right became shares, the award of xAI restricted shares, and each share five."""
    at_ns = book.at("tesla.issued_date")
    count = book.count("tesla.class-a-pre-split_count")
    usd = book.usd("xai-merger.price_usd_per_share")
    yield SharesIssued("SpaceX", "A", "Tesla", -count, is_option=True), at_ns, "primary"
    yield SharesIssued("SpaceX", "A", "Tesla", count, price_usd=usd), at_ns, "primary"
    at_ns = book.at("musk.ai-award_date")
    old = book.before_split("musk.xai-award-a_count")
    new = book.before_split("musk.ai-award-b_count")
    yield SharesIssued("SpaceX", "A", MUSK, -old), at_ns, "primary"
    yield SharesIssued("SpaceX", "B", MUSK, new, is_restricted=True), at_ns, "primary"
    yield SharesSplit("SpaceX", book.split), book.at("split.effective_date"), "primary"


def _offering(book: OwnersBook) -> Iterator[Told]:
    """The offering at its price, and the underwriters' option the day it traded."""
    price = book.usd("offering.price_usd_per_share")
    first = book.count("offering.shares_count")
    every = book.count("offering.shares-with-option_count")
    fees = every * price - book.usd("offering.net_usd")
    # Who took how much of the fee is not given: by shares.
    first_fee = _micro(fees * first / every)
    for shares, option, fee, day in (
        (first, 0, first_fee, "offering.priced_date"),
        (0, every - first, fees - first_fee, "offering.traded_date"),
    ):
        fact = OfferingPriced("SpaceX", "A", PUBLIC, shares, option, price, fee)
        yield fact, book.at(day), "reputable"


def _prices(book: OwnersBook) -> Iterator[Told]:
    """Prices before and after the market existed."""
    usd = book.usd("spectrum.price_usd_per_share") * book.split
    day = book.baseline.assumptions["ownership.spectrum.value_usd"].as_of
    yield _price("share.spacex", usd, day), start_of(day), "primary"
    closes: tuple[tuple[str, Confidence], ...] = (
        ("market.close-2026-06-12_usd_per_share", "reputable"),
        ("market.price-2026-08-06_usd_per_share", "secondary"),
        ("market.price-2026-09_usd_per_share", "secondary"),
    )
    for name, confidence in closes:
        day = book.baseline.assumptions[f"ownership.{name}"].as_of
        at_ns = start_of(day) + NEW_YORK_CLOSE_NS
        yield _price("share.spacex", book.usd(name), day), at_ns, confidence


def _assumed(company: str, share_class: str, holder: str, count: int) -> SharesIssued:
    return SharesIssued(company, share_class, holder, count, basis="assumed")


def _price(item: str, usd: Decimal, as_of: str) -> PriceObserved:
    return PriceObserved(item, usd, "usd_per_share", as_of)


def _micro(usd: Decimal) -> Decimal:
    return usd.quantize(Decimal("0.000001"))
