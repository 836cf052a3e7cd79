"""What tests of several rooms need: a real broker and a real database.

A test that needs one fails in CI without it, and is skipped elsewhere with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import a_broker, a_database_server, an_empty_database


def _base(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all processes of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def kafka_bootstrap(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """Where clients find a real Kafka broker."""
    with a_broker(_base(tmp_path_factory, worker_id)) as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[str]:
    """A database of a real PostgreSQL, in which others may be made."""
    with a_database_server(_base(tmp_path_factory, worker_id)) as url:
        yield url


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of its own on a real PostgreSQL."""
    with an_empty_database(postgres_server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/twin.db"
    url: str = request.getfixturevalue("postgres_url")
    return url
