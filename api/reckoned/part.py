"""One part of a reckoning, and the reckoning, as every answer says them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Part = dict[str, Any]
Reckoning = dict[str, Any]


def part(
    name: str, formula: str, terms: Mapping[str, Any], value: Any, *, unit: str = "usd"
) -> Part:
    """A part: what it is called, how it comes from its terms, and what it comes to."""
    return {"name": name, "formula": formula, "terms": terms, "value": value, "unit": unit}


def reckoned(
    formula: str, parts: Iterable[Part] = (), terms: Mapping[str, Any] | None = None
) -> Reckoning:
    """A figure: what is made of the terms and the parts."""
    return {"formula": formula, "terms": dict(terms or {}), "parts": list(parts)}
