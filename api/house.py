"""What the routes share: the rooms they read from, and how they describe their answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends, Request
from pydantic import BaseModel

from api.feed import Feed
from api.media import Media
from api.metrics import RequestCounts, RunningSums
from api.problems import Problem
from api.reading import Reader
from api.shelf import Shelf
from api.telemetry import Telemetry


class House(msgspec.Struct, frozen=True):
    """Everything that is open while the application runs."""

    reader: Reader
    shelf: Shelf
    telemetry: Telemetry
    feed: Feed
    counts: RequestCounts
    sums: RunningSums
    clock_ns: Callable[[], int]


def house_of(request: Request) -> House:
    """The house of the application that got the request."""
    house: House = request.app.state.house
    return house


InHouse = Annotated[House, Depends(house_of)]

TICK_HEADERS: Final = {
    name: {"description": meaning, "schema": {"type": "string"}}
    for name, meaning in (
        ("Twin-Branch", "Whose past the answer is of."),
        ("Twin-Tick", "The tick the answer is of: its end (RFC 3339, UTC)."),
        ("Twin-Hash", "The state hash of that tick."),
    )
}
LINK_HEADER: Final = {
    "Link": {"description": 'rel="next": the next page.', "schema": {"type": "string"}}
}

PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"model": Problem, "description": "What is wrong with the request, and what to do."},
    503: {
        "model": Problem,
        "description": "Not ready: nothing is committed yet, or database or log cannot be read, "
        "or they do not belong together; `remedy` says what must be done first, if anything.",
        "headers": {
            "Retry-After": {
                "description": "Seconds to wait before trying again.",
                "schema": {"type": "integer"},
            }
        },
    },
}


def answers(
    model: type[BaseModel], meaning: str, *, is_table: bool = False, has_next: bool = False
) -> dict[int | str, dict[str, Any]]:
    """The description of a good answer: its model, its other forms, its headers."""
    forms: dict[str, Any] = (
        {str(media): {} for media in Media if media is not Media.JSON} if is_table else {}
    )
    return {
        200: {
            "model": model,
            "description": meaning,
            "headers": TICK_HEADERS | (LINK_HEADER if has_next else {}),
            "content": forms,
        }
    }
