"""A small twin behind a real server on the loopback, once for all tests that only read it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from tests.one_process import OneProcess, small_twin
from twin.events import CommitmentAgreed

TICKS_COUNT = 24
PATIENCE_S = 20.0
PROMISE = CommitmentAgreed(
    commitment_id="three-minutes",
    contract_id="anthropic-compute",
    customer="Anthropic",
    commitment_kind="ai",
    resource="accelerator_count",
    promised_qty=10,
    region="orbit",
    priority=4,
    supplier="xAI",
    terms_basis="public",
    threshold_fraction=0.5,
    window_s=180.0,
    starts_at="2028-12-31T23:59:00Z",
    ends_at="2030-01-01T00:00:00Z",
    value_usd=Decimal("1234567.890123"),
    location_limit=("c1-h100",),
)
"""Kept in windows so short that one closes in each of the ticks the tests look at."""


@contextmanager
def served(app: FastAPI) -> Iterator[str]:
    """The application on a port of its own; its address."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="error", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline_s = time.monotonic() + PATIENCE_S
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < deadline_s, "the server is not ready in time"
        time.sleep(0.005)
    try:
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "the server does not stop"


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OneProcess]:
    """Twenty-four ticks with faults: alarms, a corrupt frame, a cut supply; a window every third
    one closes."""
    with small_twin(tmp_path_factory.mktemp("town")) as twin:
        twin.run(1)
        twin.tell(PROMISE)
        twin.run(TICKS_COUNT - 1)
        yield twin


@pytest.fixture(scope="session")
def address(town: OneProcess) -> Iterator[str]:
    with served(create_app(town.settings)) as url:
        yield url


@pytest.fixture(scope="session")
def client(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=PATIENCE_S) as client:
        yield client


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OneProcess]:
    """A twin of one's own, to be stepped in the test; it has two ticks."""
    with small_twin(tmp_path, segments=("sl-53", "ai1-sso"), satellites_count=12) as twin:
        twin.run(2)
        yield twin


@pytest.fixture
def serve_own(own: OneProcess) -> Iterator[httpx.Client]:
    with (
        served(create_app(own.settings)) as url,
        httpx.Client(base_url=url, timeout=PATIENCE_S) as client,
    ):
        yield client
