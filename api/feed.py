"""The tick table followed after commit, for all streams at once.

One task polls while anybody listens, reads each new tick once, and keeps the last few. A stream is
a place in that row of ticks and holds no more than that: one that is too slow finds its place gone,
and is told of its gap. No session of the database lives longer than one page.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Final

import msgspec
import structlog
from sqlalchemy.exc import SQLAlchemyError

from api.limits import Limits
from api.problems import Busy
from api.reading import Reader, TickRows
from streams.store import queries
from streams.store.queries import TickInfo
from streams.store.tables import LIVE
from twin.errors import TwinError

RESUME_PAGE_COUNT: Final = 16
RETRY_S: Final = 1.0

log_line = structlog.get_logger("api.feed")


class Gap(msgspec.Struct, frozen=True):
    """Ticks a stream did not get: those after one, up to and without the next it will get."""

    after: TickInfo
    next: TickInfo

    @property
    def missed_count(self) -> int:
        return self.next.number - self.after.number - 1


class Feed:
    """Hands committed ticks to any number of streams, in order."""

    def __init__(self, reader: Reader, limits: Limits) -> None:
        self._reader, self._limits = reader, limits
        self._ring: deque[TickRows] = deque(maxlen=limits.stream_ring_count)
        self._listeners_count = 0
        self._news = asyncio.Condition()

    @property
    def listeners_count(self) -> int:
        """Streams open now."""
        return self._listeners_count

    @contextmanager
    def listening(self) -> Iterator[None]:
        """A place among the streams; ``Busy`` when all are taken."""
        if self._listeners_count >= self._limits.streams_max_count:
            raise Busy(
                f"{self._listeners_count} streams are open",
                expected=f"{self._limits.streams_max_count} at most",
                remedy="close one, or try again later",
            )
        self._listeners_count += 1
        try:
            yield
        finally:
            self._listeners_count -= 1

    async def run(self) -> None:
        """Follow the tick table until cancelled."""
        while True:
            if not self._listeners_count:
                self._ring.clear()
                await asyncio.sleep(self._limits.stream_poll_s)
                continue
            try:
                await self._look()
            except (TwinError, SQLAlchemyError) as error:
                log_line.warning("following the ticks failed", error=str(error)[:500])
                await asyncio.sleep(RETRY_S)

    async def follow(self, after: TickInfo | None) -> AsyncIterator[TickRows | Gap]:
        """Ticks after one, then as they are committed; without one, from the newest on.

        What was missed before is read back if it is not too long ago; otherwise, and when the
        stream is too slow for what comes, a ``Gap`` says so. It ends after the life of a stream.
        """
        ends_s = time.monotonic() + self._limits.stream_life_s
        place, is_joined = after, after is None
        while time.monotonic() < ends_s:
            if is_joined or self._reaches_back_to(place):
                is_joined = True
                for item in self._after(place):
                    place = _place(item)
                    yield item
            elif place is not None:
                async for item in self._missed(place):
                    place = _place(item)
                    yield item
            await self._wait_for_news(place, until_s=ends_s)

    async def _missed(self, after: TickInfo) -> AsyncIterator[TickRows | Gap]:
        """What the read model has after a tick, so that the ring can take over."""
        newest = await asyncio.to_thread(self._reader.tick, None)
        if newest.number - after.number > self._limits.stream_resume_max_count:
            latest = await asyncio.to_thread(self._reader.everything, None)
            yield Gap(after, latest.tick)
            yield latest
            return
        while True:
            page = await asyncio.to_thread(
                self._reader.following, after.tick_ns, limit=RESUME_PAGE_COUNT
            )
            for item in page:
                yield item
                after = item.tick
            if len(page) < RESUME_PAGE_COUNT:
                return

    def _reaches_back_to(self, place: TickInfo | None) -> bool:
        """Whether the ring goes on from a place without a gap."""
        return (
            place is not None
            and bool(self._ring)
            and (self._ring[0].tick.number <= place.number + 1)
        )

    def _after(self, place: TickInfo | None) -> list[TickRows | Gap]:
        """What the ring has after a place; a gap first when it begins later than that."""
        if not self._ring:
            return []
        if place is None:
            return [self._ring[-1]]
        ahead = [item for item in self._ring if item.tick.number > place.number]
        if not ahead or ahead[0].tick.number == place.number + 1:
            return [*ahead]
        return [Gap(place, ahead[-1].tick), ahead[-1]]

    async def _wait_for_news(self, place: TickInfo | None, *, until_s: float) -> None:
        number = place.number if place is not None else 0
        async with self._news:
            try:
                async with asyncio.timeout(max(0.0, until_s - time.monotonic())):
                    await self._news.wait_for(
                        lambda: bool(self._ring) and self._ring[-1].tick.number > number
                    )
            except TimeoutError:
                return

    async def _look(self) -> None:
        fresh = await asyncio.to_thread(self._read)
        self._ring.extend(fresh)
        if fresh:
            async with self._news:
                self._news.notify_all()
        await asyncio.sleep(self._limits.stream_poll_s)

    def _read(self) -> list[TickRows]:
        """The ticks after the last in the ring, or the newest few when they are too many."""
        ring_count = self._limits.stream_ring_count
        with self._reader.snapshot() as db:
            newest = queries.latest_tick(db, LIVE)
            if newest is None:
                return []
            last = self._ring[-1].tick if self._ring else None
            if last is None or newest.number - last.number > ring_count:
                last = queries.tick_numbered(db, LIVE, newest.number - 1)
        after_ns = last.tick_ns if last is not None else 0
        return self._reader.following(after_ns, limit=ring_count)


def _place(item: TickRows | Gap) -> TickInfo:
    return item.next if isinstance(item, Gap) else item.tick
