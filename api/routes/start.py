"""Two pages for people: the fleet live, and the list of routes. Neither needs anything else."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse

from api.asked import NoParameters
from api.pages import query_text
from api.problems import problem_kinds

router = APIRouter(include_in_schema=False)

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
}


@router.get("/", response_class=HTMLResponse)
def start(_: NoParameters) -> HTMLResponse:
    """A page that follows /v1/stream."""
    return HTMLResponse(_page("start.html"), headers=HEADERS)


@router.get("/docs", response_class=HTMLResponse)
def docs(request: Request, _: NoParameters) -> HTMLResponse:
    """The routes and the kinds of problems."""
    schema = request.app.openapi()
    page = _page("docs.html")
    for mark, content in (("<!--routes-->", _routes(schema)), ("<!--problems-->", _problems())):
        page = page.replace(mark, content)
    return HTMLResponse(page, headers=HEADERS)


@router.get("/openapi.json")
def description(request: Request, _: NoParameters) -> JSONResponse:
    """The routes as OpenAPI describes them."""
    return JSONResponse(request.app.openapi())


@cache
def _page(name: str) -> str:
    return files("api").joinpath("html").joinpath(name).read_text(encoding="utf-8")


def _routes(schema: dict[str, Any]) -> str:
    return "".join(
        f'<article id="{escape(path)}"><h3><code>{escape(path)}</code></h3>'
        f"<p><b>{escape(operation['summary'])}.</b> {escape(operation['description'])}</p>"
        f"{_parameters(operation.get('parameters', []))}</article>"
        for path, operations in schema["paths"].items()
        for operation in operations.values()
    )


def _parameters(parameters: list[dict[str, Any]]) -> str:
    rows = "".join(
        f"<tr><td><code>{escape(said['name'])}</code></td><td>{escape(said['in'])}</td>"
        f"<td>{escape(said.get('description', ''))}{_example(said['schema'])}</td></tr>"
        for said in parameters
    )
    return f"<table>{rows}</table>" if rows else ""


def _example(schema: dict[str, Any]) -> str:
    examples = schema.get("examples")
    if not examples:
        return ""
    one = examples[0][0] if isinstance(examples[0], list) else examples[0]
    return f" <i>For example</i> <code>{escape(query_text(one))}</code>."


def _problems() -> str:
    rows = "".join(
        f'<tr id="{slug}"><td>{status}</td><td><code>{slug}</code></td>'
        f"<td>{escape(title)}</td></tr>"
        for slug, status, title in problem_kinds()
    )
    return f"<table>{rows}</table>"
