"""Dead letters: every input that was not applied, with its reason."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.asked import AskedDeadLetters
from api.house import InHouse, answers
from api.media import json_response
from api.reading import standing, tick_headers
from api.schemas.answers import DeadLetterPage
from api.shapes import said_instant
from streams.store import queries
from streams.store.queries import RowDict
from streams.store.tables import LIVE

router = APIRouter(tags=["operations"])

NAMES = ("event_id", "kind", "stage", "reason", "digest", "topic", "partition", "offset")


@router.get(
    "/v1/dead-letters",
    summary="Inputs that could not be used, and why",
    responses=answers(DeadLetterPage, "The dead letters."),
)
def dead_letters(house: InHouse, asked: Annotated[AskedDeadLetters, Query()]) -> Response:
    """Unreadable, conflicting or refused input, newest first, with its reason and its place."""
    with house.reader.snapshot() as db:
        tick = standing(db, None)
        rows = queries.dead_letters(db, LIVE, limit=asked.limit)
    body = {**house.reader.head(tick), "rows": [_body(row) for row in rows]}
    return json_response(body, tick_headers(tick))


def _body(row: RowDict) -> dict[str, Any]:
    return {name: row[name] for name in NAMES} | {"tick": said_instant(row["tick_ns"])}
