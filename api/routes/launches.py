"""Launches: the manifest, what flew, boosters and vehicles."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from api.asked import PAGE_EXPECTED
from api.asked_group import AskedLaunches
from api.described import Form
from api.house import InHouse, answers
from api.launches import Choice, booster_rows, launch_rows, vehicle_rows
from api.limits import JSON_ROWS_MAX_COUNT, LIST_MAX_COUNT
from api.media import Media, table_response
from api.pages import link_to, next_page
from api.reading import tick_headers
from api.schemas.group import LaunchPage
from streams.store.queries import TickInfo
from twin.errors import BadInput
from twin.fold.launches import RECENT_MAX_COUNT
from twin.state import Twin
from twin.units import instant_text

router = APIRouter(tags=["group"])


@router.get(
    "/v1/launches",
    summary="What is to fly, what flew, and what flies it",
    description="The manifest and the last "
    f"{RECENT_MAX_COUNT} launches that flew, by time, a page at a time; `Link` names the next, "
    "which is of the same tick. JSON has boosters and vehicles, too.",
    responses=answers(LaunchPage, "A page of launches.", is_table=True, has_next=True),
)
def launches(house: InHouse, asked: Annotated[AskedLaunches, Query()], form: Form) -> Response:
    """A page of launches, and beside it what flies them."""
    if form == Media.JSON and asked.limit > JSON_ROWS_MAX_COUNT:
        raise BadInput(f"limit='{asked.limit}'", expected=PAGE_EXPECTED, field="limit")
    past = house.reader.past(asked.branch, asked.at)
    tick, twin = past.tick, past.moment.twin
    choice = Choice(asked.status, asked.outcome, asked.vehicle, asked.customer)
    found = launch_rows(twin, choice)
    end = asked.after + asked.limit
    address = _next(asked, tick, end) if end < len(found.rows) else None
    head = {**house.reader.head(tick), "matched_count": len(found.rows), "next": address}
    return table_response(
        form,
        head=head | (_fleet(twin, choice) if form == Media.JSON else {}),
        rows=msgspec.structs.replace(found, rows=found.rows[asked.after : end]),
        headers=tick_headers(tick) | link_to(address),
    )


def _fleet(twin: Twin, choice: Choice) -> dict[str, Any]:
    """Boosters and vehicles, which only JSON has room for."""
    boosters = booster_rows(twin, choice).as_dicts()
    return {
        "boosters_count": len(boosters),
        "boosters": boosters[:LIST_MAX_COUNT],
        "vehicles": vehicle_rows(twin, choice).as_dicts(),
    }


def _next(asked: AskedLaunches, tick: TickInfo, after: int) -> str:
    """The page after this one; of the same tick, so that pages do not tear."""
    return next_page(
        "/v1/launches",
        branch=tick.branch,
        at=instant_text(tick.tick_ns),
        status=asked.status,
        outcome=asked.outcome,
        vehicle=asked.vehicle,
        customer=asked.customer,
        limit=asked.limit,
        after=after,
    )
