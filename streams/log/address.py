"""Where a log is: ``log:///absolute/path/log.db``, or ``kafka://host:port[,host:port…][/name]``.

With a name, every topic and group on the broker begins with it and a dot, so that several twins
share a broker.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import msgspec

from twin.errors import BadInput

EXPECTED: Final = (
    "log:///absolute/path/log.db (three slashes, then the path), or kafka://host:port,"
    " or kafka://host:port/name for one twin of several"
)


class Address(msgspec.Struct, frozen=True):
    """The file of an embedded log, or the brokers and what names begin with there."""

    url: str
    path: Path | None = None
    servers: tuple[str, ...] = ()
    prefix: str = ""

    def topic(self, name: str) -> str:
        """What the log calls a topic or a group of ours."""
        return self.prefix + name

    def name(self, topic: str) -> str:
        """What we call a topic or a group of the log."""
        return topic.removeprefix(self.prefix)


def address_of(url: str) -> Address:
    """The address in a URL; ``BadInput`` if it names no log."""
    if url.startswith("kafka://"):
        return _broker(url)
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.scheme != "log" or parts.netloc or not path.is_absolute() or path == Path("/"):
        raise _refused(url)
    return Address(url, path=path)


def embedded_path(url: str) -> Path:
    """The file of an embedded log; ``BadInput`` for another address."""
    path = address_of(url).path
    if path is None:
        raise BadInput(f"log address {url!r}", expected="log:///absolute/path/log.db", field="log")
    return path


def _broker(url: str) -> Address:
    places, _, name = url.removeprefix("kafka://").partition("/")
    servers = tuple(places.split(","))
    is_named = all(c.isascii() and (c.isalnum() or c in "-_") for c in name)
    if not all(map(_is_server, servers)) or not is_named:
        raise _refused(url)
    return Address(url, servers=servers, prefix=f"{name}." if name else "")


def _is_server(place: str) -> bool:
    host, _, port = place.rpartition(":")
    is_host = bool(host) and not set(host) & set("@/") and (":" not in host or host[0] == "[")
    return is_host and port.isdecimal() and 0 < int(port) < 65_536


def without_secret(url: str) -> str:
    """An address as it may be said: whoever it names, and their password, left out."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}…@{rest.rpartition('@')[2]}" if "@" in rest else url


def _refused(url: str) -> BadInput:
    return BadInput(f"log address {without_secret(url)!r}", expected=EXPECTED, field="log")
