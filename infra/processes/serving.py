"""The API process: uvicorn around the application, stopped by a signal with exit status 0."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from api.app import create_app
from infra.installation import committed_count, existing_database, ready_database
from infra.processes.listening import listening, port_of, url_of
from infra.processes.stopping import Stop
from streams.log.address import address_of
from streams.settings import Settings
from twin.errors import NotFound

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


def announced(settings: Settings, stop: Stop) -> socket.socket:
    """A socket that listens, after a line that says where, and one if there is nothing to tell yet.

    ``NotFound`` where not even a folder is: a mistyped one would be waited for in vain.
    """
    path = address_of(settings.broker_url).path
    if path is not None and not path.parent.is_dir():
        raise NotFound(
            f"no folder {path.parent}",
            remedy="give another --dir; 'twin demo' or 'twin simulate' makes one",
        )
    listener = listening(settings)
    url = url_of(settings.host, port_of(listener))
    print(f"{url}/v1/twin  {url}/docs  in {settings.directory}; Ctrl-C stops it", flush=True)
    engine = existing_database(settings, sleep=stop.wait)
    if engine is None or not committed_count(engine):
        print("nothing is committed yet: waiting for 'twin simulate' and 'twin worker'", flush=True)
    if engine is not None:
        engine.dispose()
    return listener


def run(settings: Settings, listener: socket.socket, stop: Stop) -> None:
    """Serve until SIGTERM or SIGINT."""
    # The server hears no signal while it starts, so what it may wait for is waited for here.
    ready_database(settings, sleep=stop.wait).dispose()
    if stop.is_set():
        return
    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=STOP_S,
    )
    Server(config).run(sockets=[listener])
