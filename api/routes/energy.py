"""The energy view."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.asked import AskedEnergy
from api.house import Accept, InHouse, answers
from api.pages import view_page
from api.schemas import VIEW_PAGES
from twin.views import ENERGY

router = APIRouter(tags=["views"])


@router.get(
    "/v1/energy",
    summary="Where each segment's power comes from and goes",
    responses=answers(VIEW_PAGES["energy"], "Rows by label and key.", is_table=True),
)
def energy(
    house: InHouse, asked: Annotated[AskedEnergy, Query()], accept: Accept = "*/*"
) -> Response:
    """Sources, uses and losses of power to the milliwatt, batteries, sunlight and temperatures, by
    segment and site.
    """
    return view_page(house, ENERGY, asked, accept=accept)
