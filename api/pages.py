"""Answers that several routes give alike: a view after a tick, and links to the next page."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from api.asked import AskedOfBranch
from api.house import House
from api.media import table_response
from api.reading import tick_headers
from twin.views import View


def view_page(house: House, view: View, asked: AskedOfBranch, *, form: str) -> Response:
    """The rows of a view, filtered by its key columns."""
    filters = {name: getattr(asked, name) for name in view.key_names}
    tick, rows = house.reader.view(view, asked.branch, asked.at, filters)
    return table_response(form, head=house.reader.head(tick), rows=rows, headers=tick_headers(tick))


def next_page(path: str, **parameters: Any) -> str:
    """The address of a page; parameters without a value are left out."""
    said = {name: query_text(value) for name, value in parameters.items() if value is not None}
    return f"{path}?{urlencode(said)}"


def link_to(address: str | None) -> dict[str, str]:
    """The header that names the next page, if there is one."""
    return {"Link": f'<{address}>; rel="next"'} if address else {}


def query_text(value: object) -> str:
    """A value as it is written in a query."""
    return str(value).lower() if isinstance(value, bool) else str(value)
