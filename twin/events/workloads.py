"""What happens to accelerators, and what is asked of everything the group runs."""

from __future__ import annotations

from typing import Literal

import msgspec

from twin.events.kinds import Basis, Body, Nature, Phase, kind
from twin.fields import (
    AcceleratorCount,
    Amount,
    AssetCount,
    FlopRate,
    PositiveAmount,
    Priority,
    PueRatio,
    Quantity,
    Rate,
    WorkFlop,
)

Supply = Literal["grid", "gas", "array"]


@kind("workloads", Nature.MEASURED, Phase.TELEMETRY)
class AcceleratorFrameReported(Body, frozen=True):
    """The accelerator pools of a segment at one tick; the body is Arrow (see ``frames``)."""


@kind("workloads", Nature.DECIDED, Phase.ASSETS)
class SiteEnergised(Body, frozen=True):
    """A ground site (or a part of one) came under power.

    ``tok_per_s`` and ``flop_per_s`` are of all accelerators of the site together.
    """

    site: str
    segment: str
    region: str
    model: str
    basis: Basis
    pools_count: AssetCount
    accelerators_count: AcceleratorCount
    nameplate_w: Amount
    accelerator_w: PositiveAmount
    pue_ratio: PueRatio
    supply: Supply
    tok_per_s: Rate
    flop_per_s: FlopRate


@kind("workloads", Nature.GIVEN, Phase.OPERATIONS)
class SupplyChanged(Body, frozen=True):
    """The power a site may draw changed; ``available_w`` null means the nameplate again."""

    site: str
    available_w: Amount | None
    cause: str
    until: str | None = None


@kind("workloads", Nature.DECIDED, Phase.ASSETS)
class ServiceRegistered(Body, frozen=True):
    """A service the group runs, and which segments may carry it, the preferred first.

    Where services differ in what they prefer, the one that names most segments decides for all.

    Where ``accreditation`` names a level, only sites accredited for this service and level may.
    """

    service: str
    resource: str
    segments: tuple[str, ...]
    priority: Priority
    accreditation: str = ""


class DemandRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one service was asked for in one region, over the tick.

    ``offered_qty`` is in the unit of ``resource``; requests and tokens are counts in the tick.
    """

    service: str
    region: str
    resource: str
    offered_qty: Quantity
    requests_count: Quantity = 0
    input_tok: Quantity = 0
    output_tok: Quantity = 0


@kind("workloads", Nature.GIVEN, Phase.DEMAND)
class DemandObserved(Body, frozen=True):
    """What was asked for in a tick, a row for each service and region; it holds for that tick."""

    rows: tuple[DemandRow, ...]


@kind("workloads", Nature.GIVEN, Phase.DEMAND)
class WorkloadSubmitted(Body, frozen=True):
    """Work that wants accelerators until it is done; ``work_flop`` 0 means without an end.

    ``location_limit`` names the segments it may run on, none for all.
    """

    workload_id: str
    service: str
    accelerators_count: AcceleratorCount
    work_flop: WorkFlop
    priority: Priority
    deadline_at: str | None = None
    location_limit: tuple[str, ...] = ()


@kind("workloads", Nature.OUTCOME)
class WorkloadAllocated(Body, frozen=True):
    """The fold placed work on a pool, or took it away; ``by_commitment_id`` is who displaced it."""

    workload_id: str
    pool_id: str
    accelerators_count: AcceleratorCount
    displaced_count: AcceleratorCount = 0
    by_commitment_id: str = ""
