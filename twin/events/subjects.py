"""What an event is about: the names by which a figure finds the facts behind it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from twin.events.journal import Quarantined, SourceLapsed, SourceRegistered, SourceReturned
from twin.events.kinds import Body
from twin.events.launches import LaunchScheduled
from twin.events.ledger import CustomersReported, PeriodReported, PriceObserved, PriceSet

_NAMED: Final = {
    "segment": "segment",
    "site": "site",
    "vehicle": "segment",
    "launch_id": "launch",
    "booster_id": "booster",
    "commitment_id": "commitment",
    "contract_id": "contract",
    "supplier": "supplier",
    "service": "service",
    "workload_id": "workload",
    "company": "company",
    "target": "company",
    "acquirer": "company",
    "instrument": "debt",
}
"""Fields that name a thing, and what kind of thing."""


def subjects(body: Body) -> tuple[str, ...]:
    """Kind and name of everything an event is about, such as ``contract/pleo``; sorted.

    None for an assumption, which has a name of its own, and for what is observed every tick.
    """
    return tuple(sorted({*_fields(body), *_more(body)}))


def _fields(body: Body) -> Iterator[str]:
    for field, thing in _NAMED.items():
        name = getattr(body, field, "")
        # A launch's site is where it stands, not one of ours.
        if name and not (field == "site" and isinstance(body, LaunchScheduled)):
            yield f"{thing}/{name}"


def _more(body: Body) -> Iterator[str]:
    match body:
        case PriceObserved() | PriceSet():
            yield f"item/{body.item}"
            yield f"item/{body.item.rpartition('.')[0]}"
        case CustomersReported():
            yield f"customers/{body.service}/{body.market}"
        case PeriodReported():
            yield f"filed/{body.line}"
        case SourceRegistered() | SourceLapsed() | SourceReturned() | Quarantined():
            yield f"source/{body.source}"
