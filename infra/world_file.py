"""What the world of a folder was started with: kept beside its log, and held to ever after.

A folder has one world. Its first start writes ``world.json`` (and a copy of the catalogue); a
later one goes on with that, and refuses to be told otherwise.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from infra.installation import journal_count
from infra.usage import BadUsage, usage
from streams.settings import Settings
from twin.baseline import Baseline, default_world, load
from twin.errors import BrokenInvariant, Unavailable
from twin.units import NS_PER_S, instant_text, is_tick, parse_instant

if TYPE_CHECKING:
    from twin.simulate.catalogue import Catalogue

FILE = "world.json"
CATALOGUED_WORLD = "2026"
"""Whose ground clusters stand beside a catalogue: what flies goes with what stands."""

DEFAULT_SEED = 1
DEFAULT_TICK_S = 60.0
NS_PER_MIN = 60 * NS_PER_S


class CatalogueChoice(msgspec.Struct, frozen=True):
    """A catalogue by its contents; ``copy`` is the file's name in the folder."""

    copy: str
    sha256: str


class WorldChoice(msgspec.Struct, frozen=True):
    """Everything that decides what a world says."""

    world: str
    seed: int
    start: str
    tick_s: float
    has_faults: bool
    satellites_count: int | None
    catalogue: CatalogueChoice | None

    @property
    def fleet(self) -> str:
        """Whose satellites fly, in a few words."""
        if self.catalogue is None:
            return f"world {self.world}"
        return f"catalogue, sites of world {self.world}"

    @property
    def terms(self) -> str:
        """Its ticks and its seed, in a few words."""
        return f"ticks of {self.tick_s:g} s from {self.start}; seed {self.seed}"

    @property
    def interval_ns(self) -> int:
        """The length of a tick."""
        return round(self.tick_s * NS_PER_S)

    @property
    def start_ns(self) -> int:
        """When its first tick begins."""
        return parse_instant(self.start)


class Asked(msgspec.Struct, frozen=True):
    """What a command line says of a world; None where it says nothing."""

    world: str | None = None
    seed: int | None = None
    start: str | None = None
    tick_s: float | None = None
    has_faults: bool | None = None
    satellites_count: int | None = None
    catalogue: Path | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The world of a folder, and the catalogue it was settled with just now, if any."""

    choice: WorldChoice
    read: Catalogue | None


def refuse_nonsense(asked: Asked) -> None:
    """``BadUsage`` for what is no world in any folder; needs to look at none."""
    _normal(asked.start)
    if asked.world is not None:
        with usage():
            load(asked.world)
    if asked.tick_s is not None:
        _require_divisor_of_an_hour(asked.tick_s)
    if asked.catalogue is not None:
        _require_readable(asked.catalogue)


def refuse_a_log_without_its_world(settings: Settings) -> None:
    """A journal whose world is not known cannot be gone on with: it was imported, to be read."""
    if kept(settings.directory) is None and journal_count(settings):
        raise Unavailable(
            f"{settings.directory} has no world.json, but its log {settings.broker_url} holds"
            " a journal",
            remedy="an imported journal can only be read and replayed; start in a new folder",
        )


def settle(directory: Path, asked: Asked) -> Settled:
    """The world of the folder, begun as asked if it has none; ``BadUsage`` if it has another."""
    data = bytes_of(asked.catalogue) if asked.catalogue is not None else None
    with usage(of=f"{asked.catalogue}: "):
        read = _read(data) if data is not None else None
    known = kept(directory)
    if known is not None:
        _refuse_another(known, asked, read)
        return Settled(known, read)
    choice = _chosen(asked, read)
    directory.mkdir(parents=True, exist_ok=True)
    if data is not None and choice.catalogue is not None:
        _write(directory / choice.catalogue.copy, data)
    # Written last: a folder without it has no world, whatever else was left in it.
    _write(directory / FILE, msgspec.json.format(msgspec.json.encode(choice)) + b"\n")
    return Settled(choice, read)


def kept(directory: Path) -> WorldChoice | None:
    """What the world of a folder was started with, or None before it was."""
    path = directory / FILE
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=WorldChoice)
    except msgspec.DecodeError as error:
        raise BrokenInvariant(
            f"{path}: {error}", remedy="restore it, or start in a new folder"
        ) from None


def _read(data: bytes) -> Catalogue:
    # Imported only here: reading orbits costs a second that most starts need not wait for.
    from twin.simulate.catalogue import read_catalogue

    return read_catalogue(data)


def _chosen(asked: Asked, read: Catalogue | None) -> WorldChoice:
    world = asked.world or (default_world() if read is None else CATALOGUED_WORLD)
    return WorldChoice(
        world=world,
        seed=DEFAULT_SEED if asked.seed is None else asked.seed,
        start=_normal(asked.start) or _default_start(load(world), read),
        tick_s=DEFAULT_TICK_S if asked.tick_s is None else asked.tick_s,
        has_faults=bool(asked.has_faults),
        satellites_count=asked.satellites_count,
        catalogue=CatalogueChoice(f"catalogue.{read.format}", read.sha256) if read else None,
    )


def _require_divisor_of_an_hour(tick_s: float) -> None:
    # Compared first: infinity and what is no number cannot be rounded.
    if not (0.0 < tick_s <= 3600.0 and is_tick(round(tick_s * NS_PER_S))):
        raise BadUsage(
            f"--tick {tick_s:g}", expected="seconds that divide an hour, such as 1 or 60"
        )


def _default_start(baseline: Baseline, read: Catalogue | None) -> str:
    """The opening day of a world; of a catalogue, the minute its newest elements are of."""
    if read is None:
        return f"{baseline.opens_on}T00:00:00Z"
    return instant_text(-(-int(read.epoch_ns.max()) // NS_PER_MIN) * NS_PER_MIN)


def _refuse_another(known: WorldChoice, asked: Asked, read: Catalogue | None) -> None:
    stands = known.catalogue.sha256 if known.catalogue else None
    pairs = [
        ("--world", known.world, asked.world),
        ("--seed", known.seed, asked.seed),
        ("--start", known.start, _normal(asked.start)),
        ("--tick", known.tick_s, asked.tick_s),
        ("--faults", known.has_faults, asked.has_faults),
        ("--satellites", known.satellites_count, asked.satellites_count),
        ("--catalog", stands, read.sha256 if read else None),
    ]
    for option, was, now in pairs:
        if now is not None and now != was:
            raise BadUsage(
                f"{option} {_shown(now)}",
                expected=f"{_shown(was)}, with which this folder's world was started",
                remedy="leave it out to go on, or give another --dir",
            )


def _normal(start: str | None) -> str | None:
    with usage():
        return None if start is None else instant_text(parse_instant(start, field="--start"))


def _shown(value: object) -> str:
    match value:
        case None:
            return "none"
        case bool():
            return "on" if value else "off"
        case float():
            return f"{value:g}"
        case _:
            return str(value)[:32]


def _require_readable(path: Path) -> None:
    """Without reading it: what comes through a pipe can be read once only."""
    if path.is_file() or not path.exists():
        try:
            path.open("rb").close()
        except OSError as error:
            raise _unreadable(path, error) from None


def bytes_of(path: Path) -> bytes:
    """The contents of a file that was named on the command line."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> BadUsage:
    return BadUsage(f"{path}: {error.strerror}", expected="a file that can be read")


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, and on disk before anything depends on it."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
