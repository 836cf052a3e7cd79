"""Live: a fleet through every process of the demo, to rows in the database.

Beside it the same satellites as one JSON message each through Faust, on the same embedded log.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import text

from streams.log.port import Outgoing, TopicSpec, open_log
from streams.store.database import open_database
from tests.bench.figures import Figure, percentile

SATELLITES_COUNT = 200_000
TICKS_COUNT = 40
WARM_COUNT = 8
MESSAGES_COUNT = 20_000


def figures() -> Iterator[Figure]:
    """World, log, agents, fold, database and API, each in its process, on this machine."""
    with tempfile.TemporaryDirectory() as folder:
        rate, lag_s = _live(Path(folder) / "live")
        beside = _one_message_each(Path(folder) / "beside")
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


def _one_message_each(folder: Path) -> float:
    log = open_log(f"log://{folder}/log.db")
    log.declare([TopicSpec("each", 1), TopicSpec("done", 1)])
    row = {"asset_id": 1, "x_km": 1.0, "y_km": 2.0, "z_km": 3.0, "array_w": 4.0, "load_w": 5.0}
    row |= {"charge_wh": 6.0, "temperature_k": 300.0, "utilisation_fraction": 0.5}
    body = json.dumps(row | {"traffic_bps": 7.0, "status": 0}).encode()
    one = Outgoing("each", 0, None, (), body, 0)
    for _ in range(MESSAGES_COUNT // 1000):
        log.append([one] * 1000)
    script = Path(__file__).parent / "one_message_each.py"
    url = f"log://{folder}/log.db"
    worker = subprocess.Popen([sys.executable, str(script), url, str(MESSAGES_COUNT)])
    try:
        deadline = time.monotonic() + 120
        while log.span("done", 0).end == 0 and time.monotonic() < deadline:
            time.sleep(0.05)
        (done,) = log.read("done", 0, 0, limit=1, max_bytes=1000)
    finally:
        os.kill(worker.pid, signal.SIGTERM)
        worker.wait(10)
    return MESSAGES_COUNT / float(done.value or b"inf")
