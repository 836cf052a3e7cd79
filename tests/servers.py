"""Real servers for tests, one of each for all processes of a run: the first starts it, the last
stops it.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from infra.kafka import broker
from infra.postgres import server
from streams.log.ownership import claimed
from streams.settings import Settings, load_settings

IN_CI = os.environ.get("CI") == "true"


@contextmanager
def a_broker(base: Path) -> Iterator[str]:
    """The address of a Kafka broker: the one KAFKA_BOOTSTRAP names, or in CI our own."""
    named = os.environ.get("KAFKA_BOOTSTRAP")
    if named:
        yield named
        return
    _skip_outside_ci("a Kafka broker", "twin kafka start; KAFKA_BOOTSTRAP=127.0.0.1:9092 make test")
    with _shared(
        base / "kafka",
        lambda folder: broker.start(folder, two_free_ports()).bootstrap,
        lambda folder: broker.stop(folder),
    ) as bootstrap:
        yield bootstrap


@contextmanager
def a_database_server(base: Path) -> Iterator[str]:
    """The address of a PostgreSQL database: the one POSTGRES_URL names, or in CI our own."""
    named = os.environ.get("POSTGRES_URL")
    if named:
        yield named
        return
    _skip_outside_ci("PostgreSQL", "POSTGRES_URL=$(twin postgres start) make test")
    with _shared(
        base / "postgres",
        # Whoever runs the server has to reach its folder, and that is not root.
        lambda _: server.start(POSTGRES_FOLDER, two_free_ports()),
        lambda _: _stop_postgres(),
    ) as url:
        yield url


@contextmanager
def an_empty_database(server_url: str) -> Iterator[str]:
    """A database of its own on a server."""
    name = f"twin_{uuid.uuid4().hex}"
    with psycopg.connect(server_url.replace("+psycopg", ""), autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
        yield f"{server_url.rpartition('/')[0]}/{name}"
        db.execute(f"DROP DATABASE {name} WITH (FORCE)")


POSTGRES_FOLDER = Path(tempfile.gettempdir()) / f"twin-tests-{os.getppid()}-postgres"
"""Named after the process that all processes of a run come from."""


@contextmanager
def own_servers() -> Iterator[tuple[Path, Path]]:
    """The folders of a broker and a database that run for one user alone, and may be killed."""
    base = Path(tempfile.mkdtemp(prefix="twin-servers-"))
    # Whoever runs PostgreSQL has to reach its folder, and that is not root.
    base.chmod(0o755)
    kafka, postgres = base / "kafka", base / "postgres"
    try:
        broker.start(kafka, two_free_ports())
        server.start(postgres, two_free_ports())
        yield kafka, postgres
    finally:
        broker.stop(kafka)
        server.stop(postgres)
        shutil.rmtree(base)


@contextmanager
def a_twin_on_own_servers() -> Iterator[Settings]:
    """The settings of a twin on such servers; what it keeps beside them lies there too."""
    with own_servers() as (kafka, postgres):
        running = broker.status(kafka)
        assert running is not None
        addresses = {
            "TWIN_BROKER_URL": f"kafka://{running.bootstrap}",
            "TWIN_DATABASE_URL": server.address_of(postgres),
        }
        yield load_settings(addresses, directory=kafka.parent / "twin")


def two_free_ports() -> int:
    """A port that is free like the one after it."""
    return _free_ports(2)


def three_free_ports() -> int:
    """A port that is free like the two after it."""
    return _free_ports(3)


def _free_ports(count: int) -> int:
    while True:
        with ExitStack() as probes:
            first = probes.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                for after in range(1, count):
                    probes.enter_context(socket.socket()).bind(("127.0.0.1", port + after))
            except OSError:
                continue
            return port


def needs_servers() -> None:
    """Skip what starts servers of its own, but for CI and where it was asked for."""
    if not IN_CI and not os.environ.get("FAULTS"):
        pytest.skip("starts a broker and a database: FAULTS=short make test, or make test-faults")


def _stop_postgres() -> None:
    server.stop(POSTGRES_FOLDER)
    shutil.rmtree(POSTGRES_FOLDER)


def _skip_outside_ci(what: str, remedy: str) -> None:
    if not IN_CI:
        pytest.skip(f"needs {what}: {remedy}")


@contextmanager
def _shared(
    folder: Path, start: Callable[[Path], str], stop: Callable[[Path], object]
) -> Iterator[str]:
    folder.mkdir(exist_ok=True)
    users, address = folder / "users", folder / "address"
    with claimed(folder / "users.lock"):
        if not users.exists():
            address.write_text(start(folder))
            users.write_text("0")
        users.write_text(str(int(users.read_text()) + 1))
    yield address.read_text()
    with claimed(folder / "users.lock"):
        count = int(users.read_text()) - 1
        users.write_text(str(count))
        if not count:
            users.unlink()
            stop(folder)
