"""On a real broker and database: how far a fleet may grow, and what the same costs told singly.

A tick is a second. Broker, database, world, workers, twin and API share this machine; what ten
million satellites would need is reckoned from what a row of the greatest fleet has cost.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra.bench.live import Live, measured
from infra.bench.place import of_its_own
from streams.settings import Settings
from tests.bench.figures import Figure
from tests.bench.singly import messages_per_s
from tests.servers import a_twin_on_own_servers

GROWTH_COUNTS = (10_000, 100_000, 1_000_000)
SECONDS = 60
HIGHER_COUNTS = (1_250_000, 1_500_000, 1_750_000, 2_000_000)
HIGHER_SECONDS = 30
LAG_MAX_S = 1.0
RATE_MIN_FRACTION = 0.98
"""Of a row a second and satellite: below it the world itself does not keep up."""
PAPER_COUNT = 10_000_000


def figures() -> Iterator[Figure]:
    """Three sizes, ten million on paper, and the greatest fleet that is followed."""
    with a_twin_on_own_servers() as settings:
        servers = settings.broker_url.removeprefix("kafka://")
        singly = messages_per_s(
            f"kafka://{servers}/singly",
            broker_url=f"aiokafka://{servers}",
            prefix="singly.",
            folder=settings.directory,
        )
        for count in GROWTH_COUNTS:
            live = _live(settings, count, seconds=SECONDS)
            yield from _told(live, singly)
        yield from _on_paper(live)
        yield from _highest(settings, live)


def _live(settings: Settings, satellites: int, *, seconds: int) -> Live:
    with (
        tempfile.TemporaryDirectory() as folder,
        of_its_own(settings, Path(folder)) as own,
    ):
        return measured(own, satellites=satellites, seconds=seconds, workers=1)


def _told(live: Live, singly: float) -> Iterator[Figure]:
    name = f"live on Kafka, {live.satellites:,} satellites"
    yield Figure(
        f"{name}, {live.messages / live.seconds:,.0f} messages/s",
        live.rows_per_s,
        "rows/s",
        beside="one JSON message each through Faust",
        beside_value=singly,
    )
    yield from _lag(live)
    yield Figure("  processor time of a row", 1e6 * sum(live.cpu_s.values()) / live.rows, "µs")
    for process, cpu_s in live.cpu_s.items():
        yield Figure(f"    {process}", cpu_s / live.seconds, "cores")


def _lag(live: Live) -> Iterator[Figure]:
    yield Figure("  from word to view, p50", live.lag_p50_s, "s")
    yield Figure("  from word to view, p99", live.lag_p99_s, "s", wanted=f"≤ {LAG_MAX_S:g}")


def _highest(settings: Settings, live: Live) -> Iterator[Figure]:
    """Greater fleets, and the greatest that is followed with the lag wanted; 0 if none is."""
    highest = live.satellites if _holds(live) else 0
    for count in HIGHER_COUNTS:
        found = _live(settings, count, seconds=HIGHER_SECONDS)
        yield Figure(f"live on Kafka, {count:,} satellites", found.rows_per_s, "rows/s")
        yield from _lag(found)
        if not _holds(found):
            break
        highest = count
    yield Figure("most satellites at 1 Hz with that lag", highest, "satellites")


def _holds(live: Live) -> bool:
    is_kept_up = live.rows_per_s >= RATE_MIN_FRACTION * live.satellites
    return is_kept_up and live.lag_p99_s <= LAG_MAX_S


def _on_paper(live: Live) -> Iterator[Figure]:
    """What ten times as many need, if a row costs what it did here."""
    share = PAPER_COUNT / live.rows
    for process, cpu_s in live.cpu_s.items():
        yield Figure(f"10 M satellites on paper: {process}", cpu_s * share, "cores")
