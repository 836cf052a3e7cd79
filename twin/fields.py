"""What the numbers of an event may be; one beyond these bounds is poison, with its reason.

They leave room for a fleet of twice the licence applied for, and keep every sum of the fold inside
64 bits.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final

from msgspec import Meta

ASSETS_MAX_COUNT: Final = 2_000_000
"""Of one segment."""

AssetCount = Annotated[int, Meta(ge=0, le=ASSETS_MAX_COUNT)]
AssetId = Annotated[int, Meta(ge=0, le=2**32 - 1)]
AcceleratorCount = Annotated[int, Meta(ge=0, le=10**8)]
Counter = Annotated[int, Meta(ge=0, le=2**62)]

QUANTITY_MAX: Final = 10**16
"""Of a resource or of tokens: ten thousand satellites of a terabit a second, in bits."""

Quantity = Annotated[int, Meta(ge=0, le=QUANTITY_MAX)]

Amount = Annotated[float, Meta(ge=0.0, le=1e12)]
"""Of power, energy, mass, area or time, in the unit of the field's name."""

PositiveAmount = Annotated[float, Meta(gt=0.0, le=1e12)]
Rate = Annotated[float, Meta(ge=0.0, le=4e12)]
"""Bits or tokens a second of one asset."""

FlopRate = Annotated[float, Meta(ge=0.0, le=1e24)]
Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
PueRatio = Annotated[float, Meta(ge=1.0, le=10.0)]
AltitudeKm = Annotated[float, Meta(ge=0.0, le=1e6)]
InclinationDeg = Annotated[float, Meta(ge=0.0, le=180.0)]
WorkFlop = Annotated[float, Meta(ge=0.0, le=1e32)]
Priority = Annotated[int, Meta(ge=0, le=9)]
"""0 is served first."""

Usd = Decimal
"""Dollars to the micro-dollar; read and written as a decimal, never as a binary fraction."""
