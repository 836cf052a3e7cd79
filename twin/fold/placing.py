"""Where work runs, said whenever it changes, and who it gave way to."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from twin.arrays import BoolArray, IntArray
from twin.business.market import Market
from twin.events import WorkloadAllocated
from twin.outcomes import WorkOutcome
from twin.physics.kernel import kernel


def placements(before: Market, market: Market) -> Iterator[WorkOutcome]:
    """Work that is new, runs elsewhere than before, or became short or whole again.

    One outcome for each segment it runs on now, or ran on before; of work that runs nowhere one for
    the first segment it may. What is merely more or less of the same is not said, and neither is
    the end of work.
    """
    if before.places is market.places:
        changed = _changed(before, market)
    else:
        changed = [row for row in market.work_rows.tolist() if _is_moved(before, market, row)]
    for row in changed:
        yield from _placed(before, market, row)


def _changed(before: Market, market: Market) -> list[int]:
    """Rows of work in a market whose pools and needs stand as they did."""
    rows = market.work_rows
    if not rows.size:
        return []
    is_changed = np.zeros(rows.size, dtype=np.bool_)
    _compare(
        is_changed,
        rows,
        before.granted_qty,
        before.wanted_qty,
        market.granted_qty,
        market.wanted_qty,
    )
    changed: list[int] = rows[is_changed].tolist()
    return changed


def _is_moved(before: Market, market: Market, row: int) -> bool:
    """Whether work in that row stands otherwise than in a market of other pools and needs."""
    need = market.needs[row]
    known = before.places.get((need.label, need.need_id))
    if known is None:
        return True
    is_elsewhere = _runs_on(before, known).keys() != _runs_on(market, row).keys()
    return is_elsewhere or bool(_short(before, known)) != bool(_short(market, row))


def _placed(before: Market, market: Market, row: int) -> Iterator[WorkOutcome]:
    need, short = market.needs[row], _short(market, row)
    known = before.places.get((need.label, need.need_id))
    there = {} if known is None else dict.fromkeys(_runs_on(before, known), 0)
    here = there | _runs_on(market, row)
    if not here:
        here = {market.pools[p].segment: 0 for p in np.flatnonzero(market.allowed[row])[:1]}
    by = _displacer(market, row) if short else ""
    for segment, count in sorted(here.items()):
        yield WorkOutcome(
            WorkloadAllocated(
                workload_id=need.need_id.split("/", 1)[1],
                pool_id=segment,
                accelerators_count=count,
                displaced_count=short,
                by_commitment_id=by,
            ),
            label=need.label,
        )


def _runs_on(market: Market, row: int) -> dict[str, int]:
    """What is granted in a row, by segment."""
    granted = market.granted_qty[row]
    return {market.pools[p].segment: int(granted[p]) for p in np.flatnonzero(granted)}


def _short(market: Market, row: int) -> int:
    return int(market.wanted_qty[row] - market.granted_qty[row].sum())


def _displacer(market: Market, row: int) -> str:
    """The commitment served before a need that holds most of what the need may use, if any."""
    may = market.allowed[row] > 0
    is_before = market.is_reserved * (market.priority < market.priority[row])
    held = market.granted_qty[:, may].sum(axis=1) * is_before
    best = int(np.argmax(held))
    return market.needs[best].need_id.split("/")[1] if held[best] else ""


@kernel
def _compare(
    is_changed: BoolArray,
    rows: IntArray,
    granted_before: IntArray,
    wanted_before: IntArray,
    granted: IntArray,
    wanted: IntArray,
) -> None:
    for place in range(rows.size):
        row = rows[place]
        short_before, short = wanted_before[row], wanted[row]
        for pool in range(granted.shape[1]):
            is_changed[place] |= (granted_before[row, pool] > 0) != (granted[row, pool] > 0)
            short_before -= granted_before[row, pool]
            short -= granted[row, pool]
        is_changed[place] |= (short_before > 0) != (short > 0)
