"""What happens to satellites."""

from __future__ import annotations

from typing import Literal

from twin.events.kinds import Basis, Body, Nature, Phase, kind
from twin.fields import (
    AcceleratorCount,
    AltitudeKm,
    Amount,
    AssetCount,
    AssetId,
    Counter,
    FlopRate,
    Fraction,
    InclinationDeg,
    Rate,
)


@kind("satellites", Nature.MEASURED, Phase.TELEMETRY)
class SatelliteFrameReported(Body, frozen=True):
    """A shard of satellites at one tick; the body is Arrow (see ``frames``)."""


@kind("satellites", Nature.GIVEN, Phase.ASSETS)
class SegmentRegistered(Body, frozen=True):
    """A group of assets entered the twin, with what one of them was built to do.

    ``tok_per_s`` and ``flop_per_s`` are of all accelerators of one asset together.
    """

    segment: str
    class_name: str
    basis: Basis
    mass_kg: Amount
    array_m2: Amount
    array_w: Amount
    battery_wh: Amount
    radiator_m2: Amount
    downlink_bps: Rate
    life_s: Amount
    payload_w: Amount = 0.0
    accelerators_count: AcceleratorCount = 0
    tok_per_s: Rate = 0.0
    flop_per_s: FlopRate = 0.0
    charge_efficiency_fraction: Fraction = 1.0
    charge_resolution_wh: Amount = 0.0


@kind("satellites", Nature.GIVEN, Phase.ASSETS)
class ElementSetsPublished(Body, frozen=True):
    """A catalogue of orbital elements became the base of a segment's positions."""

    segment: str
    published_at: str
    satellites_count: AssetCount
    format: Literal["tle", "omm"]
    sha256: str


@kind("satellites", Nature.FOLLOWED, Phase.ASSETS)
class SatellitesDeployed(Body, frozen=True):
    """Satellites of a segment were released in orbit; ``charge_wh`` is what all of them held."""

    launch_id: str
    segment: str
    satellites_count: AssetCount
    first_asset_id: AssetId
    altitude_km: AltitudeKm
    inclination_deg: InclinationDeg
    charge_wh: Amount = 0.0


@kind("satellites", Nature.FOLLOWED, Phase.ASSETS)
class ShardOpened(Body, frozen=True):
    """A new stream of frames began for some assets of a segment."""

    shard: str
    segment: str


@kind("satellites", Nature.FOLLOWED, Phase.ASSETS)
class AssetsAssigned(Body, frozen=True):
    """Assets report through this shard from now on; ranges are [first, last] asset ids."""

    shard: str
    segment: str
    asset_id_ranges: tuple[tuple[AssetId, AssetId], ...]
    assets_count: AssetCount


@kind("satellites", Nature.DECIDED, Phase.ASSETS)
class ShellRetargeted(Body, frozen=True):
    """A shell was ordered to another altitude."""

    segment: str
    from_km: AltitudeKm
    to_km: AltitudeKm
    starts_at: str
    ends_at: str


@kind("satellites", Nature.GIVEN, Phase.ASSETS)
class AssetsFailed(Body, frozen=True):
    """Assets stopped working; the energy they held is written off."""

    segment: str
    component: str
    cause: str
    asset_ids: tuple[AssetId, ...] = ()
    lost_fraction: Fraction = 0.0
    written_off_wh: Amount = 0.0


@kind("satellites", Nature.GIVEN, Phase.ASSETS)
class AssetsRestored(Body, frozen=True):
    """Assets that had failed work again; ``charge_wh`` is what all of them held."""

    segment: str
    cause: str
    asset_ids: tuple[AssetId, ...] = ()
    restored_fraction: Fraction = 0.0
    charge_wh: Amount = 0.0


@kind("satellites", Nature.FOLLOWED, Phase.ASSETS)
class SatellitesDeorbited(Body, frozen=True):
    """Satellites left orbit."""

    segment: str
    reason: str
    satellites_count: AssetCount
    asset_ids: tuple[AssetId, ...] = ()
    written_off_wh: Amount = 0.0


@kind("satellites", Nature.GIVEN, Phase.OPERATIONS)
class SpaceWeatherObserved(Body, frozen=True):
    """The state of the Sun and the geomagnetic field."""

    f107_sfu: Amount
    kp_index: Amount
    proton_flux_pfu: Amount


@kind("satellites", Nature.GIVEN, Phase.ASSETS)
class LicenceGranted(Body, frozen=True):
    """An authority allowed a number of satellites in a band of altitudes."""

    authority: str
    licence_id: str
    satellites_count: Counter
    altitude_min_km: AltitudeKm
    altitude_max_km: AltitudeKm
    milestones: tuple[str, ...] = ()
