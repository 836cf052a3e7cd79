"""Says which rows of a catalogue were not taken, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from infra.world_file import Settled

SHOWN_COUNT = 20


def report_bad_rows(settled: Settled) -> int:
    """List them on stderr, the first twenty and how many there are; the number of them."""
    bad = list(_bad_rows(settled)) if settled.read is not None else []
    for line in bad[:SHOWN_COUNT]:
        print(f"catalogue: {line}", file=sys.stderr)
    if len(bad) > SHOWN_COUNT:
        print(f"catalogue: … and {len(bad) - SHOWN_COUNT} more", file=sys.stderr)
    return len(bad)


def bad_rows_line(count: int) -> str:
    """Why a command that did all it could still failed."""
    rows = "row" if count == 1 else "rows"
    return f"{count} {rows} of the catalogue could not be used (listed above); the others fly"


def _bad_rows(settled: Settled) -> Iterator[str]:
    """Rows that could not be read, then satellites that fell before the world starts."""
    read = settled.read
    assert read is not None
    for row in read.bad:
        yield f"line {row.line}: {row.reason} ({row.text[:40].strip()})"
    # Imported only here: orbits are propagated by compiled code.
    from twin.physics.tle_orbit import positions_itrs_km
    from twin.simulate.constellation import lost_reason

    _, codes = positions_itrs_km(read.satrecs, settled.choice.start_ns)
    for place in codes.nonzero()[0]:
        yield (
            f"{int(read.asset_id[place])} {read.names[place]}: does not fly at "
            f"{settled.choice.start}, {lost_reason(int(codes[place]))}"
        )
