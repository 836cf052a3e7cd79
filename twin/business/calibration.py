"""Whether the drivers of closed years give the lines that were filed, and by how much they miss.

A line that rests on a driver derived from itself comes out by construction, and says so; where
other drivers are published, the check says how far those alone are off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from twin.baseline.calibration import CalibrationRule, Mark, Term, read_calibration
from twin.business.lines import FILED_SEGMENTS, ReportingSegment
from twin.business.terms import Filed
from twin.units import MICRO_PER_USD

Numbers = Callable[[str], float | None]
"""An assumption by name, none where nobody set it."""

_WORST: Final[tuple[Mark, ...]] = ("filed", "independent", "derived")


class CalibratedDriver(msgspec.Struct, frozen=True):
    """A driver with its value, and whether it proves anything."""

    names: tuple[str, ...]
    value: float
    mark: Mark


class CalibratedTerm(msgspec.Struct, frozen=True):
    """A part of a line: the product of its drivers, so many times, in dollars."""

    drivers: tuple[CalibratedDriver, ...]
    times: int
    amount_usd: float

    @property
    def mark(self) -> Mark:
        """The weakest of its drivers."""
        return max((driver.mark for driver in self.drivers), key=_WORST.index)


class CalibratedLine(msgspec.Struct, frozen=True):
    """A filed line beside what its drivers make of it.

    ``mark`` is the weakest of its drivers. ``derived_fraction`` is the share of the modelled amount
    in terms with a derived driver. The check has none of these; it is null where there is none.
    """

    period: str
    reporting_segment: ReportingSegment
    line: str
    filed_micro_usd: int
    modelled_usd: float
    error_fraction: float
    mark: Mark
    derived_fraction: float
    terms: tuple[CalibratedTerm, ...]
    checks: tuple[CalibratedTerm, ...] = ()
    check_usd: float | None = None
    check_error_fraction: float | None = None

    @property
    def drivers(self) -> tuple[CalibratedDriver, ...]:
        """Those of all terms; what the checks use besides is not among them."""
        return tuple(driver for term in self.terms for driver in term.drivers)


def calibrated(filed: Iterable[Filed], numbers: Numbers) -> tuple[CalibratedLine, ...]:
    """Every filed line that a rule and its numbers are known for, by period and line.

    A line filed as zero has no error that is a fraction of it, and is left out.
    """
    rules = {(rule.period, rule.line): rule for rule in read_calibration()}
    found = []
    for each in sorted(filed, key=lambda each: (each.period, each.line)):
        rule = rules.get((each.period, each.line))
        if rule is not None and each.amount_micro_usd:
            line = _line(rule, each, numbers)
            if line is not None:
                found.append(line)
    return tuple(found)


def _line(rule: CalibrationRule, filed: Filed, numbers: Numbers) -> CalibratedLine | None:
    terms = _terms(rule.terms, numbers)
    if terms is None:
        return None
    checks = _terms(rule.checks, numbers) or ()
    modelled_usd = sum((term.amount_usd for term in terms), 0.0)
    derived_usd = sum((term.amount_usd for term in terms if term.mark == "derived"), 0.0)
    filed_usd = filed.amount_micro_usd / MICRO_PER_USD
    check_usd = sum((term.amount_usd for term in checks), 0.0) if checks else None
    return CalibratedLine(
        period=rule.period,
        reporting_segment=FILED_SEGMENTS[rule.line],
        line=rule.line,
        filed_micro_usd=filed.amount_micro_usd,
        modelled_usd=modelled_usd,
        error_fraction=modelled_usd / filed_usd - 1.0,
        mark=max((term.mark for term in terms), key=_WORST.index),
        derived_fraction=derived_usd / modelled_usd if modelled_usd else 0.0,
        terms=terms,
        checks=checks,
        check_usd=check_usd,
        check_error_fraction=None if check_usd is None else check_usd / filed_usd - 1.0,
    )


def _terms(terms: Iterable[Term], numbers: Numbers) -> tuple[CalibratedTerm, ...] | None:
    """Every term with its amount; None where a driver is not known."""
    found = []
    for term in terms:
        product, drivers = float(term.times), []
        for driver in term.drivers:
            value = _mean(driver.names, numbers)
            if value is None:
                return None
            product *= value
            drivers.append(CalibratedDriver(driver.names, value, driver.mark))
        found.append(CalibratedTerm(tuple(drivers), term.times, product))
    return tuple(found)


def _mean(names: tuple[str, ...], numbers: Numbers) -> float | None:
    total = 0.0
    for name in names:
        value = numbers(name)
        if value is None:
            return None
        total += value
    return total / len(names)
