"""Servers that tests need: started once for all of them, stopped when the last is done.

A test that needs one fails in CI without it, and is skipped elsewhere with the reason.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.kafka import broker
from streams.log.ownership import claimed

IN_CI = os.environ.get("CI") == "true"


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Kafka broker: the one that KAFKA_BOOTSTRAP names, or in CI our own."""
    named = os.environ.get("KAFKA_BOOTSTRAP")
    if named:
        yield named
        return
    if not IN_CI:
        pytest.skip("needs a Kafka broker: twin kafka start, then KAFKA_BOOTSTRAP=127.0.0.1:9092")
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    running = _joined(base / "kafka")
    yield running.bootstrap
    _left(base / "kafka")


def _joined(folder: Path) -> broker.Running:
    """The broker that all processes of this run share; started by the first."""
    folder.mkdir(exist_ok=True)
    with claimed(folder / "users.lock"):
        running = broker.status(folder) or broker.start(folder, _two_free_ports())
        _count(folder, 1)
    return running


def _left(folder: Path) -> None:
    with claimed(folder / "users.lock"):
        if _count(folder, -1) == 0:
            broker.stop(folder)


def _count(folder: Path, more: int) -> int:
    path = folder / "users"
    count = int(path.read_text() if path.exists() else "0") + more
    path.write_text(str(count))
    return count


def _two_free_ports() -> int:
    """A port for clients, free like the one after it."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
