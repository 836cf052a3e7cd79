"""Whether it runs, whether it can answer, and in numbers how it does."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import PlainTextResponse, Response

from api.asked import NoParameters
from api.house import InHouse, answers
from api.media import json_response
from api.metrics import CONTENT_TYPE, api_metrics, exposition, twin_metrics
from api.reading import live_rows, standing, tick_headers
from api.schemas.answers import Alive, Ready
from streams.store import queries
from streams.store.tables import LIVE
from twin.errors import Unavailable
from twin.views import HEALTH

router = APIRouter(tags=["operations"])


@router.get(
    "/healthz",
    summary="Whether the process runs",
    responses={200: {"model": Alive, "description": "It runs."}},
)
def healthz(_: NoParameters) -> Response:
    """Answers as long as the process runs; reads neither database nor log."""
    return json_response({"status": "alive"}, {})


@router.get(
    "/readyz",
    summary="Whether questions can be answered",
    responses=answers(Ready, "Ready."),
)
def readyz(house: InHouse, _: NoParameters) -> Response:
    """200 when a tick is committed and database and log can be read; otherwise 503 says why."""
    tick = house.reader.tick(None)
    end = house.reader.journal.end_offset()
    if end <= tick.journal_offset:
        raise Unavailable(
            f"the journal ends at offset {end}",
            expected=f"{tick.journal_offset + 1} or more, as the database says",
            remedy="the database belongs to another log",
        )
    head = house.reader.head(tick)
    body = {"status": "ready", **{name: head[name] for name in ("tick", "number", "age_s")}}
    return json_response(body, tick_headers(tick))


@router.get(
    "/metrics",
    summary="Numbers for Prometheus",
    response_class=PlainTextResponse,
    responses={200: {"description": "Text exposition format, version 0.0.4."}},
)
def metrics(house: InHouse, _: NoParameters) -> Response:
    """The newest tick, its age and lag, totals since the beginning, open alarms, and requests to
    this process.
    """
    known = house.sums.number
    with house.reader.snapshot() as db:
        tick = standing(db, None)
        more = queries.tick_sums(db, LIVE, above=known)
        alerts = queries.open_alerts_count(db, LIVE, at_ns=tick.tick_ns)
        health = live_rows(db, HEALTH, tick, {}).rows
    sums = house.sums.advanced(more, from_number=known)
    lags_s = [row["lag_s"] for row in health if row["lag_s"] is not None]
    text = exposition(
        [
            *twin_metrics(
                tick,
                sums,
                alerts=alerts,
                lag_s=max(lags_s, default=None),
                now_ns=house.clock_ns(),
            ),
            *api_metrics(
                house.counts,
                streams_count=house.feed.listeners_count,
                frames_bytes=house.shelf.size_bytes,
            ),
        ]
    )
    return Response(text, headers={"Content-Type": CONTENT_TYPE})
