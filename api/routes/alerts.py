"""Alerts, as an observer at an instant would have known them."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from api.asked import AskedAlerts
from api.house import House, InHouse, answers
from api.media import json_response
from api.reading import standing, tick_headers
from api.schemas.answers import AlertPage
from api.shapes import said_instant, said_number
from streams.store import queries
from streams.store.queries import RowDict
from streams.store.tables import LIVE
from twin.errors import BadInput

router = APIRouter(tags=["operations"])


@router.get(
    "/v1/alerts",
    summary="What is not as it should be",
    responses=answers(AlertPage, "The alerts."),
)
def alerts(house: InHouse, asked: Annotated[AskedAlerts, Query()]) -> Response:
    """Alarms raised by the twin, newest first. With `at`, an alarm that was cleared later is still
    open. `value` and `threshold` are those of the tick it was raised in, not today's: those are in
    `/v1/capacity`, `/v1/energy` and `/v1/health`, and `/v1/why` says where they come from.
    """
    if asked.branch != LIVE:
        return _of_branch(house, asked)
    with house.reader.snapshot() as db:
        tick = standing(db, asked.at)
        rows = queries.alerts(db, LIVE, at_ns=tick.tick_ns, is_open=asked.open, limit=asked.limit)
    body = {**house.reader.head(tick), "rows": [_body(row) for row in rows]}
    return json_response(body, tick_headers(tick))


def _of_branch(house: House, asked: AskedAlerts) -> Response:
    """The alarms that are open in a branch: nothing keeps those that were cleared."""
    if asked.open is False:
        raise BadInput(
            f"open=false of branch={asked.branch}",
            expected="open=true: of a scenario nobody keeps alarms that were cleared",
            field="open",
        )
    past = house.reader.branch_past(asked.branch, asked.at).past
    alarms = [
        (label, alarm)
        for label, each in past.moment.twin.alarms.items()
        for alarm in each.open.values()
    ]
    alarms.sort(key=lambda each: (-each[1].raised_ns, each[1].alarm_id))
    rows = [
        msgspec.structs.asdict(alarm)
        | {"label": label, "cleared_ns": None, "asset_ids": msgspec.json.encode(alarm.asset_ids)}
        for label, alarm in alarms[: asked.limit]
    ]
    body = {**house.reader.head(past.tick), "rows": [_body(row) for row in rows]}
    return json_response(body, tick_headers(past.tick))


def _body(row: RowDict) -> dict[str, Any]:
    names = ("alarm_id", "severity", "subject", "label", "value", "threshold")
    cleared_ns = row["cleared_ns"]
    return {name: said_number(row[name]) for name in names} | {
        "raised": said_instant(row["raised_ns"]),
        "cleared": said_instant(cleared_ns) if cleared_ns is not None else None,
        "is_open": cleared_ns is None,
        "asset_ids": msgspec.json.decode(row["asset_ids"]),
    }
