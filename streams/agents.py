"""The three agents: observe, sequence, keep. Each decodes, calls the core, sends, acknowledges.

An exception that leaves an agent's body would acknowledge the event it was at, so none does: what
nobody can read is quarantined by the codec, and what must not happen ends the process at once,
with nothing acknowledged. Whoever starts it again goes on where the log says.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import faust

from streams import topics
from streams.log.port import Log, Message
from streams.settings import Settings
from twin.errors import TwinError
from twin.observations import Quarantine, encode_observation

if TYPE_CHECKING:
    from streams.keeping import Keeper

IN_FLIGHT_MAX_COUNT = 64
"""Observations sent and not yet durable; beyond it observing waits."""

ROLES = ("observe", "sequence", "keep")

log_line = logging.getLogger("twin.agents")


def group(role: str) -> str:
    """The consumer group of a role, whichever processes its members are in."""
    return f"twin-{role}"


def make_app(settings: Settings, role: str) -> faust.App:
    """A Faust app of one consumer group; opens nothing until it is run."""
    return faust.App(
        group(role),
        broker=settings.broker_url,
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=0.5,
        stream_buffer_maxsize=16,
        stream_wait_empty=False,
        store="memory://",
        datadir=str(settings.directory / "faust"),
    )


def add_observe(app: faust.App) -> None:
    """Turn each input message into an observation; acknowledged once that is on the log."""
    # Imported only here: who sequences or keeps starts sooner without Arrow.
    from streams.codec import observation_of

    inputs = app.topic(*topics.INPUTS, value_serializer="raw", key_serializer="raw")
    observations = app.topic(topics.OBSERVATIONS, value_serializer="raw")
    dead_letters = app.topic(topics.DEAD_LETTERS, value_serializer="raw")
    in_flight = asyncio.Semaphore(IN_FLIGHT_MAX_COUNT)

    @app.agent(inputs, name="observe")
    async def observe(stream: Any) -> None:
        async for event in stream.noack().events():
            message = _message(event.message)
            observation = observation_of(message)
            sent = []
            if isinstance(observation, Quarantine):
                sent.append(
                    await dead_letters.send(
                        value=message.value or b"",
                        headers=_reasons(message, observation),
                        partition=0,
                    )
                )
            sent.append(await observations.send(value=encode_observation(observation), partition=0))
            await in_flight.acquire()
            asyncio.ensure_future(_acknowledge(event, sent, in_flight))  # noqa: RUF006


def add_sequence(app: faust.App, log: Log, *, patience_s: float) -> None:
    """Sequence observations into records; acknowledged once they are in one."""
    # Imported only here: an observer starts a second sooner without the database's packages.
    from streams.patience import Patience
    from streams.sequencing import Sequencing

    sequencing = _fatal(lambda: Sequencing(log))
    patience = Patience(sequencing, log, observers=group("observe"), patience_s=patience_s)
    observations = app.topic(topics.OBSERVATIONS, value_serializer="raw")
    waiting: deque[Any] = deque()
    turn = asyncio.Lock()

    @app.agent(observations, name="sequence")
    async def sequence(stream: Any) -> None:
        async for event in stream.noack().events():
            waiting.append(event)
            async with turn:
                needed = await _in_thread(partial(sequencing.take, event.message.offset))
            while waiting and waiting[0].message.offset < needed:
                waiting.popleft().ack()

    @app.task
    async def watch_for_silence() -> None:
        while not app.should_stop:
            await asyncio.sleep(1.0)
            async with turn:
                source = await _in_thread(patience.run_out)
                if source is not None:
                    log_line.warning("%s is silent for over %g s", source[0], patience_s)
                    await _in_thread(partial(sequencing.stop_waiting_for, source))


def add_keep(app: faust.App, keeper: Keeper) -> None:
    """Fold records into the read model; acknowledged once they are committed."""
    journal = app.topic(topics.JOURNAL, value_serializer="raw")

    @app.agent(journal, name="keep")
    async def keep(stream: Any) -> None:
        async for event in stream.noack().events():
            offset = event.message.offset
            if offset >= keeper.next_offset:
                await _in_thread(partial(keeper.take, offset))
            event.ack()


async def _acknowledge(event: Any, sent: list[Any], in_flight: asyncio.Semaphore) -> None:
    try:
        for future in sent:
            await future
        event.ack()
    except Exception as error:  # noqa: BLE001 - the process edge: nothing is acknowledged
        _leave(error)
    finally:
        in_flight.release()


async def _in_thread(work: Callable[[], Any]) -> Any:
    """Blocking work beside the event loop, so that heartbeats go on; a failure ends the process."""
    try:
        return await asyncio.to_thread(work)
    except Exception as error:  # noqa: BLE001 - the process edge: nothing is acknowledged
        _leave(error)


def _fatal(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except TwinError as error:
        _leave(error)


def _leave(error: BaseException) -> None:
    print(f"twin: {error or type(error).__name__}", file=sys.stderr, flush=True)
    os._exit(1)


def _message(message: Any) -> Message:
    headers = message.headers or ()
    pairs: Iterable[tuple[str, bytes]] = headers.items() if isinstance(headers, dict) else headers
    return Message(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        timestamp_ns=int(message.timestamp * 1e9),
        key=message.key,
        headers=tuple(pairs),
        value=message.value,
    )


def _reasons(message: Message, quarantine: Quarantine) -> list[tuple[str, bytes]]:
    """The headers of a dead letter: its own, then why and whence."""
    return [
        *message.headers,
        ("dl_event", str(quarantine.identity).encode()),
        ("dl_reason", quarantine.reason.encode()),
        ("dl_topic", message.topic.encode()),
        ("dl_partition", str(message.partition).encode()),
        ("dl_offset", str(message.offset).encode()),
    ]
