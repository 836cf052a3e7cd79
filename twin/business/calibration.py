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
    drivers: tuple[CalibratedDriver, ...]
    check_usd: float | None = None
    check_error_fraction: float | None = None


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
    modelled_usd = _amount_usd(rule.terms, numbers)
    if modelled_usd is None:
        return None
    derived = tuple(term for term in rule.terms if _mark([term]) == "derived")
    derived_usd = _amount_usd(derived, numbers) or 0.0
    filed_usd = filed.amount_micro_usd / MICRO_PER_USD
    check_usd = _amount_usd(rule.checks, numbers) if rule.checks else None
    return CalibratedLine(
        period=rule.period,
        reporting_segment=FILED_SEGMENTS[rule.line],
        line=rule.line,
        filed_micro_usd=filed.amount_micro_usd,
        modelled_usd=modelled_usd,
        error_fraction=modelled_usd / filed_usd - 1.0,
        mark=_mark(rule.terms),
        derived_fraction=derived_usd / modelled_usd if modelled_usd else 0.0,
        drivers=tuple(
            CalibratedDriver(driver.names, _mean(driver.names, numbers) or 0.0, driver.mark)
            for term in rule.terms
            for driver in term.drivers
        ),
        check_usd=check_usd,
        check_error_fraction=None if check_usd is None else check_usd / filed_usd - 1.0,
    )


def _amount_usd(terms: Iterable[Term], numbers: Numbers) -> float | None:
    total = 0.0
    for term in terms:
        product = float(term.times)
        for driver in term.drivers:
            value = _mean(driver.names, numbers)
            if value is None:
                return None
            product *= value
        total += product
    return total


def _mean(names: tuple[str, ...], numbers: Numbers) -> float | None:
    total = 0.0
    for name in names:
        value = numbers(name)
        if value is None:
            return None
        total += value
    return total / len(names)


def _mark(terms: Iterable[Term]) -> Mark:
    marks = {driver.mark for term in terms for driver in term.drivers}
    return max(marks, key=_WORST.index)
