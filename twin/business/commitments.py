"""Promises: their terms, what changed them, and who still stands behind them.

Every span of time is open at its start and closed at its end, and a tick belongs to the spans that
hold the instant it ends at. So a tick lies in one window only, whatever its length.

Terms change from the first tick after the one their amendment came in: that tick was agreed on the
old ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import IntEnum
from typing import Final

import msgspec
import numpy as np
from msgspec.structs import replace

from twin.arrays import IntArray, frozen
from twin.business.needs import Need
from twin.business.promise import Known, Promise, expect, promise_of, retermed, span_of
from twin.errors import BadInput
from twin.events import (
    AccreditationChanged,
    CommitmentAgreed,
    CommitmentAmended,
    CommitmentTasked,
    SupplierExited,
)
from twin.fields import QUANTITY_MAX
from twin.units import MICRO_PER_USD, MS_PER_S, NS_PER_MS, NS_PER_S, USD_MAX, parse_instant

PPB: Final = 1_000_000_000
NEVER_NS: Final = 2**63 - 1
VALUES_MAX_USD: Final = 4 * USD_MAX
"""What all promises of a label may be worth: tables keep 64 bits."""

_JSON = msgspec.json.Encoder(order="deterministic")


class K(IntEnum):
    """Columns of ``Promises.constants``, one row a promise."""

    IS_LAUNCH = 0
    NEED = 1  # place in ``need_ids``; −1 for a launch promise
    PROMISED_QTY = 2
    STARTS_NS = 3
    ENDS_NS = 4  # or when its supplier left
    WAIVED_NS = 5  # waived until; 0 for never
    WINDOW_NS = 6  # that of a launch promise ends when it is due
    DUE_NS = 7  # of a launch promise
    BROKEN_PPB = 8  # share of a window that may be bad
    OUTAGE_MIN_MS = 9
    VALUE_MICRO_USD = 10
    DURATION_MS = 11  # over which the value is earned


class Tasking(msgspec.Struct, frozen=True, order=True):
    """More than usual was asked for over a span."""

    commitment_id: str
    starts_ns: int
    ends_ns: int
    extra_qty: int


class Exit(msgspec.Struct, frozen=True, order=True):
    """A supplier is gone for a customer from an instant on; an empty scope is everything."""

    supplier: str
    customer: str
    scope: str
    effect_ns: int

    def covers(self, promise: Promise) -> bool:
        """Whether the promise lies in its scope; a department belongs to its government."""
        terms = promise.terms
        is_theirs = f"{terms.customer}/".startswith(f"{self.customer}/")
        return is_theirs and self.scope in ("", *_scopes(promise))


class Promises(msgspec.Struct, frozen=True, eq=False):
    """Every promise of one label, by ascending id.

    ``coming`` holds amended promises that apply from the first tick after ``coming_ns``;
    ``accreditations`` are (service, level, site). The rest follows from these: ``ids`` names the
    rows of ``constants``, ``need_ids`` those of them the allocator serves, ``launch_ids`` the
    others with their row. By date alone all of it holds from the tick that ended at
    ``prepared_ns`` to those that end at ``next_change_ns``.
    """

    items: tuple[Promise, ...] = ()
    coming: tuple[Promise, ...] = ()
    coming_ns: int = 0
    taskings: tuple[Tasking, ...] = ()
    accreditations: tuple[tuple[str, str, str], ...] = ()
    exits: tuple[Exit, ...] = ()
    ids: tuple[str, ...] = ()
    need_ids: tuple[str, ...] = ()
    launch_ids: tuple[tuple[int, str], ...] = ()
    constants: IntArray = frozen(np.zeros((0, len(K)), np.int64))
    prepared_ns: int = 0
    next_change_ns: int = NEVER_NS

    def encoded(self) -> bytes:
        # What else there is follows from these.
        return _JSON.encode(
            (
                self.items,
                self.coming,
                self.coming_ns,
                self.taskings,
                self.accreditations,
                self.exits,
            )
        )

    @property
    def accredited(self) -> dict[tuple[str, str], frozenset[str]]:
        """The sites accredited, by (service, level)."""
        found: dict[tuple[str, str], frozenset[str]] = {}
        for service, level, site in self.accreditations:
            found[service, level] = found.get((service, level), frozenset()) | {site}
        return found

    def needs(
        self, tick_ns: int, services: Mapping[str, tuple[str, ...]] | None = None
    ) -> tuple[Need, ...]:
        """What the promises that run at ``tick_ns`` ask of the allocator, in order of their ids.

        Where a promise names no segments, those of its service serve it.
        """
        segments = services or {}
        return tuple(
            Need(
                need_id=promise.need_id,
                service=promise.terms.service,
                resource=promise.terms.resource,
                region=promise.region,
                wanted_qty=min(
                    QUANTITY_MAX,
                    promise.terms.promised_qty + self.tasked_qty(promise.commitment_id, tick_ns),
                ),
                priority=promise.terms.priority,
                segments=promise.terms.location_limit or segments.get(promise.terms.service, ()),
                accreditation=promise.terms.accreditation,
            )
            for promise in self.items
            if not promise.is_launch and self.runs(promise, tick_ns)
        )

    def runs(self, promise: Promise, tick_ns: int) -> bool:
        """Whether the tick that ends at ``tick_ns`` is promised."""
        return promise.starts_ns < tick_ns <= ended_ns(promise, self.exits)

    def tasked_qty(self, commitment_id: str, tick_ns: int) -> int:
        """What is asked for beyond the promise in the tick that ends at ``tick_ns``."""
        return sum(
            tasking.extra_qty
            for tasking in self.taskings
            if tasking.commitment_id == commitment_id
            and tasking.starts_ns < tick_ns <= tasking.ends_ns
        )

    def alternatives(self, promise: Promise, tick_ns: int) -> tuple[str, ...]:
        """Other suppliers the customer could turn to, sorted, without those that left by then."""
        gone = {e.supplier for e in self.exits if e.effect_ns < tick_ns and e.covers(promise)}
        return tuple(
            sorted({*promise.terms.alternative_suppliers} - gone - {promise.terms.supplier})
        )


def agreed(promises: Promises, fact: CommitmentAgreed, *, tick_ns: int, known: Known) -> Promises:
    """A new promise; ``BadInput`` where it cannot be one."""
    if fact.commitment_id in promises.ids:
        raise BadInput(
            f"commitment_id={fact.commitment_id!r}, which is agreed already",
            expected="an id nobody used",
            remedy="amend the one there is",
            field="commitment_id",
        )
    return _with(promises, tick_ns, items=(*promises.items, promise_of(fact, known)))


def amended(promises: Promises, fact: CommitmentAmended, *, tick_ns: int, known: Known) -> Promises:
    """Other terms from the next tick on; ``BadInput`` for terms that are none."""
    # What was amended in an earlier tick must not wait for this one.
    promises = current(promises, tick_ns)
    newest = {**_by_id(promises.items), **_by_id(promises.coming)}
    promise = _found(newest, fact.commitment_id)
    if not fact.fields and fact.waived_until is None:
        raise BadInput(
            f"an amendment of {fact.commitment_id!r} that changes nothing",
            expected="some fields, or waived_until",
            field="fields",
        )
    changed = promise_of(retermed(promise.terms, fact.fields), known)
    waived_ns = promise.waived_ns
    if fact.waived_until is not None:
        waived_ns = parse_instant(fact.waived_until, field="waived_until")
    coming = {**_by_id(promises.coming), fact.commitment_id: replace(changed, waived_ns=waived_ns)}
    return _with(promises, tick_ns, coming=tuple(coming.values()), coming_ns=tick_ns)


def tasked(promises: Promises, fact: CommitmentTasked, *, tick_ns: int) -> Promises:
    """More is asked for over a span; ``BadInput`` for an unknown promise or no span."""
    promise = _found(_by_id(promises.items), fact.commitment_id)
    if promise.is_launch:
        raise BadInput(
            f"commitment_id={fact.commitment_id!r}, a promise of launches",
            expected="a promise of communications, ai or sensing",
            remedy="amend its promised_qty",
            field="commitment_id",
        )
    starts_ns, ends_ns = span_of(fact.starts_at, fact.ends_at)
    tasking = Tasking(fact.commitment_id, starts_ns, ends_ns, fact.extra_qty)
    return _with(promises, tick_ns, taskings=(*promises.taskings, tasking))


def accreditation_changed(
    promises: Promises, fact: AccreditationChanged, *, tick_ns: int, known: Known
) -> Promises:
    """A service may, or may no longer, handle a level at a site."""
    expect("service", fact.service, known.services)
    expect("site", fact.site, known.sites)
    entry = (fact.service, fact.level, fact.site)
    others = tuple(each for each in promises.accreditations if each != entry)
    granted = (entry,) if fact.is_granted else ()
    return _with(promises, tick_ns, accreditations=(*others, *granted))


def supplier_exited(
    promises: Promises, fact: SupplierExited, *, effective_ns: int, tick_ns: int
) -> Promises:
    """A supplier serves a customer no longer, once its notice has run.

    What it promised itself ends then; for the promises of others it is an alternative no more.
    """
    suppliers = {
        name
        for each in promises.items
        for name in (each.terms.supplier, *each.terms.alternative_suppliers)
    }
    expect("supplier", fact.supplier, suppliers)
    expect("customer", fact.customer, set(_customers(promises.items)))
    if fact.scope:
        scopes = {name for each in promises.items for name in _scopes(each)}
        expect("scope", fact.scope, scopes)
    effect_ns = effective_ns + round(fact.notice_s * NS_PER_S)
    exit_ = Exit(fact.supplier, fact.customer, fact.scope, min(effect_ns, NEVER_NS))
    return _with(promises, tick_ns, exits=(*promises.exits, exit_))


def current(promises: Promises, tick_ns: int) -> Promises:
    """The promises for the tick that ends at ``tick_ns``, with what dates alone have changed.

    The same object while nothing has: whoever prepared something from it may keep it.
    """
    return promises if tick_ns <= promises.next_change_ns else _with(promises, tick_ns)


def ended_ns(promise: Promise, exits: Iterable[Exit]) -> int:
    """When the promise ends, or its supplier left."""
    supplier = promise.terms.supplier
    left = (e.effect_ns for e in exits if e.supplier == supplier and e.covers(promise))
    return min(promise.ends_ns, *left, NEVER_NS)


def _with(
    promises: Promises,
    tick_ns: int,
    *,
    items: tuple[Promise, ...] | None = None,
    coming: tuple[Promise, ...] | None = None,
    coming_ns: int | None = None,
    taskings: tuple[Tasking, ...] | None = None,
    accreditations: tuple[tuple[str, str, str], ...] | None = None,
    exits: tuple[Exit, ...] | None = None,
) -> Promises:
    """Some parts replaced, and what follows from them prepared for the tick."""
    here = _by_id(promises.items if items is None else items)
    later = promises.coming if coming is None else coming
    later_ns = promises.coming_ns if coming_ns is None else coming_ns
    if later and later_ns < tick_ns:
        here, later, later_ns = {**here, **_by_id(later)}, (), 0
    tasks = promises.taskings if taskings is None else taskings
    worth = sum(each.value_micro_usd for each in {**here, **_by_id(later)}.values())
    if worth > VALUES_MAX_USD * MICRO_PER_USD:
        raise BadInput(
            f"promises worth {worth // MICRO_PER_USD} dollars in all",
            expected=f"{VALUES_MAX_USD} at most",
            field="value_usd",
        )
    after = Promises(
        items=tuple(here[name] for name in sorted(here)),
        coming=tuple(sorted(later, key=lambda each: each.commitment_id)),
        coming_ns=later_ns,
        taskings=tuple(sorted(each for each in tasks if each.ends_ns >= tick_ns)),
        accreditations=tuple(
            sorted(promises.accreditations if accreditations is None else accreditations)
        ),
        exits=tuple(sorted(set(promises.exits if exits is None else exits))),
    )
    need_ids = tuple(each.need_id for each in after.items if not each.is_launch)
    return replace(
        after,
        ids=tuple(here[name].commitment_id for name in sorted(here)),
        need_ids=need_ids,
        launch_ids=tuple(
            (row, each.commitment_id) for row, each in enumerate(after.items) if each.is_launch
        ),
        constants=_constants(after, need_ids),
        prepared_ns=tick_ns,
        next_change_ns=min((at for at in _changes_ns(after) if at >= tick_ns), default=NEVER_NS),
    )


def _changes_ns(promises: Promises) -> Iterator[int]:
    """Instants after which a tick is promised otherwise than before."""
    for promise in promises.items:
        yield promise.starts_ns
        yield ended_ns(promise, promises.exits)
    for tasking in promises.taskings:
        yield tasking.starts_ns
        yield tasking.ends_ns
    yield from (each.effect_ns for each in promises.exits)
    if promises.coming:
        yield promises.coming_ns


def _constants(promises: Promises, need_ids: tuple[str, ...]) -> IntArray:
    rows = np.zeros((len(promises.items), len(K)), dtype=np.int64)
    for row, promise in zip(rows, promises.items, strict=True):
        terms, ends_ns = promise.terms, ended_ns(promise, promises.exits)
        # A waiver of a launch promise puts off the day it is due.
        due_ns = max(promise.due_ns, promise.waived_ns) if promise.is_launch else 0
        window_ns = round(terms.window_s * MS_PER_S) * NS_PER_MS
        values = {
            K.IS_LAUNCH: int(promise.is_launch),
            K.NEED: -1 if promise.is_launch else need_ids.index(promise.need_id),
            K.PROMISED_QTY: terms.promised_qty,
            K.STARTS_NS: promise.starts_ns,
            K.ENDS_NS: ends_ns,
            K.WAIVED_NS: promise.waived_ns,
            K.WINDOW_NS: window_ns,
            K.DUE_NS: due_ns,
            K.BROKEN_PPB: PPB - round(terms.threshold_fraction * PPB),
            K.OUTAGE_MIN_MS: round(terms.outage_min_s * MS_PER_S),
            K.VALUE_MICRO_USD: promise.value_micro_usd,
            K.DURATION_MS: max(1, (promise.ends_ns - promise.starts_ns) // NS_PER_MS),
        }
        for column, value in values.items():
            row[column] = value
    return frozen(rows)


def _scopes(promise: Promise) -> tuple[str, ...]:
    """The names a scope may cover this promise by."""
    terms = promise.terms
    every = (
        terms.commitment_id,
        terms.contract_id,
        terms.commitment_kind,
        terms.resource,
        terms.service,
    )
    return tuple(name for name in every if name)


def _customers(items: Iterable[Promise]) -> Iterator[str]:
    """Every customer, and every government above a department."""
    for promise in items:
        parts = promise.terms.customer.split("/")
        yield from ("/".join(parts[: depth + 1]) for depth in range(len(parts)))


def _by_id(items: Iterable[Promise]) -> dict[str, Promise]:
    return {promise.commitment_id: promise for promise in items}


def _found(items: Mapping[str, Promise], commitment_id: str) -> Promise:
    expect("commitment_id", commitment_id, items)
    return items[commitment_id]
