"""The market of one tick: what each pool of the fleet can give, who wants it, and who gets it.

A *pool* is what one segment offers of one resource, in one region where that matters. How a market
is opened and cleared is in ``twin.business.clearing``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Final

import msgspec
import numpy as np

from twin.arrays import IntArray, frozen
from twin.business.needs import Need

ACCELERATORS: Final = "accelerator_count"
DOWNLINK: Final = "downlink_bps"
REVISIT: Final = "revisit_per_h"
ANYWHERE: Final = ""
NO_LIMIT: Final = -1


class Pool(msgspec.Struct, frozen=True, order=True):
    """What a segment offers of a resource; ``row`` is its place in the fleet of its label.

    ``per_asset_qty`` is of one satellite, or of one accelerator at a site; where that is below one,
    ``per_assets_count`` of them give it. ``tflop_per_s`` is of one accelerator.
    """

    label: str
    segment: str
    resource: str
    region: str
    row: int
    per_asset_qty: int
    is_site: bool = False
    full_draw_mw: int = 0
    per_assets_count: int = 1
    tflop_per_s: int = 0


def pool_name(label: str, segment: str, resource: str, region: str) -> str:
    """What a pool is found by."""
    return f"{label}/{segment}/{resource}/{region}"


class S(IntEnum):
    """Columns of ``Market.shares``, one row a pool."""

    RESERVED = 0
    DEMAND = 1
    ALLOCATED = 2
    DISPLACED = 3
    DELIVERED = 4
    BARRED = 5  # asked and not granted, for want of accreditation here


class P(IntEnum):
    """Columns of ``Market.pool_columns``, one row a pool."""

    ROW = 0
    REGION = 1  # −1: all regions together
    PER_ASSET_QTY = 2
    IS_SITE = 3
    FULL_DRAW_MW = 4
    PER_ASSETS_COUNT = 5
    TFLOP_PER_S = 6


class Market(msgspec.Struct, frozen=True, eq=False):
    """Pools and needs, and what became of them in the last tick.

    ``available_qty`` has shape ``(pools,)``, ``wanted_qty`` and ``priority`` ``(needs,)``,
    ``allowed`` and ``granted_qty`` ``(needs, pools)``, ``shares`` ``(pools, len(S))``. Of
    services, ``asked_qty`` is what users ask for and ``wanted_qty`` what promises do not carry of
    it; ``used_qty`` is what is put to use of what is granted or carried. ``is_reserved`` marks the
    needs of commitments, ``carried`` are (promise, service) by row, ``preference`` pools in the
    order of their use, ``places`` are the rows of needs by label and id, ``pool_places`` those of
    pools by name, ``spans`` the pools of each label, from the first to before the last. Rows are
    those of the needs of promises and ledgers by label (−1 for one not wanted now) and of
    workloads; ``service_places`` are those of services by label, service and region (none where it
    does not matter), ``work_ids`` workloads by label; ``tariffs`` are micro-dollars a
    megawatt-hour for each segment of a label's fleet. Nothing here is hashed: all of it follows
    from slices that are.
    """

    regions: tuple[str, ...] = ()
    pools: tuple[Pool, ...] = ()
    needs: tuple[Need, ...] = ()
    pool_columns: IntArray = frozen(np.zeros((0, len(P)), np.int64))
    base_qty: IntArray = frozen(np.zeros(0, np.int64))
    priority: IntArray = frozen(np.zeros(0, np.int64))
    allowed: IntArray = frozen(np.zeros((0, 0), np.int64))
    barred: IntArray = frozen(np.zeros((0, 0), np.int64))
    is_reserved: IntArray = frozen(np.zeros(0, np.int64))
    carried: IntArray = frozen(np.zeros((0, 2), np.int64))
    preference: IntArray = frozen(np.zeros(0, np.int64))
    places: Mapping[tuple[str, str], int] = {}
    pool_places: Mapping[str, int] = {}
    spans: tuple[tuple[str, int, int], ...] = ()
    next_change_ns: int = 0
    promise_rows: Mapping[str, IntArray] = {}
    ledger_rows: Mapping[str, IntArray] = {}
    work_rows: IntArray = frozen(np.zeros(0, np.int64))
    work_ids: Mapping[str, tuple[str, ...]] = {}
    service_places: Mapping[tuple[str, str, str], int] = {}
    price_micro_usd_per_h: IntArray = frozen(np.zeros(0, np.int64))
    tariffs: Mapping[str, IntArray] = {}
    operating_micro_usd_per_y: IntArray = frozen(np.zeros(3, np.int64))
    horizon_s: tuple[int, int, int] = (0, 0, 0)
    efficiency_ppm: int = 0
    available_qty: IntArray = frozen(np.zeros(0, np.int64))
    asked_qty: IntArray = frozen(np.zeros(0, np.int64))
    wanted_qty: IntArray = frozen(np.zeros(0, np.int64))
    used_qty: IntArray = frozen(np.zeros(0, np.int64))
    granted_qty: IntArray = frozen(np.zeros((0, 0), np.int64))
    shares: IntArray = frozen(np.zeros((0, len(S)), np.int64))

    def rows_of(self, label: str, need_ids: Iterable[str]) -> list[int]:
        """The row of each need of a label by id, −1 for one that is not wanted now."""
        return [self.places.get((label, name), -1) for name in need_ids]
