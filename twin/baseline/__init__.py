"""The sourced numbers and the worlds built on them, as data, and their loader."""

from twin.baseline.book import read_faults, read_id_ranges
from twin.baseline.early import before_its_numbers
from twin.baseline.load import Baseline, default_world, load, world_names
from twin.baseline.plans import (
    Assumption,
    DemandProfile,
    Fault,
    FaultKind,
    SatelliteClass,
    SatelliteSegmentPlan,
    ShellPlan,
    SitePlan,
)
from twin.regions import RegionBox

__all__ = [
    "Assumption",
    "Baseline",
    "DemandProfile",
    "Fault",
    "FaultKind",
    "RegionBox",
    "SatelliteClass",
    "SatelliteSegmentPlan",
    "ShellPlan",
    "SitePlan",
    "before_its_numbers",
    "default_world",
    "load",
    "read_faults",
    "read_id_ranges",
    "world_names",
]
