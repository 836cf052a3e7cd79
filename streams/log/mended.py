"""What Faust's consumer does wrong on any log, done right: each thing loses or delays messages.

What may be committed, what happens when all buffers are full, and the order of a revocation.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from faust.transport.consumer import Consumer as FaustConsumer
from faust.types import TP

from twin.errors import NotKept


class MendedConsumer(FaustConsumer):  # type: ignore[misc]  # faust is untyped here
    """Goes before a transport's own consumer among the bases."""

    if TYPE_CHECKING:
        _acked: defaultdict[TP, list[int]]
        _acked_index: defaultdict[TP, set[int]]

    def __post_init__(self) -> None:
        super().__post_init__()
        #: Per partition, the lowest offset that was not acknowledged in an unbroken row.
        self._floor: dict[TP, int] = {}
        #: Where the last commit failed, so that it is tried again though nothing more comes.
        self._uncommitted: set[TP] = set()
        self._is_fetchable = asyncio.Event()

    # -- committing

    def _new_offset(self, tp: TP) -> int | None:
        """What may be committed: the end of the unbroken row of acknowledged messages.

        The base class takes the first row it finds if nothing was committed yet, and allows a gap
        of one message otherwise: either way a message that was not acknowledged is lost.
        """
        floor, acked = self._floor.get(tp), self._acked[tp]
        if floor is None:
            return None
        acked.sort()
        first = bisect_left(acked, floor)
        count = 0
        while first + count < len(acked) and acked[first + count] == floor + count:
            count += 1
        self._acked_index[tp].difference_update(acked[: first + count])
        del acked[: first + count]
        self._floor[tp] = floor + count
        return floor + count if count or tp in self._uncommitted else None

    async def _commit_offsets(
        self, offsets: Mapping[TP, int], start_new_transaction: bool = True
    ) -> bool:
        """Commit, or know that it has to be tried again.

        The base class takes what could not be committed for done.
        """
        before = {tp: self._committed_offset[tp] for tp in offsets}
        is_done: bool = await super()._commit_offsets(offsets, start_new_transaction)
        self._uncommitted.difference_update(offsets)
        if not is_done:
            owned = self.assignment()
            failed = {tp: offset for tp, offset in before.items() if tp in owned}
            self._committed_offset.update(failed)
            self._uncommitted.update(failed)
        return is_done

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Messages that were never delivered: retention was faster than we.

        The base class takes them for read. ``NotKept`` ends the app instead, and says so.
        """
        raise NotKept(
            f"offset {offset_from} of {tp.topic}/{tp.partition}",
            earliest=f"offset {offset_to}",
            remedy="what lies between is gone: keep more (TWIN_FRAMES_KEPT_S), or let more workers"
            " observe",
        )

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Stop the flow, commit what was acknowledged, and only then forget the partitions.

        The base class forgets first, and what was acknowledged since the last commit with it.
        """
        await self._on_partitions_revoked(revoked)
        await self.commit()
        self._active_partitions.difference_update(revoked)
        self._paused_partitions.difference_update(revoked)
        for place in revoked:
            for kept in (self._gap, self._acked, self._acked_index, self._read_offset):
                kept.pop(place, None)
            self._committed_offset.pop(place, None)
            self._floor.pop(place, None)
            self._uncommitted.discard(place)

    # -- fetching

    async def _wait_next_records(self, timeout: float) -> tuple[dict[TP, list[Any]], set[TP]]:
        """The base class sleeps a second whenever no partition is active.

        That is so each time every stream buffer is full: throughput falls to a buffer a second.
        """
        if not self.flow_active:
            await self.wait(self.can_resume_flow)
        active = self._get_active_partitions()
        if not active:
            self._is_fetchable.clear()
            await self.wait(self._is_fetchable, timeout=timeout)
        return await self._getmany(active, timeout), active

    def on_buffer_drop(self, tp: TP) -> None:
        """A stream has room again."""
        super().on_buffer_drop(tp)
        self._look_again()

    def resume_partitions(self, tps: Iterable[TP]) -> None:
        """Fetch from these again."""
        super().resume_partitions(tps)
        self._look_again()

    def stop_flow(self) -> None:
        """Fetch nothing until resumed."""
        super().stop_flow()
        self._look_again()

    def _look_again(self) -> None:
        self._is_fetchable.set()
