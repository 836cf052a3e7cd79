"""What there is to fly: an endless manifest drawn from a world's numbers, or a real log."""

from __future__ import annotations

import heapq
import math
import zlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec

from twin.baseline import Baseline
from twin.fields import Usd
from twin.simulate.launch import ENTERPRISE, GOVERNMENT, NASA, Launch, Load
from twin.simulate.launch_log import LaunchLog
from twin.simulate.luck import Words, draw, triangular, uniform
from twin.simulate.outages import S_PER_Y
from twin.simulate.purposes import Purpose
from twin.units import NS_PER_S, parse_instant

_MINUTE_NS: Final = 60 * NS_PER_S
_JITTER_FRACTION: Final = 0.4
"""Of the time between two launches of a line: less than a half, so that they keep their order."""


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A kind of launch that a world flies again and again; its numbers are assumptions.

    They are ``manifest.<world>.<line>.`` ``launches_count_per_y``, ``satellites_count`` and
    ``payload_kg``; ``price`` names one too, and is empty where nobody pays. A world opens shortly
    before the first launch of its opening line.
    """

    world: str
    line: str
    vehicle: str
    site: str
    customer: str
    orbit: str
    segment: str
    price: str
    is_opening: bool
    has_flight_limit: bool
    commitment_id: str


def drawn_launches(
    baseline: Baseline, *, seed: int, start_ns: int, segments: Collection[str]
) -> Iterator[Launch]:
    """Every launch of a world from its start on, by date, without end.

    Satellites of a segment that is not among ``segments`` do not join the fleet.
    """
    lines = [line for line in read_lines() if line.world == baseline.world]
    each = (
        _launches_of(baseline, line, seed=seed, start_ns=start_ns, segments=segments)
        for line in lines
    )
    return heapq.merge(*each, key=lambda launch: launch.net_ns)


def logged_launches(
    baseline: Baseline, log: LaunchLog, *, start_ns: int, segments: Collection[str]
) -> Iterator[Launch]:
    """The launches of a log from an instant on, by date; those that did not fly yet are to fly.

    No log names a price: a customer pays what is assumed of its kind of launch, by ``PRICES``.
    Where the log gives no mass, satellites of the fleet weigh what they do, and any other payload
    on a Falcon what the mean customer's does; that of a Starship stays unknown.
    """
    for launch in log.launches:
        if launch.net_ns >= start_ns:
            loads = tuple(load for load in launch.loads if load.segment in segments)
            mass_kg = launch.payload_kg
            if mass_kg is None:
                mass_kg = _mass_kg(baseline, launch)
            price_usd = _price_usd(baseline, launch)
            yield msgspec.structs.replace(
                launch, loads=loads, payload_kg=mass_kg, price_usd=price_usd
            )


def brought_before_opening(
    baseline: Baseline, log: LaunchLog, *, start_ns: int
) -> Mapping[str, int]:
    """Satellites by segment that launches of a log bring before the day a baseline's fleet is of.

    They are of that fleet: a world that starts earlier must not have them until they are launched.
    """
    opening_ns = parse_instant(f"{baseline.opens_on}T00:00:00Z")
    brought: Counter[str] = Counter()
    for launch in log.launches:
        if start_ns <= launch.net_ns < opening_ns and launch.outcome in ("success", "partial"):
            for load in launch.loads:
                brought[load.segment] += load.satellites_count
    return brought


@cache
def read_lines() -> tuple[Line, ...]:
    """Every line of every world; read once."""
    path = files("twin.baseline").joinpath("manifest.json")
    return msgspec.json.decode(path.read_bytes(), type=tuple[Line, ...])


def luck_of(seed: int, purpose: Purpose, name: str) -> Words:
    """The luck of a launch or line: by its name, so that no other's coming or going shifts it."""
    return draw(seed, int(purpose), zlib.crc32(name.encode()), 0)


def _launches_of(
    baseline: Baseline, line: Line, *, seed: int, start_ns: int, segments: Collection[str]
) -> Iterator[Launch]:
    place = f"manifest.{line.world}.{line.line}"
    count_per_y = baseline.number(f"{place}.launches_count_per_y")
    if count_per_y <= 0.0:
        return
    period_ns = round(S_PER_Y * NS_PER_S / count_per_y)
    satellites_count = round(baseline.number(f"{place}.satellites_count"))
    has_load = bool(satellites_count) and line.segment in segments
    launch = Launch(
        launch_id="",
        vehicle=line.vehicle,
        site=line.site,
        customer=line.customer,
        orbit=line.orbit,
        net_ns=0,
        payload_kg=baseline.number(f"{place}.payload_kg"),
        loads=(Load(line.segment, satellites_count),) if has_load else (),
        price_usd=Usd(round(baseline.number(line.price))) if line.price else Usd(0),
        commitment_id=line.commitment_id,
        has_flight_limit=line.has_flight_limit,
    )
    phase_fraction = uniform(luck_of(seed, Purpose.LAUNCH_LINE, line.line)[0])
    first_ns = start_ns + round(phase_fraction * period_ns)
    if line.is_opening:
        first_ns = start_ns + round(baseline.number("launch.opening-net_s")) * NS_PER_S
    turn = 0
    while True:
        launch_id = f"{line.line}-{turn + 1:04d}"
        words = luck_of(seed, Purpose.LAUNCH_LINE, launch_id)
        jitter = 0.0 if turn == 0 else _JITTER_FRACTION * triangular(words[0], words[1])
        net_ns = first_ns + turn * period_ns + round(jitter * period_ns)
        whole_ns = math.ceil(net_ns / _MINUTE_NS) * _MINUTE_NS
        yield msgspec.structs.replace(launch, launch_id=launch_id, net_ns=whole_ns)
        turn += 1


PRICES: Final[Mapping[tuple[str, str], str]] = {
    ("falcon9", GOVERNMENT): "launch.nssl.mission-price_usd",
    ("falcon9", NASA): "launch.customer-revenue-2025_usd",
    ("falcon9", ENTERPRISE): "launch.customer-revenue-2025_usd",
    **dict.fromkeys(
        (("dragon", GOVERNMENT), ("dragon", NASA), ("dragon", ENTERPRISE)),
        "launch.dragon.mission-price_usd",
    ),
    **dict.fromkeys(
        (("falcon-heavy", GOVERNMENT), ("falcon-heavy", NASA), ("falcon-heavy", ENTERPRISE)),
        "launch.falcon-heavy.list-price_usd",
    ),
}
"""The assumption of what a customer pays for a vehicle; nobody has paid for a Starship yet."""


def _price_usd(baseline: Baseline, launch: Launch) -> Usd:
    """What is assumed to be paid; nothing for the group's own, which is capitalised."""
    name = PRICES.get((launch.vehicle, launch.customer))
    return Usd(round(baseline.number(name))) if name else Usd(0)


def _mass_kg(baseline: Baseline, launch: Launch) -> float | None:
    classes = {plan.segment: plan.class_name for plan in baseline.satellite_segments}
    if launch.loads and all(load.segment in classes for load in launch.loads):
        return sum(
            load.satellites_count * baseline.satellite_class(classes[load.segment]).mass_kg
            for load in launch.loads
        )
    is_starship = launch.vehicle == "starship"
    return None if is_starship else baseline.number("launch.falcon9.customer-payload_kg")
