"""What was promised, to whom, and on what terms; and what the fold says of it."""

from __future__ import annotations

from typing import Any, Literal

from twin.events.kinds import Body, Nature, Phase, kind
from twin.fields import Amount, Fraction, Priority, Quantity, Usd

CommitmentKind = Literal["communications", "ai", "launch", "sensing"]
TermsBasis = Literal["public", "reported", "assumed"]
CommitmentStatus = Literal["pending", "kept", "at-risk", "breached", "waived", "ended"]


@kind("defense", Nature.GIVEN, Phase.OPERATIONS)
class CommitmentAgreed(Body, frozen=True):
    """A promise of a quantity of a resource, kept while enough of each window is.

    A launch commitment counts launches by ``due_at`` instead of a share of time. The basis of its
    terms says whether they are public, reported or assumed. ``credit_fraction`` of the value of a
    window is given back when it is broken.
    """

    commitment_id: str
    contract_id: str
    customer: str
    commitment_kind: CommitmentKind
    resource: str
    promised_qty: Quantity
    region: str
    priority: Priority
    supplier: str
    terms_basis: TermsBasis
    threshold_fraction: Fraction
    window_s: Amount
    starts_at: str
    ends_at: str
    value_usd: Usd
    credit_fraction: Fraction = 0.0
    location_limit: tuple[str, ...] = ()
    accreditation: str = ""
    service: str = ""
    due_at: str | None = None
    alternative_suppliers: tuple[str, ...] = ()
    outage_min_s: Amount = 0.0


@kind("defense", Nature.GIVEN, Phase.OPERATIONS)
class CommitmentAmended(Body, frozen=True):
    """Terms changed by agreement, or a window was waived until an instant."""

    commitment_id: str
    fields: dict[str, Any] = {}
    waived_until: str | None = None


@kind("defense", Nature.GIVEN, Phase.OPERATIONS)
class CommitmentTasked(Body, frozen=True):
    """The customer asked for more than usual, for a while."""

    commitment_id: str
    extra_qty: Quantity
    starts_at: str
    ends_at: str


@kind("defense", Nature.GIVEN, Phase.OPERATIONS)
class AccreditationChanged(Body, frozen=True):
    """A service may, or may no longer, handle data of a level at a site."""

    service: str
    site: str
    level: str
    is_granted: bool


@kind("defense", Nature.GIVEN, Phase.OPERATIONS)
class SupplierExited(Body, frozen=True):
    """A supplier stops serving a customer once its notice has run; an empty scope is everything."""

    supplier: str
    customer: str
    scope: str
    notice_s: Amount


@kind("defense", Nature.OUTCOME)
class CommitmentStatusChanged(Body, frozen=True):
    """The fold judged a promise otherwise than before; ``window`` is the start of its window."""

    commitment_id: str
    window: str
    from_status: CommitmentStatus
    to_status: CommitmentStatus
    shortfall_qty: int


@kind("defense", Nature.OUTCOME)
class AlarmChanged(Body, frozen=True):
    """An alarm was raised or cleared by the fold."""

    alarm_id: str
    severity: Literal["warning", "critical"]
    state: Literal["raised", "cleared"]
    subject: str
    value: float
    threshold: float
