"""Who runs where: the plant's own use of the one allocator.

The plant knows what it promised, sold and runs, and what its pools could do when the last tick
ended; from that and from what is asked now it places work for this tick. It never asks the twin, so
the twin's answer, which knows this tick's telemetry, may differ: that is a residual.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from msgspec.structs import replace

from twin.baseline import Baseline
from twin.business import commitments, ledger, services
from twin.business.clearing import cleared, opened
from twin.business.commitments import Promises
from twin.business.ledger import Ledger
from twin.business.market import ACCELERATORS, ANYWHERE, Market, Pool, S
from twin.business.needs import Need
from twin.business.promise import Known
from twin.business.services import Services
from twin.events import (
    AccreditationChanged,
    Body,
    CommitmentAgreed,
    ContractSigned,
    DemandRow,
    ServiceRegistered,
    WorkloadSubmitted,
)
from twin.labels import PUBLIC
from twin.regions import ORBIT
from twin.units import parse_instant

_NOT_YET_NS: Final = 0


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """What a world has sold, promised and offers, as far as it takes accelerators.

    ``changes_ns`` are the instants at which by date alone it wants otherwise, ascending.
    """

    ledger: Ledger
    promises: Promises
    offered: Mapping[str, ServiceRegistered]
    changes_ns: tuple[int, ...]


def book_of(
    facts: Iterable[Body], offered: Iterable[ServiceRegistered], segments: frozenset[str]
) -> Book:
    """The book that the opening facts of a world make; all but what takes accelerators is left."""
    contracts, promised = Ledger(), Promises()
    by_name = {each.service: each for each in offered if each.resource == ACCELERATORS}
    known = Known(frozenset(by_name), segments, segments)
    changes: set[int] = set()
    for fact in facts:
        match fact:
            case ContractSigned(resource="accelerator_count"):
                contracts = ledger.contract_signed(contracts, fact)
                changes |= {parse_instant(step.at) for step in fact.ramp}
            case AccreditationChanged():
                promised = commitments.accreditation_changed(
                    promised, fact, tick_ns=_NOT_YET_NS, known=known
                )
                continue
            case CommitmentAgreed(resource="accelerator_count"):
                promised = commitments.agreed(promised, fact, tick_ns=_NOT_YET_NS, known=known)
            case _:
                continue
        changes |= {parse_instant(fact.starts_at), parse_instant(fact.ends_at)}
    return Book(contracts, promised, by_name, tuple(sorted(changes)))


class Dispatcher:
    """Shares the accelerators of a world among all who need them, tick by tick.

    What it keeps between ticks is only so as not to be prepared anew: it follows from the tick.
    """

    def __init__(self, baseline: Baseline, book: Book, segments: Iterable[str]) -> None:
        self._book = book
        labels = {plan.segment: plan.label for plan in baseline.satellite_segments}
        labels |= {site.segment: site.label for site in baseline.sites}
        # In the order of the twin, so that ties and first choices are the same.
        self._pools = tuple(
            Pool(labels[name], name, ACCELERATORS, ANYWHERE, 0, 1)
            for name in sorted(segments, key=lambda name: (labels[name], name))
        )
        self._key: tuple[object, ...] = ()
        self._market = Market()

    def placed(
        self,
        available: Mapping[str, int],
        rows: Iterable[DemandRow],
        running: tuple[WorkloadSubmitted, ...],
        *,
        tick_ns: int,
    ) -> dict[str, int]:
        """Accelerators that have work in the tick, by segment; never more than ``available``."""
        market = self._opened(running, tick_ns)
        asked: dict[int, int] = {}
        for name, quantity in _asked(rows):
            place = market.places[PUBLIC, name]
            asked[place] = asked.get(place, 0) + quantity
        count = np.array([available[pool.segment] for pool in self._pools], dtype=np.int64)
        used = cleared(market, count, asked=asked).shares[:, S.DELIVERED].tolist()
        return {pool.segment: n for pool, n in zip(self._pools, used, strict=True)}

    def _opened(self, running: tuple[WorkloadSubmitted, ...], tick_ns: int) -> Market:
        changes = self._book.changes_ns
        key = (bisect_left(changes, tick_ns), running)
        if key != self._key:
            self._market = opened(
                self._pools,
                self._needs(running, tick_ns),
                regions=(ORBIT,),
                accredited=self._book.promises.accredited,
                next_change_ns=tick_ns,
            )
            self._key = key
        return self._market

    def _needs(self, running: tuple[WorkloadSubmitted, ...], tick_ns: int) -> Iterator[Need]:
        book = self._book
        serving = {name: each.segments for name, each in book.offered.items()}
        offered = Services(book.offered, {each.workload_id: each for each in running})
        yield from services.needs(offered, ())
        yield from book.promises.needs(tick_ns, serving)
        for need in book.ledger.needs(tick_ns):
            yield replace(need, segments=serving.get(need.service, ()))


def _asked(rows: Iterable[DemandRow]) -> Iterator[tuple[str, int]]:
    for row in rows:
        if row.resource == ACCELERATORS:
            yield services.service_need(row.service, ""), row.offered_qty
