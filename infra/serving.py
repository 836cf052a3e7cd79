"""The API process: uvicorn around the application, stopped by a signal with exit status 0."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from api.app import create_app

from infra.usage import BadUsage
from streams.settings import Settings
from twin.errors import Unavailable

STOP_S = 2
"""How long open streams may take to end once a stop was asked for."""


class Server(uvicorn.Server):
    """Stops on a signal, and lets the process end as usual instead of by that signal."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ask the server to leave; a second signal does not wait for open requests."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one. ``Unavailable`` names a port in use."""
    if not _is_loopback(host):
        raise BadUsage(
            f"TWIN_HOST={host!r}",
            expected="a loopback address: there is no authentication yet",
            remedy="use 127.0.0.1, and a proxy that authenticates if others are to read",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Unavailable(
            f"port {port} of {host}: {error.strerror}", remedy="give another with --port"
        ) from None
    listener.listen(128)
    return listener


def run(settings: Settings, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=STOP_S,
    )
    Server(config).run(sockets=[listener])


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
