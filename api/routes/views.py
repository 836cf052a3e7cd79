"""One route for each view, made from its definition: its rows after a tick, filtered by key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.asked import AskedOfBranch, asked_of
from api.described import Form
from api.house import InHouse, answers
from api.pages import view_page
from api.schemas.answers import VIEW_PAGES
from twin.views import VIEWS, View

router = APIRouter(tags=["views"])

DETAILS: Final = {
    "capacity": "Installed, healthy, available and delivered quantities of each resource. "
    "Quantities of two rows add up only within one resource and label.",
    "energy": "Sources, uses and losses of power to the milliwatt, batteries, sunlight and "
    "temperatures.",
    "revenue": "What each line earned of whom in the tick, its costs and, for closed years, the "
    "filing. Consolidated revenue is the sum of `recognised_usd` over all rows.",
    "calibration": "The error of every filed line of every closed year, and what it rests on.",
    "commitments": "What is promised, had and left, the error budget of the window, and the time "
    "until it breaks.",
    "commitment_windows": "A row in the tick in which a window closes, and none in any other; "
    "`/v1/history/commitment_windows` has all of them.",
    "costs": "Orbit and ground by assumption set. Every figure rests on assumptions alone.",
    "ownership": "Shares, votes and look-through ownership. Shares of one company and class sum "
    "to the issued count.",
    "risk": "What hangs on each node, whether it is a single point of failure, and what remains "
    "without it.",
    "health": "Streams expected and reported, delay, late, duplicate and quarantined input.",
}
"""What a client should know of a view beyond its meaning and its columns; every view has some."""


def _page_of(view: View) -> Callable[..., Response]:
    def page(house: InHouse, asked: AskedOfBranch, form: Form) -> Response:
        return view_page(house, view, asked, form=form)

    # FastAPI reads the parameters off the annotations, and each view has filters of its own.
    page.__annotations__["asked"] = Annotated[asked_of(view), Query()]
    page.__name__ = view.name
    return page


def _description(view: View) -> str:
    keys = ", ".join(f"`{name}`" for name in view.key_names)
    return f"{DETAILS[view.name]} One row for each {keys} and label."


for _view in VIEWS.values():
    router.add_api_route(
        f"/v1/{_view.name}",
        _page_of(_view),
        summary=_view.meaning.rstrip("."),
        description=_description(_view),
        responses=answers(VIEW_PAGES[_view.name], "Rows by label and key.", is_table=True),
    )
