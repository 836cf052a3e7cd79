"""By what drivers a filed line should come out, as data: ``calibration.json``.

What is wrong in it is our mistake, found by the tests, and so an assertion or a decoding error.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

Mark = Literal["filed", "independent", "derived"]
"""Filed: another figure of a filing. Independent: from elsewhere. Derived: made from the very
figure it is compared with, so that it proves nothing."""


class Driver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number that moves a line: an assumption, or the mean of several."""

    names: tuple[str, ...]
    mark: Mark


class Term(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a line: the product of its drivers, so many times."""

    drivers: tuple[Driver, ...]
    times: int = 1


class CalibrationRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of a closed period as the sum of its terms.

    ``checks`` are other terms for the same line that use no derived driver; none where nothing
    published allows it.
    """

    period: str
    line: str
    terms: tuple[Term, ...]
    checks: tuple[Term, ...] = ()


@cache
def read_calibration() -> tuple[CalibrationRule, ...]:
    """Every rule, by period and line; read once."""
    path = files("twin.baseline").joinpath("calibration.json")
    return msgspec.json.decode(path.read_bytes(), type=tuple[CalibrationRule, ...])
