"""Units at the border: integer nanoseconds and micro-dollars inside, RFC 3339 and watts outside."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact

from twin.errors import BadInput

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
MS_PER_S = 1_000
NS_PER_H = 3600 * NS_PER_S
MS_PER_H = 3_600_000
PPM = 1_000_000
MILLI = 1_000
"""Milliwatts in a watt, and milliwatt-hours in a watt-hour."""
KWH_PER_MWH = 1_000
BTU_PER_MMBTU = 1_000_000
MICRO_PER_USD = 1_000_000
USD_MAX = 10**12
_EXACT = Context(prec=28, traps=[Inexact])

_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:[Zz]|\+00:00)"
)


def is_tick(interval_ns: int) -> bool:
    """Whether ticks may be so long: whole milliseconds that divide an hour."""
    return interval_ns > 0 and interval_ns % NS_PER_MS == 0 and NS_PER_H % interval_ns == 0


def instant_text(instant_ns: int) -> str:
    """RFC 3339 in UTC, ending in Z; a fraction only when there is one, with no trailing zeros."""
    seconds, fraction_ns = divmod(instant_ns, NS_PER_S)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{fraction_ns:09d}".rstrip("0") if fraction_ns else ""
    return f"{text}{fraction}Z"


def parse_instant(text: str, *, field: str = "at") -> int:
    """Nanoseconds since 1970 of an RFC 3339 instant in UTC; ``BadInput`` names ``field`` if not."""
    match = _INSTANT.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        day, clock, fraction = match.groups()
        whole = datetime.fromisoformat(f"{day}T{clock}+00:00")
        instant_ns = int(whole.timestamp()) * NS_PER_S + int((fraction or "").ljust(9, "0"))
        # Beyond these years nanoseconds leave 64 bits.
        if not 1970 <= whole.year <= 2200:
            raise ValueError
        return instant_ns
    except ValueError:
        raise BadInput(
            f"{field}={text!r}",
            expected="an RFC 3339 instant in UTC such as 2029-01-01T00:01:00Z, 1970 to 2200",
            field=field,
        ) from None


def micro_usd(amount: Decimal, *, field: str, is_signed: bool = False) -> int:
    """Whole micro-dollars of an amount; ``BadInput`` for a finer, larger or negative one."""
    try:
        micro = amount * MICRO_PER_USD
        whole = int(micro.to_integral_value())
        is_good = whole == micro and abs(amount) <= USD_MAX and (is_signed or whole >= 0)
    except (ArithmeticError, ValueError):
        is_good, whole = False, 0
    if not is_good:
        least = f"-{USD_MAX}" if is_signed else "0"
        raise BadInput(
            f"{field}={amount}",
            expected=f"{least} to {USD_MAX} dollars, with six decimals at most",
            field=field,
        )
    return whole


def dollars(amount_micro_usd: int) -> Decimal:
    """Whole micro-dollars as dollars: exact, always with six decimals."""
    return Decimal(amount_micro_usd).scaleb(-6, _EXACT)
