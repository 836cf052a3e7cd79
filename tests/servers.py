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
from tests.processes import is_alive

IN_CI = os.environ.get("CI") == "true"
IS_ASKED_FOR = IN_CI or bool(os.environ.get("FAULTS"))
"""Whether servers of our own are started for tests."""


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
        lambda folder: broker.start(folder, free_port(2)).bootstrap,
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
    with _shared(base / "postgres", _start_postgres, _stop_postgres) as url:
        yield url


@contextmanager
def an_empty_database(server_url: str) -> Iterator[str]:
    """A database of its own on a server."""
    name = f"twin_{uuid.uuid4().hex}"
    with psycopg.connect(server_url.replace("+psycopg", ""), autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{server_url.rpartition('/')[0]}/{name}"
        finally:
            db.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def own_servers() -> Iterator[tuple[Path, Path]]:
    """The folders of a broker and a database that run for one user alone, and may be killed."""
    base = reachable_folder()
    kafka, postgres = base / "kafka", base / "postgres"
    with ExitStack() as ending:
        ending.callback(shutil.rmtree, base)
        broker.start(kafka, free_port(2))
        ending.callback(broker.stop, kafka)
        server.start(postgres, free_port())
        ending.callback(server.stop, postgres)
        yield kafka, postgres


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


def free_port(count: int = 1) -> int:
    """A port that is free, and so are those after it, ``count`` in all."""
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
    if not IS_ASKED_FOR:
        pytest.skip("starts a broker and a database: FAULTS=short make test, or make test-faults")


def reachable_folder() -> Path:
    """Of our own; but whoever runs PostgreSQL has to reach it, and that is not root."""
    folder = Path(tempfile.mkdtemp(prefix="twin-servers-"))
    folder.chmod(0o755)
    return folder


def _start_postgres(folder: Path) -> str:
    place = reachable_folder()
    (folder / "place").write_text(str(place))
    return server.start(place / "postgres", free_port())


def _stop_postgres(folder: Path) -> None:
    place = Path((folder / "place").read_text())
    server.stop(place / "postgres")
    shutil.rmtree(place)


def _skip_outside_ci(what: str, remedy: str) -> None:
    if not IS_ASKED_FOR:
        pytest.skip(f"needs {what}: {remedy}")


@contextmanager
def _shared(
    folder: Path, start: Callable[[Path], str], stop: Callable[[Path], object]
) -> Iterator[str]:
    folder.mkdir(exist_ok=True)
    users, address, me = folder / "users", folder / "address", str(os.getpid())
    with claimed(folder / "users.lock"):
        if not users.exists():
            address.write_text(start(folder))
            users.write_text("")
        users.write_text(f"{users.read_text()}{me}\n")
    try:
        yield address.read_text()
    finally:
        with claimed(folder / "users.lock"):
            # One that was killed says no more that it is done.
            others = [pid for pid in users.read_text().split() if pid != me and is_alive(int(pid))]
            users.write_text("".join(f"{pid}\n" for pid in others))
            if not others:
                users.unlink()
                stop(folder)
