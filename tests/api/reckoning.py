"""What the tests of ``/v1/why`` reckon figures with: nothing but the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx

from twin.views import VIEWS

Body = dict[str, Any]
MICRO = 1.1e-6
"""A part may be off by one micro-dollar."""


def said(client: httpx.Client, view: str, key: str, column: str) -> Body:
    asked = {"view": view, "key": key, "column": column}
    body: Body = client.get("/v1/why", params=asked).json()
    return body


def keys(client: httpx.Client, view: str) -> Iterator[tuple[str, Body]]:
    """Every row of a view with its key."""
    for row in client.get(f"/v1/{view}").json()["rows"]:
        yield ",".join(str(row[name]) for name in VIEWS[view].key_names), row


def worked_out(formula: str, terms: Body) -> float:
    """A formula of the answer with its terms in it; words begin where it no longer is one."""
    words = re.split(r", (?:where|and no more|rounded|0 at least|in whole|billed)", formula)[0]
    plain = words.replace("×", "*").replace("1,000,000", "1e6")
    return float(eval(plain, {}, terms))


def summed(body: Body) -> float:
    """The sum of the parts, each reckoned from its own terms."""
    return sum(worked_out(p["formula"], p["terms"]) for p in body["reckoning"]["parts"])
