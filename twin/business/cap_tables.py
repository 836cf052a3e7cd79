"""Who holds what: the cap tables of companies, as counts of shares that always add up.

A share is *issued* when it is held and counts in every fraction. An unvested one is issued too and
votes already; an option or another right to a share is not issued and votes not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from twin.errors import BadInput, BrokenInvariant
from twin.events import ShareClass
from twin.suggest import nearest
from twin.units import MICRO_PER_USD

SHARES_MAX_COUNT: Final = 10**15
"""Of one company, and as many options."""

VALUE_MAX_MICRO_USD: Final = 9 * 10**12 * MICRO_PER_USD
"""Of one company; beyond it micro-dollars leave 64 bits."""

NEVER_NS: Final = 2**63 - 1
"""When shares vest that wait for a condition without a date."""

_JSON = msgspec.json.Encoder(order="deterministic")


class Lot(msgspec.Struct, frozen=True, order=True):
    """Shares of a holding that vest together."""

    vests_ns: int
    shares_count: int


class Holding(msgspec.Struct, frozen=True):
    """Shares of one class in one hand; ``lots`` are those of ``shares_count`` not vested yet."""

    share_class: str
    holder: str
    shares_count: int = 0
    options_count: int = 0
    lots: tuple[Lot, ...] = ()
    is_assumed: bool = False

    @property
    def emptied(self) -> Holding:
        """The same hand with nothing in it."""
        return Holding(self.share_class, self.holder)

    def unvested_count(self, at_ns: int) -> int:
        """Shares that have not vested by an instant."""
        return sum(lot.shares_count for lot in self.lots if lot.vests_ns > at_ns)


class Price(msgspec.Struct, frozen=True):
    """Dollars for a share, or for a part of a company; ``as_of`` is how its source dates it."""

    micro_usd: int
    effective_ns: int
    as_of: str


class Split(msgspec.Struct, frozen=True):
    """One share became so many."""

    effective_ns: int
    ratio: int


class Company(msgspec.Struct, frozen=True):
    """A company: its classes, its holdings by (class, holder), and what it is worth.

    ``issued_counts`` is counted from the events, class by class, apart from the holdings.
    ``changed_ns`` is the latest effective time of any change of shares.
    """

    name: str
    share_classes: tuple[ShareClass, ...]
    holdings: tuple[Holding, ...] = ()
    issued_counts: tuple[int, ...] = ()
    splits: tuple[Split, ...] = ()
    price: Price | None = None
    parts: tuple[tuple[str, Price], ...] = ()
    merged_into: str = ""
    changed_ns: int = 0

    @property
    def issued_count(self) -> int:
        return sum(self.issued_counts)

    @property
    def votes_count(self) -> int:
        return sum(self.votes_of(h.share_class) * h.shares_count for h in self.holdings)

    @property
    def value_micro_usd(self) -> int | None:
        """All issued shares at the latest price; None before there is one."""
        return None if self.price is None else self.price.micro_usd * self.issued_count

    @property
    def parts_micro_usd(self) -> int | None:
        """What its parts were last said to be worth; None when nobody said."""
        return sum(price.micro_usd for _, price in self.parts) if self.parts else None

    @property
    def class_names(self) -> tuple[str, ...]:
        return tuple(share_class.name for share_class in self.share_classes)

    def votes_of(self, share_class: str) -> int:
        """Votes of one share; ``BadInput`` for a class the company has not."""
        for known in self.share_classes:
            if known.name == share_class:
                return known.votes_count
        raise BadInput(
            f"share class {share_class!r} of {self.name}",
            expected=nearest(share_class, self.class_names),
            field="share_class",
        )

    def issued_of(self, share_class: str) -> int:
        """Shares issued of one class."""
        return self.issued_counts[self.class_names.index(share_class)]

    def holding(self, share_class: str, holder: str) -> Holding:
        """What one holds of a class; an empty holding where that is nothing."""
        for held in self.holdings:
            if (held.share_class, held.holder) == (share_class, holder):
                return held
        return Holding(share_class, holder)

    def with_holdings(self, holdings: Iterable[Holding], issued_by: Mapping[str, int]) -> Company:
        """With these holdings put in place of what was held, and so many more shares issued."""
        held = {(h.share_class, h.holder): h for h in self.holdings}
        held |= {(h.share_class, h.holder): h for h in holdings}
        counts = dict(zip(self.class_names, self.issued_counts, strict=True))
        return msgspec.structs.replace(
            self,
            holdings=tuple(
                held[key]
                for key in sorted(held)
                if held[key].shares_count or held[key].options_count
            ),
            issued_counts=tuple(counts[n] + issued_by.get(n, 0) for n in self.class_names),
        )

    def checked(self) -> Company:
        """Itself; ``BrokenInvariant`` when shares do not add up, ``BadInput`` when too big."""
        for name, issued_count in zip(self.class_names, self.issued_counts, strict=True):
            held = [h for h in self.holdings if h.share_class == name]
            total = sum(h.shares_count for h in held)
            if total != issued_count or any(h.unvested_count(-1) > h.shares_count for h in held):
                raise BrokenInvariant(
                    f"holders of {self.name} {name} hold {total}", expected=f"{issued_count} issued"
                )
        options_count = sum(held.options_count for held in self.holdings)
        for count, what in ((self.issued_count, "shares"), (options_count, "options")):
            if count > SHARES_MAX_COUNT:
                raise BadInput(
                    f"{count} {what} of {self.name}", expected=f"{SHARES_MAX_COUNT} at most"
                )
        worth = max(self.value_micro_usd or 0, self.parts_micro_usd or 0)
        if worth > VALUE_MAX_MICRO_USD:
            raise BadInput(
                f"{self.name} worth {worth // MICRO_PER_USD} dollars",
                expected=f"{VALUE_MAX_MICRO_USD // MICRO_PER_USD} at most",
            )
        return self


class Merger(msgspec.Struct, frozen=True):
    """What a merger came to: shares and rights issued for the target's, and cash."""

    target: str
    acquirer: str
    effective_ns: int
    issued_counts: tuple[tuple[str, int], ...]
    options_count: int
    cancelled_count: int
    cash_micro_usd: int


