"""The socket of the API: made before all else, so that a taken port is found at once."""

from __future__ import annotations

import ipaddress
import os
import socket

from infra.usage import BadUsage
from streams.settings import Settings
from twin.errors import Unavailable

WAITING_COUNT = 128
"""Connections the kernel holds while no process accepts them."""


def listening(settings: Settings) -> socket.socket:
    """A socket that listens where the settings say; port 0 takes a free one.

    ``BadUsage`` for an address others can reach, ``Unavailable`` for a port in use.
    """
    host, port = settings.host, settings.port
    if not (settings.trusts_network or is_loopback(host)):
        raise BadUsage(
            f"TWIN_HOST={host!r}",
            expected="a loopback address: the API has no authentication yet",
            remedy="use 127.0.0.1, or set TWIN_TRUST_NETWORK=yes where only friends reach it",
        )
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(WAITING_COUNT)
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        raise Unavailable(f"port {port}: {reason}", remedy="give another with --port") from None
    return listener


def inherited(descriptor: int) -> socket.socket:
    """The socket a supervisor made and passed on."""
    return socket.socket(fileno=os.dup(descriptor))


def port_of(listener: socket.socket) -> int:
    """Where it listens."""
    return int(listener.getsockname()[1])


def url_of(host: str, port: int) -> str:
    """Where a browser finds it."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host; of names we know that of ``localhost`` alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
