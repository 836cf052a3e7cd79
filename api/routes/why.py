"""Where a figure comes from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.asked import AskedWhy
from api.house import InHouse, answers
from api.media import json_response
from api.reading import tick_headers
from api.schemas import Why
from api.why import column_of, explanation, row_of
from twin.views import VIEWS

router = APIRouter(tags=["twin"])


@router.get(
    "/v1/why",
    summary="Where a figure comes from, down to the frames",
    responses=answers(Why, "What is behind the figure."),
)
def why(house: InHouse, asked: Annotated[AskedWhy, Query()]) -> Response:
    """The figure with its unit and basis, the assumptions it rests on, the record and the frames
    behind it, and what those came to in integers.
    """
    view = VIEWS[asked.view]
    column = column_of(view, asked.column)
    tick = house.reader.tick(asked.at)
    past = house.reader.journal.twin(tick)
    row = row_of(past, view, asked.key, asked.label)
    body = explanation(past, view, column, row, size_bytes_of=house.telemetry.size_bytes_of)
    return json_response({**house.reader.head(tick), **body}, tick_headers(tick))