class Offering(msgspec.Struct, frozen=True):
    """Shares sold to the public, and what they brought."""

    company: str
    effective_ns: int
    shares_count: int
    gross_micro_usd: int
    fee_micro_usd: int

    @property
    def net_micro_usd(self) -> int:
        return self.gross_micro_usd - self.fee_micro_usd


class CapTables(msgspec.Struct, frozen=True, eq=False):
    """Every company of one label, by name, and what mergers and offerings came to, in order."""

    companies: tuple[Company, ...] = ()
    mergers: tuple[Merger, ...] = ()
    offerings: tuple[Offering, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(company.name for company in self.companies)

    def find(self, name: str) -> Company | None:
        """The company of that name, merged away or not."""
        return next((company for company in self.companies if company.name == name), None)

    def company(self, name: str, *, field: str = "company") -> Company:
        """A company that still has shares of its own; ``BadInput`` with the nearest right name."""
        found = self.find(name)
        if found is None:
            standing = [c.name for c in self.companies if not c.merged_into]
            raise BadInput(f"company {name!r}", expected=nearest(name, standing), field=field)
        if found.merged_into:
            raise BadInput(
                f"company {name!r}, which was merged away",
                expected=f"{found.merged_into!r}, which took its place",
                field=field,
            )
        return found

    def with_companies(self, *changed: Company) -> CapTables:
        """With these in place of the companies of the same name, each checked."""
        by_name = {c.name: c for c in self.companies} | {c.name: c.checked() for c in changed}
        return msgspec.structs.replace(
            self, companies=tuple(by_name[name] for name in sorted(by_name))
        )

    def encoded(self) -> bytes:
        return _JSON.encode((self.companies, self.mergers, self.offerings))
