"""What a user would build first: each satellite a JSON message, one by one through Faust."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from infra.bench.live import end
from streams.log.opening import open_log
from streams.log.port import Outgoing, TopicSpec

MESSAGES_COUNT = 20_000
PATIENCE_S = 300.0
SCRIPT = Path(__file__).parent / "one_message_each.py"


def messages_per_s(log_url: str, *, broker_url: str, folder: Path, prefix: str = "") -> float:
    """Messages a second through such an agent; ``broker_url`` is the same log as Faust knows it."""
    log = open_log(log_url)
    log.declare([TopicSpec("each", 1), TopicSpec("done", 1)])
    one = Outgoing("each", 0, None, (), _body(), time.time_ns())
    for _ in range(MESSAGES_COUNT // 1000):
        log.append([one] * 1000)
    words = [broker_url, str(MESSAGES_COUNT), str(folder / "faust"), prefix]
    folder.mkdir(parents=True, exist_ok=True)
    said = folder / "one_message_each.log"
    with said.open("wb") as complaints:
        # Its client complains while the group is made, which is no news unless nothing follows.
        worker = subprocess.Popen([sys.executable, str(SCRIPT), *words], stderr=complaints)
    try:
        deadline_s = time.monotonic() + PATIENCE_S
        while log.span("done", 0).end == 0:
            is_at_it = worker.poll() is None and time.monotonic() < deadline_s
            assert is_at_it, f"no end of one message each: {said.read_text()}"
            time.sleep(0.05)
        (done,) = log.read("done", 0, 0, limit=1, max_bytes=1000)
    finally:
        end(worker)
        log.close()
    return MESSAGES_COUNT / float(done.value or b"inf")


def _body() -> bytes:
    """What a frame has of one satellite."""
    row = {"asset_id": 1, "x_km": 1.0, "y_km": 2.0, "z_km": 3.0, "array_w": 4.0, "load_w": 5.0}
    row |= {"charge_wh": 6.0, "temperature_k": 300.0, "utilisation_fraction": 0.5}
    return json.dumps(row | {"traffic_bps": 7.0, "status": 0}).encode()
