"""Faust's transport for ``broker="kafka://host:port"``: aiokafka under agents, mended.

Faust finds it by the entry point ``kafka`` of the group ``faust.transports``, before its own.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar, Final

from aiokafka.errors import KafkaConnectionError, KafkaError, UnknownMemberIdError
from aiokafka.structs import OffsetAndMetadata
from faust.exceptions import ProducerSendError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, RecordMetadata

from streams.log.checks import check_kept
from streams.log.faust_app import SESSION_S
from streams.log.mended import MendedConsumer
from streams.log.port import Span
from twin.errors import Unavailable

UNKNOWN_MEMBER: Final = UnknownMemberIdError.errno


def _is_news(record: logging.LogRecord) -> bool:
    """Members come and go: that a group shares anew is no news, nor that it has just come up."""
    return not any(words in str(record.msg) for words in ("rebalancing", "Coordinator Request"))


logging.getLogger("aiokafka.consumer.group_coordinator").addFilter(_is_news)


class ConsumerThread(driver.AIOKafkaConsumerThread):  # type: ignore[misc]  # faust is untyped here
    """Commits without taking a broker that is away for the end of the process.

    It knows when another has joined under its name. The client would join again, and so would the
    other: each would take the partitions from the other at every heartbeat, for ever.
    """

    is_replaced = False
    _known_s = 0.0

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        if self.app.conf.consumer_group_instance_id:
            self._asked_as_before = consumer._client.send
            consumer._client.send = self._asked
        return consumer

    async def _asked(self, node_id: Any, request: Any, **options: Any) -> Any:
        """Ask a broker, and hear what it says of our membership."""
        if self.is_replaced and type(request).__name__.startswith("JoinGroup"):
            raise KafkaConnectionError("another has our name now, and keeps it")
        answer = await self._asked_as_before(node_id, request, **options)
        codes = _membership_codes(answer)
        if 0 in codes:
            self._known_s = time.monotonic()
        # One that was silent for too long is not known any more either, and may join again.
        elif UNKNOWN_MEMBER in codes and time.monotonic() - self._known_s < SESSION_S:
            self.is_replaced = True
            crash = self.consumer.crash(put_out(self.app.conf.id))
            asyncio.run_coroutine_threadsafe(crash, self.parent_loop)
        return answer

    async def _commit(self, offsets: Mapping[TP, int]) -> bool:
        owned = self.assignment()
        known = {
            driver.ensure_aiokafka_TP(place): OffsetAndMetadata(offset, "")
            for place, offset in offsets.items()
            if place in owned
        }
        if not known:
            return True
        try:
            await self._ensure_consumer().commit(known)
        except KafkaError as error:
            # Worth no crash: at worst these messages come again, and a later commit covers them.
            self.log.warning("Offsets not committed: %s", error)
            return False
        return True


def put_out(group: str) -> Unavailable:
    """A member whose place is another's now."""
    return Unavailable(
        f"this member of {group} was put out of its group",
        remedy="does another process run under the same TWIN_MEMBER?",
    )


def _membership_codes(answer: Any) -> set[int]:
    """What the answer to a heartbeat or a commit says of who asked; nothing for other answers."""
    kind = type(answer).__name__
    if kind.startswith("HeartbeatResponse"):
        return {answer.error_code}
    if kind.startswith("OffsetCommitResponse"):
        return {code for _, partitions in answer.topics for _, code in partitions}
    return set()


class Consumer(MendedConsumer, driver.Consumer):  # type: ignore[misc]  # faust is untyped here
    """Begins where its group stands, if the log still holds that."""

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Called every second or so: one that its group no longer knows must not go on working.

        The client notes that another member took its place, and fetches on regardless.
        """
        coordination = self._thread._ensure_consumer()._coordinator._coordination_task
        if coordination.done():
            raise put_out(self.app.conf.id)

    async def seek_to_committed(self) -> dict[TP, int]:
        """Go back to where the group stands, or begin, in every partition owned.

        Left to itself the client would begin elsewhere, in silence: ``NotKept`` if the log begins
        above that offset, ``BadInput`` if it ends below.
        """
        places = self.assignment()
        stood = await super().seek_to_committed()
        starts = await self.earliest_offsets(*places)
        ends = await self.highwaters(*places)
        found: dict[TP, int] = {}
        for place in places:
            at = stood.get(place)
            if at is None or at < 0:
                at = starts[place]
                await self._seek(place, at)
            check_kept(Span(starts[place], ends[place]), place.topic, place.partition, at)
            found[place] = at
        self._floor.update(found)
        return found


class Producer(driver.Producer):  # type: ignore[misc]  # faust is untyped here
    """Writes each message once, and says ``Unavailable`` when the broker does not take it."""

    def _settings_extra(self) -> Mapping[str, Any]:
        return {"acks": "all", "enable_idempotence": True}

    async def send(self, *arguments: Any, **options: Any) -> Awaitable[RecordMetadata]:
        """Hand a message over; the result resolves once it is on the log, or has the error."""
        try:
            sent = await super().send(*arguments, **options)
        except (KafkaError, ProducerSendError) as error:
            raise Unavailable(f"the broker: {error}", remedy="is it up?") from error
        return asyncio.ensure_future(_explained(sent))


async def _explained(sent: Awaitable[RecordMetadata]) -> RecordMetadata:
    try:
        return await sent
    except KafkaError as error:
        raise Unavailable(f"the broker: {error}", remedy="is it up?") from error


class Transport(driver.Transport):  # type: ignore[misc]  # faust is untyped here
    """Consumer and producer over a Kafka broker."""

    Consumer: ClassVar[type[Consumer]] = Consumer
    Producer: ClassVar[type[Producer]] = Producer
