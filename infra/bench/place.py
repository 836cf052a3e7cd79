"""Where a measurement takes place: a folder, topics and a database of its own, gone afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from kafka import KafkaAdminClient
from sqlalchemy import create_engine, make_url, text

from streams.log.address import address_of
from streams.log.kafka_client import explained, started
from streams.settings import Settings, open_the_log

SERVER_DATABASE: Final = "postgres"
"""Every PostgreSQL has it; a database is made and dropped from another one."""


@contextmanager
def of_its_own(settings: Settings, folder: Path) -> Iterator[Settings]:
    """The settings with a place of its own on the same servers."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    own = msgspec.structs.replace(settings, directory=folder, port=0)
    with (
        _topics(own, name) as broker_url,
        _database(own, name) as database_url,
    ):
        yield msgspec.structs.replace(own, broker_url=broker_url, database_url=database_url)


@contextmanager
def _topics(settings: Settings, name: str) -> Iterator[str]:
    """The address of a log of this name; a broker is rid of its topics in the end."""
    address = address_of(settings.broker_url)
    if address.path is not None:
        yield f"log://{settings.directory}/log.db"
        return
    url = f"kafka://{','.join(address.servers)}/{address.prefix.replace('.', '-')}{name}"
    own = msgspec.structs.replace(settings, broker_url=url)
    try:
        yield url
    finally:
        log = open_the_log(own)
        names = list(log.topics())
        log.close()
        with explained(address):
            admin = started(KafkaAdminClient, address, settings.security)
            admin.delete_topics([address_of(url).topic(each) for each in names])
            admin.close()


@contextmanager
def _database(settings: Settings, name: str) -> Iterator[str]:
    """The address of a database of this name; dropped in the end, whoever still looks at it."""
    if settings.database_url.startswith("sqlite:"):
        yield f"sqlite:///{settings.directory}/twin.db"
        return
    url = make_url(settings.database_url)
    server = create_engine(url.set(database=SERVER_DATABASE), isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as db:
            db.execute(text(f'CREATE DATABASE "{name}"'))
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as db:
            db.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        server.dispose()
