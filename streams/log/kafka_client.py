"""How kafka-python's clients are told where the broker is and who we are; what refusals mean."""

from __future__ import annotations

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka import errors

from streams.log.address import Address
from streams.log.security import Security
from twin.errors import BadInput, Unavailable

# It warns of its own work whenever the machine is busy.
logging.getLogger("kafka.net.selector").setLevel(logging.ERROR)


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
    """Its name and what it means; a broker's own answer repeats the whole request."""
    name = type(error).__name__.removesuffix("Error")
    text = error.description if isinstance(error, errors.BrokerResponseError) else str(error)
    return f"{name}: {text}" if text and text != name else name
