"""What a world has sold, promised and owns: at its opening, and what is dated later in its tick.

A fact takes effect on its own date. What a world merely opens with takes effect at the latest when
it starts, also where it starts before the day its numbers are of.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator
from typing import NamedTuple

from twin.baseline import Baseline
from twin.events import AccreditationChanged, Body, CommitmentAgreed
from twin.labels import PUBLIC
from twin.simulate.accounts import account_facts
from twin.simulate.outbox import Outbox
from twin.simulate.owners import ownership_facts
from twin.simulate.promises import promise_facts
from twin.units import parse_instant


class Dated(NamedTuple):
    """A fact, when it takes effect, and who may see it."""

    body: Body
    effective_ns: int
    label: str


class History:
    """Every such fact of a world, in order of telling; those of later date in the order of date."""

    def __init__(self, baseline: Baseline, services: Collection[str], *, start_ns: int) -> None:
        self.opening = (
            *_accounts(baseline, start_ns),
            *_promises(baseline, services, start_ns),
        )
        owned = [Dated(body, at_ns, PUBLIC) for body, at_ns, _ in ownership_facts(baseline)]
        self._start_ns = start_ns
        self._owned = owned
        self._instants_ns = [each.effective_ns for each in owned]

    def tell(self, out: Outbox, *, start_ns: int, tick_ns: int, story: str) -> None:
        """What is due in the tick [start, tick): in the first, all that was before it, too."""
        first = bisect_left(self._instants_ns, start_ns)
        due = self._owned[first : bisect_left(self._instants_ns, tick_ns)]
        if start_ns == self._start_ns:
            due = [*self.opening, *self._owned[:first], *due]
        for body, effective_ns, label in due:
            out.tell(body, effective_ns=effective_ns, label=label, story=story)


def _accounts(baseline: Baseline, start_ns: int) -> Iterator[Dated]:
    for body, instant in account_facts(baseline, start_ns=start_ns):
        yield Dated(body, min(parse_instant(instant), start_ns), PUBLIC)


def _promises(baseline: Baseline, services: Collection[str], start_ns: int) -> Iterator[Dated]:
    """A promise of a service that has no place in a world is none of its."""
    for body, label, instant in promise_facts(baseline):
        named = body.service if isinstance(body, CommitmentAgreed | AccreditationChanged) else ""
        if not named or named in services:
            yield Dated(body, min(parse_instant(instant), start_ns), label)
