"""How long the open tick has waited, and whether its source is to blame.

Overload costs freshness, never correctness: a source is silent only when everything it and others
had published has been observed and sequenced, and what the tick waits for is still not there.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from streams.log.port import Log, TopicPartition
from streams.sequencing import Sequencing
from streams.topics import INPUTS
from twin.waiting import Source

Waiting = tuple[Source, int]
"""A source, and the number of the record that was written last."""


class Patience:
    """Asked every now and then; ``observers`` is the group that reads what sources publish."""

    def __init__(
        self,
        sequencing: Sequencing,
        log: Log,
        *,
        observers: str,
        patience_s: float,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sequencing, self._log = sequencing, log
        self._observers, self._patience_s, self._clock_s = observers, patience_s, clock_s
        self._waiting: Waiting | None = None
        self._since_s = 0.0
        self._published: dict[TopicPartition, int] | None = None

    def run_out(self) -> Source | None:
        """The source not to wait for any longer, or None; asked again, it is patient anew."""
        waiting = self._now()
        if waiting is None or waiting != self._waiting:
            self._begin(waiting)
            return None
        if self._clock_s() - self._since_s < self._patience_s:
            return None
        if self._published is None:
            self._published = self._ends()
        if not self._is_observed(self._published):
            return None
        self._sequencing.take_all()
        is_silent = self._now() == waiting
        self._begin(None)
        return waiting[0] if is_silent else None

    def _now(self) -> Waiting | None:
        source = self._sequencing.holdup()
        return None if source is None else (source, self._sequencing.number)

    def _begin(self, waiting: Waiting | None) -> None:
        self._waiting, self._since_s, self._published = waiting, self._clock_s(), None

    def _ends(self) -> dict[TopicPartition, int]:
        topics = self._log.topics()
        places = [(topic, place) for topic in INPUTS for place in range(topics[topic].partitions)]
        return {place: self._log.span(*place).end for place in places}

    def _is_observed(self, published: dict[TopicPartition, int]) -> bool:
        return all(
            end == 0 or (self._log.committed(self._observers, *place) or 0) >= end
            for place, end in published.items()
        )
