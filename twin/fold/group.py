"""Facts of the group into the slices of their label: owners, money, launches, work, promises."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from msgspec.structs import replace

from twin.business import commitments, ledger, mergers, ownership, services, share_prices
from twin.business.cap_tables import CapTables
from twin.business.commitments import Promises
from twin.business.ledger import Ledger
from twin.business.promise import Known, expect
from twin.business.services import Demand, Services, Work
from twin.errors import BadInput, UnknownKind
from twin.events import (
    AccreditationChanged,
    Body,
    BoosterRecovered,
    CapitalSpent,
    CommitmentAgreed,
    CommitmentAmended,
    CommitmentTasked,
    CompanyRegistered,
    ContractSigned,
    ContractTerminated,
    CustomersReported,
    DebtChanged,
    DemandObserved,
    Event,
    LaunchFlown,
    LaunchScheduled,
    OfferingPriced,
    PeriodReported,
    PriceObserved,
    PriceSet,
    SatellitesDeployed,
    SegmentRegistered,
    ServiceRegistered,
    SharesExchanged,
    SharesIssued,
    SharesSplit,
    SupplierExited,
    VehicleStatusChanged,
    WorkloadSubmitted,
    fact,
)
from twin.fold import launches
from twin.fold.launches import Launches
from twin.hashing import FOLD_VERSION
from twin.regions import ORBIT
from twin.state import Twin

Ownership = CompanyRegistered | SharesIssued | SharesExchanged | SharesSplit | OfferingPriced
Money = (
    PeriodReported
    | CustomersReported
    | ContractSigned
    | ContractTerminated
    | CapitalSpent
    | DebtChanged
)
Flight = LaunchScheduled | LaunchFlown | BoosterRecovered | VehicleStatusChanged
Defense = (
    CommitmentAgreed | CommitmentAmended | CommitmentTasked | AccreditationChanged | SupplierExited
)
Asking = ServiceRegistered | WorkloadSubmitted | DemandObserved


def applied(twin: Twin, event: Event, body: Body) -> Twin:
    """One fact of the group; ``UnknownKind`` for one that is nothing of the twin's."""
    match body:
        case LaunchScheduled() | LaunchFlown() | BoosterRecovered() | VehicleStatusChanged():
            return flown(twin, event, body)
        case ServiceRegistered() | WorkloadSubmitted() | DemandObserved():
            return asked(twin, event, body)
        case PriceObserved() | PriceSet():
            return priced(twin, event, body)
        case (
            PeriodReported()
            | CustomersReported()
            | ContractSigned()
            | ContractTerminated()
            | CapitalSpent()
            | DebtChanged()
        ):
            return booked(twin, event, body)
        case (
            CompanyRegistered()
            | SharesIssued()
            | SharesExchanged()
            | SharesSplit()
            | OfferingPriced()
        ):
            return owned(twin, event, body)
        case (
            CommitmentAgreed()
            | CommitmentAmended()
            | CommitmentTasked()
            | AccreditationChanged()
            | SupplierExited()
        ):
            return promised(twin, event, body)
        case _:
            raise UnknownKind(
                f"event {event.identity} of kind {event.kind}",
                expected=f"a kind that fold version {FOLD_VERSION} applies",
                remedy="upgrade the twin first",
            )


def owned(twin: Twin, event: Event, body: Ownership) -> Twin:
    """A fact of who owns whom."""
    label, at_ns = event.label, event.effective_ns
    tables = twin.ownership.get(label, CapTables())
    match body:
        case CompanyRegistered():
            tables = ownership.company_registered(tables, body)
        case SharesIssued():
            tables = ownership.shares_issued(tables, body, effective_ns=at_ns)
        case SharesExchanged():
            tables = mergers.shares_exchanged(tables, body, effective_ns=at_ns)
        case SharesSplit():
            tables = ownership.shares_split(tables, body, effective_ns=at_ns)
        case OfferingPriced():
            tables = ownership.offering_priced(tables, body, effective_ns=at_ns)
    return replace(twin, ownership={**twin.ownership, label: tables})


def priced(twin: Twin, event: Event, body: PriceObserved | PriceSet) -> Twin:
    """A price: of shares, or of what is bought and sold."""
    label = event.label
    tables = twin.ownership.get(label, CapTables())
    after = share_prices.priced(tables, body, effective_ns=event.effective_ns)
    if after is not tables:
        return replace(twin, ownership={**twin.ownership, label: after})
    books = twin.ledgers.get(label, Ledger())
    if isinstance(body, PriceSet):
        books = ledger.price_set(books, body)
    else:
        books = ledger.price_observed(books, body)
    return replace(twin, ledgers={**twin.ledgers, label: books})


def booked(twin: Twin, event: Event, body: Money) -> Twin:
    """A fact of the ledger."""
    label, at_ns = event.label, event.effective_ns
    books = twin.ledgers.get(label, Ledger())
    match body:
        case PeriodReported():
            books = ledger.period_reported(books, body)
        case CustomersReported():
            books = ledger.customers_reported(books, body)
        case ContractSigned():
            books = ledger.contract_signed(books, body)
        case ContractTerminated():
            books = ledger.contract_terminated(books, body, effective_ns=at_ns)
        case CapitalSpent():
            books = ledger.capital_spent(books, body, effective_ns=at_ns)
        case DebtChanged():
            books = ledger.debt_changed(books, body, effective_ns=at_ns)
    return replace(twin, ledgers={**twin.ledgers, label: books})


