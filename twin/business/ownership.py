"""Who owns whom: registrations, issues, mergers, splits and offerings into the cap tables.

A count or price is meant as of its effective time: one that comes late is multiplied (or divided)
by the splits since. A split or merger that comes later than a change it would have to undo is
refused. Whatever is refused leaves the tables as they were.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from twin.business.cap_tables import (
    NEVER_NS,
    CapTables,
    Company,
    Holding,
    Lot,
    Offering,
    Price,
    Split,
)
from twin.business.share_prices import divided, split_since, with_price
from twin.errors import BadInput
from twin.events import CompanyRegistered, OfferingPriced, SharesIssued, SharesSplit
from twin.units import instant_text, micro_usd, parse_instant

INDIRECT: Final = "indirect"
"""Stands for a class where an ultimate holder holds through companies alone."""

VOTES_MAX_COUNT: Final = 1_000
SPLIT_MAX_RATIO: Final = 1_000
COMPANIES_MAX_COUNT: Final = 32
"""More, all holding each other, take seconds to look through."""


def company_registered(tables: CapTables, fact: CompanyRegistered) -> CapTables:
    """A company, or a known one with other classes; ``BadInput`` where shares would lose theirs.

    Names of companies differ in more than capitals, and have no dot: prices name them so.
    """
    _check_classes(fact)
    if not fact.company or "." in fact.company:
        raise BadInput(f"company {fact.company!r}", expected="a name without a dot")
    for name in tables.names:
        if name != fact.company and name.lower() == fact.company.lower():
            raise BadInput(f"company {fact.company!r}", expected=f"{name!r}, or another name")
    if tables.find(fact.company) is None:
        if len(tables.companies) >= COMPANIES_MAX_COUNT:
            raise BadInput(
                f"company {fact.company!r} besides {COMPANIES_MAX_COUNT} others",
                expected=f"{COMPANIES_MAX_COUNT} companies at most; others are plain holders",
            )
        fresh = Company(
            fact.company, fact.share_classes, issued_counts=(0,) * len(fact.share_classes)
        )
        return tables.with_companies(fresh)
    known = tables.company(fact.company)
    names = [share_class.name for share_class in fact.share_classes]
    if lost := sorted({h.share_class for h in known.holdings} - set(names)):
        raise BadInput(
            f"{fact.company} registered without class {lost[0]!r}, of which there are shares",
            expected=f"every class of {', '.join(known.class_names)}",
            field="share_classes",
        )
    counts = dict(zip(known.class_names, known.issued_counts, strict=True))
    return tables.with_companies(
        replace(
            known,
            share_classes=fact.share_classes,
            issued_counts=tuple(counts.get(name, 0) for name in names),
        )
    )


def shares_issued(tables: CapTables, fact: SharesIssued, *, effective_ns: int) -> CapTables:
    """Shares or options to a holder, or fewer of them; ``BadInput`` for more than there are.

    A negative count takes vested shares, or those of the lot it names. Options are told when they
    can be exercised: an exercise is as many shares more and options less.
    """
    company = tables.company(fact.company)
    company.votes_of(fact.share_class)
    micro_usd(fact.price_usd, field="price_usd")
    _check_holder(tables, company, fact.holder)
    if fact.shares_count == 0:
        raise BadInput(
            "shares_count=0", expected="shares issued or cancelled", field="shares_count"
        )
    count = fact.shares_count * split_since(company, effective_ns)
    before = company.holding(fact.share_class, fact.holder)
    if fact.is_option:
        if fact.vests_at is not None or fact.is_restricted:
            raise BadInput("an option that vests", expected="one that can be exercised")
        after, issued = replace(before, options_count=before.options_count + count), 0
    else:
        lots = _lots(before, count, vests_ns=_vests_ns(fact), at_ns=effective_ns)
        after, issued = replace(before, shares_count=before.shares_count + count, lots=lots), count
    after = replace(after, is_assumed=before.is_assumed or fact.basis == "assumed")
    _check_enough(company, before, after, at_ns=effective_ns)
    changed = company.with_holdings([after], {fact.share_class: issued})
    return tables.with_companies(_changed(changed, effective_ns))


def shares_split(tables: CapTables, fact: SharesSplit, *, effective_ns: int) -> CapTables:
    """Each share, option and unvested share became several; the price is divided."""
    company = tables.company(fact.company)
    if not 1 <= fact.split_ratio <= SPLIT_MAX_RATIO:
        raise BadInput(
            f"split_ratio={fact.split_ratio}",
            expected=f"1 to {SPLIT_MAX_RATIO}",
            field="split_ratio",
        )
    check_not_late(company, effective_ns)
    ratio = fact.split_ratio
    split = replace(
        company,
        holdings=tuple(_times(held, ratio) for held in company.holdings),
        issued_counts=tuple(count * ratio for count in company.issued_counts),
        splits=(*company.splits, Split(effective_ns, ratio)),
        price=_price_after(company.price, ratio, effective_ns),
    )
    return tables.with_companies(_changed(split, effective_ns))


def offering_priced(tables: CapTables, fact: OfferingPriced, *, effective_ns: int) -> CapTables:
    """New shares, those of the underwriters' option among them; their price is that of all."""
    company = tables.company(fact.company)
    company.votes_of(fact.share_class)
    _check_holder(tables, company, fact.holder)
    told_count = fact.shares_count + fact.option_count
    price, fee = (
        micro_usd(fact.price_usd, field="price_usd"),
        micro_usd(fact.fee_usd, field="fee_usd"),
    )
    if told_count == 0:
        raise BadInput("an offering of no shares", expected="shares_count or option_count")
    if fee > told_count * price:
        raise BadInput(
            f"fee_usd={fact.fee_usd}", expected="no more than it brings", field="fee_usd"
        )
    since = split_since(company, effective_ns)
    before = company.holding(fact.share_class, fact.holder)
    after = replace(before, shares_count=before.shares_count + told_count * since)
    changed = company.with_holdings([after], {fact.share_class: told_count * since})
    with_shares = tables.with_companies(_changed(changed, effective_ns))
    offering = Offering(company.name, effective_ns, told_count * since, told_count * price, fee)
    return with_price(
        replace(with_shares, offerings=(*tables.offerings, offering)),
        with_shares.company(company.name),
        micro_usd_per_share=price,
        effective_ns=effective_ns,
        as_of=instant_text(effective_ns),
    )


