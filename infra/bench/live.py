"""``twin bench live``: so many satellites for so many seconds, through every process of the demo.

A tick is a second, and the world keeps to the wall clock: what cannot be followed shows as lag. The
figures are of the ticks after processes have found each other and caught up, if they ever do.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from sqlalchemy import Engine, make_url, select

from infra.bench.cpu import cpu_of_listener, cpu_of_tree
from infra.bench.place import of_its_own
from infra.installation import committed_count, ready_database
from infra.panel.facts import latest
from infra.processes.listening import is_loopback
from streams.log.address import address_of
from streams.settings import Settings
from streams.store.tables import LIVE, TICK, VIEW_TABLES
from twin.errors import Unavailable
from twin.units import NS_PER_S

TICK_S: Final = 1.0
WARM_COUNT: Final = 10
CATCH_UP_S: Final = 90.0
LOOK_S: Final = 0.5
START_TIMEOUT_S: Final = 180.0
POSTGRES_PORT: Final = 5432
STOP_TIMEOUT_S: Final = 60.0


class Live(msgspec.Struct, frozen=True):
    """What was seen of the counted ticks; lag is from a source's word to the view in seconds."""

    satellites: int
    seconds: int
    messages: int
    rows: int
    rows_per_s: float
    lag_p50_s: float
    lag_p99_s: float
    cpu_s: dict[str, float]


def run(settings: Settings, *, satellites: int, seconds: int, workers: int, as_json: bool) -> None:
    """Measure and print; beside nothing else that works."""
    with tempfile.TemporaryDirectory() as folder, of_its_own(settings, Path(folder)) as own:
        found = measured(own, satellites=satellites, seconds=seconds, workers=workers)
    print(json.dumps(msgspec.to_builtins(found)) if as_json else _told(found))


def measured(settings: Settings, *, satellites: int, seconds: int, workers: int) -> Live:
    """Run a demo in these settings and look at it from outside."""
    words = ["demo", "--plain", "--speed", "1", "--tick", "1", "--port", "0"]
    words += ["--dir", str(settings.directory), "--satellites", str(satellites)]
    words += ["--workers", str(workers)]
    engine = ready_database(settings)
    try:
        with _running(words, settings) as demo:
            _wait_for_ticks(engine, demo, WARM_COUNT)
            _wait_until_caught_up(engine)
            first, before = committed_count(engine), _cpu(demo.pid, settings)
            _wait_for_ticks(engine, demo, first + seconds)
            after = _cpu(demo.pid, settings)
        cpu_s = {name: round(used - before.get(name, 0.0), 2) for name, used in after.items()}
        return _seen(engine, satellites=satellites, first=first, last=first + seconds, cpu_s=cpu_s)
    finally:
        engine.dispose()


@contextlib.contextmanager
def _running(words: Sequence[str], settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    said = settings.directory / "demo.log"
    with said.open("wb") as output:
        demo = subprocess.Popen(
            [sys.executable, "-P", "-m", "infra.command", *words],
            env=os.environ | settings.environment(),
            stdout=output,
            stderr=output,
        )
    try:
        yield demo
    finally:
        end(demo)


def end(process: subprocess.Popen[bytes]) -> None:
    """Have a process stop, and make it if it does not."""
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for_ticks(engine: Engine, demo: subprocess.Popen[bytes], count: int) -> None:
    """Return once so many ticks are committed; ``Unavailable`` when none comes for long."""
    deadline_s, last = time.monotonic() + START_TIMEOUT_S, 0
    while (now := committed_count(engine)) < count:
        if now > last:
            deadline_s, last = time.monotonic() + START_TIMEOUT_S, now
        if demo.poll() is not None or time.monotonic() > deadline_s:
            raise Unavailable(f"the demo came to a stand after {now} ticks", remedy="run it alone")
        time.sleep(LOOK_S)


def _wait_until_caught_up(engine: Engine) -> None:
    """Return once a tick lags no more than a tick is long; if that does not come, measure it so."""
    deadline_s = time.monotonic() + CATCH_UP_S
    while time.monotonic() < deadline_s:
        seen = latest(engine)
        if seen is not None and seen.lag_s is not None and seen.lag_s < TICK_S:
            return
        time.sleep(LOOK_S)


def _cpu(pid: int, settings: Settings) -> dict[str, float]:
    """Seconds of processor time by process: ours by name, and the servers if they are here."""
    found = cpu_of_tree(pid)
    for name, port in servers_here(settings):
        if (used_s := cpu_of_listener(port)) is not None:
            found[name] = found.get(name, 0.0) + used_s
    return found


def servers_here(settings: Settings) -> Iterator[tuple[str, int]]:
    """``broker`` and ``database`` with the ports they listen on, if they are on this machine."""
    for server in address_of(settings.broker_url).servers:
        host, _, port = server.rpartition(":")
        if is_loopback(host.strip("[]")):
            yield "broker", int(port)
    database = make_url(settings.database_url)
    if database.host is not None and is_loopback(database.host):
        yield "database", database.port or POSTGRES_PORT


def _seen(
    engine: Engine, *, satellites: int, first: int, last: int, cpu_s: dict[str, float]
) -> Live:
    health = VIEW_TABLES["health"]
    with engine.begin() as db:
        ticks = db.execute(
            select(TICK)
            .where(TICK.c.branch == LIVE, TICK.c.number >= first, TICK.c.number <= last)
            .order_by(TICK.c.number)
        ).all()
        lags = db.execute(
            select(health.c.lag_s).where(
                health.c.tick_ns > ticks[0].tick_ns,
                health.c.tick_ns <= ticks[-1].tick_ns,
                health.c.lag_s.is_not(None),
            )
        ).scalars()
        lag_s = np.array(list(lags), dtype=np.float64)
    rows = sum(tick.rows_count for tick in ticks[1:])
    # Each tick is sealed by one message more.
    messages = sum(tick.frames_count + tick.events_count + 1 for tick in ticks[1:])
    elapsed_s = (ticks[-1].committed_ns - ticks[0].committed_ns) / NS_PER_S
    return Live(
        satellites=satellites,
        seconds=last - first,
        messages=messages,
        rows=rows,
        rows_per_s=round(rows / elapsed_s, 1),
        lag_p50_s=round(float(np.quantile(lag_s, 0.5)), 4),
        lag_p99_s=round(float(np.quantile(lag_s, 0.99)), 4),
        cpu_s=cpu_s,
    )


def _told(live: Live) -> str:
    lines = [
        f"{live.rows:,} rows of {live.satellites:,} satellites in {live.seconds} s of ticks,"
        f" by {live.messages:,} messages",
        f"{live.rows_per_s:,.0f} rows/s",
        f"lag from word to view: {live.lag_p50_s:.3f} s p50, {live.lag_p99_s:.3f} s p99",
        *(f"{name:12} {seconds:8.2f} s of a core" for name, seconds in live.cpu_s.items()),
    ]
    return "\n".join(lines)