def flown(twin: Twin, event: Event, body: Flight) -> Twin:
    """A fact of launches and vehicles."""
    label = event.label
    book = twin.launches.get(label, Launches())
    match body:
        case LaunchScheduled():
            book = launches.launch_scheduled(book, body)
        case LaunchFlown():
            book = launches.launch_flown(book, body, effective_ns=event.effective_ns)
            twin = with_books(twin, label)
        case BoosterRecovered():
            book = launches.booster_recovered(book, body)
        case VehicleStatusChanged():
            book = launches.vehicle_status_changed(book, body)
    return replace(twin, launches={**twin.launches, label: book})


def with_books(twin: Twin, label: str) -> Twin:
    """The twin with books for a label in which something earns or costs."""
    if label in twin.ledgers:
        return twin
    return replace(twin, ledgers={**twin.ledgers, label: Ledger()})


def aimed(twin: Twin, launch: LaunchScheduled, events: Iterable[Event]) -> None:
    """``BadInput`` for a launch to a segment or for a promise that nobody has told of.

    What ``events`` of the same tick tell is known, though they are folded later.
    """
    if launch.segment and launch.segment not in (known := _satellite_segments(twin, ())):
        expect("segment", launch.segment, known | _satellite_segments(twin, events))
    if launch.commitment_id and launch.commitment_id not in (known := _launch_promises(twin, ())):
        expect("commitment_id", launch.commitment_id, known | _launch_promises(twin, events))


def _satellite_segments(twin: Twin, events: Iterable[Event]) -> set[str]:
    known = names(twin)
    return {*known.segments} - {*known.sites} | {
        body.segment for body in _said(events) if isinstance(body, SegmentRegistered)
    }


def _launch_promises(twin: Twin, events: Iterable[Event]) -> set[str]:
    known = {
        promise.commitment_id
        for each in twin.promises.values()
        for promise in each.items
        if promise.is_launch
    }
    return known | {
        body.commitment_id
        for body in _said(events)
        if isinstance(body, CommitmentAgreed) and body.commitment_kind == "launch"
    }


def _said(events: Iterable[Event]) -> Iterator[Body]:
    for event in events:
        if event.kind in ("SegmentRegistered", "CommitmentAgreed"):
            with suppress(BadInput):
                yield fact(event)


def deployed(twin: Twin, event: Event, body: SatellitesDeployed) -> Twin:
    """Satellites left their rocket; ``BadInput`` for a rocket that brought none."""
    book = launches.satellites_deployed(twin.launches.get(event.label, Launches()), body)
    return replace(twin, launches={**twin.launches, event.label: book})


def asked(twin: Twin, event: Event, body: Asking) -> Twin:
    """A fact of services: offered, submitted to, or asked for."""
    label = event.label
    known = twin.services.get(label, Services())
    if isinstance(body, DemandObserved):
        demand = services.demand_observed(twin.demand.get(label, Demand()), body, services=known)
        return replace(twin, demand={**twin.demand, label: demand})
    segments = names(twin).segments
    if isinstance(body, ServiceRegistered):
        known = services.service_registered(known, body, segments=segments)
    else:
        known = services.workload_submitted(known, body, segments=segments)
    return replace(twin, services={**twin.services, label: known})


def without_finished(twin: Twin, label: str, work: Work) -> Twin:
    """The twin whose services want nothing any more for what was done in the tick before."""
    offered, kept = services.finished(twin.services[label], work)
    return replace(
        twin, services={**twin.services, label: offered}, work={**twin.work, label: kept}
    )


def promised(twin: Twin, event: Event, body: Defense) -> Twin:
    """A fact of promises."""
    label, tick_ns = event.label, twin.tick_ns
    book = twin.promises.get(label, Promises())
    match body:
        case CommitmentAgreed():
            book = commitments.agreed(book, body, tick_ns=tick_ns, known=names(twin))
        case CommitmentAmended():
            book = commitments.amended(book, body, tick_ns=tick_ns, known=names(twin))
        case CommitmentTasked():
            book = commitments.tasked(book, body, tick_ns=tick_ns)
        case AccreditationChanged():
            book = commitments.accreditation_changed(book, body, tick_ns=tick_ns, known=names(twin))
        case SupplierExited():
            book = commitments.supplier_exited(
                book, body, effective_ns=event.effective_ns, tick_ns=tick_ns
            )
    return replace(twin, promises={**twin.promises, label: book})


def names(twin: Twin) -> Known:
    """What a promise or a service may name."""
    segments = {segment.name for each in twin.fleets.values() for segment in each.segments}
    sites = {
        segment.name
        for each in twin.fleets.values()
        for segment in each.segments
        if segment.site is not None
    }
    regions = {name for each in twin.telemetry.values() for name in each.regions} - {ORBIT}
    offered = {name for each in twin.services.values() for name in each.offered}
    return Known(frozenset(offered), frozenset(segments), frozenset(sites), frozenset(regions))
