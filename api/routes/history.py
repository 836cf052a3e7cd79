"""A view over a period, rolled up to steps."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from api.asked import EXAMPLE_VIEW, AskedHistory, AskedViewHistory
from api.described import Form
from api.history import period_rows
from api.house import InHouse, answers
from api.media import table_response
from api.reading import tick_headers
from api.schemas.answers import HistoryPage
from twin.units import NS_PER_S, instant_text

router = APIRouter(tags=["views"])

ViewPath = Annotated[
    str, Path(description="A view by name.", examples=[EXAMPLE_VIEW], max_length=50)
]


def history(house: InHouse, view: ViewPath, asked: AskedHistory, form: Form) -> Response:
    """Rows of every tick, or one row per key and step. Each column is rolled up in its own way:
    sum, mean, lowest, highest, last. A step is named by its end. Ask for a larger step, a shorter
    period or one segment when there are too many.
    """
    found = period_rows(house.reader, view, asked)
    head = {
        **house.reader.head(found.newest),
        "view": view,
        "from": instant_text(found.from_ns),
        "to": instant_text(found.to_ns),
        "step_s": asked.step / NS_PER_S if asked.step is not None else None,
    }
    return table_response(form, head=head, rows=found.rows, headers=tick_headers(found.newest))


# FastAPI reads the parameters off the annotations; those of the views' keys are made, not written.
history.__annotations__["asked"] = Annotated[AskedViewHistory, Query()]
router.add_api_route(
    "/v1/history/{view}",
    history,
    summary="A view over a period",
    responses=answers(HistoryPage, "Rows, oldest first.", is_table=True),
)
