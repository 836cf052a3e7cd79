"""The capacity view."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.asked import AskedCapacity
from api.house import Accept, InHouse, answers
from api.pages import view_page
from api.schemas import VIEW_PAGES
from twin.views import CAPACITY

router = APIRouter(tags=["views"])


@router.get(
    "/v1/capacity",
    summary="What each segment can do, and what limits it",
    responses=answers(VIEW_PAGES["capacity"], "Rows by label and key.", is_table=True),
)
def capacity(
    house: InHouse, asked: Annotated[AskedCapacity, Query()], accept: Accept = "*/*"
) -> Response:
    """Installed, healthy, available and delivered quantities of each resource, by segment and
    region. Quantities of two rows add up only within one resource and label.
    """
    return view_page(house, CAPACITY, asked, accept=accept)
