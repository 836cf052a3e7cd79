"""Ticks as they are committed, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Header, Query
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic.json_schema import SkipJsonSchema

from api.asked import AskedStream
from api.feed import Gap
from api.house import House, InHouse
from api.media import as_json
from api.reading import Reader, TickRows
from api.shapes import said_instant
from streams.store import queries
from streams.store.queries import TickInfo
from streams.store.tables import LIVE
from twin.errors import BadInput, Unavailable
from twin.units import parse_instant
from twin.views import CAPACITY

router = APIRouter(tags=["stream"])

LAST_EVENT_ID = "Last-Event-ID"
RECONNECT_MS = 2_000

LastEventId = Annotated[
    str | SkipJsonSchema[None],
    Header(
        alias=LAST_EVENT_ID,
        description="The id of the last event received, `live/` and the tick: the stream goes on "
        "after it.",
        examples=["live/2029-01-01T00:01:00Z"],
        max_length=100,
    ),
]


class Subscription(msgspec.Struct, frozen=True):
    """What a stream was found to want, before its first byte."""

    house: House
    asked: AskedStream
    after: TickInfo | None


async def subscription(
    house: InHouse, asked: Annotated[AskedStream, Query()], last_event_id: LastEventId = None
) -> AsyncIterator[Subscription]:
    """A place among the streams; everything that can be wrong is found here."""
    after = await asyncio.to_thread(_resumed, house.reader, asked, last_event_id)
    with house.feed.listening():
        yield Subscription(house, asked, after)


@router.get(
    "/v1/stream",
    summary="Ticks as they are committed",
    response_class=EventSourceResponse,
    responses={200: {"description": "Events, one a tick."}},
)
async def stream(
    wanted: Annotated[Subscription, Depends(subscription)],
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: the newest tick at once, then a `tick` event for each tick as it is
    committed, with the rows of the views asked for; its id is `live/` and the tick. A client that
    comes back with `Last-Event-ID` gets what it missed; when that is too much, or the client is too
    slow, a `gap` event says which ticks it did not get, and `/v1/history` has them.
    """
    async for item in wanted.house.feed.follow(wanted.after):
        yield _gap(item) if isinstance(item, Gap) else _tick(wanted, item)


def _resumed(reader: Reader, asked: AskedStream, last_event_id: str | None) -> TickInfo | None:
    """The tick to go on after; None to begin with the newest."""
    try:
        newest = reader.tick(None)
    except Unavailable:
        return None
    if asked.segment is not None:
        reader.refuse_unknown(CAPACITY, reader.journal.twin(newest), {"segment": asked.segment})
    if not last_event_id:
        return None
    branch, _, tick = last_event_id.partition("/")
    if branch != LIVE:
        raise BadInput(
            f"{LAST_EVENT_ID}: {last_event_id}",
            expected="live/ and a tick, such as live/2029-01-01T00:01:00Z",
            field=LAST_EVENT_ID,
        )
    tick_ns = parse_instant(tick, field=LAST_EVENT_ID)
    # A tick that is not in this past is of another: then begin with the newest.
    with reader.snapshot() as db:
        return queries.tick_at(db, LIVE, tick_ns) if tick_ns <= newest.tick_ns else None


def _tick(wanted: Subscription, item: TickRows) -> ServerSentEvent:
    rows = {
        name: [row for row in item.rows[name].as_dicts() if _is_wanted(row, wanted.asked.segment)]
        for name in wanted.asked.view
    }
    body = {
        **wanted.house.reader.head(item.tick),
        "open_alerts_count": item.open_alerts_count,
        **rows,
    }
    return _event("tick", item.tick, body)


def _gap(item: Gap) -> ServerSentEvent:
    after, until = said_instant(item.after.tick_ns), said_instant(item.next.tick_ns)
    body = {
        "after": after,
        "next": until,
        "missed_count": item.missed_count,
        "remedy": f"/v1/history/capacity?from={after}&to={until}",
    }
    return ServerSentEvent(event="gap", raw_data=msgspec.json.encode(body).decode())


def _event(name: str, tick: TickInfo, body: dict[str, Any]) -> ServerSentEvent:
    return ServerSentEvent(
        event=name,
        id=f"{tick.branch}/{said_instant(tick.tick_ns)}",
        raw_data=as_json(body).decode(),
        retry=RECONNECT_MS,
    )


def _is_wanted(row: dict[str, Any], segment: str | None) -> bool:
    return segment is None or row.get("segment", segment) == segment
