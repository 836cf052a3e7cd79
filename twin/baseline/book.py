"""The package's own files as they lie on disk: the worlds, the assumptions, faults and ids.

What is wrong in them is our mistake, found by the tests, and so an assertion or a decoding error.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from twin.baseline.plans import Assumption, Fault
from twin.events import Supply


class WorldRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A world: when it opens, and whether it is made up."""

    world: str
    opens_on: str
    is_assumed: bool
    is_default: bool
    description: str


class SatellitesRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A satellite segment of one world; its numbers are assumptions."""

    world: str
    segment: str
    class_name: str
    label: str
    shells: tuple[str, ...]
    demand: str
    is_dawn_dusk: bool
    is_assumed: bool


class GroundRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ground segment of one world; its numbers are assumptions."""

    world: str
    segment: str
    label: str
    region: str
    model: str
    supply: Supply
    demand: str
    is_assumed: bool


class BoxRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A box of the region grid and the theatre it belongs to."""

    box: str
    region: str


class ProfileRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A demand profile and the clock its peak hour is read on."""

    profile: str
    clock: Literal["local", "utc"]


class Book(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of ``worlds.json``."""

    worlds: tuple[WorldRow, ...]
    satellite_segments: tuple[SatellitesRow, ...]
    ground_segments: tuple[GroundRow, ...]
    regions: tuple[BoxRow, ...]
    demand_profiles: tuple[ProfileRow, ...]


@cache
def read_book() -> Book:
    """Every world and its segments; read once."""
    return msgspec.json.decode(_bytes_of("worlds.json"), type=Book)


@cache
def read_faults() -> tuple[Fault, ...]:
    """The script of what goes wrong on purpose; a fault's place in it is part of its luck."""
    return msgspec.json.decode(_bytes_of("faults.json"), type=tuple[Fault, ...])


@cache
def read_id_ranges() -> Mapping[str, int]:
    """Which range of asset ids each segment has, by its number."""
    return msgspec.json.decode(_bytes_of("asset_ids.json"), type=dict[str, int])


def read_assumptions() -> dict[str, Assumption]:
    """Every assumption of every file, by name, in sorted order."""
    decoder = msgspec.json.Decoder(list[Assumption])
    pages = files("twin.baseline").joinpath("assumptions").iterdir()
    entries = [
        entry
        for page in sorted(pages, key=lambda page: page.name)
        if page.name.endswith(".json")
        for entry in decoder.decode(page.read_bytes())
    ]
    numbers = {entry.name: entry for entry in sorted(entries, key=lambda entry: entry.name)}
    assert len(numbers) == len(entries), "an assumption is named twice"
    return numbers


def _bytes_of(name: str) -> bytes:
    return files("twin.baseline").joinpath(name).read_bytes()
