"""The log and the read model of one folder, opened the same way by every command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.log.address import address_of
from streams.log.port import Log
from streams.retrying import until_available
from streams.settings import Settings, open_the_log
from streams.topics import JOURNAL, topic_specs
from twin.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy import Engine


def ready_log(settings: Settings) -> Log:
    """The log with every topic declared; made if there is none."""
    settings.directory.mkdir(parents=True, exist_ok=True)
    log = open_the_log(settings)
    specs = topic_specs(
        frames_kept_bytes=settings.frames_kept_bytes, frames_kept_s=settings.frames_kept_s
    )
    until_available(lambda: log.declare(specs), retry_max_s=settings.retry_max_s)
    return log


def existing_log(settings: Settings) -> Log:
    """The log that is there; ``NotFound`` rather than making an empty one to look at."""
    path = address_of(settings.broker_url).path
    if path is not None and not path.is_file():
        raise NotFound(f"no log at {path}", remedy="'twin demo' makes one")
    log = open_the_log(settings)
    if JOURNAL not in until_available(log.topics, retry_max_s=settings.retry_max_s):
        log.close()
        raise NotFound(f"no journal in {settings.broker_url}", remedy="'twin demo' makes one")
    return log


def journal_count(settings: Settings) -> int:
    """Entries of the journal; 0 when there is no log yet, and none is made."""
    try:
        log = existing_log(settings)
    except NotFound:
        return 0
    count = log.span(JOURNAL, 0).end
    log.close()
    return count


def existing_database(settings: Settings) -> Engine | None:
    """The read model that is there, or None: asking a question makes no database."""
    # Imported only here: the world has no use for it, and it takes a second.
    from streams.store.database import database_file

    path = database_file(settings.database_url)
    if path is not None and not path.is_file():
        return None
    return ready_database(settings)


def ready_database(settings: Settings) -> Engine:
    """The read model with its tables; made if there is none."""
    # Imported only here: the world has no use for it, and it takes a second.
    from streams.store.database import open_database

    return until_available(
        lambda: open_database(settings.database_url), retry_max_s=settings.retry_max_s
    )
