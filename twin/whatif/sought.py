"""What the drops of a scenario found, and what there was to find: for those that match nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from twin.suggest import nearest
from twin.whatif.plan import Dropping

VALUES_MAX_COUNT: Final = 500
"""Different values of a field that are remembered: enough to find the nearest among them."""


class Sought(msgspec.Struct, frozen=True):
    """What a drop came upon while it held.

    ``seen`` are values of the fields it asks for, until it finds an event; none where it asks for
    nothing but the kind.
    """

    events_count: int = 0
    is_found: bool = False
    seen: Mapping[str, tuple[Any, ...]] = {}

    def looked_at(self, dropping: Dropping, told: Mapping[str, Any]) -> Sought:
        """The same after one more event of the kind, which is meant or not."""
        if self.is_found:
            return self
        if is_meant(dropping, told):
            return replace(self, is_found=True, seen={})
        seen = {name: _with(self.seen.get(name, ()), told.get(name)) for name in dropping.where}
        return replace(self, events_count=self.events_count + 1, seen=seen)


def is_meant(dropping: Dropping, told: Mapping[str, Any]) -> bool:
    """Whether a drop means an event of its kind that says this."""
    return all(told.get(name) == value for name, value in dropping.where.items())


def note_on(dropping: Dropping, sought: Sought) -> str:
    """What to know of a drop that no event matches; empty for one that found some."""
    if sought.is_found:
        return ""
    if not sought.events_count:
        return f"drop {dropping.kind}: no event matches: none of that kind is told while it holds"
    strange = [
        f"none has {name}={value!r}, expected {_nearest(value, sought.seen.get(name, ()))}"
        for name, value in dropping.where.items()
        if value not in sought.seen.get(name, ())
    ]
    why = "; ".join(strange) or f"none has {' and '.join(dropping.where)} as given at once"
    count = f"of {sought.events_count:,}" if sought.events_count > 1 else "of the one"
    return f"drop {dropping.kind}: no event matches: {count} told while it holds {why}"


def _with(seen: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    is_listed = value in seen or isinstance(value, dict | list | tuple)
    return seen if is_listed or len(seen) >= VALUES_MAX_COUNT else (*seen, value)


def _nearest(given: Any, seen: tuple[Any, ...]) -> str:
    """The nearest of some values; those of another type are written as JSON writes them."""
    if not seen:
        return "a plain value, which that field does not have"
    words = (v if isinstance(v, str) else msgspec.json.encode(v).decode() for v in seen)
    return nearest(given if isinstance(given, str) else str(given), words)
