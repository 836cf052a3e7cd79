"""Numbers that are assumed, prices, customers, contracts, money, and who owns whom.

Amounts are exact decimals of a dollar, to the micro-dollar.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from twin.events.kinds import Basis, Body, Confidence, Nature, Phase, kind
from twin.fields import Amount, Counter, Fraction, Quantity, Usd


@kind("ledger", Nature.GIVEN, Phase.SOURCES)
class AssumptionSet(Body, frozen=True):
    """A number nobody measured for us: with its unit, date, source and how far to trust it."""

    name: str
    value: float | str
    unit: str
    as_of: str
    source: str
    confidence: Confidence
    note: str = ""


@kind("ledger", Nature.GIVEN, Phase.OWNERSHIP)
class PriceObserved(Body, frozen=True):
    """What somebody else asks for something."""

    item: str
    value: Decimal
    unit: str
    as_of: str


@kind("ledger", Nature.DECIDED, Phase.OWNERSHIP)
class PriceSet(Body, frozen=True):
    """What the group asks for something from now on, such as ``grok.output`` in usd_per_mtok.

    ``grok.billed`` is the fraction of tokens that is sold by the token at all.
    """

    item: str
    value: Decimal
    unit: str
    as_of: str
    basis: Basis = "derived"


@kind("ledger", Nature.GIVEN, Phase.OWNERSHIP)
class PeriodReported(Body, frozen=True):
    """A line of a filing; it reconciles what was accrued, and never drives it."""

    period: str
    reporting_segment: Literal["Space", "Connectivity", "AI"]
    line: str
    amount_usd: Usd
    filing: str
    starts_at: str
    ends_at: str


@kind("ledger", Nature.GIVEN, Phase.OWNERSHIP)
class CustomersReported(Body, frozen=True):
    """How many pay for a service in a market, and what each pays a month."""

    service: str
    market: str
    customers_count: Counter
    arpu_usd_per_month: Usd
    line: str = ""
    basis: Basis = "derived"


class RampStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From this instant on a share of the full price and quantity is due."""

    at: str
    fraction: Fraction


@kind("ledger", Nature.GIVEN, Phase.OWNERSHIP)
class ContractSigned(Body, frozen=True):
    """Somebody will pay; ``price_usd`` is for each ``price_unit``.

    ``quantity`` is what is promised in units of ``resource`` (accelerators for compute). Either
    side may end it with ``notice_s``, from ``notice_from`` on; null where nobody may.
    """

    contract_id: str
    customer: str
    counterparty: Literal["consumer", "enterprise", "us-government", "group"]
    reporting_segment: Literal["Space", "Connectivity", "AI"]
    line: str
    price_usd: Usd
    price_unit: Literal["total", "month", "accelerator_h", "mtok", "launch"]
    starts_at: str
    ends_at: str
    quantity: Quantity = 0
    resource: str = ""
    ramp: tuple[RampStep, ...] = ()
    notice_s: Amount | None = None
    buyer_segment: str = ""
    notice_from: str = ""
    basis: Basis = "derived"


@kind("ledger", Nature.GIVEN, Phase.OWNERSHIP)
class ContractTerminated(Body, frozen=True):
    """A contract ends at an instant, which a notice may put into the future."""

    contract_id: str
    ends_at: str
    reason: str


@kind("ledger", Nature.FOLLOWED, Phase.OWNERSHIP)
class CapitalSpent(Body, frozen=True):
    """Money became an asset, and is depreciated evenly over its life."""

    segment: str
    amount_usd: Usd
    life_s: Amount
    launch_id: str = ""


@kind("ledger", Nature.DECIDED, Phase.OWNERSHIP)
class DebtChanged(Body, frozen=True):
    """The principal of an instrument is this from now on."""

    instrument: str
    principal_usd: Usd
    rate_fraction: Fraction
    matures_at: str


class ShareClass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A class of shares; each has so many votes."""

    name: str
    votes_count: Counter


@kind("ledger", Nature.GIVEN, Phase.OWNERSHIP)
class CompanyRegistered(Body, frozen=True):
    """A company whose shares are followed; parties nobody registered are plain holders."""

    company: str
    share_classes: tuple[ShareClass, ...]


@kind("ledger", Nature.DECIDED, Phase.OWNERSHIP)
class SharesIssued(Body, frozen=True):
    """Shares to a holder, cancelled where the count is negative; unvested until ``vests_at``.

    ``is_restricted`` ones vest on a condition that has no date, and are said anew when it is met.
    """

    company: str
    share_class: str
    holder: str
    shares_count: int
    price_usd: Usd = Usd(0)
    vests_at: str | None = None
    is_option: bool = False
    is_restricted: bool = False
    basis: Basis = "derived"


@kind("ledger", Nature.DECIDED, Phase.OWNERSHIP)
class SharesExchanged(Body, frozen=True):
    """A merger: shares of the target became shares of the acquirer, or cash, holder by holder.

    What the acquirer itself held in the target is cancelled. ``classes`` maps classes of the
    target to those of the acquirer; ``cash_holders`` took cash instead. A fraction of a share is
    rounded ``down`` or ``up``, holder by holder and class by class.
    """

    target: str
    acquirer: str
    exchange_ratio: Decimal
    cash_usd_per_share: Usd = Usd(0)
    cash_usd: Usd = Usd(0)
    classes: tuple[tuple[str, str], ...] = ()
    cash_holders: tuple[str, ...] = ()
    rounding: Literal["down", "up"] = "down"


@kind("ledger", Nature.DECIDED, Phase.OWNERSHIP)
class SharesSplit(Body, frozen=True):
    """Each share of a company became several."""

    company: str
    split_ratio: Counter


@kind("ledger", Nature.DECIDED, Phase.OWNERSHIP)
class OfferingPriced(Body, frozen=True):
    """New shares were sold to the public; underwriters took ``option_count`` besides."""

    company: str
    share_class: str
    holder: str
    shares_count: Counter
    option_count: Counter
    price_usd: Usd
    fee_usd: Usd
