"""The numbers of ownership, in the types of facts, and the table of xAI that nobody filed."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import msgspec

from twin.baseline import Baseline
from twin.units import parse_instant


class OwnersBook(msgspec.Struct, frozen=True):
    """The numbers of the baseline in the types of facts."""

    baseline: Baseline

    def count(self, name: str) -> int:
        return int(self.baseline.number(f"ownership.{name}"))

    def usd(self, name: str) -> Decimal:
        return _decimal(self.baseline.number(f"ownership.{name}"))

    def text(self, name: str) -> str:
        return self.baseline.text(f"ownership.{name}")

    def at(self, name: str) -> int:
        return start_of(self.text(name))

    @property
    def begins_ns(self) -> int:
        return self.at("table_date")

    @property
    def split(self) -> int:
        return self.count("split.shares_per_share")

    def before_split(self, name: str) -> int:
        """A filed count in shares before the split."""
        return self.count(name) // self.split

    def held_before_split(self, who: str, share_class: str) -> int:
        """What a named holder has of a class in the filing, without options, before the split."""
        name = f"{who}.class-{share_class}_count"
        if f"ownership.{name}" not in self.baseline.assumptions:
            return 0
        return self.before_split(name) - self.options_before_split(who, share_class)

    def options_before_split(self, who: str, share_class: str) -> int:
        name = f"{who}.options-{share_class}_count"
        known = f"ownership.{name}" in self.baseline.assumptions
        return self.before_split(name) if known else 0

    @property
    def ratio(self) -> Fraction:
        """SpaceX shares for a share of xAI."""
        return Fraction(self.usd("xai-merger.exchange_shares_per_share"))

    @property
    def merger_a_count(self) -> int:
        """Class A that the merger issued on its day; Tesla's came later."""
        return self.count("xai-merger.class-a_count") - self.count("tesla.class-a-pre-split_count")


class XaiTable(msgspec.Struct, frozen=True):
    """The assumed table of xAI and X: as many shares as the SpaceX merger issued shares for.

    X's part follows from the values agreed at the X merger.
    """

    musk_b_count: int
    others_a_count: int  # all rounds included
    cashed_a_count: int
    x_count: int
    total_count: int  # right after the X merger


def xai_table(book: OwnersBook) -> XaiTable:
    """The table of xAI that the two mergers, their values and the rounds between them leave."""
    musk_b = floor(book.count("xai-merger.class-b_count") / book.ratio)
    all_a = floor(book.merger_a_count / book.ratio)
    cash = Fraction(book.usd("xai-merger.cash_usd"))
    cashed_a = floor(cash / Fraction(book.usd("xai-merger.cash_usd_per_share")))
    total = musk_b + all_a + cashed_a - sum(count for _, count, _ in later_rounds(book))
    x_part = Fraction(book.usd("x-merger.x-value_usd")) / Fraction(book.usd("x-merger.value_usd"))
    per_x = Fraction(book.usd("x-merger.exchange_shares_per_share"))
    x_count = floor(total * x_part / per_x)
    # The two hands round up by themselves: the second makes the sum come out.
    from_x = ceil(floor(x_count * per_x) * book.ratio)
    others_a = floor((book.merger_a_count - from_x) / book.ratio)
    return XaiTable(musk_b, others_a, cashed_a, x_count, total)


def later_rounds(book: OwnersBook) -> tuple[tuple[str, int, Decimal], ...]:
    """Day, shares and price of what xAI sold after the X merger."""
    e_usd = book.usd("xai-merger.cash_usd_per_share")
    return (
        (
            "xai.series-d_date",
            book.count("xai.series-d_count"),
            book.usd("xai.series-d_usd_per_share"),
        ),
        ("xai.series-e_date", book.count("xai.series-e_count"), e_usd),
        ("xai.series-e-q1-2026_date", book.count("xai.series-e-q1-2026_count"), e_usd),
    )


def start_of(day: str) -> int:
    """The first instant of a day, UTC."""
    return parse_instant(f"{day}T00:00:00Z")


def _decimal(value: float) -> Decimal:
    """The number as it is written, not as its binary fraction."""
    return Decimal(str(value))
