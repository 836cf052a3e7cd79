"""A world's opening promises: what is known of the contracts, and what is assumed of the rest.

No military service level is published: threshold, window and outage length are then assumed to be
those of the published commercial one, and no penalty. ``terms_basis`` says how far the terms
themselves are known (public, reported, assumed); the quantity is an assumption nearly everywhere,
with its reason in the assumption. A promise whose satellites do not fly in a world, or that is over
when it opens, is left out. Of launches that are promised by a date, those before the opening are
taken to have flown at an even pace, and their part of the price to be paid.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from importlib.resources import files

import msgspec

from twin.baseline import Baseline
from twin.events import AccreditationChanged, Body, CommitmentAgreed, CommitmentKind
from twin.events.defense import TermsBasis
from twin.units import NS_PER_S, instant_text, parse_instant

HOURS_PER_DAY = 24
SECONDS_PER_YEAR = 31_557_600
CENT = Decimal("0.01")


class PromiseRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A promise without its numbers: where a field names one, it is an assumption's name.

    A ``value`` by the year is multiplied by the years the promise runs. ``level`` begins the names
    of its service level; ``segments`` are those it may be served by, in any world.
    """

    commitment_id: str
    contract_id: str
    customer: str
    commitment_kind: CommitmentKind
    resource: str
    region: str
    priority: int
    supplier: str
    terms_basis: TermsBasis
    service: str
    segments: tuple[str, ...]
    accreditation: str
    alternatives: tuple[str, ...]
    level: str
    quantity: str
    value: str
    starts: str
    ends: str
    due: str


class AccreditationRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A site where a service may handle data of a level: assumed, none is published."""

    service: str
    site: str
    level: str


class PromiseBook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of ``promises.json``."""

    promises: tuple[PromiseRow, ...]
    accreditations: tuple[AccreditationRow, ...]


@cache
def read_promises() -> PromiseBook:
    """Every promise of every world; read once."""
    path = files("twin.baseline").joinpath("promises.json")
    return msgspec.json.decode(path.read_bytes(), type=PromiseBook)


def promise_facts(baseline: Baseline) -> Iterator[tuple[Body, str, str]]:
    """(fact, label, when it takes effect) for what a world has promised when it opens.

    Sites and services must be told before them.
    """
    opening = _instant(baseline.opens_on)
    opening_ns, book = parse_instant(opening), read_promises()
    sites = {site.segment: site.label for site in baseline.sites}
    labels = sites | {each.segment: each.label for each in baseline.satellite_segments}
    for row in book.accreditations:
        if row.site in sites:
            fact = AccreditationChanged(row.service, row.site, row.level, is_granted=True)
            yield fact, sites[row.site], opening
    for promise in book.promises:
        flown = tuple(name for name in promise.segments if name in labels)
        agreed = _agreed(baseline, promise, flown, opening_ns)
        if agreed is not None and (flown or not promise.segments):
            yield agreed, labels[flown[0]] if flown else "public", opening


def _agreed(
    baseline: Baseline, row: PromiseRow, segments: tuple[str, ...], opening_ns: int
) -> CommitmentAgreed | None:
    """The terms in this world; None where all of it lies before the opening."""
    starts_at, ends_at = (_instant(baseline.text(name)) for name in (row.starts, row.ends))
    starts_ns, ends_ns = parse_instant(starts_at), parse_instant(ends_at)
    due_at = _instant(baseline.text(row.due)) if row.due else None
    due_ns = parse_instant(due_at) if due_at else ends_ns
    if min(ends_ns, due_ns) <= opening_ns:
        return None
    # What is left of it: a launch promise by its launches, all others by themselves.
    left = (due_ns - max(opening_ns, starts_ns)) / (due_ns - starts_ns) if due_at else 1.0
    whole = _quantity(baseline, row)
    promised_qty = math.ceil(whole * left)
    value_usd = _value_usd(baseline, row, (ends_ns - starts_ns) // NS_PER_S)
    return CommitmentAgreed(
        commitment_id=row.commitment_id,
        contract_id=row.contract_id,
        customer=row.customer,
        commitment_kind=row.commitment_kind,
        resource=row.resource,
        promised_qty=promised_qty,
        region=row.region,
        priority=row.priority,
        supplier=row.supplier,
        terms_basis=row.terms_basis,
        threshold_fraction=1.0 if due_at else baseline.number(f"{row.level}.threshold_fraction"),
        window_s=0.0 if due_at else baseline.number(f"{row.level}.window_s"),
        starts_at=starts_at,
        ends_at=ends_at,
        value_usd=(value_usd * promised_qty / whole).quantize(CENT),
        credit_fraction=baseline.number(f"{row.level}.credit_fraction"),
        location_limit=segments,
        accreditation=row.accreditation,
        service=row.service,
        due_at=due_at,
        alternative_suppliers=row.alternatives,
        outage_min_s=0.0 if due_at else baseline.number(f"{row.level}.outage-min_s"),
    )


def _quantity(baseline: Baseline, row: PromiseRow) -> int:
    number = baseline.number(row.quantity)
    return round(number / HOURS_PER_DAY if row.resource.endswith("_per_h") else number)


def _value_usd(baseline: Baseline, row: PromiseRow, duration_s: int) -> Decimal:
    number = Decimal(repr(baseline.number(row.value)))
    is_yearly = row.value.endswith("_per_y")
    return number * duration_s / SECONDS_PER_YEAR if is_yearly else number


def _instant(day: str) -> str:
    return instant_text(parse_instant(f"{day}T00:00:00Z"))
