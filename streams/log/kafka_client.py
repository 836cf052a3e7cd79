"""How every client of a Kafka broker is told where it is and how to prove who it is.

An address is ``kafka://host:port[,host:port…][/name]``. With a name, every topic and group begins
with it and a dot, so that several twins share a broker.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from kafka import errors

from streams.log.security import Security
from twin.errors import BadInput, Unavailable

SCHEME: Final = "kafka"
EXPECTED: Final = "kafka://host:port, or kafka://host:port/name for one twin of several"


class Address(msgspec.Struct, frozen=True):
    """Where the brokers are, and what the names of a twin's topics and groups begin with."""

    servers: tuple[str, ...]
    prefix: str = ""

    def topic(self, name: str) -> str:
        """What the broker calls a topic."""
        return self.prefix + name

    def name(self, topic: str) -> str:
        """What a topic of the broker is to us."""
        return topic.removeprefix(self.prefix)


def address_of(url: str) -> Address:
    """The address in a ``kafka://`` URL; ``BadInput`` if it is none."""
    scheme, _, rest = url.partition("://")
    places, _, name = rest.partition("/")
    servers = tuple(places.split(","))
    is_named = all(c.isalnum() or c in "-_." for c in name)
    if scheme != SCHEME or not all(map(_is_server, servers)) or not is_named:
        raise BadInput(f"log address {url!r}", expected=EXPECTED, field="log")
    return Address(servers, f"{name}." if name else "")


def _is_server(place: str) -> bool:
    host, _, port = place.rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) < 65_536


def options(address: Address, security: Security) -> dict[str, Any]:
    """What kafka-python's clients are given."""
    given: dict[str, Any] = {
        "bootstrap_servers": list(address.servers),
        "client_id": "twin",
        "security_protocol": security.protocol,
        "bootstrap_timeout_ms": 5_000,
        "reconnect_backoff_max_ms": 1_000,
    }
    if security.has_tls:
        given["ssl_context"] = context_of(security)
    if security.has_sasl:
        given["sasl_mechanism"] = security.mechanism
        given["sasl_plain_username"] = security.username
        given["sasl_plain_password"] = security.password
    return given


def context_of(security: Security) -> ssl.SSLContext:
    """Whom to trust, and who we are; ``BadInput`` names a file that cannot be used."""
    try:
        context = ssl.create_default_context(cafile=security.ca_file or None)
        if security.certificate_file:
            context.load_cert_chain(security.certificate_file, security.key_file or None)
    except OSError as error:
        named = security.ca_file, security.certificate_file, security.key_file
        files = ", ".join(name for name in named if name)
        raise BadInput(f"the certificates {files}: {error}", expected="files in PEM") from None
    return context


@contextmanager
def explained(address: Address) -> Iterator[None]:
    """Say what a broker's refusal means to us: ``BadInput`` if asking again is useless."""
    try:
        yield
    except (errors.AuthorizationError, errors.SaslAuthenticationFailedError) as error:
        raise BadInput(
            f"the broker at {','.join(address.servers)} refuses us: {_said(error)}",
            expected="the user and rights it knows",
            remedy="look at the settings TWIN_KAFKA_…",
        ) from error
    except errors.KafkaError as error:
        raise Unavailable(
            f"the log at {','.join(address.servers)}: {_said(error)}",
            remedy="is the broker up? 'twin kafka status' knows of one on this machine",
        ) from error


def _said(error: errors.KafkaError) -> str:
    name = type(error).__name__.removesuffix("Error")
    return f"{name}: {error}" if str(error) and str(error) != name else name
