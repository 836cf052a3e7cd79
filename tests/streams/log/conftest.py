"""The logs that must keep the contract, each an address that any process can open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streams.log.port import Log, open_log

LOGS: dict[str, Callable[[Path], str]] = {"embedded": lambda folder: f"log://{folder}/log.db"}


@pytest.fixture(params=sorted(LOGS))
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return LOGS[request.param](tmp_path)


@pytest.fixture
def log(url: str) -> Iterator[Log]:
    opened = open_log(url)
    yield opened
    opened.close()
