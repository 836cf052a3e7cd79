"""How kafka-python's clients are told where the broker is and who we are; what refusals mean.

Left to itself a client that cannot start leaves its thread running, and takes a broker that
refuses it for one that is away: ``started`` mends both.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final, TypeVar

from kafka import errors
from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector

from streams.log.address import Address
from streams.log.security import Security
from twin.errors import BadInput, Unavailable

# It warns of its own work whenever the machine is busy.
logging.getLogger("kafka.net.selector").setLevel(logging.ERROR)


CONNECT_TIMEOUT_S: Final = 5.0
FIELD: Final = "TWIN_KAFKA_…"
REFUSALS: Final = (
    errors.AuthorizationError,
    errors.SaslAuthenticationFailedError,
    errors.UnsupportedSaslMechanismError,
)
"""What a broker answers to whom it does not know, however often they ask."""

C = TypeVar("C")


class _Connections(KafkaConnectionManager):  # type: ignore[misc]  # kafka-python is untyped
    """Connections that remember a refusal: the base class forgets it and tries until time is up."""

    def __init__(self, net: NetworkSelector, **configs: Any) -> None:
        super().__init__(net, **configs)
        self._refusals: dict[object, Exception] = {}

    def get_connection(self, node_id: object, **options: Any) -> Any:
        """A connection to a broker; raises what the last one to it was refused with."""
        if node_id in self._refusals:
            raise self._refusals[node_id]
        connection = super().get_connection(node_id, **options)

        def remember(error: Exception) -> None:
            if isinstance(error, REFUSALS) or _is_about_certificates(error):
                self._refusals[node_id] = error

        connection.close_future.add_errback(remember)
        return connection

    async def _build_transport(self, node: Any, timeout_at: float | None = None) -> Any:
        transport = await super()._build_transport(node, timeout_at=timeout_at)
        receive = transport._sock_recv

        def received() -> tuple[bytes, Exception | None]:
            # A broker that refuses us says so and hangs up: what it said is heard first.
            data, error = receive()
            return data, None if data else error

        transport._sock_recv = received
        return transport


class _Client(KafkaNetClient):  # type: ignore[misc]  # kafka-python is untyped
    def __init__(self, **configs: Any) -> None:
        net = NetworkSelector(**configs)
        super().__init__(net=net, manager=_Connections(net, **configs), **configs)

    def end(self) -> None:
        """Its thread and its connections, whoever they were for."""
        self.close()
        self._net.stop()


def started(kind: Callable[..., C], address: Address, security: Security, **given: Any) -> C:
    """A client of a kind, connected; one that cannot connect leaves nothing behind."""
    _refuse_silence(address)
    with ExitStack() as failing:

        def client(**configs: Any) -> _Client:
            made = _Client(**configs)
            failing.callback(made.end)
            return made

        found = kind(**(options(address, security) | given), kafka_client=client)
        failing.pop_all()
    return found


def _refuse_silence(address: Address) -> None:
    """Whether anyone listens is known at once, and without a thread."""
    reason = ""
    for server in address.servers:
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_TIMEOUT_S).close()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
        else:
            return
    raise errors.KafkaConnectionError(reason)


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
        raise BadInput(
            f"the certificates {files}: {error}", expected="files in PEM", field=FIELD
        ) from None
    return context


@contextmanager
def explained(address: Address) -> Iterator[None]:
    """Say what a broker's refusal means to us: ``BadInput`` if asking again is useless."""
    try:
        yield
    except errors.KafkaError as error:
        where = ",".join(address.servers)
        if isinstance(error, REFUSALS):
            raise BadInput(
                f"the broker at {where} refuses us: {_said(error)}",
                expected="a user it knows, with the password and the rights for this",
                remedy=f"look at the settings {FIELD}",
                field=FIELD,
            ) from error
        if _is_about_certificates(error):
            raise BadInput(
                f"no trust between us and the broker at {where}: {error}",
                expected="certificates that each side trusts",
                remedy=f"look at the settings {FIELD}",
                field=FIELD,
            ) from error
        raise Unavailable(
            f"the log at {where}: {_said(error)}",
            remedy="is the broker up? 'twin kafka status' knows of one on this machine",
        ) from error


def _is_about_certificates(error: BaseException | None) -> bool:
    """A handshake that failed for what either side has shown the other."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _said(error: errors.KafkaError) -> str:
    """Its name and what it means; a broker's own answer repeats the whole request."""
    if isinstance(error, errors.NodeNotReadyError):
        return "it does not answer"
    name = type(error).__name__.removesuffix("Error")
    is_answer = isinstance(error, errors.BrokerResponseError)
    text = error.description if is_answer else str(error).removeprefix(f"{type(error).__name__}: ")
    return f"{name}: {text}" if text and text != name else name