def check_not_late(company: Company, effective_ns: int) -> None:
    """``BadInput`` for a change of all shares that some were already issued or priced after."""
    if effective_ns < company.changed_ns:
        raise BadInput(
            f"a change of all shares of {company.name} as of {instant_text(effective_ns)}",
            expected=f"{instant_text(company.changed_ns)} or later: shares have changed since",
            remedy="say the shares it makes today as SharesIssued instead",
        )


def _check_classes(fact: CompanyRegistered) -> None:
    names = [share_class.name for share_class in fact.share_classes]
    if not names or len(set(names)) != len(names) or "" in names or INDIRECT in names:
        raise BadInput(
            f"share classes {names} of {fact.company}",
            expected=f"at least one, each of its own name, none empty or {INDIRECT!r}",
            field="share_classes",
        )
    if any(share_class.votes_count > VOTES_MAX_COUNT for share_class in fact.share_classes):
        raise BadInput(
            f"the votes of a share of {fact.company}", expected=f"0 to {VOTES_MAX_COUNT}"
        )


def _check_holder(tables: CapTables, company: Company, holder: str) -> None:
    if tables.find(holder) is not None:
        tables.company(holder, field="holder")
    if holder in ("", company.name):
        raise BadInput(
            f"holder {holder!r} of {company.name}",
            expected="somebody else: a company's own shares are cancelled",
            field="holder",
        )


def _check_enough(company: Company, before: Holding, after: Holding, *, at_ns: int) -> None:
    free_count = after.shares_count - after.unvested_count(at_ns)
    if min(after.shares_count, after.options_count, free_count) >= 0:
        return
    raise BadInput(
        f"more cancelled than {before.holder} has of {company.name} {before.share_class}",
        expected=(
            f"at most {before.shares_count - before.unvested_count(at_ns)} vested, "
            f"{before.unvested_count(at_ns)} unvested, {before.options_count} options"
        ),
        field="shares_count",
    )


def _vests_ns(fact: SharesIssued) -> int:
    """When the shares vest, 0 for at once."""
    if fact.is_restricted:
        if fact.vests_at is not None:
            raise BadInput(
                f"vests_at={fact.vests_at!r} and is_restricted",
                expected="a date, or a condition without one",
                field="vests_at",
            )
        return NEVER_NS
    return 0 if fact.vests_at is None else parse_instant(fact.vests_at, field="vests_at")


def _lots(before: Holding, count: int, *, vests_ns: int, at_ns: int) -> tuple[Lot, ...]:
    """The lots still to vest after so many shares more of one lot; below zero there is no such."""
    lots = {lot.vests_ns: lot.shares_count for lot in before.lots if lot.vests_ns > at_ns}
    if vests_ns > at_ns:
        lots[vests_ns] = lots.get(vests_ns, 0) + count
        if lots[vests_ns] < 0:
            raise BadInput(
                f"{-count} unvested shares of {before.holder} cancelled",
                expected=f"at most {lots[vests_ns] - count} that vest then",
                field="shares_count",
            )
    return tuple(Lot(ns, lots[ns]) for ns in sorted(lots) if lots[ns])


def _times(held: Holding, ratio: int) -> Holding:
    return replace(
        held,
        shares_count=held.shares_count * ratio,
        options_count=held.options_count * ratio,
        lots=tuple(Lot(lot.vests_ns, lot.shares_count * ratio) for lot in held.lots),
    )


def _price_after(price: Price | None, ratio: int, effective_ns: int) -> Price | None:
    """The price after a split; one that is dated later was of the new shares already."""
    if price is None or price.effective_ns > effective_ns:
        return price
    return replace(price, micro_usd=divided(price.micro_usd, ratio))


def _changed(company: Company, effective_ns: int) -> Company:
    return replace(company, changed_ns=max(company.changed_ns, effective_ns))
