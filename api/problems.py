"""Errors as problem details (RFC 9457): one map from the error tree to HTTP.

Starlette looks a handler up along the class hierarchy, and so does this map. What is not in it is
our own fault: the client is told that, and no more; the log is told all.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from twin.errors import BadInput, NotFound, NotKept, Poison, TwinError, Unavailable
from twin.suggest import nearest

PROBLEM_JSON: Final = "application/problem+json"
RETRY_AFTER_S: Final = 1
SHOWN_MAX_COUNT: Final = 200
"""Characters of what was given that are repeated in an answer."""

log_line = structlog.get_logger("api")


class NotAcceptable(BadInput):
    """No form of the answer is one the client accepts."""


class TooLarge(BadInput):
    """The body of a request is larger than any route wants."""


class Busy(Unavailable):
    """A limit on what runs at the same time is reached."""


STATUSES: Final[dict[type[Exception], tuple[int, str]]] = {
    NotAcceptable: (406, "not-acceptable"),
    TooLarge: (413, "too-large"),
    Busy: (429, "busy"),
    BadInput: (422, "bad-input"),
    NotFound: (404, "not-found"),
    NotKept: (410, "not-kept"),
    Unavailable: (503, "not-ready"),
    OperationalError: (503, "not-ready"),
    PoolTimeout: (503, "not-ready"),
    # A stored message that cannot be read is our loss, not the client's mistake.
    Poison: (500, "internal"),
    TwinError: (500, "internal"),
    Exception: (500, "internal"),
}

TITLES: Final = {
    "bad-input": "A parameter is not what it must be",
    "not-acceptable": "No such form of the answer",
    "not-found": "It does not exist",
    "not-kept": "It is no longer kept",
    "too-large": "The request is too large",
    "busy": "Too much at once",
    "not-ready": "Not ready yet",
    "method-not-allowed": "Only GET is answered here",
    "internal": "Our fault",
}


class FieldProblem(BaseModel):
    """One parameter that is not what it must be."""

    model_config = ConfigDict(extra="forbid")

    field: str = Field(description="The parameter, header or part of the path.")
    detail: str = Field(description="What was given and what was expected.")


class Problem(BaseModel):
    """What went wrong, and what to do (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="Names the kind of problem; see /docs.")
    title: str = Field(description="The kind in words.")
    status: int = Field(description="The HTTP status.", ge=400, le=599)
    detail: str = Field(description="This case: what was given, what was expected, what to do.")
    instance: str = Field(description="The path that was asked for.")
    field: str | None = Field(None, description="The parameter at fault.")
    given: str | None = Field(None, description="What was given.")
    expected: str | None = Field(None, description="What would have been right.")
    remedy: str | None = Field(None, description="What to do.")
    earliest: str | None = Field(None, description="The first instant still kept (410).")
    errors: list[FieldProblem] | None = Field(None, description="Each parameter at fault.")


def handle_problems(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""
    for kind in (TwinError, OperationalError, PoolTimeout, Exception):
        app.add_exception_handler(kind, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)


def problem_response(path: str, error: Exception) -> Response:
    """The answer to an error of the tree, or of the database; others are hidden."""
    status, slug = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    members: dict[str, Any] = {}
    detail = "The cause is in the log of the server."
    if status != 500:
        detail = "The database does not answer in time; try again."
    if isinstance(error, TwinError) and status != 500:
        detail = str(error)
        members = {
            "field": getattr(error, "field", ""),
            "given": error.given[:SHOWN_MAX_COUNT],
            "expected": error.expected,
            "remedy": error.remedy,
            "earliest": getattr(error, "earliest", ""),
        }
    retry = {"Retry-After": str(RETRY_AFTER_S)} if status in (429, 503) else None
    return _response(path, status, slug, detail, members, headers=retry)


async def _on_error(request: Request, error: Exception) -> Response:
    response = problem_response(request.url.path, error)
    if response.status_code == 500:
        log_line.error("request failed", path=request.url.path, error=repr(error)[:500])
    return response


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = [_field_problem(said) for said in error.errors()]
    detail = "; ".join(said["detail"] for said in errors)
    members = {"field": errors[0]["field"], "errors": errors}
    return _response(request.url.path, 422, "bad-input", detail, members)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == 404:
        known = nearest(path, request.app.openapi()["paths"])
        lost = NotFound(path[:SHOWN_MAX_COUNT], expected=known, remedy="/docs lists every route")
        return problem_response(path, lost)
    slug = "method-not-allowed" if error.status_code == 405 else "bad-input"
    headers = dict(error.headers) if error.headers else None
    return _response(path, error.status_code, slug, str(error.detail), {}, headers=headers)


def _field_problem(said: dict[str, Any]) -> dict[str, str]:
    place = [str(part) for part in said["loc"][1:]] or [str(said["loc"][0])]
    if said["type"] == "missing":
        return {"field": place[0], "detail": f"{place[0]} is missing"}
    given = str(said.get("input"))[:SHOWN_MAX_COUNT]
    return {"field": place[0], "detail": f"{'.'.join(place)}={given!r}: {said['msg']}"}


def _response(
    path: str,
    status: int,
    slug: str,
    detail: str,
    members: dict[str, Any],
    *,
    headers: dict[str, str] | None = None,
) -> Response:
    body = {
        "type": f"/docs#{slug}",
        "title": TITLES[slug] if status != 400 else HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": path[:SHOWN_MAX_COUNT],
        **{name: value for name, value in members.items() if value},
    }
    return Response(msgspec.json.encode(body), status, headers, media_type=PROBLEM_JSON)


def problem_kinds() -> Sequence[tuple[str, int, str]]:
    """Every kind of problem: its name, status and title."""
    statuses = {slug: status for status, slug in STATUSES.values()} | {"method-not-allowed": 405}
    return [(slug, statuses[slug], title) for slug, title in TITLES.items()]
