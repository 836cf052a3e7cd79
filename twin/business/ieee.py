"""Arithmetic that never raises: 1/0 is ∞ and 0/0 is NaN, as IEEE 754 says and Python does not."""

from __future__ import annotations

import math
from typing import TypeVar

import msgspec
import numpy as np

S = TypeVar("S", bound=msgspec.Struct)


def wide(struct: S) -> S:
    """The same with every number a numpy float64: what is computed from them follows IEEE 754.

    Compute under ``np.errstate(all="ignore")``, or numpy warns.
    """
    return _mapped(struct, np.float64)


def plain(struct: S) -> S:
    """The same with every number a Python float again."""
    return _mapped(struct, float)


def _mapped(struct: S, number: type[float]) -> S:
    values = {name: getattr(struct, name) for name in struct.__struct_fields__}
    return type(struct)(
        **{k: v if isinstance(v, bool | str) else number(v) for k, v in values.items()}
    )


def over(part: float, whole: float) -> float:
    """A quotient of Python floats that is ∞ or NaN where Python would raise."""
    if whole:
        return part / whole
    return math.nan if not part or math.isnan(part) else math.copysign(math.inf, part)
