"""The health view."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.asked import AskedHealth
from api.house import Accept, InHouse, answers
from api.pages import view_page
from api.schemas import VIEW_PAGES
from twin.views import HEALTH

router = APIRouter(tags=["views"])


@router.get(
    "/v1/health",
    summary="Who speaks to the twin, how late, and what was unusable",
    responses=answers(VIEW_PAGES["health"], "Rows by label and key.", is_table=True),
)
def health(
    house: InHouse, asked: Annotated[AskedHealth, Query()], accept: Accept = "*/*"
) -> Response:
    """Streams expected and reported, delay, late, duplicate and quarantined input, by source."""
    return view_page(house, HEALTH, asked, accept=accept)
