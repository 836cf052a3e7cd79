"""Work: what wants a share of the fleet, what it is granted, and who displaces it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.asked_group import AskedWorkloads
from api.house import InHouse, answers
from api.media import json_response
from api.reading import tick_headers
from api.schemas_group import WorkloadPage
from api.workloads import workload_rows

router = APIRouter(tags=["group"])


@router.get(
    "/v1/workloads",
    summary="What wants a share of the fleet, and what it gets",
    responses=answers(WorkloadPage, "Services, work, promises and sales."),
)
def workloads(house: InHouse, asked: Annotated[AskedWorkloads, Query()]) -> Response:
    """Every service by what users ask of it, every workload with its progress, and the promises and
    contracts that are served before them: what each wants, what each pool grants it, and, where
    something is displaced, who holds it.
    """
    past = house.reader.past(asked.branch, asked.at)
    tick, rows = past.tick, workload_rows(past.moment.twin, asked.service)
    body = {**house.reader.head(tick), "rows": rows}
    return json_response(body, tick_headers(tick))
