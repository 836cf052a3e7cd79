"""What to know of a world that starts before the day its numbers are of."""

from __future__ import annotations

from twin.baseline.load import load
from twin.units import parse_instant


def before_its_numbers(world: str, start_ns: int, *, fleet: str = "") -> str:
    """A sentence without its subject; empty for a world that starts no earlier than its numbers.

    ``fleet`` is how the fleet is called, where it is of that day, too.
    """
    opens_on = load(world).opens_on
    if start_ns >= parse_instant(f"{opens_on}T00:00:00Z"):
        return ""
    named = f"{fleet} is of that day; sites, prices and customers, too" if fleet else ""
    return (
        f"starts before {opens_on}: {named or 'sites, prices and customers are of that day'};"
        " contracts and promises keep their own dates"
    )
