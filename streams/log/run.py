"""Runs Faust apps to their end: quick to start, clean to stop, silent unless something is wrong.

``faust.Worker`` adds a second at the start and one at the end, writes cursor codes to stdout and
sends what agents print to the log; an event loop of our own does none of that.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence

import faust
from faust.tables import TableManager


class PromptTables(TableManager):  # type: ignore[misc]  # faust is untyped here
    """Faust's table manager without its first second, in which it waits for late tables."""

    async def on_start(self) -> None:
        """Begin at once: the tables of an app that is run by code are known by now."""
        await self._update_channels()
        await self.recovery.start()


def run_app(*apps: faust.App, is_stopping: Callable[[], bool] = lambda: False) -> None:
    """Run apps in one loop until SIGTERM or SIGINT, or until one of them stops.

    Raises what an app failed to start with or crashed with. A second signal ends the process at
    once: a stop may wait for an agent that never acknowledges. One that came before says so by
    ``is_stopping``.
    """
    for app in apps:
        app.conf.TableManager = PromptTables
    asyncio.run(_run(apps, is_stopping))


async def _run(apps: Sequence[faust.App], is_stopping: Callable[[], bool]) -> None:
    signalled = asyncio.create_task(_signalled(is_stopping))
    running = [asyncio.create_task(_start_and_wait(app)) for app in apps]
    try:
        await asyncio.wait({signalled, *running}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await asyncio.gather(*(app.stop() for app in apps))
        for task in (signalled, *running):
            task.cancel()
        await asyncio.wait({signalled, *running})
    for task in running:
        if not task.cancelled():
            task.result()
    for app in apps:
        if app.crash_reason is not None:
            raise app.crash_reason


async def _start_and_wait(app: faust.App) -> None:
    await app.start()
    await app.wait_until_stopped()


async def _signalled(is_stopping: Callable[[], bool]) -> None:
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, arrived.set)
    if not is_stopping():
        await arrived.wait()
    for number in numbers:
        loop.remove_signal_handler(number)
        # Not Python's own handlers: a KeyboardInterrupt amid the stop leaves it hanging.
        signal.signal(number, signal.SIG_DFL)
