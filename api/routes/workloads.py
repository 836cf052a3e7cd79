"""Work: what wants a share of the fleet, what it is granted, and who displaces it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.asked_group import AskedWorkloads
from api.house import House, InHouse, answers
from api.media import json_response
from api.reading import tick_headers
from api.schemas.group import WorkloadPage
from api.workloads import Row, placement_row, workload_rows
from streams.store import queries
from streams.store.queries import TickInfo
from streams.store.tables import LIVE

CHANGES_MAX_COUNT = 100

router = APIRouter(tags=["group"])


@router.get(
    "/v1/workloads",
    summary="What wants a share of the fleet, and what it gets",
    responses=answers(WorkloadPage, "Services, work, promises and sales."),
)
def workloads(house: InHouse, asked: Annotated[AskedWorkloads, Query()]) -> Response:
    """Every service by what users ask of it, every workload with its progress, and the promises and
    contracts that are served before them: what each wants, what each pool grants it, and, where
    something is displaced, who holds it. `changes` say since when work runs where it does; of a
    branch none are kept.
    """
    past = house.reader.past(asked.branch, asked.at)
    tick = past.tick
    body = {
        **house.reader.head(tick),
        "rows": workload_rows(past.moment.twin, asked.service),
        "changes": _changes(house, tick) if asked.branch == LIVE else None,
    }
    return json_response(body, tick_headers(tick))


def _changes(house: House, tick: TickInfo) -> list[Row]:
    with house.reader.snapshot() as db:
        found = queries.placements(db, LIVE, at_ns=tick.tick_ns, limit=CHANGES_MAX_COUNT)
    return [placement_row(each) for each in found]
