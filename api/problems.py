"""Errors as problem details (RFC 9457): one map from the error tree to HTTP.

Starlette looks a handler up along the class hierarchy, and so does this map. What is not in it is
our own fault: the client is told that, and no more; the log is told all.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
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

from api.described import SHOWN_MAX_COUNT, NotAcceptable, faults_of, shown
from twin.errors import BadInput, NotFound, NotKept, Poison, TwinError, Unavailable
from twin.suggest import nearest

PROBLEM_JSON: Final = "application/problem+json"
RETRY_AFTER_S: Final = 1
GIVEN_MAX_COUNT: Final = 2 * SHOWN_MAX_COUNT
"""Characters of a sentence about what was given: its name, and what is repeated of its value."""

ALLOWED: Final = "GET, HEAD, OPTIONS"
ALSO_POSTED: Final = ("/v1/scenarios",)
"""Paths that take a POST besides."""

log_line = structlog.get_logger("api")


class Unknown(NotFound):
    """A name that nothing has; ``field`` is the parameter, or part of the path, that holds it."""

    def __init__(self, given: str, *, field: str, expected: str = "", remedy: str = "") -> None:
        super().__init__(given, expected=expected, remedy=remedy)
        self.field = field


def require_known(field: str, given: str, known: Collection[str]) -> None:
    """``Unknown`` for a name that is none of these, with the nearest of them."""
    if given not in known:
        raise Unknown(f"{field}={shown(given)!r}", expected=nearest(given, known), field=field)


class MethodNotAllowed(BadInput):
    """The path exists, but does not take this method."""


class TooLarge(BadInput):
    """The body of a request is larger than any route wants."""


class UnsupportedMedia(BadInput):
    """A body in a form that nobody here reads."""


class Busy(Unavailable):
    """A limit on what runs at the same time is reached."""


STATUSES: Final[dict[type[Exception], tuple[int, str]]] = {
    MethodNotAllowed: (405, "method-not-allowed"),
    NotAcceptable: (406, "not-acceptable"),
    TooLarge: (413, "too-large"),
    UnsupportedMedia: (415, "unsupported-media"),
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
    "bad-input": "What was asked or sent is not what it must be",
    "not-acceptable": "The answer has no such form",
    "not-found": "It does not exist",
    "not-kept": "It is not kept in this log",
    "too-large": "The request is too large",
    "unsupported-media": "A body in this form cannot be read",
    "busy": "Too much is going on at once",
    "not-ready": "Not ready yet",
    "method-not-allowed": "Nothing can be written here",
    "internal": "The fault is ours",
}


class Fault(BaseModel):
    """One parameter that is not what it must be."""

    model_config = ConfigDict(extra="forbid")

    field: str = Field(description="The parameter, header or part of the path.")
    detail: str = Field(description="What was given and what was expected, in one sentence.")
    given: str = Field(description="What was given.")
    expected: str | None = Field(None, description="What would have been right.")
    remedy: str | None = Field(None, description="What to do about it.")


class Problem(BaseModel):
    """What went wrong, and what to do about it (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(description="The kind of problem; /docs explains each.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status.", ge=400, le=599)
    detail: str = Field(
        description="This case in one sentence: what was given, what was expected, what to do."
    )
    instance: str = Field(description="The path that was asked for.")
    field: str | None = Field(
        None, description="The parameter, header or part of the path that is at fault."
    )
    given: str | None = Field(None, description="What was given.")
    expected: str | None = Field(None, description="What would have been right.")
    remedy: str | None = Field(None, description="What to do about it.")
    earliest: str | None = Field(
        None, description="The first instant, or offset, that this log still holds (410 only)."
    )
    line: int | None = Field(None, description="The line of a scenario that is at fault, from 1.")
    errors: list[Fault] | None = Field(
        None, description="Every parameter at fault, where there are several."
    )


def handle_problems(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""
    for kind in (TwinError, OperationalError, PoolTimeout, Exception):
        app.add_exception_handler(kind, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)


def allowed_at(path: str) -> str:
    """The methods of a path, as the header ``Allow`` has them."""
    return f"{ALLOWED}, POST" if path in ALSO_POSTED else ALLOWED


def problem_response(path: str, *errors: Exception) -> Response:
    """The answer to errors of one kind; what is our own fault is hidden."""
    status, slug = _status(errors[0])
    said = [_members(error) for error in errors]
    body = {
        "type": f"/docs#{slug}",
        "title": TITLES[slug],
        "status": status,
        **said[0],
        "detail": ". ".join(one["detail"] for one in said),
        "instance": shown(path),
    }
    if len(said) > 1:
        body["errors"] = said
    headers = {"Retry-After": str(RETRY_AFTER_S)} if status in (429, 503) else None
    return Response(msgspec.json.encode(body), status, headers, media_type=PROBLEM_JSON)


def _status(error: Exception) -> tuple[int, str]:
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def _members(error: Exception) -> dict[str, Any]:
    """What may be told of an error; members that it does not have are left out."""
    if _status(error)[0] == 500:
        return {"detail": "The request could not be answered; the server's log says why"}
    if not isinstance(error, TwinError):
        return {"detail": "The database does not answer in time", "remedy": "try again"}
    members: dict[str, Any] = {"detail": str(error), "given": error.given[:GIVEN_MAX_COUNT]}
    for name in ("field", "expected", "remedy", "earliest", "line"):
        if value := getattr(error, name, ""):
            members[name] = value
    return members


async def _on_error(request: Request, error: Exception) -> Response:
    response = problem_response(request.url.path, error)
    if response.status_code == 500:
        log_line.error("request failed", path=request.url.path, error=repr(error)[:500])
    return response


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_response(request.url.path, *faults_of(request, error.errors()))


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    refused: TwinError = BadInput(str(error.detail))
    if error.status_code == 405:
        refused = MethodNotAllowed(
            f"{request.method} {shown(path)}", expected=f"one of {allowed_at(path)}"
        )
    if error.status_code == 404:
        known = nearest(path, request.app.openapi()["paths"])
        refused = NotFound(
            f"path {shown(path)!r}", expected=known, remedy="/docs lists every route"
        )
    return problem_response(path, refused)


def problem_kinds() -> Sequence[tuple[str, int, str]]:
    """Every kind of problem: its name, status and title."""
    statuses = {slug: status for status, slug in STATUSES.values()}
    return [(slug, statuses[slug], title) for slug, title in TITLES.items()]
