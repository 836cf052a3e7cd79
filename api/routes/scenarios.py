"""What if: scenarios, shipped or posted, and what they come to. Live is only read."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from api.asked import AskedResult, NoParameters
from api.house import TICK_HEADERS, House, InHouse, answers
from api.limits import BODY_MAX_BYTES
from api.media import json_response
from api.pages import next_page
from api.posted import Named
from api.problems import TooLarge, UnsupportedMedia
from api.reading import reckoned, tick_headers
from api.schemas.edits import EDITS_SCHEMA, EXAMPLES
from api.schemas.scenarios import ScenarioList, ScenarioResult
from streams.comparison import as_plain
from streams.store import queries
from streams.store.queries import TickInfo
from streams.store.tables import LIVE
from twin.errors import BadInput
from twin.views import VIEWS
from twin.whatif.shipped import shipped_text

router = APIRouter(tags=["what if"])

PATH: Final = "/v1/scenarios"
JSON: Final = "application/json"
YAML: Final = ("application/yaml", "text/yaml", "text/plain", "application/x-yaml", "text/x-yaml")
SHIPPED: Final = "shell-loss"

_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "A scenario: `name`, `from` (an instant, or `start`), `edits`; and, if "
        "wanted, `until`, `description`.",
        "content": {
            **{
                media: {"schema": {"type": "string"}, "example": shipped_text(SHIPPED)}
                for media in YAML[:3]
            },
            JSON: {
                "schema": {
                    "type": "object",
                    "required": ["name", "from", "edits"],
                    "properties": {
                        "name": {"type": "string"},
                        "from": {"type": "string"},
                        "edits": EDITS_SCHEMA,
                        "until": {"type": "string", "format": "date-time"},
                        "description": {"type": "string"},
                    },
                },
                "example": {
                    "name": "One of each",
                    "from": "start",
                    "edits": list(EXAMPLES.values()),
                },
            },
        },
    }
}

_MADE: Final[dict[int | str, dict[str, Any]]] = {
    201: {
        "model": ScenarioResult,
        "description": "What it comes to.",
        "headers": {
            **TICK_HEADERS,
            "Location": {"description": "Where that can be read.", "schema": {"type": "string"}},
        },
    }
}

BranchPath = Annotated[
    str,
    Path(
        description="A scenario: the file name of a shipped one, or the `branch` that posting it "
        "answered.",
        examples=[SHIPPED],
        max_length=200,
    ),
]


async def posted(request: Request) -> tuple[str, bool]:
    """The text of the body, and whether it is JSON."""
    media = request.headers.get("content-type", YAML[0]).split(";")[0].strip().lower()
    if media != JSON and media not in YAML:
        raise UnsupportedMedia(
            f"Content-Type: {media[:100]}", expected=f"{YAML[0]} or {JSON}", field="Content-Type"
        )
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BODY_MAX_BYTES:
            raise TooLarge("a longer body", expected=f"{BODY_MAX_BYTES} bytes at most")
    try:
        return body.decode(), media == JSON
    except UnicodeDecodeError as error:
        raise BadInput(f"a body with byte {error.start} as it is", expected="UTF-8") from None


@router.post(
    PATH,
    status_code=201,
    summary="Run a scenario",
    responses=_MADE,
    openapi_extra=_BODY,
)
def run_scenario(
    house: InHouse, body: Annotated[tuple[str, bool], Depends(posted)], _: NoParameters
) -> Response:
    """Forks the journal, folds both pasts side by side to the newest tick (or `until`), and answers
    what is otherwise. Live is only read. The scenario is kept, and its branch can be asked about
    with `?branch=`: of any process that serves the folder, until many others were posted. The same
    scenario has the same branch.
    """
    text, is_json = body
    named = house.reader.branches.read(text, is_json=is_json)
    tick = house.reader.branch_tick(named, None)
    response = _result(house, named, tick)
    house.reader.branches.keep(named, tick)
    response.status_code = 201
    response.headers["Location"] = f"{PATH}/{named.branch}"
    return response


@router.get(
    PATH,
    summary="The scenarios at hand",
    responses={200: {"model": ScenarioList, "description": "Scenarios, with their text."}},
)
def scenarios(house: InHouse, _: NoParameters) -> Response:
    """Those that are shipped, and the last that were posted."""
    rows = [
        {
            "branch": named.branch,
            "name": named.scenario.name,
            "description": named.scenario.description,
            "is_shipped": named.is_shipped,
            "text": named.text,
            "href": f"{PATH}/{named.branch}",
        }
        for named in house.reader.branches.all()
    ]
    return json_response({"rows": rows}, {})


@router.get(
    f"{PATH}/{{branch}}",
    summary="What a scenario comes to",
    responses=answers(ScenarioResult, "Both futures side by side."),
)
def scenario(
    house: InHouse, branch: BranchPath, asked: Annotated[AskedResult, Query()]
) -> Response:
    """As it was answered when it was posted; with `at`, run to that instant. A shipped scenario
    need not be posted: without `at` it is run to the newest tick.
    """
    named = house.reader.branches.named(branch)
    tick = _posted_at(house, named) if asked.at is None else None
    return _result(house, named, tick or house.reader.branch_tick(named, asked.at))


def _posted_at(house: House, named: Named) -> TickInfo | None:
    """The tick a scenario was run to when it was posted."""
    if named.number is None:
        return None
    with house.reader.snapshot() as db:
        return queries.tick_numbered(db, LIVE, named.number)


def _result(house: House, named: Named, tick: TickInfo) -> Response:
    beside = house.reader.branches.beside(named, tick)
    with reckoned(named.branch):
        plain = as_plain(beside)
    body = {"branch": named.branch, **plain, "links": _links(named.branch, plain["until"])}
    of_branch = house.reader.branches.past(named, tick).past.tick
    return json_response(body, tick_headers(of_branch))


def _links(branch: str, at: str) -> dict[str, str]:
    return {
        "self": next_page(f"{PATH}/{branch}", at=at),
        **{name: next_page(f"/v1/{name}", branch=branch, at=at) for name in ("twin", *VIEWS)},
    }
