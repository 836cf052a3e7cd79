"""What was agreed and told, ready for the books: exact micro-dollars, bounds judged."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from twin.business.lines import (
    FILED_SEGMENTS,
    REPORTING_SEGMENTS,
    Counterparty,
    ReportingSegment,
    known_line,
    line_of_customers,
    payer_of,
)
from twin.errors import BadInput
from twin.events import Basis, ContractSigned, CustomersReported, DebtChanged, PeriodReported
from twin.suggest import nearest
from twin.units import (
    MS_PER_H,
    NS_PER_MS,
    NS_PER_S,
    PPM,
    USD_MAX,
    instant_text,
    micro_usd,
    parse_instant,
)

NOBODY_MAY: Final = -1
FOR_EVER_NS: Final = 2**62

ACCELERATORS_MAX_COUNT: Final = 10**8
ACCELERATOR_H_MAX_MICRO_USD: Final = 10**10
MTOK_MAX_MICRO_USD: Final = 10**9
"""Ten thousand dollars an hour, a thousand a million tokens: no tick leaves 64 bits."""

MONTHS_PER_Y: Final = 12
MONTH_MS: Final = 730 * MS_PER_H
YEAR_MS: Final = MONTHS_PER_Y * MONTH_MS
"""A year of 365 days is twelve months of 730 hours."""

BOOKS_MAX_USD: Final = 4 * USD_MAX
"""What all contracts and customers of a ledger may come to: tables keep 64 bits."""

SPAN_MAX_S: Final = 90 * 365 * 86_400
"""The longest term and the longest life: so the part of a micro-dollar stays inside 64 bits."""

BY_SHARE: Final = "accelerator_count"
"""A contract that promises this resource is paid in proportion to what is delivered of it."""


class Price(msgspec.Struct, frozen=True):
    """What something costs for one unit of it."""

    item: str
    value_micro: int
    unit: str
    as_of: str
    basis: Basis = "derived"


class Customers(msgspec.Struct, frozen=True):
    """Those who pay by the month for a service in a market."""

    service: str
    market: str
    line: str
    reporting_segment: ReportingSegment
    counterparty: Counterparty
    customers_count: int
    arpu_micro_usd: int
    basis: Basis = "derived"

    @property
    def micro_usd_per_y(self) -> int:
        """What they pay in a year."""
        return self.customers_count * self.arpu_micro_usd * MONTHS_PER_Y


class Ramp(msgspec.Struct, frozen=True):
    """From an instant on, a share of the full price and quantity."""

    from_ns: int
    share_ppm: int


class Contract(msgspec.Struct, frozen=True):
    """Somebody will pay: for a term, a launch, tokens, or what is delivered of a resource.

    ``price_micro_usd`` is for each ``price_unit``. ``notice_ns`` is −1 where nobody may end it,
    and runs from ``notice_from_ns`` at the earliest. Without steps the ramp is full throughout.
    """

    contract_id: str
    customer: str
    counterparty: Counterparty
    reporting_segment: ReportingSegment
    line: str
    price_micro_usd: int
    price_unit: Literal["total", "month", "accelerator_h", "mtok", "launch"]
    starts_ns: int
    ends_ns: int
    term_ends_ns: int
    quantity: int = 0
    resource: str = ""
    ramp: tuple[Ramp, ...] = ()
    notice_ns: int = NOBODY_MAY
    notice_from_ns: int = 0
    buyer_segment: str = ""
    end_reason: str = ""
    basis: Basis = "derived"

    @property
    def is_by_share(self) -> bool:
        """Whether it is paid in proportion to accelerators delivered."""
        return self.resource == BY_SHARE and self.quantity > 0

    @property
    def most_micro_usd(self) -> int:
        """What it may come to over its life, or would in a year at its price: the larger.

        Tokens are paid as served, and have no end.
        """
        span_ms = (self.term_ends_ns - self.starts_ns) // NS_PER_MS
        longest_ms, price = max(span_ms, YEAR_MS), self.price_micro_usd
        match self.price_unit:
            case "launch":
                return price * max(1, self.quantity)
            case "mtok":
                return 0
            case "accelerator_h":
                return price * self.quantity * longest_ms // MS_PER_H
            case "total":
                return price * longest_ms // max(1, span_ms)
            case "month":
                return price * longest_ms // MONTH_MS

    @property
    def accelerator_h_micro_usd(self) -> int:
        """What an hour of one accelerator earns; 0 where it is not paid by what is delivered."""
        if not self.is_by_share:
            return 0
        price = self.price_micro_usd * MS_PER_H
        match self.price_unit:
            case "accelerator_h":
                return self.price_micro_usd
            case "month":
                return price // (MONTH_MS * self.quantity)
            case "total":
                span_ms = max(1, (self.term_ends_ns - self.starts_ns) // NS_PER_MS)
                return price // (span_ms * self.quantity)
            case _:
                return 0

    def share_ppm(self, at_ns: int) -> int:
        """The share of the full price and quantity that is due at an instant, 0 when not running.

        Before the first step of a ramp nothing is due.
        """
        if not self.starts_ns <= at_ns < self.ends_ns:
            return 0
        reached = [step.share_ppm for step in self.ramp if step.from_ns <= at_ns]
        return reached[-1] if reached else (0 if self.ramp else PPM)

    def earliest_end_ns(self, at_ns: int) -> int:
        """When it ends at the earliest if notice were given now."""
        if self.notice_ns == NOBODY_MAY:
            return self.ends_ns
        return min(self.ends_ns, max(at_ns, self.notice_from_ns) + self.notice_ns)


class Debt(msgspec.Struct, frozen=True):
    """What is owed on one instrument."""

    instrument: str
    principal_micro_usd: int
    rate_fraction: float
    matures_ns: int


class Filed(msgspec.Struct, frozen=True):
    """A line of a filing."""

    period: str
    reporting_segment: ReportingSegment
    line: str
    amount_micro_usd: int
    filing: str
    starts_ns: int
    ends_ns: int


def contract_of(fact: ContractSigned) -> Contract:
    """A contract as signed; ``BadInput`` for terms that cannot be."""
    starts_ns, ends_ns = _span(fact.starts_at, fact.ends_at)
    _judge_line(fact.line, fact.reporting_segment)
    _judge_buyer(fact)
    price = micro_usd(fact.price_usd, field="price_usd")
    _judge_quantity(fact, price)
    notice_s = fact.notice_s
    notice_from = fact.notice_from
    contract = Contract(
        contract_id=fact.contract_id,
        customer=fact.customer,
        counterparty=fact.counterparty,
        reporting_segment=fact.reporting_segment,
        line=fact.line,
        price_micro_usd=price,
        price_unit=fact.price_unit,
        starts_ns=starts_ns,
        ends_ns=ends_ns,
        term_ends_ns=ends_ns,
        quantity=fact.quantity,
        resource=fact.resource,
        ramp=_ramp(fact),
        notice_ns=NOBODY_MAY if notice_s is None else _notice_ns(notice_s),
        notice_from_ns=parse_instant(notice_from, field="notice_from") if notice_from else 0,
        buyer_segment=fact.buyer_segment,
        basis=fact.basis,
    )
    if contract.most_micro_usd > USD_MAX * PPM:
        raise BadInput(
            f"contract {fact.contract_id} of {contract.most_micro_usd // PPM} dollars in all, or a "
            "year",
            expected=f"{USD_MAX} at most",
            field="price_usd",
        )
    return contract


def customers_of(fact: CustomersReported) -> Customers:
    """Customers as reported; ``BadInput`` for an unknown line or more money than there is."""
    line = line_of_customers(fact.service, fact.line)
    arpu = micro_usd(fact.arpu_usd_per_month, field="arpu_usd_per_month")
    if fact.customers_count * arpu * MONTHS_PER_Y > USD_MAX * PPM:
        raise BadInput(
            f"{fact.customers_count} customers of {fact.service} at {fact.arpu_usd_per_month}",
            expected=f"{USD_MAX} dollars a year at most",
            field="customers_count",
        )
    segment = known_line(line)
    return Customers(
        service=fact.service,
        market=fact.market,
        line=line,
        reporting_segment=segment,
        counterparty=payer_of(line),
        customers_count=fact.customers_count,
        arpu_micro_usd=arpu,
        basis=fact.basis,
    )


def debt_of(fact: DebtChanged, *, effective_ns: int) -> Debt:
    """A debt as it stands; ``BadInput`` when it is owed beyond its own end."""
    matures_ns = parse_instant(fact.matures_at, field="matures_at")
    principal = micro_usd(fact.principal_usd, field="principal_usd")
    if principal and matures_ns <= effective_ns:
        raise BadInput(
            f"{fact.instrument} matures_at={fact.matures_at}",
            expected=f"later than {instant_text(effective_ns)}, or a principal of 0",
            field="matures_at",
        )
    return Debt(fact.instrument, principal, fact.rate_fraction, matures_ns)


def filed_of(fact: PeriodReported) -> Filed:
    """A filed line; ``BadInput`` for one that no filing of the group has."""
    if FILED_SEGMENTS.get(fact.line) != fact.reporting_segment:
        raise BadInput(
            f"filed line {fact.line!r} of {fact.reporting_segment}",
            expected=_nearest_filed(fact.line),
            field="line",
        )
    starts_ns, ends_ns = _span(fact.starts_at, fact.ends_at)
    return Filed(
        period=fact.period,
        reporting_segment=fact.reporting_segment,
        line=fact.line,
        amount_micro_usd=micro_usd(fact.amount_usd, field="amount_usd"),
        filing=fact.filing,
        starts_ns=starts_ns,
        ends_ns=ends_ns,
    )


def _nearest_filed(line: str) -> str:
    if line in FILED_SEGMENTS:
        return f"{line!r} of {FILED_SEGMENTS[line]}"
    return nearest(line, FILED_SEGMENTS)


def _span(starts_at: str, ends_at: str) -> tuple[int, int]:
    starts_ns = parse_instant(starts_at, field="starts_at")
    ends_ns = parse_instant(ends_at, field="ends_at")
    longest = SPAN_MAX_S * NS_PER_S
    if not starts_ns < ends_ns <= starts_ns + longest:
        raise BadInput(
            f"ends_at={ends_at} after starts_at={starts_at}",
            expected="an end later than its start, by 90 years at most",
            field="ends_at",
        )
    return starts_ns, ends_ns


def _judge_line(line: str, segment: str) -> None:
    owner = known_line(line)
    if owner != segment:
        raise BadInput(
            f"line {line} in segment {segment}", expected=f"{owner}", field="reporting_segment"
        )


def _judge_buyer(fact: ContractSigned) -> None:
    """Only the group buys from itself, and then with another of its segments."""
    is_group = fact.counterparty == "group"
    others = [name for name in REPORTING_SEGMENTS if name != fact.reporting_segment]
    if is_group and fact.buyer_segment not in others:
        raise BadInput(
            f"buyer_segment={fact.buyer_segment!r} of a contract inside the group",
            expected=nearest(fact.buyer_segment, others),
            field="buyer_segment",
        )
    if not is_group and fact.buyer_segment:
        raise BadInput(
            f"buyer_segment={fact.buyer_segment!r} of a contract with {fact.counterparty}",
            expected="none: only a contract inside the group has one",
            field="buyer_segment",
        )


def _judge_quantity(fact: ContractSigned, price_micro_usd: int) -> None:
    is_hourly = fact.price_unit == "accelerator_h"
    most = {"accelerator_h": ACCELERATOR_H_MAX_MICRO_USD, "mtok": MTOK_MAX_MICRO_USD}
    limit = most.get(fact.price_unit, USD_MAX * PPM)
    if price_micro_usd > limit:
        raise BadInput(
            f"price_usd={fact.price_usd} for each {fact.price_unit}",
            expected=f"{limit // PPM} dollars at most",
            field="price_usd",
        )
    if is_hourly and not (fact.resource == BY_SHARE and fact.quantity):
        raise BadInput(
            f"quantity={fact.quantity} of {fact.resource!r} paid by the accelerator-hour",
            expected=f"a quantity of {BY_SHARE}",
            field="quantity",
        )
    if fact.resource == BY_SHARE and fact.quantity > ACCELERATORS_MAX_COUNT:
        raise BadInput(
            f"quantity={fact.quantity}",
            expected=f"{ACCELERATORS_MAX_COUNT} at most",
            field="quantity",
        )
    if fact.price_unit == "mtok" and not fact.resource:
        raise BadInput(
            "a contract by the million tokens without a resource",
            expected="the service whose tokens are paid, such as grok",
            field="resource",
        )


def _ramp(fact: ContractSigned) -> tuple[Ramp, ...]:
    if fact.ramp and fact.price_unit not in ("month", "accelerator_h"):
        raise BadInput(
            f"a ramp of a price for each {fact.price_unit}",
            expected="one only for a month or an accelerator_h",
            field="ramp",
        )
    steps = tuple(
        Ramp(parse_instant(step.at, field="ramp"), round(step.fraction * PPM)) for step in fact.ramp
    )
    if list(steps) != sorted(steps, key=lambda step: step.from_ns):
        raise BadInput("a ramp whose steps go back in time", expected="steps in order of their at")
    return steps


def _notice_ns(notice_s: float) -> int:
    return round(min(notice_s, float(SPAN_MAX_S)) * 1000) * 1_000_000
