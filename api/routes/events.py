"""The journal's events, as JSON Lines."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.asked import AskedEvents
from api.house import LINK_HEADER, TICK_HEADERS, InHouse
from api.media import JSON_LINES
from api.pages import link_to, next_page
from api.past_events import events_after
from api.reading import tick_headers
from api.schemas.answers import EventLine

router = APIRouter(tags=["journal"])

NEXT_AFTER = "Next-After"
LINES = f"Objects with {', '.join(EventLine.model_fields)}, one a line."

_DESCRIBED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One event a line. `Next-After` is where to read on, now or later; `Link` "
        "is there while more lines wait.",
        "content": {JSON_LINES: {"schema": {"type": "string", "description": LINES}}},
        "headers": TICK_HEADERS
        | LINK_HEADER
        | {NEXT_AFTER: {"description": "The cursor to go on.", "schema": {"type": "string"}}},
    }
}


class JsonLines(Response):
    """One JSON object a line."""

    media_type = JSON_LINES


@router.get(
    "/v1/events",
    summary="Every event of the journal, in order",
    response_class=JsonLines,
    responses=_DESCRIBED,
)
def events(house: InHouse, asked: Annotated[AskedEvents, Query()]) -> Response:
    """A bounded page of lines, each an event with its name, kind, nature and body, and the cursor
    to resume from. A page may be empty and yet have a next one, when few events are of the kind
    asked for.
    """
    page = events_after(house.reader, asked)
    address = None
    if page.has_more:
        address = next_page(
            "/v1/events", after=page.cursor_text, kind=asked.kind, limit=asked.limit
        )
    headers = tick_headers(page.newest) | {NEXT_AFTER: page.cursor_text} | link_to(address)
    return JsonLines(b"".join(page.lines), headers=headers)
