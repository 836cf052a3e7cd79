"""What the world of a folder was started with: kept beside its log, and held to ever after.

A folder has one world. Its first start writes ``world.json`` (and copies of the files it was
given); a later one goes on with that, and refuses to be told otherwise.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from infra.installation import journal_count
from infra.usage import BadUsage, usage
from infra.world.inputs import Inputs, KeptFile, read_inputs, require_readable
from streams.retrying import Sleep
from streams.settings import Settings
from twin.baseline import Baseline, before_its_numbers, default_world, load
from twin.errors import BrokenInvariant, Unavailable
from twin.units import NS_PER_S, instant_text, is_tick, parse_instant

FILE = "world.json"
REAL_WORLD = "2026"
"""What stands beside real satellites and what real launches join, where no world is asked for."""

DEFAULT_SEED = 1
DEFAULT_TICK_S = 60.0
NS_PER_MIN = 60 * NS_PER_S


class WorldChoice(msgspec.Struct, frozen=True):
    """Everything that decides what a world says."""

    world: str
    seed: int
    start: str
    tick_s: float
    has_faults: bool
    satellites_count: int | None
    catalogue: KeptFile | None
    launches: KeptFile | None = None
    llm_trace: KeptFile | None = None

    @property
    def fleet(self) -> str:
        """Whose satellites fly, in a few words."""
        if self.catalogue is None:
            return f"world {self.world}"
        return f"catalogue, sites of world {self.world}"

    @property
    def inputs(self) -> tuple[str, ...]:
        """What is not drawn but real in it beside its satellites, in a few words each."""
        told = ((self.launches, "launches of a log"), (self.llm_trace, "requests of a trace"))
        return tuple(words for kept_file, words in told if kept_file is not None)

    @property
    def terms(self) -> str:
        """Its ticks and its seed, in a few words."""
        return f"ticks of {self.tick_s:g} s from {self.start}; seed {self.seed}"

    @property
    def remark(self) -> str:
        """What to know of a world that starts before the day its numbers are of."""
        fleet = "" if self.catalogue is not None else "the fleet"
        if fleet and self.launches is not None:
            fleet = "the fleet, less what launches bring,"
        return before_its_numbers(self.world, self.start_ns, fleet=fleet)

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
    launches: Path | None = None
    llm_trace: Path | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """The world of a folder, and the files it was settled with just now."""

    choice: WorldChoice
    read: Inputs


def refuse_nonsense(asked: Asked) -> None:
    """``BadUsage`` for what is no world in any folder; needs to look at none."""
    _normal(asked.start)
    if asked.world is not None:
        with usage():
            load(asked.world)
    if asked.tick_s is not None:
        _require_divisor_of_an_hour(asked.tick_s)
    for path in (asked.catalogue, asked.launches, asked.llm_trace):
        if path is not None:
            require_readable(path)


def refuse_a_log_without_its_world(settings: Settings, *, sleep: Sleep = time.sleep) -> None:
    """A journal whose world is not known cannot be gone on with: it was imported, to be read."""
    if kept(settings.directory) is None and journal_count(settings, sleep=sleep):
        raise Unavailable(
            f"{settings.directory} has no world.json, but its log {settings.broker_url} holds"
            " a journal",
            remedy="go on in the folder it was begun in, or take a new folder and log; one that was"
            " imported can only be read and replayed",
        )


def settle(directory: Path, asked: Asked) -> Settled:
    """The world of the folder, begun as asked if it has none; ``BadUsage`` if it has another."""
    read = read_inputs(
        catalogue=asked.catalogue, launches=asked.launches, llm_trace=asked.llm_trace
    )
    known = kept(directory)
    if known is not None:
        _refuse_another(known, asked, read)
        return Settled(known, read)
    choice = _chosen(asked, read)
    directory.mkdir(parents=True, exist_ok=True)
    for file in read:
        _write(directory / file.copy, file.data)
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


def _chosen(asked: Asked, read: Inputs) -> WorldChoice:
    is_real = read.catalogue is not None or read.launches is not None
    world = asked.world or (REAL_WORLD if is_real else default_world())
    return WorldChoice(
        world=world,
        seed=DEFAULT_SEED if asked.seed is None else asked.seed,
        start=_normal(asked.start) or _default_start(load(world), read),
        tick_s=DEFAULT_TICK_S if asked.tick_s is None else asked.tick_s,
        has_faults=bool(asked.has_faults),
        satellites_count=asked.satellites_count,
        catalogue=read.catalogue.kept if read.catalogue else None,
        launches=read.launches.kept if read.launches else None,
        llm_trace=read.llm_trace.kept if read.llm_trace else None,
    )


def _require_divisor_of_an_hour(tick_s: float) -> None:
    # Compared first: infinity and what is no number cannot be rounded.
    if not (0.0 < tick_s <= 3600.0 and is_tick(round(tick_s * NS_PER_S))):
        raise BadUsage(
            f"--tick {tick_s:g}", expected="seconds that divide an hour, such as 1 or 60"
        )


def _default_start(baseline: Baseline, read: Inputs) -> str:
    """The minute of a catalogue's newest elements, which hold for days; else when a launch log does
    best to begin; else the opening day. A trace, whose dates say nothing, is a load that repeats.
    """
    if read.catalogue is not None:
        newest_ns = int(read.catalogue.holds.epoch_ns.max())
        return instant_text(-(-newest_ns // NS_PER_MIN) * NS_PER_MIN)
    if read.launches is not None:
        return instant_text(read.launches.holds.opening_ns)
    return f"{baseline.opens_on}T00:00:00Z"


def _refuse_another(known: WorldChoice, asked: Asked, read: Inputs) -> None:
    pairs = [
        ("--world", known.world, asked.world),
        ("--seed", known.seed, asked.seed),
        ("--start", known.start, _normal(asked.start)),
        ("--tick", known.tick_s, asked.tick_s),
        ("--faults", known.has_faults, asked.has_faults),
        ("--satellites", known.satellites_count, asked.satellites_count),
        ("--catalog", known.catalogue, read.catalogue and read.catalogue.kept),
        ("--launches", known.launches, read.launches and read.launches.kept),
        ("--llm-trace", known.llm_trace, read.llm_trace and read.llm_trace.kept),
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
        case KeptFile():
            return f"a file of SHA-256 {value.sha256[:16]}…"
        case _:
            return str(value)[:32]


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all, and on disk before anything depends on it."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
