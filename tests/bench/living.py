"""Live: a fleet through every process of the demo, to rows in the database.

Beside it the same satellites as one JSON message each through Faust, on the same embedded log.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from streams.store.database import open_database
from tests.bench.figures import Figure, percentile
from tests.bench.singly import messages_per_s

SATELLITES_COUNT = 200_000
TICKS_COUNT = 40
WARM_COUNT = 8


def figures() -> Iterator[Figure]:
    """World, log, agents, fold, database and API, each in its process, on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        rate, lag_s = _live(Path(folder) / "live")
        url = f"log://{folder}/beside.db"
        beside = messages_per_s(url, broker_url=url, folder=Path(folder))
    yield Figure(
        f"live, {SATELLITES_COUNT:,} satellites, world to database",
        rate,
        "rows/s",
        wanted="≥ 500,000",
        beside="one JSON message each through Faust",
        beside_value=beside,
    )
    yield Figure("live, from word to commit, p99", lag_s, "s")


def _live(folder: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", "infra.command", "demo", "--plain", "--speed", "max"]
    command += ["--dir", str(folder), "--port", "0", "--ticks", str(TICKS_COUNT), "--tick", "1"]
    command += ["--satellites", str(SATELLITES_COUNT)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=600)
    engine = open_database(f"sqlite:///{folder}/twin.db")
    with engine.begin() as db:
        ticks = db.execute(text("SELECT committed_ns, rows_count FROM tick ORDER BY number")).all()
        lags = db.execute(text("SELECT lag_s FROM health ORDER BY tick_ns")).scalars().all()
    engine.dispose()
    counted = ticks[WARM_COUNT:]
    elapsed_s = (counted[-1].committed_ns - ticks[WARM_COUNT - 1].committed_ns) / 1e9
    late_s = [lag for lag in lags[WARM_COUNT:] if lag is not None]
    return sum(tick.rows_count for tick in counted) / elapsed_s, percentile(late_s, 0.99)
