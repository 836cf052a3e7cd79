"""How the opening accounts read a baseline: dollars digit for digit, days, and how far to trust."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from twin.baseline import Baseline
from twin.events import Basis
from twin.fields import Usd
from twin.units import NS_PER_S, instant_text, parse_instant

DAY_S: Final = 86_400


def basis_of(baseline: Baseline, *names: str) -> Basis:
    """Assumed where the world is, or where a number nobody published went in."""
    trusts = {baseline.assumptions[name].confidence for name in names}
    return "assumed" if baseline.is_assumed or trusts & {"assumed", "unverified"} else "derived"


def usd(baseline: Baseline, name: str) -> Usd:
    """The number of an assumption as a decimal, digit for digit."""
    baseline.number(name)
    return Decimal(str(baseline.assumptions[name].value))


def day(baseline: Baseline, name: str) -> str:
    """The midnight that begins the day an assumption names."""
    return f"{baseline.text(name)}T00:00:00Z"


def end(baseline: Baseline, name: str) -> str:
    """The midnight after the last day."""
    return instant_text(parse_instant(day(baseline, name)) + DAY_S * NS_PER_S)
