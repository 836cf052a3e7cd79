"""The nearest right name, for errors about a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from twin.errors import BadInput


def unknown(what: str, given: str, known: Iterable[str]) -> BadInput:
    """The refusal of a name that nothing has."""
    return BadInput(f"unknown {what} {given!r}", expected=nearest(given, known), field=what)


def nearest(given: str, known: Iterable[str]) -> str:
    """``'sl-53' (the nearest name)`` when something is close, otherwise the first few names."""
    names = sorted(known)
    close = difflib.get_close_matches(given, names, n=1)
    if close:
        return f"{close[0]!r} (the nearest name)"
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"one of {shown}" if names else "one that is registered; none is yet"
