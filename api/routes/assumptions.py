"""Assumptions: the numbers nobody measured, as in force at an instant."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from api.asked import AskedAssumptions, AskedOfBranch
from api.house import InHouse, answers
from api.media import json_response
from api.pages import link_to, next_page
from api.problems import Unknown
from api.reading import tick_headers
from api.schemas.answers import AssumptionPage, OneAssumption
from api.why import assumption_body
from twin.suggest import nearest
from twin.units import instant_text

router = APIRouter(tags=["twin"])

Name = Annotated[
    str,
    Path(
        description="The name of the assumption.",
        examples=["class.v2-mini.battery_wh"],
        max_length=200,
    ),
]


@router.get(
    "/v1/assumptions",
    summary="The assumptions in force",
    responses=answers(AssumptionPage, "A page of assumptions.", has_next=True),
)
def assumptions(house: InHouse, asked: Annotated[AskedAssumptions, Query()]) -> Response:
    """Every number nobody measured, by name, with its value, unit, date, source and confidence."""
    past = house.reader.past(asked.branch, asked.at)
    tick, known = past.tick, past.moment.twin.registry.assumptions
    matching = [
        fact
        for name, fact in sorted(known.items())
        if name.startswith(asked.prefix or "") and asked.confidence in (None, fact.confidence)
    ]
    page = [fact for fact in matching if fact.name > (asked.after or "")]
    address = None
    if len(page) > asked.limit:
        address = next_page(
            "/v1/assumptions",
            branch=tick.branch,
            at=instant_text(tick.tick_ns),
            prefix=asked.prefix,
            confidence=asked.confidence,
            limit=asked.limit,
            after=page[asked.limit - 1].name,
        )
    body = {
        **house.reader.head(tick),
        "matched_count": len(matching),
        "next": address,
        "rows": [assumption_body(fact) for fact in page[: asked.limit]],
    }
    return json_response(body, tick_headers(tick) | link_to(address))


@router.get(
    "/v1/assumptions/{name}",
    summary="One assumption",
    responses=answers(OneAssumption, "The assumption."),
)
def assumption(house: InHouse, name: Name, asked: Annotated[AskedOfBranch, Query()]) -> Response:
    """The assumption as it is in force now, or was at an instant."""
    past = house.reader.past(asked.branch, asked.at)
    tick, known = past.tick, past.moment.twin.registry.assumptions
    if name not in known:
        raise Unknown(f"name={name!r}", expected=nearest(name, known), field="name")
    body = {**house.reader.head(tick), "assumption": assumption_body(known[name])}
    return json_response(body, tick_headers(tick))
