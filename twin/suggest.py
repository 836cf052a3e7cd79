"""The nearest right name, for errors about a wrong one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from twin.errors import BadInput

SHOWN_COUNT = 8
NEAR_COUNT = 3
ABOUT_AS_NEAR = 0.02
"""How much less alike than the nearest another name may be, of 1, to be named with it."""

MANY_COUNT = 12
WHERE = {
    "assumption": "GET /v1/assumptions",
    "kind": "the README, under Events",
    "segment": "GET /v1/energy",
    "service": "GET /v1/workloads",
    "region": "GET /v1/capacity",
}
"""Where all names of a sort are listed."""


def unknown(what: str, given: str, known: Iterable[str]) -> BadInput:
    """The refusal of a name that nothing has."""
    expected = nearest(given, known, where=WHERE.get(what, ""))
    return BadInput(f"unknown {what} {given!r}", expected=expected, field=what)


def nearest(given: str, known: Iterable[str], *, where: str = "") -> str:
    """``'sl-53' (the nearest name)`` when something is close, otherwise the nearest few names.

    Up to three are named where they are about as near. Of many it says how many there are in all,
    and ``where``, if that is known.
    """
    names = sorted(known)
    if close := _close(given, names):
        *others, last = map(repr, close)
        if not others:
            return f"{last} (the nearest name)"
        return f"{', '.join(others)} or {last} (the nearest names)"
    if not names:
        return "one that is registered; none is yet"
    if len(names) <= MANY_COUNT:
        return f"one of {', '.join(names)}"
    few = sorted(names, key=lambda name: (-_likeness(given, name), name))[:SHOWN_COUNT]
    listed = f", listed by {where}" if where else ""
    return f"one of {len(names):,}{listed}; the nearest are {', '.join(few)}"


def _close(given: str, names: Sequence[str]) -> list[str]:
    """The name that is close, with those about as near: letters that merely swapped come first."""
    found = difflib.get_close_matches(given, names, n=NEAR_COUNT)
    likeness = {name: difflib.SequenceMatcher(None, name, given).ratio() for name in found}
    near = [name for name in found if likeness[name] >= likeness[found[0]] - ABOUT_AS_NEAR]
    return sorted(near, key=lambda name: sorted(name) != sorted(given))


def _likeness(given: str, name: str) -> float:
    """From 0 to 1; a name that has the word in it is alike."""
    is_inside = bool(given) and given.casefold() in name.casefold()
    return float(is_inside) + difflib.SequenceMatcher(None, given, name).quick_ratio()
