"""What happens to accelerators and the sites they stand at."""

from __future__ import annotations

from typing import Literal

from twin.events.kinds import Basis, Body, Nature, Phase, kind
from twin.fields import (
    AcceleratorCount,
    Amount,
    AssetCount,
    FlopRate,
    PositiveAmount,
    PueRatio,
    Rate,
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
