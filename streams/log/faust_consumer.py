"""Feeds a Faust app from the embedded log: owning, fetching, committing.

The base classes do the rest: they hand messages to streams and keep what they acknowledge.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, Final

from faust.types import TP, ConsumerMessage

from streams.log.address import embedded_path
from streams.log.embedded import EmbeddedLog
from streams.log.mended import MendedConsumer
from streams.log.placing import partition_for
from streams.log.port import Message
from streams.log.shares import Shares
from twin.errors import NotKept, Unavailable

#: How often the log is asked for new messages while there are none; the second after a while
#: without any. An idle worker costs 7 % of a core with the first and 4 % with the second.
POLL_S: Final = 0.005
IDLE_POLL_S: Final = 0.02
IDLE_AFTER_S: Final = 1.0
#: How often members are counted, and how often while a partition of ours is still another's.
SHARE_POLL_S: Final = 0.2
SHARE_WAIT_S: Final = 0.05
PAGE_COUNT: Final = 500


class Consumer(MendedConsumer):
    """Faust's consumer over the embedded log; its group is the app's id."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._group = self.app.conf.id
        self._path = embedded_path(str(self.transport.url[0]))
        self._shares = Shares(self._path, self._group)
        self._position: dict[TP, int] = {}
        self._ends: dict[TP, int] = {}
        self._seeks = 0
        self._found_s = 0.0
        self._subscribed: frozenset[str] = frozenset()
        self._missing: frozenset[str] = frozenset()
        self._partitions: dict[str, int] = {}
        self._was_assigned = False
        self._interrupt = threading.Event()
        self._is_subscribed = asyncio.Event()

    async def on_start(self) -> None:
        """Open the log and start to look for partitions to own."""
        # Left in reverse, after the last commit: threads, then partitions, then the log.
        self._log: EmbeddedLog = self.add_context(closing(EmbeddedLog(self._path)))
        self.add_context(closing(self._shares))
        self._fetching = self.add_context(ThreadPoolExecutor(1, thread_name_prefix="log-fetch"))
        self._calling = self.add_context(ThreadPoolExecutor(1, thread_name_prefix="log-call"))
        await super().on_start()
        self.add_future(self._share_partitions())

    async def on_stop(self) -> None:
        """Commit what was acknowledged and fetch no more."""
        await super().on_stop()
        self._interrupt.set()

    # -- owning

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Say what to read; partitions come later, once the app can take them."""
        self._subscribed = frozenset(topics)
        self._is_subscribed.set()

    def assignment(self) -> set[TP]:
        """The partitions this worker owns."""
        return {TP(*place) for place in self._shares.held}

    async def _share_partitions(self) -> None:
        # Not inside ``subscribe``: taking an assignment waits for that call to return.
        await self.wait(self._is_subscribed)
        while not self.should_stop:
            is_complete = not self.app.rebalancing and await self._balance()
            await self.sleep(SHARE_POLL_S if is_complete else SHARE_WAIT_S)

    async def _balance(self) -> bool:
        """Move towards the fair share; whether it is reached."""
        fair = await self._call(self._fair_share)
        lost = {TP(*place) for place in self._shares.held - fair}
        if self.should_stop:
            return True
        taken = self._shares.take(fair - self._shares.held)
        if lost or taken or not self._was_assigned:
            await self._rebalance(lost)
        return bool(fair == self._shares.held)

    def _fair_share(self) -> set[tuple[str, int]]:
        self._shares.subscribe(self._subscribed)
        if not self._subscribed <= self._partitions.keys():
            known = self._log.topics()
            missing = self._subscribed - known.keys()
            if missing != self._missing:
                self.log.warning("Waiting for topics to be declared: %s", sorted(missing))
            self._missing = missing
            self._partitions = {name: spec.partitions for name, spec in known.items()}
        return self._shares.fair(self._partitions)

    async def _rebalance(self, lost: set[TP]) -> None:
        self.app.on_rebalance_start()
        if self._was_assigned:
            await self.on_partitions_revoked(lost)
        self._shares.release(lost)
        self._was_assigned = True
        # Streams drop messages of another generation, so it must be set before they are fetched.
        self.app.consumer_generation_id += 1
        await self.on_partitions_assigned(self.assignment(), self.app.consumer_generation_id)

    # -- fetching

    def _look_again(self) -> None:
        super()._look_again()
        self._interrupt.set()

    async def _getmany(
        self, active_partitions: set[TP] | None, timeout: float
    ) -> dict[TP, list[Message]]:
        places = {
            place: self._position[place]
            for place in active_partitions or ()
            if place in self._position
        }
        if not places:
            await self.sleep(POLL_S)
            return {}
        seeks, self._interrupt = self._seeks, threading.Event()
        pages: dict[TP, list[Message]] = await self._run(
            self._fetching, self._fetch, places, timeout, self._interrupt
        )
        if seeks != self._seeks:
            return {}  # read from where we no longer are: delivering it would skip messages
        for place, page in pages.items():
            self._position[place] = page[-1].offset + 1
        return pages

    def _fetch(
        self, places: dict[TP, int], timeout_s: float, interrupt: threading.Event
    ) -> dict[TP, list[Message]]:
        """A page of each partition that has something, as soon as one has; runs in a thread."""
        deadline_s = time.monotonic() + timeout_s
        while not interrupt.is_set() and time.monotonic() < deadline_s:
            ends = self._log.ends(places)
            self._ends.update(ends)
            behind = [place for place, position in places.items() if position < ends[place]]
            if behind:
                self._found_s = time.monotonic()
                return {place: self._page(place, places[place]) for place in behind}
            is_idle = time.monotonic() - self._found_s > IDLE_AFTER_S
            interrupt.wait(IDLE_POLL_S if is_idle else POLL_S)
        return {}

    def _page(self, place: TP, start: int) -> list[Message]:
        max_bytes = self.app.conf.consumer_max_fetch_size
        return self._log.read(
            place.topic, place.partition, start, limit=PAGE_COUNT, max_bytes=max_bytes
        )

    def _to_message(self, tp: TP, record: Message) -> ConsumerMessage:
        return ConsumerMessage(
            record.topic,
            record.partition,
            record.offset,
            record.timestamp_ns / 1e9,
            0,  # the time its sender gave
            list(record.headers),
            record.key,
            record.value,
            None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    # -- where to read

    async def seek_to_committed(self) -> dict[TP, int]:
        """Go back to where the group stands, or begin, in every partition owned.

        Raises ``NotKept`` or ``BadInput`` if the log no longer, or not yet, holds that offset.
        """
        starts = {place: await self._call(self._start, place) for place in self.assignment()}
        self._seeks += 1
        self._position.update(starts)
        self._floor.update(starts)
        self._interrupt.set()
        return starts

    def _start(self, place: TP) -> int:
        committed = self._log.committed(self._group, *place)
        if committed is not None:
            # Raises if that offset is not, or no longer, in the log.
            self._log.read(place.topic, place.partition, committed, limit=1, max_bytes=1)
            return committed
        while True:
            span = self._log.span(*place)
            is_earliest = self.app.conf.consumer_auto_offset_reset == "earliest"
            start = span.start if is_earliest else span.end
            try:
                # Holds retention back from now on, not only from the first commit.
                self._log.commit(self._group, {place: start})
            except NotKept:
                continue  # trimmed since the span was read
            return start

    async def _seek(self, partition: TP, offset: int) -> None:
        self._seeks += 1
        self._position[partition] = offset
        # Acknowledgements below what is committed are not kept, so the row cannot begin there.
        self._floor[partition] = max(offset, self._floor.get(partition, 0))
        self._interrupt.set()

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Seek each partition."""
        for place, offset in partitions.items():
            await self.seek(place, offset)

    async def position(self, tp: TP) -> int | None:
        """The next offset to be fetched."""
        return self._position.get(tp)

    def highwater(self, tp: TP) -> int:
        """The end of a partition when it was last fetched from."""
        return self._ends.get(tp, 0)

    async def highwaters(self, *partitions: TP) -> dict[TP, int]:
        """The end of each partition now."""
        ends = await self._call(self._log.ends, partitions)
        return {place: ends[place] for place in partitions}

    async def earliest_offsets(self, *partitions: TP) -> dict[TP, int]:
        """The first kept offset of each partition."""
        spans = {place: await self._call(self._log.span, *place) for place in partitions}
        return {place: span.start for place, span in spans.items()}

    # -- committing

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        try:
            await self._call(self._log.commit, self._group, dict(offsets))
        except Unavailable as error:
            # Worth no crash: at worst these messages come again, and a later commit covers them.
            self.log.warning("Offsets not committed: %s", error)
            return False
        return True

    # -- the rest of Faust's interface

    async def create_topic(self, topic: str, *arguments: Any, **options: Any) -> None:
        """Declare a topic, as the producer does."""
        await self.app.producer.create_topic(topic, *arguments, **options)

    def topic_partitions(self, topic: str) -> int | None:
        """How many partitions a topic has, once it is read from."""
        return self._partitions.get(topic)

    def key_partition(
        self, topic: str, key: bytes | None, partition: int | None = None
    ) -> int | None:
        """Where a key goes; ``None`` for no key or an unknown topic."""
        if partition is not None or key is None or topic not in self._partitions:
            return partition
        return partition_for(key, self._partitions[topic])

    def _new_topicpartition(self, topic: str, partition: int) -> TP:
        return TP(topic, partition)

    async def _call(self, method: Any, *arguments: Any) -> Any:
        return await self._run(self._calling, method, *arguments)

    async def _run(self, threads: ThreadPoolExecutor, method: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(threads, method, *arguments)
