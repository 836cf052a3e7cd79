"""What a world's accounts open with: prices, customers, contracts, capital, debts, and filings.

Numbers are assumptions of the baseline, whatever their trust; a world of later years opens with
the latest that is known, and is assumed throughout.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from msgspec.structs import replace

from twin.baseline import Baseline
from twin.business.lines import FILED_SEGMENTS
from twin.events import (
    Body,
    CapitalSpent,
    ContractSigned,
    CustomersReported,
    DebtChanged,
    PeriodReported,
    PriceObserved,
    PriceSet,
)
from twin.simulate.account_contracts import opening_contracts
from twin.simulate.account_numbers import DAY_S, basis_of, day, usd
from twin.units import instant_text, parse_instant

YEAR_S: Final = 365 * DAY_S
MICRO: Final = Decimal("0.000001")

_PERIODS: Final = (
    ("fy2023", "2023-01-01", "2024-01-01"),
    ("fy2024", "2024-01-01", "2025-01-01"),
    ("fy2025", "2025-01-01", "2026-01-01"),
    ("q1-2025", "2025-01-01", "2025-04-01"),
    ("q1-2026", "2026-01-01", "2026-04-01"),
    ("q2-2025", "2025-04-01", "2025-07-01"),
    ("q2-2026", "2026-04-01", "2026-07-01"),
)
_FILED: Final = (
    ("launch_services", "space.launch-services_usd"),
    ("launch_development", "space.launch-development_usd"),
    ("consumer", "connectivity.consumer_usd"),
    ("enterprise_government", "connectivity.enterprise-government_usd"),
    ("advertising", "ai.advertising_usd"),
    ("ai_solutions", "ai.solutions-infrastructure_usd"),
)
_CUSTOMERS: Final = (
    (
        ("starlink", "subscribers", "consumer_service"),
        "filed.q2-2026.connectivity.subscribers_count",
        "filed.q2-2026.connectivity.arpu_usd_per_month",
    ),
    (
        ("starlink", "kits", "consumer_hardware"),
        "filed.q2-2026.connectivity.subscribers_count",
        "price.starlink-hardware_usd_per_month",
    ),
    (
        ("starlink-mobile", "operators", "mobile"),
        "observed.filed.mobile-devices_count",
        "price.starlink-mobile_usd_per_month",
    ),
    (
        ("x", "advertisers", "advertising"),
        "users.x.monthly-users_count",
        "price.advertising_usd_per_month",
    ),
    (
        ("x", "subscribers", "x_subscriptions"),
        "users.x.premium-subscribers_count",
        "price.x-premium_usd_per_month",
    ),
    (
        ("grok", "subscribers", "grok_subscriptions"),
        "users.grok.subscribers_count",
        "price.supergrok_usd_per_month",
    ),
)
_OWN_PRICES: Final = (
    ("grok.input", "price.grok-4.5.input_usd_per_mtok"),
    ("grok.cached", "price.grok-4.5.cached_usd_per_mtok"),
    ("grok.output", "price.grok-4.5.output_usd_per_mtok"),
    ("grok.billed", "price.grok.billed_fraction"),
    ("falcon9.launch", "launch.falcon9.list-price_usd"),
)
_MARKET_PRICES: Final = (
    ("h100.hour", "price.h100-on-demand_usd_per_accelerator_h"),
    ("h200.hour", "price.h200_usd_per_accelerator_h"),
    ("b200.hour", "price.b200_usd_per_accelerator_h"),
)
_CAPITAL: Final = (
    ("Connectivity", "cost.satellites-life_y", ("satellites",)),
    ("AI", "cost.accelerator-life_y", ("servers",)),
    ("AI", "cost.data-centre-life_y", ("data-centres",)),
    ("Space", "cost.launch-assets-life_y", ("flight-vehicles", "launch-sites", "machinery")),
)
_CAPITAL_SINCE: Final = (
    ("Space", "cost.launch-assets-life_y", "filed.q1-2026.space.capex_usd"),
    ("Connectivity", "cost.satellites-life_y", "filed.q1-2026.connectivity.capex_usd"),
    ("AI", "cost.accelerator-life_y", "filed.q1-2026.ai.capex_usd"),
    ("AI", "cost.accelerator-life_y", "filed.q2-2026.ai.capex_usd"),
)


def account_facts(baseline: Baseline, *, start_ns: int | None = None) -> Iterator[tuple[Body, str]]:
    """Every opening fact of the accounts with the instant it takes effect, in order of telling.

    A contract that ended before the world opens is left out. One that merely runs when it opens
    runs from ``start_ns`` on, where a world starts earlier: as its customers pay from there on.
    """
    opens_at = f"{baseline.opens_on}T00:00:00Z"
    facts: list[Body] = [
        *_prices(baseline),
        *_customers(baseline),
        *opening_contracts(baseline),
        *_capital(baseline),
        *_debts(baseline),
        *_filings(baseline),
    ]
    for fact in facts:
        if not (
            isinstance(fact, ContractSigned)
            and parse_instant(fact.ends_at) <= parse_instant(opens_at)
        ):
            if isinstance(fact, ContractSigned) and fact.starts_at == opens_at:
                fact = replace(fact, starts_at=_earlier(opens_at, start_ns))
            yield fact, opens_at


def _earlier(instant: str, start_ns: int | None) -> str:
    return instant if start_ns is None else instant_text(min(parse_instant(instant), start_ns))


def names_of_tokens(service: str) -> tuple[str, ...]:
    """The assumptions that tokens of a service are priced by, and the part of them that is paid."""
    items = {f"{service}.{part}" for part in ("input", "output", "billed")}
    return tuple(name for item, name in _OWN_PRICES if item in items)


def name_of_filed(period: str, line: str) -> str:
    """The assumption that holds a filed line of a period."""
    return f"filed.{period}.{dict(_FILED)[line]}"


def names_of_customers(key: str) -> tuple[str, ...]:
    """The assumptions that customers, called ``service/market``, are counted and paid by."""
    found = (names for (service, market, _), *names in _CUSTOMERS if f"{service}/{market}" == key)
    return tuple(next(found, ()))


def _prices(baseline: Baseline) -> Iterator[Body]:
    for item, name in _OWN_PRICES:
        entry = baseline.assumptions[name]
        basis = basis_of(baseline, name)
        yield PriceSet(item, usd(baseline, name), entry.unit, entry.as_of, basis)
    for item, name in _MARKET_PRICES:
        entry = baseline.assumptions[name]
        yield PriceObserved(item, usd(baseline, name), entry.unit, entry.as_of)


def _customers(baseline: Baseline) -> Iterator[Body]:
    for (service, market, line), count, arpu in _CUSTOMERS:
        yield CustomersReported(
            service=service,
            market=market,
            customers_count=int(baseline.number(count)),
            arpu_usd_per_month=usd(baseline, arpu),
            line=line,
            basis=basis_of(baseline, count, arpu),
        )


def _capital(baseline: Baseline) -> Iterator[Body]:
    """What stood in the books at the end of 2025, at its net value and with what is left of its
    life, as if all were equally worn; and what was spent since, as far as filed."""
    place = "filed.balance.{}.2025-12-31_usd"
    in_service = usd(baseline, place.format("gross-assets")) - usd(
        baseline, place.format("construction")
    )
    left = 1 - usd(baseline, place.format("accumulated-depreciation")) / in_service
    for segment, life, classes in _CAPITAL:
        gross = sum((usd(baseline, place.format(name)) for name in classes), Decimal(0))
        amount = (gross * left).quantize(MICRO, ROUND_HALF_EVEN)
        yield CapitalSpent(segment, amount, round(baseline.number(life) * YEAR_S * float(left)))
    for segment, life, spent in _CAPITAL_SINCE:
        yield CapitalSpent(segment, usd(baseline, spent), baseline.number(life) * YEAR_S)


def _debts(baseline: Baseline) -> Iterator[Body]:
    """As on 2026-06-30: the notes, and all the rest of the principal filed."""
    notes = usd(baseline, "ownership.debt.notes_usd")
    yield DebtChanged(
        "notes",
        notes,
        baseline.number("ownership.debt.notes_fraction_per_y"),
        day(baseline, "cost.debt.notes-matures_date"),
    )
    yield DebtChanged(
        "other-financings",
        usd(baseline, "ownership.debt.principal-2026-06-30_usd") - notes,
        baseline.number("cost.debt.other_fraction_per_y"),
        day(baseline, "cost.debt.other-matures_date"),
    )


def _filings(baseline: Baseline) -> Iterator[Body]:
    for period, starts_on, ends_on in _PERIODS:
        for line, name in _FILED:
            entry = baseline.assumptions.get(f"filed.{period}.{name}")
            if entry is not None:
                yield PeriodReported(
                    period=period,
                    reporting_segment=FILED_SEGMENTS[line],
                    line=line,
                    amount_usd=usd(baseline, entry.name),
                    filing=entry.source,
                    starts_at=f"{starts_on}T00:00:00Z",
                    ends_at=f"{ends_on}T00:00:00Z",
                )
