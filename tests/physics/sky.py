"""The same instant in the twin's words and in Skyfield's."""

from __future__ import annotations

from datetime import datetime

from skyfield.timelib import Time, Timescale


def instant_ns(text: str) -> int:
    """Nanoseconds of an RFC 3339 instant of whole seconds."""
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000_000


def sky_time(timescale: Timescale, at_ns: int) -> Time:
    """Skyfield's name for the same instant."""
    # Days apart from seconds: seconds since 1970 alone would leave out the leap seconds.
    days, rest_ns = divmod(at_ns, 86_400_000_000_000)
    return timescale.utc(1970, 1, 1 + days, 0, 0, rest_ns / 1e9)
