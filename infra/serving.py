"""The API process: uvicorn around the application, stopped by a signal with exit status 0."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from api.app import create_app
from streams.settings import Settings

STOP_S = 2
"""How long open streams may take to end once a stop was asked for."""


class Server(uvicorn.Server):
    """Stops on a signal, and lets the process end as usual instead of by that signal."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ask the server to leave; a second SIGINT does not wait for open requests."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def run(settings: Settings, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=STOP_S,
    )
    Server(config).run(sockets=[listener])
