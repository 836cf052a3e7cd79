"""Where the read model is: the address of a database, said again without its password."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from streams.log.address import without_secret
from twin.errors import BadInput

if TYPE_CHECKING:
    from sqlalchemy import URL

EXPECTED: Final = (
    "sqlite:////absolute/path/twin.db or postgresql+psycopg://user:password@host/name,"
    " percent-encoded"
)


def database_address(url: str) -> URL:
    """The parts of an address; ``BadInput`` if it names no database this Python can talk to."""
    # Imported only here: who has no use for a database starts a second sooner without.
    from sqlalchemy import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        address = make_url(url)
        address.get_dialect().import_dbapi()
    except (ArgumentError, ImportError, ValueError):
        raise _refused(url) from None
    # What is not percent-encoded in a password is taken for the host.
    if not address.database or "@" in (address.host or ""):
        raise _refused(url)
    return address


def _refused(url: str) -> BadInput:
    return BadInput(
        f"TWIN_DATABASE_URL={without_secret(url)!r}",
        expected=EXPECTED,
        field="TWIN_DATABASE_URL",
    )
