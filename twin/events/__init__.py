"""Every fact the twin can learn: frozen, in the past tense, one class a kind, one file a topic."""

from __future__ import annotations

from twin.events.defense import AlarmChanged
from twin.events.envelope import (
    UPCASTERS,
    Event,
    Upcaster,
    encode_fact,
    fact,
    known_kind,
)
from twin.events.journal import (
    EventCorrected,
    Quarantined,
    RecordEntryExcluded,
    SourceLapsed,
    SourceRegistered,
    SourceReturned,
    StreamAbsent,
)
from twin.events.kinds import KINDS, Basis, Body, Confidence, Kind, Nature, Phase
from twin.events.ledger import AssumptionSet
from twin.events.satellites import (
    AssetsAssigned,
    AssetsFailed,
    ElementSetsPublished,
    LicenceGranted,
    SatelliteFrameReported,
    SatellitesDeorbited,
    SatellitesDeployed,
    SegmentRegistered,
    ShardOpened,
    ShellRetargeted,
    SpaceWeatherObserved,
)
from twin.events.workloads import AcceleratorFrameReported, SiteEnergised, Supply, SupplyChanged

__all__ = [
    "KINDS",
    "UPCASTERS",
    "AcceleratorFrameReported",
    "AlarmChanged",
    "AssetsAssigned",
    "AssetsFailed",
    "AssumptionSet",
    "Basis",
    "Body",
    "Confidence",
    "ElementSetsPublished",
    "Event",
    "EventCorrected",
    "Kind",
    "LicenceGranted",
    "Nature",
    "Phase",
    "Quarantined",
    "RecordEntryExcluded",
    "SatelliteFrameReported",
    "SatellitesDeorbited",
    "SatellitesDeployed",
    "SegmentRegistered",
    "ShardOpened",
    "ShellRetargeted",
    "SiteEnergised",
    "SourceLapsed",
    "SourceRegistered",
    "SourceReturned",
    "SpaceWeatherObserved",
    "StreamAbsent",
    "Supply",
    "SupplyChanged",
    "Upcaster",
    "encode_fact",
    "fact",
    "known_kind",
]
