"""What holds for every request, before and after its route: HEAD, OPTIONS, bodies, counting."""

from __future__ import annotations

from typing import Final

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.limits import BODY_MAX_BYTES
from api.metrics import RequestCounts
from api.problems import TooLarge, allowed_at, problem_response

COMMON_HEADERS: Final = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"}


class Door:
    """An ASGI application around the routes."""

    def __init__(self, app: ASGIApp, *, counts: RequestCounts) -> None:
        self._app, self._counts = app, counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = _with_common_headers(_with_allowed(message, scope))
                route = getattr(inner.get("route"), "path", "none")
                self._counts.add(route, scope["method"], message["status"])
            await send(message)

        if (too_large := _too_large(scope)) is not None:
            response = problem_response(scope["path"], too_large)
            await response(scope, receive, answer)
        elif scope["method"] in ("HEAD", "OPTIONS"):
            await self._start_only(inner, receive, answer)
        else:
            await self._app(inner, receive, answer)

    async def _start_only(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The head of the answer; its body is not made, for that of a stream has no end."""
        async with anyio.create_task_group() as group:

            async def start_only(message: Message) -> None:
                if message["type"] == "http.response.start":
                    await send(message)
                    await send({"type": "http.response.body", "body": b""})
                    group.cancel_scope.cancel()

            await self._app(scope, receive, start_only)


def _too_large(scope: Scope) -> TooLarge | None:
    """Refused by what its header says; a route that reads a body counts for itself besides."""
    said = Headers(scope=scope).get("content-length", "0")
    length = int(said) if said.isdecimal() else 0
    if length <= BODY_MAX_BYTES:
        return None
    return TooLarge(f"a body of {length} bytes", expected=f"{BODY_MAX_BYTES} bytes at most")


def _with_allowed(message: Message, scope: Scope) -> Message:
    """Where GET is routed HEAD and OPTIONS are answered too; a 405 proves the path exists."""
    if message["status"] != 405:
        return message
    allowed = (b"allow", allowed_at(scope["path"]).encode())
    headers = [(name, value) for name, value in message["headers"] if name != b"allow"]
    if scope["method"] == "OPTIONS":
        return {**message, "status": 204, "headers": [allowed]}
    return {**message, "headers": [*headers, allowed]}


def _with_common_headers(message: Message) -> Message:
    headers = MutableHeaders(raw=list(message["headers"]))
    for name, value in COMMON_HEADERS.items():
        headers.setdefault(name, value)
    return {**message, "headers": headers.raw}
