"""The three agents: observe, sequence, keep. Each decodes, calls the core, sends, acknowledges.

An exception that leaves an agent's body would acknowledge the event it was at, so none does. What
nobody can read is quarantined by the codec. A log or database that does not answer is asked again
while the partition waits. Anything else, or no answer for long, ends the process at once, with
nothing acknowledged; whoever starts it again goes on where the log says.

Of several processes that sequence, or keep, one owns the partition and works. The others own
nothing, get no event, and so read no head and claim no branch until they take over.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import faust

from streams import topics
from streams.log.address import Address, address_of
from streams.log.faust_app import app_of
from streams.log.port import Log, Message
from streams.retrying import patiently
from streams.settings import Settings
from twin.errors import TwinError, Unavailable
from twin.observations import Quarantine

if TYPE_CHECKING:
    from streams.keeping import Keeper
    from streams.patience import Patience
    from streams.sequencing import Sequencing

IN_FLIGHT_MAX_COUNT = 64
"""Observations sent and not yet durable; beyond it observing waits."""

DELIVERY_MAX_S = 30.0
"""A client for a broker that is away waits for ever; said again, a message is known by its name."""

WATCH_S = 5.0

T = TypeVar("T")
Send = Callable[[], Awaitable[Any]]
"""Hands a message over; what it returns is done when that is on the log."""

ROLES = ("observe", "sequence", "keep")

log_line = logging.getLogger("twin.agents")


def group(role: str) -> str:
    """The consumer group of a role, whichever processes its members are in."""
    return f"twin-{role}"


def make_app(settings: Settings, role: str) -> faust.App:
    """A Faust app of one consumer group; opens nothing until it is run."""
    return app_of(
        group(role),
        address_of(settings.broker_url),
        security=settings.security,
        member=settings.member,
        datadir=str(settings.directory / "faust"),
    )


def add_observe(app: faust.App, settings: Settings) -> None:
    """Turn each input message into an observation; acknowledged once that is on the log."""
    # Imported only here: who sequences or keeps starts sooner without Arrow.
    from streams.codec import observed

    address = address_of(settings.broker_url)
    inputs = app.topic(
        *map(address.topic, topics.INPUTS), value_serializer="raw", key_serializer="raw"
    )
    observations = app.topic(address.topic(topics.OBSERVATIONS), value_serializer="raw")
    dead_letters = app.topic(address.topic(topics.DEAD_LETTERS), value_serializer="raw")
    in_flight = asyncio.Semaphore(IN_FLIGHT_MAX_COUNT)

    def sends_of(message: Message) -> list[Send]:
        observation, stored = observed(message)
        sends: list[Send] = [partial(observations.send, value=stored, partition=0)]
        if isinstance(observation, Quarantine):
            headers, body = reasons(message, observation), message.value or b""
            sends.insert(0, partial(dead_letters.send, value=body, headers=headers, partition=0))
        return sends

    @app.agent(inputs, name="observe")
    async def observe(stream: Any) -> None:
        async for event in stream.noack().events():
            try:
                sends = [
                    (send, await patiently(send, retry_max_s=settings.retry_max_s))
                    for send in sends_of(_message(address, event.message))
                ]
            except Exception as error:  # noqa: BLE001 - the process edge: nothing is acknowledged
                _leave(error)
            await in_flight.acquire()
            acknowledged = _acknowledge(event, sends, in_flight, retry_max_s=settings.retry_max_s)
            # It ends by itself, and what it waits for holds it; a list of them would only grow.
            asyncio.ensure_future(acknowledged)  # noqa: RUF006 - its producer keeps it


class _Sequence:
    """A sequencer from the first event on: only then is the partition known to be ours."""

    def __init__(self, begin: Callable[[], tuple[Sequencing, Patience]]) -> None:
        self._begin = begin
        self._now: tuple[Sequencing, Patience] | None = None

    def take(self, offset: int, value: bytes) -> int:
        """Sequence up to and with what stands at an offset; below the result all is journaled."""
        if self._now is None:
            self._now = self._begin()
        return self._now[0].take(offset, value)

    def stop_waiting_for_the_silent(self) -> str:
        """Decide once about a source that is silent for too long; its name, or nothing."""
        if self._now is None:
            return ""
        sequencing, patience = self._now
        source = patience.run_out()
        if source is None:
            return ""
        sequencing.stop_waiting_for(source)
        return source[0]


def add_sequence(app: faust.App, settings: Settings, log: Log) -> None:
    """Sequence observations into records; acknowledged once they are in one."""
    # Imported only here: an observer starts a second sooner without the database's packages.
    from streams.patience import Patience
    from streams.sequencing import Sequencing

    def begin() -> tuple[Sequencing, Patience]:
        acknowledged = log.committed(group("sequence"), topics.OBSERVATIONS, 0) or 0
        sequencing = Sequencing(log, acknowledged=acknowledged)
        return sequencing, Patience(
            sequencing, log, observers=group("observe"), patience_s=settings.patience_s
        )

    address = address_of(settings.broker_url)
    in_thread = partial(_in_thread, retry_max_s=settings.retry_max_s)
    sequencer = _Sequence(begin)
    observations = app.topic(address.topic(topics.OBSERVATIONS), value_serializer="raw")
    waiting: deque[Any] = deque()
    turn = asyncio.Lock()

    @app.agent(observations, name="sequence")
    async def sequence(stream: Any) -> None:
        async for event in stream.noack().events():
            waiting.append(event)
            async with turn:
                message = event.message
                needed = await in_thread(partial(sequencer.take, message.offset, message.value))
            while waiting and waiting[0].message.offset < needed:
                waiting.popleft().ack()

    @app.task
    async def watch_for_silence() -> None:
        while not app.should_stop:
            await asyncio.sleep(1.0)
            async with turn:
                silent = await in_thread(sequencer.stop_waiting_for_the_silent)
            if silent:
                log_line.warning("%s is silent for over %g s", silent, settings.patience_s)


def add_keep(app: faust.App, settings: Settings, keeper: Keeper) -> None:
    """Fold records into the read model; acknowledged once they are committed."""
    address = address_of(settings.broker_url)
    in_thread = partial(_in_thread, retry_max_s=settings.retry_max_s)
    journal = app.topic(address.topic(topics.JOURNAL), value_serializer="raw")
    has_resumed = False

    @app.agent(journal, name="keep")
    async def keep(stream: Any) -> None:
        nonlocal has_resumed
        async for event in stream.noack().events():
            if not has_resumed:
                # Only now is the partition known to be ours: resuming takes the branch over.
                await in_thread(keeper.resume)
                has_resumed = True
            offset = event.message.offset
            if offset >= keeper.next_offset:
                await in_thread(partial(keeper.take, offset))
            event.ack()


def add_watch(app: faust.App, settings: Settings, needs: Sequence[Callable[[], object]]) -> None:
    """Ask now and then whether what is needed still answers, and leave when it has not for long.

    An agent without an event asks nothing, and the clients below it wait for ever.
    """

    @app.task
    async def watch_what_is_needed() -> None:
        while not app.should_stop:
            await app.sleep(WATCH_S)
            for answers in needs:
                await _in_thread(answers, retry_max_s=settings.retry_max_s)


async def _acknowledge(
    event: Any,
    sends: list[tuple[Send, Awaitable[Any]]],
    in_flight: asyncio.Semaphore,
    *,
    retry_max_s: float,
) -> None:
    try:
        for send, sent in sends:
            await _delivered(send, sent, retry_max_s=retry_max_s)
        event.ack()
    except Exception as error:  # noqa: BLE001 - the process edge: nothing is acknowledged
        _leave(error)
    finally:
        in_flight.release()


async def _delivered(send: Send, sent: Awaitable[Any], *, retry_max_s: float) -> None:
    """Return once a message is on the log, sent again as often as it takes."""
    first = [sent]

    async def attempt() -> None:
        under_way = first.pop() if first else await send()
        try:
            await asyncio.wait_for(under_way, DELIVERY_MAX_S)
        except TimeoutError:
            raise Unavailable(
                f"a message was not acknowledged within {DELIVERY_MAX_S:g} s"
            ) from None

    await patiently(attempt, retry_max_s=retry_max_s)


async def _in_thread(work: Callable[[], T], *, retry_max_s: float) -> T:
    """Blocking work beside the event loop, so that heartbeats go on; a failure ends the process."""
    try:
        return await patiently(partial(asyncio.to_thread, work), retry_max_s=retry_max_s)
    except Exception as error:  # noqa: BLE001 - the process edge: nothing is acknowledged
        _leave(error)


def _leave(error: Exception) -> NoReturn:
    """End the process with one line that says why; nothing more is acknowledged."""
    log_line.debug("leaving", exc_info=error)
    first = (str(error).splitlines() or [""])[0]
    said = first if isinstance(error, TwinError) else f"{type(error).__name__}: {first}"
    print(f"twin: {said}", file=sys.stderr, flush=True)
    os._exit(1)


def _message(address: Address, message: Any) -> Message:
    headers = message.headers or ()
    pairs: Iterable[tuple[str, bytes]] = headers.items() if isinstance(headers, dict) else headers
    return Message(
        topic=address.name(message.topic),
        partition=message.partition,
        offset=message.offset,
        timestamp_ns=int(message.timestamp * 1e9),
        key=message.key,
        headers=tuple(pairs),
        value=message.value,
    )


def reasons(message: Message, quarantine: Quarantine) -> list[tuple[str, bytes]]:
    """The headers of a dead letter: its own, then why and whence."""
    return [
        *message.headers,
        ("dl_event", str(quarantine.identity).encode()),
        ("dl_reason", quarantine.reason.encode()),
        ("dl_topic", message.topic.encode()),
        ("dl_partition", str(message.partition).encode()),
        ("dl_offset", str(message.offset).encode()),
    ]
