"""The application, put together: what is opened when it starts and closed when it stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from sqlalchemy import Engine

from api.branches import Branches
from api.described import form_of, refuse_repeated
from api.door import Door
from api.feed import Feed
from api.house import PROBLEMS, House
from api.journal import Journal
from api.limits import Limits
from api.metrics import RequestCounts, RunningSums
from api.posted import Posted
from api.problems import PROBLEM_JSON, handle_problems
from api.reading import Reader
from api.routes import (
    alerts,
    assumptions,
    dead_letters,
    events,
    frames,
    history,
    launches,
    operations,
    satellites,
    scenarios,
    start,
    stream,
    twin,
    views,
    why,
    workloads,
)
from api.shelf import Shelf
from api.telemetry import Telemetry
from streams.retrying import until_available
from streams.settings import Settings, open_the_log
from streams.store.database import open_database

VERSION: Final = "1"
ROUTES: Final = (
    start,
    twin,
    views,
    history,
    satellites,
    launches,
    workloads,
    frames,
    why,
    scenarios,
    assumptions,
    alerts,
    dead_letters,
    events,
    stream,
    operations,
)


def _database(settings: Settings) -> Engine:
    return until_available(
        lambda: open_database(settings.database_url), retry_max_s=settings.retry_max_s
    )


def create_app(
    settings: Settings, *, limits: Limits | None = None, clock_ns: Callable[[], int] = time.time_ns
) -> FastAPI:
    """The API of one installation; database and log are opened when it is started.

    It writes nothing but the scenarios that are posted, as files. So any number of it may run
    beside the workers, and all of them know these.
    """
    bounds = limits or Limits(scenario_ticks_max_count=settings.scenario_ticks)
    counts = RequestCounts()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        engine = await asyncio.to_thread(_database, settings)
        log = open_the_log(settings)
        journal = Journal(log, engine, twins_count=bounds.twins_in_memory_count)
        posted = Posted(settings.directory / "scenarios")
        branches = Branches(log, engine, journal, posted, bounds)
        reader = Reader(engine, journal, branches, clock_ns=clock_ns)
        shelf = Shelf(log, max_bytes=bounds.frames_in_memory_bytes)
        feed = Feed(reader, bounds)
        app.state.house = House(
            reader, shelf, Telemetry(reader, shelf), feed, counts, RunningSums(), clock_ns
        )
        following = asyncio.create_task(feed.run())
        try:
            yield
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
            log.close()
            engine.dispose()

    app = FastAPI(
        title="SpaceX + xAI twin",
        version=VERSION,
        description="What the merged group can do now, could do at any past instant, and why.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(form_of), Depends(refuse_repeated)],
        responses=PROBLEMS,
    )
    app.add_middleware(Door, counts=counts)
    handle_problems(app)
    for module in ROUTES:
        app.include_router(module.router)
    app.openapi = _described_once(app)  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def _described_once(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The OpenAPI description: FastAPI's, with problems under their own media type."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            for operations_of_path in schema["paths"].values():
                for operation in operations_of_path.values():
                    _with_problem_media(operation["responses"])
            app.openapi_schema = schema
        return app.openapi_schema

    return described


def _with_problem_media(responses: dict[str, Any]) -> None:
    for status, response in responses.items():
        if status[0] in "45":
            (problem,) = response["content"].values()
            response["content"] = {PROBLEM_JSON: problem}
