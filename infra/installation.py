"""The log and the read model of one folder, opened the same way by every command."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.usage import BadUsage
from streams.log.address import address_of
from streams.log.port import Log
from streams.retrying import Sleep, until_available
from streams.settings import PREFIX, Settings, open_the_log
from streams.topics import JOURNAL, topic_specs
from twin.errors import BadInput, NotFound

if TYPE_CHECKING:
    from sqlalchemy import Engine


def ready_log(settings: Settings, *, may_alter: bool = False, sleep: Sleep = time.sleep) -> Log:
    """The log with every topic; made where they are missing.

    Limits that a broker's topics have stay as they are unless we ``may_alter`` them.
    """
    settings.directory.mkdir(parents=True, exist_ok=True)
    log = open_the_log(settings)
    specs = topic_specs(
        frames_kept_bytes=settings.frames_kept_bytes, frames_kept_s=settings.frames_kept_s
    )
    with _as_set():
        until_available(
            lambda: log.declare(specs, may_alter=may_alter),
            retry_max_s=settings.retry_max_s,
            sleep=sleep,
        )
    return log


def existing_log(settings: Settings, *, sleep: Sleep = time.sleep) -> Log:
    """The log that is there; ``NotFound`` rather than making an empty one to look at."""
    path = address_of(settings.broker_url).path
    if path is not None and not path.is_file():
        raise NotFound(f"no log at {path}", remedy="'twin demo' makes one")
    log = open_the_log(settings)
    with _as_set():
        known = until_available(log.topics, retry_max_s=settings.retry_max_s, sleep=sleep)
    if JOURNAL not in known:
        log.close()
        raise NotFound(f"no journal in {settings.broker_url}", remedy="'twin demo' makes one")
    return log


def journal_count(settings: Settings, *, sleep: Sleep = time.sleep) -> int:
    """Entries of the journal; 0 when there is no log yet, and none is made."""
    try:
        log = existing_log(settings, sleep=sleep)
    except NotFound:
        return 0
    count = log.span(JOURNAL, 0).end
    log.close()
    return count


def existing_database(settings: Settings, *, sleep: Sleep = time.sleep) -> Engine | None:
    """The read model that is there, or None: asking a question makes no database."""
    # Imported only here: the world has no use for it, and it takes a second.
    from streams.store.database import database_file

    path = database_file(settings.database_url)
    if path is not None and not path.is_file():
        return None
    return ready_database(settings, sleep=sleep)


def ready_database(settings: Settings, *, sleep: Sleep = time.sleep) -> Engine:
    """The read model with its tables; made if there is none."""
    # Imported only here: the world has no use for it, and it takes a second.
    from streams.store.database import open_database

    with _as_set():
        return until_available(
            lambda: open_database(settings.database_url),
            retry_max_s=settings.retry_max_s,
            sleep=sleep,
        )


def committed_count(engine: Engine) -> int:
    """The number of the last committed record; 0 before the first."""
    from streams.store import queries
    from streams.store.tables import LIVE

    with engine.begin() as db:
        tick = queries.latest_tick(db, LIVE)
    return tick.number if tick is not None else 0


@contextmanager
def _as_set() -> Iterator[None]:
    """A broker or a database that refuses what a setting says: bad usage, not a failure."""
    try:
        yield
    except BadInput as error:
        if error.field.startswith(PREFIX):
            raise BadUsage(str(error), field=error.field) from None
        raise
