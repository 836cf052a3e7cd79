"""Says which rows of a world's files were not taken, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from infra.world.file import Settled
from infra.world.inputs import Read
from twin.units import instant_text

if TYPE_CHECKING:
    from twin.simulate.catalogue import Catalogue
    from twin.simulate.launch_log import LaunchLog
    from twin.simulate.llm_trace import LlmTrace

SHOWN_COUNT = 20
CALLED = {"catalogue": "catalogue", "launches": "launch log", "llm-trace": "trace"}
"""What the file is called whose lines begin so."""


def report_bad_rows(settled: Settled) -> Mapping[str, int]:
    """List them on stderr, of each file the first twenty and how many there are; the numbers of
    them, of the files that have any."""
    counts: dict[str, int] = {}
    for name, lines in _bad_rows(settled):
        for line in lines[:SHOWN_COUNT]:
            print(f"{name}: {line}", file=sys.stderr)
        if len(lines) > SHOWN_COUNT:
            print(f"{name}: … and {len(lines) - SHOWN_COUNT} more", file=sys.stderr)
        if lines:
            counts[name] = len(lines)
    _note_unflown(settled)
    return counts


def bad_rows_line(counts: Mapping[str, int]) -> str:
    """Why a command that did all it could still failed."""
    told = [
        f"{count} {'row' if count == 1 else 'rows'} of the {CALLED[name]}"
        for name, count in counts.items()
    ]
    others = "are used" if "llm-trace" in counts else "fly"
    return f"{' and '.join(told)} could not be used (listed above); the others {others}"


def _bad_rows(settled: Settled) -> Iterator[tuple[str, list[str]]]:
    read = settled.read
    if read.catalogue is not None:
        yield "catalogue", list(_of_catalogue(read.catalogue.holds, settled.choice.start_ns))
    if read.launches is not None:
        yield "launches", list(_of_launches(read.launches))
    if read.llm_trace is not None:
        yield "llm-trace", list(_of_trace(read.llm_trace.holds))


def _of_catalogue(catalogue: Catalogue, start_ns: int) -> Iterator[str]:
    """Rows that could not be read, then satellites that fell before the world starts."""
    for row in catalogue.bad:
        yield f"line {row.line}: {row.reason} ({row.text[:40].strip()})"
    # Imported only here: orbits are propagated by compiled code.
    from twin.physics.tle_orbit import positions_itrs_km
    from twin.simulate.constellation import lost_reason

    _, codes = positions_itrs_km(catalogue.satrecs, start_ns)
    for place in codes.nonzero()[0]:
        yield (
            f"{int(catalogue.asset_id[place])} {catalogue.names[place]}: does not fly at "
            f"{instant_text(start_ns)}, {lost_reason(int(codes[place]))}"
        )


def _of_launches(file: Read[LaunchLog]) -> Iterator[str]:
    """A row of a table by its line, an object of a list by its place."""
    what = "launch" if file.copy.endswith(".json") else "line"
    for row in file.holds.bad:
        named = f" ({row.text[:40].strip()})" if row.text.strip() else ""
        yield f"{what} {row.line}: {row.reason}{named}"


def _of_trace(trace: LlmTrace) -> Iterator[str]:
    for row in trace.bad_rows:
        yield f"line {row.line}: {row.reason}"


def _note_unflown(settled: Settled) -> None:
    """Nobody gives a log in order that nothing of it flies."""
    launches = settled.read.launches
    if launches is not None and launches.holds.launches[-1].net_ns < settled.choice.start_ns:
        last = instant_text(launches.holds.launches[-1].net_ns)
        print(
            f"launches: none of them flies: the last is of {last}, and the world starts at "
            f"{settled.choice.start}",
            file=sys.stderr,
        )
